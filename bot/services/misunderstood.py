"""What the bot misunderstood: kept without names, put right by a coordinator in their own words, and learnt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot import taught
from bot.domain import safety
from bot.domain.conversations import Author
from bot.domain.masking import mask, names_someone
from bot.domain.misunderstandings import (
    ABOUT_LAST,
    KEPT,
    SIGNS,
    Cause,
    MisreadState,
    is_fair,
    is_theirs,
    one_line,
)
from bot.errors import AlreadyDecided, FormMistake
from bot.storage.tables import Adviser, Alert, Conversation, Message, Misread, PartnerBooking, Structure, Turn
from bot.taught import Lesson


class Entity(StrEnum):
    """What a sentence may say beside its intent. The service's own readers find them, not the model."""

    COMMUNE = "commune"
    MOMENT = "moment"

    @property
    def label(self) -> str:
        return {"commune": "Le lieu dit", "moment": "Le moment dit"}[self.value]


# ── Kept ─────────────────────────────────────────────────────────────────────────────────────


async def keep(session: AsyncSession, conversation: Conversation, turn: Turn, cause: Cause, now: datetime) -> None:
    """Keep what a turn said for the coordinators, masked; the first cause of a turn stays.

    Nothing is kept of a turn that safety read distress in, nor of someone who had an alert or is discreet.
    """
    if not turn.teachable or not turn.text or conversation.discreet:
        return
    if await session.scalar(select(Alert.id).where(Alert.conversation_id == conversation.id).limit(1)) is not None:
        return
    if await session.scalar(select(Misread.id).where(Misread.turn_id == turn.id)) is not None:
        return
    session.add(
        Misread(
            structure_id=conversation.structure_id,
            conversation_id=conversation.id,
            turn_id=turn.id,
            cause=cause,
            text=mask(turn.text, await _names_around(session, conversation)),
            read_as=turn.intent,
            confidence=turn.confidence,
            at=now,
        )
    )
    await session.flush()


async def meant(session: AsyncSession, asked: Turn, intent: str) -> None:
    """The young person pressed what they meant by an earlier turn."""
    await session.execute(
        update(Misread)
        .where(Misread.turn_id == asked.id, Misread.state == MisreadState.WAITING)
        .values(cause=Cause.CORRECTED, meant=intent)
    )


async def disliked(session: AsyncSession, conversation: Conversation, turn: Turn, now: datetime) -> None:
    """They say that the last answer was beside the point: what they had written just before is kept."""
    last = await session.scalar(
        select(Turn)
        .where(Turn.conversation_id == conversation.id, Turn.id < turn.id, Turn.closed_at >= now - ABOUT_LAST)
        .order_by(Turn.id.desc())
        .limit(1)
    )
    if last is not None:
        await keep(session, conversation, last, Cause.DISLIKED, now)


async def disliked_answer(session: AsyncSession, conversation: Conversation, reference: str, now: datetime) -> None:
    """They put a thumb down on a message: if it answered something they wrote, that is kept."""
    answered = await session.scalar(
        select(Turn)
        .join(Message, Message.turn_id == Turn.id)
        .where(Message.conversation_id == conversation.id, Message.reference == reference, Message.author == Author.BOT)
        .limit(1)
    )
    if answered is not None:
        await keep(session, conversation, answered, Cause.DISLIKED, now)


async def _names_around(session: AsyncSession, conversation: Conversation) -> set[str]:
    """First names someone writing here may well write: the team's, and what a partner said of them."""
    team = await session.scalars(select(Adviser.first_name).where(Adviser.structure_id == conversation.structure_id))
    booked = await session.scalars(
        select(PartnerBooking.first_name).where(PartnerBooking.conversation_id == conversation.id)
    )
    return {word for name in (*team, *booked) for word in name.split()}


async def forget_old(session: AsyncSession, now: datetime) -> None:
    """After a while nobody's words are left: what was not put right goes, the rest keeps the coordinator's sentence."""
    old = Misread.at < now - KEPT
    await session.execute(delete(Misread).where(old, Misread.state.in_((MisreadState.WAITING, MisreadState.IGNORED))))
    await session.execute(update(Misread).where(old, Misread.text != "").values(text=""))


async def forget(session: AsyncSession, conversation: Conversation) -> None:
    """The same at once, for someone who erases their data."""
    theirs = Misread.conversation_id == conversation.id
    await session.execute(
        delete(Misread).where(theirs, Misread.state.in_((MisreadState.WAITING, MisreadState.IGNORED)))
    )
    await session.execute(update(Misread).where(theirs).values(text=""))


# ── Put right ────────────────────────────────────────────────────────────────────────────────


