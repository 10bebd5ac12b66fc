"""Make a booking: in a few exchanges, by words or buttons, until a slot is confirmed.

The draft in our tables is the truth; Rasa's form only knows that a booking is open.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import dates, replies
from bot.domain.appointments import DraftState, Mode, Slot, pick_three
from bot.domain.calendar import DAYS, MONTHS, day_bounds, in_paris, say_day, say_time
from bot.domain.communes import Commune
from bot.domain.conversations import Button, Say, first_that_fits
from bot.domain.handoffs import HandoffReason
from bot.domain.people import Channel, MilestoneKind
from bot.domain.phones import read_phone
from bot.domain.reasons import FIRST_MEETING, BookableBy, read_reason
from bot.errors import AlreadyBooked, NoAppointment, SlotGone, SlotTaken
from bot.services import appointments, asking, demand, nudges, openings, places, reasons, reminding, waiting
from bot.storage.tables import Appointment, BookingDraft, Conversation, Milestone, Nudge, Place, Reason, Waiting

# Where it was asked, what looks like the name of a commune, or a postcode.
A_PLACE = re.compile(r"(?:(?:j'habite|je suis|je vis|c'est|moi|plutot) )*(?:(?:a|sur|vers|pres de) )?[\w'-]+")
DRAFT_LIVES = timedelta(hours=48)
RESUME_WITHIN = timedelta(hours=2)
ONE_HOUR = timedelta(hours=1)
DAY_MINUTES = 24 * 60
MOST_OF_A_DAY = timedelta(hours=20)
# What a young person says of where to be met, when the team comes to them.
SHORTEST_POINT, LONGEST_POINT = 4, 120
MODE_WORDS = (
    (
        Mode.OUTSIDE,
        re.compile(
            r"\b(?:vers moi|me rejoindre|se voir dehors|dehors|pas dans un bureau|"
            r"(?:venir|venez|viens|vient|vienne|passer?|passez) "
            r"(?:me voir|chez moi|dans mon \w+|a ma \w+|pres de chez moi))\b"
        ),
    ),
    (Mode.PHONE, re.compile(r"\b(?:telephone|tel|phone|appel|appelle\w*|au bigo)\b")),
    (Mode.VIDEO, re.compile(r"\b(?:visio\w*|video|camera|zoom|teams|skype|en ligne)\b")),
    (Mode.ON_SITE, re.compile(r"\b(?:sur place|en vrai|en face|presentiel|physique)\b")),
)


Span = tuple[datetime, datetime]
Hours = tuple[int, int]
"""Minutes of any day, Paris time: from the first until before the second."""


class Towards(Enum):
    """Where the next proposals are looked for, from those already made."""

    AGAIN = auto()
    OTHERS = auto()
    LATER = auto()
    EARLIER = auto()
    OTHER_DAY = auto()


@dataclass(frozen=True)
class Heard:
    """What a text says that a booking can use.

    `unsure` are the communes it may mean, and `said` how it was written. `hours` are of no day in particular.
    """

    places: tuple[Place, ...] = ()
    commune: Commune | None = None
    nearby: bool = False
    outside: Commune | None = None
    unsure: tuple[Commune, ...] = ()
    said: str = ""
    anywhere: bool = False
    mode: Mode | None = None
    phone: str | None = None
    wanted: tuple[Span, ...] = ()
    excluded: tuple[Span, ...] = ()
    hours: tuple[Hours, ...] = ()
    excluded_hours: tuple[Hours, ...] = ()
    soonest: bool = False
    reason: str | None = None
    refusal: str | None = None

    @property
    def anything_of_a_place(self) -> bool:
        return bool(self.places or self.commune or self.outside or self.unsure or self.anywhere)

    @property
    def anything(self) -> bool:
        return bool(
            self.anything_of_a_place
            or self.mode
            or self.phone
            or self.wanted
            or self.excluded
            or self.hours
            or self.excluded_hours
            or self.soonest
            or self.reason
            or self.refusal
        )


OPEN = select(BookingDraft).where(
    BookingDraft.conversation_id == bindparam("conversation"), BookingDraft.state == DraftState.OPEN
)


async def open_draft(session: AsyncSession, conversation: Conversation, now: datetime) -> BookingDraft | None:
    """The booking under way; one that was left for two days is over."""
    draft: BookingDraft | None = await session.scalar(OPEN, {"conversation": conversation.id})
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
        AlreadyBooked: the person has an appointment to come for that reason, and this is not its move.
    """
    reason = await reason_said(session, conversation, text) or await _reason_to_begin_with(session, conversation)
    if moving is None and reason is not None:
        await _refuse_second(session, conversation, reason, now)
    draft = await open_draft(session, conversation, now)
    if draft is not None and moving is not None and draft.moving_id != moving.id:
        await _leave(session, draft)
        draft = None
    if draft is None:
        draft = BookingDraft(
            conversation_id=conversation.id,
            wanted=[],
            excluded=[],
            hours=[],
            excluded_hours=[],
            communes=[],
            offered=[],
            seen=[],
            opened_at=now,
            touched_at=now,
        )
        if moving is not None:
            draft.moving_id, draft.place_id, draft.mode = moving.id, moving.place_id, moving.mode
            draft.phone, draft.reason, draft.meeting_point = moving.phone, moving.reason, moving.meeting_point
            midnight = in_paris(moving.starts_at).replace(hour=0, minute=0, second=0, microsecond=0)
            # "Un autre jour": that day is not proposed, unless it is asked for.
            draft.excluded = [[midnight.isoformat(), (midnight + timedelta(days=1)).isoformat()]]
        else:
            draft.reason = reason
        session.add(draft)
        await session.flush()
        if moving is None:
            await nudges.plan_unfinished(session, draft, now)
    draft.touched_at = now
    heard = await hear(session, conversation, text, now)
    if _asks_where(draft) and not heard.anything_of_a_place and conversation.commune is not None:
        # They said where they live before.
        known = await places.near(session, conversation, conversation.commune)
        if len(known.places) == 1:
            heard = replace(heard, places=known.places)
    return await _go_on(session, conversation, draft, heard, now)


