// The two tables of the findings list, and their sortable heads.
function sortHead(ui, name, text, kind) {
  const on = ui.filters.sort === name;
  const click = () => {
    ui.filters.down = on ? !ui.filters.down : false;
    ui.filters.sort = name;
    ui.filters.page = 0;
    ui.draw();
    document.getElementById(`sort-${name}`).focus();
  };
  const direction = on ? (ui.filters.down ? "descending" : "ascending") : "none";
  return el("th", { scope: "col", class: kind || null, "aria-sort": direction },
    el("button", { type: "button", id: `sort-${name}`, class: "sort", onclick: click }, text,
      el("span", { class: "arrow", "aria-hidden": "true" }, on ? (ui.filters.down ? "▼" : "▲") : "")));
}

const ROW_KEYS = {
  severity: () => (row) => row,
  patient: (columns) => (row) => columns.patient_id.values[row],
  date: (columns) => (row) => -columns.date.values[row],
  rule: (columns) => (row) => columns.rule_id.values[row],
  site: (columns) => (row) => columns.site_id.values[row],
  prescriber: (columns) => (row) => columns.prescriber_id.values[row],
};

function findingEntries(data, ui, rows) {
  const key = ROW_KEYS[ui.filters.sort] || ROW_KEYS.severity;
  return sorted(rows, key(data.findings.columns), ui.filters.down);
}

function latest(columns, rows) {
  return rows.reduce((day, row) => Math.max(day, columns.date.values[row]), -Infinity);
}

const GROUP_KEYS = {
  severity: () => (rows) => rows[0],
  patient: (columns) => (rows) => columns.patient_id.values[rows[0]],
  count: () => (rows) => -rows.length,
  date: (columns) => (rows) => -latest(columns, rows),
  site: (columns) => (rows) => columns.site_id.values[rows[0]],
};

function patientEntries(data, ui, groups) {
  const key = GROUP_KEYS[ui.filters.sort] || GROUP_KEYS.severity;
  return sorted([...groups.values()], key(data.findings.columns), ui.filters.down);
}

function findingLink(data, row, content, kind) {
  return el("a", { href: `#finding/${data.findings.get("finding_id", row)}`, class: kind || null }, content);
}

function ruleTitle(data, row) {
  const id = data.findings.get("rule_id", row);
  return (data.rules.get(id) || { title: id }).title;
}

function sentenceOf(data, row) {
  return data.findings.get("message", row) || ruleTitle(data, row);
}

// The sentence with the rule's name in bold, once: many sentences begin with it.
function namedSentence(data, row) {
  const title = ruleTitle(data, row);
  const sentence = sentenceOf(data, row);
  const name = el("span", { class: "rule-name" }, title);
  return el("bdi", null, name, sentence.startsWith(title) ? kept(sentence.slice(title.length)) : [". ", kept(sentence)]);
}

function tagsOf(data, row) {
  const state = data.findings.get("state", row);
  const tags = [];
  if (data.findings.get("certainty", row) === "possible") tags.push(tag("possible"));
  tags.push(data.findings.get("active", row) ? tag("active", "tag-on") : tag("past"));
  const told = data.facts.first_run ? state === "waived" : state && state !== "continuing";
  if (told) tags.push(tag(codeText(state, data.facts.states)));
  return tags.map((made) => [" ", made]);
}

function findingTable(data, ui, rows) {
  const get = (name, row) => data.findings.get(name, row);
  const head = el("tr", null,
    sortHead(ui, "severity", "Severity"), sortHead(ui, "patient", "Patient"), sortHead(ui, "rule", "Finding"),
    sortHead(ui, "date", "Days"), sortHead(ui, "site", "Site"), sortHead(ui, "prescriber", "Prescriber"));
  const body = rows.map((row) => el("tr", null,
    el("td", null, mark(get("severity", row))),
    el("td", { class: "id" }, findingLink(data, row, bdi(get("patient_id", row)))),
    el("td", null, namedSentence(data, row), tagsOf(data, row)),
    cell("td", daysText(get("date", row), get("end_date", row)), "days"),
    el("td", { class: "id" }, bdi(get("site_id", row))),
    el("td", { class: "id" }, bdi(get("prescriber_id", row)))));
  return listTable("Findings", head, body);
}

function findingLine(data, row) {
  const severity = data.findings.get("severity", row);
  return el("li", null, el("span", { class: `dot sev-${severity}` }, shape(severity)),
    el("span", null, findingLink(data, row, bdi(sentenceOf(data, row)), "plain-link"),
      el("span", { class: "sr" }, ` (${severity})`), tagsOf(data, row)));
}

const LINES = 4;

function patientTable(data, ui, groups) {
  const get = (name, row) => data.findings.get(name, row);
  const columns = data.findings.columns;
  const head = el("tr", null,
    sortHead(ui, "severity", "Worst"), sortHead(ui, "patient", "Patient"),
    sortHead(ui, "count", "Findings", "num"), el("th", { scope: "col" }, "What was found"),
    sortHead(ui, "date", "Latest first day"), sortHead(ui, "site", "Site"));
  const body = groups.map((rows) => el("tr", null,
    el("td", null, mark(get("severity", rows[0]))),
    el("td", { class: "id" }, findingLink(data, rows[0], bdi(get("patient_id", rows[0])))),
    el("td", { class: "num" }, numberText(rows.length)),
    el("td", null, el("ul", { class: "lines" }, rows.slice(0, LINES).map((row) => findingLine(data, row))),
      rows.length > LINES ? el("p", { class: "muted" }, `and ${numberText(rows.length - LINES)} more`) : null),
    cell("td", dateText(latest(columns, rows)), "days"),
    el("td", { class: "id" }, bdi(get("site_id", rows[0])))));
  return listTable("Patients with findings", head, body);
}

function listTable(caption, head, body) {
  return el("div", { class: "card scroll", role: "region", "aria-label": caption, tabindex: "0" },
    el("table", { class: "grid list" }, el("caption", { class: "sr" }, caption),
      el("thead", null, head), el("tbody", null, body)));
}
