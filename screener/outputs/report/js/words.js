// Dates, numbers and amounts as the report writes them. Days are numbers since 1970-01-01.
let MONTHS = [];

function dateParts(day) {
  const date = new Date(day * 86400000);
  return [date.getUTCDate(), date.getUTCMonth(), date.getUTCFullYear()];
}

function dateText(day) {
  if (day === null) return "–";
  const [date, month, year] = dateParts(day);
  return `${date} ${MONTHS[month]} ${year}`;
}

function daysText(first, last) {
  if (first === null || last === null) return `${dateText(first)} to ${dateText(last)}`;
  if (first === last) return dateText(first);
  const [date, month, year] = dateParts(first);
  const [, lastMonth, lastYear] = dateParts(last);
  if (year !== lastYear) return `${dateText(first)} to ${dateText(last)}`;
  if (month !== lastMonth) return `${date} ${MONTHS[month]} to ${dateText(last)}`;
  return `${date} to ${dateText(last)}`;
}

function numberText(value, places = 3) {
  if (value === null || value === undefined) return "–";
  const fixed = value.toFixed(places);
  const [whole, part = ""] = fixed.split(".");
  const decimals = part.replace(/0+$/, "");
  const text = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (decimals ? `.${decimals}` : "");
  return text === "-0" ? "0" : text;
}

function counted(count, one, many = `${one}s`) {
  return `${numberText(count)} ${count === 1 ? one : many}`;
}

// Micrograms a day in the unit that reads best.
function doseText(micrograms) {
  if (micrograms === null) return "not known";
  if (micrograms !== 0 && Math.abs(micrograms) < 1000) return `${numberText(micrograms)} micrograms/day`;
  return `${numberText(micrograms / 1000)} mg/day`;
}

function doseRange(low, high) {
  if (low === null && high === null) return "not known";
  if (low === high) return doseText(high);
  if (low === 0 && high !== null) return `0 to ${doseText(high)}`;
  return `${low === null ? "not known" : doseText(low)} to ${doseText(high)}`;
}

// With two decimals (a kidney function with one), or as many as tell the value from its limit.
function valueText(value, unit, other = null) {
  if (value === null) return "–";
  let places = /^mL\/min/.test(unit || "") ? 1 : 2;
  while (places < 6 && value !== other && numberText(value, places) === numberText(other, places)) places += 1;
  const number = numberText(value, places);
  if (!unit) return number;
  return `${number} ${number === "1" ? unit.replace(/^(day|dose|drug|order)s\b/, "$1") : unit}`;
}

function codeText(code, known) {
  if (!code) return "no reason recorded";
  return known[code] || code.replace(/[-_]/g, " ");
}
