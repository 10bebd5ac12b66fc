"""Days and hours as the people who write a territory file write them: "lun-ven 09:00-12:00, 13:30-17:00"."""

import re
from datetime import UTC, date, datetime, time
from itertools import combinations, pairwise
from typing import Annotated, Any

from pydantic import BeforeValidator

from bot.domain import calendar
from bot.domain.calendar import Window

DAY_NAMES = ("lun", "mar", "mer", "jeu", "ven", "sam", "dim")
NOT_A_LIST = "Il faut une liste, un tiret « - » par élément."


def parse_clock(text: str) -> time:
    """The time of "9:00", "09:30", "9h" or "9h30".

    Raises:
        ValueError: it is none of these, said in French.
    """
    found = re.fullmatch(r"(\d{1,2})\s*(?::|h)\s*(\d{2})?", text.strip())
    hour, minute = (int(found[1]), int(found[2] or 0)) if found else (99, 99)
    if hour > 23 or minute > 59:
        raise ValueError(f"« {text} » n'est pas une heure : écrire par exemple 09:00 ou 13:30.")
    return time(hour, minute)


def parse_days(text: str) -> tuple[int, ...]:
    """The weekdays, Monday 0, of "mar" or "lun-ven".

    Raises:
        ValueError: it is none of these, said in French.
    """
    names = [name.strip().lower() for name in text.split("-")]
    if not 1 <= len(names) <= 2 or any(name not in DAY_NAMES for name in names):
        raise ValueError(f"« {text} » n'est pas un jour : écrire lun, mar, mer, jeu, ven, sam, dim, ou lun-ven.")
    first, last = DAY_NAMES.index(names[0]), DAY_NAMES.index(names[-1])
    if first > last:
        raise ValueError(f"« {text} » va à l'envers : le premier jour vient après le dernier.")
    return tuple(range(first, last + 1))


def parse_windows(text: str) -> tuple[Window, ...]:
    """The weekly windows of "lun-ven 09:00-12:00, 13:30-17:00".

    Raises:
        ValueError: a day or an hour is wrong, or two windows overlap, said in French.
    """
    days, _, hours = text.strip().partition(" ")
    windows: list[Window] = []
    for span in hours.split(","):
        start_text, dash, end_text = span.partition("-")
        if not dash:
            raise ValueError(f"« {text} » : écrire par exemple lun 09:00-12:00, 13:30-17:00.")
        start, end = parse_clock(start_text), parse_clock(end_text)
        if start >= end:
            raise ValueError(f"« {span.strip()} » : la fin vient avant le début.")
        windows += [Window(day, start, end) for day in parse_days(days)]
    return tuple(windows)


def _span(value: Any) -> tuple[time, time]:
    if not isinstance(value, str) or "-" not in value:
        raise ValueError(f"« {value} » : écrire par exemple 12:00-13:30.")
    start, _, end = value.partition("-")
    return parse_clock(start), parse_clock(end)


def _weekly_windows(value: Any) -> tuple[Window, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(NOT_A_LIST)
    windows: list[Window] = []
    wrong: list[str] = []
    for item in value:
        try:
            windows += parse_windows(item)
        except ValueError as error:
            wrong.append(str(error))
    overlaps = {
        one.weekday
        for one, other in combinations(windows, 2)
        if one.weekday == other.weekday and one.start < other.end and other.start < one.end
    }
    wrong += [f"Deux plages se chevauchent le {calendar.DAYS[day]}." for day in sorted(overlaps)]
    if wrong:
        raise ValueError(" ".join(wrong))
    return tuple(windows)


def _weekdays(value: Any) -> tuple[int, ...]:
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in items):
        raise ValueError(NOT_A_LIST)
    return tuple(sorted({day for item in items for day in parse_days(item)}))


def _clock(value: Any) -> time:
    if not isinstance(value, str):
        raise ValueError("Il faut une heure, par exemple 09:00.")
    return parse_clock(value)


def parse_session(text: str) -> tuple[datetime, datetime]:
    """The half-day of "2027-03-18 14:00-16:30": when it starts and ends, on the clock of Paris.

    Raises:
        ValueError: it is not one, said in French.
    """
    day_text, _, span = text.strip().partition(" ")
    start_text, dash, end_text = span.partition("-")
    try:
        day = date.fromisoformat(day_text)
    except ValueError:
        raise ValueError(f"« {text} » : écrire par exemple 2027-03-18 14:00-16:30.") from None
    if not dash:
        raise ValueError(f"« {text} » : écrire par exemple 2027-03-18 14:00-16:30.")
    start, end = parse_clock(start_text), parse_clock(end_text)
    if start >= end:
        raise ValueError(f"« {text} » : la fin vient avant le début.")
    return (
        datetime.combine(day, start, calendar.PARIS).astimezone(UTC),
        datetime.combine(day, end, calendar.PARIS).astimezone(UTC),
    )


def _sessions(value: Any) -> tuple[tuple[datetime, datetime], ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(NOT_A_LIST)
    found = sorted(parse_session(item) for item in value)
    for (_, end), (start, _) in pairwise(found):
        if start < end:
            raise ValueError(f"Deux séances se chevauchent le {calendar.in_paris(start):%d/%m/%Y}.")
    if not found:
        raise ValueError("Il faut au moins une séance.")
    return tuple(found)


def minutes_of(clock: time) -> int:
    """The minutes since midnight."""
    return clock.hour * 60 + clock.minute


Clock = Annotated[time, BeforeValidator(_clock)]
Span = Annotated[tuple[time, time], BeforeValidator(_span)]
Weekdays = Annotated[tuple[int, ...], BeforeValidator(_weekdays)]
Windows = Annotated[tuple[Window, ...], BeforeValidator(_weekly_windows)]
Sessions = Annotated[tuple[tuple[datetime, datetime], ...], BeforeValidator(_sessions)]
