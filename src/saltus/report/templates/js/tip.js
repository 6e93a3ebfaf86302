// One tooltip for the page, and the walk along a chart's points by pointer or arrow keys.
const tip = el("div", { class: "tip", role: "status", "aria-live": "polite", hidden: true });

function showTip(lines, x, y) {
  tip.replaceChildren(...lines.map((l, i) => el(i ? "div" : "strong", {}, l)));
  tip.hidden = false;
  const w = tip.offsetWidth, h = tip.offsetHeight;
  const left = Math.min(Math.max(6, x - w / 2), document.documentElement.clientWidth - w - 6);
  const top = y - h - 14 > 0 ? y - h - 14 : y + 18;
  tip.style.left = `${left}px`;
  tip.style.top = `${top}px`;
}
const hideTip = () => { tip.hidden = true; };

function pointLines(v, p) {
  const m = p.model;
  const lines = [m.id];
  lines.push(`${scoreText(p.y, v.metric)}  [${scoreText(p.low, v.metric)}, ${scoreText(p.high, v.metric)}]  n = ${p.n === null ? "–" : p.n}`);
  lines.push(`${promptName(v.prompt)} · ${t(`metric.${v.metric}`)}`);
  lines.push(`${t(`axis_unit.${v.axis}`, { x: scaleText(p.x, v.axis) })}${m.seed === null ? "" : ` · ${t("ui.seed")} ${m.seed}`}`);
  lines.push(v.chance !== null ? `${t(`state.${p.state}`)} (${levelText(v.chance)})` : t(p.state === "above" ? "ui.point_up" : "ui.point_level"));
  return lines;
}

// spots: {x, y} in the drawing's units, with {v, p} of a curve or {m} of a model.
function explore(root, spots, halo) {
  let at = -1;
  const go = (i) => {
    if (!spots.length) return;
    at = Math.min(Math.max(i, 0), spots.length - 1);
    const s = spots[at], r = root.getBoundingClientRect(), k = r.width / root.viewBox.baseVal.width;
    halo.setAttribute("cx", s.x);
    halo.setAttribute("cy", s.y);
    showTip(s.m ? modelLines(s.m) : pointLines(s.v, s.p), r.left + s.x * k, r.top + s.y * k);
  };
  const leave = () => { halo.setAttribute("cx", -99); hideTip(); };
  root.addEventListener("pointermove", (e) => {
    const r = root.getBoundingClientRect(), k = root.viewBox.baseVal.width / r.width;
    const x = (e.clientX - r.left) * k, y = (e.clientY - r.top) * k;
    let best = -1, near = 28 ** 2;
    spots.forEach((s, i) => { const d = (s.x - x) ** 2 + (s.y - y) ** 2; if (d < near) { near = d; best = i; } });
    if (best >= 0) go(best); else leave();
  });
  root.addEventListener("pointerleave", leave);
  root.addEventListener("blur", leave);
  root.addEventListener("keydown", (e) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (step) { e.preventDefault(); go(at + step); }
    if (e.key === "Home") { e.preventDefault(); go(0); }
    if (e.key === "End") { e.preventDefault(); go(spots.length - 1); }
    if (e.key === "Escape") leave();
  });
}