def _asks_where(draft: BookingDraft) -> bool:
    return draft.place_id is None and not draft.anywhere and draft.mode in (None, Mode.ON_SITE)


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
    heard = await hear(session, conversation, text, now, asked=_asks_where(draft))
    draft.touched_at = now
    if draft.reason is None and index is not None:
        offered = await reasons.bookable(session, conversation.structure_id, BookableBy.YOUNG)
        if index < len(offered):
            return await _go_on(session, conversation, draft, Heard(reason=offered[index].slug), now)
    if draft.mode is Mode.OUTSIDE and draft.meeting_point is None:
        return await _meet_at(session, conversation, draft, heard, text, now)
    if draft.communes and not heard.anything:
        if index is None and yes is True and len(draft.communes) == 1:
            index = 0
        if index is not None and index < len(draft.communes):
            heard = _heard_of(await places.near(session, conversation, draft.communes[index]))
            return await _go_on(session, conversation, draft, heard, now)
        if yes is False:
            return await _elsewhere(session, conversation, draft, now)
    if chosen is not None and yes is True and not heard.anything:
        return await _confirm(session, conversation, draft, chosen, now)
    if draft.offered and index is not None:
        slots = [openings.slot_from(item) for item in draft.offered]
        if index < len(slots):
            return await _choose(session, conversation, draft, slots[index], now)
    if replies.wants_elsewhere(text) and not heard.places:
        return await _elsewhere(session, conversation, draft, now)
    towards = _towards(text)
    if towards is not None and draft.offered and not heard.anything:
        return await _propose(session, conversation, draft, now, towards)
    if chosen is not None and yes is False and not heard.anything:
        return [Say("utter_booking_which_day"), *await _propose(session, conversation, draft, now)]
    if chosen is None and yes is False and draft.offered and not heard.anything:
        return await _propose(session, conversation, draft, now, Towards.OTHERS)
    if chosen is None and yes is True and len(draft.offered) == 1:
        return await _choose(session, conversation, draft, openings.slot_from(draft.offered[0]), now)
    if chosen is None and yes is True and draft.offered and not heard.anything:
        offers = [openings.slot_from(item) for item in draft.offered]
        return await _show(session, draft, offers, [Say("utter_booking_which_one")])
    if not heard.anything:
        return None
    draft.unanswered = 0
    return await _go_on(session, conversation, draft, heard, now)


