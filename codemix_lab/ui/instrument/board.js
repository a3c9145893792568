// The instrument: two dials, and everything that was computed beforehand moving with them.

const QUIET = 350; // milliseconds after the last key before λ is handed over
const AGAIN = 2000; // milliseconds until it is looked whether that arrived
const TRIES = 3;

export default function mount({ data, parentElement, setStateValue }) {
  let root = parentElement.querySelector(".lab");
  if (!root) {
    root = element(parentElement, "div", { class: "lab" });
    root.board = new Board(root);
    new ResizeObserver(() => root.board.draw()).observe(root);
  }
  root.board.release = (dial) => setStateValue("released", dial);
  root.board.take(data);
}

class Board extends Views {
  constructor(root) {
    super();
    this.root = root;
    this.first = 0;
    this.updates = 0;
    this.lead = element(root, "p", { class: "lead" });
    this.dials = element(root, "div", { class: "dials" });
    this.scaling = this.dial("scaling", "λ, how much comes back");
    this.density = this.dial("density", "Density, how much is kept");
    this.finding = element(root, "p", { class: "finding" });
    this.trust = element(root, "p", { class: "trust" });
    this.told = element(root, "p", { class: "unseen", "aria-live": "polite" });
    this.cells = element(root, "div", { class: "readouts" });
    this.readouts = ["f1", "cpt", "mixed", "mono"].map((name) => {
      const cell = element(this.cells, "div", { class: `readout ${name}` });
      return { cell, name: element(cell, "span"), value: element(cell, "strong"), change: element(cell, "em") };
    });
    const grid = element(root, "div", { class: "figures" });
    this.f1 = figure(grid, "f1", "Dev macro-F1 over λ");
    this.perplexity = figure(grid, "perplexity", "Held-out text: gained, forgotten");
    this.confusion = figure(grid, "confusion", "Confusion at the dial");
    this.sentences = figure(grid, "sentences", "Sentences that move most");
    this.map = figure(grid, "map", "Macro-F1 over λ and density");
    this.layers = figure(grid, "layers", "How far each layer moves from the base");
    this.other = element(this.sentences.box, "button", { type: "button" }, "Other sentences");
    this.other.addEventListener("click", () => { this.first += WATCHED; this.listSentences(); this.move(); });
    for (const [card, name] of [
      [this.f1, "f1-over-lambda"], [this.perplexity, "perplexity"], [this.confusion, "confusion"],
      [this.sentences, "sentences"], [this.map, "f1-over-lambda-and-density"], [this.layers, "layers"],
    ]) pictures(card, name);
  }

  dial(name, title) {
    const label = element(this.dials, "label", { class: `dial ${name}` });
    const head = element(label, "span", { class: "head" });
    element(head, "span", {}, title);
    const output = element(head, "output");
    const input = element(label, "input", { type: "range", step: "any", "aria-label": title });
    const hint = element(label, "span", { class: "hint" });
    input.addEventListener("input", () => { this.held = true; this.schedule(); });
    input.addEventListener("change", () => this.let_go(0));
    input.addEventListener("keydown", (event) => this.key(event, input));
    return { input, output, hint, label };
  }

