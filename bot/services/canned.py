"""Texts ready to be sent: the structure's, which coordinators write, and one's own."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.team import Role
from bot.errors import FormIncomplete, NotYours, TooManyCanned
from bot.storage.tables import Adviser, CannedReply

MAX_TITLE = 60
MAX_TEXT = 1000
# All of them go with the page of a conversation, to be searched there without asking the server again.
MOST = 100


async def usable(session: AsyncSession, adviser: Adviser) -> Sequence[CannedReply]:
    """What an adviser may use: the structure's and their own, by title."""
    rows = await session.scalars(
        select(CannedReply)
        .where(
            CannedReply.structure_id == adviser.structure_id,
            or_(CannedReply.adviser_id.is_(None), CannedReply.adviser_id == adviser.id),
        )
        .order_by(func.lower(CannedReply.title), CannedReply.id)
    )
    return rows.all()


def may_change(reply: CannedReply, adviser: Adviser) -> bool:
    """One's own; a coordinator, the structure's too."""
    if reply.structure_id != adviser.structure_id:
        return False
    if reply.adviser_id is None:
        return adviser.role is Role.COORDINATOR
    return reply.adviser_id == adviser.id


async def add(session: AsyncSession, adviser: Adviser, title: str, text: str, *, shared: bool) -> CannedReply:
    """Keep a text, for oneself or (`shared`, coordinators only) for the structure.

    Raises:
        NotYours: an adviser may not write for the structure.
        FormIncomplete: the title or the text is empty or too long.
        TooManyCanned: there are a hundred already.
    """
    title, text = _read(title, text)
    reply = CannedReply(
        structure_id=adviser.structure_id, adviser_id=None if shared else adviser.id, title=title, text=text
    )
    if not may_change(reply, adviser):
        raise NotYours
    there = await session.scalar(
        select(func.count())
        .select_from(CannedReply)
        .where(
            CannedReply.structure_id == adviser.structure_id,
            CannedReply.adviser_id.is_(None) if shared else CannedReply.adviser_id == adviser.id,
        )
    )
    if (there or 0) >= MOST:
        raise TooManyCanned(most=str(MOST))
    session.add(reply)
    await session.flush()
    return reply


async def change(session: AsyncSession, reply: CannedReply, adviser: Adviser, title: str, text: str) -> None:
    """Write it again.

    Raises:
        NotYours: it is not the adviser's to change.
        FormIncomplete: the title or the text is empty or too long.
    """
    if not may_change(reply, adviser):
        raise NotYours
    reply.title, reply.text = _read(title, text)
    await session.flush()


async def remove(session: AsyncSession, reply: CannedReply, adviser: Adviser) -> None:
    """Throw it away; what was sent with it stays sent.

    Raises:
        NotYours: it is not the adviser's to throw away.
    """
    if not may_change(reply, adviser):
        raise NotYours
    await session.delete(reply)
    await session.flush()


def _read(title: str, text: str) -> tuple[str, str]:
    title, text = " ".join(title.split()), text.replace("\r\n", "\n").strip()
    if not title or not text or len(title) > MAX_TITLE or len(text) > MAX_TEXT:
        raise FormIncomplete
    return title, text
