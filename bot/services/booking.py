"""Make a booking: in a few exchanges, by words or buttons, until a slot is confirmed.

The draft in our tables is the truth; Rasa's form only knows that a booking is open.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import dates, replies
from bot.domain.appointments import DraftState, Mode, Slot, pick_three
from bot.domain.calendar import DAYS, MONTHS, in_paris, say_time
from bot.domain.communes import Commune
from bot.domain.conversations import Button, Say, first_that_fits
from bot.domain.handoffs import HandoffReason
from bot.domain.people import Channel
from bot.domain.phones import read_phone
from bot.errors import AlreadyBooked, NoAppointment, SlotGone, SlotTaken
from bot.services import appointments, handoffs, nudges, openings, places, reminding
from bot.storage.tables import Appointment, BookingDraft, Conversation, Nudge, Place

DRAFT_LIVES = timedelta(hours=48)
RESUME_WITHIN = timedelta(hours=2)
ONE_HOUR = timedelta(hours=1)
MODE_WORDS = (
    (Mode.PHONE, re.compile(r"\b(?:telephone|tel|phone|appel|appelle\w*|au bigo)\b")),
    (Mode.VIDEO, re.compile(r"\b(?:visio\w*|video|camera|zoom|teams|skype|en ligne)\b")),
    (Mode.ON_SITE, re.compile(r"\b(?:sur place|en vrai|en face|presentiel|physique)\b")),
)


@dataclass(frozen=True)
class Heard:
    """What a text says that a booking can use."""

    places: tuple[Place, ...] = ()
    commune: str | None = None
    nearby: bool = False
    outside: Commune | None = None
    anywhere: bool = False
    mode: Mode | None = None
    phone: str | None = None
    wanted: tuple[tuple[datetime, datetime], ...] = ()
    excluded: tuple[tuple[datetime, datetime], ...] = ()
    refusal: str | None = None

    @property
    def anything(self) -> bool:
        return bool(
            self.places
            or self.commune
            or self.outside
            or self.anywhere
            or self.mode
            or self.phone
            or self.wanted
            or self.excluded
            or self.refusal
        )


async def open_draft(session: AsyncSession, conversation: Conversation, now: datetime) -> BookingDraft | None:
    """The booking under way; one that was left for two days is over."""
    draft: BookingDraft | None = await session.scalar(
        select(BookingDraft).where(
            BookingDraft.conversation_id == conversation.id, BookingDraft.state == DraftState.OPEN
        )
    )
    if draft is not None and now - draft.touched_at > DRAFT_LIVES:
        await _leave(session, draft)
        return None
    return draft


async def start(
    session: AsyncSession,
    conversation: Conversation,
    text: str,
    now: datetime,
    *,
    moving: Appointment | None = None,
) -> list[Say]:
    """Begin a booking, or the move of an appointment, with whatever the first text already says.

    Raises:
        AlreadyBooked: the person has an appointment to come, and this is not its move.
    """
    if moving is None:
        await _refuse_second(session, conversation, now)
    draft = await open_draft(session, conversation, now)
    if draft is not None and moving is not None and draft.moving_id != moving.id:
        await _leave(session, draft)
        draft = None
    if draft is None:
        draft = BookingDraft(
            conversation_id=conversation.id,
            wanted=[],
            excluded=[],
            offered=[],
            seen=[],
            opened_at=now,
            touched_at=now,
        )
        if moving is not None:
            draft.moving_id, draft.place_id, draft.mode = moving.id, moving.place_id, moving.mode
            draft.phone = moving.phone
            midnight = in_paris(moving.starts_at).replace(hour=0, minute=0, second=0, microsecond=0)
            # "Un autre jour": that day is not proposed, unless it is asked for.
            draft.excluded = [[midnight.isoformat(), (midnight + timedelta(days=1)).isoformat()]]
        session.add(draft)
        await session.flush()
        if moving is None:
            await nudges.plan_unfinished(session, draft, now)
    draft.touched_at = now
    heard = await hear(session, conversation, text, now)
    return await _go_on(session, conversation, draft, heard, now)


async def answer(
    session: AsyncSession,
    conversation: Conversation,
    draft: BookingDraft,
    text: str,
    now: datetime,
    *,
    affirms: bool | None = None,
) -> list[Say] | None:
    """Take a text as an answer to the booking's question; None if it is not one.

    `affirms` is what the model made of it: True for a yes, False for a no.
    """
    if replies.leaves(text):
        return await leave(session, conversation, now)
    yes = replies.yes_or_no(text)
    yes = affirms if yes is None else yes
    chosen = _chosen(draft)
    index = replies.ordinal(text)
    where = draft.place_id is None and not draft.anywhere and draft.mode in (None, Mode.ON_SITE)
    heard = await hear(session, conversation, text, now, asked=where)
    draft.touched_at = now
    if chosen is not None and yes is True and not heard.anything:
        return await _confirm(session, conversation, draft, chosen, now)
    if draft.offered and index is not None:
        offered = [_slot_from(item) for item in draft.offered]
        if index < len(offered):
            return await _choose(session, conversation, draft, offered[index], now)
    if replies.wants_elsewhere(text) and not heard.places:
        return await _elsewhere(session, conversation, draft, now)
    if replies.wants_more(text) and draft.offered and not heard.wanted:
        return await _propose(session, conversation, draft, now, later=True)
    if chosen is not None and yes is False and not heard.anything:
        await openings.release(session, draft)
        draft.chosen = None
        return [Say("utter_booking_which_day"), *await _propose(session, conversation, draft, now)]
    if chosen is None and yes is False and draft.offered and not heard.anything:
        return await _propose(session, conversation, draft, now, later=True)
    if chosen is None and yes is True and len(draft.offered) == 1:
        return await _choose(session, conversation, draft, _slot_from(draft.offered[0]), now)
    if not heard.anything:
        return None
    draft.unanswered = 0
    return await _go_on(session, conversation, draft, heard, now)


async def not_understood(
    session: AsyncSession, conversation: Conversation, draft: BookingDraft, now: datetime
) -> list[Say]:
    """Nothing useful was said: the question again, in other words; the second time a human is offered."""
    draft.unanswered += 1
    if draft.unanswered >= 2:
        draft.unanswered = 0
        return [Say("utter_booking_need_human")]
    heard = Heard()
    return [Say("utter_booking_not_understood"), *await _go_on(session, conversation, draft, heard, now)]


async def leave(session: AsyncSession, conversation: Conversation, now: datetime) -> list[Say]:
    """Leave the booking; an appointment that was being moved stays as it is."""
    draft = await open_draft(session, conversation, now)
    if draft is None:
        return [Say("utter_abandon_nothing_pending")]
    was_moving = draft.moving_id is not None
    await _leave(session, draft)
    return [Say("utter_move_left" if was_moving else "utter_booking_left")]


async def resume(session: AsyncSession, conversation: Conversation, now: datetime) -> list[Say]:
    """After something else was answered, a word on the booking that is still open."""
    draft = await open_draft(session, conversation, now)
    if draft is None or now - draft.touched_at > RESUME_WITHIN:
        return []
    return [Say("utter_booking_resume")]


# ── Buttons ──────────────────────────────────────────────────────────────────────────────────


async def press(
    session: AsyncSession, conversation: Conversation, verb: str, arguments: list[str], now: datetime
) -> list[Say]:
    """A booking's button, whoever holds the conversation and with or without Rasa.

    Raises:
        Refusal: what it asks for cannot be done any more.
    """
    if verb == "book":
        return await start(session, conversation, "", now)
    if verb == "resume":
        return await _on_open(session, conversation, Heard(), now)
    if verb == "place":
        place = await session.get(Place, int(arguments[0]))
        if place is None:
            raise SlotGone
        return await _on_open(session, conversation, Heard(places=(place,)), now)
    if verb == "anywhere":
        return await _on_open(session, conversation, Heard(anywhere=True), now)
    if verb == "mode":
        return await _on_open(session, conversation, Heard(mode=Mode(arguments[0])), now)
    return await _press_of_draft(session, conversation, verb, arguments, now)


async def _press_of_draft(
    session: AsyncSession, conversation: Conversation, verb: str, arguments: list[str], now: datetime
) -> list[Say]:
    draft = await session.get(BookingDraft, int(arguments[0]))
    if draft is None or draft.conversation_id != conversation.id:
        raise SlotGone
    if draft.state is not DraftState.OPEN:
        if verb == "take" and draft.state is DraftState.BOOKED:
            return await appointments.tell(session, conversation, now)
        return [Say("utter_old_button")]
    draft.touched_at = now
    if verb == "slot":
        starts_at = datetime.fromtimestamp(int(arguments[2]) * 60, UTC)
        try:
            slot = await openings.slot_at(session, int(arguments[1]), starts_at, Mode(arguments[3]), now)
        except SlotGone:
            return [Say("utter_slot_gone"), *await _propose(session, conversation, draft, now)]
        return await _choose(session, conversation, draft, slot, now)
    if verb == "more":
        return await _propose(session, conversation, draft, now, later=True)
    if verb == "elsewhere":
        return await _elsewhere(session, conversation, draft, now)
    chosen = _chosen(draft)
    if verb == "take" and chosen is not None:
        return await _confirm(session, conversation, draft, chosen, now)
    await openings.release(session, draft)
    draft.chosen = None
    return await _propose(session, conversation, draft, now, later=True)


async def _on_open(session: AsyncSession, conversation: Conversation, heard: Heard, now: datetime) -> list[Say]:
    draft = await open_draft(session, conversation, now)
    if draft is None:
        says = await start(session, conversation, "", now)
        draft = await open_draft(session, conversation, now)
        if draft is None or not heard.anything:
            return says
    draft.touched_at = now
    return await _go_on(session, conversation, draft, heard, now)


# ── What is heard ────────────────────────────────────────────────────────────────────────────


async def hear(
    session: AsyncSession, conversation: Conversation, text: str, now: datetime, *, asked: bool = False
) -> Heard:
    """Read places, mode, phone and dates in a text; `asked` tells that it answers the question where."""
    if not text.strip():
        return Heard()
    found = await places.find(session, conversation, text, asked=asked)
    reading = dates.read(text, now)
    refusal = None
    if reading.refused and not reading.candidates:
        impossible = reading.refused[0].reason is dates.RefusalReason.IMPOSSIBLE
        refusal = "utter_date_impossible" if impossible else "utter_date_past"
    return Heard(
        places=found.places,
        commune=found.commune.name if found.commune else None,
        nearby=found.nearby,
        outside=found.outside,
        anywhere=replies.wants_anywhere(text),
        mode=read_mode(text),
        phone=read_phone(text),
        wanted=tuple((one.start, one.end) for one in reading.candidates),
        excluded=tuple((one.start, one.end) for one in reading.excluded),
        refusal=refusal,
    )


def read_mode(text: str) -> Mode | None:
    """How they want to meet, if the text says it."""
    plain = replies.plain(text)
    return next((mode for mode, pattern in MODE_WORDS if pattern.search(plain)), None)


# ── Steps ────────────────────────────────────────────────────────────────────────────────────


async def _go_on(
    session: AsyncSession, conversation: Conversation, draft: BookingDraft, heard: Heard, now: datetime
) -> list[Say]:
    """Keep what was heard, then ask the next thing that is missing."""
    says: list[Say] = []
    if heard.refusal:
        says.append(Say(heard.refusal))
    if heard.outside:
        says.append(places.say_outside(heard.outside))
    changed = await _keep(session, draft, heard, now)
    if heard.commune and heard.nearby and heard.places:
        says.append(Say("utter_place_nearby", {"commune": heard.commune}))
    if heard.commune and not heard.places:
        says.append(Say("utter_place_none_near", {"commune": heard.commune}))
    if changed and draft.chosen is not None:
        await openings.release(session, draft)
        draft.chosen = None
    chosen = _chosen(draft)
    if chosen is not None:
        return [*says, await _ask_confirmation(session, draft, chosen)]
    if draft.mode is Mode.PHONE and draft.phone is None:
        return [*says, Say("utter_booking_ask_phone")]
    if draft.mode in (None, Mode.ON_SITE) and draft.place_id is None and not draft.anywhere:
        return says + await _ask_place(session, conversation, heard.places, now)
    return says + await _propose(session, conversation, draft, now)


async def _keep(session: AsyncSession, draft: BookingDraft, heard: Heard, now: datetime) -> bool:
    """Write what was heard in the draft; True if it changes which slots fit."""
    before = (draft.place_id, draft.anywhere, draft.mode, list(draft.wanted), list(draft.excluded))
    if len(heard.places) == 1:
        draft.place_id, draft.anywhere = heard.places[0].id, False
    elif len(heard.places) > 1:
        draft.place_id = None
    elif heard.anywhere and draft.place_id is None:
        draft.anywhere = True
    if heard.mode is not None:
        draft.mode = heard.mode
    if heard.phone is not None:
        draft.phone = heard.phone
    if heard.wanted:
        draft.wanted = [[start.isoformat(), end.isoformat()] for start, end in heard.wanted]
        draft.excluded = [
            [start.isoformat(), end.isoformat()]
            for start, end in _spans(draft.excluded)
            if not any(start <= wished < end for wished, _ in heard.wanted)
        ]
        draft.seen = []
    if heard.excluded:
        draft.excluded = [[start.isoformat(), end.isoformat()] for start, end in heard.excluded]
    after = (draft.place_id, draft.anywhere, draft.mode, list(draft.wanted), list(draft.excluded))
    return before != after


async def _ask_place(
    session: AsyncSession, conversation: Conversation, among: Sequence[Place], now: datetime
) -> list[Say]:
    listed = list(among) or list(await places.of_territory(session, conversation))
    if not listed:
        return await handoffs.ask_and_say(session, conversation, HandoffReason.NO_SLOT, now)
    buttons = tuple(places.button_of(place, f"place:{place.id}") for place in listed[: places.MAX_PLACES])
    return [Say("utter_booking_ask_place", {}, buttons)]


async def _elsewhere(
    session: AsyncSession, conversation: Conversation, draft: BookingDraft, now: datetime
) -> list[Say]:
    await openings.release(session, draft)
    draft.place_id, draft.anywhere, draft.chosen, draft.offered = None, False, None, []
    return await _ask_place(session, conversation, (), now)


async def _propose(
    session: AsyncSession,
    conversation: Conversation,
    draft: BookingDraft,
    now: datetime,
    *,
    later: bool = False,
) -> list[Say]:
    """Three free slots as buttons; `later` goes on after those already seen."""
    slots = await openings.free_slots(
        session,
        conversation.structure.territory_id,
        now,
        place_id=draft.place_id if draft.mode in (None, Mode.ON_SITE) else None,
        mode=draft.mode,
        draft_id=draft.id,
    )
    excluded = _spans(draft.excluded)
    slots = [slot for slot in slots if not any(start <= slot.starts_at < end for start, end in excluded)]
    if later and draft.seen:
        seen = {datetime.fromisoformat(instant) for instant in draft.seen}
        slots = [slot for slot in slots if slot.starts_at not in seen]
    if not slots:
        says = [Say("utter_booking_no_slot")]
        return says + await handoffs.ask_and_say(session, conversation, HandoffReason.NO_SLOT, now)
    wanted = _spans(draft.wanted)
    picked = pick_three(slots, wanted)
    says = []
    if wanted and not any(start <= slot.starts_at < end for slot in picked for start, end in wanted):
        says.append(Say("utter_booking_none_then"))
    draft.offered = [_slot_json(slot) for slot in picked]
    draft.seen = [*draft.seen, *(slot.starts_at.isoformat() for slot in picked)]
    asked = [slot for slot in picked if len(picked) == 1 or _is_exactly(slot, wanted)]
    if asked and wanted and not says and not later:
        return await _choose(session, conversation, draft, asked[0], now)
    buttons = [
        Button(
            await _slot_title(session, draft, slot),
            f"slot:{draft.id}:{slot.opening_id}:{int(slot.starts_at.timestamp()) // 60}:{slot.mode.value}",
        )
        for slot in picked
    ]
    place = await session.get(Place, draft.place_id) if draft.place_id else None
    if place is not None and draft.mode in (None, Mode.ON_SITE):
        return [*says, Say("utter_booking_propose_at", _ids(draft) | {"place": place.name}, tuple(buttons))]
    mode = draft.mode or Mode.ON_SITE
    return [*says, Say("utter_booking_propose", _ids(draft) | {"mode": mode.label}, tuple(buttons))]


def _is_exactly(slot: Slot, wanted: list[tuple[datetime, datetime]]) -> bool:
    """Whether one hour was asked for, and the slot begins on it."""
    return len(wanted) == 1 and slot.starts_at == wanted[0][0] and wanted[0][1] - wanted[0][0] <= ONE_HOUR


async def _choose(
    session: AsyncSession, conversation: Conversation, draft: BookingDraft, slot: Slot, now: datetime
) -> list[Say]:
    """Hold the slot and ask for confirmation."""
    try:
        held = await openings.hold(session, draft, slot, now)
    except SlotTaken:
        return [Say("utter_slot_taken"), *await _propose(session, conversation, draft, now)]
    draft.chosen = _slot_json(held)
    if draft.mode is None:
        draft.mode = held.mode
    return [await _ask_confirmation(session, draft, held)]


async def _ask_confirmation(session: AsyncSession, draft: BookingDraft, slot: Slot) -> Say:
    place = await session.get_one(Place, slot.place_id)
    local = in_paris(slot.starts_at)
    number = "1er" if local.day == 1 else str(local.day)
    values = _ids(draft) | {
        "day": f"{DAYS[local.weekday()]} {number} {MONTHS[local.month - 1]}",
        "time": say_time(local),
        "place": place.name if slot.mode is Mode.ON_SITE else slot.mode.label,
        "short": f"{DAYS[local.weekday()][:3]}. {_short_time(local)}",
    }
    return Say("utter_move_confirm" if draft.moving_id else "utter_booking_confirm", values)


async def _confirm(
    session: AsyncSession, conversation: Conversation, draft: BookingDraft, slot: Slot, now: datetime
) -> list[Say]:
    """Book or move. The slot may have gone while they thought: then others are proposed."""
    if draft.mode is Mode.PHONE and draft.phone is None:
        return [Say("utter_booking_ask_phone")]
    moving = await session.get(Appointment, draft.moving_id) if draft.moving_id else None
    try:
        async with session.begin_nested():
            if moving is not None:
                appointment = await appointments.move(session, moving, slot, now, draft=draft)
            else:
                appointment = await appointments.book(session, conversation, slot, now, draft=draft, phone=draft.phone)
    except SlotTaken:
        draft.chosen = None
        return [Say("utter_slot_taken"), *await _propose(session, conversation, draft, now)]
    except AlreadyBooked as refusal:
        await _leave(session, draft)
        return [Say(refusal.response, refusal.values)]
    draft.state = DraftState.BOOKED
    return await _say_booked(session, conversation, appointment, now, moved=moving is not None)


async def _say_booked(
    session: AsyncSession, conversation: Conversation, appointment: Appointment, now: datetime, *, moved: bool
) -> list[Say]:
    values = appointments.describe(appointment, now)
    says = [Say("utter_moved" if moved else "utter_booked", values)]
    if appointment.adviser is not None:
        says.append(Say("utter_booked_with", values))
    if not moved and appointment.mode is Mode.ON_SITE:
        documents = conversation.structure.territory.bring
        if documents:
            says.append(Say("utter_booked_bring", {"documents": " et ".join(documents)}))
    planned = (
        await session.scalars(
            select(Nudge)
            .where(
                Nudge.about == appointment.id,
                Nudge.version == appointment.sequence,
                Nudge.kind.in_(("evening", "two_hours")),
            )
            .order_by(Nudge.due_at)
        )
    ).first()
    file = appointments.calendar_file(appointment, conversation.discreet, now)
    # A browser may be closed by then: who wrote in one is asked where to be reminded.
    if planned is not None and conversation.identity.channel is Channel.WEB:
        says.append(Say("utter_booked_file", {}, attachment=file))
        if appointment.remind_by is None:
            says.append(await reminding.ask(session, appointment, now))
        return says
    response = f"utter_booked_reminder_{planned.kind.value}" if planned else "utter_booked_no_reminder"
    says.append(Say(response, {}, attachment=file))
    return says


async def _refuse_second(session: AsyncSession, conversation: Conversation, now: datetime) -> None:
    try:
        appointment = await appointments.upcoming(session, conversation, now)
    except NoAppointment:
        return
    raise AlreadyBooked(**appointments.describe(appointment, now))


async def _leave(session: AsyncSession, draft: BookingDraft) -> None:
    await openings.release(session, draft)
    draft.state, draft.chosen, draft.phone = DraftState.LEFT, None, None
    await session.flush()


# ── The draft's JSON ─────────────────────────────────────────────────────────────────────────


def _ids(draft: BookingDraft) -> dict[str, str]:
    return {"draft": str(draft.id)}


def _slot_json(slot: Slot) -> dict[str, object]:
    return {
        "opening": slot.opening_id,
        "place": slot.place_id,
        "adviser": slot.adviser_id,
        "mode": slot.mode.value,
        "starts_at": slot.starts_at.isoformat(),
        "ends_at": slot.ends_at.isoformat(),
    }


def _slot_from(data: dict[str, object]) -> Slot:
    adviser = data["adviser"]
    return Slot(
        int(str(data["opening"])),
        int(str(data["place"])),
        int(str(adviser)) if adviser is not None else None,
        Mode(str(data["mode"])),
        datetime.fromisoformat(str(data["starts_at"])),
        datetime.fromisoformat(str(data["ends_at"])),
    )


def _chosen(draft: BookingDraft) -> Slot | None:
    return _slot_from(draft.chosen) if draft.chosen else None


def _spans(pairs: list[list[str]]) -> list[tuple[datetime, datetime]]:
    return [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in pairs]


async def _slot_title(session: AsyncSession, draft: BookingDraft, slot: Slot) -> str:
    if draft.place_id is None and slot.mode is Mode.ON_SITE:
        return title_with_place(await session.get_one(Place, slot.place_id), slot.starts_at)
    local = in_paris(slot.starts_at)
    return f"{DAYS[local.weekday()][:3]}. {_short_date(local)} {say_time(local)}"


def title_with_place(place: Place, starts_at: datetime) -> str:
    """When and where, on a button. Where there is no room for both, the date says the weekday, or a name is short."""
    local = in_paris(starts_at)
    day, at = DAYS[local.weekday()][:3], f"{_short_date(local)} {_short_time(local)}"
    long, short = places.names(place)
    return first_that_fits(f"{day} {at} {long}", f"{at} {long}", f"{day} {at} {short}", f"{at} {short}")


def _short_date(local: datetime) -> str:
    return f"{local.day}/{local.month:02}"


def _short_time(local: datetime) -> str:
    return f"{local.hour}h{local.minute:02}" if local.minute else f"{local.hour}h"
