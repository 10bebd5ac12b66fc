"""Calendar arithmetic: weekdays, weeks, months, public holidays, daylight saving."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

# `holidays.France` would only load its country at the first call, 90 ms inside a turn.
from holidays.countries.france import France

from bot.domain.dates.model import PARIS

DAY = timedelta(days=1)
WEEK = timedelta(days=7)

_HOLIDAY_NAMES = {
    "jour an": "Jour de l'an",
    "vendredi saint": "Vendredi saint",
    "lundi paques": "Lundi de Pâques",
    "fete travail": "Fête du Travail",
    "ascension": "Ascension",
    "lundi pentecote": "Lundi de Pentecôte",
    "fete nationale": "Fête nationale",
    "assomption": "Assomption",
    "toussaint": "Toussaint",
    "armistice": "Armistice",
    "noel": "Noël",
    "saint etienne": "Saint-Étienne",
}
_SUNDAYS = {"paques": "lundi paques", "pentecote": "lundi pentecote"}  # the library holds the Mondays


def at(day: date, minutes: int) -> datetime:
    """Paris time `minutes` after midnight of `day`; an hour skipped by daylight saving moves forward."""
    wall = datetime.combine(day + DAY * (minutes // 1440), time(minutes % 1440 // 60, minutes % 60), PARIS)
    return wall.astimezone(UTC).astimezone(PARIS)


def after(moment: datetime, delay: timedelta) -> datetime:
    """`moment` plus a true duration, daylight saving or not."""
    return (moment.astimezone(UTC) + delay).astimezone(PARIS)


def next_weekday(today: date, weekday: int) -> date:
    """The next such day strictly after `today` (Monday is 0)."""
    return today + DAY * ((weekday - today.weekday() - 1) % 7 + 1)


def monday(day: date) -> date:
    """The Monday of the week of `day`."""
    return day - DAY * day.weekday()


def add_months(day: date, months: int) -> date:
    """The same day `months` later, or the last day of that month."""
    index = day.year * 12 + day.month - 1 + months
    first = date(index // 12, index % 12 + 1, 1)
    return min(first + DAY * (day.day - 1), month_after(first) - DAY)


def month_after(day: date) -> date:
    """The first day of the month after that of `day`."""
    return (day.replace(day=1) + DAY * 32).replace(day=1)


def holiday(name: str, today: date) -> date | None:
    """The next day called `name` ("toussaint", "lundi paques"…), today included.

    The calendar is Moselle's, which has the two more days of Alsace-Moselle.
    """
    shift = DAY if name in _SUNDAYS else timedelta()
    wanted = _HOLIDAY_NAMES.get(_SUNDAYS.get(name, name))
    days = (day - shift for year in (today.year, today.year + 1) for day in _named(year).get(wanted, ()))
    return next((day for day in days if day >= today), None)


@lru_cache(maxsize=8)
def _named(year: int) -> dict[str | None, tuple[date, ...]]:
    named: dict[str | None, tuple[date, ...]] = {}
    calendar = France(subdiv="57", years=year, language="fr")  # type: ignore[no-untyped-call]
    for day, names in sorted(calendar.items()):
        for name in names.split("; "):
            named[name] = (*named.get(name, ()), day)
    return named
