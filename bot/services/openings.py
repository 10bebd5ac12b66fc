"""Openings: the slots that are free, and keeping one for somebody. The database has the last word (law 4)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Row, String, bindparam, cast, delete, func, literal, or_, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import HOLD, Mode, Slot, slices
from bot.domain.calendar import in_paris, is_holiday
from bot.domain.openings import DAY_MINUTES, SLICE_MINUTES, Away, Pattern, instant, slice_at, starts
from bot.domain.reasons import FIRST_MEETING, BookableBy
from bot.errors import SlotGone, SlotTaken
from bot.storage.tables import (
    Absence,
    BookingDraft,
    Opening,
    Place,
    Reason,
    SlotSlice,
    Structure,
    TerritoryRow,
    Waiting,
)

# No appointment is longer (territory files and forms refuse it), so none that began earlier is still under way.
LONGEST_RUN = 480 // SLICE_MINUTES
DAY_SLICES = DAY_MINUTES // SLICE_MINUTES
TWO_DAYS = (1 << 2 * DAY_SLICES) - 1
# An adviser is not held to a reason's longest notice.
ADVISER_SEES = timedelta(days=366)

# Read as plain rows: objects of the session would take longer than all the rest.
_opening, _place, _structure = Opening.__table__.c, Place.__table__.c, Structure.__table__.c
_reason, _slice = Reason.__table__.c, SlotSlice.__table__.c
OPENINGS = (
    select(
        _opening.id,
        _opening.place_id,
        _opening.adviser_id,
        _opening.second_adviser_id,
        _opening.weekday,
        _opening.on_date,
        _opening.first_date,
        _opening.last_date,
        _opening.every_weeks,
        _opening.nth,
        _opening.start_minute,
        _opening.end_minute,
        _opening.break_start_minute,
        _opening.break_end_minute,
        _opening.slot_minutes,
        _opening.seats,
        # As text: hundreds of short lists that are all alike are read once (`_listed`).
        cast(_opening.modes, String).label("modes"),
        cast(_opening.reasons, String).label("reasons"),
        _place.structure_id,
        _place.holidays,
        TerritoryRow.__table__.c.subdiv,
    )
    .join_from(Opening.__table__, Place.__table__, _opening.place_id == _place.id)
    .join(Structure.__table__, _place.structure_id == _structure.id)
    .join(TerritoryRow.__table__, _structure.territory_id == TerritoryRow.__table__.c.id)
    .where(_opening.active)
)
REASONS = select(Reason.__table__).where(
    _reason.structure_id.in_(bindparam("structures", expanding=True)), _reason.slug == bindparam("slug"), _reason.active
)
ABSENCES = select(
    Absence.adviser_id,
    Absence.place_id,
    Absence.structure_id,
    Absence.first_date,
    Absence.last_date,
    Absence.weekday,
    Absence.start_minute,
    Absence.end_minute,
).where(Absence.active, Absence.first_date <= bindparam("last"), Absence.last_date >= bindparam("first"))
NO_DRAFT = 0
TAKEN = (
    # One row for each resource: "5955840 6 5955852 6", quicker to read than a row for each.
    select(
        _slice.resource,
        func.aggregate_strings(cast(_slice.slice, String) + literal(" ") + cast(_slice.run, String), " "),
    )
    .where(
        _slice.run > 0,
        _slice.slice >= bindparam("first"),
        _slice.slice < bindparam("last"),
        or_(_slice.held_until.is_(None), _slice.held_until > bindparam("now")),
        or_(_slice.draft_id.is_(None), _slice.draft_id != bindparam("draft")),
    )
    .group_by(_slice.resource)
)
Found = Row[*tuple[Any, ...]]  # a row of OPENINGS
Closed = dict[tuple[str, int | str | None], list[Away]]  # by ("adviser", id), ("place", id) or ("structure", id)


# ── Free slots ───────────────────────────────────────────────────────────────────────────────


async def free_slots(
    session: AsyncSession,
    territory_id: str,
    now: datetime,
    *,
    reason: str = FIRST_MEETING,
    by: BookableBy = BookableBy.YOUNG,
    place_id: int | None = None,
    mode: Mode | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    opening_ids: Collection[int] | None = None,
    draft_id: int | None = None,
) -> list[Slot]:
    """The slots that can be booked at `now` for a reason, in time order: open, not closed, not taken.

    They begin from `start` to just before `end`, and within the notices of the reason, to which an adviser is not
    held. What the draft `draft_id` holds counts as free for it. Four queries, whatever there is.
    """
    rows = await session.execute(
        OPENINGS.where(
            _structure.territory_id == territory_id,
            _opening.place_id == place_id if place_id is not None else true(),
            _opening.id.in_(opening_ids) if opening_ids is not None else true(),
        )
    )
    found = await _bookable(session, rows.all(), reason, by, mode, now, start, end)
    if not found:
        return []
    first, last = min(one.within.first for one in found), max(one.within.last for one in found)
    closed = await _closed(session, in_paris(first).date(), in_paris(last).date())
    taken = await _taken(session, first, last, now, draft_id)
    free: list[Placed] = []
    for one in found:
        free += _free(one, closed, taken)
    free.sort()
    return [slot for _, _, _, slot in free]


@dataclass(frozen=True)
class Within:
    """From when to just before when a reason may be booked. Shared by the openings of a structure."""

    first: datetime
    last: datetime

    @property
    def is_empty(self) -> bool:
        return self.first >= self.last

    @cached_property
    def slices(self) -> tuple[int, int]:
        return _rounded_up(self.first), _rounded_up(self.last)

    @cached_property
    def dates(self) -> tuple[date, date]:
        return in_paris(self.first).date(), in_paris(self.last).date()


class Offer(NamedTuple):
    """An opening, as it can be booked for a reason: all that its slots are made of."""

    opening_id: int
    place_id: int
    adviser_id: int | None
    second_adviser_id: int | None
    seats: int
    mode: Mode
    minutes: int
    pattern: Pattern
    regime: str | None

    @property
    def length(self) -> int:
        """In slices."""
        return self.minutes // SLICE_MINUTES


@dataclass(slots=True)
class Bookable:
    """What an opening offers, in which structure, from when to when."""

    offer: Offer
    structure_id: str
    within: Within

    def away(self, closed: Closed) -> list[Away]:
        """The absences that close it: its advisers', who receive together or not, its place's, its structure's."""
        if not closed:
            return []
        whose = (
            ("adviser", self.offer.adviser_id),
            ("adviser", self.offer.second_adviser_id),
            ("place", self.offer.place_id),
            ("structure", self.structure_id),
        )
        return [away for who in whose for away in closed.get(who, ())]


