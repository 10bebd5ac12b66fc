"""Files, both ways: those of the young people are fetched after they were acknowledged, and all are kept sealed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.clock import Clock
from bot.domain import files
from bot.domain.conversations import IncomingKind
from bot.domain.files import MAX_CAPTION, CleanFile, FileKind, FileState
from bot.domain.outbox import MAX_ATTEMPTS, retry_delay
from bot.domain.people import Channel
from bot.errors import AnswerTooLong, FileNotTaken, FileTooBig
from bot.services import handoffs
from bot.services.ports import Fetcher, FetchFailed, FetchRefused
from bot.storage.database import Database
from bot.storage.tables import (
    Adviser,
    ChannelIdentity,
    Conversation,
    Handoff,
    InboxRow,
    SealedContent,
    StoredFile,
)
from bot.storage.vault import Vault

log = structlog.get_logger(__name__)

# What a message may bring that the team needs to see or hear.
FETCHED = (IncomingKind.VOICE, IncomingKind.PHOTO, IncomingKind.DOCUMENT)
# While a process fetches a file, it is nobody else's; after a crash, another takes it up.
FETCH_LEASE = timedelta(seconds=90)
# One picture in memory at a time, and never on the loop that answers people.
_drawing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="files")


@dataclass(frozen=True)
class Attached:
    """A file beside a line of the thread; `kind` and `size` (bytes) once it is here."""

    id: int
    state: FileState
    kind: FileKind | None
    size: int

    @property
    def is_kept(self) -> bool:
        return self.state is FileState.KEPT


@dataclass(frozen=True)
class Opened:
    kind: FileKind
    name: str
    content: bytes


async def clean(vault: Vault, content: bytes) -> CleanFile:
    """A file as it may be kept; nothing may be open meanwhile.

    Raises:
        FileTooBig, FileNotTaken: see there.
    """
    return await asyncio.get_running_loop().run_in_executor(_drawing, files.clean, content, vault.largest)


async def sendable(vault: Vault, content: bytes) -> CleanFile:
    """The same of what a page sends: a document or a picture.

    Raises:
        FileTooBig, FileNotTaken: see there.
    """
    cleaned = await clean(vault, content)
    if cleaned.kind.is_sound:
        raise FileNotTaken
    return cleaned


async def keep(
    session: AsyncSession,
    vault: Vault,
    conversation: Conversation,
    cleaned: CleanFile,
    now: datetime,
    *,
    inbox_id: int | None = None,
    message_id: int | None = None,
) -> StoredFile:
    """Keep a file of a conversation: of what came in, or of what is sent."""
    stored = StoredFile(
        conversation_id=conversation.id,
        inbox_id=inbox_id,
        message_id=message_id,
        state=FileState.WAITING,
        at=now,
        not_before=now,
    )
    session.add(stored)
    await session.flush()
    await _fill(session, vault, stored, cleaned)
    return stored


async def expect(
    session: AsyncSession, conversation: Conversation, row: InboxRow, reference: str, now: datetime
) -> None:
    """Note that a message brought a file, to be fetched from its channel."""
    session.add(
        StoredFile(
            conversation_id=conversation.id,
            inbox_id=row.id,
            state=FileState.WAITING,
            at=now,
            reference=reference[:200],
            not_before=now,
        )
    )
    await session.flush()


async def send(
    session: AsyncSession,
    vault: Vault,
    handoff: Handoff,
    adviser: Adviser,
    cleaned: CleanFile,
    text: str,
    now: datetime,
    *,
    once: str | None = None,
) -> None:
    """Send a file to the young person, signed as an answer is, with a few words or with what it is.

    Raises:
        AnswerTooLong: the words are longer than 900 characters.
        NotTheHolder: the adviser does not hold the conversation.
    """
    if len(text) > MAX_CAPTION:
        raise AnswerTooLong(most=str(MAX_CAPTION), length=str(len(text)))
    row = await handoffs.answer(session, handoff, adviser, text.strip() or cleaned.kind.label, now, once=once)
    if row is None:
        return
    stored = await keep(session, vault, handoff.conversation, cleaned, now, message_id=row.payload["message"])
    row.payload = row.payload | {"file": stored.id}
    await session.flush()


async def read(session: AsyncSession, vault: Vault, stored: StoredFile) -> Opened | None:
    """What a file holds; None if it is not here.

    Raises:
        CannotOpen: the key is another one, or the content was changed.
    """
    content = await session.get(SealedContent, stored.id)
    if content is None or stored.kind is None:
        return None
    opened = vault.open(content.sealed, _about(stored))
    return Opened(stored.kind, stored.kind.named(stored.id), opened)


async def opened(session: AsyncSession, vault: Vault, number: int) -> Opened | None:
    """The file of this number, for a message that leaves with it; None if it was erased."""
    stored = await session.get(StoredFile, number)
    return await read(session, vault, stored) if stored is not None else None


async def of_conversation(
    session: AsyncSession, conversation: Conversation
) -> tuple[dict[int, Attached], dict[int, Attached]]:
    """The files of a thread: of what came in, by the row of the inbox; of what was sent, by the message."""
    came, sent = {}, {}
    for row in await session.scalars(select(StoredFile).where(StoredFile.conversation_id == conversation.id)):
        attached = Attached(row.id, row.state, row.kind, row.size or 0)
        if row.inbox_id is not None:
            came[row.inbox_id] = attached
        elif row.message_id is not None:
            sent[row.message_id] = attached
    return came, sent


# ── Fetching ─────────────────────────────────────────────────────────────────────────────────


async def fetch_next(database: Database, fetchers: Mapping[Channel, Fetcher], vault: Vault, clock: Clock) -> bool:
    """Fetch the next file that waits; False if none does.

    Claim, download, keep: nothing is open during the download, and a process killed in between leaves a file that
    waits under a lease.
    """
    async with database.unit_of_work() as session:
        claimed = await _claim(session, list(fetchers), clock.now())
    if claimed is None:
        return False
    number, channel, reference = claimed
    try:
        result = await clean(vault, await fetchers[channel].fetch(reference, vault.largest))
    except FileTooBig:
        await _end(database, number, FileState.TOO_BIG)
    except FileNotTaken:
        await _end(database, number, FileState.NOT_TAKEN)
    except FetchRefused:
        await _end(database, number, FileState.LOST)
    except FetchFailed as error:
        await _again(database, number, clock.now(), str(error))
    else:
        async with database.unit_of_work() as session:
            stored = await session.get(StoredFile, number, with_for_update=True)
            # Erased meanwhile, or kept by a process that took longer.
            if stored is not None and stored.state is FileState.WAITING:
                await _fill(session, vault, stored, result)
    return True


async def _claim(session: AsyncSession, channels: list[Channel], now: datetime) -> tuple[int, Channel, str] | None:
    found = (
        await session.execute(
            select(StoredFile, ChannelIdentity.channel)
            .join(Conversation, StoredFile.conversation_id == Conversation.id)
            .join(ChannelIdentity, Conversation.identity_id == ChannelIdentity.id)
            .where(
                StoredFile.state == FileState.WAITING,
                StoredFile.not_before <= now,
                StoredFile.reference.is_not(None),
                ChannelIdentity.channel.in_(channels),
            )
            .order_by(StoredFile.not_before)
            .limit(1)
            .with_for_update(skip_locked=True, of=StoredFile)
        )
    ).first()
    if found is None:
        return None
    stored, channel = found
    stored.attempts += 1
    stored.not_before = now + FETCH_LEASE
    return stored.id, channel, stored.reference or ""


async def _again(database: Database, number: int, now: datetime, why: str) -> None:
    async with database.unit_of_work() as session:
        stored = await session.get(StoredFile, number)
        if stored is None or stored.state is not FileState.WAITING:
            return
        log.info("fetch failed", file=number, attempts=stored.attempts, error=why)
        if stored.attempts >= MAX_ATTEMPTS:
            stored.state = FileState.LOST
        else:
            stored.not_before = now + retry_delay(stored.attempts)


async def _end(database: Database, number: int, state: FileState) -> None:
    async with database.unit_of_work() as session:
        stored = await session.get(StoredFile, number)
        if stored is not None:
            stored.state, stored.reference = state, None


async def _fill(session: AsyncSession, vault: Vault, stored: StoredFile, cleaned: CleanFile) -> None:
    session.add(SealedContent(file_id=stored.id, sealed=vault.seal(cleaned.content, _about(stored))))
    stored.state, stored.kind, stored.size, stored.reference = (
        FileState.KEPT,
        cleaned.kind,
        len(cleaned.content),
        None,
    )
    await session.flush()


def _about(stored: StoredFile) -> str:
    return f"file {stored.id} of conversation {stored.conversation_id}"
