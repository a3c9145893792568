// What the instrument shows: charts drawn anew when data come, and the words and bars that move with the dials.

const WATCHED = 4; // sentences shown at a time
const CELLS = 31; // λ steps of the map

class Views {
  drawF1(line) {
    const values = line.length ? line.flatMap((p) => [p.low, p.high]) : [0, 1];
    const range = [Math.min(...values) - 0.02, Math.max(...values) + 0.02];
    const frame = axes(this.f1.body, this.f1.box.getAttribute("aria-label"), {
      x: this.range(), y: range, tell: (value) => share(value), ends: this.ends(),
      xTitle: "λ, share of the task vector added back", yTitle: "macro-F1 (0–1)",
    });
    if (line.length > 1) {
      const band = [...line.map((p) => [p.x, p.high]), ...line.map((p) => [p.x, p.low]).reverse()];
      element(frame.svg, "path", { class: "band", d: `${path(band, frame)}Z` });
      element(frame.svg, "path", { class: "line f1", d: path(line.map((p) => [p.x, p.f1]), frame) });
    }
    for (const point of line.filter((p) => p.exact)) element(frame.svg, "circle", { class: "node f1", r: 4, cx: frame.x(point.x), cy: frame.y(point.f1) });
    this.markF1 = marker(frame, "f1");
    const peak = line.reduce((best, p) => (!best || p.f1 > best.f1 ? p : best), null);
    this.f1.box.querySelector("h3").textContent = peak
      ? `Dev macro-F1 over λ: highest ${share(peak.f1)} at λ = ${peak.x.toFixed(2)}, ${line.every((p) => p.low <= peak.f1 && p.high >= peak.f1) ? "within the noise everywhere" : "beyond the noise of some λ"}`
      : "Dev macro-F1 over λ";
    this.f1.note.replaceChildren();
    legend(this.f1.note, [["dot", "exact"], ["dashes", "interpolated"], ["shade", "95 % interval"]]);
  }

  drawPerplexity(line) {
    const known = line.filter((p) => p.mixed || p.mono);
    const values = known.flatMap((p) => [p.mixed, p.mono]).filter(Boolean);
    this.perplexity.box.hidden = !values.length && Boolean(this.column && this.column.complete);
    this.markMixed = this.markMono = () => {};
    if (!values.length) return this.perplexity.body.replaceChildren();
    const frame = axes(this.perplexity.body, "Pseudo-perplexity over λ", {
      x: this.range(), y: [Math.min(...values) * 0.9, Math.max(...values) * 1.1], log: true, tell: (value) => value.toLocaleString("en"),
      ends: this.ends(), xTitle: "λ", yTitle: "pseudo-perplexity",
    });
    for (const [name, label] of [["mixed", "code-mixed"], ["mono", "monolingual"]]) {
      const points = known.filter((p) => p[name]).map((p) => [p.x, p[name]]);
      if (points.length > 1) element(frame.svg, "path", { class: `line ${name}`, d: path(points, frame) });
      for (const p of known.filter((one) => one.exact && one[name])) {
        const shape = name === "mixed"
          ? element(frame.svg, "circle", { r: 4, cx: frame.x(p.x), cy: frame.y(p[name]) })
          : element(frame.svg, "rect", { width: 7, height: 7, x: frame.x(p.x) - 3.5, y: frame.y(p[name]) - 3.5 });
        set(shape, { class: `node ${name}`, "aria-label": label });
      }
    }
    this.markMixed = marker(frame, "mixed");
    this.markMono = marker(frame, "mono");
    const lowest = ["mixed", "mono"].map((name) => known.filter((p) => p[name]).reduce((best, p) => (!best || p[name] < best[name] ? p : best), null));
    head(this.perplexity, lowest[0] && lowest[1]
      ? `Perplexity is lowest at λ = ${lowest[0].x.toFixed(2)} for code-mixed, ${lowest[1].x.toFixed(2)} for monolingual text`
      : "Held-out text: gained, forgotten");
    this.perplexity.note.replaceChildren();
    legend(this.perplexity.note, [["dot mixed", "code-mixed"], ["square mono", "monolingual"], ["", "lower is better"]]);
  }

