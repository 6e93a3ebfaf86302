// One curve as SVG: points with intervals, chance line, fitted curve, onset band, seeds.
const SHAPES = ["circle", "square", "diamond", "triangle", "cross"];

function mark(shape, x, y, r, cls) {
  if (shape === "square") return svg("rect", { class: cls, x: x - r * 0.9, y: y - r * 0.9, width: r * 1.8, height: r * 1.8 });
  if (shape === "diamond") return svg("path", { class: cls, d: `M${x} ${y - r * 1.25}L${x + r * 1.25} ${y}L${x} ${y + r * 1.25}L${x - r * 1.25} ${y}Z` });
  if (shape === "triangle") return svg("path", { class: cls, d: `M${x} ${y - r * 1.2}L${x + r * 1.15} ${y + r * 0.85}L${x - r * 1.15} ${y + r * 0.85}Z` });
  if (shape === "cross") return svg("path", { class: cls, d: `M${x - r} ${y - r}L${x + r} ${y + r}M${x - r} ${y + r}L${x + r} ${y - r}` });
  return svg("circle", { class: cls, cx: x, cy: y, r });
}

// Seeds in ascending order, each with the shape that it keeps through the whole page.
const SEEDS = [...new Set(MODELS.map((m) => m.seed).filter((s) => s !== null))].sort((a, b) => a - b);
const shapeOf = (seed) => SHAPES[Math.max(0, SEEDS.indexOf(seed)) % SHAPES.length];

// Seeds of one scale stand side by side, so that none hides another.
function dodge(points, xs) {
  const byX = new Map();
  for (const p of points) byX.set(p.x, [...(byX.get(p.x) || []), p]);
  return points.map((p) => {
    const group = byX.get(p.x);
    return xs.at(p.x) + (group.length > 1 ? (group.indexOf(p) - (group.length - 1) / 2) * 6 : 0);
  });
}

const pathOf = (xs, ys) => xs.map((x, i) => `${i ? "L" : "M"}${x.toFixed(1)} ${ys[i].toFixed(1)}`).join("");

function fitPaths(v, X, Y, cls, band) {
  if (!v.fit) return [];
  const xs = v.fit.x.map(X.at);
  const out = [];
  if (band && v.fit.low) {
    const area = pathOf(xs, v.fit.high.map(Y.at)) + pathOf([...xs].reverse(), [...v.fit.low].reverse().map(Y.at)).replace("M", "L") + "Z";
    out.push(svg("path", { class: `band ${cls}`, d: area }));
  }
  out.push(svg("path", { class: `fit ${cls}`, d: pathOf(xs, v.fit.y.map(Y.at)) }));
  return out;
}

function frame(X, Y, box, axis, chance) {
  const g = svg("g", { class: "frame" });
  for (const k of Y.ticks) {
    g.append(svg("line", { class: "grid", x1: box.left, x2: box.right, y1: Y.at(k.y), y2: Y.at(k.y) }),
      svg("text", { class: "tick", x: box.left - 8, y: Y.at(k.y) + 4, "text-anchor": "end" }, k.text));
  }
  g.append(svg("line", { class: "base", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }));
  for (const k of X.ticks) {
    g.append(svg("line", { class: "base", x1: X.at(k.x), x2: X.at(k.x), y1: box.bottom, y2: box.bottom + (k.minor ? 3 : 5) }));
    if (k.text) g.append(svg("text", { class: "tick", x: X.at(k.x), y: box.bottom + 19, "text-anchor": "middle" }, k.text));
  }
  g.append(svg("text", { class: "axis-title", x: (box.left + box.right) / 2, y: box.bottom + 40, "text-anchor": "middle" }, t(`axis_title.${axis}`)));
  if (chance !== null && chance > Y.lo - 1e-9) {
    g.append(svg("line", { class: "chance", x1: box.left, x2: box.right, y1: Y.at(chance), y2: Y.at(chance) }));
  }
  return g;
}

function onsetBand(v, X, box) {
  if (!v.onset) return null;
  const [a, b] = [X.at(v.onset.low), X.at(v.onset.high)].sort((p, q) => p - q);
  const [c, d] = [X.at(v.onset.ciLow), X.at(v.onset.ciHigh)].sort((p, q) => p - q);
  return svg("g", { class: "onset" },
    svg("rect", { x: a, y: box.top, width: Math.max(2, b - a), height: box.bottom - box.top }),
    svg("path", { class: "onset-ci", d: `M${c} ${box.top - 9}V${box.top - 3}M${c} ${box.top - 6}H${d}M${d} ${box.top - 9}V${box.top - 3}` }),
    svg("path", { class: "onset-edge", d: `M${a} ${box.top - 6}H${b}` }));
}

