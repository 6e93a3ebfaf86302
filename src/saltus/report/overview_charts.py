"""Altair charts of the whole study: scores by scale, and where abilities appear."""

from __future__ import annotations

from typing import Any

from saltus.errors import DataError
from saltus.report import facts
from saltus.report.chart_parts import (
    INKS,
    Theme,
    altair_module,
    dress,
    inline,
    row_name,
    tick_text,
    x_axis,
)
from saltus.report.findings import Findings
from saltus.report.phrase import Lang, code, say, strings
from saltus.scale import Axis


def heat_map(
    findings: Findings,
    *,
    prompt: str | None = None,
    axis: Axis | None = None,
    lang: Lang = "en",
    theme: Theme = "light",
    cell: int = 34,
) -> Any:
    """Tasks × scale: the share of the way from chance to perfect, seeds averaged.

    Args:
        findings: What was found.
        prompt: Only curves of this prompt; every one when None, a row each.
        axis: Along which axis; `facts.default_axis` when None.
        lang: Language of titles.
        theme: Colours.
        cell: Width of a cell, pixels.

    Returns:
        An ``altair.LayerChart``; a scale that was not measured stays empty.

    Raises:
        MissingExtra: Altair is not installed.
    """
    alt = altair_module()
    ink = INKS[theme]
    along = axis or facts.default_axis(findings)
    rows: list[dict[str, Any]] = []
    for v in facts.headlines(findings, along):
        if prompt is not None and v.prompt != prompt:
            continue
        for x, points in facts.points_by_x(v).items():
            score = sum(p.y for p in points) / len(points)
            chance = v.presence.chance or 0.0
            rows.append(
                {
                    "row": row_name(findings, v, lang, alone=prompt is not None),
                    "x": x,
                    "score": score,
                    "share": min(1.0, max(0.0, (score - chance) / (1.0 - chance))),
                    "models": len(points),
                }
            )
    order = list(dict.fromkeys(r["row"] for r in rows))
    wide = len({r["x"] for r in rows})
    base = alt.Chart(inline(alt, rows)).encode(
        x=alt.X(
            "x:O",
            title=strings(lang)[f"axis_title.{along}"],
            sort="descending" if along == "loss" else "ascending",
            axis=alt.Axis(labelAngle=0, orient="top", labelExpr=tick_text(along), domain=False),
        ),
        y=alt.Y("row:N", sort=order, title=None, axis=alt.Axis(domain=False, ticks=False)),
        tooltip=["row:N", alt.Tooltip("score:Q", format=".3f"), "models:Q"],
    )
    heat = base.mark_rect(stroke=ink["paper"], strokeWidth=2, cornerRadius=3).encode(
        color=alt.Color(
            "share:Q",
            title=None,
            scale=alt.Scale(domain=[0, 1], range=[ink["low"], ink["high"]], interpolate="lab"),
            legend=None,
        )
    )
    text = base.mark_text(fontSize=10).encode(
        text=alt.Text("score:Q", format=".2f"),
        color=alt.condition("datum.share > 0.5", alt.value(ink["paper"]), alt.value(ink["ink"])),
    )
    size = {"width": cell * max(1, wide), "height": 24 * max(1, len(order))}
    return dress((heat + text).properties(**size, title=strings(lang)["ui.heat_title"]), ink, lang)


def onset_timeline(
    findings: Findings,
    *,
    axis: Axis | None = None,
    lang: Lang = "en",
    theme: Theme = "light",
    width: int = 420,
) -> Any:
    """Where abilities appear: the onset of every leap as a bar, its 95 % interval as a line.

    Args:
        findings: What was found.
        axis: Along which axis; `facts.default_axis` when None.
        lang: Language of titles.
        theme: Colours.
        width: Of the plotting area, pixels.

    Returns:
        An ``altair.LayerChart``, earliest onset first; curves without an onset are left out.

    Raises:
        MissingExtra: Altair is not installed.
        DataError: No curve has an onset.
    """
    alt = altair_module()
    ink = INKS[theme]
    along = axis or facts.default_axis(findings)
    rows: list[dict[str, Any]] = []
    for v in facts.headlines(findings, along):
        if v.onset is None:
            continue
        least, most = min(p.x for p in v.points), max(p.x for p in v.points)
        rows.append(
            {
                "row": row_name(findings, v, lang, alone=False),
                "label": say(code("label", v.label), lang),
                "tone": ink.get(v.label, ink["other"]),
                "low": v.onset.low,
                "high": v.onset.high,
                "ci_low": min(max(v.onset.ci_low, least), most),
                "ci_high": min(max(v.onset.ci_high, least), most),
            }
        )
    if not rows:
        raise DataError("no curve has an onset", hint="the heat map shows every curve")
    rows.sort(key=lambda r: (-r["low"] if along == "loss" else r["low"], r["high"]))
    tones = {r["label"]: r["tone"] for r in rows}
    base = alt.Chart(inline(alt, rows)).encode(
        y=alt.Y("row:N", sort=[r["row"] for r in rows], title=None, axis=alt.Axis(domain=False)),
        color=alt.Color(
            "label:N",
            title=None,
            scale=alt.Scale(domain=list(tones), range=list(tones.values())),
            legend=alt.Legend(orient="top"),
        ),
    )
    ends = [r[k] for r in rows for k in ("low", "high", "ci_low", "ci_high")]
    thin = base.mark_rule(strokeWidth=1.5).encode(
        x=x_axis(alt, along, lang, ends, "ci_low"), x2="ci_high:Q"
    )
    thick = base.mark_bar(height=11).encode(x=x_axis(alt, along, lang, ends, "low"), x2="high:Q")
    size = {"width": width, "height": 24 * len(rows)}
    return dress((thin + thick).properties(**size, title=strings(lang)["ui.time_title"]), ink, lang)
