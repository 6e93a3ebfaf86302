"""Words come from the numbers, in both languages alike."""

import inspect
import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

import saltus.verdict
from saltus.report import facts
from saltus.report.evidence import evidence
from saltus.report.findings import LABELS, METRIC_ORDER, StudyInfo, findings
from saltus.report.phrase import LANGS, fill, join, places, say, strings, tidy
from saltus.report.sentences import details, headline, sentences, strategy_sentences
from saltus.report.words import opening, opening_text, title, titles
from saltus.scale import AXES
from saltus.verdict.result import Guard, MetricCheck, Onset, State, StrategyLabel

PLACE = re.compile(r"\{\w+\}")


def test_both_languages_have_the_same_keys_and_places():
    en, zh = strings("en"), strings("zh")
    assert set(en) == set(zh)
    assert {k: places(v) for k, v in en.items()} == {k: places(v) for k, v in zh.items()}


def test_chinese_is_chinese():
    same = {k for k, v in strings("zh").items() if v == strings("en")[k] and PLACE.sub("", v)}
    wordless = {k for k in same if not re.search(r"[A-Za-z]{4}", PLACE.sub("", strings("en")[k]))}
    assert same - wordless <= {"axis_unit.flops", "axis_span.flops", "ui.brand", "ui.col_flops"}
    half = [k for k, v in strings("zh").items() if re.search(r"[\u4e00-\u9fff][,;:?(]", v)]
    assert half == []


def test_every_label_axis_metric_and_state_has_words():
    keys = strings("en")
    for label in LABELS:
        assert {f"label.{label}", f"label_long.{label}"} <= set(keys)
    for axis in AXES:
        assert {f"axis.{axis}", f"axis_unit.{axis}", f"axis_span.{axis}"} <= set(keys)
    for metric in METRIC_ORDER:
        assert {f"metric.{metric}", f"metric_long.{metric}"} <= set(keys)
    assert {f"state.{s}" for s in get_args(State)} <= set(keys)
    assert {f"strategy_label.{s}" for s in get_args(StrategyLabel)} <= set(keys)
    statuses = get_args(inspect.get_annotations(MetricCheck, eval_str=True)["status"])
    for status in statuses:
        assert {f"verdict.metric_{status}", f"ui.check_{status}", f"evidence.D_{status}"} <= set(
            keys
        )


def sources(of):
    return "\n".join(p.read_text() for p in Path(of.__file__).parent.glob("*.py"))


def test_every_reason_guard_and_forecaster_that_the_science_can_name_has_words():
    text = sources(saltus.verdict)
    reasons = set(re.findall(r'Decision\("[a-z-]+",\s*"([a-z-]+)"\)', text))
    reasons |= set(re.findall(r'"([a-z-]+)" if f\.\w+', text))
    blocking = re.search(r"BLOCKING = \(([^)]*)\)", text)
    reasons |= set(re.findall(r'"([a-z-]+)"', blocking[1]))
    guards = set(re.findall(r'Guard\(\s*"([a-z-]+)"', text))
    chosen = re.findall(r'code = "([a-z-]+)" if .* else "([a-z-]+)"', text)
    assert chosen
    guards |= {code for pair in chosen for code in pair}
    names = set(re.findall(r'(?:normal_interval|Forecast)\(\s*"([a-z-]+)"', text))
    assert len(reasons) > 15
    assert len(guards) > 8
    assert len(names) > 2
    keys = set(strings("en"))
    assert {f"reason.{r}" for r in reasons if r not in ("late-start",)} <= keys
    assert {f"guard.{g}" for g in guards} <= keys
    assert {f"forecast.{n}" for n in names} <= keys


def test_no_template_is_left_unfilled(made):
    names = titles(made)
    phrases = [title(made), *opening(made)]
    for v in made.verdicts[::17]:
        phrases += [*sentences(v), *(p for line in evidence(v) for p in line.parts)]
    for s in made.strategies:
        phrases += strategy_sentences(s)
    for lang in LANGS:
        for text in {say(p, lang, names) for p in phrases}:
            assert not PLACE.search(text), text
            assert "None" not in text
            assert "nan" not in text


def test_the_opening_counts_what_is_there(made):
    heads = facts.headlines(made)
    text = opening_text(made)
    leaps = {v.task for v in heads if v.label == "emergent"}
    assert f"A leap in {len(leaps)} tasks" in text
    assert say(title(made), "en") == f"{len(leaps)} of 12 tasks leap"
    assert f"{len(heads)} curves" in text
    assert f"{len(made.models)} models: 9 sizes from 1.54k to 1.05M parameters" in text
    never = text[text.index("Never above chance") :].split(".")[1]
    assert "Reverse" not in never
    assert "4 seeds at 36k parameters" in text


