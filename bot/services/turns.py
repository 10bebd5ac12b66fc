"""The life of one message. Read this first.

The channel has stored what came in (inbox). A turn takes what waits from one address, and answers once:

0. `_hear`: what waits is looked at, and the encoder says what it means, with nothing open.
1. `_open` (first unit of work): claim what waits, keep it in the thread, decide who answers. A command, a
   button, a danger, a held conversation or a file is answered there and then, and the turn is closed in the
   same unit. Otherwise the turn stays open, for the assistant.
2. The assistant (Rasa) is asked, with nothing open. Its actions have their own unit of work (`act`).
3. `_close` (second unit of work): who speaks is asked again, the replies are queued, the turn is closed.

A process killed between two steps leaves an open turn under a lease; the next one takes it up at step 2.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, Protocol

import structlog
from sqlalchemy import Integer, and_, bindparam, cast, func, or_, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from bot.clock import Clock
from bot.domain import distress, misunderstandings, replies, safety
from bot.domain.conversations import (
    LONG,
    MAX_TURNS_PER_KEY,
    Author,
    Incoming,
    IncomingKind,
    Say,
    Speaker,
)
from bot.domain.handoffs import HandoffReason
from bot.domain.outbox import OutboxKind
from bot.domain.people import Channel
from bot.domain.safety import Meaning
from bot.errors import AssistantAway, ClosedTurn, Refusal
from bot.services import (
    alerts,
    answers,
    asking,
    booking,
    buttons,
    commands,
    drafts,
    files,
    handoffs,
    inbox,
    linking,
    misunderstood,
    outbox,
    people,
    places,
    team,
    topic_orders,
)
from bot.services.ports import Assistant, Encoder, Question
from bot.storage.database import Database
from bot.storage.tables import BookingDraft, Conversation, Handoff, InboxRow, Message, Turn, TurnEffect
from bot.texts import labels

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3
LATE = timedelta(minutes=2)
RECENT_MESSAGES = 5
# The two indexes that two processes may meet on, in the words of PostgreSQL and of SQLite.
TAKEN_BY_ANOTHER = re.compile(r"unique.*(?:uq_turn_open|turn\.channel|channel_identity)", re.IGNORECASE)
# What a button says of an earlier text, where it could have meant two things.
MEANT = re.compile(r"mean:(?P<turn>\d{1,9}):(?P<intent>\w+)")
WITHOUT_WORDS = {
    IncomingKind.COMMAND,
    IncomingKind.BUTTON,
    IncomingKind.REACTION,
    IncomingKind.BLOCKED,
    IncomingKind.UNBLOCKED,
}
NOT_UNDERSTOOD = "action_not_understood"
FORM = "validate_booking_form"


# Built once: they are asked many times a second.
_WAITS = and_(InboxRow.turn_id.is_(None), InboxRow.set_aside.is_(None))
_answered_now = select(Turn.id).where(
    Turn.channel == InboxRow.channel, Turn.address == InboxRow.address, Turn.closed_at.is_(None)
)
WAITING_ADDRESSES = (
    select(InboxRow.channel, InboxRow.address, func.max(InboxRow.received_at), func.min(InboxRow.received_at))
    .where(_WAITS, ~_answered_now.exists())
    .group_by(InboxRow.channel, InboxRow.address)
    .order_by(func.max(cast(InboxRow.urgent, Integer)).desc(), func.min(InboxRow.id))
    .limit(20)
)
WAITING_ROWS = (
    select(InboxRow)
    .where(_WAITS, InboxRow.channel == bindparam("channel"), InboxRow.address == bindparam("address"))
    .order_by(InboxRow.update_id)
    .limit(50)
    .with_for_update(skip_locked=True)
)
LEFT = (
    select(Turn)
    .where(Turn.closed_at.is_(None), Turn.lease_until < bindparam("now"))
    .order_by(Turn.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
RECENT = (
    select(Message.text)
    .where(Message.conversation_id == bindparam("conversation"), Message.author == Author.YOUNG)
    .order_by(Message.id.desc())
    .limit(RECENT_MESSAGES)
)
EFFECTS = select(TurnEffect).where(TurnEffect.turn_id == bindparam("turn"))
_left = select(Turn.id).where(Turn.closed_at.is_(None), Turn.lease_until < bindparam("now")).exists()
SOMETHING_LEFT = select(_left)
SOMETHING_WAITS = select(or_(select(InboxRow.id).where(_WAITS).exists(), _left))


class Away(Protocol):
    """Answers a turn without the model."""

    async def __call__(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, now: datetime
    ) -> list[Say]: ...


Address = tuple[Channel, str]


@dataclass(frozen=True)
class Pace:
    """`gather`: how long to wait for the rest of a message; `lease`: how long a turn belongs to a process.

    `listening`: whom a loop of this process is reading now; the other loops take someone else.
    """

    gather: timedelta
    lease: timedelta
    listening: set[Address] = field(default_factory=set)


@dataclass(frozen=True)
class Heard:
    """Who waits, the text they wrote, and what the encoder made of it."""

    address: Address
    text: str
    meanings: Sequence[Meaning] = ()


async def take_turn(
    database: Database, assistant: Assistant, away: Away, encoder: Encoder, clock: Clock, pace: Pace
) -> bool:
    """Answer the next thing that waits; False if nothing does."""
    try:
        async with _hear(database, encoder, clock.now(), pace) as heard:
            if heard is None and not await _something_left(database, clock.now()):
                return False
            question = await _claim(database, heard, clock.now(), pace)
    except (IntegrityError, StaleDataError) as error:
        if not _was_faster(error):
            raise
        return True  # another process claimed the same address first
    if question is None:
        return False
    if isinstance(question, Question):
        parts: list[Say] | None
        try:
            parts = await assistant.ask(question)
        except AssistantAway as reason:
            log.warning("assistant away", turn=question.turn_id, reason=str(reason))
            parts = None
        async with database.unit_of_work() as session:
            await _close(session, question, parts, away, clock.now())
    return True


async def something_waits(session: AsyncSession, now: datetime) -> bool:
    """Whether a turn may be taken; only looks, and may be wrong for a moment."""
    return bool(await session.scalar(SOMETHING_WAITS, {"now": now}))


async def _something_left(database: Database, now: datetime) -> bool:
    """Whether a dead process left a turn. Most wake-ups find nothing, and must not make those who write wait."""
    async with database.read_only() as session:
        return bool(await session.scalar(SOMETHING_LEFT, {"now": now}))


@asynccontextmanager
async def _hear(database: Database, encoder: Encoder, now: datetime, pace: Pace) -> AsyncIterator[Heard | None]:
    """Step 0. Who is next, and what they say, theirs until the end of the block; None if nobody waits.

    The encoder takes some 20 ms: it reads before the turn begins, and while the rest of a message may still come.
    """
    async with database.read_only() as session:
        waits, ready = await _who_waits(session, now, pace)
    if waits is None:
        yield None
        return
    pace.listening.add(waits.address)
    try:
        heard = replace(waits, meanings=await encoder.read(waits.text) if waits.text else ())
        yield heard if ready else None
    finally:
        pace.listening.discard(waits.address)


async def _claim(database: Database, heard: Heard | None, now: datetime, pace: Pace) -> Question | bool | None:
    """Step 1. A question for the assistant; None if nothing waits.

    True if the turn is answered already, or if what waits is not what was heard: it is heard again.
    """
    ids: list[int] = []
    try:
        async with database.unit_of_work() as session:
            left = await _take_up(session, now, pace)
            if left is not None:
                return left
            if heard is None:
                return None
            rows = await _next_rows(session, heard.address)
            if not rows or _text_of(rows) != heard.text:
                return True
            ids = [row.id for row in rows]
            return await _open(session, rows, heard.meanings, now, pace)
    except Exception as error:
        # The database is away, or someone was faster; but what it refuses to store, it always will.
        refused = isinstance(error, (DataError, IntegrityError))
        if not ids or _was_faster(error) or (isinstance(error, DBAPIError) and not refused):
            raise
        # A defect of ours must not stop the line: what caused it is set aside, with an apology.
        log.error("turn failed", inbox=ids, error=type(error).__name__, exc_info=True)
    async with database.unit_of_work() as session:
        await _set_aside(session, ids, now)
    return True


def _was_faster(error: Exception) -> bool:
    """Whether another process met the same address, or changed the same row, just before us."""
    if isinstance(error, IntegrityError):
        return TAKEN_BY_ANOTHER.search(str(error.orig)) is not None
    return isinstance(error, StaleDataError)


async def _take_up(session: AsyncSession, now: datetime, pace: Pace) -> Question | bool | None:
    """An open turn whose process died: ask the assistant again, unless it was tried too often."""
    turn = await session.scalar(LEFT, {"now": now})
    if turn is None:
        return None
    turn.attempts += 1
    turn.lease_until = now + pace.lease
    conversation = await session.get_one(Conversation, turn.conversation_id)
    if turn.attempts > MAX_ATTEMPTS:
        await _answer(session, conversation, turn, [*_said_before(turn), Say("utter_error")], now)
        await people.rotate_rasa_key(session, conversation, now)
        return True
    draft = await drafts.open_draft(session, conversation, now)
    question = _question(conversation, turn, draft, asked_before=True)
    pressed = await session.scalar(
        select(InboxRow).where(InboxRow.turn_id == turn.id, InboxRow.kind == IncomingKind.BUTTON)
    )
    meant = MEANT.fullmatch(inbox.read(pressed).argument) if pressed else None
    return replace(question, intent=meant["intent"]) if meant else question


async def _who_waits(session: AsyncSession, now: datetime, pace: Pace) -> tuple[Heard | None, bool]:
    """Who is next, and whether they are ready: what may be danger first, then the oldest address.

    Where nobody is ready, who is still writing.
    """
    writing = None
    for channel, address, last_at, first_at in (await session.execute(WAITING_ADDRESSES)).all():
        if (channel, address) in pace.listening:
            continue
        rows = (await session.scalars(WAITING_ROWS, {"channel": channel, "address": address})).all()
        taken = _one_turn(rows)
        if not taken:
            continue
        waits = Heard((channel, address), _text_of(taken))
        alone = taken[0].kind is not IncomingKind.TEXT or channel is Channel.TEAM
        rested = last_at <= now - pace.gather or first_at <= now - 5 * pace.gather
        if alone or rested or len(taken) < len(rows) or any(row.urgent for row in taken):
            return waits, True
        writing = writing or waits
    return writing, False


async def _next_rows(session: AsyncSession, address: Address) -> Sequence[InboxRow]:
    """The rows of the next turn of an address."""
    channel, name = address
    return _one_turn((await session.scalars(WAITING_ROWS, {"channel": channel, "address": name})).all())


def _one_turn(rows: Sequence[InboxRow]) -> Sequence[InboxRow]:
    """Texts in a row are one turn; anything else is a turn of its own, and so is each message of the team's group."""
    if rows and rows[0].channel is Channel.TEAM:
        return rows[:1]
    texts = list(takewhile(lambda row: row.kind is IncomingKind.TEXT, rows))
    return texts or rows[:1]


