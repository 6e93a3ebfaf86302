// The table of every verdict, sortable, page by page, and its CSV.
const PAGE = 100;
let tableLimit = PAGE;
const TABLE = { all: false, sort: "", down: false };

const COLUMNS = [
  ["task", (v) => taskTitle(v.task), (v) => v.task],
  ["prompt", (v) => promptName(v.prompt), (v) => v.prompt],
  ["metric", (v) => t(`metric.${v.metric}`), (v) => D.metrics.indexOf(v.metric)],
  ["axis", (v) => t(`axis.${v.axis}`), (v) => D.axes.indexOf(v.axis)],
  ["family", (v) => D.families[v.family], (v) => v.family],
  ["curve", (v) => sparkline(v), null],
  ["label", (v) => chip(v.label, "small"), (v) => ORDER.indexOf(v.label)],
  ["onset", (v) => (v.onset ? spanText(v.onset.low, v.onset.high, v.axis) : "–"), (v) => (v.onset ? pos(v.onset.low, v.axis) : Infinity)],
  ["width", (v) => (v.width ? `${fixed(v.width[0])} [${fixed(v.width[1])}, ${fixed(v.width[2])}]` : "–"), (v) => (v.width ? v.width[0] : Infinity)],
  ["check", (v) => (v.check === "missing" && !v.onset ? "–" : t(`ui.check_${v.check}`)), (v) => v.check],
  ["n", (v) => sizesText(v), null],
  ["chance", (v) => levelText(v.chance), (v) => v.chance ?? Infinity],
];
const NUMERIC = new Set(["onset", "width", "n", "chance"]);

function sizesText(v) {
  const ns = pointsOf(v).map((p) => p.n).filter((n) => n !== null);
  if (!ns.length) return "–";
  const [lo, hi] = extent(ns);
  return lo === hi ? String(lo) : `${lo}–${hi}`;
}

function sparkline(v) {
  const points = pointsOf(v);
  if (points.length < 2) return "–";
  const X = xScale(points.map((p) => p.x), v.axis, 2, 86), Y = yScale(v.metric, points.map((p) => p.y), 3, 19);
  const { xs, ys } = meansOf(points);
  return svg("svg", { class: "spark", viewBox: "0 0 88 22", width: 88, height: 22, "aria-hidden": "true" }, svg("path", { class: `fit ${isScratchpad(v.prompt) ? "s2" : "s1"}`, d: pathOf(xs.map(X.at), ys.map(Y.at)) }));
}

function tableRows() {
  const tasks = new Set(shownTasks());
  const out = VERDICTS.filter((v) => tasks.has(v.task) && (!STATE.labels.size || STATE.labels.has(v.label))
    && (TABLE.all || (v.metric === STATE.metric && v.axis === STATE.axis)));
  const column = COLUMNS.find((c) => c[0] === TABLE.sort);
  if (column) {
    const key = column[2], way = TABLE.down ? -1 : 1;
    out.sort((a, b) => { const x = key(a), y = key(b); return x === y ? a.i - b.i : (x < y ? -1 : 1) * way; });
  }
  return out;
}

function drawTable() {
  const rows = tableRows();
  const families = new Set(rows.map((v) => v.family)).size;
  const columns = COLUMNS.filter(([name]) => (TABLE.all || (name !== "metric" && name !== "axis")) && (name !== "family" || families > 1));
  const head = columns.map(([name, , key]) => el("th", { scope: "col", class: NUMERIC.has(name) ? "num" : "", "aria-sort": TABLE.sort === name ? (TABLE.down ? "descending" : "ascending") : null },
    key ? el("button", { type: "button", onclick: () => { TABLE.down = TABLE.sort === name && !TABLE.down; TABLE.sort = name; drawTable(); } }, t(`ui.col_${name}`), el("span", { "aria-hidden": "true" }, TABLE.sort === name ? (TABLE.down ? " ↓" : " ↑") : "")) : t(`ui.col_${name}`)));
  const body = rows.slice(0, tableLimit).map((v) => el("tr", { class: "link", onclick: () => openVerdict(v) }, columns.map(([name, show], i) => {
    const content = show(v);
    return i ? el("td", { class: NUMERIC.has(name) ? "num" : "" }, content) : el("th", { scope: "row" }, el("a", { href: "#", onclick: (e) => { e.preventDefault(); e.stopPropagation(); openVerdict(v); } }, content));
  })));
  const scope = el("div", { class: "seg", role: "group" }, [false, true].map((all) => el("button", { type: "button", "aria-pressed": String(TABLE.all === all), onclick: () => { TABLE.all = all; tableLimit = PAGE; drawTable(); } }, t(all ? "ui.table_scope_all" : "ui.table_scope_current"))));
  document.getElementById("table-body").replaceChildren(
    el("div", { class: "table-bar" }, scope, el("span", { class: "note" }, t("ui.table_rows", { n: Math.min(tableLimit, rows.length), total: rows.length })), el("button", { type: "button", class: "plain", onclick: () => downloadCsv(rows) }, t("ui.table_csv"))),
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("ui.table_title") }, el("table", { class: "rows" }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, body))),
    ...(rows.length > tableLimit ? [el("button", { type: "button", class: "plain more", onclick: () => { tableLimit += 4 * PAGE; drawTable(); } }, t("ui.table_more"))] : []));
}

function openVerdict(v) {
  STATE.own[v.task] = v.prompt;
  set({ metric: v.metric, axis: v.axis, family: v.family, task: D.tasks[v.task].name }, true);
}

function downloadCsv(rows) {
  const quote = (s) => { const x = String(s ?? ""); const safe = /^[=+@\t\r]|^-(?![\d.])/.test(x) ? `'${x}` : x; return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe; };
  const head = ["family", "task", "prompt", "metric", "axis", "label", "onset_low", "onset_high", "width", "width_low", "width_high", "metric_check", "n", "chance"];
  const lines = rows.map((v) => [D.families[v.family], D.tasks[v.task].name, D.prompts[v.prompt], v.metric, v.axis, v.label, v.onset?.low, v.onset?.high, ...(v.width || ["", "", ""]), v.check, sizesText(v), v.chance].map(quote).join(","));
  const url = URL.createObjectURL(new Blob(["\ufeff", [head.join(","), ...lines].join("\r\n"), "\r\n"], { type: "text/csv" }));
  const a = el("a", { href: url, download: "verdicts.csv" });
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
