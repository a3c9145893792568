// A drawing on the page as a file: SVG as it is drawn, PNG from the same, without server or network.

const LOOKS = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "opacity", "font-family",
  "font-size", "font-weight", "text-anchor", "display", "visibility", "color", "dominant-baseline"];
const MARGIN = 8; // on both sides of what is no chart
const CLEAR = /^(transparent|rgba\(.*, 0\)|color\(srgb .* \/ 0\))$/;

// One SVG with the title above and all looks written into its elements, so that it needs no style sheet.
function pictureOf(layers, title, notes = "") {
  const box = layers[0].getBoundingClientRect(), head = title ? 30 : 0, foot = notes ? 22 : 0;
  const style = getComputedStyle(layers[0]), ground = groundOf(layers[0]);
  const whole = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const width = Math.ceil(box.width), height = Math.ceil(box.height) + head + foot;
  for (const [name, value] of Object.entries({ xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` })) whole.setAttribute(name, value);
  const put = (name, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    whole.appendChild(made);
    return made;
  };
  put("title", {}, title);
  put("rect", { width: "100%", height: "100%", fill: ground });
  const words = { x: 8, fill: style.color, "font-family": "sans-serif" };
  if (head) put("text", { ...words, y: 20, "font-size": Math.min(15, (1.75 * width) / title.length), "font-weight": 600 }, title);
  if (foot) put("text", { ...words, y: height - 8, "font-size": 11 }, notes);
  for (const layer of layers) {
    const inner = put("svg", { x: 0, y: head, width, height: Math.ceil(box.height), viewBox: layer.getAttribute("viewBox") || `0 0 ${width} ${Math.ceil(box.height)}` });
    for (const child of layer.childNodes) inner.appendChild(dressed(child));
  }
  return { text: new XMLSerializer().serializeToString(whole), width, height };
}

function dressed(node) {
  const copy = node.cloneNode(false);
  if (node.nodeType === Node.ELEMENT_NODE) {
    const style = getComputedStyle(node);
    for (const name of LOOKS) {
      const value = style.getPropertyValue(name);
      if (value) copy.style.setProperty(name, value);
    }
    for (const child of node.childNodes) copy.appendChild(dressed(child));
  }
  return copy;
}

// What HTML shows as a drawing: boxes with a ground and text line by line, so that tables and bars can be kept too.
function drawnOf(body) {
  const frame = body.getBoundingClientRect(), made = [];
  for (const one of body.querySelectorAll("*")) {
    const style = getComputedStyle(one), box = one.getBoundingClientRect();
    if (box.width && box.height && !CLEAR.test(style.backgroundColor)) {
      made.push(["rect", { x: MARGIN + box.left - frame.left, y: box.top - frame.top, width: box.width, height: box.height, rx: parseFloat(style.borderTopLeftRadius) || 0,
        style: `fill: ${plainColour(style.backgroundColor)}; opacity: ${style.opacity}` }]);
    }
    for (const text of one.childNodes) {
      if (text.nodeType !== Node.TEXT_NODE) continue;
      for (const line of linesOf(text, box)) {
        made.push(["text", { x: MARGIN + line.left - frame.left, y: line.bottom - frame.top - 0.23 * parseFloat(style.fontSize),
          style: `fill: ${plainColour(style.color)}; font-size: ${style.fontSize}; font-weight: ${style.fontWeight}` }, line.text]);
      }
    }
  }
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of [["width", frame.width + 2 * MARGIN], ["height", frame.height], ["style", "max-width: none"]]) drawn.setAttribute(name, value);
  for (const [name, attributes, text] of made) {
    const part = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
    if (text) part.textContent = text;
    drawn.appendChild(part);
  }
  return drawn;
}

// The lines that a text node takes within `box`; what is cut off there is cut off here.
function linesOf(node, box) {
  const lines = [], range = document.createRange();
  for (const word of node.data.matchAll(/\S+/g)) {
    range.setStart(node, word.index);
    range.setEnd(node, word.index + word[0].length);
    const { left, right, top, bottom } = range.getBoundingClientRect(), last = lines[lines.length - 1];
    if (bottom > box.bottom + 2) break;
    if (last && Math.abs(last.top - top) < 3) Object.assign(last, { left: Math.min(left, last.left), right: Math.max(right, last.right), text: `${last.text} ${word[0]}` });
    else lines.push({ left, right, top, bottom, text: word[0] });
  }
  for (const line of lines) {
    const fits = (box.right - line.left) / (line.right - line.left || 1);
    if (fits < 0.98) line.text = `${line.text.slice(0, Math.max(1, Math.floor(fits * line.text.length) - 1))}…`;
  }
  return lines;
}

// Mixed colours as every reader of SVG knows them.
function plainColour(colour) {
  const mixed = colour.match(/^color\(srgb ([\d.e-]+) ([\d.e-]+) ([\d.e-]+)(?: \/ ([\d.e-]+))?\)$/);
  if (!mixed) return colour;
  const [red, green, blue] = mixed.slice(1, 4).map((part) => Math.round(255 * part));
  return `rgba(${red}, ${green}, ${blue}, ${mixed[4] || 1})`;
}

function groundOf(node) {
  for (let one = node; one; one = one.parentElement || (one.getRootNode() && one.getRootNode().host)) {
    const colour = getComputedStyle(one).backgroundColor;
    if (colour && !CLEAR.test(colour)) return colour;
  }
  return "#fff";
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function saveSvg(picture, name) {
  save(new Blob([picture.text], { type: "image/svg+xml" }), `${name}.svg`);
}

function savePng(picture, name, scale = 2) {
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: scale * picture.width, height: scale * picture.height });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save(blob, `${name}.png`), "image/png");
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(picture.text)}`;
}
