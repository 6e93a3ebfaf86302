// The ladder: loss against compute, run by run, and every model with its scale.
let allModels = false;

const runOf = (m) => `${m.family}|${m.size}|${m.seed}`;

function ladderChart(width) {
  const models = MODELS.filter((m) => m.listed && m.flops && m.loss !== null);
  if (models.length < 2) return null;
  const height = 280, box = { left: 46, right: width - 14, top: 12, bottom: height - 50 };
  const X = xScale(models.map((m) => m.flops), "flops", box.left, box.right);
  const [lo, hi] = extent(models.map((m) => m.loss)), step = niceStep((hi - lo) / 4);
  const Y = { at: (y) => box.bottom - ((y - lo + (hi - lo) * 0.05) / ((hi - lo) * 1.1)) * (box.bottom - box.top), lo, hi, ticks: [] };
  for (let k = Math.ceil(lo / step); k * step <= hi; k++) Y.ticks.push({ y: k * step, text: Number((k * step).toPrecision(4)).toString() });
  const root = svg("svg", { class: "curve", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", tabindex: 0, "aria-label": t("ui.models_note") }, frame(X, Y, box, "flops", null));
  const runs = new Map();
  for (const m of models) runs.set(runOf(m), [...(runs.get(runOf(m)) || []), m]);
  const spots = [];
  const sizes = [...new Set(models.map((m) => m.params))].sort((a, b) => a - b);
  for (const run of runs.values()) {
    run.sort((a, b) => a.flops - b.flops);
    const shade = `${(25 + (75 * sizes.indexOf(run[0].params)) / Math.max(1, sizes.length - 1)).toFixed(0)}%`;
    root.append(svg("path", { class: "run", style: { "--shade": shade }, d: pathOf(run.map((m) => X.at(m.flops)), run.map((m) => Y.at(m.loss))) }));
    for (const m of run) {
      const spot = mark(shapeOf(m.seed), X.at(m.flops), Y.at(m.loss), m.final ? 4 : 2.4, "run-mark");
      spot.style.setProperty("--shade", shade);
      root.append(spot);
      spots.push({ x: X.at(m.flops), y: Y.at(m.loss), m });
    }
  }
  const halo = svg("circle", { class: "halo", r: 9, cx: -99, cy: -99 });
  root.append(halo);
  explore(root, spots.sort((a, b) => a.x - b.x), halo);
  return root;
}

function modelLines(m) {
  return [m.id, `N = ${human(m.params)} · D = ${human(m.tokens)}`, `C = ${m.flops ? sci(m.flops) : "–"} FLOPs · ${t("ui.col_loss")} ${m.loss === null ? "–" : m.loss.toFixed(3)}`];
}

function drawModels() {
  const rows = MODELS.filter((m) => m.listed && (allModels || m.final));
  const columns = [["model", (m) => m.id], ["size", (m) => m.size ?? "–"], ["seed", (m) => m.seed ?? "–", 1], ["params", (m) => human(m.params), 1], ["total", (m) => human(m.total), 1], ["tokens", (m) => human(m.tokens), 1],
    ["flops", (m) => (m.flops ? sci(m.flops, 3) : "–"), 1], ["flops6", (m) => (m.flops6 ? sci(m.flops6, 3) : "–"), 1], ["loss", (m) => (m.loss === null ? "–" : m.loss.toFixed(3)), 1], ["step", (m) => (m.step === null ? "–" : m.step.toLocaleString("en")), 1], ["final", (m) => t(m.final ? "ui.yes" : "ui.no")]];
  const place = document.getElementById("models-body");
  document.getElementById("models").hidden = D.listed === 0;
  const chartBox = el("div", { class: "ladder-chart" });
  const scope = el("div", { class: "seg", role: "group" }, [false, true].map((all) => el("button", { type: "button", "aria-pressed": String(allModels === all), onclick: () => { allModels = all; drawModels(); } }, t(all ? "ui.models_all" : "ui.models_final"))));
  place.replaceChildren(el("p", { class: "note" }, t("ui.models_note")), chartBox, el("div", { class: "table-bar" }, scope, el("span", { class: "note" }, t("ui.table_rows", { n: rows.length, total: D.listed }))),
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("ui.models_title") }, el("table", { class: "rows" },
      el("thead", {}, el("tr", {}, columns.map(([name, , isNum]) => el("th", { scope: "col", class: isNum ? "num" : "" }, t(`ui.col_${name}`))))),
      el("tbody", {}, rows.map((m) => el("tr", {}, columns.map(([, show, isNum], i) => el(i ? "td" : "th", { scope: i ? null : "row", class: isNum ? "num" : "" }, show(m)))))))));
  const chart = ladderChart(Math.max(300, Math.min(820, chartBox.clientWidth || 700)));
  if (chart) chartBox.append(chart);
}