  drawMap() {
    const { dials, gold, labels, wanted } = this.data;
    this.map.box.hidden = !dials.density.active;
    this.markMap = () => {};
    if (!dials.density.active) return;
    const rows = this.columns.filter((column) => column.scalings.length >= ENOUGH);
    const frame = axes(this.map.body, "Macro-F1 over λ and density", {
      x: this.range(), y: [0, 1.03], tell: (value) => share(value), xTitle: "λ", yTitle: "density",
    });
    const cells = rows.map((column) => Array.from({ length: CELLS }, (_, i) => {
      const x = column.scalings[0] + (i / (CELLS - 1)) * (column.scalings[column.scalings.length - 1] - column.scalings[0]);
      if (!column.cells) column.cells = [];
      if (column.cells[i] === undefined) column.cells[i] = readingAt(column, gold, labels.length, x).f1;
      return [x, column.cells[i]];
    }));
    const values = cells.flat().map(([, f1]) => f1), low = Math.min(...values), high = Math.max(...values, low + 0.02);
    const all = [...new Set([...wanted, ...rows.map((column) => column.density)])].sort((a, b) => a - b);
    all.forEach((density, i) => {
      const below = i ? (density + all[i - 1]) / 2 : Math.max(0, density - 0.03), above = i + 1 < all.length ? (density + all[i + 1]) / 2 : density + 0.03;
      const place = rows.findIndex((column) => column.density === density);
      const top = frame.y(above), height = frame.y(below) - top;
      if (place < 0) return element(frame.svg, "rect", { class: "missing", x: frame.x(0), width: frame.x(this.range()[1]) - frame.x(0), y: top + 1, height: Math.max(1, height - 2) });
      const width = (frame.x(this.range()[1]) - frame.x(0)) / CELLS;
      return cells[place].forEach(([, f1], c) => element(frame.svg, "rect", {
        fill: cividis((f1 - low) / (high - low)), x: frame.x(0) + c * width, width: width + 0.5, y: top, height: height + 0.5,
      }));
    });
    const best = cells.flatMap((row, i) => row.map(([x, f1]) => ({ x, f1, density: rows[i].density }))).reduce((top, cell) => (!top || cell.f1 > top.f1 ? cell : top), null);
    head(this.map, best ? `Macro-F1 is highest, ${share(best.f1)}, at λ = ${best.x.toFixed(2)} and density ${share(best.density)}` : "Macro-F1 over λ and density");
    const cross = element(frame.svg, "path", { class: "cross", d: "M-9 0H9M0 -9V9" });
    this.markMap = (x, density) => cross.setAttribute("transform", `translate(${frame.x(x).toFixed(2)} ${frame.y(density).toFixed(2)})`);
    const done = rows.filter((column) => column.complete && wanted.includes(column.density)).length;
    this.map.note.textContent = rows.length
      ? `Dark ${share(low)} to bright ${share(high)}. ${done} of ${wanted.length} densities computed exactly at several λ; between rows nothing is claimed.`
      : "The first density is on its way.";
  }

  drawConfusion() {
    const { labels } = this.data;
    this.confusion.body.replaceChildren();
    const table = element(this.confusion.body, "table");
    const head = element(element(table, "thead"), "tr");
    element(head, "th", { scope: "col" }, "gold ↓ predicted →");
    labels.forEach((label) => element(head, "th", { scope: "col", title: label }, label));
    const body = element(table, "tbody");
    this.counts = labels.map((label) => {
      const row = element(body, "tr");
      element(row, "th", { scope: "row", title: label }, label);
      return labels.map(() => {
        const cell = element(row, "td");
        return { cell, count: element(cell, "b"), share: element(cell, "small") };
      });
    });
  }

  listSentences() {
    const { gold, texts, labels } = this.data, k = labels.length;
    this.sentences.body.replaceChildren();
    this.watched = [];
    if (!this.column || this.column.scalings.length < 2) return;
    if (!this.column.order || this.column.order.nodes !== this.column.scalings.length) {
      const far = logsAt(this.column, this.column.scalings[this.column.scalings.length - 1], this.size), near = logsAt(this.column, this.column.scalings[0], this.size);
      const moved = gold.map((label, i) => Math.abs(probabilitiesOf(far, i, k)[label] - probabilitiesOf(near, i, k)[label]));
      this.column.order = { nodes: this.column.scalings.length, places: gold.map((_, i) => i).sort((a, b) => moved[b] - moved[a]) };
    }
    const count = Math.min(WATCHED, gold.length);
    for (let i = 0; i < count; i++) {
      const place = this.column.order.places[(this.first + i) % gold.length];
      const row = element(this.sentences.body, "div", { class: "sentence" });
      element(row, "p", { dir: "auto" }, texts[place]);
      const bar = element(row, "div", { class: "bar", role: "img" });
      this.watched.push({ place, row, bar, fill: element(bar, "i"), said: element(row, "span") });
    }
    this.sentences.note.textContent = `Bar: probability of the gold label. ${this.first % gold.length + 1}–${Math.min(gold.length, this.first % gold.length + count)} of ${gold.length}, those that move most first.`;
  }

