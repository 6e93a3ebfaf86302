"""Phrases: what to say, apart from the language it is said in.

A phrase is a key of the locale files and the numbers that fill it. Which phrase is said is
decided once, in Python, from the numbers; each language only supplies the sentence. So the
languages cannot disagree, and the page can switch between them without a second mind.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal, TypeAlias

from saltus.errors import SaltusError

Lang = Literal["en", "zh"]
LANGS: tuple[Lang, ...] = ("en", "zh")

Arg: TypeAlias = "str | Phrase | tuple[Phrase, ...]"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A key and its arguments: text, another phrase, or phrases to enumerate.

    Two keys are special: ``task``, whose argument ``name`` is replaced by the task's title,
    and ``groups``, whose arguments are joined with semicolons in the order of their names.
    """

    key: str
    args: tuple[tuple[str, Arg], ...] = ()


def phrase(key: str, /, **args: Arg) -> Phrase:
    """A phrase with named arguments.

    Examples:
        >>> say(phrase("axis.params"), "en"), say(phrase("axis.params"), "zh")
        ('parameters', '参数量')
    """
    return Phrase(key, tuple(args.items()))


@lru_cache(maxsize=8)
def strings(lang: Lang) -> Mapping[str, str]:
    """All texts of a language by dotted key.

    Raises:
        SaltusError: There is no such language.
    """
    if lang not in LANGS:
        raise SaltusError(f"no language {lang!r}", hint="one of " + ", ".join(LANGS))
    text = resources.files("saltus.report").joinpath(f"locale/{lang}.toml").read_text("utf-8")
    out: dict[str, str] = {}
    for section, entries in tomllib.loads(text).items():
        for name, value in entries.items():
            out[f"{section}.{name}"] = str(value)
    return out


def has(key: str) -> bool:
    """Whether there are words for a key.

    Examples:
        >>> has("label.emergent"), has("label.wonderful")
        (True, False)
    """
    return key in strings("en")


def code(group: str, name: str) -> Phrase:
    """The words of a stable code (reason, guard, metric …), or the code itself.

    Examples:
        >>> say(code("metric", "exact_match"), "en"), say(code("metric", "my_own"), "zh")
        ('exact match', 'my_own')
    """
    key = f"{group}.{name}"
    return Phrase(key) if has(key) else phrase("raw.text", text=name)


def say(what: Arg, lang: Lang, titles: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """The phrase in a language.

    Args:
        what: Phrase, plain text, or phrases to enumerate.
        lang: ``en`` or ``zh``.
        titles: Title by language of each task name.

    Examples:
        >>> say((phrase("raw.text", text="a"), phrase("raw.text", text="b")), "zh")
        'a、b'
    """
    text = _say(what, lang, titles)
    return tidy(text) if lang == "zh" else text


def _say(what: Arg, lang: Lang, titles: Mapping[str, Mapping[str, str]] | None) -> str:
    if isinstance(what, str):
        return what
    table = strings(lang)
    if isinstance(what, tuple):
        return table["raw.comma"].join(_say(w, lang, titles) for w in what)
    args = {name: _say(value, lang, titles) for name, value in what.args}
    if what.key == "groups":
        return table["raw.semicolon"].join(args[name] for name in sorted(args))
    if what.key == "task":
        title = (titles or {}).get(args["name"], {})
        return title.get(lang) or title.get("en") or args["name"]
    return fill(table[what.key], args)


_HAN = "\u4e00-\u9fff"
_STOPS = "\u3001\u3002\uff08\uff0c\uff1a\uff1b"
_BETWEEN_HAN = re.compile(f"(?<=[{_HAN}{_STOPS}]) (?=[{_HAN}])")
_WIDE = {",": "\uff0c", ";": "\uff1b", ":": "\uff1a", "?": "\uff1f"}
_HAN_STOP = re.compile(f"([{_HAN}]) ?([,;:?]) ?(?=[^ ]|$)")
_HAN_ROUND = re.compile(rf"\(([^()]*[{_HAN}][^()]*)\)")
_HAN_LATIN = re.compile(f"(?<=[{_HAN}])(?=[A-Za-z0-9<>])|(?<=[A-Za-z0-9%])(?=[{_HAN}])")


def tidy(text: str) -> str:
    """Chinese typography: wide punctuation, a space between Han and Latin and no other.

    Examples:
        >>> tidy("从 损失 1.2时的0.5")
        '从损失 1.2 时的 0.5'
        >>> tidy("次数(1 到 4 次)") == "次数\uff081 到 4 次\uff09"
        True
    """
    text = _HAN_STOP.sub(lambda m: m[1] + _WIDE[m[2]], text)
    text = _HAN_ROUND.sub("\uff08\\1\uff09", text)
    return _HAN_LATIN.sub(" ", _BETWEEN_HAN.sub("", text))


def groups(items: Iterable[Phrase]) -> Phrase:
    """Phrases to enumerate with semicolons, for lists whose entries hold commas."""
    return Phrase("groups", tuple((f"{i:03d}", item) for i, item in enumerate(items)))


def fill(template: str, args: Mapping[str, str]) -> str:
    """Put arguments into ``{name}`` places; nothing inside an argument is interpreted.

    Examples:
        >>> fill("{a} and {b}", {"a": "{b}", "b": "2"})
        '{b} and 2'
    """
    out: list[str] = []
    for i, part in enumerate(template.split("{")):
        name, close, rest = part.partition("}")
        if i == 0:
            out.append(part)
        elif close and name in args:
            out.append(args[name] + rest)
        else:
            out.append("{" + part)
    return "".join(out)


def places(template: str) -> tuple[str, ...]:
    """Names of the ``{places}`` of a template, sorted.

    Examples:
        >>> places("from {low} to {high}")
        ('high', 'low')
    """
    found = {p.partition("}")[0] for p in template.split("{")[1:] if "}" in p}
    return tuple(sorted(found))


def join(
    phrases: Iterable[Phrase],
    lang: Lang,
    titles: Mapping[str, Mapping[str, str]] | None = None,
) -> str:
    """Sentences one after the other, as the language spaces them."""
    return strings(lang)["raw.space"].join(say(p, lang, titles) for p in phrases)
