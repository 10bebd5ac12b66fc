"""The review of handoffs, for coordinators: find them, mark them, tag them, write to who answered.

No message's text is read here; the thread, behind its own link, has them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.calendar import day_bounds
from bot.domain.handoffs import OPEN_STATES, HandoffReason, HandoffState
from bot.domain.review import MAX_COMMENT, MAX_TAG, MAX_TAGS, Delay, Mark, Order, Outcome
from bot.domain.safety import Level
from bot.domain.surveys import Face
from bot.domain.team import NoticeKind
from bot.errors import AnswerTooLong, BadTag, NobodyToTell, NothingWritten
from bot.services import needs, team
from bot.storage.queries import insert_new, lock, seconds_between
from bot.storage.tables import (
    Adviser,
    Alert,
    ChannelIdentity,
    Conversation,
    Handoff,
    HandoffEvent,
    ReviewComment,
    ReviewMark,
    ReviewTag,
    Source,
    SourceTouch,
    Structure,
    SurveyAnswer,
)
from bot.storage.types import Instant

ON_A_PAGE = 50
MOST_EXPORTED = 5_000
# What someone was not pleased with stays at the top until it is marked, three months at most.
UNHAPPY_FOR = timedelta(days=90)
SUGGESTED = 20
NO_SOURCE = "-"


@dataclass(frozen=True)
class Wanted:
    """Which handoffs are looked for; None is any. Both days are included. `source` is a code, or NO_SOURCE."""

    since: date
    until: date
    reason: HandoffReason | None = None
    theme: str | None = None
    source: str | None = None
    level: Level | None = None
    outcome: Outcome | None = None
    delay: Delay | None = None
    mark: Mark | None = None
    tag: str | None = None
    order: Order = Order.NEWEST


@dataclass(frozen=True)
class Reviewed:
    """A handoff in the list. `delay` is until a human first wrote; `in_hours` None where nobody noted it."""

    id: int
    asked_at: datetime
    reason: HandoffReason
    theme: str
    source: str
    level: Level
    outcome: Outcome
    adviser: str
    delay: timedelta | None
    in_hours: bool | None
    face: Face | None
    mark: Mark | None
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    rows: tuple[Reviewed, ...]
    total: int
    number: int
    pages: int


# ── Finding them ─────────────────────────────────────────────────────────────────────────────

# An alert has one of two levels, and "critical" comes before "high".
_LEVEL = (
    select(func.min(Alert.level))
    .where(
        Alert.conversation_id == Handoff.conversation_id,
        Alert.opened_at >= Handoff.asked_at,
        or_(Handoff.ended_at.is_(None), Alert.opened_at <= Handoff.ended_at),
    )
    .correlate(Handoff)
    .scalar_subquery()
)
_ANSWERED = seconds_between(Handoff.asked_at, Handoff.first_answer_at)
_OUTCOMES: dict[Outcome, ColumnElement[bool]] = {
    Outcome.WAITING: Handoff.state == HandoffState.ASKED,
    Outcome.HELD: and_(Handoff.state.in_(OPEN_STATES), Handoff.state != HandoffState.ASKED),
    Outcome.GIVEN_BACK: and_(Handoff.state == HandoffState.GIVEN_BACK, Handoff.first_answer_at.is_not(None)),
    Outcome.CLOSED: and_(Handoff.state == HandoffState.CLOSED, Handoff.first_answer_at.is_not(None)),
    Outcome.UNANSWERED: and_(Handoff.ended_at.is_not(None), Handoff.first_answer_at.is_(None)),
}


async def find(session: AsyncSession, structure: Structure, wanted: Wanted, now: datetime, number: int = 1) -> Page:
    """A page of the handoffs of a structure; a page that does not exist is the nearest that does."""
    asked = _asked_for(structure, wanted)
    total = await session.scalar(asked.with_only_columns(func.count())) or 0
    pages = max(1, -(-total // ON_A_PAGE))
    number = min(max(1, number), pages)
    order = _order(wanted.order, now)
    some = asked.order_by(*order).limit(ON_A_PAGE).offset((number - 1) * ON_A_PAGE)
    return Page(await _read(session, some, order), total, number, pages)


async def find_all(session: AsyncSession, structure: Structure, wanted: Wanted, now: datetime) -> tuple[Reviewed, ...]:
    """The same without pages, 5,000 at most."""
    order = _order(wanted.order, now)
    return await _read(session, _asked_for(structure, wanted).order_by(*order).limit(MOST_EXPORTED), order)


async def unhappy(session: AsyncSession, structure: Structure, now: datetime) -> tuple[Reviewed, ...]:
    """Those a young person was not pleased with and nobody marked as done, the last first."""
    order = _order(Order.NEWEST, now)
    some = (
        select(Handoff.id)
        .join(SurveyAnswer, SurveyAnswer.handoff_id == Handoff.id)
        .outerjoin(ReviewMark, ReviewMark.handoff_id == Handoff.id)
        .where(
            Handoff.structure_id == structure.id,
            SurveyAnswer.face == Face.BAD,
            SurveyAnswer.at > now - UNHAPPY_FOR,
            or_(ReviewMark.mark.is_(None), ReviewMark.mark != Mark.DONE),
        )
        .order_by(*order)
        .limit(ON_A_PAGE)
    )
    return await _read(session, some, order)


async def one(session: AsyncSession, handoff: Handoff, now: datetime) -> Reviewed:
    some = select(Handoff.id).where(Handoff.id == handoff.id)
    [found] = await _read(session, some, _order(Order.NEWEST, now))
    return found


async def sources_of(session: AsyncSession, structure: Structure) -> Sequence[Source]:
    """The codes of the structure's territory, by name."""
    rows = await session.scalars(
        select(Source).where(Source.territory_id == structure.territory_id).order_by(Source.label, Source.code)
    )
    return rows.all()