  drawLayers() {
    const { layers } = this.data;
    this.layers.box.hidden = !layers.length;
    this.layers.body.replaceChildren();
    const most = Math.max(...layers.map((row) => row[1] * this.range()[1]), 1e-9);
    this.bars = layers.map(([name, whole, kept]) => {
      const row = element(this.layers.body, "div", { class: "layer" });
      element(row, "span", {}, name);
      const bar = element(row, "div", { class: "bar" });
      element(bar, "u", { style: `left:${(100 * whole) / most}%` });
      return { kept, most, fill: element(bar, "i"), told: element(row, "span", { class: "number" }) };
    });
    const furthest = layers.reduce((top, row) => (!top || row[2] > top[2] ? row : top), null);
    head(this.layers, furthest ? `${furthest[0][0].toUpperCase()}${furthest[0].slice(1)} moves furthest from the base` : "How far each layer moves from the base");
    this.layers.note.textContent = "‖change‖ / ‖base weights‖: bar at the dials, line for the whole task vector at λ = 1.";
  }

  say(now, mixed, mono, error, beside, cpt) {
    const { scaling } = this.at, about = now.exact ? "" : "≈ ", base = this.base ? this.base.f1 : null;
    const others = [["base", base], ["CPT", cpt]].filter(([, f1]) => f1 !== null);
    const named = others.map(([name, f1]) => `${name} ${share(f1)}`).join(", ");
    this.finding.textContent = `On ${this.data.gold.length} dev sentences, λ = ${scaling.toFixed(2)} scores ${about}${share(now.f1)} (${share(now.low)}–${share(now.high)})`
      + (others.length ? `; ${named}: ${verdict(now.f1, now.low, now.high, others)}.` : ".");
    const near = beside ? `Drawn for the nearest computed density, ${share(this.column.density)}. ` : "";
    const bound = error
      ? `At ${error.count} λ it was not shown, a curve of ${error.nodes} points was off by at most ${share(error.f1, 3)} macro-F1, ${(100 * error.agreement).toFixed(1)} % of predictions equal.`
      : "How far off this may be is not checked yet.";
    this.trust.textContent = near + (now.exact ? "Exact: this merge was built and scored." : `Interpolated between exact scores. ${bound}`)
      + (this.data.doing ? ` Now ${this.data.doing}.` : "");
    const start = [0, 1].map((kind) => (this.column ? perplexityAt(this.column, 0, kind) : null));
    const rows = [
      ["Macro-F1 at the dial", about + share(now.f1, 3), base === null ? "" : `${signed(100 * (now.f1 - base))} points to base`],
      ["Macro-F1 of CPT, λ = 1", share(cpt, 3), base === null || cpt === null ? "" : `${signed(100 * (cpt - base))} points to base`],
      ["Code-mixed perplexity", number(mixed), mixed && start[0] ? `${change(mixed / start[0])} than base`.replace("the same than", "the same as") : ""],
      ["Monolingual perplexity", number(mono), mono && start[1] ? `${change(mono / start[1])} than base`.replace("the same than", "the same as") : ""],
    ];
    rows.forEach(([name, value, told], i) => {
      const cell = this.readouts[i];
      cell.name.textContent = name;
      cell.value.textContent = value;
      cell.change.textContent = told;
    });
  }

  fillConfusion(now) {
    now.counts.forEach((row, i) => {
      const sum = Math.max(1, row.reduce((a, b) => a + b, 0));
      row.forEach((count, j) => {
        const { cell, count: told, share: part } = this.counts[i][j];
        told.textContent = count;
        part.textContent = `${Math.round((100 * count) / sum)} %`;
        cell.style.setProperty("--part", `${Math.round((70 * count) / sum)}%`);
      });
    });
    const wrong = now.counts.flatMap((row, i) => row.map((count, j) => ({ count: i === j ? 0 : count, i, j }))).reduce((top, cell) => (cell.count > top.count ? cell : top));
    head(this.confusion, wrong.count ? `At the dial, ${this.data.labels[wrong.i]} is most often taken for ${this.data.labels[wrong.j]}` : "At the dial, no mistakes");
    this.confusion.note.textContent = `F1 by class: ${this.data.labels.map((label, i) => `${label} ${share(now.perClass[i])}`).join(", ")}.`;
  }

  fillSentences(logs) {
    const { gold, labels } = this.data, k = labels.length, watched = this.watched || [];
    let hits = 0;
    for (const { place, row, bar, fill, said } of watched) {
      const found = probabilitiesOf(logs, place, k), best = found.indexOf(Math.max(...found)), right = best === gold[place];
      fill.style.width = `${100 * found[gold[place]]}%`;
      row.classList.toggle("right", right);
      hits += right;
      said.textContent = `${right ? "✓" : "✗"} says ${labels[best]} (${share(found[best])}), gold ${labels[gold[place]]}`;
      bar.setAttribute("aria-label", `probability of ${labels[gold[place]]}: ${share(found[gold[place]])}`);
    }
    head(this.sentences, watched.length ? `At the dial, ${hits} of these ${watched.length} sentences are right` : "Sentences that move most");
  }
}

// The title of a card, written only when it changes.
function head(card, text) {
  const title = card.box.querySelector("h3");
  if (title.textContent !== text) title.textContent = text;
}

function signed(value) {
  return `${value < -0.05 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;
}

function number(value) {
  return value ? value.toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 }) : "–";
}