def _text_of(rows: Sequence[InboxRow]) -> str:
    """What safety reads of the next turn: texts, or the words of an edit or of a caption."""
    if not rows or rows[0].kind in WITHOUT_WORDS or rows[0].channel is Channel.TEAM:
        return ""
    return "\n".join(str(row.payload.get("text") or "") for row in rows)


async def _open(
    session: AsyncSession, rows: Sequence[InboxRow], meanings: Sequence[Meaning], now: datetime, pace: Pace
) -> Question | bool:
    """Begin the turn: keep what came in, and let who must answer do it."""
    first = rows[0]
    if first.channel is Channel.TEAM or linking.is_account_link(inbox.read(first)):
        return await _of_the_team(session, first, now)
    conversation = await people.meet(session, first.channel, first.address, now)
    incoming = [inbox.read(row) for row in rows]
    texts = [one.text for one in incoming if one.kind is IncomingKind.TEXT]
    turn = Turn(
        channel=first.channel,
        address=first.address,
        conversation_id=conversation.id,
        text="\n".join(texts) if texts else None,
        opened_at=now,
        lease_until=now + pace.lease,
    )
    session.add(turn)
    await session.flush()
    for row in rows:
        row.turn_id = turn.id
    if incoming[0].kind not in (IncomingKind.BLOCKED, IncomingKind.UNBLOCKED):
        conversation.identity.unreachable_at = None
    if incoming[0].kind is IncomingKind.TEXT:
        recent = await _recent(session, conversation)
        for row, one in zip(rows, incoming, strict=True):
            session.add(_message(conversation, turn, row, one))
        waited = now - min(row.received_at for row in rows)
        return await _text(session, conversation, turn, meanings, recent, waited, now)
    question = await _meant(session, conversation, turn, incoming[0], now)
    says = [] if question else await _other(session, conversation, turn, rows[0], incoming[0], meanings, now)
    if incoming[0].press_reference:
        await outbox.queue(
            session,
            turn.channel,
            turn.address,
            OutboxKind.PRESS,
            {"press": incoming[0].press_reference},
            now,
        )
    if question is not None:
        return question
    await _answer(session, conversation, turn, says, now, Speaker.SERVICE)
    return True


