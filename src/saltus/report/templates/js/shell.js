// The page around the charts: opening, filters, controls, method, run sheet.
const byId = (id) => document.getElementById(id);

function drawTop() {
  const langs = [["en", "English"], ["zh", "中文"]];
  const themes = ["auto", "light", "dark"];
  byId("top").replaceChildren(
    el("a", { class: "brand", href: "#findings", onclick: jump("findings") }, t("ui.brand")),
    el("nav", { "aria-label": t("ui.brand") }, ["findings", "overview", "tasks", "table", "power", "data-notes", "models", "method"].filter((s) => (s !== "models" || D.listed) && (s !== "power" || D.power.rows.length) && (s !== "data-notes" || D.notes.length)).map((s) => el("a", { href: `#${s}`, onclick: jump(s) }, t(s === "power" ? "power.nav" : s === "data-notes" ? "data_ui.title" : `ui.nav_${s}`)))),
    el("div", { class: "switches" },
      el("div", { class: "seg small", role: "group", "aria-label": t("ui.language") }, langs.map(([code, name]) => el("button", { type: "button", lang: code, "data-lang": code, "aria-pressed": String(STATE.lang === code), onclick: () => set({ lang: code }) }, name))),
      el("div", { class: "seg small", role: "group", "aria-label": t("ui.theme") }, themes.map((k) => el("button", { type: "button", "data-theme-choice": k, "aria-pressed": String(STATE.theme === k), title: t(`ui.theme_${k}`), "aria-label": t(`ui.theme_${k}`), onclick: () => set({ theme: k }) }, themeSign(k))))));
}
function themeSign(k) {
  const d = { auto: "M8 2A6 6 0 1 1 8 14ZM8 2A6 6 0 0 0 8 14", light: "M8 5A3 3 0 1 1 8 11A3 3 0 1 1 8 5M8 1V2.5M8 13.5V15M1 8H2.5M13.5 8H15M3 3L4 4M12 12L13 13M13 3L12 4M4 12L3 13", dark: "M13 10A6 6 0 0 1 6 3A6 6 0 1 0 13 10Z" };
  return svg("svg", { class: `sign ${k === "auto" ? "half" : ""}`, viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: d[k] }));
}
const jump = (id) => (e) => {
  e.preventDefault();
  byId(id).scrollIntoView({ behavior: "smooth" });
  byId(id).focus({ preventScroll: true });
};

// The sentences of the opening, each under the name of what it is about.
function drawFindings() {
  const groups = [];
  for (const index of D.opening) {
    const name = keyOf(index).split(".")[1];
    if (`find.${name}` in D.strings.en || !groups.length || (groups[0].name === "scope" && name === "judged")) {
      if (name === "judged") groups[0].say.push(index); else groups.push({ name, say: [index] });
    } else groups[groups.length - 1].say.push(index);
  }
  const lead = groups.filter((g) => !(`find.${g.name}` in D.strings.en));
  const rest = groups.filter((g) => `find.${g.name}` in D.strings.en);
  const tasks = D.tasks.filter((_, i) => promptsOf[i].size).length;
  const facts = [[tasks, "n_tasks"], [new Set(MODELS.filter((m) => m.listed).map((m) => m.params)).size, "n_sizes"], [D.listed, "n_models"], [D.study.items, "n_items"], [VERDICTS.length, "n_verdicts"]];
  byId("findings").replaceChildren(
    el("p", { class: "eyebrow" }, D.study.name, D.study.created ? el("time", { datetime: D.study.created }, D.study.created.slice(0, 10)) : null),
    el("h1", {}, say(D.title)),
    ...lead.map((g) => el("p", { class: "lead" }, sayAll(g.say))),
    el("ul", { class: "facts" }, facts.filter(([n]) => n).map(([n, k]) => el("li", {}, el("b", {}, n.toLocaleString("en")), el("span", {}, t(`ui.${k}${n === 1 ? "_one" : ""}`))))),
    el("dl", { class: "finds" }, rest.map((g) => el("div", { class: `find find-${g.name}` }, el("dt", {}, t(`find.${g.name}`)), el("dd", {}, g.say.map(listed))))));
}

// A sentence with an enumeration, its entries one below the other.
function listed(index) {
  const p = D.phrases[index];
  const [key, names] = D.keys[p[0]];
  const at = names.indexOf("list");
  const [before, after] = raw(key).split("{list}");
  if (at < 0 || after === undefined || p[at + 1][0] !== -1) return el("p", {}, say(index));
  const args = Object.fromEntries(names.map((n, i) => [n, n === "list" ? "" : build(p[i + 1])]));
  // A line may break between entries, not inside an interval.
  const spaced = (s) => (STATE.lang === "zh" ? tidy(s) : s).replace(/(\w)–(?=\w)/g, "$1\u2060–\u2060");
  const entry = (e) => (D.keys[e[0]][0] === "open.item_prompts" ? el("li", {}, el("span", {}, spaced(build(e[2]))), el("span", {}, spaced(build(e[1])))) : el("li", {}, spaced(build(e))));
  const tail = fill(after, args).replace(/^[.\u3002]\s*/, "").trim();
  return [el("p", {}, spaced(fill(before, args)).trim()), el("ul", {}, p[at + 1].slice(1).map(entry)), tail ? el("p", {}, spaced(tail)) : null];
}

function field(key, value, options, change) {
  return el("label", { class: "field" }, el("span", {}, t(`ui.${key}`)),
    el("select", { "data-field": key, onchange: (e) => change(e.target.value) }, options.map(([v, text]) => el("option", { value: v, selected: String(v) === String(value) }, text))));
}

