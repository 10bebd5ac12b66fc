"""Make a booking: in a few exchanges, by words or buttons, until a slot is confirmed.

The draft in our tables (drafts.py) is the truth; Rasa's form only knows that a booking is open.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import replies
from bot.domain.appointments import DraftState, Mode, Slot
from bot.domain.calendar import in_paris
from bot.domain.conversations import Button, Say
from bot.domain.handoffs import HandoffReason
from bot.domain.people import Channel, MilestoneKind
from bot.domain.reasons import FIRST_MEETING, BookableBy
from bot.errors import AlreadyBooked, NoAppointment, SlotGone, SlotTaken
from bot.services import (
    appointments,
    asking,
    demand,
    drafts,
    hearing,
    nudges,
    openings,
    places,
    proposals,
    reasons,
    reminding,
    waiting,
)
from bot.services.hearing import Heard
from bot.services.proposals import Towards
from bot.storage.tables import Appointment, BookingDraft, Conversation, Milestone, Nudge, Place, Reason, Waiting

# Where it was asked, what looks like the name of a commune, or a postcode.
A_PLACE = re.compile(r"(?:(?:j'habite|je suis|je vis|c'est|moi|plutot) )*(?:(?:a|sur|vers|pres de) )?[\w'-]+")
RESUME_WITHIN = timedelta(hours=2)
# What a young person says of where to be met, when the team comes to them.
SHORTEST_POINT, LONGEST_POINT = 4, 120


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
    reason = await hearing.reason_said(session, conversation, text) or await _reason_to_begin_with(
        session, conversation
    )
    if moving is None and reason is not None:
        await _refuse_second(session, conversation, reason, now)
    draft = await drafts.open_draft(session, conversation, now)
    if draft is not None and moving is not None and draft.moving_id != moving.id:
        await drafts.leave(session, draft)
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
    heard = await hearing.hear(session, conversation, text, now)
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
    chosen = drafts.chosen(draft)
    index = replies.ordinal(text)
    heard = await hearing.hear(session, conversation, text, now, asked=_asks_where(draft))
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
            heard = hearing.heard_of(await places.near(session, conversation, draft.communes[index]))
            return await _go_on(session, conversation, draft, heard, now)
        if yes is False:
            return await _elsewhere(session, conversation, draft, now)
    if chosen is not None and yes is True and not heard.anything:
        return await _confirm(session, conversation, draft, chosen, now)
    if draft.offered and index is not None:
        slots = [openings.slot_from(item) for item in draft.offered]
        if index < len(slots):
            return await proposals.choose(session, conversation, draft, slots[index], now)
    if replies.wants_elsewhere(text) and not heard.places:
        return await _elsewhere(session, conversation, draft, now)
    towards = proposals.read_towards(text)
    if towards is not None and draft.offered and not heard.anything:
        return await proposals.propose(session, conversation, draft, now, towards)
    if chosen is not None and yes is False and not heard.anything:
        return [Say("utter_booking_which_day"), *await proposals.propose(session, conversation, draft, now)]
    if chosen is None and yes is False and draft.offered and not heard.anything:
        return await proposals.propose(session, conversation, draft, now, Towards.OTHERS)
    if chosen is None and yes is True and len(draft.offered) == 1:
        return await proposals.choose(session, conversation, draft, openings.slot_from(draft.offered[0]), now)
    if chosen is None and yes is True and draft.offered and not heard.anything:
        offers = [openings.slot_from(item) for item in draft.offered]
        return await proposals.show(session, draft, offers, [Say("utter_booking_which_one")])
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
    draft = await drafts.open_draft(session, conversation, now)
    if draft is None:
        return [Say("utter_abandon_nothing_pending")]
    was_moving = draft.moving_id is not None
    await drafts.leave(session, draft)
    return [Say("utter_move_left" if was_moving else "utter_booking_left")]


async def resume(session: AsyncSession, conversation: Conversation, now: datetime) -> list[Say]:
    """After something else was answered, a word on the booking that is still open."""
    draft = await drafts.open_draft(session, conversation, now)
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
            return [Say("utter_slot_gone"), *await proposals.propose(session, conversation, draft, now)]
        return await proposals.choose(session, conversation, draft, slot, now)
    if verb == "more":
        return await proposals.propose(session, conversation, draft, now, Towards.OTHERS)
    if verb == "elsewhere":
        return await _elsewhere(session, conversation, draft, now)
    chosen = drafts.chosen(draft)
    if verb == "take" and chosen is not None:
        return await _confirm(session, conversation, draft, chosen, now)
    return await proposals.propose(session, conversation, draft, now, Towards.OTHERS)


async def _near(session: AsyncSession, conversation: Conversation, insee: str, now: datetime) -> list[Say]:
    """The commune that was asked about: for the booking under way, else to be told where to come."""
    draft = await drafts.open_draft(session, conversation, now)
    if insee == "other":
        return (
            await _elsewhere(session, conversation, draft, now)
            if draft is not None
            else await places.tell_all(session, conversation)
        )
    if draft is None:
        return await places.tell_near(session, conversation, insee, now)
    return await _on_open(session, conversation, hearing.heard_of(await places.near(session, conversation, insee)), now)


async def _of_their_territory(session: AsyncSession, conversation: Conversation, slot: Slot) -> None:
    """A button is never shown for another territory: this one was forged.

    Raises:
        SlotGone: the slot is there.
    """
    place = await session.get_one(Place, slot.place_id)
    if place.structure.territory_id != conversation.structure.territory_id:
        raise SlotGone


async def _on_open(session: AsyncSession, conversation: Conversation, heard: Heard, now: datetime) -> list[Say]:
    draft = await drafts.open_draft(session, conversation, now)
    if draft is None:
        says = await start(session, conversation, "", now)
        draft = await drafts.open_draft(session, conversation, now)
        if draft is None or not heard.anything:
            return says
    draft.touched_at = now
    return await _go_on(session, conversation, draft, heard, now)


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
    changed = drafts.keep(draft, heard)
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
        await drafts.let_go(session, draft)
    if draft.reason is None:
        return says + await _ask_reason(session, conversation)
    taken = await _taken_for(session, conversation, draft, now)
    if taken is not None:
        await drafts.leave(session, draft)
        return [*says, taken]
    says += await _fit_mode(session, conversation, draft)
    chosen = drafts.chosen(draft)
    if chosen is not None:
        return [*says, await proposals.ask_confirmation(session, draft, chosen)]
    if draft.mode is Mode.OUTSIDE and draft.meeting_point is None:
        return [*says, Say("utter_booking_ask_meeting_point")]
    if draft.mode is Mode.PHONE and draft.phone is None:
        return [*says, Say("utter_booking_ask_phone")]
    if _asks_where(draft):
        return says + await _ask_place(session, conversation, heard.places, now)
    return says + await proposals.propose(session, conversation, draft, now)


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


async def _elsewhere(
    session: AsyncSession, conversation: Conversation, draft: BookingDraft, now: datetime
) -> list[Say]:
    left = draft.place_id
    await drafts.let_go(session, draft)
    draft.place_id, draft.anywhere, draft.offered, draft.communes = None, False, [], []
    others = [place for place in await places.of_territory(session, conversation) if place.id != left]
    return await _ask_place(session, conversation, others, now)


# ── What it is for ───────────────────────────────────────────────────────────────────────────


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


async def _refuse_second(session: AsyncSession, conversation: Conversation, reason: str, now: datetime) -> None:
    """One appointment to come for each reason."""
    try:
        appointment = await appointments.upcoming(session, conversation, now, reason=reason)
    except NoAppointment:
        return
    raise AlreadyBooked(**appointments.describe(appointment, now))


# ── Booked ───────────────────────────────────────────────────────────────────────────────────


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
        return [Say(refusal.response, refusal.values), *await proposals.propose(session, conversation, draft, now)]
    except AlreadyBooked as refusal:
        await drafts.leave(session, draft)
        return [Say(refusal.response, refusal.values)]
    draft.state = DraftState.BOOKED
    return await _say_booked(session, conversation, appointment, now, moved=moving is not None)


async def take_offer(session: AsyncSession, conversation: Conversation, entry: Waiting, now: datetime) -> list[Say]:
    """Accept the earlier slot that was held: their appointment moves there, or is made.

    Raises:
        OfferGone, SlotGone: see `appointments.take_offer`.
    """
    moved = await waiting.current(session, entry, now) is not None
    appointment = await appointments.take_offer(session, entry, now)
    return await _say_booked(session, conversation, appointment, now, moved=moved)


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