async def _meet_at(
    session: AsyncSession, conversation: Conversation, draft: BookingDraft, heard: Heard, text: str, now: datetime
) -> list[Say]:
    """Keep where to meet, in their own words; a commune in it says which team comes."""
    point = " ".join(text.split())
    if not SHORTEST_POINT <= len(point) <= LONGEST_POINT:
        return [Say("utter_booking_ask_meeting_point")]
    draft.meeting_point = point
    if not heard.places:
        draft.anywhere = draft.place_id is None
    return await _go_on(session, conversation, draft, Heard(places=heard.places), now)


def asks_for_others(draft: BookingDraft, text: str) -> bool:
    """Whether a text asks for other slots than those proposed: "plus tard" is not a way to leave."""
    return bool(draft.offered) and _towards(text) is not None


def _towards(text: str) -> Towards | None:
    """The other proposals a text asks for; None if it asks for none."""
    asked = (
        (replies.wants_earlier, Towards.EARLIER),
        (replies.wants_later, Towards.LATER),
        (replies.wants_other_day, Towards.OTHER_DAY),
        (replies.wants_more, Towards.OTHERS),
    )
    return next((towards for asks, towards in asked if asks(text)), None)


async def not_understood(
    session: AsyncSession, conversation: Conversation, draft: BookingDraft, text: str, now: datetime
) -> list[Say]:
    """Nothing useful was said: the question again, in other words; the second time a human is offered."""
    draft.unanswered += 1
    if draft.unanswered >= 2:
        draft.unanswered = 0
        return [Say("utter_booking_need_human")]
    missed = _asks_where(draft) and A_PLACE.fullmatch(replies.plain(text))
    response = "utter_place_not_found" if missed else "utter_booking_not_understood"
    return [Say(response), *await _go_on(session, conversation, draft, Heard(), now)]


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
        if place is None or place.structure.territory_id != conversation.structure.territory_id:
            raise SlotGone
        return await _on_open(session, conversation, Heard(places=(place,)), now)
    if verb == "near":
        return await _near(session, conversation, arguments[0], now)
    if verb == "reason":
        offered = await reasons.bookable(session, conversation.structure_id, BookableBy.YOUNG)
        if arguments[0] not in {one.slug for one in offered}:
            raise ValueError(arguments[0])
        return await _on_open(session, conversation, Heard(reason=arguments[0]), now)
    if verb == "anywhere":
        return await _on_open(session, conversation, Heard(anywhere=True), now)
    if verb == "mode":
        return await _on_open(session, conversation, Heard(mode=Mode(arguments[0])), now)
    return await _press_of_draft(session, conversation, verb, arguments, now)


async def start_at(
    session: AsyncSession, conversation: Conversation, place: Place, span: tuple[datetime, datetime], now: datetime
) -> list[Say]:
    """Book at a place, in a span of time: a stop of the bus.

    Raises:
        AlreadyBooked: the person has an appointment to come.
    """
    return await _on_open(session, conversation, Heard(places=(place,), mode=Mode.ON_SITE, wanted=(span,)), now)


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
        mode, reason = Mode(arguments[3]), draft.reason or FIRST_MEETING
        try:
            slot = await openings.slot_at(session, int(arguments[1]), starts_at, mode, now, reason=reason)
            await _of_their_territory(session, conversation, slot)
        except SlotGone:
            return [Say("utter_slot_gone"), *await _propose(session, conversation, draft, now)]
        return await _choose(session, conversation, draft, slot, now)
    if verb == "more":
        return await _propose(session, conversation, draft, now, Towards.OTHERS)
    if verb == "elsewhere":
        return await _elsewhere(session, conversation, draft, now)
    chosen = _chosen(draft)
    if verb == "take" and chosen is not None:
        return await _confirm(session, conversation, draft, chosen, now)
    return await _propose(session, conversation, draft, now, Towards.OTHERS)


async def _near(session: AsyncSession, conversation: Conversation, insee: str, now: datetime) -> list[Say]:
    """The commune that was asked about: for the booking under way, else to be told where to come."""
    draft = await open_draft(session, conversation, now)
    if insee == "other":
        return (
            await _elsewhere(session, conversation, draft, now)
            if draft is not None
            else await places.tell_all(session, conversation)
        )
    if draft is None:
        return await places.tell_near(session, conversation, insee, now)
    return await _on_open(session, conversation, _heard_of(await places.near(session, conversation, insee)), now)