async def _of_the_team(session: AsyncSession, row: InboxRow, now: datetime) -> bool:
    """What an adviser writes, in the team's group or to link their account, is nobody's conversation."""
    turn = Turn(channel=row.channel, address=row.address, opened_at=now, lease_until=now, closed_at=now)
    session.add(turn)
    await session.flush()
    row.turn_id = turn.id
    if row.channel is Channel.TEAM:
        await topic_orders.obey(session, row, now)
    else:
        await linking.link_account(session, inbox.read(row), now)
    return True


async def _meant(
    session: AsyncSession, conversation: Conversation, turn: Turn, incoming: Incoming, now: datetime
) -> Question | None:
    """A button that says what an earlier text meant: the assistant is asked about that text again, with its intent.

    None if it is another button, or one that is too old or not ours, or if the assistant is not to answer.
    """
    meant = MEANT.fullmatch(incoming.argument) if incoming.kind is IncomingKind.BUTTON else None
    asked = await session.get(Turn, int(meant["turn"])) if meant else None
    if meant is None or asked is None or asked.text is None or asked.conversation_id != conversation.id:
        return None
    if meant["intent"] not in labels():
        return None
    if await handoffs.holder(session, conversation) or await alerts.open_alert(session, conversation):
        return None
    await misunderstood.meant(session, asked, meant["intent"])
    turn.text = asked.text
    turn.rasa_key, turn.asked_at = conversation.rasa_key, now
    draft = await drafts.open_draft(session, conversation, now)
    return replace(_question(conversation, turn, draft, asked_before=False), intent=meant["intent"])


