// The lower bands of a patient's chart: steps of the daily dose, the limit, kidney results.
const BAND = 150;

// The doses to draw: one band per ingredient and route of the counted orders, at most three.
function seriesOf(finding, orders, timeline) {
  const ids = idsWithin(finding, orders);
  const wanted = new Set(orders.filter((order) => ids.has(order.prescription_id))
    .map((order) => `${order.ingredient}\n${order.track}`));
  const series = new Map();
  for (const step of timeline) {
    const key = `${step.ingredient}\n${step.track}`;
    if (!wanted.has(key)) continue;
    if (!series.has(key)) series.set(key, { ingredient: step.ingredient, track: step.track, steps: [] });
    series.get(key).steps.push(step);
  }
  return [...series.values()].slice(0, 3);
}

// What a bound is called in the chart: not every threshold is a limit of the dose.
function limitWord(finding) {
  return finding.limit_word || "limit";
}

function niceStep(top) {
  const rough = top / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
}

function highest(step) {
  return Math.max(step.low_ug || 0, step.high_ug || 0, step.other_reading_high_ug || 0);
}

// A step line as SVG path data. It lies at zero where a day is not covered, between steps and up to
// the end of the data, and starts in mid-air at the edge of the chart.
function stepPath(steps, value, chart, y) {
  let path = "";
  let end = null;
  const last = Math.min(chart.span.to, chart.asOf === null ? chart.span.to : chart.asOf);
  for (const step of steps) {
    if (value(step) === null) { end = null; continue; }
    const from = chart.x(step.from_date);
    const height = y(value(step));
    if (end === step.from_date) path += `V${height}`;
    else if (end !== null) path += `V${y(0)}H${from}V${height}`;
    else path += `M${from} ${step.from_date > chart.span.from ? y(0) : height}V${height}`;
    path += `H${chart.x(step.to_date + 1)}`;
    end = step.to_date + 1;
  }
  if (!path || end === null || end > chart.span.to) return path;
  return `${path}V${y(0)}${end <= last ? `H${chart.x(last + 1)}` : ""}`;
}

function bandAxis(chart, top, scale, y, unit) {
  const made = [];
  const step = niceStep(scale);
  for (let value = 0; value <= scale; value += step) {
    made.push(svg("line", { class: "rule-line", x1: chart.left, x2: chart.right, y1: y(value), y2: y(value) }));
    made.push(svg("text", { class: "tick", x: chart.left - 6, y: y(value) + 4, "text-anchor": "end" },
      numberText(value / unit.ug)));
  }
  return made;
}

function unknownBoxes(steps, chart, top) {
  return steps.filter((step) => step.high_ug === null || step.dose_known === false).map((step) => {
    const x = chart.x(step.from_date);
    return svg("rect", { class: "unknown", x, y: top + 16, width: Math.max(2, chart.x(step.to_date + 1) - x), height: BAND - 34 },
      svg("title", null, `Dose not fully known, ${daysText(step.from_date, step.to_date)}`));
  });
}

function rangeBoxes(steps, chart, y) {
  return steps.filter((step) => step.low_ug !== null && step.high_ug !== null && step.low_ug !== step.high_ug)
    .map((step) => {
      const x = chart.x(step.from_date);
      return svg("rect", { class: "range", x, y: y(step.high_ug), width: chart.x(step.to_date + 1) - x,
        height: y(step.low_ug) - y(step.high_ug) });
    });
}

// The limit over the days of the chart: that of this finding, and on the days of the same rule's
// other findings theirs, where it differs (age or kidney function had changed).
function limitPieces(finding, findings, span) {
  const others = findings.filter((one) => one.rule_id === finding.rule_id && one.subject === finding.subject
    && one.chart === 2 && one.limit_ug !== null && one.limit_ug !== finding.limit_ug
    && one.date <= span.to && one.end_date >= span.from
    && (one.end_date < finding.date || one.date > finding.end_date)).sort((a, b) => a.date - b.date);
  const pieces = [];
  let day = span.from;
  for (const one of others) {
    if (one.date < day && pieces.length) continue;
    if (one.date > day) pieces.push({ from: day, to: one.date - 1, limit: finding.limit_ug });
    day = Math.min(one.end_date, span.to) + 1;
    pieces.push({ from: Math.max(one.date, span.from), to: day - 1, limit: one.limit_ug, other: true });
  }
  if (day <= span.to) pieces.push({ from: day, to: span.to, limit: finding.limit_ug });
  return pieces;
}

function limitSteps(pieces, chart, y) {
  return pieces.flatMap((piece, place) => {
    const x = chart.x(piece.from);
    const at = y(piece.limit);
    return [
      svg("line", { class: "limit", x1: x, x2: chart.x(piece.to + 1), y1: at, y2: at }),
      place ? svg("line", { class: "limit", x1: x, x2: x, y1: y(pieces[place - 1].limit), y2: at }) : null,
      piece.other ? svg("text", { class: "limit-text halo", x: x + 4, y: at - 5 }, `${chart.limitWord} ${doseText(piece.limit)}`) : null,
    ];
  });
}

function limitLine(finding, steps, chart, y, top) {
  if (finding.limit_ug === null || finding.chart !== 2) return [];
  const height = y(finding.limit_ug);
  const left = chart.x(finding.date);
  const near = steps.some((step) => highest(step) > finding.limit_ug && height - y(highest(step)) < 18);
  return [
    svg("rect", { class: "above", x: left, y: top + 14, width: chart.x(finding.end_date + 1) - left,
      height: Math.max(0, height - top - 14) }),
    limitSteps(limitPieces(finding, chart.findings, chart.span), chart, y),
    svg("text", { class: "limit-text halo", x: chart.right - 4, y: near ? height + 14 : height - 5, "text-anchor": "end" },
      `${chart.limitWord} ${doseText(finding.limit_ug)}`),
  ];
}

