// Charts of the instrument: drawn once for what is known, with markers that move by themselves.

const SVG = "http://www.w3.org/2000/svg";
const CIVIDIS = [[0, 34, 78], [54, 72, 107], [124, 123, 120], [190, 175, 110], [254, 232, 56]];

// A new element; text is always text, never markup.
function element(parent, tag, attributes = {}, text = null) {
  const svg = parent.namespaceURI === SVG || tag === "svg";
  const made = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  set(made, attributes);
  if (text !== null) made.textContent = text;
  parent.appendChild(made);
  return made;
}

function set(one, attributes) {
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
  return one;
}

function figure(parent, name, title) {
  const box = element(parent, "section", { class: `card ${name}`, "aria-label": title });
  element(box, "h3", {}, title);
  const body = element(box, "div", { class: "body" });
  const note = element(box, "p", { class: "note" });
  return { box, body, note };
}

// Empty axes over λ: scales, ticks, titles, and a layer for what is drawn.
function axes(body, title, options) {
  body.replaceChildren();
  const width = Math.max(260, body.clientWidth || 520), height = options.height || 230;
  const pad = { left: 48, right: 10, top: 10, bottom: 38 };
  const svg = element(body, "svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title });
  const x = (value) => pad.left + ((value - options.x[0]) / (options.x[1] - options.x[0])) * (width - pad.left - pad.right);
  const bend = options.log ? Math.log : (value) => value;
  const [low, high] = options.y.map(bend);
  const y = (value) => height - pad.bottom - ((bend(value) - low) / (high - low || 1)) * (height - pad.top - pad.bottom);
  for (let tick = 0; tick <= options.x[1] + 1e-9; tick += 0.25) {
    if (tick < options.x[0] - 1e-9) continue;
    element(svg, "line", { class: "tick", x1: x(tick), x2: x(tick), y1: pad.top, y2: height - pad.bottom });
    element(svg, "text", { x: x(tick), y: height - pad.bottom + 14, "text-anchor": "middle" }, String(tick));
  }
  for (const tick of ticks(options.y, options.log)) {
    element(svg, "line", { class: "tick", x1: pad.left, x2: width - pad.right, y1: y(tick), y2: y(tick) });
    element(svg, "text", { x: pad.left - 5, y: y(tick) + 4, "text-anchor": "end" }, options.tell(tick));
  }
  element(svg, "text", { class: "axis", x: (pad.left + width - pad.right) / 2, y: height - 4, "text-anchor": "middle" }, options.xTitle);
  element(svg, "text", {
    class: "axis", transform: `translate(11 ${(pad.top + height - pad.bottom) / 2}) rotate(-90)`, "text-anchor": "middle",
  }, options.yTitle);
  const ends = options.ends || [];
  for (const [place, name] of ends) {
    element(svg, "line", { class: `end ${name.toLowerCase()}`, x1: x(place), x2: x(place), y1: pad.top, y2: height - pad.bottom });
    element(svg, "text", { class: "end", x: x(place) + 4, y: height - pad.bottom - 5 }, name);
  }
  return { svg, x, y, top: pad.top, bottom: height - pad.bottom };
}

function ticks([low, high], log) {
  const found = [];
  if (log) {
    for (let power = 10 ** Math.floor(Math.log10(low)); power <= high; power *= 10) {
      for (const step of [1, 2, 5]) if (power * step >= low && power * step <= high) found.push(power * step);
    }
    return found.length > 1 ? found : [low, high].map((value) => Number(value.toPrecision(2)));
  }
  const raw = (high - low) / 4, scale = 10 ** Math.floor(Math.log10(raw || 1));
  const step = [1, 2, 2.5, 5, 10].map((f) => f * scale).find((s) => s >= raw) || raw;
  for (let tick = Math.ceil(low / step - 1e-9) * step; tick <= high + 1e-9; tick += step) found.push(tick);
  return found;
}

function path(points, frame) {
  return points.map(([a, b], i) => `${i ? "L" : "M"}${frame.x(a).toFixed(1)} ${frame.y(b).toFixed(1)}`).join("");
}

// A diamond on a vertical hair, filled where exact and hollow where interpolated, with its error as a bar.
function marker(frame, kind) {
  const group = element(frame.svg, "g", { class: `marker ${kind}` });
  const hair = element(group, "line", { class: "hair", y1: frame.top, y2: frame.bottom, x1: 0, x2: 0 });
  const bar = element(group, "line", { class: "error", x1: 0, x2: 0 });
  const shape = element(group, "path", { d: "M0 -7L7 0L0 7L-7 0Z" });
  return (scaling, value, exact, low, high) => {
    const shown = value !== null && value !== undefined;
    group.style.display = shown ? "" : "none";
    if (!shown) return;
    group.setAttribute("transform", `translate(${frame.x(scaling).toFixed(2)} 0)`);
    shape.setAttribute("transform", `translate(0 ${frame.y(value).toFixed(2)})`);
    group.classList.toggle("exact", exact);
    if (low !== undefined) set(bar, { y1: frame.y(low).toFixed(2), y2: frame.y(high).toFixed(2) });
    hair.style.display = "";
  };
}

function cividis(part) {
  const place = Math.min(0.9999, Math.max(0, part)) * (CIVIDIS.length - 1), i = Math.floor(place), rest = place - i;
  return `rgb(${CIVIDIS[i].map((from, c) => Math.round(from + rest * (CIVIDIS[i + 1][c] - from))).join(",")})`;
}

function legend(parent, entries) {
  const line = element(parent, "p", { class: "legend" });
  for (const [kind, name] of entries) {
    const entry = element(line, "span");
    element(entry, "i", { class: kind });
    element(entry, "span", {}, name);
  }
}
