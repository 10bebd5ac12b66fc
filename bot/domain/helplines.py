"""Which help lines to give, for a danger, an age and an hour.

The facts are in `data/helplines.yml`, with their sources; the order below is the safeguarding protocol's: 114 or
17 before 119 when an attack is under way, 115 never alone, 3114 by telephone only, and always something written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from bot.domain.safety import Kind, Level

PARIS = ZoneInfo("Europe/Paris")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_AT_MOST = 3
_WEEK = timedelta(days=7)


class Channel(StrEnum):
    PHONE = "phone"
    SMS = "sms"
    CHAT = "chat"


class Verified(StrEnum):
    TRUE = "true"
    PARTIAL = "partial"


@dataclass(frozen=True)
class Window:
    """An opening of the week, as time since Monday 00:00 in Paris; `end` may run past Sunday's midnight."""

    start: timedelta
    end: timedelta

    def holds(self, since_monday: timedelta) -> bool:
        return self.start <= since_monday < self.end or self.start <= since_monday + _WEEK < self.end


@dataclass(frozen=True)
class Line:
    """A help line; `channels` gives each way in its weekly openings."""

    id: str
    number: str | None
    name: str
    url: str | None
    channels: Mapping[Channel, tuple[Window, ...]]
    youngest: int
    oldest: int
    verified: Verified
    note: str
    source: str
    checked_on: date | None

    @property
    def said(self) -> str:
        """The line in a sentence: its number, or its address."""
        return self.number or self.url or self.name

    @property
    def written(self) -> bool:
        return not self.channels.keys().isdisjoint({Channel.SMS, Channel.CHAT})

    def open_at(self, at: datetime, *, can_speak: bool) -> bool:
        """Does it answer at `at` (aware), by a way the person can use?"""
        local = at.astimezone(PARIS)
        since_monday = timedelta(days=local.weekday(), hours=local.hour, minutes=local.minute)
        return any(
            window.holds(since_monday)
            for channel, windows in self.channels.items()
            if can_speak or channel is not Channel.PHONE
            for window in windows
        )

    def written_at(self, at: datetime) -> bool:
        return self.open_at(at, can_speak=False)

    def fits(self, age: int | None) -> bool:
        """An unknown age always fits: the sentence says who the line is for."""
        return age is None or self.youngest <= age <= self.oldest


@cache
def all_lines() -> Mapping[str, Line]:
    """Every line of the data file, by id.

    Raises:
        KeyError, ValueError: the file breaks its own format.
    """
    raw = YAML(typ="safe").load(Path(__file__).with_name("data") / "helplines.yml")
    return {item["id"]: _line(item) for item in raw["lines"]}


def _line(item: Mapping[str, Any]) -> Line:
    ages = item.get("ages", {})
    return Line(
        id=item["id"],
        number=item["number"],
        name=item["name"],
        url=item.get("url"),
        channels={Channel(name): _windows(hours) for name, hours in item["channels"].items()},
        youngest=ages.get("min", 0),
        oldest=ages.get("max", 150),
        verified=Verified.TRUE if item["verified"] is True else Verified(item["verified"]),
        note=item["note"],
        source=item["source"],
        checked_on=item["checked_on"],
    )


def _windows(hours: str | list[Mapping[str, Any]]) -> tuple[Window, ...]:
    if hours == "always":
        return (Window(timedelta(0), _WEEK),)
    if isinstance(hours, str):
        raise ValueError(hours)
    return tuple(
        Window(
            timedelta(days=_DAYS.index(day)) + _clock(item["from"]),
            timedelta(days=_DAYS.index(day)) + _clock(item["to"]),
        )
        for item in hours
        for day in item["days"]
    )


