"""What a reading of dates is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


class Grain(StrEnum):
    """How precise the person was."""

    MINUTE = "minute"  # "14h30": one minute
    HOUR = "hour"  # "14h", "vers 14h30": one hour
    PART = "part"  # "le matin", "entre 14 et 16h", "après 16h": a stretch of one day
    DAY = "day"  # one whole day, or a few of them: "ce week-end", "du 3 au 5 mars"
    WEEK = "week"
    MONTH = "month"


class Part(StrEnum):
    """A part of the day."""

    MORNING = "morning"
    NOON = "noon"
    AFTERNOON = "afternoon"
    EVENING = "evening"


PartHours = Mapping[Part, tuple[time, time]]
"""First and last moment of each part of the day, Paris time; an end at 00:00 is the end of the day."""

PART_HOURS: PartHours = {
    Part.MORNING: (time(8), time(12)),
    Part.NOON: (time(12), time(14)),
    Part.AFTERNOON: (time(14), time(18)),
    Part.EVENING: (time(18), time(0)),
}


@dataclass(frozen=True)
class Candidate:
    """A stretch of time the person named, aware, in Europe/Paris.

    `end` is exclusive. `day_named` is False when only an hour or a part of the day was said ("14h",
    "le matin"): the day is then the next one where it is still possible, and a dialogue that already
    knows the day should keep its own.
    """

    start: datetime
    end: datetime
    grain: Grain
    day_named: bool = True

    def covers(self, moment: datetime) -> bool:
        """Whether `moment` (aware) falls inside; any day will do when no day was named."""
        local = moment.astimezone(PARIS)
        if self.day_named:
            return self.start.astimezone(UTC) <= local.astimezone(UTC) < self.end.astimezone(UTC)
        ends = self.end.time() if self.end.date() == self.start.date() else time.max
        return self.start.time() <= local.time() < ends


class RefusalReason(StrEnum):
    """Why a date was understood and still cannot be used."""

    IMPOSSIBLE = "impossible"  # "31 février"
    PAST = "past"


@dataclass(frozen=True)
class Refusal:
    """A date that cannot be, in the person's own words."""

    text: str
    reason: RefusalReason


@dataclass(frozen=True)
class Reading:
    """What a text says about time: wanted first to last, unwanted, and impossible."""

    candidates: tuple[Candidate, ...] = ()
    excluded: tuple[Candidate, ...] = ()
    refused: tuple[Refusal, ...] = ()

    def excludes(self, moment: datetime) -> bool:
        """Whether the person said no to a slot starting at `moment` (aware)."""
        return any(refused.covers(moment) for refused in self.excluded)
