// The findings list: filters, live counts, sorting, pages, by patient or by finding.
function choice(label, name, options, ui) {
  const select = el("select", { id: `f-${name}`, name, onchange: () => ui.set(name, select.value) },
    options.map(([value, text]) => el("option", { value }, text)));
  ui.controls[name] = select;
  return el("div", { class: "field" }, el("label", { for: `f-${name}` }, label), select);
}

function usedWords(data, name, label) {
  const column = data.findings.columns[name];
  const seen = new Set(column.values);
  return column.words.filter((_, place) => seen.has(place + 1)).map((word) => [word, label ? label(word) : word]);
}

const STATES = ["new", "worsened", "continuing", "reopened", "not_compared", "waived"];

function usedStates(data) {
  const used = usedWords(data, "state", (state) => codeText(state, data.facts.states));
  const rank = ([state]) => (STATES.includes(state) ? STATES.indexOf(state) : STATES.length);
  return used.sort((a, b) => rank(a) - rank(b));
}

function searchField(ui) {
  let timer = 0;
  const input = el("input", {
    id: "f-text", type: "search", autocomplete: "off", spellcheck: "false",
    oninput: () => { clearTimeout(timer); timer = setTimeout(() => ui.set("text", input.value), 150); },
  });
  ui.controls.text = input;
  return el("div", { class: "field field-wide" },
    el("label", { for: "f-text" }, "Medicine or patient"), input);
}

function lowSwitch(ui) {
  const box = el("input", { id: "f-low", type: "checkbox", onchange: () => ui.set("low", box.checked ? "1" : "") });
  ui.controls.low = box;
  return el("div", { class: "field field-check" }, box, el("label", { for: "f-low" }, "Show low and info"));
}

function groupSwitch(ui) {
  const button = (by, text) => {
    const made = el("button", { type: "button", onclick: () => ui.set("by", by) }, text);
    ui.groups.push([by, made]);
    return made;
  };
  return el("div", { class: "switch", role: "group", "aria-label": "List by" },
    button("", "By patient"), button("finding", "By finding"));
}

function filterForm(data, ui) {
  const title = (id) => (data.rules.get(id) || { title: id }).title;
  const all = (text, options) => [["", text], ...options];
  const severities = data.facts.severities.map((name) => [name, name]);
  const pilots = data.findings.columns.pilot.values.includes(1);
  const byTitle = (a, b) => (a[1] < b[1] ? -1 : 1);
  const form = el("form", { class: "filters", onsubmit: (event) => event.preventDefault() },
    searchField(ui),
    choice("Severity", "severity", all("All shown", severities), ui),
    data.facts.first_run ? null
      : choice("Since last run", "state", all("All", usedStates(data)), ui),
    choice("Rule", "rule", all("All", usedWords(data, "rule_id", title).sort(byTitle)), ui),
    choice("Site", "site", all("All", usedWords(data, "site_id")), ui),
    choice("Prescriber", "prescriber", all("All", usedWords(data, "prescriber_id")), ui),
    pilots ? choice("Rule set", "set", [["", "In force"], ["pilot", "Pilot (kept apart)"]], ui) : null,
    lowSwitch(ui),
    el("button", { type: "button", class: "quiet", onclick: ui.clear }, "Clear filters"));
  return el("search", null, form);
}

function pager(ui, pages) {
  const page = ui.filters.page;
  const go = (to) => () => { ui.filters.page = to; ui.draw(); ui.status.focus(); };
  return el("nav", { class: "pager", "aria-label": "Pages of findings" },
    el("button", { type: "button", disabled: page === 0, onclick: go(page - 1) }, "Previous"),
    el("span", null, `Page ${numberText(page + 1)} of ${numberText(pages)}`),
    el("button", { type: "button", disabled: page >= pages - 1, onclick: go(page + 1) }, "Next"));
}

function statusText(data, ui, found) {
  const { rows, hidden, groups } = found;
  const pilot = ui.filters.set === "pilot" ? "pilot " : "";
  const parts = [`${counted(rows.length, `${pilot}finding`)} for ${counted(groups.size, "patient")}.`];
  if (hidden && !ui.filters.severity) parts.push(`${counted(hidden, "low or info finding")} not shown.`);
  if (data.facts.left_out) parts.push(`${numberText(data.facts.left_out)} more stand in findings.csv only.`);
  return parts.join(" ");
}

