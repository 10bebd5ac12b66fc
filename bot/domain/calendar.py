"""When a team is open, when the bot may write, and how a day and an hour are said.

Every moment is an aware datetime; opening hours are read on the clock of Paris, through daylight saving.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from holidays import HolidayBase, country_holidays

PARIS = ZoneInfo("Europe/Paris")
QUIET_FROM = time(21)
QUIET_UNTIL = time(8)
EVENING = (time(17), time(19, 30))
MORNING = time(5)
SATURDAY, SUNDAY = 5, 6
# Public holidays: the country's; Moselle's, with Good Friday and 26 December; Moselle's without Good Friday, which
# is one only in the communes that have a Protestant church (article L3134-13 of the labour code).
FRANCE, MOSELLE, MOSELLE_WITHOUT_GOOD_FRIDAY = "france", "57", "57-sans-vendredi-saint"
REGIMES = (FRANCE, MOSELLE, MOSELLE_WITHOUT_GOOD_FRIDAY)
GOOD_FRIDAY = "Vendredi saint"

DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)


@dataclass(frozen=True)
class Window:
    """Open every week on `weekday` (Monday is 0) from `start` until just before `end`, Paris time."""

    weekday: int
    start: time
    end: time


@dataclass(frozen=True)
class Closure:
    """Closed from the day `start` to the day `end`, both included."""

    start: date
    end: date


def in_paris(at: datetime) -> datetime:
    """`at` on the clock of Paris.

    Raises:
        ValueError: `at` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"a moment needs its time zone: {at.isoformat()}")
    return at.astimezone(PARIS)


@lru_cache(maxsize=4096)
def is_holiday(day: date, regime: str | None) -> bool:
    """Whether `day` is a public holiday; `regime` is one of REGIMES, None being the country's.

    Source: article L3134-13 of the labour code, through the `holidays` library.
    """
    if regime in (None, FRANCE):
        return day in _holidays(None)
    of_moselle = _holidays(MOSELLE)
    if day not in of_moselle:
        return False
    return regime == MOSELLE or of_moselle[day] != GOOD_FRIDAY


def holiday_name(day: date, regime: str | None) -> str:
    """What a public holiday is called: "Vendredi saint"; empty on any other day."""
    return _holidays(MOSELLE)[day] if is_holiday(day, regime) else ""


@cache
def _holidays(subdiv: str | None) -> HolidayBase:
    return country_holidays("FR", subdiv=subdiv, language="fr")


def next_working_day(day: date, subdiv: str | None, closures: Sequence[Closure] = ()) -> date:
    """The first day after `day` that is neither a Saturday, a Sunday, a public holiday nor closed."""
    following = day + timedelta(days=1)
    while following.weekday() >= SATURDAY or _is_closed_day(following, closures, subdiv):
        following += timedelta(days=1)
    return following


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """The first moment of `day` in Paris, and of the day after: 23, 24 or 25 hours apart."""
    return moment(day, time()), moment(day + timedelta(days=1), time())


def is_open(windows: Sequence[Window], closures: Sequence[Closure], subdiv: str | None, at: datetime) -> bool:
    """Whether someone is there at the moment `at`."""
    local = in_paris(at)
    if _is_closed_day(local.date(), closures, subdiv):
        return False
    return any(w.weekday == local.weekday() and w.start <= local.time() < w.end for w in windows)


def next_opening(
    windows: Sequence[Window],
    closures: Sequence[Closure],
    subdiv: str | None,
    at: datetime,
    horizon_days: int = 60,
) -> datetime | None:
    """The first open moment from `at` on, on the clock of Paris: `at` itself if open.

    None if nothing opens within `horizon_days` days.
    """
    local = in_paris(at)
    if is_open(windows, closures, subdiv, at):
        return local
    for days in range(horizon_days + 1):
        day = local.date() + timedelta(days=days)
        if _is_closed_day(day, closures, subdiv):
            continue
        starts = (moment(day, w.start) for w in windows if w.weekday == day.weekday())
        # Compared in UTC: two moments of one zone compare by the clock, which repeats an hour in October.
        later = [start for start in starts if start.astimezone(UTC) > local.astimezone(UTC)]
        if later:
            return min(later, key=lambda start: start.astimezone(UTC))
    return None


def is_quiet(at: datetime) -> bool:
    """Whether no nudge may leave at `at`: from 21:00 to 8:00, and on Sundays."""
    local = in_paris(at)
    if local.weekday() == SUNDAY:
        return True
    return local.time() >= QUIET_FROM or local.time() < QUIET_UNTIL


def last_loud_evening(before: datetime) -> tuple[datetime, datetime]:
    """The evening, 17:00 to 19:30 in Paris, of the last day before `before`'s day that is not a Sunday.

    An appointment on Monday at 8:30 is recalled on Saturday.
    """
    day = in_paris(before).date() - timedelta(days=1)
    if day.weekday() == SUNDAY:
        day -= timedelta(days=1)
    start, end = EVENING
    return moment(day, start), moment(day, end)


def say_day(day: date, today: date) -> str:
    """ "hier", "aujourd'hui", "demain", or "mardi 30 mars"."""
    near = {-1: "hier", 0: "aujourd'hui", 1: "demain"}
    return near.get((day - today).days, _say_date(day))


def _say_date(day: date) -> str:
    number = "1er" if day.day == 1 else str(day.day)
    return f"{DAYS[day.weekday()]} {number} {MONTHS[day.month - 1]}"


def say_time(t: time | datetime) -> str:
    """ "9 h" or "14 h 30"; a datetime is said on the clock of Paris."""
    clock = in_paris(t) if isinstance(t, datetime) else t
    return f"{clock.hour} h {clock.minute:02}" if clock.minute else f"{clock.hour} h"


def say_moment(at: datetime, now: datetime) -> str:
    """ "demain à 9 h" or "mardi 30 mars à 9 h", as said at `now`.

    At two on Sunday morning, "demain" would be heard as Sunday: until 5:00 the day has its name.
    """
    day, local = in_paris(at).date(), in_paris(now)
    said = say_day(day, local.date())
    if said == "demain" and local.time() < MORNING:
        said = _say_date(day)
    return f"{said} à {say_time(at)}"


def _is_closed_day(day: date, closures: Sequence[Closure], subdiv: str | None) -> bool:
    return is_holiday(day, subdiv) or any(closure.start <= day <= closure.end for closure in closures)


def moment(day: date, clock: time) -> datetime:
    """When the clock of Paris shows `clock` on `day`."""
    # Through UTC and back, so that an hour skipped in March becomes the one the clocks really show.
    return datetime.combine(day, clock, PARIS).astimezone(UTC).astimezone(PARIS)
