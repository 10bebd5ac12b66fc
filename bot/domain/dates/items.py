"""The pieces a sentence about time is made of, once recognised."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto
from typing import NamedTuple

from bot.domain.dates.model import Grain, Part


@dataclass(frozen=True)
class Days:
    """Whole days, `end` exclusive. Floating ones may still be moved by the week or month named beside."""

    start: date
    end: date
    grain: Grain = Grain.DAY
    weekday: int | None = None  # "mardi": floats inside the week named beside it
    month_day: int | None = None  # "le 12": floats inside the month named beside it
    holds: bool = False  # a week or a month, that floating days may narrow
    maybe_today: bool = False  # today is that weekday: "mardi 14h" may mean today
    following: bool = False  # "le mardi d'après": after the one already named
    open_ended: bool = False  # "à partir de jeudi"
    past: bool = False
    weak: bool = False  # a date only if the text holds nothing else


@dataclass(frozen=True)
class Hours:
    """A stretch of a day, in minutes after midnight (1440: the end of the day)."""

    start: int
    end: int
    grain: Grain
    part: Part | None = None
    today: bool = False  # "ce soir"
    twelve: bool = False  # the hour may be on the twelve-hour clock: "à 2h"
    whole: tuple[int, int] | None = None  # of "fin de matinée", the whole morning: an hour may fall in it
    weak: bool = False


@dataclass(frozen=True)
class Instant:
    """A moment counted from now: "dans 2h"."""

    start: datetime


@dataclass(frozen=True)
class Impossible:
    """A day or an hour no calendar has: "31 février"."""


class Mark(Enum):
    """A word that says how the dates around it are meant."""

    OR = auto()
    COMMA = auto()
    STOP = auto()  # end of a sentence
    ASK = auto()  # a question mark
    BUT = auto()
    PREFER = auto()  # "plutôt jeudi"
    THAN = auto()  # "plutôt jeudi que vendredi"
    BETTER = auto()  # "jeudi c'est mieux"
    NOT = auto()  # "pas lundi"
    CANNOT = auto()  # "je peux pas", on either side of the date
    NO = auto()  # "mardi non"
    CAN = auto()  # "ça me va"
    AFTER = auto()
    FROM = auto()
    BEFORE = auto()
    UNTIL = auto()
    SINCE = auto()  # what follows is not a date to book: "depuis lundi", "né le 3 mars"
    MISSED = auto()  # what follows in the clause is over: "j'ai raté mon rdv lundi"
    AHEAD = auto()  # the clause turns to the future again: "on peut remettre…"


Item = Days | Hours | Instant | Impossible | Mark


class Placed(NamedTuple):
    """An item and the words it takes, `first` to `last` included."""

    item: Item
    first: int
    last: int