async def _of_their_territory(session: AsyncSession, conversation: Conversation, slot: Slot) -> None:
    """A button is never shown for another territory: this one was forged.

    Raises:
        SlotGone: the slot is there.
    """
    place = await session.get_one(Place, slot.place_id)
    if place.structure.territory_id != conversation.structure.territory_id:
        raise SlotGone


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
    return replace(
        _heard_of(found),
        anywhere=replies.wants_anywhere(text),
        mode=read_mode(text),
        phone=read_phone(text),
        wanted=tuple((one.start, one.end) for one in reading.candidates if one.day_named),
        excluded=tuple((one.start, one.end) for one in reading.excluded if one.day_named),
        hours=tuple(_hours(one) for one in reading.candidates if not one.day_named),
        excluded_hours=tuple(_hours(one) for one in reading.excluded if not one.day_named),
        soonest=replies.wants_soonest(text),
        reason=await reason_said(session, conversation, text),
        refusal=refusal,
    )


def _heard_of(found: places.Found) -> Heard:
    return Heard(
        places=found.places,
        commune=found.commune,
        nearby=found.nearby,
        outside=found.outside,
        unsure=found.unsure,
        said=found.said,
    )


def _hours(candidate: dates.Candidate) -> Hours:
    """The minutes of the day of "le matin", said of no day in particular."""
    start, end = in_paris(candidate.start), in_paris(candidate.end)
    return start.hour * 60 + start.minute, DAY_MINUTES if end.date() > start.date() else end.hour * 60 + end.minute


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
        says.append(places.say_outside(conversation, heard.outside))
    changed = _keep(draft, heard)
    if heard.unsure:
        return [*says, places.ask_which(heard.said, heard.unsure)]
    if heard.commune:
        conversation.commune = heard.commune.insee
    if heard.commune and heard.nearby and heard.places:
        says.append(Say("utter_place_nearby", {"commune": heard.commune.name}))
    if heard.commune and not heard.places:
        await demand.note_unserved(session, conversation, heard.commune, now)
        says.append(Say("utter_place_none_near", {"commune": heard.commune.name}))
    if changed:
        await _let_go(session, draft)
    if draft.reason is None:
        return says + await _ask_reason(session, conversation)
    taken = await _taken_for(session, conversation, draft, now)
    if taken is not None:
        await _leave(session, draft)
        return [*says, taken]
    says += await _fit_mode(session, conversation, draft)
    chosen = _chosen(draft)
    if chosen is not None:
        return [*says, await _ask_confirmation(session, draft, chosen)]
    if draft.mode is Mode.OUTSIDE and draft.meeting_point is None:
        return [*says, Say("utter_booking_ask_meeting_point")]
    if draft.mode is Mode.PHONE and draft.phone is None:
        return [*says, Say("utter_booking_ask_phone")]
    if _asks_where(draft):
        return says + await _ask_place(session, conversation, heard.places, now)
    return says + await _propose(session, conversation, draft, now)


def _keep(draft: BookingDraft, heard: Heard) -> bool:
    """Write what was heard in the draft; True if it changes which slots fit."""
    before = _wishes(draft)
    draft.communes = [commune.insee for commune in heard.unsure]
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
    if heard.reason is not None:
        draft.reason = heard.reason
    if heard.soonest:
        draft.wanted, draft.hours, draft.seen = [], [], []
    if heard.wanted:
        draft.wanted = [[start.isoformat(), end.isoformat()] for start, end in heard.wanted]
        draft.excluded = [
            [start.isoformat(), end.isoformat()]
            for start, end in _spans(draft.excluded)
            if not any(start <= wished < end for wished, _ in heard.wanted)
        ]
        draft.seen = []
        if any(end - start < MOST_OF_A_DAY for start, end in heard.wanted):
            draft.hours = []  # "vendredi matin" says its own hours
    if heard.excluded:
        draft.excluded = [[start.isoformat(), end.isoformat()] for start, end in heard.excluded]
    if heard.hours:
        # "Le matin plutôt": of the days already asked for, whatever hours were said of them.
        draft.wanted = [[start.isoformat(), end.isoformat()] for start, end in map(_whole_days, _spans(draft.wanted))]
        draft.hours, draft.seen = [list(hours) for hours in heard.hours], []
        draft.excluded_hours = _apart_from(draft.excluded_hours, draft.hours)
    if heard.excluded_hours:
        draft.excluded_hours = [list(hours) for hours in heard.excluded_hours]
        draft.hours = _apart_from(draft.hours, draft.excluded_hours)
    return before != _wishes(draft)