def _clock(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


# The order lines are given in, while the danger is happening.
_ONGOING: Mapping[Kind, tuple[str, ...]] = {
    Kind.EMERGENCY: ("samu_15", "europe_112", "sms_114"),
    Kind.OVERDOSE: ("samu_15", "europe_112", "sms_114"),
    Kind.SUICIDE: ("samu_15", "sms_114", "suicide_3114"),
    Kind.SELF_HARM: ("samu_15", "sms_114", "suicide_3114"),
    Kind.CHILD_IN_DANGER: ("police_17", "sms_114", "enfance_119"),
    Kind.SEXUAL_VIOLENCE: ("police_17", "sms_114", "enfance_119", "arretons_les_violences"),
    Kind.VIOLENCE: ("police_17", "sms_114", "enfance_119", "violences_femmes_3919"),
    Kind.THREAT_TO_OTHERS: ("samu_15", "sms_114", "suicide_3114"),
    Kind.EXPLOITATION: ("police_17", "sms_114", "enfance_119"),
    Kind.FORCED_MARRIAGE: ("police_17", "sms_114", "enfance_119"),
    Kind.HOMELESS_TONIGHT: ("enfance_119", "hebergement_115", "sms_114"),
    Kind.RUNAWAY: ("police_17", "sms_114", "enfance_119"),
    Kind.HARASSMENT: ("police_17", "sms_114", "cyber_3018"),
    Kind.CONFUSION: ("samu_15", "sms_114", "suicide_3114"),
}
# The same when it is not happening at this minute.
_OTHERWISE: Mapping[Kind, tuple[str, ...]] = {
    Kind.EMERGENCY: ("samu_15", "europe_112", "sms_114"),
    Kind.OVERDOSE: ("samu_15", "europe_112", "sms_114"),
    Kind.SUICIDE: ("suicide_3114", "fil_sante_jeunes", "sms_114"),
    Kind.SELF_HARM: ("suicide_3114", "fil_sante_jeunes", "sms_114"),
    Kind.CHILD_IN_DANGER: ("enfance_119", "police_17", "sms_114"),
    Kind.SEXUAL_VIOLENCE: ("enfance_119", "arretons_les_violences", "violences_femmes_3919", "police_17", "sms_114"),
    Kind.VIOLENCE: ("enfance_119", "violences_femmes_3919", "police_17", "sms_114"),
    Kind.THREAT_TO_OTHERS: ("suicide_3114", "samu_15", "sms_114"),
    Kind.EXPLOITATION: ("cyber_3018", "enfance_119", "police_17", "sms_114"),
    Kind.FORCED_MARRIAGE: ("enfance_119", "violences_femmes_3919", "police_17", "sms_114"),
    Kind.HOMELESS_TONIGHT: ("hebergement_115", "enfance_119", "sms_114"),
    Kind.RUNAWAY: ("enfance_119", "fil_sante_jeunes", "hebergement_115", "sms_114"),
    Kind.HARASSMENT: ("cyber_3018", "enfance_119", "fil_sante_jeunes", "police_17", "sms_114"),
    Kind.CONFUSION: ("fil_sante_jeunes", "samu_15", "sms_114"),
}
_DISTRESS: tuple[str, ...] = ("fil_sante_jeunes", "suicide_3114", "sms_114")
_WITNESSES_OF_ANY_AGE = frozenset({Kind.CHILD_IN_DANGER})  # the 119 also listens to adults who worry for a child


def lines_for(
    kind: Kind | None, level: Level, at: datetime, *, can_speak: bool, age: int | None, ongoing: bool
) -> tuple[Line, ...]:
    """At most three open lines, the first to call first; one of them can be written to.

    `kind` None is distress without danger. `at` is aware. A line the person's known age does not fit is left
    out; an unknown age leaves none out. A line only partly verified is never needed: 114 always answers.
    """
    ids = _DISTRESS
    if kind is not None and level > Level.CONCERN:
        ids = (_ONGOING if ongoing else _OTHERWISE)[kind]
    lines = [
        line
        for line in map(all_lines().__getitem__, ids)
        if line.open_at(at, can_speak=can_speak) and (line.fits(age) or kind in _WITNESSES_OF_ANY_AGE)
    ]
    chosen = lines[:_AT_MOST]
    if not any(line.written_at(at) for line in chosen):
        chosen = [*chosen[: _AT_MOST - 1], all_lines()["sms_114"]]
    return tuple(chosen)
