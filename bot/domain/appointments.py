"""Appointments: modes, states, slots and the rules that free slots follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo


class RemindBy(StrEnum):
    """Where someone who wrote in the web chat wants to be reminded of an appointment."""

    TELEGRAM = "telegram"
    PHONE = "phone"
    CALENDAR = "calendar"
    NOWHERE = "nowhere"

    @property
    def label(self) -> str:
        return {
            "telegram": "Sur Telegram",
            "phone": "Par téléphone",
            "calendar": "Dans son agenda",
            "nowhere": "Pas de rappel",
        }[self.value]


class Mode(StrEnum):
    ON_SITE = "sur_place"
    PHONE = "telephone"
    VIDEO = "visio"
    OUTSIDE = "vers_toi"  # the team comes to them, where they say, which is not an establishment

    @property
    def label(self) -> str:
        return {
            "sur_place": "sur place",
            "telephone": "par téléphone",
            "visio": "en visio",
            "vers_toi": "près de toi",
        }[self.value]


class AppointmentState(StrEnum):
    BOOKED = "booked"
    CANCELLED_BY_YOUNG = "cancelled_by_young"
    CANCELLED_BY_STRUCTURE = "cancelled_by_structure"
    PRESENT = "present"
    LATE = "late"
    ABSENT = "absent"
    EXCUSED = "excused"

    @property
    def label(self) -> str:
        return {
            "booked": "À venir",
            "cancelled_by_young": "Annulé par le jeune",
            "cancelled_by_structure": "Annulé par la structure",
            "present": "Présent",
            "late": "Présent, en retard",
            "absent": "Absent",
            "excused": "Absent, excusé",
        }[self.value]

    @property
    def is_cancelled(self) -> bool:
        return self in (AppointmentState.CANCELLED_BY_YOUNG, AppointmentState.CANCELLED_BY_STRUCTURE)

    @property
    def came(self) -> bool:
        return self in (AppointmentState.PRESENT, AppointmentState.LATE)


class DraftState(StrEnum):
    """A booking that is being made."""

    OPEN = "open"
    BOOKED = "booked"
    LEFT = "left"

    @property
    def label(self) -> str:
        return {"open": "En cours", "booked": "Réservé", "left": "Laissé"}[self.value]


SLICE = timedelta(minutes=5)
HOLD = timedelta(minutes=10)
SHORTEST_NOTICE = timedelta(hours=2)
LONGEST_NOTICE = timedelta(days=42)
CHANGE_NOTICE = timedelta(hours=1)
# Paris time: the hours at which appointments nobody marked are asked about, that day and the next working one.
ASK_UNMARKED_FROM = time(17)
PARIS = ZoneInfo("Europe/Paris")
WHOLE_DAY = timedelta(hours=20)
ASK_UNMARKED_AGAIN_FROM = time(9)
CALL_AFTER_ABSENCES = 2


class Slot(NamedTuple):
    """A free time: `starts_at` and `ends_at` aware, UTC; `seat` counts from 0. A tuple, for there are thousands."""

    opening_id: int
    place_id: int
    adviser_id: int | None
    mode: Mode
    starts_at: datetime
    ends_at: datetime
    seat: int = 0
    second_adviser_id: int | None = None

    @property
    def resources(self) -> tuple[str, ...]:
        """What the slot occupies: its advisers, or a seat of an opening nobody is named for."""
        advisers = (self.adviser_id, self.second_adviser_id)
        if self.adviser_id is not None:
            return tuple(f"adviser:{number}" for number in advisers if number is not None)
        return (f"seat:{self.opening_id}:{self.seat}",)


def slices(starts_at: datetime, ends_at: datetime) -> Iterator[int]:
    """The five-minute slices from `starts_at` to `ends_at`, as whole numbers since 1970 (UTC)."""
    first = int(starts_at.timestamp()) // int(SLICE.total_seconds())
    last = -(-int(ends_at.timestamp()) // int(SLICE.total_seconds()))
    yield from range(first, last)


def pick_three(slots: Iterable[Slot], wanted: Iterable[tuple[datetime, datetime]]) -> list[Slot]:
    """Three good proposals: inside what was asked first, else the nearest to it, never two at once.

    `wanted` are (start, end) pairs in order of preference; empty means as soon as possible. Slots come in
    time order; the three are spread over days where several fit.
    """
    slots = list(slots)
    wanted = list(wanted)
    inside = [[slot for slot in slots if start <= slot.starts_at < end] for start, end in wanted]
    pool: list[Slot] = [slot for group in inside for slot in group]
    if not pool and wanted:
        return _nearest(slots, wanted)
    if not pool:
        pool = slots
    unique = list({slot.starts_at: slot for slot in reversed(pool)}.values())[::-1]
    if len(unique) <= 3:
        return unique
    step = (len(unique) - 1) / 2 if wanted else 1
    if not wanted:
        return _spread_over_days(unique)
    return [unique[round(index * step)] for index in range(3)]


def _nearest(slots: Sequence[Slot], wanted: Sequence[tuple[datetime, datetime]]) -> list[Slot]:
    """The three slots nearest to what was asked: on different days for a day, two of one day for an hour."""
    a_day = 1 if wanted[0][1] - wanted[0][0] >= WHOLE_DAY else 2
    picked: dict[datetime, Slot] = {}
    left: list[Slot] = []
    for slot in sorted(slots, key=lambda one: min(_gap(one, span) for span in wanted)):
        same_day = [one for one in picked if one.astimezone(PARIS).date() == slot.starts_at.astimezone(PARIS).date()]
        if slot.starts_at in picked:
            continue
        if len(same_day) < a_day:
            picked[slot.starts_at] = slot
        else:
            left.append(slot)
        if len(picked) == 3:
            break
    for slot in left[: 3 - len(picked)]:
        picked.setdefault(slot.starts_at, slot)
    return sorted(picked.values(), key=lambda slot: slot.starts_at)


def _gap(slot: Slot, span: tuple[datetime, datetime]) -> timedelta:
    """How far a slot is from a span it is not in."""
    return max(span[0] - slot.starts_at, slot.starts_at - span[1])


def _spread_over_days(slots: list[Slot]) -> list[Slot]:
    picked = [slots[0]]
    for slot in slots[1:]:
        if len(picked) == 3:
            break
        if slot.starts_at - picked[-1].starts_at >= timedelta(hours=2):
            picked.append(slot)
    return picked if len(picked) == 3 else slots[:3]
