// What the findings list shows: the state of the filters, in the address and as a test of rows.
const PAGE = 50;
const IN_ADDRESS = ["severity", "state", "rule", "site", "prescriber", "low", "by", "set"];

function freshFilters() {
  return {
    severity: "", state: "", rule: "", site: "", prescriber: "", low: "", by: "", set: "",
    text: "", sort: "severity", down: false, page: 0,
  };
}

// The search text stays out of the address: it may be a patient's id.
function filtersFromAddress(query) {
  const filters = freshFilters();
  for (const [name, value] of new URLSearchParams(query)) {
    if (IN_ADDRESS.includes(name)) filters[name] = value;
  }
  return filters;
}

function addressOfFilters(filters) {
  const query = new URLSearchParams();
  for (const name of IN_ADDRESS) if (filters[name]) query.set(name, filters[name]);
  const text = query.toString();
  return text ? `#findings?${text}` : "#findings";
}

function codeOf(column, text) {
  return text ? column.words.indexOf(text) + 1 || -1 : 0;
}

function codesContaining(words, needle) {
  const found = new Uint8Array(words.length + 1);
  words.forEach((word, place) => {
    if (word.toLowerCase().includes(needle)) found[place + 1] = 1;
  });
  return found;
}

// The orders (as patient and order codes) whose medicine holds the needle.
function ordersContaining(data, needle) {
  const { drug, patient_id: patient, prescription_id: order } = data.orders.columns;
  const matching = codesContaining(drug.words, needle);
  const found = new Set();
  const width = data.dictionaries.order.length + 1;
  for (let row = 0; row < data.orders.rows; row += 1) {
    if (matching[drug.values[row]]) found.add(patient.values[row] * width + order.values[row]);
  }
  return (patientCode, orderCodes) => {
    for (const code of orderCodes) if (found.has(patientCode * width + code)) return true;
    return false;
  };
}

function textTest(data, text) {
  const needle = text.trim().toLowerCase();
  if (!needle) return () => true;
  const { patient_id: patient, subject, message, rule_id: rule, prescription_ids: orders } = data.findings.columns;
  const inPatient = codesContaining(patient.words, needle);
  const inSubject = codesContaining(subject.words, needle);
  const inMessage = codesContaining(message.words, needle);
  const titles = rule.words.map((id) => (data.rules.get(id) || { title: id }).title);
  const inTitle = codesContaining(titles, needle);
  const inOrders = ordersContaining(data, needle);
  return (row) => inPatient[patient.values[row]] || inSubject[subject.values[row]]
    || inMessage[message.values[row]] || inTitle[rule.values[row]]
    || inOrders(patient.values[row], orders.codes(row));
}

function severityTest(data, filters) {
  const column = data.findings.columns.severity;
  const shown = new Uint8Array(column.words.length + 1);
  column.words.forEach((word, place) => {
    const quiet = data.facts.hidden.includes(word) && !filters.low;
    shown[place + 1] = filters.severity ? word === filters.severity : !quiet;
  });
  return (row) => shown[column.values[row]];
}

// The rows that pass, in the order of the file (most pressing first), and how many low and info
// findings only the severity kept out.
function passing(data, filters) {
  const columns = data.findings.columns;
  const wanted = ["rule_id", "site_id", "prescriber_id", "state"]
    .map((name, place) => [columns[name].values,
      codeOf(columns[name], [filters.rule, filters.site, filters.prescriber, filters.state][place])])
    .filter(([, code]) => code);
  const pilot = filters.set === "pilot" ? 1 : 0;
  const bySeverity = severityTest(data, filters);
  const byText = textTest(data, filters.text);
  const rows = [];
  let hidden = 0;
  for (let row = 0; row < data.findings.rows; row += 1) {
    if (columns.pilot.values[row] !== pilot) continue;
    if (!wanted.every(([values, code]) => values[row] === code)) continue;
    if (!byText(row)) continue;
    if (bySeverity(row)) rows.push(row);
    else hidden += 1;
  }
  return { rows, hidden };
}

function patientsOf(data, rows) {
  const codes = data.findings.columns.patient_id.values;
  const groups = new Map();
  for (const row of rows) {
    const group = groups.get(codes[row]);
    if (group) group.push(row);
    else groups.set(codes[row], [row]);
  }
  return groups;
}

// Entries (rows or groups of rows) sorted by one column; ties keep the order of the file.
function sorted(entries, key, down) {
  const keyed = entries.map((entry, place) => [key(entry), place, entry]);
  const turn = down ? -1 : 1;
  keyed.sort(([a, i], [b, j]) => (a < b ? -turn : a > b ? turn : i - j));
  return keyed.map(([, , entry]) => entry);
}
