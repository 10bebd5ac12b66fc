"""The mobile bus: where it stops next, and what those booked there are told when it is late, moves or does not come.

A passage is a dated opening at a stop; what becomes of it is in `bus_passage`.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import bus, communes
from bot.domain.appointments import AppointmentState, Mode, Slot
from bot.domain.bus import News
from bot.domain.calendar import DAYS, MONTHS, PARIS, day_bounds, in_paris, is_holiday, say_day, say_time
from bot.domain.communes import Commune
from bot.domain.conversations import Button, Say
from bot.domain.outbox import OutboxKind
from bot.errors import BusGone, NothingToDo, NotYourStructure, SlotTaken
from bot.services import appointments, booking, openings, outbox, places, team, titles
from bot.storage.queries import lock
from bot.storage.tables import (
    Adviser,
    Appointment,
    BusPassage,
    Conversation,
    Opening,
    Place,
    Structure,
)

SHOWN = 3
LOOK_AHEAD = timedelta(days=90)
SLOT_MINUTES = 20


@dataclass(frozen=True)
class Passage:
    """The bus at a stop, once: `starts_at` and `ends_at` as planned, aware."""

    opening: Opening
    state: BusPassage | None
    starts_at: datetime
    ends_at: datetime

    @property
    def late_minutes(self) -> int:
        return self.state.late_minutes if self.state else 0

    @property
    def cancelled(self) -> bool:
        return self.state is not None and self.state.cancelled_at is not None


@dataclass(frozen=True)
class When:
    """When and where the bus stops, as a form says it."""

    place_id: int
    day: date
    start_minute: int
    end_minute: int


# ── Where it goes ────────────────────────────────────────────────────────────────────────────


async def stops(session: AsyncSession, structure_id: str) -> Sequence[Place]:
    """Where the bus of a structure may stop."""
    rows = await session.scalars(
        select(Place).where(Place.structure_id == structure_id, Place.mobile).order_by(Place.name)
    )
    return rows.all()


async def of_structure(session: AsyncSession, structure_id: str, first: date, last: date) -> list[Passage]:
    """The passages of a structure's bus, cancelled ones included, in time order; both days included."""
    return await _passages(session, Place.structure_id == structure_id, first, last)


async def next_stops(
    session: AsyncSession, territory_id: str, commune: Commune | None, now: datetime, *, but: int | None = None
) -> list[Passage]:
    """The next three passages for a commune: in it, then in its intercommunalité, then that serve it.

    Without a commune, the next three of the territory. `but` is an opening left out.
    """
    today = in_paris(now).date()
    found = []
    for passage in await _passages(session, Structure.territory_id == territory_id, today, today + LOOK_AHEAD):
        opening = passage.opening
        if passage.cancelled or not opening.active or passage.ends_at <= now or opening.id == but:
            continue
        near = _nearness(opening.place, commune) if commune is not None else bus.IN_IT
        if near is not None:
            found.append((near, passage.starts_at, opening.id, passage))
    best: list[Passage] = []
    for *_, passage in sorted(found, key=lambda one: one[:3]):
        if len(best) < SHOWN and not await _is_away(session, passage):
            best.append(passage)
    return best


def _nearness(place: Place, commune: Commune) -> int | None:
    return bus.nearness(communes.by_insee(place.insee) if place.insee else None, place.serves, commune)


async def _passages(session: AsyncSession, which: ColumnElement[bool], first: date, last: date) -> list[Passage]:
    rows = await session.execute(
        select(Opening, BusPassage)
        .join(Place, Opening.place_id == Place.id)
        .join(Structure, Place.structure_id == Structure.id)
        .outerjoin(BusPassage, BusPassage.opening_id == Opening.id)
        .where(
            which,
            Place.mobile,
            Opening.on_date >= first,
            Opening.on_date <= last,
            # What left the territory file is gone; what was cancelled here is still shown.
            or_(Opening.active, BusPassage.cancelled_at.is_not(None)),
        )
    )
    found = [_passage(opening, state) for opening, state in rows]
    return sorted(found, key=lambda one: (one.starts_at, one.opening.id))