async def waiting(session: AsyncSession, structure_id: str, *, limit: int = 50) -> Sequence[Misread]:
    """What waits for a coordinator; what the young person put right themself comes first, then the newest."""
    found = await session.scalars(
        select(Misread)
        .where(Misread.structure_id == structure_id, Misread.state == MisreadState.WAITING)
        .order_by(Misread.meant.is_(None), Misread.id.desc())
        .limit(limit)
    )
    return found.all()


async def count(session: AsyncSession, structure_id: str) -> int:
    return (
        await session.scalar(
            select(func.count())
            .select_from(Misread)
            .where(Misread.structure_id == structure_id, Misread.state == MisreadState.WAITING)
        )
    ) or 0


async def corrected(session: AsyncSession, structure_id: str) -> Sequence[tuple[Misread, str]]:
    """What the structure teaches the bot, the newest first, each with the first name of who put it right."""
    found = await session.execute(
        select(Misread, Adviser.first_name)
        .join(Adviser, Misread.decided_by == Adviser.id)
        .where(Misread.structure_id == structure_id, Misread.state == MisreadState.CORRECTED)
        .order_by(Misread.decided_at.desc(), Misread.id.desc())
    )
    return [(misread, name) for misread, name in found]


async def correct(
    session: AsyncSession,
    misread: Misread,
    adviser: Adviser,
    intent: str,
    sentence: str,
    entities: dict[Entity, str],
    now: datetime,
) -> None:
    """Teach the bot `sentence`, the coordinator's own, as an example of `intent`.

    Raises:
        AlreadyDecided: a colleague was faster.
        FormMistake: the sentence is theirs, names someone, speaks of distress, or cannot be learnt.
    """
    await _lock(session, misread)
    sentence = one_line(sentence)
    conversation = await session.get_one(Conversation, misread.conversation_id)
    turn = await session.get_one(Turn, misread.turn_id)
    _check(sentence, await _names_around(session, conversation))
    if any(is_theirs(sentence, original) for original in (misread.text, turn.text or "") if original):
        raise FormMistake("utter_form_own_words")
    found = {kind.value: one_line(passage) for kind, passage in entities.items() if passage.strip()}
    if any(passage.lower() not in sentence.lower() for passage in found.values()):
        raise FormMistake("utter_form_passage")
    other = await session.scalar(
        select(Misread.intent).where(
            Misread.structure_id == misread.structure_id,
            Misread.state == MisreadState.CORRECTED,
            func.lower(Misread.sentence) == sentence.lower(),
            Misread.intent != intent,
        )
    )
    if other is not None:
        raise FormMistake("utter_form_two_intents")
    misread.state, misread.intent, misread.sentence, misread.entities = (
        MisreadState.CORRECTED,
        intent,
        sentence,
        found,
    )
    misread.decided_by, misread.decided_at = adviser.id, now
    await session.flush()


def _check(sentence: str, names: set[str]) -> None:
    if not is_fair(sentence):
        raise FormMistake("utter_form_sentence")
    if SIGNS.search(sentence):
        raise FormMistake("utter_form_signs")
    if names_someone(sentence, names):
        raise FormMistake("utter_form_names_someone")
    if safety.check(sentence).level >= safety.Level.CONCERN:
        raise FormMistake("utter_form_distress")


async def ignore(session: AsyncSession, misread: Misread, adviser: Adviser, now: datetime) -> None:
    """Nothing to learn from it.

    Raises:
        AlreadyDecided: a colleague was faster.
    """
    await _lock(session, misread)
    misread.state, misread.decided_by, misread.decided_at = MisreadState.IGNORED, adviser.id, now
    await session.flush()


async def withdraw(session: AsyncSession, misread: Misread, adviser: Adviser, now: datetime) -> None:
    """Do not teach it any more; who had put it right stays written.

    Raises:
        AlreadyDecided: it is not taught.
    """
    await _lock(session, misread, MisreadState.CORRECTED)
    misread.state, misread.withdrawn_by, misread.withdrawn_at = MisreadState.WITHDRAWN, adviser.id, now
    await session.flush()


async def _lock(session: AsyncSession, misread: Misread, state: MisreadState = MisreadState.WAITING) -> None:
    await session.refresh(misread, ["state"], with_for_update=True)
    if misread.state is not state:
        raise AlreadyDecided


# ── Learnt ───────────────────────────────────────────────────────────────────────────────────


async def export(session: AsyncSession, structure_id: str, var: Path) -> Path:
    """Write all that the structure teaches under `var`, for the next training.

    One colleague at a time: the last to write has seen what the others decided.
    """
    await session.execute(select(Structure.id).where(Structure.id == structure_id).with_for_update())
    lessons = [
        Lesson(one.intent or "", one.sentence or "", one.entities)
        for one, _ in reversed(await corrected(session, structure_id))
    ]
    return taught.write(var, structure_id, lessons)
