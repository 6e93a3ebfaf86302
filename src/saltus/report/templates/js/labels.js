// A label is never colour alone: it has a sign and a word.
const SIGNS = {
  emergent: "M1 12H7V3H15", "metric-induced": "M1 12H7V3H15M2 14L14 1", smooth: "M1 12L15 3",
  flat: "M1 8H15", saturated: "M1 4H15M1 2H15", inverse: "M1 3L15 12",
  "u-shaped": "M2 3C2 15 14 15 14 3", "inverted-u": "M2 12C2 0 14 0 14 12",
  noisy: "M1 9L4 3L7 13L10 4L13 11L15 6", "resolution-limited": "M1 12H5M6.5 9.5H9.5M11 4H15",
  "grid-limited": "M2 12V9M14 3V6M2 12H4M12 3H14", undecided: "M5 5C5 1 11 1 11 5C11 8 8 7 8 10M8 13V13.5",
};
const ORDER = Object.keys(SIGNS);
const tone = (label) => `tone-${label}`;

const sign = (label) => svg("svg", { class: "sign", viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: SIGNS[label] || SIGNS.undecided }));
const chip = (label, extra) => el("span", { class: `chip ${tone(label)} ${extra || ""}`, title: t(`label_long.${label}`) }, sign(label), el("span", {}, t(`label.${label}`)));
