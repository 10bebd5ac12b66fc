"""The scanner: at each word, the first rule that understands what stands there wins."""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.domain.dates.items import Item, Placed
from bot.domain.dates.model import PartHours
from bot.domain.dates.words import MONTHS, WEEKDAYS, Word

WEEKDAY = "(?P<weekday>" + "|".join(WEEKDAYS) + ")"
MONTH = "(?P<month>" + "|".join(MONTHS) + ")"
DAY_NUMBER = r"(?P<day>\d{1,2})"
YEAR = r"(?P<year>(?:19|20)\d\d)"
NEXT = r"(?P<next>prochain|suivant|d apres|qui vient|qui suit|a venir)"
LAST = r"(?P<last>dernier|passe|d avant)"
EDGE = r"(?P<edge>debut|milieu|mi|fin|courant)(?: de| d| du)?(?: la| l| cette| ce)?"


@dataclass(frozen=True)
class Scene:
    """What a rule may look at besides its own words."""

    now: datetime  # Paris
    part_hours: PartHours
    text: str  # the words in one spelling, joined by single spaces

    @property
    def today(self) -> date:
        return self.now.date()


class Found:
    """What a rule matched, and the words around."""

    def __init__(self, match: re.Match[str], scene: Scene) -> None:
        self.scene = scene
        self.start, self.end = match.span()
        self._groups = match.groupdict(default="")

    def __getitem__(self, group: str) -> str:
        """The words of a group, "" when the group took none or the rule has no such group."""
        return self._groups.get(group, "")

    def number(self, group: str) -> int:
        """The number a group holds; "un" is one, nothing is zero."""
        words = self[group]
        return int(words) if words.isdigit() else int(words in {"un", "une"})

    def before(self, pattern: re.Pattern[str]) -> bool:
        """Whether the words just before the rule match a `left` pattern."""
        return pattern.search(self.scene.text, max(0, self.start - 40), self.start) is not None

    def after(self, pattern: re.Pattern[str]) -> bool:
        """Whether the words just after the rule match a `right` pattern."""
        return pattern.match(self.scene.text, self.end) is not None

    @property
    def alone(self) -> bool:
        """Whether the rule took the whole text, punctuation aside."""
        text = self.scene.text
        return not text[: self.start].strip(" .,") and not text[self.end :].strip(" .!?,")


def left(pattern: str) -> re.Pattern[str]:
    """A pattern for whole words that end where a rule starts."""
    return re.compile(rf"(?<!\S)(?:{pattern}) $")


def right(pattern: str) -> re.Pattern[str]:
    """A pattern for whole words that start where a rule ends."""
    return re.compile(rf" (?:{pattern})(?!\S)")


@dataclass(frozen=True)
class Rule:
    """A pattern, the words it may start with, and what it makes.

    `starts` holds words; "#" stands for any number, "*" for any word in letters. `make` answers None when the words
    mean something else after all; a rule without `make` takes its words and says nothing.
    """

    starts: frozenset[str]
    pattern: re.Pattern[str]
    make: Callable[[Found], Item | None] | None


def rule(starts: str, pattern: str, make: Callable[[Found], Item | None] | None) -> Rule:
    """A rule from plain strings; in `starts`, "@day" and "@month" stand for all their names."""
    words = starts.replace("@day", " ".join(WEEKDAYS)).replace("@month", " ".join(MONTHS)).split()
    return Rule(frozenset(words), re.compile(rf"(?:{pattern})(?!\S)"), make)


def scan(words: Sequence[Word], rules: Sequence[Rule], now: datetime, part_hours: PartHours) -> list[Placed]:
    """Every date, hour and mark of a text, left to right, none overlapping."""
    scene = Scene(now, part_hours, " ".join(word.canon for word in words))
    by_start: dict[str, list[Rule]] = {}
    offsets = [0]
    for word in words:
        offsets.append(offsets[-1] + len(word.canon) + 1)
    placed: list[Placed] = []
    index = 0
    while index < len(words):
        start = "#" if words[index].canon.isdigit() else words[index].canon
        if start not in by_start:
            any_word = "*" if start.isalpha() else start
            by_start[start] = [each for each in rules if {start, any_word} & each.starts]
        last = index
        for each in by_start[start]:
            match = each.pattern.match(scene.text, offsets[index])
            if match is None:
                continue
            item = each.make(Found(match, scene)) if each.make else None
            if item is None and each.make:
                continue
            last = bisect_right(offsets, match.end() - 1) - 1
            if item is not None:
                placed.append(Placed(item, index, last))
            break
        index = last + 1
    return placed