function pointMarks(v, points, X, Y, cls) {
  const px = dodge(points, X);
  const dense = points.length > 40;
  const g = svg("g", { class: `points ${cls}${dense ? " dense" : ""}` });
  points.forEach((p, i) => {
    const hollow = p.state === "above" ? "above" : "hollow";
    if (p.low !== null && p.high !== null) g.append(svg("line", { class: "whisker", x1: px[i], x2: px[i], y1: Y.at(p.low), y2: Y.at(p.high) }));
    g.append(mark(shapeOf(p.model.seed), px[i], Y.at(p.y), dense ? 3 : 4.6, `mark ${hollow}`));
  });
  return { g, px };
}

// Other families behind the chosen one: seeds averaged, each named at its end where there is room.
function faintLines(faint, v, X, Y) {
  const axis = v.axis;
  const taken = v.chance === null ? [] : [Y.at(v.chance) - 5];
  return faint.flatMap((f) => {
    const { xs, ys } = meansOf(pointsOf(f).filter((p) => pos(p.x, axis) >= X.lo && pos(p.x, axis) <= X.hi));
    if (!xs.length) return [];
    const y = Y.at(ys[ys.length - 1]) - 4;
    const line = svg("path", { class: "faint", d: pathOf(xs.map(X.at), ys.map(Y.at)) });
    if (taken.some((other) => Math.abs(other - y) < 10)) return [line];
    taken.push(y);
    const name = D.families[f.family].split("/").pop();
    return [line, svg("text", { class: "faint-name", x: X.at(xs[xs.length - 1]), y, "text-anchor": "end" }, name)];
  });
}

// Mean score of each distinct scale.
function meansOf(points) {
  const groups = new Map();
  for (const p of points) groups.set(p.x, [...(groups.get(p.x) || []), p.y]);
  const xs = [...groups.keys()];
  return { xs, ys: xs.map((x) => groups.get(x).reduce((a, b) => a + b, 0) / groups.get(x).length) };
}

// The chart of a verdict `v`; `other` is drawn over it, `faint` behind it.
function curveChart(v, { width, height, other = null, faint = [], label }) {
  const box = { left: 46, right: width - 14, top: 22, bottom: height - 50 };
  const sets = [v, other].filter(Boolean);
  const points = pointsOf(v);
  const allX = sets.flatMap((s) => pointsOf(s).map((p) => p.x));
  const X = xScale(allX, v.axis, box.left, box.right);
  const Y = yScale(v.metric, [...sets, ...faint].flatMap((s) => pointsOf(s).flatMap((p) => [p.y, p.low ?? p.y, p.high ?? p.y])), box.top, box.bottom);
  const root = svg("svg", { class: "curve", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", tabindex: 0, "aria-label": label });
  root.append(...[onsetBand(v, X, box), frame(X, Y, box, v.axis, v.chance)].filter(Boolean));
  root.append(...faintLines(faint, v, X, Y));
  const main = isScratchpad(v.prompt) ? "s2" : "s1";
  const second = main === "s1" ? "s2" : "s1";
  root.append(...fitPaths(v, X, Y, main, true));
  const spots = [];
  const lay = (s, cls) => {
    const ps = pointsOf(s);
    const { g, px } = pointMarks(s, ps, X, Y, cls);
    root.append(g);
    ps.forEach((p, i) => spots.push({ x: px[i], y: Y.at(p.y), p, v: s }));
  };
  if (other) { root.append(...fitPaths(other, X, Y, second, false)); lay(other, second); }
  lay(v, main);
  if (v.chance !== null && points.length) {
    root.append(svg("text", { class: "chance-text", x: box.right, y: Y.at(v.chance) - 5, "text-anchor": "end" }, `${t("ui.chance")} ${levelText(v.chance)}`));
  }
  const halo = svg("circle", { class: "halo", r: 9, cx: -99, cy: -99 });
  root.append(halo);
  explore(root, spots.sort((a, b) => a.x - b.x || a.y - b.y), halo);
  return root;
}

// A small chart of the same curve on another metric: shape only.
function miniChart(v, width, height) {
  const points = pointsOf(v);
  const X = xScale(points.map((p) => p.x), v.axis, 3, width - 3);
  const Y = yScale(v.metric, points.map((p) => p.y), 4, height - 4);
  const root = svg("svg", { class: "mini", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  if (v.chance !== null) root.append(svg("line", { class: "chance", x1: 0, x2: width, y1: Y.at(v.chance), y2: Y.at(v.chance) }));
  root.append(...fitPaths(v, X, Y, isScratchpad(v.prompt) ? "s2" : "s1", false));
  for (const p of points) root.append(svg("circle", { class: `dot ${isScratchpad(v.prompt) ? "s2" : "s1"}`, cx: X.at(p.x), cy: Y.at(p.y), r: points.length > 40 ? 1 : 1.8 }));
  return root;
}
