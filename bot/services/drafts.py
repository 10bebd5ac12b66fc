"""A booking that is being made: what is kept of what was said, the slot it holds, and its JSON."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import DraftState, Slot
from bot.domain.calendar import day_bounds, in_paris
from bot.services import openings
from bot.services.hearing import Heard, Span
from bot.storage.tables import BookingDraft, Conversation

DRAFT_LIVES = timedelta(hours=48)
MOST_OF_A_DAY = timedelta(hours=20)
OPEN = select(BookingDraft).where(
    BookingDraft.conversation_id == bindparam("conversation"), BookingDraft.state == DraftState.OPEN
)


async def open_draft(session: AsyncSession, conversation: Conversation, now: datetime) -> BookingDraft | None:
    """The booking under way; one that was left for two days is over."""
    draft: BookingDraft | None = await session.scalar(OPEN, {"conversation": conversation.id})
    if draft is not None and now - draft.touched_at > DRAFT_LIVES:
        await leave(session, draft)
        return None
    return draft


async def leave(session: AsyncSession, draft: BookingDraft) -> None:
    """End a booking that is not made: the slot it held is free again, and the phone is forgotten."""
    await openings.release(session, draft)
    draft.state, draft.chosen, draft.phone = DraftState.LEFT, None, None
    await session.flush()


async def let_go(session: AsyncSession, draft: BookingDraft) -> None:
    """The slot that was being confirmed is free again."""
    if draft.chosen is not None:
        await openings.release(session, draft)
        draft.chosen = None


# ── What was said ────────────────────────────────────────────────────────────────────────────


def keep(draft: BookingDraft, heard: Heard) -> bool:
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
            for start, end in spans(draft.excluded)
            if not any(start <= wished < end for wished, _ in heard.wanted)
        ]
        draft.seen = []
        if any(end - start < MOST_OF_A_DAY for start, end in heard.wanted):
            draft.hours = []  # "vendredi matin" says its own hours
    if heard.excluded:
        draft.excluded = [[start.isoformat(), end.isoformat()] for start, end in heard.excluded]
    if heard.hours:
        # "Le matin plutôt": of the days already asked for, whatever hours were said of them.
        draft.wanted = [[start.isoformat(), end.isoformat()] for start, end in map(_whole_days, spans(draft.wanted))]
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


# ── The draft's JSON ─────────────────────────────────────────────────────────────────────────


def ids(draft: BookingDraft) -> dict[str, str]:
    """The value by which the buttons of a response name the draft."""
    return {"draft": str(draft.id)}


def chosen(draft: BookingDraft) -> Slot | None:
    """The slot that is held while it is confirmed, if there is one."""
    return openings.slot_from(draft.chosen) if draft.chosen else None


def spans(pairs: list[list[str]]) -> list[Span]:
    """What is kept as pairs of ISO moments."""
    return [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in pairs]
