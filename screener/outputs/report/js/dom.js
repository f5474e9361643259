// Makes elements. Text only ever goes in as text; there is no HTML made from strings.
const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
  return node;
}

function el(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

// Text with its numbers and units, and its dates, in spans that no line break parts.
let KEPT = /$^/gu;

function kept(text) {
  const parts = [];
  let at = 0;
  for (const match of text.matchAll(KEPT)) {
    parts.push(text.slice(at, match.index), el("span", { class: "kept" }, match[0]));
    at = match.index + match[0].length;
  }
  return [...parts, text.slice(at)];
}

// Text from the data, kept from turning the direction of what stands around it.
function bdi(text) {
  return el("bdi", null, text === null || text === "" ? "–" : kept(text));
}

function shape(severity) {
  const icon = svg("svg", { class: "shape", viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" });
  icon.append(svg("use", { href: `#shape-${severity}` }));
  return icon;
}

function mark(severity) {
  return el("span", { class: `sev sev-${severity}` }, shape(severity), severity);
}

function tag(text, kind = "") {
  return el("span", { class: `tag ${kind}`.trim() }, text);
}

function cell(tagName, content, kind) {
  return el(tagName, { class: kind || null }, typeof content === "string" ? kept(content) : content);
}

// A plain table: heads are [text, class], rows are lists of contents.
function tableOfRows(caption, heads, rows, kind = "") {
  const head = el("tr", null, heads.map(([text, cls]) => el("th", { scope: "col", class: cls || null }, text)));
  const body = rows.map((row) => {
    const made = el("tr", { class: row.kind || null });
    row.cells.forEach((content, place) => made.append(cell("td", content, heads[place][1])));
    return made;
  });
  const table = el("table", { class: `grid ${kind}`.trim() },
    el("caption", { class: "sr" }, caption), el("thead", null, head), el("tbody", null, body));
  return el("div", { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" }, table);
}

function promptLine(data) {
  return el("p", { class: "prompt" }, data.facts.prompt);
}
