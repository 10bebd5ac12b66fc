"""Store what a browser sends, before it is told so (law 1)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.channels.webchat import reading, thread
from bot.channels.webchat.reading import Sent
from bot.clock import Clock
from bot.domain import safety
from bot.domain.conversations import Incoming, IncomingKind
from bot.domain.files import CleanFile
from bot.domain.outbox import Limit, OutboxState
from bot.domain.people import Channel
from bot.errors import TooFast
from bot.services import budgets, files, inbox, joining, partners, people, web_sessions
from bot.storage.database import Database
from bot.storage.tables import InboxRow, OutboxRow, StoredFile, Turn, WebSession
from bot.storage.vault import Vault

# A whole Mission Locale shares one network address.
PER_SESSION = Limit(burst=20, per_second=1)
PER_ADDRESS = Limit(burst=120, per_second=4)
NEW_PER_ADDRESS = Limit(burst=30, per_second=0.1)
FILES_PER_ADDRESS = Limit(burst=20, per_second=0.05)
# Without a script, the page waits a little for the answer, so that it shows it.
ANSWER_WITHIN = 3.0
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Stored:
    """What became of a message: its session, that session's token if it was just opened, its row's number."""

    row: WebSession
    token: str | None
    update_id: int | None
    epoch: str


class Intake:
    """`key` makes network addresses unreadable in the database; `vault` keeps the files."""

    def __init__(self, database: Database, clock: Clock, key: str, vault: Vault) -> None:
        self.database = database
        self.clock = clock
        self.key = key
        self.vault = vault

    async def store(self, sent: Sent, token: str | None, client: str, cleaned: CleanFile | None = None) -> Stored:
        """In one unit of work: the session, its limits, and what was sent, once; with its file, if it has one.

        Raises:
            TooFast, MessageTooLong: nothing is stored.
        """
        now = self.clock.now()
        async with self.database.unit_of_work() as session:
            row, opened = await web_sessions.find(session, token, now), None
            await self._spend(session, row, sent, client, now, brings_file=cleaned is not None)
            if row is None:
                opened, row = await web_sessions.open_session(session, token, now)
            title = await thread.title_of(session, row, sent.line, sent.payload) if sent.payload else ""
            incoming = reading.incoming(sent, row.address, title, now, cleaned)
            number = await _store_all(session, row, sent, incoming, now, is_new=opened is not None)
            if cleaned is not None and number is not None:
                await self._keep(session, row, number, cleaned, now)
            return Stored(row, opened, number, await thread.epoch(session, row))

    async def _keep(
        self, session: AsyncSession, row: WebSession, number: int, cleaned: CleanFile, now: datetime
    ) -> None:
        """Keep a file with the message that brought it, once."""
        brought_by = await session.scalar(
            select(InboxRow.id)
            .outerjoin(StoredFile, StoredFile.inbox_id == InboxRow.id)
            .where(
                InboxRow.channel == Channel.WEB,
                InboxRow.address == row.address,
                InboxRow.update_id == number,
                StoredFile.id.is_(None),
            )
        )
        if brought_by is not None:
            conversation = await people.meet(session, Channel.WEB, row.address, now)
            await files.keep(session, self.vault, conversation, cleaned, now, inbox_id=brought_by)

    async def _spend(
        self,
        session: AsyncSession,
        row: WebSession | None,
        sent: Sent,
        client: str,
        now: datetime,
        *,
        brings_file: bool,
    ) -> None:
        """What may be danger is never refused.

        Raises:
            TooFast: too much came from this browser, or from where it is.
        """
        if safety.by_rules(sent.text).level >= safety.Level.HIGH:
            return
        where = self._digest(client, now)
        limits = {f"web:from:{where}": PER_ADDRESS}
        limits |= {f"web:new:{where}": NEW_PER_ADDRESS} if row is None else {f"web:{row.address}": PER_SESSION}
        if brings_file:
            limits |= {f"web:files:{where}": FILES_PER_ADDRESS}
        wait = await budgets.spend(session, limits, now)
        if wait is not None:
            raise TooFast(wait.total_seconds())

    def _digest(self, client: str, now: datetime) -> str:
        """Stands for a network address for one day; nobody can find it again without the key."""
        return hmac.new(self.key.encode(), f"{now.date()} {client}".encode(), hashlib.sha256).hexdigest()[:32]

    async def answered(self, stored: Stored) -> None:
        """Wait a little for the answer to be on the page."""
        ours = (InboxRow.channel == Channel.WEB, InboxRow.address == stored.row.address)
        waiting = (
            select(func.count())
            .select_from(InboxRow)
            .outerjoin(Turn, InboxRow.turn_id == Turn.id)
            .where(
                *ours,
                InboxRow.update_id == stored.update_id,
                InboxRow.set_aside.is_(None),
                or_(InboxRow.turn_id.is_(None), Turn.closed_at.is_(None)),
            )
        )
        leaving = (
            select(func.count())
            .select_from(OutboxRow)
            .where(
                OutboxRow.channel == Channel.WEB,
                OutboxRow.address == stored.row.address,
                OutboxRow.state.in_((OutboxState.WAITING, OutboxState.SENDING)),
            )
        )
        for _ in range(round(ANSWER_WITHIN / LOOK_SECONDS)):
            async with self.database.read_only() as session:
                if not await session.scalar(waiting) and not await session.scalar(leaving):
                    return
            await asyncio.sleep(LOOK_SECONDS)


async def _store_all(
    session: AsyncSession, row: WebSession, sent: Sent, incoming: Incoming | None, now: datetime, *, is_new: bool
) -> int | None:
    """Store what came, and how they came: as Telegram's /start, unless a text came first and is greeted as such."""
    number = sent.number
    greets = is_new and (incoming is None or incoming.kind is not IncomingKind.TEXT)
    if greets or await partners.waits(session, sent.source, now):
        start = Incoming(IncomingKind.COMMAND, row.address, now, text="start", argument=sent.source)
        await inbox.store(session, Channel.WEB, number, start, now)
        if incoming is None:
            return number
        number += 1
    elif sent.source and not joining.is_link(sent.source) and not partners.is_link(sent.source):
        conversation = await people.meet(session, Channel.WEB, row.address, now)
        await people.brought_by(session, conversation, sent.source, now)
    if incoming is None:
        return None
    if not await inbox.store(session, Channel.WEB, number, incoming, now) and await _is_another(
        session, row, number, incoming
    ):
        # An old page of the browser gave its number to something else: it must not be lost.
        number = int(now.timestamp() * 1_000_000)
        await inbox.store(session, Channel.WEB, number, incoming, now)
    return number


async def _is_another(session: AsyncSession, row: WebSession, number: int, incoming: Incoming) -> bool:
    """Whether a number was used for something else."""
    stored = await session.scalar(
        select(InboxRow).where(
            InboxRow.channel == Channel.WEB, InboxRow.address == row.address, InboxRow.update_id == number
        )
    )
    if stored is None or not stored.payload:
        return False
    before = inbox.read(stored)
    return (before.kind, before.text, before.argument) != (incoming.kind, incoming.text, incoming.argument)