async def _text(
    session: AsyncSession,
    conversation: Conversation,
    turn: Turn,
    meanings: Sequence[Meaning],
    recent: list[str],
    waited: timedelta,
    now: datetime,
) -> Question | bool:
    """A text: safety reads it first, then the adviser who holds it, then the assistant."""
    text = turn.text or ""
    reading = safety.check(text, recent, meanings)
    if reading.wants_discretion:
        conversation.discreet = True
    holder = await handoffs.hear(session, conversation, now)
    alert = await alerts.open_alert(session, conversation)
    if reading.level >= safety.Level.HIGH:
        late = waited > alerts.LATE
        says = await _danger(session, conversation, holder, text, reading, now, late=late)
        await _answer(session, conversation, turn, says, now, Speaker.SAFETY)
        return True
    if holder is not None:
        says = await asking.say_holder_off_duty(session, holder, now)
        await _answer(session, conversation, turn, says, now, Speaker.ADVISER)
        return True
    if alert is not None:
        says = await alerts.go_on(session, alert, text, reading, now)
        await _answer(session, conversation, turn, says, now, Speaker.SAFETY)
        return True
    before = await _before(session, conversation, reading, waited, now)
    draft = await drafts.open_draft(session, conversation, now)
    if len(text) > LONG:
        await handoffs.ask(session, conversation, HandoffReason.UNREADABLE, now)
        await _answer(session, conversation, turn, [*before, Say("utter_too_long")], now, Speaker.SERVICE)
        return True
    alone = replies.ambiguous(text)
    yes = replies.yes_or_no(text)
    if draft is None and (yes is not None or alone == answers.CANCEL or answers.gives_phone(conversation, text)):
        # A plain answer to the question we asked: nothing to guess, and it works without Rasa.
        try:
            said = await answers.to_pending(session, conversation, turn, yes, now)
        except Refusal as refusal:
            said = [Say(refusal.response, refusal.values)]
        if said is not None:
            await _answer(session, conversation, turn, [*before, *said], now, Speaker.SERVICE)
            return True
    if alone is not None and draft is None:
        await _answer(session, conversation, turn, [*before, Say(alone)], now, Speaker.SERVICE)
        return True
    if misunderstandings.dislikes(replies.plain(text), text):
        await misunderstood.disliked(session, conversation, turn, now)
    turn.teachable = reading.level is safety.Level.NONE
    turn.before = [say.to_json() for say in before] or None
    turn.rasa_key, turn.asked_at = conversation.rasa_key, now
    question = _question(conversation, turn, draft, asked_before=False)
    return replace(question, meaning=meanings[0] if meanings else None)


