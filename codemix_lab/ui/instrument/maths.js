// Numbers under the finger: the same interpolation and scores as evaluation/score_grid.py and metrics.py.

const SAME = 5e-4; // two λ nearer than this look like one
const ENOUGH = 3; // exact nodes that a prediction in between needs
const TWO_SIDED = 1.959964; // standard normal quantile of a 95 % interval

function decode(text, scale) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const whole = new Int16Array(bytes.buffer);
  return Float32Array.from(whole, (value) => value / scale);
}

// How much each node counts at x (barycentric Lagrange; Berrut and Trefethen 2004).
function weightsAt(nodes, x) {
  const near = nodes.findIndex((node) => Math.abs(node - x) < 1e-9);
  if (near >= 0) return nodes.map((_, place) => (place === near ? 1 : 0));
  const span = nodes[nodes.length - 1] - nodes[0];
  const row = nodes.map((node, i) => {
    let product = 1;
    nodes.forEach((other, j) => { if (i !== j) product *= (4 * (node - other)) / span; });
    return 1 / product / (x - node);
  });
  const sum = row.reduce((a, b) => a + b, 0);
  return row.map((value) => value / sum);
}

// Log-probabilities of all sentences at x, unnormalised: (sentences × labels).
function logsAt(column, x, size) {
  const weights = weightsAt(column.scalings, x);
  const logs = new Float64Array(size);
  weights.forEach((weight, node) => {
    if (weight === 0) return;
    const offset = node * size;
    for (let i = 0; i < size; i++) logs[i] += weight * column.logs[offset + i];
  });
  return logs;
}

function probabilitiesOf(logs, sentence, k) {
  const row = Array.from(logs.subarray(sentence * k, sentence * k + k));
  const top = Math.max(...row);
  const grown = row.map((value) => Math.exp(value - top));
  const sum = grown.reduce((a, b) => a + b, 0);
  return grown.map((value) => value / sum);
}

function predictions(logs, k) {
  const found = new Uint8Array(logs.length / k);
  for (let i = 0; i < found.length; i++) {
    let best = 0;
    for (let j = 1; j < k; j++) if (logs[i * k + j] > logs[i * k + best]) best = j;
    found[i] = best;
  }
  return found;
}

// Confusion, F1 of each class and macro-F1 with its 95 % interval by the delta method
// (Takahashi et al. 2022, doi 10.1007/s10489-021-02635-5); the server's bootstrap gives the exact points'.
function scores(gold, predicted, k) {
  const counts = Array.from({ length: k }, () => new Array(k).fill(0));
  for (let i = 0; i < gold.length; i++) counts[gold[i]][predicted[i]] += 1;
  const n = Math.max(1, gold.length);
  const seen = counts.map((row, i) => row.reduce((a, b) => a + b, 0) + counts.reduce((a, r) => a + r[i], 0));
  const perClass = counts.map((row, i) => (seen[i] ? (2 * row[i]) / seen[i] : 0));
  let mean = 0, square = 0;
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) {
      const slope = i === j
        ? (seen[i] ? (2 - 2 * perClass[i]) / seen[i] : 0)
        : -(seen[i] ? perClass[i] / seen[i] : 0) - (seen[j] ? perClass[j] / seen[j] : 0);
      mean += (counts[i][j] / n) * slope;
      square += (counts[i][j] / n) * slope * slope;
    }
  }
  const spread = (TWO_SIDED * n * Math.sqrt(Math.max(0, square - mean * mean))) / (k * Math.sqrt(n));
  const f1 = perClass.reduce((a, b) => a + b, 0) / k;
  return { f1, low: Math.max(0, f1 - spread), high: Math.min(1, f1 + spread), perClass, counts };
}

function perplexityAt(column, x, kind) {
  const known = column.perplexities.map((pair) => pair[kind]);
  if (known.some((value) => value === null)) return null;
  if (known.length < ENOUGH && !column.scalings.some((node) => Math.abs(node - x) < SAME)) return null;
  const weights = weightsAt(column.scalings, x);
  return Math.exp(weights.reduce((sum, weight, i) => sum + weight * Math.log(known[i]), 0));
}

// Everything that is known at λ in one column; null where nothing is.
function readingAt(column, gold, k, x) {
  if (!column) return null;
  const node = column.scalings.find((value) => Math.abs(value - x) < SAME);
  const inside = x >= column.scalings[0] - SAME && x <= column.scalings[column.scalings.length - 1] + SAME;
  if (node === undefined && (column.scalings.length < ENOUGH || !inside)) return null;
  const logs = logsAt(column, node === undefined ? x : node, gold.length * k);
  return { ...scores(gold, predictions(logs, k), k), logs, exact: node !== undefined };
}

function nearest(columns, density) {
  let best = null;
  for (const column of columns) {
    if (column.scalings.length < ENOUGH) continue;
    if (!best || Math.abs(column.density - density) < Math.abs(best.density - density)) best = column;
  }
  return best || columns.find((column) => Math.abs(column.density - density) < 1e-9) || columns[0] || null;
}

function share(value, digits = 2) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const text = Math.abs(value).toFixed(digits);
  return (value < 0 && Number(text) ? "−" : "") + (text.startsWith("0.") ? text.slice(1) : text);
}

function verdict(f1, low, high, others) {
  const above = others.filter(([, other]) => other < low).map(([name]) => name);
  const below = others.filter(([, other]) => other > high).map(([name]) => name);
  if (!above.length && !below.length) return "the difference is within the noise";
  const told = [];
  if (above.length) told.push(`above ${above.join(" and ")} beyond the noise`);
  if (below.length) told.push(`below ${below.join(" and ")} beyond the noise`);
  others.forEach(([name]) => {
    if (!above.includes(name) && !below.includes(name)) told.push(`no clear difference from ${name}`);
  });
  return told.join(", ");
}

function change(ratio) {
  if (Math.abs(ratio - 1) < 0.005) return "the same";
  return `${Math.round(Math.abs(ratio - 1) * 100)} % ${ratio > 1 ? "higher" : "lower"}`;
}