async def _bookable(
    session: AsyncSession,
    rows: Sequence[Found],
    slug: str,
    by: BookableBy,
    mode: Mode | None,
    now: datetime,
    start: datetime | None = None,
    end: datetime | None = None,
) -> list[Bookable]:
    """Those of the openings that may be booked for a reason, by someone, in a mode, from `start` to before `end`."""
    reasons = await _reasons(session, rows, slug, by)
    withins = {structure: _within(reason, by, now, start, end) for structure, reason in reasons.items()}
    allowed = {structure: tuple(reason.modes) for structure, reason in reasons.items()}
    found = []
    for row in rows:
        structure = row.structure_id
        reason = reasons.get(structure)
        if reason is None or withins[structure].is_empty:
            continue
        offer = _offer(row, slug, allowed[structure], reason.minutes, mode)
        if offer is not None:
            found.append(Bookable(offer, structure, withins[structure]))
    return found


@lru_cache(maxsize=4096)
def _offer(row: Found, slug: str, allowed: tuple[str, ...], minutes: int | None, mode: Mode | None) -> Offer | None:
    """What an opening offers for a reason in the wanted mode; None when that is nothing. Kept: they rarely change."""
    modes = _modes(row, slug, allowed, mode)
    if not modes:
        return None
    return Offer(
        row.id,
        row.place_id,
        row.adviser_id,
        row.second_adviser_id,
        row.seats,
        modes[0],
        minutes or row.slot_minutes,
        pattern_of(row),
        row.holidays or row.subdiv,
    )


def _within(reason: Found, by: BookableBy, now: datetime, start: datetime | None, end: datetime | None) -> Within:
    first, last = now, now + ADVISER_SEES
    if by is not BookableBy.ADVISER:
        first = now + timedelta(minutes=reason.shortest_notice_minutes)
        last = now + timedelta(days=reason.longest_notice_days)
    return Within(max(first, start or first), min(last, end or last))


async def _reasons(session: AsyncSession, rows: Sequence[Found], slug: str, by: BookableBy) -> dict[str, Found]:
    """A reason in each structure of these openings where someone may book for it."""
    asked = await session.execute(REASONS, {"structures": list({row.structure_id for row in rows}), "slug": slug})
    return {reason.structure_id: reason for reason in asked if by.value in reason.bookable_by}


def _modes(row: Found, slug: str, allowed: Collection[str], mode: Mode | None) -> list[Mode]:
    """In which modes an opening can be booked for a reason, the wanted one if any; empty when it cannot."""
    if row.reasons != "[]" and slug not in _listed(row.reasons):
        return []
    modes = [Mode(one) for one in _listed(row.modes) if not allowed or one in allowed]
    return modes if mode is None else [one for one in modes if one is mode]


