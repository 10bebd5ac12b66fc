"""A browser's session: opened by the first message, forgotten after a week, ended by *Quitter*."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.people import Channel
from bot.services import people
from bot.storage import changes
from bot.storage.queries import insert_new
from bot.storage.tables import ChannelIdentity, Conversation, WebSession

LIVES = timedelta(days=7)
SEEN_EVERY = timedelta(hours=1)
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token() -> str:
    """What the browser keeps: 256 bits at random. A page gives it; only a message makes a session of it."""
    return secrets.token_urlsafe(32)


async def open_session(session: AsyncSession, token: str | None, now: datetime) -> tuple[str | None, WebSession]:
    """Begin a session, with its person and conversation, for the browser that holds `token`; and its new token, if
    it must get one.

    The page gave the token, so a browser that sends its first message twice, at once or because it never heard that
    it was stored, sends it to one session. A token not of our making, or of a session that is over, is replaced.
    """
    if token is not None and TOKEN.fullmatch(token):
        if await _insert(session, token, now):
            return token, await _begin(session, token, now)
        opened_meanwhile = await find(session, token, now)
        if opened_meanwhile is not None:
            return None, opened_meanwhile
    token = new_token()
    await _insert(session, token, now)
    return token, await _begin(session, token, now)


async def _insert(session: AsyncSession, token: str, now: datetime) -> bool:
    address = secrets.token_urlsafe(24)
    return await insert_new(
        session, WebSession, token_hash=_digest(token), address=address, created_at=now, seen_at=now
    )


async def _begin(session: AsyncSession, token: str, now: datetime) -> WebSession:
    row = await session.get_one(WebSession, _digest(token))
    await people.meet(session, Channel.WEB, row.address, now)
    return row


async def find(session: AsyncSession, token: str | None, now: datetime) -> WebSession | None:
    """The session of a cookie, unless it was ended or is too old."""
    row = await session.get(WebSession, _digest(token)) if token else None
    return row if row is not None and row.ended_at is None and row.seen_at > now - LIVES else None


async def was_ended(session: AsyncSession, token: str | None) -> bool:
    """Whether a cookie is of a session that *Quitter* ended."""
    row = await session.get(WebSession, _digest(token)) if token else None
    return row is not None and row.ended_at is not None


async def see(session: AsyncSession, row: WebSession, now: datetime) -> None:
    """Note that the browser came back: its week begins again."""
    await session.execute(update(WebSession).where(WebSession.token_hash == row.token_hash).values(seen_at=now))


def is_stale(row: WebSession, now: datetime) -> bool:
    """Whether it is time to note that the browser came back."""
    return now - row.seen_at > SEEN_EVERY


async def hide(session: AsyncSession, address: str, now: datetime) -> None:
    """Show nothing of before any more."""
    await session.execute(update(WebSession).where(WebSession.address == address).values(hidden_before=now))


async def end(session: AsyncSession, row: WebSession, now: datetime) -> None:
    """*Quitter*: the cookie opens nothing any more, and the pages that show the conversation are told."""
    row.ended_at = now
    conversation = await conversation_of(session, row)
    if conversation is not None:
        changes.note(session.sync_session, conversation.id)


async def conversation_of(session: AsyncSession, row: WebSession) -> Conversation | None:
    """The conversation of a session; None once it was erased."""
    found: Conversation | None = await session.scalar(
        select(Conversation)
        .join(ChannelIdentity, Conversation.identity_id == ChannelIdentity.id)
        .where(ChannelIdentity.channel == Channel.WEB, ChannelIdentity.address == row.address)
    )
    return found


async def is_alive(session: AsyncSession, address: str, now: datetime) -> bool:
    """Whether what is sent to an address can still be read by someone."""
    row = await session.scalar(select(WebSession).where(WebSession.address == address))
    return row is not None and row.ended_at is None and row.seen_at > now - LIVES


async def forget_old(session: AsyncSession, now: datetime) -> None:
    """Forget the sessions of browsers that have not come back for a week."""
    await session.execute(delete(WebSession).where(WebSession.seen_at < now - LIVES))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
