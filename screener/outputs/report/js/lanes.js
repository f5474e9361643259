// The upper band of a patient's chart: one lane per medicine and direction, refills side by side.
const DAY_PAD = 7;
const LOOK_BACK = 180;
const LOOK_ON = 30; // days after a finding, as far as the data go: what came next
const MOST_CONTEXT = 10;

function endOf(order, fallback) {
  if (order.counted_to !== null) return order.counted_to;
  return order.end_date === null ? fallback : order.end_date;
}

function startOf(order) {
  return order.counted_from === null ? order.start_date : order.counted_from;
}

// The days that the chart shows: the finding, the orders behind it, a week on both sides.
function windowOf(finding, counted, orders, whole, asOf) {
  const chosen = whole ? orders : counted;
  const last = asOf === null ? finding.end_date : asOf;
  let from = Math.min(finding.date, ...chosen.map(startOf).filter((day) => day !== null));
  let to = Math.max(finding.end_date, ...chosen.map((order) => endOf(order, last)));
  if (!whole) {
    from = Math.max(from, finding.date - LOOK_BACK);
    to = Math.min(to, finding.end_date + LOOK_BACK, Math.max(last, finding.end_date));
    to = Math.max(to, Math.min(finding.end_date + LOOK_ON, last));
  }
  return { from: from - DAY_PAD, to: Math.max(to, finding.end_date) + DAY_PAD };
}

// One bar per order row; combination products come as several rows with one bar.
function barsOf(orders, span) {
  const seen = new Set();
  return orders.filter((order) => {
    const key = `${order.source_file}\n${order.source_row}\n${order.prescription_id}`;
    if (seen.has(key) || order.start_date === null) return false;
    seen.add(key);
    const shown = order.row_class === "used" || order.row_class === "superseded";
    return shown && startOf(order) <= span.to && endOf(order, span.to) >= span.from;
  });
}

// The product as exported, with its ingredient where the name does not hold it: "Lioresal (baclofen)".
function drugText(order) {
  if (!order.drug) return order.ingredient || "medicine not named";
  const known = !order.ingredient || order.drug.toLowerCase().includes(order.ingredient.toLowerCase());
  return known ? order.drug : `${order.drug} (${order.ingredient})`;
}

// Orders that a finding names; of these, those whose counted days begin after it stood in its days
// only as they were recorded.
function idsWithin(finding, orders) {
  const ids = new Set(finding.prescription_ids);
  for (const order of orders) {
    if (order.counted_from !== null && order.counted_from > finding.end_date) ids.delete(order.prescription_id);
  }
  return ids.size ? ids : new Set(finding.prescription_ids);
}

function laneName(order) {
  return `${drugText(order)}\n${order.derivation || "daily dose not known"}`;
}

// Bars of one medicine and direction share a lane while they do not overlap.
function packLanes(bars, span) {
  const lanes = [];
  for (const bar of [...bars].sort((a, b) => startOf(a) - startOf(b))) {
    const free = lanes.find((lane) => lane.name === laneName(bar) && lane.until < startOf(bar));
    const lane = free || { name: laneName(bar), bars: [] };
    if (!free) lanes.push(lane);
    lane.bars.push(bar);
    lane.until = bar.end_date === null && bar.counted_to === null ? Infinity : endOf(bar, span.to);
  }
  return lanes;
}

// Lanes with a counted order first, then the patient's other medicines in these days.
function lanesOf(finding, orders, span) {
  const ids = idsWithin(finding, orders);
  const lanes = packLanes(barsOf(orders, span), span);
  for (const lane of lanes) {
    lane.bars = lane.bars.map((bar) => ({ ...bar, counted: ids.has(bar.prescription_id) }));
    lane.counted = lane.bars.some((bar) => bar.counted);
  }
  const context = lanes.filter((lane) => !lane.counted);
  return {
    lanes: [...lanes.filter((lane) => lane.counted), ...context.slice(0, MOST_CONTEXT)],
    unseen: Math.max(0, context.length - MOST_CONTEXT),
  };
}

// Whether the counted days differ from the recorded ones.
function isMoved(order) {
  return order.counted_from !== null && order.end_date !== null
    && (order.counted_from !== order.start_date || order.counted_to !== order.end_date);
}

const ruler = document.createElement("canvas").getContext("2d");

// Words in lines of at most `width` pixels, a number with its unit as one word; a word that is too
// long is broken, never cut.
function wrapText(text, width, font) {
  ruler.font = font;
  const fits = (line) => ruler.measureText(line).width <= width;
  const lines = [];
  let line = "";
  const whole = text.replace(/\s+/g, " ").replace(KEPT, (one) => one.replace(/ /g, "\u00a0"));
  for (const word of whole.split(" ")) {
    const longer = line ? `${line} ${word}` : word;
    if (fits(longer)) { line = longer; continue; }
    if (line) lines.push(line);
    line = "";
    for (const letter of word) {
      if (line && !fits(line + letter)) { lines.push(line); line = ""; }
      line += letter;
    }
  }
  if (line) lines.push(line);
  return lines.map((one) => one.replace(/\u00a0/g, " "));
}