async def tags_of(session: AsyncSession, structure: Structure) -> list[str]:
    """The tags the structure uses most, to suggest them."""
    rows = await session.execute(
        select(ReviewTag.label, func.count())
        .join(Handoff, ReviewTag.handoff_id == Handoff.id)
        .where(Handoff.structure_id == structure.id)
        .group_by(ReviewTag.label)
        .order_by(func.count().desc(), ReviewTag.label)
        .limit(SUGGESTED)
    )
    return [label for label, _ in rows]


def _asked_for(structure: Structure, wanted: Wanted) -> Select[Any]:
    """The numbers of the handoffs that are looked for, with no table but those their conditions need."""
    found = [
        Handoff.structure_id == structure.id,
        Handoff.asked_at >= day_bounds(wanted.since)[0],
        Handoff.asked_at < day_bounds(wanted.until)[1],
    ]
    query: Select[Any] = select(Handoff.id).select_from(Handoff)
    if wanted.reason is not None:
        found.append(Handoff.reason == wanted.reason)
    if wanted.theme is not None:
        found.append(Handoff.theme == wanted.theme)
    if wanted.source is not None:
        query = _with_sources(query)
        found.append(SourceTouch.first_code.is_not_distinct_from(None if wanted.source == NO_SOURCE else wanted.source))
    if wanted.level is not None:
        found.append(_LEVEL.is_not_distinct_from(None if wanted.level is Level.NONE else wanted.level))
    if wanted.outcome is not None:
        found.append(_OUTCOMES[wanted.outcome])
    if wanted.delay is not None and wanted.delay.seconds is None:
        found.append(Handoff.first_answer_at.is_(None))
    elif wanted.delay is not None and wanted.delay.seconds is not None:
        more_than, up_to = wanted.delay.seconds
        found.extend((more_than < _ANSWERED, up_to >= _ANSWERED))
    if wanted.mark is not None:
        query = query.join(ReviewMark, ReviewMark.handoff_id == Handoff.id)
        found.append(ReviewMark.mark == wanted.mark)
    if wanted.tag is not None:
        found.append(exists().where(ReviewTag.handoff_id == Handoff.id, ReviewTag.label == wanted.tag))
    return query.where(*found)


