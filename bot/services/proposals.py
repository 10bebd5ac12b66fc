"""The slots that are proposed in a booking: what was asked for, else near it; and the one that is held."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, auto

from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import replies
from bot.domain.appointments import Mode, Slot, pick_three
from bot.domain.calendar import DAYS, MONTHS, in_paris, say_day, say_time
from bot.domain.conversations import Button, Say
from bot.domain.handoffs import HandoffReason
from bot.domain.reasons import FIRST_MEETING
from bot.errors import SlotTaken
from bot.services import asking, drafts, openings, places, reasons, titles
from bot.services.hearing import Span
from bot.storage.tables import BookingDraft, Conversation, Place

ONE_HOUR = timedelta(hours=1)


class Towards(Enum):
    """Where the next proposals are looked for, from those already made."""

    AGAIN = auto()
    OTHERS = auto()
    LATER = auto()
    EARLIER = auto()
    OTHER_DAY = auto()


def asks_for_others(draft: BookingDraft, text: str) -> bool:
    """Whether a text asks for other slots than those proposed: "plus tard" is not a way to leave."""
    return bool(draft.offered) and read_towards(text) is not None


def read_towards(text: str) -> Towards | None:
    """The other proposals a text asks for; None if it asks for none."""
    asked = (
        (replies.wants_earlier, Towards.EARLIER),
        (replies.wants_later, Towards.LATER),
        (replies.wants_other_day, Towards.OTHER_DAY),
        (replies.wants_more, Towards.OTHERS),
    )
    return next((towards for asks, towards in asked if asks(text)), None)


# ── Which ────────────────────────────────────────────────────────────────────────────────────


async def propose(
    session: AsyncSession,
    conversation: Conversation,
    draft: BookingDraft,
    now: datetime,
    towards: Towards = Towards.AGAIN,
) -> list[Say]:
    """Three free slots as buttons: what was asked for, else the nearest in time, with the nearest in place."""
    before = [openings.slot_from(item) for item in draft.offered]
    await drafts.let_go(session, draft)
    slots = await _free(session, conversation, draft, now, draft.place_id)
    if towards is Towards.OTHERS and draft.seen:
        seen = {datetime.fromisoformat(instant) for instant in draft.seen}
        slots = [slot for slot in slots if slot.starts_at not in seen]
    if not slots and draft.place_id is not None:
        there = await session.get_one(Place, draft.place_id)
        draft.place_id, draft.anywhere = None, True
        said = Say("utter_booking_none_here", {"place": there.name})
        return [said, *await propose(session, conversation, draft, now, towards)]
    if not slots:
        says = [Say("utter_booking_no_slot", drafts.ids(draft))]
        return says + await asking.ask_and_say(session, conversation, HandoffReason.NO_SLOT, now)
    in_hours = [slot for slot in slots if _within_hours(slot, draft.hours)] if draft.hours else slots
    if towards in (Towards.EARLIER, Towards.LATER, Towards.OTHER_DAY):
        moved = _beyond(in_hours or slots, before, towards)
        if not moved:
            response = "utter_booking_none_earlier" if towards is Towards.EARLIER else "utter_booking_none_later"
            return await show(session, draft, before, [Say(response)])
        return await show(session, draft, moved, [])
    wanted = drafts.spans(draft.wanted)
    asked = [slot for slot in in_hours if not wanted or _in_spans(slot, wanted)]
    if asked:
        picked = pick_three(in_hours, wanted)
        exact = [slot for slot in picked if len(picked) == 1 or _is_exactly(slot, wanted)]
        on_the_hour = [slot for slot in asked if _begins_on(slot, draft.hours)]
        exact = on_the_hour if len(on_the_hour) == 1 else exact
        if exact and wanted and towards is Towards.AGAIN:
            draft.offered = [openings.slot_json(slot) for slot in picked]
            draft.seen = [*draft.seen, *(slot.starts_at.isoformat() for slot in picked)]
            return await choose(session, conversation, draft, exact[0], now)
        return await show(session, draft, picked, [])
    if wanted and min(start for start, _ in wanted) > slots[-1].starts_at:
        last = in_paris(slots[-1].starts_at)
        values = {"day": say_day(last.date(), in_paris(now).date())}
        return await show(session, draft, pick_three(slots, []), [Say("utter_booking_too_far", values)])
    picked = pick_three(slots, wanted)
    near = await _elsewhere_then(session, conversation, draft, now, wanted)
    if near is not None:
        picked = sorted([*picked[:2], near], key=lambda slot: slot.starts_at)
    return await show(session, draft, picked, [Say("utter_booking_none_then")])


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
    excluded = drafts.spans(draft.excluded)
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


def _in_spans(slot: Slot, spans: Sequence[Span]) -> bool:
    return any(start <= slot.starts_at < end for start, end in spans)


def _within_hours(slot: Slot, hours: Sequence[Sequence[int]]) -> bool:
    local = in_paris(slot.starts_at)
    return any(start <= local.hour * 60 + local.minute < end for start, end in hours)


def _is_exactly(slot: Slot, wanted: Sequence[Span]) -> bool:
    """Whether one hour was asked for, and the slot begins on it."""
    return len(wanted) == 1 and slot.starts_at == wanted[0][0] and wanted[0][1] - wanted[0][0] <= ONE_HOUR


def _begins_on(slot: Slot, hours: Sequence[Sequence[int]]) -> bool:
    """Whether one hour was said of the days asked for ("14h"), and the slot begins on it."""
    local = in_paris(slot.starts_at)
    return len(hours) == 1 and hours[0][1] - hours[0][0] <= 60 and local.hour * 60 + local.minute == hours[0][0]


# ── Shown, and chosen ────────────────────────────────────────────────────────────────────────


async def show(session: AsyncSession, draft: BookingDraft, picked: Sequence[Slot], says: list[Say]) -> list[Say]:
    """The proposals as buttons, with the place on each where there are several."""
    draft.offered = [openings.slot_json(slot) for slot in picked]
    draft.seen = [*draft.seen, *(slot.starts_at.isoformat() for slot in picked)]
    one_place = len({slot.place_id for slot in picked}) == 1
    buttons = [
        Button(
            await titles.slot_title(session, draft, slot, one_place=one_place),
            f"slot:{draft.id}:{slot.opening_id}:{int(slot.starts_at.timestamp()) // 60}:{slot.mode.value}",
        )
        for slot in picked
    ]
    place = await session.get(Place, draft.place_id) if draft.place_id else None
    if place is not None and draft.mode in (None, Mode.ON_SITE):
        response = "utter_booking_propose_at" if one_place else "utter_booking_propose_around"
        return [*says, Say(response, drafts.ids(draft) | {"place": place.name}, tuple(buttons))]
    mode = draft.mode or Mode.ON_SITE
    return [*says, Say("utter_booking_propose", drafts.ids(draft) | {"mode": mode.label}, tuple(buttons))]


async def choose(
    session: AsyncSession, conversation: Conversation, draft: BookingDraft, slot: Slot, now: datetime
) -> list[Say]:
    """Hold the slot and ask for confirmation."""
    try:
        held = await openings.hold(session, draft, slot, now)
    except SlotTaken:
        return [Say("utter_slot_taken"), *await propose(session, conversation, draft, now)]
    draft.chosen = openings.slot_json(held)
    if draft.mode is None:
        draft.mode = held.mode
    return [await ask_confirmation(session, draft, held)]


async def ask_confirmation(session: AsyncSession, draft: BookingDraft, slot: Slot) -> Say:
    """Say when and where the slot that is held would be, to be answered by a yes or a no."""
    place = await session.get_one(Place, slot.place_id)
    local = in_paris(slot.starts_at)
    number = "1er" if local.day == 1 else str(local.day)
    values = drafts.ids(draft) | {
        "day": f"{DAYS[local.weekday()]} {number} {MONTHS[local.month - 1]}",
        "time": say_time(local),
        "place": _say_where(draft, place, slot.mode),
        "short": f"{DAYS[local.weekday()][:3]}. {titles.short_time(local)}",
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
