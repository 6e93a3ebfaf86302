"""Findings as flat rows: what CSV files and data frames are made of."""

from __future__ import annotations

from typing import Any

from saltus.report.facts import sample_sizes
from saltus.report.findings import Findings
from saltus.verdict.result import Estimate, Verdict, plain


def verdict_rows(findings: Findings) -> list[dict[str, Any]]:
    """One flat row per verdict; unknown is None, an open end of an interval ``"inf"``.

    Returns:
        Rows with the same keys in the same order, ready for ``csv.DictWriter``.

    Examples:
        >>> from saltus.report.findings import StudyInfo, findings
        >>> verdict_rows(findings(verdicts=[], study=StudyInfo("empty")))
        []
    """
    return [_row(v, findings.task(v.task).ability) for v in findings.verdicts]


def _row(v: Verdict, ability: str) -> dict[str, Any]:
    sizes = sample_sizes(v) or (None, None)
    onset = v.onset
    row: dict[str, Any] = {
        "family": v.family,
        "task": v.task,
        "ability": ability,
        "prompt": v.prompt,
        "metric": v.metric,
        "axis": v.axis,
        "label": v.label,
        "reason": v.reason,
        "onset_low": onset.low if onset else None,
        "onset_high": onset.high if onset else None,
        "onset_ci_low": onset.ci_low if onset else None,
        "onset_ci_high": onset.ci_high if onset else None,
        **_ends("midpoint", v.midpoint),
        **_ends("width", v.width),
        "metric_check": v.metric_check.status,
        "checked_with": v.metric_check.metric,
        **_ends("progress_before", v.metric_check.progress_before),
        "models": len(v.points),
        "scales": len(v.presence.scales),
        "n_min": sizes[0],
        "n_max": sizes[1],
        "chance": v.presence.chance,
        "presence": v.presence.holds,
        "sharp": v.sharpness.holds,
        "surprise": v.surprise.holds,
        "resolved": v.resolution.holds,
        "smooth_p": v.resolution.smooth_p,
        "power": v.resolution.power,
        "widest_gap": v.resolution.widest_gap,
        "guards": " ".join(g.code for g in v.guards),
        "criterion": v.criterion,
        "seed": v.seed,
        "data_hash": v.data_hash,
    }
    out = plain(row)
    assert isinstance(out, dict)
    return out


def _ends(name: str, e: Estimate | None) -> dict[str, float | None]:
    return {
        name: e.value if e else None,
        f"{name}_low": e.low if e else None,
        f"{name}_high": e.high if e else None,
    }