def _order(by: Order, now: datetime) -> tuple[ColumnElement[Any], ...]:
    """Who was never answered waited until the end, or waits still."""
    waited = seconds_between(
        Handoff.asked_at, func.coalesce(Handoff.first_answer_at, Handoff.ended_at, literal(now, Instant()))
    )
    first: dict[Order, ColumnElement[Any]] = {
        Order.NEWEST: Handoff.asked_at.desc(),
        Order.LONGEST: waited.desc(),
        Order.SHORTEST: waited.asc(),
    }
    return first[by], Handoff.id.desc()


def _with_sources(query: Select[Any]) -> Select[Any]:
    return (
        query.join(Conversation, Handoff.conversation_id == Conversation.id)
        .join(ChannelIdentity, Conversation.identity_id == ChannelIdentity.id)
        .outerjoin(SourceTouch, SourceTouch.person_id == ChannelIdentity.person_id)
    )


async def _read(
    session: AsyncSession, some: Select[Any], order: tuple[ColumnElement[Any], ...]
) -> tuple[Reviewed, ...]:
    """The handoffs whose numbers are given, with what names them: asked of these alone, and not of all that match."""
    numbers = some.subquery()
    shown: tuple[Any, ...] = (
        Handoff.id,
        Handoff.asked_at,
        Handoff.reason,
        Handoff.state,
        Handoff.theme,
        Handoff.in_hours,
        Handoff.first_answer_at,
        Adviser.first_name,
        Source.label,
        SourceTouch.first_code,
        _LEVEL.label("level"),
        SurveyAnswer.face,
        ReviewMark.mark,
    )
    query = (
        _with_sources(select(*shown).select_from(Handoff))
        .outerjoin(Source, Source.code == SourceTouch.first_code)
        .outerjoin(Adviser, Handoff.adviser_id == Adviser.id)
        .outerjoin(SurveyAnswer, SurveyAnswer.handoff_id == Handoff.id)
        .outerjoin(ReviewMark, ReviewMark.handoff_id == Handoff.id)
        .join(numbers, numbers.c.id == Handoff.id)
        .order_by(*order)
    )
    found = (await session.execute(query)).all()
    tags: dict[int, list[str]] = defaultdict(list)
    # A few hundred at a time: SQLite takes 32,766 values in a statement.
    for first in range(0, len(found), 500):
        chunk = [row.id for row in found[first : first + 500]]
        for handoff_id, label in await session.execute(
            select(ReviewTag.handoff_id, ReviewTag.label)
            .where(ReviewTag.handoff_id.in_(chunk))
            .order_by(ReviewTag.handoff_id, ReviewTag.label)
        ):
            tags[handoff_id].append(label)
    themes = needs.labels()
    return tuple(
        Reviewed(
            id=row.id,
            asked_at=row.asked_at,
            reason=row.reason,
            theme=themes.get(row.theme or "", ""),
            source=row.label or ("Un code inconnu" if row.first_code else ""),
            level=Level(row.level) if row.level else Level.NONE,
            outcome=_outcome(row.state, row.first_answer_at),
            adviser=row.first_name or "",
            delay=row.first_answer_at - row.asked_at if row.first_answer_at else None,
            in_hours=row.in_hours,
            face=row.face,
            mark=row.mark,
            tags=tuple(tags[row.id]),
        )
        for row in found
    )


def _outcome(state: HandoffState, answered: datetime | None) -> Outcome:
    if state is HandoffState.ASKED:
        return Outcome.WAITING
    if state in OPEN_STATES:
        return Outcome.HELD
    if answered is None:
        return Outcome.UNANSWERED
    return Outcome.GIVEN_BACK if state is HandoffState.GIVEN_BACK else Outcome.CLOSED


# ── What a coordinator says of one ───────────────────────────────────────────────────────────


