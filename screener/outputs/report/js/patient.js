// The page of one patient: what was found, the timeline, and the rows behind it as tables.
const FIRST_ORDERS = 25;

// Ids kept as bytes are compared as bytes: making 250,000 texts would be slow.
function findingRow(data, id) {
  const { values, words, get } = data.findings.columns.finding_id;
  const bytes = /^[0-9a-f]{16}$/.test(id) ? id.match(/../g).map((two) => parseInt(two, 16)) : null;
  if (!words && !bytes) return -1;
  for (let row = 0; row < data.findings.rows; row += 1) {
    if (words ? get(row) === id : bytes.every((byte, place) => values[8 * row + place] === byte)) return row;
  }
  return -1;
}

function patientOf(data, code) {
  const codes = data.findings.columns.patient_id.values;
  const findings = [];
  for (let row = 0; row < codes.length; row += 1) if (codes[row] === code) findings.push(rowOf(data.findings, row));
  const rows = (name) => rowsOfPatient(data[name], code);
  return { findings, orders: rows("orders"), timeline: rows("timeline"), kidney: rows("kidney"),
    flags: rows("data_flags"), unjudged: rows("not_assessed") };
}

function fact(term, content) {
  return content === null ? null : el("div", null, el("dt", null, term), el("dd", null, content));
}

function evidenceText(rule) {
  const parts = (rule.evidence || []).map((one) => [one.source, one.where].filter(Boolean).join(", "));
  return parts.filter(Boolean).join("; ") || "not recorded";
}

// The daily doses behind a finding whose number is no dose: a kidney function, a pair of drugs.
function dosesOf(patient, finding) {
  const told = seriesOf(finding, patient.orders, patient.timeline).map((one) => {
    const inside = one.steps.filter((step) => isInside(step, finding));
    const most = inside.map(highest).filter((dose) => dose > 0);
    if (!most.length) return null;
    const [least, top] = [Math.min(...most), Math.max(...most)];
    return `${one.ingredient} ${doseRange(least, top)}`;
  }).filter(Boolean);
  return told.length ? kept(told.join("; ")) : null;
}

function factsOf(data, patient, finding) {
  const rule = data.rules.get(finding.rule_id) || { title: finding.rule_id };
  const [found, limit] = rule.labels || ["What was found", "Threshold of the rule"];
  const days = finding.end_date - finding.date + 1;
  const length = days === 1 ? dateText(finding.date) : `${counted(days, "day")}, ${daysText(finding.date, finding.end_date)}`;
  const doses = /\/day$/.test(finding.unit || "") ? null : dosesOf(patient, finding);
  return el("dl", { class: "facts-list" },
    fact(finding.value === null ? "What was found" : found, finding.value === null ? rule.title : kept(valueText(finding.value, finding.unit, finding.limit))),
    fact(limit, finding.limit === null ? null : kept(valueText(finding.limit, finding.unit, finding.value))),
    fact("Daily dose in these days", doses),
    fact(days === 1 ? "When" : "For how long", kept(length)),
    fact("First seen", finding.first_seen === null ? null : `in the run of ${dateText(finding.first_seen)}`),
    fact("Certainty", finding.certainty === "possible" ? "possible: it rests on the highest dose or another reading" : finding.certainty),
    fact("Prescriber, site", [bdi(finding.prescriber_id), ", ", bdi(finding.site_id)]),
    fact("Why it may matter", kept(rule.why || "not recorded")),
    fact("What to check", kept(rule.action || "not recorded")),
    fact("Source", evidenceText(rule)));
}

function findingTabs(data, patient, chosen) {
  const links = patient.findings.map((finding) => el("li", null,
    el("a", { href: `#finding/${finding.finding_id}`, "aria-current": finding === chosen ? "true" : null },
      mark(finding.severity), tagsOf(data, finding.row),
      el("span", { class: "tab-title" }, ruleTitle(data, finding.row)),
      el("span", { class: "muted" }, [finding.subject ? `${finding.subject}, ` : "", kept(daysText(finding.date, finding.end_date))]))));
  return el("nav", { class: "card tabs-list", "aria-label": "Findings of this patient" },
    el("h2", null, patient.findings.length === 1 ? "One finding" : counted(patient.findings.length, "finding")),
    el("ul", null, links));
}

