"""The terminal table: plain off a terminal, readable at 80 columns and below."""

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len

from saltus.report.facts import headlines
from saltus.report.findings import StudyInfo, findings
from saltus.report.table import COLUMN_KEYS, print_table, sparkline, table_rows


def printed(found, **options):
    out = io.StringIO()
    print_table(found, file=out, **options)
    return out.getvalue()


@pytest.mark.parametrize("width", [50, 80, 100, 140])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_line_is_wider_than_asked(made, width, lang):
    text = printed(made, width=width, lang=lang)
    assert max(cell_len(line) for line in text.splitlines()) <= width


def test_plain_text_off_a_terminal(made):
    text = printed(made)
    assert "\x1b" not in text
    assert "┃" not in text
    assert "36k–72k" in text
    assert "metric-induced" in text


def test_every_curve_has_its_line(made):
    rows = table_rows(made)
    assert len(rows) == len(headlines(made))
    assert all(len(r) == len(COLUMN_KEYS) for r in rows)
    row = dict(zip(COLUMN_KEYS, rows[2], strict=True))
    assert row["task"] == "copy-8"
    assert row["n"] == "200"
    assert row["chance"] == "0"


def test_narrow_keeps_label_and_onset(made):
    text = printed(made, width=60, words=False)
    assert "emergent" in text
    assert "36k–72k" in text


def test_the_words_can_be_left_out(made):
    assert "tasks leap" in printed(made)
    assert "tasks leap" not in printed(made, words=False)


def test_an_encoding_without_blocks_gets_ascii(made):
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii", errors="replace")
    print_table(made, file=out)
    out.flush()
    assert "#" in raw.getvalue().decode("ascii")


def test_a_proportion_is_drawn_from_zero_to_one(made):
    never = next(v for v in headlines(made) if v.task == "parity-8" and v.prompt == "0-shot")
    assert set(sparkline(never)) <= set("▃▄▅▆")
    leap = next(v for v in headlines(made) if v.task == "reverse-6")
    assert sparkline(leap)[0] == "▁"
    assert sparkline(leap)[-1] == "█"


def test_markup_and_escape_codes_in_names_are_text(made):
    name = "[bold]x[/bold]</script>\x1b[31m\x07"
    verdicts = [replace(v, task=name) for v in made.verdicts if v.task == "copy-8"]
    text = printed(findings(verdicts=verdicts, study=made.study), width=200)
    assert "[bold]x[/bold]</script>" in text
    assert "\x1b" not in text
    assert "\x07" not in text


def test_nothing_to_show_says_so():
    text = printed(findings(verdicts=[], study=StudyInfo("empty")))
    assert "no verdict to show" in text
