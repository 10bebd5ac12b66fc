"""Who of the team is logged in: passwords, sessions, invitations.

Hashing a password takes a tenth of a second and 64 MB on purpose: it is done in a thread, two at a time, and never
inside a unit of work. So these verbs, like turns, are handed the database and open their own.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.outbox import Limit
from bot.errors import (
    EmailTaken,
    InvitationOver,
    PasswordTooShort,
    SamePassword,
    TooManyTries,
    WrongPassword,
)
from bot.services import budgets
from bot.storage.database import Database
from bot.storage.tables import Adviser, ConsoleSession, Invitation

IDLE = timedelta(hours=12)
# What a page seen again does not need to write.
SEEN_EVERY = timedelta(minutes=5)
INVITATION = timedelta(days=7)
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200
# For one e-mail, whoever tries; for one address on the network, which a whole structure may share.
PER_EMAIL = Limit(burst=8, per_second=1 / 30)
PER_ADDRESS = Limit(burst=40, per_second=1 / 5)
LOGIN_SCOPE = "login:"

T = TypeVar("T")
_hasher = PasswordHasher()
_hashing = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")


@dataclass(frozen=True)
class LoggedIn:
    """What the browser keeps: the only copy of the token."""

    token: str
    must_change_password: bool


async def hash_password(password: str) -> str:
    """The argon2id hash of a new password.

    Raises:
        PasswordTooShort: fewer than 12 characters, or more than 200.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise PasswordTooShort
    return await _in_thread(lambda: _hasher.hash(password))


async def log_in(database: Database, email: str, password: str, origin: str, now: datetime) -> LoggedIn:
    """Open a session. `origin` stands for the address on the network, never the address itself.

    Raises:
        TooManyTries: for this e-mail or from this origin.
        WrongPassword: said the same way, after the same time, whether the e-mail is somebody's or not.
    """
    email = tidy_email(email)
    limits = {f"{LOGIN_SCOPE}{_digest(email)}": PER_EMAIL, f"{LOGIN_SCOPE}{origin}"[:80]: PER_ADDRESS}
    async with database.unit_of_work() as session:
        wait = await budgets.spend(session, limits, now)
    if wait is not None:
        raise TooManyTries(delay=_say_delay(wait))
    async with database.read_only() as session:
        adviser = await session.scalar(select(Adviser).where(Adviser.email == email, Adviser.active))
    stored = adviser.password_hash if adviser is not None else None
    right = await _in_thread(lambda: _verify(stored or _hash_of_nobody(), password))
    if adviser is None or stored is None or not right:
        raise WrongPassword
    async with database.unit_of_work() as session:
        return await _open(session, await session.get_one(Adviser, adviser.id), now)


async def current(session: AsyncSession, token: str, now: datetime) -> ConsoleSession | None:
    """The session of a cookie, if it is open: known, seen within twelve hours, of someone still in the team."""
    found = await session.get(ConsoleSession, digest(token))
    if found is None or not found.adviser.active or found.seen_at <= now - IDLE:
        return None
    return found


async def seen(session: AsyncSession, token_hash: str, now: datetime) -> None:
    """A page was asked for: the twelve hours begin again."""
    await session.execute(update(ConsoleSession).where(ConsoleSession.token_hash == token_hash).values(seen_at=now))


async def still_open(session: AsyncSession, token_hashes: set[str], now: datetime) -> set[str]:
    """Those of these sessions that are open; for pages that listen without asking for anything."""
    rows = await session.scalars(
        select(ConsoleSession.token_hash)
        .join(Adviser, ConsoleSession.adviser_id == Adviser.id)
        .where(ConsoleSession.token_hash.in_(token_hashes), ConsoleSession.seen_at > now - IDLE, Adviser.active)
    )
    return set(rows.all())


async def log_out(session: AsyncSession, token_hash: str) -> None:
    await session.execute(delete(ConsoleSession).where(ConsoleSession.token_hash == token_hash))


async def change_password(
    database: Database, adviser: Adviser, token_hash: str, present: str, new: str, now: datetime
) -> None:
    """Choose another password; the adviser's other sessions end.

    Raises:
        WrongPassword: `present` is not the password they have.
        TooManyTries: it was tried too often.
        PasswordTooShort, SamePassword: the new one will not do.
    """
    async with database.unit_of_work() as session:
        wait = await budgets.spend(session, {f"{LOGIN_SCOPE}{_digest(adviser.email or '')}": PER_EMAIL}, now)
    if wait is not None:
        raise TooManyTries(delay=_say_delay(wait))
    stored = adviser.password_hash or ""
    if not await _in_thread(lambda: _verify(stored, present)):
        raise WrongPassword
    if new == present:
        raise SamePassword
    hashed = await hash_password(new)
    async with database.unit_of_work() as session:
        await session.execute(
            update(Adviser).where(Adviser.id == adviser.id).values(password_hash=hashed, must_change_password=False)
        )
        await session.execute(
            delete(ConsoleSession).where(
                ConsoleSession.adviser_id == adviser.id, ConsoleSession.token_hash != token_hash
            )
        )


