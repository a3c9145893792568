// Two buttons beside a chart of Plotly: what it draws, as SVG and as PNG.

export default function mount({ data, parentElement }) {
  let row = parentElement.querySelector(".pictures");
  if (row) return;
  row = document.createElement("div");
  row.className = "pictures";
  for (const [kind, keep] of [["PNG", savePng], ["SVG", saveSvg]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = kind;
    button.title = `Download this chart as ${kind}`;
    button.setAttribute("aria-label", button.title);
    button.addEventListener("click", () => {
      const plot = document.querySelector(`.st-key-chart-${CSS.escape(row.dataset.chart)} .js-plotly-plot`);
      if (plot) keep(pictureOf([...plot.querySelectorAll(".main-svg")], ""), `codemix-${row.dataset.chart}`);
    });
    row.appendChild(button);
  }
  row.dataset.chart = data.chart;
  parentElement.appendChild(row);
}