  // Arrow keys go by one hundredth, page keys by a tenth; a range without steps would leave that open.
  key(event, input) {
    const low = Number(input.min), high = Number(input.max), at = Number(input.value);
    const to = {
      ArrowRight: at + 0.01, ArrowUp: at + 0.01, ArrowLeft: at - 0.01, ArrowDown: at - 0.01,
      PageUp: at + 0.1, PageDown: at - 0.1, Home: low, End: high,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    input.value = String(Math.round(Math.min(high, Math.max(low, to)) * 1e4) / 1e4);
    this.held = true;
    this.schedule();
    this.let_go(QUIET);
  }

  let_go(wait) {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      this.held = false;
      const dial = { scaling: round(this.at.scaling), density: round(this.at.density) };
      this.scaling.input.value = dial.scaling;
      this.move();
      this.told.textContent = `${this.finding.textContent} ${this.trust.textContent}`;
      this.handOver(dial, TRIES);
    }, wait);
  }

  // The page's own sliders, sent with every question, may overtake a dial with what they knew before: then it is said again.
  handOver(dial, tries) {
    clearTimeout(this.insisting);
    this.release({ ...dial, tries });
    if (tries > 1) this.insisting = setTimeout(() => {
      const known = this.data.dials, arrived = ["scaling", "density"].every((name) => Math.abs(known[name].value - dial[name]) < SAME);
      if (arrived || this.held) return;
      this.scaling.input.value = dial.scaling;
      this.density.input.value = dial.density;
      this.handOver(dial, tries - 1);
    }, AGAIN * (TRIES + 1 - tries));
  }

  get at() {
    return { scaling: Number(this.scaling.input.value), density: Number(this.density.input.value) };
  }

  take(data) {
    const before = this.data;
    const fresh = !before || before.key !== data.key;
    this.data = data;
    this.decoded = fresh ? new Map() : this.decoded;
    this.size = data.gold.length * data.labels.length;
    this.columns = data.columns.map((column) => {
      const known = this.decoded.get(column.density);
      if (known && known.text === column.text) return known;
      const made = { ...column, logs: decode(column.text, data.scale) };
      this.decoded.set(column.density, made);
      return made;
    });
    for (const [name, dial] of [["scaling", this.scaling], ["density", this.density]]) {
      const { low, high, value, hint, active } = data.dials[name];
      set(dial.input, { min: low, max: high });
      dial.input.disabled = !active;
      dial.label.classList.toggle("off", !active);
      dial.hint.textContent = hint;
      // What Python says counts when it is news; an answer that comes late never turns the dial back.
      if (!this.held && (fresh || value !== before.dials[name].value)) dial.input.value = value;
    }
    this.lead.textContent = data.lead;
    if (fresh) this.first = 0;
    this.draw();
  }

  schedule() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => { this.frame = null; this.move(); });
  }

  // Static parts: curve, band, map, sentences. Needed when data or size change, and when another column is near.
  draw() {
    if (!this.data) return;
    const { gold, labels } = this.data, k = labels.length;
    this.column = nearest(this.columns, this.at.density);
    const [low, high] = this.column ? [this.column.scalings[0], this.column.scalings[this.column.scalings.length - 1]] : [0, 0];
    const steps = this.column && this.column.scalings.length >= ENOUGH ? 60 : 0;
    const line = this.column ? this.curve(this.column, steps) : [];
    this.base = readingAt(this.column, gold, k, 0);
    this.drawF1(line, low, high);
    this.drawPerplexity(line);
    this.drawMap();
    this.drawConfusion();
    this.listSentences();
    this.drawLayers();
    this.move();
  }

  curve(column, steps) {
    if (column.line && column.line.steps === steps) return column.line.points;
    const { gold, labels } = this.data, [low] = column.scalings, high = column.scalings[column.scalings.length - 1];
    const grid = steps ? Array.from({ length: steps + 1 }, (_, i) => low + (i * (high - low)) / steps) : [];
    const places = [...new Set([...grid, ...column.scalings])].sort((a, b) => a - b);
    const points = places.map((x) => ({ x, ...readingAt(column, gold, labels.length, x), mixed: perplexityAt(column, x, 0), mono: perplexityAt(column, x, 1) }))
      .filter((point) => point.f1 !== undefined);
    points.forEach((point) => delete point.logs);
    column.line = { steps, points };
    return points;
  }

  range() {
    return [0, this.data.dials.scaling.high];
  }

  ends() {
    return [[0, "base"], [1, "CPT"]];
  }

  // Everything that moves with the dials.
  move() {
    if (!this.data) return;
    const { scaling, density } = this.at, { gold, labels, exact, cpt } = this.data, k = labels.length;
    if (nearest(this.columns, density) !== this.column) return this.draw();
    const here = exact && Math.abs(exact.scaling - scaling) < SAME && Math.abs(exact.density - density) < 1e-9 ? exact : null;
    const found = readingAt(this.column, gold, k, scaling);
    const beside = this.column && Math.abs(this.column.density - density) > 1e-9;
    this.scaling.output.textContent = scaling.toFixed(3).replace(/0$/, "");
    this.density.output.textContent = density.toFixed(3).replace(/0$/, "");
    const now = here ? { ...found, ...this.asReading(here), exact: true } : found && { ...found, exact: found.exact && !beside };
    this.root.classList.toggle("predicted", Boolean(now) && !now.exact);
    this.updates += 1;
    this.root.dataset.updates = this.updates;
    this.root.dataset.scaling = scaling;
    this.markMap(scaling, density);
    if (!now) {
      this.finding.textContent = "The first scores are on their way.";
      this.trust.textContent = this.data.doing || "";
      return;
    }
    this.root.dataset.f1 = now.f1;
    this.root.dataset.exact = now.exact;
    const error = this.column ? this.column.error : null;
    const off = error && !now.exact ? error.f1 : 0;
    this.markF1(scaling, now.f1, now.exact, now.f1 - off, now.f1 + off);
    const mixed = this.column && perplexityAt(this.column, scaling, 0), mono = this.column && perplexityAt(this.column, scaling, 1);
    const node = Boolean(found && found.exact);
    this.markMixed(scaling, mixed, node);
    this.markMono(scaling, mono, node);
    this.say(now, mixed, mono, error, beside, cpt);
    this.fillConfusion(now);
    this.fillSentences(now.logs);
    for (const bar of this.bars) {
      bar.fill.style.width = `${(100 * bar.kept * scaling) / bar.most}%`;
      bar.told.textContent = `${(100 * bar.kept * scaling).toFixed(2)} %`;
    }
  }

  asReading(exact) {
    if (!exact.logs) exact.logs = decode(exact.text, this.data.scale);
    const logs = Float64Array.from(exact.logs);
    const found = scores(this.data.gold, predictions(logs, this.data.labels.length), this.data.labels.length);
    return { ...found, low: exact.low, high: exact.high, logs };
  }
}

function round(value) {
  return Math.round(value * 1e4) / 1e4;
}

function noteOf(card) {
  const entries = [...card.note.querySelectorAll(".legend > span")];
  return entries.length ? entries.map((entry) => entry.innerText.trim()).join(" · ") : card.note.innerText;
}

// Buttons that keep what a card draws.
function pictures(card, name) {
  const row = element(card.box, "div", { class: "pictures" });
  for (const [kind, keep] of [["PNG", savePng], ["SVG", saveSvg]]) {
    const button = element(row, "button", { type: "button", "aria-label": `Download “${card.box.getAttribute("aria-label")}” as ${kind}` }, kind);
    button.addEventListener("click", () => {
      if (!card.body.hasChildNodes()) return;
      const chart = card.body.querySelector("svg"), drawn = chart || card.body.appendChild(drawnOf(card.body));
      const picture = pictureOf([drawn], card.box.querySelector("h3").textContent, noteOf(card));
      if (!chart) drawn.remove();
      keep(picture, `codemix-${name}`);
    });
  }
}