@lru_cache(maxsize=256)
def _listed(written: str) -> tuple[str, ...]:
    return tuple(json.loads(written))


@dataclass(frozen=True)
class Taken:
    """What is taken from the slice `base` on: for each resource, a number with a bit set for each slice taken."""

    base: int
    masks: dict[str, int]


Placed = tuple[int, int, int, Slot]
"""A slot behind what it is sorted by: its first slice, its opening, its seat."""


def _free(one: Bookable, closed: Closed, taken: Taken) -> list[Placed]:
    """What is free of an opening, each on the first seat that is."""
    offer = one.offer
    names = (
        (f"adviser:{offer.adviser_id}",)
        if offer.adviser_id is not None
        else tuple(f"seat:{offer.opening_id}:{seat}" for seat in range(offer.seats))
    )
    both = taken.masks.get(f"adviser:{offer.second_adviser_id}", 0) if offer.second_adviser_id is not None else 0
    masks = [taken.masks.get(name, 0) | both for name in names]
    whole = (1 << offer.length) - 1
    first, last = one.within.slices
    away, dates = tuple(one.away(closed)), one.within.dates
    found: list[Placed] = []
    for day, (base, placed) in enumerate(_slots_of_days(offer, 0, away, *dates)):
        if base < first or last < base + 2 * DAY_SLICES:
            placed = [each for each in placed if first <= each[0] < last]
        # A whole day is cut out of the long numbers at once: shifting them for each slot is what takes time.
        left: set[int] = set()  # the slices whose slot is taken on the seats before
        for seat, mask in enumerate(masks):
            if seat:
                _, all_day = _slots_of_days(offer, seat, away, *dates)[day]
                placed = [each for each in all_day if each[0] in left]
            busy = mask >> (base - taken.base) & TWO_DAYS
            free = [each for each in placed if not busy >> (each[0] - base) & whole] if busy else placed
            found += free
            if len(free) == len(placed) or seat + 1 == len(masks):
                break
            left = {each[0] for each in placed} - {each[0] for each in free}
    return found


@lru_cache(maxsize=4096)
def _slots_of_days(
    offer: Offer, seat: int, away: tuple[Away, ...], first: date, last: date
) -> list[tuple[int, list[Placed]]]:
    """Each day an opening holds, as its first slice, and its slots on a seat. Kept: it only changes at midnight."""
    days = []
    for day in offer.pattern.days(first, last):
        if is_holiday(day, offer.regime):
            continue
        placed = []
        for number in starts(offer.pattern, day, offer.minutes, away):
            slot = Slot(
                offer.opening_id,
                offer.place_id,
                offer.adviser_id,
                offer.mode,
                instant(number),
                instant(number + offer.length),
                seat,
                offer.second_adviser_id,
            )
            placed.append((number, offer.opening_id, seat, slot))
        days.append((slice_at(day, 0), placed))
    return days


