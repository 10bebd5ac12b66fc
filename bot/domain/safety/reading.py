"""How dangerous a message is, what of, for whom and when: the words the whole service shares."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How grave a message is; levels compare in the order they are written."""

    NONE = "none"
    CONCERN = "concern"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return _RANKS[self]

    @property
    def label(self) -> str:
        return {"none": "aucun", "concern": "à écouter", "high": "grave", "critical": "vital"}[self.value]

    def __lt__(self, other: str) -> bool:
        return _RANKS[self] < _RANKS[other]

    def __le__(self, other: str) -> bool:
        return _RANKS[self] <= _RANKS[other]

    def __gt__(self, other: str) -> bool:
        return _RANKS[self] > _RANKS[other]

    def __ge__(self, other: str) -> bool:
        return _RANKS[self] >= _RANKS[other]


_RANKS: dict[str, int] = {level: rank for rank, level in enumerate(Level)}


class Kind(StrEnum):
    """What the danger is; the most pressing first, which is the order of a reading's kinds."""

    EMERGENCY = "emergency"
    OVERDOSE = "overdose"
    SUICIDE = "suicide"
    CHILD_IN_DANGER = "child_in_danger"
    SEXUAL_VIOLENCE = "sexual_violence"
    VIOLENCE = "violence"
    THREAT_TO_OTHERS = "threat_to_others"
    SELF_HARM = "self_harm"
    EXPLOITATION = "exploitation"
    FORCED_MARRIAGE = "forced_marriage"
    HOMELESS_TONIGHT = "homeless_tonight"
    RUNAWAY = "runaway"
    HARASSMENT = "harassment"
    CONFUSION = "confusion"

    @property
    def label(self) -> str:
        return _KIND_LABELS[self]


_KIND_LABELS = {
    Kind.EMERGENCY: "urgence",
    Kind.OVERDOSE: "surdose",
    Kind.SUICIDE: "suicide",
    Kind.CHILD_IN_DANGER: "enfant en danger",
    Kind.SEXUAL_VIOLENCE: "violences sexuelles",
    Kind.VIOLENCE: "violences",
    Kind.THREAT_TO_OTHERS: "menace envers quelqu'un",
    Kind.SELF_HARM: "automutilation",
    Kind.EXPLOITATION: "chantage ou exploitation",
    Kind.FORCED_MARRIAGE: "mariage forcé",
    Kind.HOMELESS_TONIGHT: "sans toit ce soir",
    Kind.RUNAWAY: "fugue",
    Kind.HARASSMENT: "harcèlement",
    Kind.CONFUSION: "confusion",
}

DISCREET_KINDS = frozenset({Kind.VIOLENCE, Kind.SEXUAL_VIOLENCE, Kind.EXPLOITATION, Kind.FORCED_MARRIAGE})
"""Kinds where whoever reads over the shoulder may be the danger."""


class Who(StrEnum):
    SELF = "self"
    OTHER = "other"
    UNCLEAR = "unclear"


class When(StrEnum):
    NOW = "now"
    RECENT = "recent"
    PAST = "past"


class Sure(StrEnum):
    PLAIN = "plain"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True)
class SafetyReading:
    """What the check understood of one message; the gravest level, every kind found."""

    level: Level
    kinds: tuple[Kind, ...] = ()
    who: Who = Who.UNCLEAR
    when: When = When.NOW
    sure: Sure = Sure.PLAIN
    wants_discretion: bool = False

    @property
    def discreet(self) -> bool:
        """A late answer must start neutrally and name nothing."""
        return self.wants_discretion or not DISCREET_KINDS.isdisjoint(self.kinds)


NOTHING = SafetyReading(Level.NONE)