def test_without_leaps_nothing_is_said_about_leaps(made):
    flat = [replace(v, label="flat", onset=None) for v in made.verdicts]
    none = findings(verdicts=flat, tasks=made.tasks, models=made.models, study=made.study)
    text = opening_text(none)
    assert "leap in" not in text
    assert "metric in" not in text
    assert say(title(none), "en") == "None of 12 tasks leaps"
    assert "没有一个" in say(title(none), "zh")


def test_without_verdicts_no_sentence():
    empty = findings(verdicts=[], study=StudyInfo("empty"))
    assert opening(empty) == ()


def test_a_missing_metric_check_is_said(made):
    v = next(v for v in made.verdicts if v.label == "emergent")
    v = replace(v, metric_check=MetricCheck("missing"))
    assert "Metric check missing" in say(details(v), "en")
    assert "缺少指标检验" in say(details(v), "zh")


def test_the_sentence_of_a_verdict_has_its_numbers(made):
    v = next(v for v in made.verdicts if v.label == "emergent" and v.axis == "flops" and v.onset)
    v = replace(v, onset=Onset(1.2e12, 3.4e13, 1e12, 5e13))
    text = say(sentences(v), "en", titles(made))
    assert "1.2e12 FLOPs" in text
    assert "3.4e13 FLOPs" in text
    assert "n = 200" in text
    assert "emergent" in text
    assert f"[{v.width.low:.2f}, {v.width.high:.2f}]" in text


def test_an_open_interval_is_called_open(made):
    v = next(v for v in made.verdicts if v.onset)
    v = replace(v, onset=replace(v.onset, ci_high=float("inf")))
    assert "outside the range measured" in say(details(v), "en")
    assert "测量范围之外" in say(details(v), "zh")


def test_loss_is_told_from_worse_to_better(made):
    v = next(v for v in made.verdicts if v.axis == "loss" and v.onset)
    text = say(details(v), "en")
    low, high = map(float, re.findall(r"at a loss of ([\d.]+\d)", text)[:2])
    assert low > high


@pytest.mark.parametrize(
    ("guard", "en", "zh"),
    [
        (Guard("too-few-scales", "4 of 5"), "4 scales, 5 needed", "至少需要 5 个"),
        (Guard("seeds-disagree", "models disagree at 3.6e+04", ("a", "b")), "at 36k", "36k"),
        (Guard("no-such-code", "free text"), "no-such-code (free text)", "no-such-code"),
    ],
)
def test_guards_in_words(made, guard, en, zh):
    v = replace(made.verdicts[0], guards=(guard,), axis="params")
    line = evidence(v)[5]
    assert line.status == "no"
    assert en in say(line.parts, "en")
    assert zh in say(line.parts, "zh")


def test_evidence_is_always_six_lines(made):
    for v in made.verdicts[::29]:
        assert "".join(line.letter for line in evidence(v)) == "ABCDEF"


def test_a_lottery_needs_disagreeing_seeds(made):
    (lot,) = facts.lotteries(facts.headlines(made))
    assert lot.verdict.task == "chain-1"
    assert lot.scores[-1] - lot.scores[0] >= facts.LOTTERY_SPREAD
    calm = [v for v in facts.headlines(made) if v.task != "chain-1"]
    assert facts.lotteries(tuple(calm)) == ()


def test_never_means_no_model_above_chance(made):
    for vs in facts.never(facts.headlines(made)).values():
        assert all(p.state != "above" for v in vs for p in v.points)


def test_headlines_are_one_a_family_task_and_prompt(made):
    heads = facts.headlines(made)
    keys = [(v.family, v.task, v.prompt) for v in heads]
    assert len(keys) == len(set(keys))
    assert {v.metric for v in heads} == {"exact_match"}
    assert {v.axis for v in heads} == {"params"}


def test_arguments_are_never_read_as_templates():
    assert fill("{a}{b}", {"a": "{b}", "b": "{a}"}) == "{b}{a}"


def test_headline_names_the_curve(made):
    text = say(headline(made.verdicts[0]), "zh", titles(made))
    assert made.tasks[0].title["zh"] in text


def test_tidy_leaves_english_alone():
    assert tidy("a, b (c): d?") == "a, b (c): d?"


def test_a_long_list_is_cut_and_says_so(made):
    def text(most):
        return join(opening(made, most=most), "en", titles(made))

    assert "5 more" in text(2)
    assert "more" not in text(60)


def test_undecided_curves_are_counted_with_their_reasons(made):
    text = opening_text(made)
    n = sum(v.label == "undecided" for v in facts.headlines(made))
    assert f"{n} of 28 curves are undecided: too few distinct scales ({n})" in text
