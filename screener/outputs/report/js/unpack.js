// Reads the packed block (layout: packing.py) into tables of typed columns. Nothing is computed.
const ARRAYS = {
  u8: Uint8Array, u16: Uint16Array, u32: Uint32Array,
  i8: Int8Array, i16: Int16Array, i32: Int32Array, f64: Float64Array,
};

function bytesOfBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

async function inflate(packed) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

function arrayAt(buffer, first, place) {
  return new ARRAYS[place.type](buffer, first + place.at, place.n);
}

function hexAt(bytes, row) {
  let text = "";
  for (const byte of bytes.subarray(8 * row, 8 * row + 8)) text += byte.toString(16).padStart(2, "0");
  return text;
}

// One column: `values` (codes for texts), `words` where there is a dictionary, `get(row)`.
function columnOf(place, buffer, first, dictionaries) {
  const values = arrayAt(buffer, first, place);
  const words = place.words ? dictionaries[place.words] : null;
  if (place.kind === "text") {
    const codes = place.rising ? summed(values) : values;
    return { values: codes, words, get: (row) => (codes[row] ? words[codes[row] - 1] : null) };
  }
  if (place.kind === "list") {
    const ends = summed(arrayAt(buffer, first, place.lengths));
    const all = summedByRow(values, ends);
    const codes = (row) => all.subarray(row ? ends[row - 1] : 0, ends[row]);
    return { values: all, words, codes, get: (row) => Array.from(codes(row), (code) => words[code - 1]) };
  }
  if (place.kind === "hex") return { values, get: (row) => hexAt(values, row) };
  if (place.kind === "yes") return { values, get: (row) => [false, true, null][values[row]] };
  const empty = place.kind === "whole" ? (value) => value === place.null : Number.isNaN;
  return { values, get: (row) => (empty(values[row]) ? null : values[row]) };
}

function summed(steps) {
  const codes = new Uint32Array(steps.length);
  let code = 0;
  for (let row = 0; row < steps.length; row += 1) {
    code += steps[row];
    codes[row] = code;
  }
  return codes;
}

// The codes of lists: each row begins anew.
function summedByRow(steps, ends) {
  const codes = new Uint32Array(steps.length);
  let place = 0;
  for (const end of ends) {
    for (let code = 0; place < end; place += 1) {
      code += steps[place];
      codes[place] = code;
    }
  }
  return codes;
}

// A column that is kept as the difference from another one.
function added(column, base) {
  return {
    get: (row) => {
      const value = column.get(row);
      return value === null ? null : value + (base.get(row) ?? 0);
    },
  };
}

// A first day that is kept as the gap to the last day of the row before, and that last day as the
// length of its row.
function following(gaps, lengths) {
  const days = new Int32Array(gaps.length);
  let end = 0;
  for (let row = 0; row < gaps.length; row += 1) {
    days[row] = end + gaps[row];
    end = days[row] + lengths[row] + 1;
  }
  return { values: days, get: (row) => days[row] };
}

function tableOf(described, buffer, first, dictionaries) {
  const plain = {};
  const columns = {};
  const places = Object.entries(described.columns);
  for (const [name, place] of places) plain[name] = columnOf(place, buffer, first, dictionaries);
  for (const [name, place] of places) {
    if (place.after) plain[name] = following(plain[name].values, plain[place.after].values);
  }
  const whole = (name) => {
    const { base } = described.columns[name];
    return base ? added(plain[name], whole(base)) : plain[name];
  };
  for (const [name] of places) columns[name] = whole(name);
  return { rows: described.rows, columns, get: (name, row) => columns[name].get(row) };
}

// A dictionary, of which a long one of numbered texts is kept as steps of its numbers.
function wordsOf(place, buffer, first) {
  if (Array.isArray(place)) return place;
  return Array.from(summed(arrayAt(buffer, first, place)),
    (number) => place.stem + String(number).padStart(place.width, "0"));
}

async function unpack(text) {
  const buffer = await inflate(bytesOfBase64(text));
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const dictionaries = Object.fromEntries(Object.entries(header.dictionaries)
    .map(([name, place]) => [name, wordsOf(place, buffer, 4 + length)]));
  const data = { facts: header.facts, dictionaries };
  for (const [name, described] of Object.entries(header.tables)) {
    data[name] = tableOf(described, buffer, 4 + length, dictionaries);
  }
  data.rules = new Map(header.facts.rules.map((rule) => [rule.id, rule]));
  return data;
}

// The first row whose code is at least `code`, in a column of rising codes.
function firstAtLeast(codes, code) {
  let low = 0;
  let high = codes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (codes[middle] < code) low = middle + 1;
    else high = middle;
  }
  return low;
}

// The rows of one patient as plain objects, from a table that is sorted by patient.
function rowsOfPatient(table, code) {
  const codes = table.columns.patient_id.values;
  const rows = [];
  for (let row = firstAtLeast(codes, code); row < codes.length && codes[row] === code; row += 1) {
    rows.push(rowOf(table, row));
  }
  return rows;
}

function rowOf(table, row) {
  const made = { row };
  for (const [name, column] of Object.entries(table.columns)) made[name] = column.get(row);
  return made;
}