def _wishes(draft: BookingDraft) -> tuple[object, ...]:
    return (
        draft.place_id,
        draft.anywhere,
        draft.mode,
        draft.reason,
        list(draft.wanted),
        list(draft.excluded),
        list(draft.hours),
        list(draft.excluded_hours),
    )


def _apart_from(before: list[list[int]], now: list[list[int]]) -> list[list[int]]:
    """What was said before of the hours, without what is now said otherwise."""
    return [one for one in before if not any(one[0] < other[1] and other[0] < one[1] for other in now)]


def _whole_days(span: Span) -> Span:
    first, last = in_paris(span[0]).date(), in_paris(span[1] - timedelta(microseconds=1)).date()
    return day_bounds(first)[0], day_bounds(last)[1]


async def _ask_place(
    session: AsyncSession, conversation: Conversation, among: Sequence[Place], now: datetime
) -> list[Say]:
    listed = list(among) or list(await places.of_territory(session, conversation))
    if not listed:
        return await asking.ask_and_say(session, conversation, HandoffReason.NO_SLOT, now)
    buttons = [places.button_of(place, f"place:{place.id}") for place in listed[: places.MAX_PLACES]]
    if not among and await openings.offers(session, conversation.structure.territory_id, Mode.OUTSIDE):
        buttons.append(Button("Qu'on vienne vers moi", f"mode:{Mode.OUTSIDE.value}"))
    return [Say("utter_booking_ask_place", {}, tuple(buttons))]


# ── What it is for ───────────────────────────────────────────────────────────────────────────


async def reason_said(session: AsyncSession, conversation: Conversation, text: str) -> str | None:
    """What the appointment is for, if the text says it and a young person may book for it."""
    offered = await reasons.bookable(session, conversation.structure_id, BookableBy.YOUNG)
    return read_reason(replies.plain(text), [(one.slug, one.name) for one in offered]) if text else None


async def _reason_to_begin_with(session: AsyncSession, conversation: Conversation) -> str | None:
    """A first meeting for who has had none; after that it is asked, if there are several reasons to come."""
    honoured = (conversation.identity.person_id, MilestoneKind.FIRST_APPOINTMENT_HONOURED)
    if await session.get(Milestone, honoured) is None:
        return FIRST_MEETING
    offered = await reasons.bookable(session, conversation.structure_id, BookableBy.YOUNG)
    return None if len(offered) > 1 else FIRST_MEETING


async def _ask_reason(session: AsyncSession, conversation: Conversation) -> list[Say]:
    offered = await reasons.bookable(session, conversation.structure_id, BookableBy.YOUNG)
    return [Say("utter_booking_ask_reason", {}, tuple(Button(one.name, f"reason:{one.slug}") for one in offered))]


async def _taken_for(
    session: AsyncSession, conversation: Conversation, draft: BookingDraft, now: datetime
) -> Say | None:
    """That they have an appointment for this reason already, unless it is the one being moved."""
    if draft.moving_id is not None:
        return None
    try:
        appointment = await appointments.upcoming(session, conversation, now, reason=draft.reason)
    except NoAppointment:
        return None
    return Say(AlreadyBooked.response, appointments.describe(appointment, now))


async def _fit_mode(session: AsyncSession, conversation: Conversation, draft: BookingDraft) -> list[Say]:
    """Leave a way of meeting that the reason or the territory does not offer, and say so."""
    if draft.mode is None:
        return []
    if not await openings.offers(
        session, conversation.structure.territory_id, draft.mode, draft.reason or FIRST_MEETING
    ):
        said = Say("utter_booking_not_that_way", {"mode": draft.mode.label})
        draft.mode = None
        return [said]
    return []


async def _elsewhere(
    session: AsyncSession, conversation: Conversation, draft: BookingDraft, now: datetime
) -> list[Say]:
    left = draft.place_id
    await _let_go(session, draft)
    draft.place_id, draft.anywhere, draft.offered, draft.communes = None, False, [], []
    others = [place for place in await places.of_territory(session, conversation) if place.id != left]
    return await _ask_place(session, conversation, others, now)