function timelineCard(data, patient, finding) {
  const frame = el("div", { class: "chart-frame", role: "region", "aria-label": "Timeline", tabindex: "0" });
  const note = el("p", { class: "note" });
  const card = el("div", { class: "card timeline" });
  let whole = false;
  const button = el("button", { type: "button", class: "quiet", "aria-pressed": "false" }, "Show whole record");
  const draw = () => {
    const width = Math.max(320, Math.min(1180, frame.clientWidth || 900));
    const made = drawChart(patient, finding, width, whole, data.facts.as_of);
    frame.replaceChildren(made.drawing);
    note.textContent = made.unseen ? `${counted(made.unseen, "more medicine")} of these days in the table below.` : "";
  };
  button.addEventListener("click", () => {
    whole = !whole;
    button.setAttribute("aria-pressed", String(whole));
    draw();
  });
  card.append(el("div", { class: "card-head" }, el("h2", null, "Timeline"), button), frame, legend(finding, patient), note);
  return { card, draw };
}

// Orders of the finding first, then those that count, then the others; in each part medicine by
// medicine, the newest first.
function orderRows(orders, ids) {
  const weight = (order) => (ids.has(order.prescription_id) ? 0 : order.row_class === "used" ? 1 : 2);
  const name = (order) => order.ingredient || order.drug || "";
  const names = [...new Set(orders.map(name))].sort();
  const place = new Map(names.map((one, at) => [one, at]));
  const key = (order) => (weight(order) * names.length + place.get(name(order))) * 1e6 - (order.start_date || 0);
  return sorted(orders, key, false).map((order) => ({
    kind: ids.has(order.prescription_id) ? "is-counted" : order.row_class === "used" ? "" : "is-out",
    cells: [
      [bdi(drugText(order)), order.row_class === "used" ? null : [" ", tag(order.row_class)], order.as_needed ? [" ", tag("as needed")] : null, ids.has(order.prescription_id) ? [" ", tag("in this finding", "tag-on")] : null],
      order.row_class === "used" ? bdi(order.derivation) : "not read: the order does not count",
      order.row_class === "used" ? doseRange(order.dose_low_ug, order.dose_high_ug) : "none",
      order.end_date === null && order.row_class !== "used" ? `from ${dateText(order.start_date)}` : daysText(order.start_date, order.end_date),
      order.counted_from === null ? "none" : daysText(order.counted_from, order.counted_to),
      order.row_class === "used" ? "used" : order, bdi(order.prescriber_id), bdi(order.site_id),
      [bdi(order.prescription_id), el("br"), el("span", { class: "muted" }, bdi(sourceText(order)))],
    ],
  }));
}

function sourceText(order) {
  return order.source_row === null ? order.source_file : `${order.source_file}:${order.source_row}`;
}

function ordersCard(data, patient, finding) {
  const ids = idsWithin(finding, patient.orders);
  const rows = orderRows(patient.orders, ids);
  for (const row of rows) {
    const order = row.cells[5];
    if (order !== "used") {
      row.cells[5] = order.reason ? `${order.row_class}: ${codeText(order.reason, data.facts.reasons)}` : order.row_class;
    }
  }
  const heads = [["Medicine", "wide"], ["How the dose was worked out", "wide"], ["A day", "nowrap"], ["Recorded", ""],
    ["Counted", ""], ["Counted as", ""], ["Prescriber", "id"], ["Site", "id"], ["Order and row", "source"]];
  const box = el("div", null);
  const draw = (most) => box.replaceChildren(tableOfRows("Orders of this patient", heads, rows.slice(0, most), "orders"));
  draw(FIRST_ORDERS);
  const more = rows.length <= FIRST_ORDERS ? null : el("button", { type: "button", class: "quiet",
    onclick: () => { draw(rows.length); more.remove(); } }, `Show all ${numberText(rows.length)} orders`);
  return el("div", { class: "card" }, el("h2", null, "Orders"), box, more,
    data.facts.orders_left_out ? el("p", { class: "note" }, "This file holds only orders behind findings, and kidney tests where a finding names one; all stand in orders.parquet and kidney.parquet.") : null,
    el("p", { class: "note" }, "The orders of this finding stand first, then the others, medicine by medicine, the newest first. Both dates are included. Counted days differ from recorded ones where an early refill was carried forward, since it is taken that the earlier supply is used up first, or where an order was replaced."));
}

function stepsCard(patient, finding) {
  const series = seriesOf(finding, patient.orders, patient.timeline);
  const rows = series.flatMap((one) => one.steps.map((step) => ({
    kind: isInside(step, finding) ? "is-counted" : "",
    cells: [`${one.ingredient} ${one.track}`, daysText(step.from_date, step.to_date), doseText(step.low_ug), doseText(step.high_ug),
      doseText(step.other_reading_high_ug), numberText(step.orders)],
  })));
  if (!rows.length) return null;
  const heads = [["Medicine", ""], ["Days", "nowrap"], ["Lowest", "num"], ["Highest", "num"], ["Other reading", "num"], ["Orders", "num"]];
  return el("details", { class: "card" }, el("summary", null, "The timeline as a table"), tableOfRows("Daily dose by days", heads, rows));
}