function emptyCard(data, ui) {
  const none = data.findings.rows === 0;
  return el("div", { class: "card empty" },
    el("h2", null, none ? "No findings" : "Nothing matches these filters"),
    el("p", null, none ? "The Overview says how many rules ran, and on whom."
      : "Filters only hide findings; none was removed. "),
    none ? null : el("p", null, el("button", { type: "button", onclick: ui.clear }, "Clear filters")));
}

// Rows as tab-separated text; cells that a spreadsheet would run as a formula get a quote.
async function copyRows(data, rows, button) {
  const safe = (value) => {
    const text = String(value ?? "").replace(/[\t\r\n]+/g, " ");
    return /^[=+\-@]/.test(text) ? `'${text}` : text;
  };
  const names = ["finding_id", "rule_id", "patient_id", "subject", "severity", "certainty", "message",
    "prescriber_id", "site_id", "state"];
  const days = ["date", "end_date", "first_seen"];
  const lines = [[...names, ...days].join("\t")];
  for (const row of rows.slice(0, 5000)) {
    lines.push([...names.map((name) => data.findings.get(name, row)),
      ...days.map((name) => dateText(data.findings.get(name, row)))].map(safe).join("\t"));
  }
  try {
    await navigator.clipboard.writeText(lines.join("\n"));
    button.textContent = `Copied ${counted(lines.length - 1, "row")}`;
  } catch {
    button.textContent = "Copy was not allowed";
  }
}

function drawList(data, ui) {
  const found = passing(data, ui.filters);
  found.groups = patientsOf(data, found.rows);
  const byPatient = ui.filters.by !== "finding";
  const entries = byPatient ? patientEntries(data, ui, found.groups) : findingEntries(data, ui, found.rows);
  const pages = Math.max(1, Math.ceil(entries.length / PAGE));
  ui.filters.page = Math.min(ui.filters.page, pages - 1);
  const shown = entries.slice(ui.filters.page * PAGE, (ui.filters.page + 1) * PAGE);
  ui.status.textContent = statusText(data, ui, found);
  ui.groups.forEach(([by, button]) => button.setAttribute("aria-pressed", String(by === ui.filters.by)));
  const copy = el("button", { type: "button", class: "quiet", onclick: () => copyRows(data, found.rows, copy) },
    "Copy rows");
  ui.copy.replaceChildren(copy);
  ui.body.replaceChildren(...(entries.length ? [
    byPatient ? patientTable(data, ui, shown) : findingTable(data, ui, shown),
    pages > 1 ? pager(ui, pages) : "",
  ] : [emptyCard(data, ui)]));
}

function showFilters(ui) {
  for (const [name, control] of Object.entries(ui.controls)) {
    if (control.type === "checkbox") control.checked = Boolean(ui.filters[name]);
    else control.value = ui.filters[name];
  }
}

function makeListing(data) {
  const ui = { filters: freshFilters(), controls: {}, groups: [] };
  ui.draw = () => drawList(data, ui);
  ui.set = (name, value) => {
    ui.filters[name] = value;
    if (name === "by") { ui.filters.sort = "severity"; ui.filters.down = false; }
    ui.filters.page = 0;
    history.replaceState(null, "", addressOfFilters(ui.filters));
    ui.draw();
  };
  ui.clear = () => ui.open("");
  ui.open = (query) => {
    const { text } = ui.filters;
    ui.filters = filtersFromAddress(query);
    if (query) ui.filters.text = text;
    history.replaceState(null, "", addressOfFilters(ui.filters));
    showFilters(ui);
    ui.draw();
  };
  ui.status = el("p", { class: "count", role: "status", tabindex: "-1" });
  ui.body = el("div", { id: "list-body" });
  ui.copy = el("span", null);
  const listing = document.getElementById("listing");
  listing.append(filterForm(data, ui),
    el("div", { class: "list-head" }, ui.status, groupSwitch(ui), ui.copy), ui.body, promptLine(data));
  return ui;
}
