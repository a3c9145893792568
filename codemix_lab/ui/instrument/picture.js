// A drawing on the page as a file: SVG as it is drawn, PNG from the same, without server or network.

const LOOKS = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "opacity", "font-family",
  "font-size", "font-weight", "text-anchor", "display", "visibility", "color", "dominant-baseline"];

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

function groundOf(node) {
  for (let one = node; one; one = one.parentElement || (one.getRootNode() && one.getRootNode().host)) {
    const colour = getComputedStyle(one).backgroundColor;
    if (colour && !/^(transparent|rgba\(.*, 0\))$/.test(colour)) return colour;
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
