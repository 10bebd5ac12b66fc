"""Openings: the slots that are free, and keeping one for somebody. The database has the last word (law 4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, or_, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import HOLD, Mode, Slot, slices
from bot.domain.calendar import in_paris, is_holiday
from bot.domain.openings import SLICE_MINUTES, Away, Pattern, instant, slice_at, slots, starts
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
# An adviser is not held to a reason's longest notice.
ADVISER_SEES = timedelta(days=366)

OPENINGS = (
    select(
        Opening.id,
        Opening.place_id,
        Opening.adviser_id,
        Opening.second_adviser_id,
        Opening.weekday,
        Opening.on_date,
        Opening.first_date,
        Opening.last_date,
        Opening.every_weeks,
        Opening.nth,
        Opening.start_minute,
        Opening.end_minute,
        Opening.break_start_minute,
        Opening.break_end_minute,
        Opening.slot_minutes,
        Opening.seats,
        Opening.modes,
        Opening.reasons,
        Place.structure_id,
        Place.holidays,
        TerritoryRow.subdiv,
        Reason.slug.label("reason"),
        Reason.minutes,
        Reason.modes.label("reason_modes"),
        Reason.shortest_notice_minutes,
        Reason.longest_notice_days,
        Reason.bookable_by,
    )
    .join(Place, Opening.place_id == Place.id)
    .join(Structure, Place.structure_id == Structure.id)
    .join(TerritoryRow, Structure.territory_id == TerritoryRow.id)
    .join(Reason, Reason.structure_id == Structure.id)
    .where(Opening.active, Reason.active)
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
    held. What the draft `draft_id` holds counts as free for it. Three queries, whatever there is.
    """
    rows = await session.execute(
        OPENINGS.where(
            Structure.territory_id == territory_id,
            Reason.slug == reason,
            Opening.place_id == place_id if place_id is not None else true(),
            Opening.id.in_(opening_ids) if opening_ids is not None else true(),
        )
    )
    found = []
    for row in rows:
        shortest, longest = _notices(row, by)
        span = max(now + shortest, start or now), min(now + longest, end or now + longest)
        modes = _modes(row, by, mode)
        if modes and span[0] < span[1]:
            found.append((row, modes[0], span))
    if not found:
        return []
    first, last = min(span[0] for _, _, span in found), max(span[1] for _, _, span in found)
    closed = await _closed(session, in_paris(first).date(), in_paris(last).date())
    taken = await _taken(session, first, last, now, draft_id)
    free = [
        (number, row.id, seat, index)
        for index, (row, _, span) in enumerate(found)
        for number, seat in _free(row, span, closed, taken)
    ]
    free.sort()
    instants = {number: instant(number) for number, *_ in free}
    made = []
    for number, _, seat, index in free:
        row, how, _ = found[index]
        starts_at = instants[number]
        ends_at = starts_at + timedelta(minutes=row.minutes or row.slot_minutes)
        made.append(Slot(row.id, row.place_id, row.adviser_id, how, starts_at, ends_at, seat, row.second_adviser_id))
    return made


@dataclass(frozen=True)
class Taken:
    """What is taken from the slice `base` on: for each resource, a number with a bit set for each slice taken."""

    base: int
    masks: dict[str, int]