async def _danger(
    session: AsyncSession,
    conversation: Conversation,
    holder: Handoff | None,
    text: str,
    reading: safety.SafetyReading,
    now: datetime,
    *,
    late: bool = False,
) -> list[Say]:
    """A danger is answered at once: that a robot answers comes last, the first time."""
    alert = await alerts.open_alert(session, conversation)
    says = await alerts.heard(session, conversation, alert, holder, text, reading, now, late=late)
    if says and conversation.greeted_at is None:
        conversation.greeted_at = now
        says.append(Say(distress.ROBOT_FIRST))
    return says


async def _before(
    session: AsyncSession,
    conversation: Conversation,
    reading: safety.SafetyReading,
    waited: timedelta,
    now: datetime,
) -> list[Say]:
    """What is said before the answer: who is speaking, the first time; that we are late, after an outage."""
    says = await commands.introduce(session, conversation, now)
    if waited > LATE:
        minutes = int(waited.total_seconds() // 60)
        delay = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
        says.append(Say("utter_outage_apology", {"delay": delay}))
    if reading.level is safety.Level.CONCERN:
        says.append(Say("utter_safety_heard_concern"))
        people.keep_pending(conversation, "human", now, reason=HandoffReason.WELLBEING)
    return says


async def _other(
    session: AsyncSession,
    conversation: Conversation,
    turn: Turn,
    row: InboxRow,
    incoming: Incoming,
    meanings: Sequence[Meaning],
    now: datetime,
) -> list[Say]:
    """Anything that is not a text. Commands and buttons work whoever holds the conversation."""
    kind = incoming.kind
    if kind is IncomingKind.COMMAND:
        return await commands.run(session, conversation, turn, incoming.text, incoming.argument, now)
    if kind is IncomingKind.BUTTON:
        return await _button(session, conversation, turn, incoming.argument, now)
    if kind is IncomingKind.REACTION:
        await misunderstood.disliked_answer(session, conversation, incoming.reference, now)
        return []
    if kind is IncomingKind.BLOCKED:
        if conversation.identity.unreachable_at is None:
            conversation.identity.unreachable_at = now
            await team.tell_unreachable(session, conversation, now)
        return []
    if kind is IncomingKind.UNBLOCKED:
        conversation.identity.unreachable_at = None
        return []
    if kind is IncomingKind.EDIT:
        return await _edit(session, conversation, turn, row, incoming, meanings, now)
    if kind is IncomingKind.LOCATION:
        row.payload = row.payload | {"latitude": None, "longitude": None}
    else:
        session.add(_message(conversation, turn, row, incoming))
        await session.flush()
        if incoming.file_reference and kind in files.FETCHED:
            await files.expect(session, conversation, row, incoming.file_reference, now)
    holder = await handoffs.hear(session, conversation, now)
    reading = safety.check(incoming.text, meanings=meanings)
    if reading.level >= safety.Level.HIGH:
        return await _danger(session, conversation, holder, incoming.text, reading, now)
    if holder is not None:
        return await asking.say_holder_off_duty(session, holder, now)
    before = await commands.introduce(session, conversation, now)
    if kind is IncomingKind.VOICE:
        return [*before, *await _voice(session, conversation, now)]
    if kind is IncomingKind.LOCATION:
        return [*before, *await _location(session, conversation, incoming, now)]
    return [*before, Say(ANSWERS[kind])]


async def _button(
    session: AsyncSession, conversation: Conversation, turn: Turn, payload: str, now: datetime
) -> list[Say]:
    if payload.startswith("safe:"):
        alert = await alerts.open_alert(session, conversation)
        if alert is None or await handoffs.holder(session, conversation) is not None:
            return []
        return await alerts.go_on(session, alert, payload, safety.check(""), now)
    return await buttons.press(session, conversation, turn, payload, now)


async def _edit(
    session: AsyncSession,
    conversation: Conversation,
    turn: Turn,
    row: InboxRow,
    incoming: Incoming,
    meanings: Sequence[Meaning],
    now: datetime,
) -> list[Say]:
    """An edited message reaches the adviser as an edit; danger written in it is danger."""
    message = await session.scalar(
        select(Message).where(
            Message.conversation_id == conversation.id,
            Message.reference == incoming.reference,
            Message.author == Author.YOUNG,
        )
    )
    if message is None:  # written before we knew them, or erased since
        session.add(_message(conversation, turn, row, incoming))
    else:
        message.text_before_edit = message.text_before_edit or message.text
        message.text, message.edited_at = incoming.text, now
    holder = await handoffs.hear(session, conversation, now)
    reading = safety.check(incoming.text, meanings=meanings)
    if reading.level >= safety.Level.HIGH:
        return await _danger(session, conversation, holder, incoming.text, reading, now)
    if holder is not None:
        return []
    return [*await commands.introduce(session, conversation, now), Say("utter_edited")]


async def _voice(session: AsyncSession, conversation: Conversation, now: datetime) -> list[Say]:
    await handoffs.ask(session, conversation, HandoffReason.VOICE, now)
    there = await team.team_now(session, conversation.structure, now)
    when = there.say_when(now)
    return [Say("utter_voice", {"when": when}) if when else Say("utter_voice_no_hours")]


async def _location(session: AsyncSession, conversation: Conversation, incoming: Incoming, now: datetime) -> list[Say]:
    """A position is used once, to find a place, and is not kept."""
    if incoming.latitude is None or incoming.longitude is None:
        return [Say("utter_location_unknown")]
    place = await places.nearest(session, conversation, incoming.latitude, incoming.longitude)
    if place is None:
        return [Say("utter_location_unknown")]
    return [Say("utter_location_place", {"place": place.name}), await places.describe(session, place, now)]


ANSWERS = {
    IncomingKind.PHOTO: "utter_photo",
    IncomingKind.DOCUMENT: "utter_document",
    IncomingKind.STICKER: "utter_sticker",
    IncomingKind.CONTACT: "utter_contact",
    IncomingKind.OTHER: "utter_unreadable",
}


# ── Step 2: what an action does ──────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Acted:
    says: list[Say]
    outcome: dict[str, Any]


Act = Callable[[AsyncSession, Conversation, Turn, datetime], Awaitable[Acted]]


async def act(database: Database, turn_id: int, action: str, do: Act, now: datetime) -> Acted:
    """Run an action of a turn, once: sent again, it does nothing and says the same.

    Raises:
        ClosedTurn: the turn was answered without it; nothing is done.
    """
    async with database.unit_of_work() as session:
        turn = await session.get(Turn, turn_id, with_for_update=True)
        if turn is None or turn.closed_at is not None:
            raise ClosedTurn(f"turn {turn_id}")
        done = await session.get(TurnEffect, (turn_id, action))
        if done is not None:
            return Acted([Say.from_json(say) for say in done.says], done.outcome)
        conversation = await session.get_one(Conversation, turn.conversation_id)
        acted = await do(session, conversation, turn, now)
        session.add(
            TurnEffect(
                turn_id=turn_id,
                action=action,
                says=[say.to_json() for say in acted.says],
                outcome=acted.outcome,
            )
        )
        return acted


# ── Step 3 ───────────────────────────────────────────────────────────────────────────────────


async def _close(
    session: AsyncSession,
    question: Question,
    parts: list[Say] | None,
    away: Away,
    now: datetime,
) -> None:
    """Queue the replies and close the turn, unless a human took the conversation meanwhile."""
    turn = await session.get_one(Turn, question.turn_id, with_for_update=True)
    if turn.closed_at is not None:
        return
    conversation = await session.get_one(Conversation, turn.conversation_id)
    if parts is None:
        parts = await _without_assistant(session, conversation, turn, away, now)
    else:
        done = await session.scalars(EFFECTS, {"turn": turn.id})
        effects = {effect.action: effect for effect in done}
        conversation.rasa_turns += 1
        if NOT_UNDERSTOOD not in effects:
            conversation.misunderstood = 0
        # Of two wants, the booking's is the first where one was open, and the second where it begins.
        form = effects.get(FORM) or effects.get(f"{FORM} 1")
        digression = form is not None and form.outcome["digression"]
        # What Rasa believes, which a button or another action than its form may have made untrue.
        conversation.rasa_booking = form.outcome["open"] if form is not None and not digression else question.booking
        if digression:
            parts = [*parts, *await booking.resume(session, conversation, now)]
        worn = conversation.rasa_turns >= MAX_TURNS_PER_KEY
        if worn and await drafts.open_draft(session, conversation, now) is None:
            await people.rotate_rasa_key(session, conversation, now)
            conversation.rasa_booking = False
    if await handoffs.hear(session, conversation, now) is not None:
        parts = []
        turn.before = None
    await _answer(session, conversation, turn, [*_said_before(turn), *parts], now, Speaker.ASSISTANT)


def _said_before(turn: Turn) -> list[Say]:
    """What must come before the answer, decided when the turn began."""
    return [Say.from_json(say) for say in turn.before or []]


async def _without_assistant(
    session: AsyncSession, conversation: Conversation, turn: Turn, away: Away, now: datetime
) -> list[Say]:
    """The turn is abandoned: what its actions did is said; else what can be done without the model.

    Rasa gets a new key: a late answer to the old one changes nothing.
    """
    effects = (await session.scalars(select(TurnEffect).where(TurnEffect.turn_id == turn.id))).all()
    await people.rotate_rasa_key(session, conversation, now)
    conversation.rasa_booking = False
    done = [Say.from_json(say) for effect in effects for say in effect.says]
    return list(done or await away(session, conversation, turn, now))


async def _answer(
    session: AsyncSession,
    conversation: Conversation,
    turn: Turn,
    parts: Sequence[Say],
    now: datetime,
    speaker: Speaker = Speaker.SERVICE,
) -> None:
    await outbox.say(session, conversation, parts, now, turn_id=turn.id)
    turn.speaker, turn.closed_at = speaker, now


def _question(conversation: Conversation, turn: Turn, draft: BookingDraft | None, *, asked_before: bool) -> Question:
    return Question(
        key=turn.rasa_key or conversation.rasa_key,
        turn_id=turn.id,
        text=turn.text or "",
        booking=draft is not None,
        knows_booking=conversation.rasa_booking,
        asked_before=asked_before,
    )


async def _set_aside(session: AsyncSession, ids: list[int], now: datetime) -> None:
    rows = (await session.scalars(select(InboxRow).where(InboxRow.id.in_(ids)))).all()
    if any(row.turn_id is not None or row.set_aside for row in rows):
        return
    for row in rows:
        row.set_aside = "error"
    first = rows[0]
    if first.channel is Channel.TEAM:
        return  # nobody's conversation: the log has it
    conversation = await people.meet(session, first.channel, first.address, now)
    await outbox.say(session, conversation, [Say("utter_error")], now)


async def _recent(session: AsyncSession, conversation: Conversation) -> list[str]:
    """The young person's last messages, oldest first."""
    found = await session.scalars(RECENT, {"conversation": conversation.id})
    return list(reversed(found.all()))


def _message(conversation: Conversation, turn: Turn, row: InboxRow, incoming: Incoming) -> Message:
    return Message(
        conversation_id=conversation.id,
        inbox_id=row.id,
        turn_id=turn.id,
        author=Author.YOUNG,
        kind=incoming.kind,
        text=incoming.text,
        reference=incoming.reference or None,
        file_reference=incoming.file_reference or None,
        at=incoming.at,
    )
