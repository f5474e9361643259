// A patient's chart: the axis of days, the finding's days, lanes, doses, and its words.
const FONT = 'system-ui, "Segoe UI", sans-serif';

function tickDays(span) {
  const length = span.to - span.from;
  const days = [];
  if (length <= 70) {
    const step = length <= 24 ? 3 : length <= 40 ? 7 : 14;
    for (let day = span.from + 1; day < span.to - 1; day += step) days.push(day);
    return days;
  }
  const months = length <= 240 ? 1 : length <= 500 ? 2 : length <= 1100 ? 6 : 12;
  let [, month, year] = dateParts(span.from);
  for (;;) {
    month += 1;
    if (month > 11) { month = 0; year += 1; }
    const day = Date.UTC(year, month, 1) / 86400000;
    if (day > span.to - 2) return days;
    if (month % months === 0) days.push(day);
  }
}

function tickText(day, place) {
  const [date, month, year] = dateParts(day);
  return place === 0 || (month === 0 && date <= 14) ? `${date} ${MONTHS[month]} ${year}` : `${date} ${MONTHS[month]}`;
}

function drawAxis(chart, bottom) {
  let free = -Infinity;
  tickDays(chart.span).forEach((day, place) => {
    const x = chart.x(day);
    const text = tickText(day, place);
    chart.back.append(svg("line", { class: "day-line", x1: x, x2: x, y1: chart.top, y2: bottom }));
    const half = text.length * 3.4;
    const middle = Math.min(Math.max(x, chart.left + half), chart.right - half);
    if (middle - half < free) return;
    free = middle + half + 8;
    chart.back.append(svg("text", { class: "tick", x: middle, y: 14, "text-anchor": "middle" }, text));
  });
}

function drawDays(chart, finding, bottom, asOf) {
  const x = chart.x(finding.date);
  const width = Math.max(3, chart.x(finding.end_date + 1) - x);
  chart.back.append(svg("rect", { class: "days-found", x, y: chart.top, width, height: bottom - chart.top }),
    svg("path", { class: "days-edge", d: `M${x} ${chart.top}h${width}` }));
  if (asOf !== null && asOf <= chart.span.to) {
    const end = chart.x(asOf + 1);
    chart.back.append(svg("line", { class: "data-end", x1: end, x2: end, y1: chart.top, y2: bottom }),
      svg("text", { class: "tick halo", x: end - 4, y: bottom - 5, "text-anchor": "end" }, "data end"));
  }
}

function describe(finding, found, series) {
  const counted = found.lanes.filter((lane) => lane.counted).map((lane) => lane.name.replace("\n", ": "));
  const doses = series.map((one) => `${one.ingredient} ${one.track}, highest ${doseText(Math.max(0, ...one.steps.map(highest)))}`);
  return [finding.message, `Counted: ${counted.join("; ") || "none"}.`, doses.length ? `Daily dose: ${doses.join("; ")}.` : "",
    "The same data stand in the tables below."].filter(Boolean).join(" ");
}

function hatch() {
  return svg("defs", null,
    svg("pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("rect", { class: "hatch-line", width: 2, height: 6 })),
    svg("pattern", { id: "hatch-grey", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("rect", { class: "hatch-grey-line", width: 2, height: 6 })));
}

// The whole chart for one finding, `width` pixels wide.
function drawChart(patient, finding, width, whole, asOf) {
  const ids = new Set(finding.prescription_ids);
  const counted = patient.orders.filter((order) => ids.has(order.prescription_id));
  const span = windowOf(finding, counted, patient.orders, whole, asOf);
  const narrow = width < 720;
  const left = narrow ? 46 : Math.min(330, Math.round(width * 0.3));
  const right = width - 12;
  const chart = { findings: patient.findings, span, narrow, width, left, right, top: 22, asOf, limitWord: limitWord(finding), back: svg("g"), plot: svg("g"), labels: svg("g") };
  chart.x = (day) => left + ((Math.min(Math.max(day, span.from), span.to + 1) - span.from) / (span.to + 1 - span.from)) * (right - left);
  const found = lanesOf(finding, patient.orders, span);
  const overlaps = overlapsOf(found.lanes);
  const counting = found.lanes.filter((lane) => lane.counted);
  let y = drawLanes(counting, chart, 32);
  drawOverlaps(chart, overlaps, chart.top, y - 3);
  y = drawLanes(found.lanes.slice(counting.length), chart, y);
  if (finding.lab_refs.length) y = drawKidney(patient.kidney, chart, y);
  const series = finding.chart ? seriesOf(finding, patient.orders, patient.timeline) : [];
  for (const one of series) {
    const bottom = drawDose(one, finding, chart, y, series.length === 1);
    drawOverlaps(chart, overlaps, y + 14, y + BAND - 16);
    y = bottom;
  }
  drawAxis(chart, y);
  drawDays(chart, finding, y, asOf);
  const title = `Timeline of patient ${finding.patient_id}, ${daysText(span.from, span.to)}`;
  const drawing = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${y + 6}`, width, height: y + 6, role: "img",
    "aria-labelledby": "chart-title chart-desc" },
  svg("title", { id: "chart-title" }, title), svg("desc", { id: "chart-desc" }, describe(finding, found, series)),
  hatch(), chart.back, chart.plot, chart.labels);
  return { drawing, unseen: found.unseen, series };
}

function swatch(kind, text) {
  const box = svg("svg", { class: "swatch", viewBox: "0 0 22 12", width: 22, height: 12, "aria-hidden": "true" });
  if (kind.startsWith("line ")) box.append(svg("path", { class: kind.slice(5), d: "M1 6H21" }));
  else if (kind.startsWith("dot ")) box.append(svg("circle", { class: kind.slice(4), cx: 11, cy: 6, r: 4 }));
  else box.append(svg("rect", { class: kind, x: 1, y: 1, width: 20, height: 10, rx: 2 }));
  return el("li", null, box, text);
}

function legend(finding, patient) {
  const ids = idsWithin(finding, patient.orders);
  const prn = patient.orders.some((order) => order.as_needed);
  const ranges = patient.timeline.some((step) => step.low_ug !== step.high_ug);
  return el("ul", { class: "legend" },
    swatch("bar bar-counted", "order behind this finding"),
    patient.orders.some((order) => order.row_class === "used" && !ids.has(order.prescription_id)) ? swatch("bar bar-context", "other order") : null,
    prn ? swatch("bar bar-counted bar-prn", "as needed") : null,
    patient.orders.some(isMoved) ? swatch("line recorded", "dates as recorded, where the counted days differ") : null,
    patient.orders.some((order) => order.end_date === null && order.row_class === "used") ? swatch("line end-unsure", "no stop date recorded; an arrow goes on") : null,
    overlapsOf(lanesOf(finding, patient.orders, { from: -Infinity, to: Infinity }).lanes).length ? swatch("overlap", "counted orders overlap") : null,
    swatch("days-found", "days of the finding (blue edge above)"),
    finding.chart ? swatch("line dose-low", ranges ? "daily dose (lowest)" : "daily dose") : null,
    finding.chart && ranges ? swatch("range", "from lowest to highest dose") : null,
    finding.chart && seriesOf(finding, patient.orders, patient.timeline).some((one) => one.steps.some((step) => highest(step) && isInside(step, finding)))
      ? swatch("dot peak", "highest dose of the finding's days, on its first day") : null,
    finding.chart === 2 ? swatch("line limit", limitWord(finding)) : null,
    finding.chart === 2 ? swatch("above", `above the ${limitWord(finding)}`) : null);
}