async def _propose(
    session: AsyncSession,
    conversation: Conversation,
    draft: BookingDraft,
    now: datetime,
    towards: Towards = Towards.AGAIN,
) -> list[Say]:
    """Three free slots as buttons: what was asked for, else the nearest in time, with the nearest in place."""
    before = [openings.slot_from(item) for item in draft.offered]
    await _let_go(session, draft)
    slots = await _free(session, conversation, draft, now, draft.place_id)
    if towards is Towards.OTHERS and draft.seen:
        seen = {datetime.fromisoformat(instant) for instant in draft.seen}
        slots = [slot for slot in slots if slot.starts_at not in seen]
    if not slots and draft.place_id is not None:
        there = await session.get_one(Place, draft.place_id)
        draft.place_id, draft.anywhere = None, True
        said = Say("utter_booking_none_here", {"place": there.name})
        return [said, *await _propose(session, conversation, draft, now, towards)]
    if not slots:
        says = [Say("utter_booking_no_slot", _ids(draft))]
        return says + await asking.ask_and_say(session, conversation, HandoffReason.NO_SLOT, now)
    in_hours = [slot for slot in slots if _within_hours(slot, draft.hours)] if draft.hours else slots
    if towards in (Towards.EARLIER, Towards.LATER, Towards.OTHER_DAY):
        moved = _beyond(in_hours or slots, before, towards)
        if not moved:
            response = "utter_booking_none_earlier" if towards is Towards.EARLIER else "utter_booking_none_later"
            return await _show(session, draft, before, [Say(response)])
        return await _show(session, draft, moved, [])
    wanted = _spans(draft.wanted)
    asked = [slot for slot in in_hours if not wanted or _in_spans(slot, wanted)]
    if asked:
        picked = pick_three(in_hours, wanted)
        exact = [slot for slot in picked if len(picked) == 1 or _is_exactly(slot, wanted)]
        on_the_hour = [slot for slot in asked if _begins_on(slot, draft.hours)]
        exact = on_the_hour if len(on_the_hour) == 1 else exact
        if exact and wanted and towards is Towards.AGAIN:
            draft.offered = [openings.slot_json(slot) for slot in picked]
            draft.seen = [*draft.seen, *(slot.starts_at.isoformat() for slot in picked)]
            return await _choose(session, conversation, draft, exact[0], now)
        return await _show(session, draft, picked, [])
    if wanted and min(start for start, _ in wanted) > slots[-1].starts_at:
        last = in_paris(slots[-1].starts_at)
        values = {"day": say_day(last.date(), in_paris(now).date())}
        return await _show(session, draft, pick_three(slots, []), [Say("utter_booking_too_far", values)])
    picked = pick_three(slots, wanted)
    near = await _elsewhere_then(session, conversation, draft, now, wanted)
    if near is not None:
        picked = sorted([*picked[:2], near], key=lambda slot: slot.starts_at)
    return await _show(session, draft, picked, [Say("utter_booking_none_then")])


def _beyond(slots: Sequence[Slot], before: Sequence[Slot], towards: Towards) -> list[Slot]:
    """Three of the slots that are earlier or later than those proposed before, or on other days."""
    starts = [slot.starts_at for slot in before]
    if towards is Towards.EARLIER:
        sooner = [slot for slot in slots if slot.starts_at < min(starts)]
        return pick_three(sooner, [(sooner[0].starts_at, min(starts))]) if sooner else []
    if towards is Towards.LATER:
        return pick_three([slot for slot in slots if slot.starts_at > max(starts)], [])
    days = {in_paris(start).date() for start in starts}
    return pick_three([slot for slot in slots if in_paris(slot.starts_at).date() not in days], [])


async def _free(
    session: AsyncSession, conversation: Conversation, draft: BookingDraft, now: datetime, place_id: int | None
) -> list[Slot]:
    """The free slots that the draft does not exclude."""
    slots = await openings.free_slots(
        session,
        conversation.structure.territory_id,
        now,
        place_id=place_id if draft.mode in (None, Mode.ON_SITE, Mode.OUTSIDE) else None,
        mode=draft.mode,
        reason=draft.reason or FIRST_MEETING,
        draft_id=draft.id,
    )
    excluded = _spans(draft.excluded)
    kept = [slot for slot in slots if not _in_spans(slot, excluded)]
    if draft.mode is None:
        # The team comes to who asks for it.
        kept = [slot for slot in kept if slot.mode is not Mode.OUTSIDE]
    if draft.excluded_hours:
        kept = [slot for slot in kept if not _within_hours(slot, draft.excluded_hours)]
    return kept