// Whether a step has a day in common with the finding.
function isInside(step, finding) {
  return step.from_date <= finding.end_date && step.to_date >= finding.date;
}

function peakLabel(steps, finding, chart, y) {
  const inside = steps.filter((step) => isInside(step, finding));
  const peak = inside.reduce((best, step) => (best && highest(best) >= highest(step) ? best : step), null);
  if (!peak || !highest(peak)) return [];
  const day = Math.max(peak.from_date, finding.date, chart.span.from);
  const x = chart.x(day);
  const late = x > (chart.left + chart.right) / 2;
  return [
    svg("circle", { class: "peak", cx: x, cy: y(highest(peak)), r: 3.5 }),
    svg("text", { class: "peak-text halo", x: x + (late ? -7 : 7), y: y(highest(peak)) - 6, "text-anchor": late ? "end" : "start" },
      `${highest(peak) === peak.low_ug ? "" : "up to "}${doseText(highest(peak))}, ${dateText(day)}`),
  ];
}

// One band; gives back the y where it ends.
function drawDose(series, finding, chart, top, alone) {
  const { span } = chart;
  const steps = series.steps.filter((step) => step.from_date <= span.to && step.to_date >= span.from)
    .map((step) => ({ ...step, from_date: Math.max(step.from_date, span.from), to_date: Math.min(step.to_date, span.to) }));
  const limits = alone && finding.limit_ug !== null ? limitPieces(finding, chart.findings, span) : [];
  const scale = Math.max(1, ...limits.map((piece) => piece.limit), ...steps.map(highest)) * 1.22;
  const unit = scale < 3000 ? { ug: 1, text: "micrograms/day" } : { ug: 1000, text: "mg/day" };
  const bottom = top + BAND - 16;
  const y = (value) => bottom - (value / scale) * (BAND - 32);
  const other = (step) => (step.other_reading_high_ug !== null && step.other_reading_high_ug > (step.high_ug || 0)
    ? step.other_reading_high_ug : null);
  chart.plot.append(svg("g", null,
    bandAxis(chart, top, scale, y, unit), unknownBoxes(steps, chart, top), rangeBoxes(steps, chart, y),
    alone ? limitLine(finding, steps, chart, y, top) : null,
    svg("path", { class: "dose-other", d: stepPath(steps, other, chart, y) }),
    svg("path", { class: "dose-high", d: stepPath(steps, (step) => step.high_ug, chart, y) }),
    svg("path", { class: "dose-low", d: stepPath(steps, (step) => step.low_ug, chart, y) }),
    peakLabel(steps, finding, chart, y)));
  const title = `${series.ingredient} ${series.track}${chart.narrow ? `, ${unit.text}` : ""}`;
  const room = chart.narrow ? chart.right - chart.left : chart.left - 62;
  const lines = wrapText(title, room, "600 13px " + FONT);
  const at = chart.narrow ? { x: chart.left, y: top + 10 } : { x: 4, y: top + 30 };
  chart.labels.append(svg("g", null, textLines(lines, at.x, at.y, 16, chart.narrow ? "lane-name halo" : "lane-name"),
    svg("text", { class: "lane-dose", x: chart.narrow ? 4 : 4, y: chart.narrow ? top - 4 : at.y + 16 * lines.length },
      chart.narrow ? "" : unit.text)));
  return top + BAND + (chart.narrow ? 12 : 0);
}

function kidneyText(result) {
  if (result.on_dialysis) return "dialysis";
  return result.egfr === null ? "no estimate" : `eGFR ${numberText(result.egfr, 1)}`;
}

// Kidney results as marks on a line that reaches as far as each result is good for.
function drawKidney(kidney, chart, top) {
  const shown = kidney.filter((result) => result.from_date <= chart.span.to && result.to_date >= chart.span.from);
  if (!shown.length) return top;
  const y = top + (chart.narrow ? 40 : 24);
  chart.labels.append(textLines(["Kidney tests"], 4, top + 14, 16, "lane-name")[0],
    svg("text", { class: "lane-dose", x: chart.narrow ? 100 : 4, y: chart.narrow ? top + 14 : top + 30 }, "eGFR, mL/min/1.73 m²"));
  const free = [-Infinity, -Infinity]; // where the texts above and below the line end
  for (const result of shown) {
    const from = chart.x(Math.max(result.from_date, chart.span.from));
    const to = chart.x(Math.min(result.to_date, chart.span.to) + 1);
    const before = result.from_date < chart.span.from;
    const text = before ? `← ${kidneyText(result)} of ${dateText(result.from_date)}` : kidneyText(result);
    chart.plot.append(svg("line", { class: "kidney-line", x1: from, x2: to, y1: y, y2: y }));
    if (!before) chart.plot.append(svg("circle", { class: "kidney-mark", cx: from, cy: y, r: 4 }));
    const length = 7 * text.length;
    const x = Math.min(from, chart.right - length);
    // what was known before stands below the line, so that no dot of the chart seems to have it
    const row = before && free[1] < x ? 1 : free.findIndex((end) => end < x);
    if (row < 0) continue;
    free[row] = x + length;
    chart.plot.append(svg("text", { class: before ? "kidney-text tick halo" : "kidney-text halo", x, y: row ? y + 18 : y - 8 }, text));
  }
  return y + 26;
}