def _passage(opening: Opening, state: BusPassage | None) -> Passage:
    assert opening.on_date is not None, "a passage has a date"
    return Passage(opening, state, _at(opening.on_date, opening.start_minute), _at(opening.on_date, opening.end_minute))


def _at(day: date, minute: int) -> datetime:
    return datetime.combine(day, time(minute // 60, minute % 60), PARIS).astimezone(UTC)


async def _is_away(session: AsyncSession, passage: Passage) -> bool:
    """Whether a holiday or an absence falls on it."""
    place, day = passage.opening.place, in_paris(passage.starts_at).date()
    if is_holiday(day, place.holidays or place.structure.territory.subdiv):
        return True
    closures = await team.closures_of(session, place.structure_id, passage.opening.adviser_id, place.id)
    return any(closure.closes(day) for closure in closures)


async def passage_of(session: AsyncSession, opening: Opening) -> Passage:
    """The passage of a dated opening."""
    return _passage(opening, await session.get(BusPassage, opening.id))


# ── In the chat ──────────────────────────────────────────────────────────────────────────────


async def tell(session: AsyncSession, conversation: Conversation, text: str, now: datetime) -> list[Say] | None:
    """Answer "il passe quand le bus"; None if the text does not ask for it, or the territory has no bus."""
    if not bus.asked(text):
        return None
    territory_id = conversation.structure.territory_id
    named = next((mention.commune for mention in communes.find(text)), None)
    if named is not None and not named.mission_locale:
        return None
    if named is not None:
        conversation.commune = named.insee
    commune = named or (communes.by_insee(conversation.commune) if conversation.commune else None)
    found = await next_stops(session, territory_id, commune, now)
    if found:
        return [await _say_stops(session, found, commune, now)]
    if commune is None or not await next_stops(session, territory_id, None, now):
        return None
    return [Say("utter_bus_not_near", {"commune": commune.name}), *await places.tell(session, conversation, text, now)]


async def _say_stops(session: AsyncSession, found: Sequence[Passage], commune: Commune | None, now: datetime) -> Say:
    place = found[0].opening.place
    # With nothing left to book at the stops, another place or another way is proposed.
    buttons = await _buttons(session, found, place.id, now) or (Button("Un rendez-vous", "book"),)
    if all(one.opening.place_id == place.id for one in found):
        lines = "\n".join(_line(one, now) for one in found)
        return Say("utter_bus_at", {"place": _where(place), "stops": lines}, buttons)
    lines = "\n".join(f"{_line(one, now)}, {one.opening.place.name}" for one in found)
    if commune is None:
        return Say("utter_bus_anywhere", {"stops": lines}, buttons)
    return Say("utter_bus_near", {"commune": commune.name, "stops": lines}, buttons)


async def _buttons(
    session: AsyncSession, passages: Sequence[Passage], said: int | None, now: datetime
) -> tuple[Button, ...]:
    """One for each passage with a free slot, to book there; the place is not said again when it is `said` of all."""
    if not passages:
        return ()
    territory_id = passages[0].opening.place.structure.territory_id
    numbers = [one.opening.id for one in passages]
    free = {slot.opening_id for slot in await openings.free_slots(session, territory_id, now, opening_ids=numbers)}
    everywhere = any(one.opening.place_id != said for one in passages)
    return tuple(
        Button(
            titles.title_with_place(one.opening.place, one.starts_at) if everywhere else _title(one.starts_at),
            f"bus:{one.opening.id}",
        )
        for one in passages
        if one.opening.id in free
    )


def _title(starts_at: datetime) -> str:
    """ "mer. 17 mars, 14 h"."""
    local = in_paris(starts_at)
    number = "1er" if local.day == 1 else str(local.day)
    return f"{DAYS[local.weekday()][:3]}. {number} {MONTHS[local.month - 1]}, {say_time(local)}"


def _where(place: Place) -> str:
    return f"{place.name} : {place.address}" if place.address else place.name


def _line(passage: Passage, now: datetime) -> str:
    day = say_day(in_paris(passage.starts_at).date(), in_paris(now).date()).capitalize()
    line = f"{day} : {say_time(passage.starts_at)}-{say_time(passage.ends_at)}"
    return f"{line} (retard : {passage.late_minutes} min)" if passage.late_minutes else line


async def _book(session: AsyncSession, conversation: Conversation, number: int, now: datetime) -> list[Say]:
    """The button of a passage: book there, that day."""
    opening = await session.get(Opening, number)
    if opening is None or opening.on_date is None or not opening.active:
        raise BusGone
    passage = await passage_of(session, opening)
    if passage.ends_at <= now or opening.place.structure.territory_id != conversation.structure.territory_id:
        raise BusGone
    return await booking.start_at(session, conversation, opening.place, day_bounds(opening.on_date), now)


Answer = Callable[[AsyncSession, Conversation, int, datetime], Awaitable[list[Say]]]
# The number in the payload is the opening's.
BUTTONS: dict[str, Answer] = {"bus": _book}


# ── What the driver says ─────────────────────────────────────────────────────────────────────


async def say_news(session: AsyncSession, opening: Opening, news: News, adviser: Adviser, now: datetime) -> int:
    """What the driver says; returns how many were told.

    Raises:
        NotYourStructure, NothingToDo: see `late`.
    """
    if news is News.BROKEN_DOWN:
        return await broken_down(session, opening, adviser, now)
    return await late(session, opening, news.minutes, adviser, now)


async def to_tell(session: AsyncSession, opening: Opening, news: News | None, now: datetime) -> int:
    """How many would be told: of some news, or that the passage is cancelled or moved."""
    passages = (
        await rest_of_day(session, opening, now) if news is News.BROKEN_DOWN else [await passage_of(session, opening)]
    )
    return sum([len(await _not_received(session, one.opening, one.state, now)) for one in passages])


async def late(session: AsyncSession, opening: Opening, minutes: int, adviser: Adviser, now: datetime) -> int:
    """The bus will be late by `minutes`, or 0: on time after all. Those booked and not yet received are told.

    Returns how many were told.

    Raises:
        NotYourStructure: the bus belongs to another structure.
        NothingToDo: it is there, cancelled, over or of another day, or this was said already.
    """
    state = await _today(session, opening, adviser, now)
    if state.arrived_at is not None or state.late_minutes == minutes:
        raise NothingToDo
    state.late_minutes = minutes
    told = await _not_received(session, opening, state, now)
    for appointment in told:
        expected = appointment.starts_at + timedelta(minutes=minutes)
        values = appointments.describe(appointment, now) | {"minutes": str(minutes), "expected": say_time(expected)}
        await _tell(session, appointment, Say("utter_bus_late" if minutes else "utter_bus_on_time", values), now)
    await session.flush()
    return len(told)


async def arrived(
    session: AsyncSession, opening: Opening, adviser: Adviser, now: datetime, *, there: bool = True
) -> None:
    """The bus is at its stop; `there=False` takes it back.

    Raises:
        NotYourStructure, NothingToDo: see `late`.
    """
    state = await _today(session, opening, adviser, now)
    state.arrived_at = now if there else None
    await session.flush()


async def count_walk_in(session: AsyncSession, opening: Opening, adviser: Adviser, step: int, now: datetime) -> None:
    """Someone came without an appointment; a `step` of -1 takes one back.

    Raises:
        NotYourStructure, NothingToDo: see `late`; or nobody is counted yet.
    """
    state = await _today(session, opening, adviser, now)
    if state.walk_ins + step < 0:
        raise NothingToDo
    state.walk_ins += step
    await session.flush()


async def broken_down(session: AsyncSession, opening: Opening, adviser: Adviser, now: datetime) -> int:
    """The bus broke down: this stop and those it had left today are cancelled. Returns how many were told.

    Raises:
        NotYourStructure, NothingToDo: see `late`.
    """
    await _today(session, opening, adviser, now)
    told = 0
    for passage in await rest_of_day(session, opening, now):
        state = await _state(session, passage.opening)
        state.broken_down_at = now
        told += await _cancel(session, passage.opening, state, adviser, "utter_bus_broken_down", now)
    return told


async def rest_of_day(session: AsyncSession, opening: Opening, now: datetime) -> list[Passage]:
    """The passage of an opening, and those the same bus has after it that day: the same adviser drives it."""
    assert opening.on_date is not None, "a passage has a date"
    of_day = await of_structure(session, opening.place.structure_id, opening.on_date, opening.on_date)
    return [
        one
        for one in of_day
        if one.opening.adviser_id == opening.adviser_id
        and one.opening.start_minute >= opening.start_minute
        and not one.cancelled
        and one.ends_at + timedelta(minutes=one.late_minutes) > now
    ]


async def booked(session: AsyncSession, opening: Opening) -> Sequence[Appointment]:
    """The appointments of a passage that are neither over nor cancelled, as far as anyone marked."""
    rows = await session.scalars(
        select(Appointment)
        .where(Appointment.opening_id == opening.id, Appointment.state == AppointmentState.BOOKED)
        .order_by(Appointment.starts_at, Appointment.id)
    )
    return rows.all()


# ── The itinerary ────────────────────────────────────────────────────────────────────────────


async def add(session: AsyncSession, when: When, adviser: Adviser, now: datetime) -> Opening:
    """Add a stop, with who adds it on board.

    Raises:
        NotYourStructure: the place is not a stop of the adviser's structure.
    """
    place = await _stop(session, when.place_id, adviser)
    opening = Opening(
        key=f"bus:{secrets.token_hex(12)}",
        place=place,
        adviser_id=adviser.id,
        on_date=when.day,
        start_minute=when.start_minute,
        end_minute=when.end_minute,
        slot_minutes=SLOT_MINUTES,
        seats=1,
        modes=[Mode.ON_SITE.value],
        edited_at=now,
    )
    session.add(opening)
    await session.flush()
    return opening


async def move(session: AsyncSession, opening: Opening, when: When, adviser: Adviser, now: datetime) -> int:
    """Move a passage: another hour, another stop, another day. Those booked are moved with it and told at once.

    Who does not fit any more is told so, and offered the next stop. Returns how many were told.

    Raises:
        NotYourStructure: the bus, or the place, belongs to another structure.
        NothingToDo: it is cancelled, over, or nothing changes.
    """
    state = await _to_come(session, opening, adviser, now)
    assert opening.on_date is not None, "a passage has a date"
    place = await _stop(session, when.place_id, adviser)
    before = When(opening.place_id, opening.on_date, opening.start_minute, opening.end_minute)
    if when == before or _at(when.day, when.end_minute) <= now:
        raise NothingToDo
    shift = _at(when.day, when.start_minute) - _at(before.day, before.start_minute)
    opening.place, opening.on_date = place, when.day
    opening.start_minute, opening.end_minute = when.start_minute, when.end_minute
    opening.edited_at, state.late_minutes = now, 0
    await session.flush()
    until = _at(when.day, when.end_minute)
    told = await booked(session, opening)
    # The last first when it is later, so that nobody takes the slot the next one has not left yet.
    for appointment in sorted(told, key=lambda one: one.starts_at, reverse=shift > timedelta()):
        starts_at, ends_at = appointment.starts_at + shift, appointment.ends_at + shift
        slot = Slot(
            opening.id,
            place.id,
            opening.adviser_id,
            appointment.mode,
            starts_at,
            ends_at,
            second_adviser_id=opening.second_adviser_id,
        )
        try:
            if starts_at <= now or ends_at > until:
                raise SlotTaken
            await appointments.move(session, appointment, slot, now)
        except SlotTaken:
            await _cancel_one(session, appointment, adviser, "utter_bus_moved_without", now)
            continue
        await _tell(
            session, appointment, Say("utter_bus_moved", appointments.describe(appointment, now)), now, file=True
        )
    await session.flush()
    return len(told)


async def cancel(session: AsyncSession, opening: Opening, adviser: Adviser, now: datetime) -> int:
    """The bus will not stop there that day; those booked are told and offered the next stop. Returns how many.

    Raises:
        NotYourStructure: the bus belongs to another structure.
        NothingToDo: it is cancelled already, or over.
    """
    state = await _to_come(session, opening, adviser, now)
    return await _cancel(session, opening, state, adviser, "utter_bus_cancelled", now)


async def _cancel(
    session: AsyncSession, opening: Opening, state: BusPassage, adviser: Adviser, response: str, now: datetime
) -> int:
    told = await _not_received(session, opening, state, now)
    state.cancelled_at, opening.active, opening.edited_at = now, False, now
    await session.flush()
    for appointment in told:
        await _cancel_one(session, appointment, adviser, response, now)
    return len(told)


async def _cancel_one(
    session: AsyncSession, appointment: Appointment, adviser: Adviser, response: str, now: datetime
) -> None:
    """Cancel an appointment, and offer the next stops that are good for who had it."""
    conversation = await session.get_one(Conversation, appointment.conversation_id)
    insee = conversation.commune or appointment.place.insee
    commune = communes.by_insee(insee) if insee else None
    territory_id = appointment.place.structure.territory_id
    next_ones = await next_stops(session, territory_id, commune, now, but=appointment.opening_id)
    values = appointments.describe(appointment, now)
    await appointments.cancel(session, appointment, AppointmentState.CANCELLED_BY_STRUCTURE, now)
    appointment.marked_at, appointment.marked_by = now, adviser.id
    say = Say(response, values, await _buttons(session, next_ones, appointment.place.id, now))
    await _tell(session, appointment, say, now, file=True)


async def _tell(
    session: AsyncSession, appointment: Appointment, say: Say, now: datetime, *, file: bool = False
) -> None:
    """Tell who is booked, at once, whatever `/stop` says. The words name no service: they suit every screen."""
    conversation = await session.get_one(Conversation, appointment.conversation_id)
    attachment = appointments.calendar_file(appointment, conversation.discreet, now) if file else None
    says = [Say(say.response, say.values, say.buttons, attachment)]
    await outbox.say(session, conversation, says, now, kind=OutboxKind.SERVICE)


async def _not_received(
    session: AsyncSession, opening: Opening, state: BusPassage | None, now: datetime
) -> list[Appointment]:
    """Who is booked and still waits: whoever is not marked, and once the bus is there, whose hour is not over."""
    there = state is not None and state.arrived_at is not None
    return [one for one in await booked(session, opening) if not there or one.ends_at > now]


async def _state(session: AsyncSession, opening: Opening) -> BusPassage:
    """What became of a passage, for us alone until the unit of work ends."""
    await lock(session, opening)
    state = await session.get(BusPassage, opening.id, populate_existing=True)
    if state is None:
        state = BusPassage(opening_id=opening.id, late_minutes=0, walk_ins=0)
        session.add(state)
        await session.flush()
    return state


async def _to_come(session: AsyncSession, opening: Opening, adviser: Adviser, now: datetime) -> BusPassage:
    """The state of a passage that may still change.

    Raises:
        NotYourStructure, NothingToDo: see `cancel`.
    """
    if opening.place.structure_id != adviser.structure_id:
        raise NotYourStructure
    state = await _state(session, opening)
    passage = _passage(opening, state)
    if passage.cancelled or passage.ends_at + timedelta(minutes=state.late_minutes) <= now:
        raise NothingToDo
    return state


async def _today(session: AsyncSession, opening: Opening, adviser: Adviser, now: datetime) -> BusPassage:
    """The same, for a passage of today.

    Raises:
        NotYourStructure, NothingToDo: see `late`.
    """
    state = await _to_come(session, opening, adviser, now)
    if opening.on_date != in_paris(now).date():
        raise NothingToDo
    return state


async def _stop(session: AsyncSession, place_id: int, adviser: Adviser) -> Place:
    place = await session.get(Place, place_id)
    if place is None or not place.mobile or place.structure_id != adviser.structure_id:
        raise NotYourStructure
    return place