function kidneyCard(patient) {
  if (!patient.kidney.length) return null;
  const rows = patient.kidney.map((result) => ({ cells: [daysText(result.from_date, result.to_date), kidneyText(result), bdi(result.how), bdi(result.lab_ref)] }));
  return el("details", { class: "card" }, el("summary", null, "Kidney tests"),
    tableOfRows("Kidney tests", [["In force", "nowrap"], ["Result", "nowrap"], ["How it came about", ""], ["Row", "id"]], rows));
}

function doubtsCard(data, patient) {
  const title = (id) => (data.rules.get(id) || { title: id }).title;
  const unjudged = patient.unjudged.map((one) => el("li", null, `${title(one.rule_id)}: ${codeText(one.reason, data.facts.reasons)}`,
    one.from_date === null ? "" : ` (from ${dateText(one.from_date)})`));
  const flags = patient.flags.map((one) => el("li", null, `${codeText(one.flag, data.facts.flags)}, ${dateText(one.date)} `,
    one.detail ? bdi(one.detail) : null, " ", el("span", { class: "muted" }, bdi(one.ref))));
  if (!unjudged.length && !flags.length) return null;
  return el("div", { class: "card two-in" },
    el("div", null, el("h2", null, "Could not be judged"), unjudged.length ? el("ul", null, unjudged) : el("p", null, "Nothing.")),
    el("div", null, el("h2", null, "Data flags"), flags.length ? el("ul", null, flags) : el("p", null, "None.")));
}

function derivationCard(finding) {
  const before = finding.derivation ? finding.derivation.split(/ \| |; (?=\S+: )/) : [];
  const lines = [...before, ...finding.sums.map((sum, place) => `${finding.prescription_ids[place]}: ${sum}`)];
  if (!lines.length) lines.push("not recorded");
  const rule = (text) => el("code", null, text);
  return el("div", { class: "card" }, el("h2", null, "How it came about"),
    el("ul", { class: "sums" }, lines.map((line) => el("li", null, bdi(line)))),
    el("p", { class: "note" }, "Finding ", rule(finding.finding_id), ", rule ", rule(finding.rule_id),
      finding.lab_refs.length ? [", tests ", bdi(finding.lab_refs.join(", "))] : null, "."));
}

function missingFinding(section) {
  section.replaceChildren(el("div", { class: "card empty" }, el("h1", { id: "h-patient", tabindex: "-1" }, "Finding not in this file"),
    el("p", null, "It may be in findings.csv, or in the report of another run."), el("p", null, el("a", { href: "#findings" }, "All findings"))));
}

// Shows the patient of one finding; gives back a function that redraws after a change of width.
function showPatient(data, id, back) {
  const section = document.getElementById("patient");
  const row = findingRow(data, id);
  if (row < 0) { missingFinding(section); return () => {}; }
  const patient = patientOf(data, data.findings.columns.patient_id.values[row]);
  const finding = patient.findings.find((one) => one.row === row);
  const labels = (data.rules.get(finding.rule_id) || {}).labels || ["", "Threshold"];
  finding.limit_word = labels[1].startsWith("Limit") ? "limit" : "threshold";
  const timeline = timelineCard(data, patient, finding);
  const active = patient.findings.filter((one) => one.active).length;
  section.replaceChildren(
    el("p", { class: "back" }, el("a", { href: back }, "← Findings")),
    el("div", { class: "page-head" }, el("h1", { id: "h-patient", tabindex: "-1" }, "Patient ", bdi(finding.patient_id)),
      el("p", { class: "lede" }, `${counted(patient.findings.length, "finding")}, ${numberText(active)} active${data.facts.as_of === null ? "" : ` on ${dateText(data.facts.as_of)}`}`)),
    el("div", { class: "detail" }, findingTabs(data, patient, finding),
      el("div", { class: "detail-main" },
        el("div", { class: "card lead" }, el("p", { class: "lead-tags" }, mark(finding.severity), " ", ruleTitle(data, row), tagsOf(data, row)),
          el("p", { class: "lead-text" }, bdi(sentenceOf(data, row))), factsOf(data, patient, finding), promptLine(data)))),
    timeline.card, derivationCard(finding), stepsCard(patient, finding) || "", kidneyCard(patient) || "",
    ordersCard(data, patient, finding), doubtsCard(data, patient) || "");
  section.hidden = false;
  timeline.draw();
  return timeline.draw;
}