def _free(row: Found, span: tuple[datetime, datetime], closed: Closed, taken: Taken) -> list[tuple[int, int]]:
    """The (slice, seat) pairs of an opening that are free in a span: the first seat that is."""
    pattern, minutes = pattern_of(row), row.minutes or row.slot_minutes
    away = _away(row, closed)
    regime = row.holidays or row.subdiv
    resources = (
        (f"adviser:{row.adviser_id}",)
        if row.adviser_id is not None
        else tuple(f"seat:{row.id}:{seat}" for seat in range(row.seats))
    )
    both = taken.masks.get(f"adviser:{row.second_adviser_id}", 0)
    masks = [taken.masks.get(resource, 0) | both for resource in resources]
    whole = (1 << minutes // SLICE_MINUTES) - 1
    # A slot begins on a slice, so rounding up keeps what begins from the first moment on.
    first, last = (-(-int(one.timestamp()) // (SLICE_MINUTES * 60)) for one in span)
    found = []
    for day in pattern.days(in_paris(span[0]).date(), in_paris(span[1]).date()):
        if is_holiday(day, regime):
            continue
        for start in starts(pattern, day, minutes, away):
            if first <= start < last:
                for seat, mask in enumerate(masks):
                    if not mask >> (start - taken.base) & whole:
                        found.append((start, seat))
                        break
    return found


def _modes(row: Found, by: BookableBy, mode: Mode | None) -> list[Mode]:
    """The modes in which a row of OPENINGS can be booked, the wanted one if any; empty when it cannot."""
    if by.value not in row.bookable_by or (row.reasons and row.reason not in row.reasons):
        return []
    modes = [Mode(one) for one in row.modes if not row.reason_modes or one in row.reason_modes]
    return modes if mode is None else [one for one in modes if one is mode]


def _notices(row: Found, by: BookableBy) -> tuple[timedelta, timedelta]:
    if by is BookableBy.ADVISER:
        return timedelta(0), ADVISER_SEES
    return timedelta(minutes=row.shortest_notice_minutes), timedelta(days=row.longest_notice_days)


async def _closed(session: AsyncSession, first: date, last: date) -> Closed:
    """The absences of a span of days, by who or where is away."""
    rows = await session.execute(
        select(
            Absence.adviser_id,
            Absence.place_id,
            Absence.structure_id,
            Absence.first_date,
            Absence.last_date,
            Absence.weekday,
            Absence.start_minute,
            Absence.end_minute,
        ).where(Absence.active, Absence.first_date <= last, Absence.last_date >= first)
    )
    closed: Closed = defaultdict(list)
    for row in rows:
        away = Away(row.first_date, row.last_date, row.weekday, row.start_minute, row.end_minute)
        for who, number in (("adviser", row.adviser_id), ("place", row.place_id), ("structure", row.structure_id)):
            if number is not None:
                closed[who, number].append(away)
    return closed


def _away(row: Found, closed: Closed) -> list[Away]:
    """The absences that close an opening: its advisers', who receive together or not, its place's, its structure's."""
    whose = (
        ("adviser", row.adviser_id),
        ("adviser", row.second_adviser_id),
        ("place", row.place_id),
        ("structure", row.structure_id),
    )
    return [away for who in whose if who[1] is not None for away in closed.get(who, ())]


async def _taken(session: AsyncSession, first: datetime, last: datetime, now: datetime, draft_id: int | None) -> Taken:
    """What is taken in a span: one row for each appointment and hold, read in an index by time."""
    base = slice_at(in_paris(first).date(), 0) - LONGEST_RUN
    rows = await session.execute(
        select(SlotSlice.resource, SlotSlice.slice, SlotSlice.run).where(
            SlotSlice.run > 0,
            SlotSlice.slice >= base,
            SlotSlice.slice < -(-int(last.timestamp()) // (SLICE_MINUTES * 60)) + LONGEST_RUN,
            or_(SlotSlice.held_until.is_(None), SlotSlice.held_until > now),
            or_(SlotSlice.draft_id.is_(None), SlotSlice.draft_id != draft_id) if draft_id else true(),
        )
    )
    masks: dict[str, int] = defaultdict(int)
    for resource, number, run in rows:
        masks[resource] |= ((1 << run) - 1) << (number - base)
    return Taken(base, masks)


def pattern_of(opening: Opening | Found) -> Pattern:
    """When an opening holds, from its row."""
    return Pattern(
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
    row = (await session.execute(OPENINGS.where(Opening.id == opening_id, Reason.slug == reason))).one_or_none()
    if row is None or starts_at <= now or mode not in _modes(row, by, mode):
        raise SlotGone
    shortest, longest = _notices(row, by)
    if not held and not now + shortest <= starts_at < now + longest:
        raise SlotGone
    day = in_paris(starts_at).date()
    pattern, regime = pattern_of(row), row.holidays or row.subdiv
    if not pattern.holds_on(day) or is_holiday(day, regime):
        raise SlotGone
    away = _away(row, await _closed(session, day, day))
    for begin, end in slots(pattern, day, row.minutes or row.slot_minutes, away):
        if begin == starts_at:
            second = row.second_adviser_id
            return Slot(row.id, row.place_id, row.adviser_id, mode, begin, end, second_adviser_id=second)
    raise SlotGone


async def offers(session: AsyncSession, territory_id: str, mode: Mode, reason: str = FIRST_MEETING) -> bool:
    """Whether a young person may meet someone this way, for a reason, anywhere in the territory."""
    rows = await session.execute(OPENINGS.where(Structure.territory_id == territory_id, Reason.slug == reason))
    return any(_modes(row, BookableBy.YOUNG, mode) for row in rows)


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