function drawControls() {
  const families = [...new Set(VERDICTS.filter((v) => v.axis === STATE.axis).map((v) => v.family))];
  const chosen = families.includes(STATE.family) ? STATE.family : (VERDICTS.filter((v) => v.axis === STATE.axis).reduce((a, b) => (a && familySize(a) >= familySize(b) ? a : b), null) || {}).family;
  byId("controls").replaceChildren(
    field("metric", STATE.metric, D.metrics.map((m) => [m, t(`metric.${m}`)]), (metric) => set({ metric })),
    field("axis", STATE.axis, D.axes.map((a) => [a, t(`axis.${a}`)]), (axis) => set({ axis, family: "" })),
    field("prompt", STATE.prompt, [["", t("ui.any_prompt")], ["all", t("ui.all")], ...D.prompts.map((_, i) => [String(i), promptName(i)])], (prompt) => { STATE.own = {}; STATE.versus = {}; set({ prompt }); }),
    ...(families.length > 1 ? [field("family", chosen, families.map((f) => [f, D.families[f]]), (f) => set({ family: Number(f) }))] : []));
}

function drawFilters() {
  const counts = new Map();
  D.tasks.forEach((_, i) => { if (wantedWithoutLabels(i)) for (const l of new Set(labelsOf(i))) counts.set(l, (counts.get(l) || 0) + 1); });
  for (const l of STATE.labels) if (!counts.has(l)) counts.set(l, 0);
  const abilities = [...new Set(D.tasks.map((k) => k.ability).filter(Boolean))];
  const toggles = ORDER.filter((l) => counts.has(l)).map((l) => el("button", {
    type: "button", class: `chip ${tone(l)}`, "data-label": l, "aria-pressed": String(STATE.labels.has(l)), title: t(`label_long.${l}`),
    onclick: () => { const labels = new Set(STATE.labels); if (!labels.delete(l)) labels.add(l); set({ labels }); },
  }, sign(l), el("span", {}, t(`label.${l}`)), el("i", {}, counts.get(l))));
  const busy = STATE.labels.size || STATE.ability || STATE.query;
  const search = el("input", { type: "search", placeholder: t("ui.search"), "aria-label": t("ui.search"), value: STATE.query, oninput: (e) => { STATE.query = e.target.value; later(); } });
  const total = D.tasks.filter((_, i) => promptsOf[i].size).length;
  byId("filters").replaceChildren(
    el("div", { class: "chips", role: "group", "aria-label": t("ui.label") }, toggles),
    el("div", { class: "filter-fields" }, abilities.length > 1 ? field("ability", STATE.ability, [["", t("ui.all")], ...abilities.map((a) => [a, abilityName(a)])], (ability) => set({ ability })) : null, search,
      el("span", { class: "note", "aria-live": "polite" }, t("ui.shown", { n: shownTasks().length, total })), busy ? el("button", { type: "button", class: "plain", onclick: () => set({ labels: new Set(), ability: "", query: "" }) }, t("ui.clear")) : null));
}
function wantedWithoutLabels(task) {
  const labels = STATE.labels;
  STATE.labels = new Set();
  const out = promptsOf[task].size > 0 && wanted(task, []);
  STATE.labels = labels;
  return out;
}
let timer = 0;
function later() {
  clearTimeout(timer);
  timer = setTimeout(() => { drawOverview(); drawPanels(); drawTable(); byId("filters").querySelector(".note").textContent = t("ui.shown", { n: shownTasks().length, total: D.tasks.filter((_, i) => promptsOf[i].size).length }); }, 150);
}

function glossary(key, group, codes, show) {
  const known = codes.filter((c) => `${group}.${c}` in D.strings.en);
  if (!known.length) return null;
  return el("details", { open: group === "label_long" }, el("summary", {}, t(`ui.${key}`)), el("dl", { class: "glossary" }, known.map((c) => el("div", {}, el("dt", {}, show(c)), el("dd", {}, t(`${group}.${c}`))))));
}

function drawMethod() {
  const codes = (group) => Object.keys(D.strings.en).filter((k) => k.startsWith(`${group}.`)).map((k) => k.slice(group.length + 1));
  const text = ["points", "onset", "metric", "undecided"].map((k) => el("p", {}, t(`ui.method_${k}`)));
  byId("method-body").replaceChildren(
    el("div", { class: "prose" }, D.criterion.length ? el("p", {}, t("ui.method_criterion", { version: D.criterion.join(", ") })) : null, text),
    el("div", { class: "glossaries" }, ...[
      glossary("glossary_labels", "label_long", ORDER, (c) => chip(c, "small")),
      glossary("glossary_metrics", "metric_long", D.metrics, (c) => t(`metric.${c}`)),
      glossary("glossary_reasons", "reason", codes("reason"), (c) => el("code", {}, c)),
      glossary("glossary_guards", "guard", codes("guard"), (c) => el("code", {}, c))].filter(Boolean)));
  const sheet = { [t("ui.sheet_name")]: D.study.name, [t("ui.sheet_created")]: D.study.created, [t("ui.sheet_items")]: D.study.items, [t("ui.sheet_seed")]: D.study.seed };
  const said = new Set(["study", "items", "seed"]);
  const more = Object.entries(D.study.sheet || {}).filter(([k]) => !said.has(k)).map(([k, v]) => [`sheet.${k}` in D.strings.en ? t(`sheet.${k}`) : k, v]);
  const rows = [...Object.entries(sheet), ...more].filter(([, v]) => v !== null && v !== undefined && v !== "");
  byId("sheet").replaceChildren(el("h2", {}, t("ui.sheet_title")), el("dl", {}, rows.map(([k, v]) => el("div", {}, el("dt", {}, k), el("dd", {}, typeof v === "object" ? JSON.stringify(v) : String(v))))), el("p", { class: "tagline" }, t("ui.tagline")));
}