function textLines(lines, x, y, step, kind) {
  return lines.map((line, place) => svg("text", { class: kind, x, y: y + place * step }, line));
}

function barShape(bar, place, y, chart) {
  const from = startOf(bar);
  const noStop = bar.end_date === null;
  const openEnd = noStop && endOf(bar, Infinity) > chart.span.to;
  const to = endOf(bar, chart.span.to);
  const x = chart.x(from);
  const width = Math.max(2, chart.x(to + 1) - x - 1);
  const kinds = ["bar", bar.counted ? "bar-counted" : "bar-context"];
  if (bar.as_needed) kinds.push("bar-prn");
  if (openEnd) kinds.push("bar-open");
  const words = [`${bar.drug || ""}: ${daysText(from, to)}`, bar.as_needed ? "as needed" : "",
    from === to ? "one day" : "", noStop ? "no stop date recorded" : ""].filter(Boolean).join(", ");
  const shapes = [svg("rect", { class: kinds.join(" "), x, y, width, height: 12, rx: 2 }, svg("title", null, words))];
  if (from === to) shapes.push(svg("path", { class: "bar-tick", d: `M${x + width / 2} ${y - 3}v18` }));
  if (noStop && !openEnd) shapes.push(svg("path", { class: "end-unsure", d: `M${x + width + 1} ${y - 3}v18` }));
  if (openEnd) {
    shapes.push(svg("path", { class: "bar-arrow", d: `M${x + width} ${y}l7 6l-7 6z` }));
  }
  if (isMoved(bar)) {
    const left = chart.x(bar.start_date);
    const below = y + 15.5 + 3 * (place % 2);
    shapes.push(svg("line", {
      class: "recorded", x1: left, x2: Math.max(left + 2, chart.x(bar.end_date + 1) - 1), y1: below, y2: below,
    }));
  }
  return shapes;
}

// Runs of days on which two or more counted orders are in force.
function overlapsOf(lanes) {
  const edges = [];
  for (const bar of lanes.flatMap((lane) => lane.bars)) {
    if (bar.counted && bar.counted_from !== null && bar.counted_to !== null) edges.push([bar.counted_from, 1], [bar.counted_to + 1, -1]);
  }
  edges.sort(([a], [b]) => a - b);
  const runs = [];
  let orders = 0;
  edges.forEach(([day, step], place) => {
    orders += step;
    const next = place + 1 < edges.length ? edges[place + 1][0] : day;
    if (orders < 2 || next === day) return;
    const last = runs[runs.length - 1];
    if (last && last.to + 1 === day) last.to = next - 1;
    else runs.push({ from: day, to: next - 1 });
  });
  return runs;
}

function drawOverlaps(chart, overlaps, top, bottom) {
  for (const { from, to } of overlaps) {
    if (to < chart.span.from || from > chart.span.to) continue;
    const x = chart.x(from);
    chart.back.append(svg("rect", { class: "overlap", x, y: top, width: Math.max(2, chart.x(to + 1) - x), height: bottom - top },
      svg("title", null, `Counted orders overlap, ${daysText(from, to)}`)));
  }
}

// Draws the lanes from `top` and gives back the y where they end.
function drawLanes(lanes, chart, top) {
  let y = top;
  for (const lane of lanes) {
    const [medicine, sum] = lane.name.split("\n");
    const room = chart.narrow ? chart.width - 8 : chart.left - 16;
    const name = wrapText(medicine, room, "600 13px " + FONT);
    const dose = wrapText(sum, room, "12px " + FONT);
    const height = 16 * name.length + 15 * dose.length;
    const halo = chart.narrow ? " halo" : "";
    const kind = `${lane.counted ? "lane-name" : "lane-name lane-other"}${halo}`;
    chart.labels.append(svg("g", null, textLines(name, 4, y + 13, 16, kind),
      textLines(dose, 4, y + 13 + 16 * name.length, 15, `lane-dose${halo}`)));
    const barTop = chart.narrow ? y + height + 4 : y + 4;
    chart.plot.append(svg("g", null, lane.bars.map((bar, place) => barShape(bar, place, barTop, chart))));
    y += (chart.narrow ? height + 26 : Math.max(height, 24)) + 8;
    chart.plot.append(svg("line", { class: "lane-line", x1: 0, x2: chart.width, y1: y - 3, y2: y - 3 }));
  }
  return y;
}