async def mark(session: AsyncSession, handoff: Handoff, adviser: Adviser, said: Mark | None, now: datetime) -> None:
    """Mark a handoff, with who and when; None takes the mark off."""
    await lock(session, handoff)
    await session.execute(delete(ReviewMark).where(ReviewMark.handoff_id == handoff.id))
    if said is not None:
        session.add(ReviewMark(handoff_id=handoff.id, mark=said, marked_by=adviser.id, at=now))
        await session.flush()


async def tag(session: AsyncSession, handoff: Handoff, adviser: Adviser, label: str, now: datetime) -> None:
    """Put a tag on a handoff; the same twice is one.

    Raises:
        BadTag: it is empty or longer than 24 characters, or there are eight already.
    """
    await lock(session, handoff)
    label = " ".join(label.split()).lower()
    there = list(await session.scalars(select(ReviewTag.label).where(ReviewTag.handoff_id == handoff.id)))
    if label in there:
        return
    if not 0 < len(label) <= MAX_TAG or len(there) >= MAX_TAGS:
        raise BadTag
    await insert_new(session, ReviewTag, handoff_id=handoff.id, label=label, tagged_by=adviser.id, at=now)


async def untag(session: AsyncSession, handoff: Handoff, label: str) -> None:
    await session.execute(delete(ReviewTag).where(ReviewTag.handoff_id == handoff.id, ReviewTag.label == label))


async def comment(
    session: AsyncSession, handoff: Handoff, author: Adviser, to: int, text: str, now: datetime
) -> ReviewComment:
    """Write to an adviser who had the conversation, by number; they are told, and read it on their account page.

    Raises:
        NobodyToTell: they never had this conversation, or have left.
        NothingWritten, AnswerTooLong: the text is empty, or longer than 1,000 characters.
    """
    found = {holder.id: holder for holder in await holders(session, handoff)}
    if to not in found:
        raise NobodyToTell
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise NothingWritten
    if len(text) > MAX_COMMENT:
        raise AnswerTooLong(most=str(MAX_COMMENT), length=str(len(text)))
    written = ReviewComment(handoff=handoff, author=author, adviser=found[to], text=text, at=now)
    session.add(written)
    await session.flush()
    if to != author.id:
        await team.tell(
            session, [found[to]], NoticeKind.REVIEWED, now, handoff=handoff, conversation=handoff.conversation
        )
    return written


async def holders(session: AsyncSession, handoff: Handoff) -> Sequence[Adviser]:
    """Who had the conversation in this handoff and is still of the team, the last first."""
    last = (
        select(HandoffEvent.to_adviser_id, func.max(HandoffEvent.id).label("at"))
        .where(HandoffEvent.handoff_id == handoff.id)
        .group_by(HandoffEvent.to_adviser_id)
        .subquery()
    )
    rows = await session.scalars(
        select(Adviser)
        .join(last, last.c.to_adviser_id == Adviser.id)
        .where(Adviser.active, Adviser.structure_id == handoff.structure_id)
        .order_by(last.c.at.desc())
    )
    return rows.all()


async def comments_on(session: AsyncSession, handoff: Handoff) -> Sequence[ReviewComment]:
    rows = await session.scalars(
        select(ReviewComment).where(ReviewComment.handoff_id == handoff.id).order_by(ReviewComment.id)
    )
    return rows.all()


async def comments_to(session: AsyncSession, adviser: Adviser) -> Sequence[ReviewComment]:
    """What an adviser was written and has not said they read, the oldest first."""
    rows = await session.scalars(
        select(ReviewComment)
        .where(ReviewComment.adviser_id == adviser.id, ReviewComment.seen_at.is_(None))
        .order_by(ReviewComment.id)
        .limit(ON_A_PAGE)
    )
    return rows.all()


async def read(session: AsyncSession, written: ReviewComment, now: datetime) -> None:
    """The adviser says they read it; the first time counts."""
    written.seen_at = written.seen_at or now
    await session.flush()
