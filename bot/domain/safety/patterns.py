"""The rules of `patterns.yml`, compiled: ways of saying a danger, figures of speech, and what surrounds them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.domain.safety.needed import alternatives
from bot.domain.safety.reading import Kind, Level, Who


@dataclass(frozen=True)
class Rule:
    """A danger: `first` matches, and within reach every one of `others` does and `unless` does not."""

    kind: Kind | None
    level: Level
    who: Who
    first: re.Pattern[str]
    others: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None
    urgent_if_now: bool
    milder_if_past: bool
    gone_if_laughing: bool


_FILE = Path(__file__).with_name("patterns.yml")
_DATA: Mapping[str, Any] = yaml.load(_FILE.read_text(encoding="utf-8"), yaml.CSafeLoader)


def _compiled(*parts: str) -> re.Pattern[str]:
    """Any of `parts`, from the start of a word, with the {PIECES} they name."""
    pattern = "|".join(parts)
    for name in reversed(_DATA["pieces"]):  # a piece may name an earlier one
        pattern = pattern.replace(f"{{{name}}}", _DATA["pieces"][name])
    return re.compile(rf"\b(?:{pattern})")


def _rule(item: Mapping[str, Any], first: str) -> Rule:
    return Rule(
        kind=Kind(item["kind"]) if item["kind"] else None,
        level=Level(item["level"]),
        who=Who(item.get("who", "self")),
        first=_compiled(first),
        others=tuple(_compiled(part) for part in item.get("with", ())),
        unless=_compiled(item["unless"]) if "unless" in item else None,
        urgent_if_now=item.get("urgent", False),
        milder_if_past=item.get("past", False),
        gone_if_laughing=item.get("joke", False),
    )


def _rules() -> Iterator[Rule]:
    for item in _DATA["said"]:
        for pattern in _each(item["patterns"]):
            yield _rule(item, pattern)
    for item in _DATA["near"]:
        yield _rule(item, item["first"])


def _each(patterns: Iterable[str]) -> Iterator[str]:
    for pattern in patterns:
        yield from alternatives(pattern)


def _around_it(name: str) -> re.Pattern[str]:
    return re.compile("|".join(_DATA[name]))


RULES: tuple[Rule, ...] = tuple(_rules())
FIGURES: tuple[re.Pattern[str], ...] = tuple(_compiled(figure) for figure in _each(_DATA["figures"]))
STORY = _compiled(*_DATA["story"])
TOPIC = _compiled(*_DATA["topic"])
LAUGH = _around_it("laugh")
NOW = _around_it("now")
PAST = _around_it("past")
RECENT = _around_it("recent")
MINOR = _around_it("minor")
ADULT = _around_it("adult")
DISCRETION = _around_it("discretion")
LOST_APOSTROPHE = _around_it("lost_apostrophe")