async def _elsewhere_then(
    session: AsyncSession, conversation: Conversation, draft: BookingDraft, now: datetime, wanted: list[Span]
) -> Slot | None:
    """When nothing is free then at the place asked for: the first slot then at the nearest place around."""
    place = await session.get(Place, draft.place_id) if draft.place_id else None
    if place is None or not wanted or draft.mode not in (None, Mode.ON_SITE):
        return None
    for other in places.around(await places.of_territory(session, conversation), place):
        for slot in await _free(session, conversation, draft, now, other.id):
            if _in_spans(slot, wanted) and (not draft.hours or _within_hours(slot, draft.hours)):
                return slot
    return None


async def _show(session: AsyncSession, draft: BookingDraft, picked: Sequence[Slot], says: list[Say]) -> list[Say]:
    """The proposals as buttons, with the place on each where there are several."""
    draft.offered = [openings.slot_json(slot) for slot in picked]
    draft.seen = [*draft.seen, *(slot.starts_at.isoformat() for slot in picked)]
    one_place = len({slot.place_id for slot in picked}) == 1
    buttons = [
        Button(
            await _slot_title(session, draft, slot, one_place=one_place),
            f"slot:{draft.id}:{slot.opening_id}:{int(slot.starts_at.timestamp()) // 60}:{slot.mode.value}",
        )
        for slot in picked
    ]
    place = await session.get(Place, draft.place_id) if draft.place_id else None
    if place is not None and draft.mode in (None, Mode.ON_SITE):
        response = "utter_booking_propose_at" if one_place else "utter_booking_propose_around"
        return [*says, Say(response, _ids(draft) | {"place": place.name}, tuple(buttons))]
    mode = draft.mode or Mode.ON_SITE
    return [*says, Say("utter_booking_propose", _ids(draft) | {"mode": mode.label}, tuple(buttons))]


def _in_spans(slot: Slot, spans: Sequence[Span]) -> bool:
    return any(start <= slot.starts_at < end for start, end in spans)


def _within_hours(slot: Slot, hours: Sequence[Sequence[int]]) -> bool:
    local = in_paris(slot.starts_at)
    return any(start <= local.hour * 60 + local.minute < end for start, end in hours)


async def _let_go(session: AsyncSession, draft: BookingDraft) -> None:
    """The slot that was being confirmed is free again."""
    if draft.chosen is not None:
        await openings.release(session, draft)
        draft.chosen = None


def _is_exactly(slot: Slot, wanted: list[tuple[datetime, datetime]]) -> bool:
    """Whether one hour was asked for, and the slot begins on it."""
    return len(wanted) == 1 and slot.starts_at == wanted[0][0] and wanted[0][1] - wanted[0][0] <= ONE_HOUR


def _begins_on(slot: Slot, hours: Sequence[Sequence[int]]) -> bool:
    """Whether one hour was said of the days asked for ("14h"), and the slot begins on it."""
    local = in_paris(slot.starts_at)
    return len(hours) == 1 and hours[0][1] - hours[0][0] <= 60 and local.hour * 60 + local.minute == hours[0][0]


async def _choose(
    session: AsyncSession, conversation: Conversation, draft: BookingDraft, slot: Slot, now: datetime
) -> list[Say]:
    """Hold the slot and ask for confirmation."""
    try:
        held = await openings.hold(session, draft, slot, now)
    except SlotTaken:
        return [Say("utter_slot_taken"), *await _propose(session, conversation, draft, now)]
    draft.chosen = openings.slot_json(held)
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
        "place": _say_where(draft, place, slot.mode),
        "short": f"{DAYS[local.weekday()][:3]}. {_short_time(local)}",
    }
    if draft.moving_id:
        return Say("utter_move_confirm", values)
    reason = await reasons.find(session, place.structure_id, draft.reason or FIRST_MEETING)
    if reason.slug == FIRST_MEETING:
        return Say("utter_booking_confirm", values)
    return Say("utter_booking_confirm_reason", values | {"reason": reason.name[:1].lower() + reason.name[1:]})


