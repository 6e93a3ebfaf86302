"""report.html: whole, self-contained, and deaf to hostile text."""

import base64
import hashlib
import json
import re
import sys
from html.parser import HTMLParser

import pytest

from saltus.errors import DataError, MissingExtra
from saltus.report.findings import StudyInfo, findings
from saltus.report.page import page, write_page

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Tree(HTMLParser):
    """Fails on any element that is not closed where it should be."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.elements = []
        self.text = {}

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append((tag, len(self.elements) - 1))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        at = self.open[-1][1] if self.open else -1
        self.text[at] = self.text.get(at, "") + data


def parse(text):
    tree = Tree()
    tree.feed(text)
    tree.close()
    assert tree.open == []
    return tree


@pytest.fixture(scope="module")
def html(made):
    return page(made)


@pytest.fixture(scope="module")
def tree(html):
    return parse(html)


def test_well_formed_with_one_of_each_id(tree):
    ids = [a["id"] for _, a in tree.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert {"findings", "overview", "tasks", "table", "models", "method", "sheet"} <= set(ids)


def test_nothing_is_fetched(html, tree):
    for tag, attrs in tree.elements:
        for name in ("src", "href", "action", "srcset", "data"):
            assert attrs.get(name, "#").startswith(("#", "data:,")), (tag, attrs)
    urls = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+", html))
    assert urls == {"http://www.w3.org"}  # the SVG namespace, a name and not an address
    assert "url(" not in html
    assert "@import" not in html


def test_the_policy_allows_exactly_our_own_script_and_style(tree):
    policy = next(
        a["content"] for t, a in tree.elements if a.get("http-equiv", "").startswith("Content-Sec")
    )
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        at = [
            i
            for i, (t, a) in enumerate(tree.elements)
            if t == tag and a.get("type") != "application/json"
        ]
        assert len(at) == 1
        digest = base64.b64encode(hashlib.sha256(tree.text[at[0]].encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy


def test_the_data_are_embedded_once_and_are_json(tree, made):
    at = [i for i, (_, a) in enumerate(tree.elements) if a.get("type") == "application/json"]
    assert len(at) == 1
    data = json.loads(tree.text[at[0]])
    assert len(data["verdicts"]) == len(made.verdicts)
    assert set(data["strings"]) == {"en", "zh"}


def test_hostile_text_stays_text(synthetic):
    text = page(synthetic.hostile())
    tree = parse(text)
    tags = {t for t, _ in tree.elements}
    assert "img" not in tags
    assert sum(t == "script" for t, _ in tree.elements) == 2
    assert "onerror" not in {name for _, attrs in tree.elements for name in attrs}
    assert "onerror=alert(1)" in text  # it is there, as text


def test_it_reads_without_javascript(html):
    body = html[html.index("<noscript>") : html.index("</noscript>")]
    assert "reverse-6" in body
    assert "36k–72k" in body
    assert "A leap in 7 tasks" in html[: html.index("<noscript>")]


def test_the_same_findings_give_the_same_page(made, html):
    assert page(made) == html


def test_every_text_that_the_scripts_ask_for_exists(html, made):
    from saltus.report.phrase import strings

    script = html[html.rindex("<script>") :]
    asked = set(re.findall(r'\bt\(\s*"([a-z_]+\.[\w-]+)"', script))
    asked |= {f"ui.{k}" for k in re.findall(r'field\("(\w+)"', script)}
    asked |= {f"ui.col_{k}" for k in re.findall(r'^  \["(\w+)", \(v\)', script, re.M)}
    assert len(asked) > 40
    assert asked <= set(strings("en"))


def test_writing_replaces_the_old_page_and_leaves_no_part(tmp_path, made):
    target = tmp_path / "report.html"
    target.write_text("old")
    assert write_page(made, target) == target
    assert target.read_text("utf-8").startswith("<!doctype html>")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_missing_folder_is_one_clear_error(tmp_path, made):
    with pytest.raises(DataError, match="cannot be written"):
        write_page(made, tmp_path / "no" / "report.html")


def test_without_jinja2_it_says_what_to_install(monkeypatch, made):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtra, match="HTML report"):
        page(made)


def test_an_empty_study_makes_a_page():
    text = page(findings(verdicts=[], study=StudyInfo("empty")))
    parse(text)
    assert "empty" in text


def test_importing_the_page_loads_no_heavy_library():
    import subprocess

    code = (
        "import sys, saltus.report.page, saltus.report.charts, saltus.report.table;"
        "bad = {'jinja2', 'altair', 'vl_convert', 'rich', 'torch', 'scipy'} & set(sys.modules);"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