async def set_up(session: AsyncSession, adviser: Adviser, email: str, hashed: str, *, must_change: bool) -> None:
    """Give someone an e-mail and a password; the sessions they had end.

    Raises:
        EmailTaken: the e-mail is not one, or somebody else's.
    """
    email = tidy_email(email)
    if not 3 <= len(email) <= 200 or email.count("@") != 1 or email[0] == "@" or email[-1] == "@":
        raise EmailTaken
    try:
        async with session.begin_nested():
            adviser.email, adviser.password_hash, adviser.must_change_password = email, hashed, must_change
    except IntegrityError:
        raise EmailTaken from None
    await session.execute(delete(ConsoleSession).where(ConsoleSession.adviser_id == adviser.id))


async def invite(session: AsyncSession, adviser: Adviser, now: datetime) -> str:
    """The token of a link that lets someone choose their password, once, within seven days.

    The links they were given before open nothing any more.
    """
    token = secrets.token_urlsafe(32)
    await session.execute(delete(Invitation).where(Invitation.adviser_id == adviser.id, Invitation.used_at.is_(None)))
    session.add(Invitation(token_hash=digest(token), adviser_id=adviser.id, made_at=now, expires_at=now + INVITATION))
    await session.flush()
    return token


async def invited(session: AsyncSession, token: str, now: datetime) -> Adviser:
    """Who a link is for.

    Raises:
        InvitationOver: nobody any more.
    """
    adviser = await session.scalar(
        select(Adviser)
        .join(Invitation, Invitation.adviser_id == Adviser.id)
        .where(
            Invitation.token_hash == digest(token),
            Invitation.used_at.is_(None),
            Invitation.expires_at > now,
            Adviser.active,
        )
    )
    if adviser is None:
        raise InvitationOver
    return adviser


async def accept(database: Database, token: str, email: str, password: str, now: datetime) -> LoggedIn:
    """Use a link: the password is theirs, and they are logged in.

    Raises:
        InvitationOver: the link was used, even a moment ago, or is too old.
        PasswordTooShort, EmailTaken: the link can still be used.
    """
    async with database.read_only() as session:
        await invited(session, token, now)
    hashed = await hash_password(password)
    async with database.unit_of_work() as session:
        adviser = await invited(session, token, now)
        used = await session.execute(
            update(Invitation)
            .where(Invitation.token_hash == digest(token), Invitation.used_at.is_(None))
            .values(used_at=now)
        )
        assert isinstance(used, CursorResult)
        if not used.rowcount:
            raise InvitationOver
        await set_up(session, adviser, email, hashed, must_change=False)
        return await _open(session, adviser, now)


async def forget_old(session: AsyncSession, now: datetime) -> None:
    """Forget the sessions that are over and the links that open nothing."""
    await session.execute(delete(ConsoleSession).where(ConsoleSession.seen_at <= now - IDLE))
    await session.execute(
        delete(Invitation).where(or_(Invitation.expires_at <= now, Invitation.used_at <= now - INVITATION))
    )


def tidy_email(email: str) -> str:
    return email.strip().lower()


def digest(token: str) -> str:
    """What is kept of a token: it is 256 bits of chance, so a plain digest cannot be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()


async def _open(session: AsyncSession, adviser: Adviser, now: datetime) -> LoggedIn:
    token = secrets.token_urlsafe(32)
    session.add(
        ConsoleSession(
            token_hash=digest(token),
            adviser_id=adviser.id,
            csrf=secrets.token_urlsafe(32),
            created_at=now,
            seen_at=now,
        )
    )
    await session.flush()
    return LoggedIn(token, adviser.must_change_password)


async def _in_thread(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_hashing, work)


def _verify(stored: str, password: str) -> bool:
    if len(password) > LONGEST_PASSWORD:
        return False
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _hash_of_nobody() -> str:
    """What is compared with when the e-mail is nobody's, so that the answer takes as long."""
    return _hasher.hash(secrets.token_urlsafe(32))


def _digest(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()


def _say_delay(wait: timedelta) -> str:
    seconds = int(wait.total_seconds()) + 1
    return f"{seconds} secondes" if seconds < 90 else f"{-(-seconds // 60)} minutes"