def _say_where(draft: BookingDraft, place: Place, mode: Mode) -> str:
    if mode is Mode.OUTSIDE:
        return draft.meeting_point or mode.label
    return place.name if mode is Mode.ON_SITE else mode.label


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
                reason = draft.reason or FIRST_MEETING
                appointment = await appointments.book(
                    session, conversation, slot, now, reason=reason, draft=draft, phone=draft.phone
                )
            appointment.meeting_point = draft.meeting_point if slot.mode is Mode.OUTSIDE else None
            await session.flush()
    except (SlotTaken, SlotGone) as refusal:
        draft.chosen = None
        return [Say(refusal.response, refusal.values), *await _propose(session, conversation, draft, now)]
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
    if not moved:
        documents = await _documents(session, conversation, appointment)
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


async def _documents(session: AsyncSession, conversation: Conversation, appointment: Appointment) -> list[str]:
    """What to bring: what the reason says, else for a first meeting face to face what the territory says."""
    reason: Reason | None = await session.scalar(
        select(Reason).where(Reason.structure_id == appointment.structure_id, Reason.slug == appointment.reason)
    )
    if reason is not None and reason.documents:
        return list(reason.documents)
    first = appointment.reason == FIRST_MEETING and appointment.mode is Mode.ON_SITE
    return list(conversation.structure.territory.bring) if first else []


async def _refuse_second(session: AsyncSession, conversation: Conversation, reason: str, now: datetime) -> None:
    """One appointment to come for each reason."""
    try:
        appointment = await appointments.upcoming(session, conversation, now, reason=reason)
    except NoAppointment:
        return
    raise AlreadyBooked(**appointments.describe(appointment, now))


async def _leave(session: AsyncSession, draft: BookingDraft) -> None:
    await openings.release(session, draft)
    draft.state, draft.chosen, draft.phone = DraftState.LEFT, None, None
    await session.flush()


# ── The waiting list ─────────────────────────────────────────────────────────────────────────


async def join_line(session: AsyncSession, conversation: Conversation, draft_id: int, now: datetime) -> list[Say]:
    """Stand in line with the wishes of a booking that found nothing free.

    Raises:
        SlotGone: the booking is not theirs.
    """
    draft = await session.get(BookingDraft, draft_id)
    if draft is None or draft.conversation_id != conversation.id:
        raise SlotGone
    entry = await waiting.join(
        session,
        conversation,
        now,
        reason=draft.reason or FIRST_MEETING,
        place_id=draft.place_id,
        mode=draft.mode,
        phone=draft.phone,
    )
    return [Say("utter_waiting_joined", {"waiting": str(entry.id)})]


async def take_offer(session: AsyncSession, conversation: Conversation, entry: Waiting, now: datetime) -> list[Say]:
    """Accept the earlier slot that was held: their appointment moves there, or is made.

    Raises:
        OfferGone, SlotGone: see `appointments.take_offer`.
    """
    moved = await waiting.current(session, entry, now) is not None
    appointment = await appointments.take_offer(session, entry, now)
    return await _say_booked(session, conversation, appointment, now, moved=moved)


# ── The draft's JSON ─────────────────────────────────────────────────────────────────────────


def _ids(draft: BookingDraft) -> dict[str, str]:
    return {"draft": str(draft.id)}


def _chosen(draft: BookingDraft) -> Slot | None:
    return openings.slot_from(draft.chosen) if draft.chosen else None


def _spans(pairs: list[list[str]]) -> list[tuple[datetime, datetime]]:
    return [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in pairs]


async def _slot_title(session: AsyncSession, draft: BookingDraft, slot: Slot, *, one_place: bool) -> str:
    if (draft.place_id is None or not one_place) and slot.mode is Mode.ON_SITE:
        return title_with_place(await session.get_one(Place, slot.place_id), slot.starts_at)
    local = in_paris(slot.starts_at)
    return f"{DAYS[local.weekday()][:3]}. {_short_date(local)} {say_time(local)}"


def title_of(appointment: Appointment) -> str:
    """An appointment on a button, among several."""
    return title_with_place(appointment.place, appointment.starts_at)


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