def _rounded_up(at: datetime) -> int:
    """The first slice that begins at a moment or after."""
    return -(-int(at.timestamp()) // (SLICE_MINUTES * 60))


async def _closed(session: AsyncSession, first: date, last: date) -> Closed:
    """The absences of a span of days, by who or where is away."""
    rows = await session.execute(ABSENCES, {"first": first, "last": last})
    closed: Closed = defaultdict(list)
    for row in rows:
        away = Away(row.first_date, row.last_date, row.weekday, row.start_minute, row.end_minute)
        for who, number in (("adviser", row.adviser_id), ("place", row.place_id), ("structure", row.structure_id)):
            if number is not None:
                closed[who, number].append(away)
    return closed


async def _taken(session: AsyncSession, first: datetime, last: datetime, now: datetime, draft_id: int | None) -> Taken:
    """What is taken in a span: one row for each appointment and hold, read in an index by time."""
    base = slice_at(in_paris(first).date(), 0) - LONGEST_RUN
    span = {"first": base, "last": _rounded_up(last) + LONGEST_RUN, "now": now, "draft": draft_id or NO_DRAFT}
    rows = await session.execute(TAKEN, span)
    masks = {}
    for resource, written in rows.all():
        mask = 0
        numbers = map(int, written.split())
        for number, length in zip(numbers, numbers, strict=True):
            mask |= ((1 << length) - 1) << (number - base)
        masks[resource] = mask
    return Taken(base, masks)


def pattern_of(opening: Opening | Found) -> Pattern:
    """When an opening holds, from its row."""
    return _pattern(
        opening.start_minute,
        opening.end_minute,
        opening.weekday,
        opening.on_date,
        opening.first_date,
        opening.last_date,
        opening.every_weeks,
        opening.nth,
        opening.break_start_minute,
        opening.break_end_minute,
    )


# Most openings share their hours.
_pattern = lru_cache(maxsize=4096)(Pattern)


async def slot_at(
    session: AsyncSession,
    opening_id: int,
    starts_at: datetime,
    mode: Mode,
    now: datetime,
    *,
    reason: str = FIRST_MEETING,
    by: BookableBy = BookableBy.YOUNG,
    held: bool = False,
) -> Slot:
    """The slot of an opening at a given time, taken or not. One that is `held` was not too soon when it was asked for.

    Raises:
        SlotGone: it is not there any more (opening, absence, holiday), or too soon or too far for the reason.
    """
    rows = (await session.execute(OPENINGS.where(_opening.id == opening_id))).all()
    found = await _bookable(session, rows, reason, by, mode, now)
    if not found or starts_at <= now or not (held or found[0].within.first <= starts_at < found[0].within.last):
        raise SlotGone
    [one] = found
    day = in_paris(starts_at).date()
    for _, placed in _slots_of_days(one.offer, 0, tuple(one.away(await _closed(session, day, day))), day, day):
        for _, _, _, slot in placed:
            if slot.starts_at == starts_at:
                return slot
    raise SlotGone


async def offers(session: AsyncSession, territory_id: str, mode: Mode, reason: str = FIRST_MEETING) -> bool:
    """Whether a young person may meet someone this way, for a reason, anywhere in the territory."""
    rows = (await session.execute(OPENINGS.where(_structure.territory_id == territory_id))).all()
    reasons = await _reasons(session, rows, reason, BookableBy.YOUNG)
    return any(
        _modes(row, reason, found.modes, mode) for row in rows if (found := reasons.get(row.structure_id)) is not None
    )


# ── Keeping a slot ───────────────────────────────────────────────────────────────────────────


async def hold(session: AsyncSession, draft: BookingDraft, slot: Slot, now: datetime) -> Slot:
    """Keep a slot for ten minutes while it is being confirmed; a draft holds one slot at a time.

    Raises:
        SlotTaken: somebody has it.
    """
    await release(session, draft)
    return await occupy(session, slot, now, draft_id=draft.id, held_until=now + HOLD)


async def release(session: AsyncSession, holder: BookingDraft | Waiting) -> None:
    """Free what a draft or someone in line holds."""
    theirs = SlotSlice.draft_id if isinstance(holder, BookingDraft) else SlotSlice.waiting_id
    await session.execute(delete(SlotSlice).where(theirs == holder.id))


async def occupy(
    session: AsyncSession,
    slot: Slot,
    now: datetime,
    *,
    draft_id: int | None = None,
    waiting_id: int | None = None,
    appointment_id: int | None = None,
    held_until: datetime | None = None,
) -> Slot:
    """Write the slices of a slot, on the first seat that is free.

    Raises:
        SlotTaken: no seat is.
    """
    opening = await session.get_one(Opening, slot.opening_id)
    numbers = list(slices(slot.starts_at, slot.ends_at))
    for seat in range(1 if slot.adviser_id is not None else opening.seats):
        tried = slot._replace(seat=seat)
        await session.execute(
            delete(SlotSlice).where(
                SlotSlice.resource.in_(tried.resources),
                SlotSlice.slice.in_(numbers),
                SlotSlice.held_until <= now,
            )
        )
        try:
            async with session.begin_nested():
                session.add_all(
                    SlotSlice(
                        resource=resource,
                        slice=number,
                        run=len(numbers) if number == numbers[0] else 0,
                        draft_id=draft_id,
                        waiting_id=waiting_id,
                        held_until=held_until,
                        appointment_id=appointment_id,
                    )
                    for resource in tried.resources
                    for number in numbers
                )
        except IntegrityError:
            continue
        return tried
    raise SlotTaken


def slot_from(data: dict[str, Any]) -> Slot:
    """A slot kept as JSON by `slot_json`."""
    return Slot(
        int(data["opening"]),
        int(data["place"]),
        int(data["adviser"]) if data["adviser"] is not None else None,
        Mode(data["mode"]),
        datetime.fromisoformat(data["starts_at"]).astimezone(UTC),
        datetime.fromisoformat(data["ends_at"]).astimezone(UTC),
        second_adviser_id=data.get("second"),
    )


def slot_json(slot: Slot) -> dict[str, Any]:
    return {
        "opening": slot.opening_id,
        "place": slot.place_id,
        "adviser": slot.adviser_id,
        "mode": slot.mode.value,
        "starts_at": slot.starts_at.isoformat(),
        "ends_at": slot.ends_at.isoformat(),
        "second": slot.second_adviser_id,
    }
