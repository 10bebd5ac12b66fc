"""Files are fetched after the message was acknowledged, kept sealed, sent signed, and go when everything goes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.domain.files import MEGABYTE, FileKind, FileState
from bot.domain.outbox import MAX_ATTEMPTS
from bot.domain.people import Channel
from bot.errors import AnswerTooLong, FileNotTaken, FileTooBig, NotTheHolder
from bot.services import files, people, thread
from bot.services.ports import FetchFailed, FetchRefused
from bot.storage.database import Database
from bot.storage.tables import Conversation, InboxRow, Message, OutboxRow, SealedContent, StoredFile
from bot.storage.vault import CannotOpen, Vault
from tests.factories import NOW, adviser, handoff, open_turn, writes, young_person
from tests.fakes.clock import FakeClock
from tests.fakes.files import PDF, VOICE, photo

VAULT = Vault("a long secret of the tests", MEGABYTE)


class Drawer:
    """A channel that keeps files, or fails as told."""

    def __init__(self, content: bytes, *failures: Exception) -> None:
        self.content = content
        self.failures = list(failures)
        self.asked = 0

    async def fetch(self, reference: str, largest: int) -> bytes:
        self.asked += 1
        if self.failures:
            raise self.failures.pop(0)
        return self.content


async def _expected(database: Database) -> int:
    """The file of a photo that a young person sent."""
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await writes(session, young.identity.address)
        row = (await session.scalars(select(InboxRow).order_by(InboxRow.id.desc()).limit(1))).one()
        await files.expect(session, young, row, "telegram-file", NOW)
        return (await session.scalars(select(StoredFile.id))).one()


async def _stored(database: Database, number: int) -> StoredFile:
    async with database.read_only() as session:
        return await session.get_one(StoredFile, number)


async def _fetch(database: Database, shelf: Drawer, clock: FakeClock) -> int:
    fetched = 0
    while await files.fetch_next(database, {Channel.TELEGRAM: shelf}, VAULT, clock):
        fetched += 1
    return fetched


async def test_what_came_is_fetched_sealed_and_opened(database: Database) -> None:
    number = await _expected(database)
    assert await _fetch(database, Drawer(VOICE), FakeClock(NOW)) == 1
    async with database.read_only() as session:
        stored = await session.get_one(StoredFile, number)
        sealed = (await session.get_one(SealedContent, number)).sealed
        opened = await files.read(session, VAULT, stored)
    assert (stored.state, stored.kind, stored.reference) == (FileState.KEPT, FileKind.OGG, None)
    assert VOICE not in sealed
    assert b"OggS" not in sealed
    assert opened is not None
    assert (opened.content, opened.name) == (VOICE, f"message-{number}.ogg")


async def test_it_opens_with_no_other_key_and_in_no_other_place(database: Database) -> None:
    number = await _expected(database)
    await _fetch(database, Drawer(PDF), FakeClock(NOW))
    async with database.unit_of_work() as session:
        stored = await session.get_one(StoredFile, number)
        with pytest.raises(CannotOpen):
            await files.read(session, Vault("another secret", MEGABYTE), stored)
        stored.conversation_id = (await young_person(session)).id
        with pytest.raises(CannotOpen):
            await files.read(session, VAULT, stored)


async def test_a_channel_that_is_away_is_asked_again_later(database: Database) -> None:
    number = await _expected(database)
    shelf, clock = Drawer(PDF, FetchFailed("away"), FetchFailed("away")), FakeClock(NOW)
    assert await _fetch(database, shelf, clock) == 1
    assert (await _stored(database, number)).state is FileState.WAITING
    clock.move_to(NOW + timedelta(minutes=1))
    await _fetch(database, shelf, clock)
    clock.move_to(NOW + timedelta(minutes=2))
    await _fetch(database, shelf, clock)
    assert shelf.asked == 3
    assert (await _stored(database, number)).state is FileState.KEPT


async def test_a_process_killed_while_it_fetched_leaves_it_to_another(database: Database) -> None:
    number = await _expected(database)
    clock = FakeClock(NOW)
    with pytest.raises(KeyboardInterrupt):
        await _fetch(database, Drawer(PDF, KeyboardInterrupt()), clock)  # type: ignore[arg-type]
    assert await _fetch(database, Drawer(PDF), clock) == 0  # still the dead one's
    clock.move_to(NOW + files.FETCH_LEASE)
    assert await _fetch(database, Drawer(PDF), clock) == 1
    assert (await _stored(database, number)).state is FileState.KEPT


@pytest.mark.parametrize(
    ("content", "failures", "state"),
    [
        (b"<svg/>", [], FileState.NOT_TAKEN),
        (PDF, [FileTooBig(most="1")], FileState.TOO_BIG),
        (PDF + b" " * MEGABYTE, [], FileState.TOO_BIG),
        (PDF, [FetchRefused("gone")], FileState.LOST),
    ],
)
async def test_what_is_not_kept_says_why(
    database: Database, content: bytes, failures: list[Exception], state: FileState
) -> None:
    number = await _expected(database)
    assert await _fetch(database, Drawer(content, *failures), FakeClock(NOW)) == 1
    stored = await _stored(database, number)
    assert (stored.state, stored.kind, stored.reference) == (state, None, None)


async def test_a_channel_that_never_comes_back_is_not_asked_for_ever(database: Database) -> None:
    number = await _expected(database)
    clock = FakeClock(NOW)
    shelf = Drawer(PDF, *(FetchFailed("away") for _ in range(MAX_ATTEMPTS)))
    for minutes in range(0, 10 * MAX_ATTEMPTS, 10):
        clock.move_to(NOW + timedelta(minutes=minutes))
        await _fetch(database, shelf, clock)
    assert shelf.asked == MAX_ATTEMPTS
    assert (await _stored(database, number)).state is FileState.LOST


async def test_an_adviser_sends_a_file_signed_once(database: Database) -> None:
    cleaned = await files.sendable(VAULT, photo())
    async with database.unit_of_work() as session:
        young = await young_person(session)
        held = await handoff(session, young, taken_by="sandra")
        sandra = await adviser(session, "sandra")
        for _ in range(2):  # the form was sent twice
            await files.send(session, VAULT, held, sandra, cleaned, "Le plan pour venir", NOW, once="abc")
        row = (await session.scalars(select(OutboxRow).order_by(OutboxRow.id.desc()).limit(1))).one()
        [stored] = (await session.scalars(select(StoredFile))).all()
        seen = await thread.read(session, young)
    assert row.payload["text"] == "Sandra, Mission Locale : Le plan pour venir"
    assert row.payload["file"] == stored.id
    assert stored.message_id == row.payload["message"]
    attached = seen.lines[-1].attached
    assert attached is not None
    assert (attached.kind, attached.is_kept) == (FileKind.JPEG, True)


async def test_without_words_a_file_says_what_it_is(database: Database) -> None:
    async with database.unit_of_work() as session:
        held = await handoff(session, await young_person(session), taken_by="sandra")
        cleaned = await files.sendable(VAULT, PDF)
        await files.send(session, VAULT, held, await adviser(session, "sandra"), cleaned, " ", NOW)
        said = (await session.scalars(select(Message.text).order_by(Message.id.desc()).limit(1))).one()
    assert said == "Sandra, Mission Locale : Document PDF"


async def test_only_who_holds_the_conversation_sends(database: Database) -> None:
    cleaned = await files.sendable(VAULT, PDF)
    async with database.unit_of_work() as session:
        held = await handoff(session, await young_person(session), taken_by="sandra")
        with pytest.raises(NotTheHolder):
            await files.send(session, VAULT, held, await adviser(session, "nadia"), cleaned, "", NOW)
        with pytest.raises(AnswerTooLong):
            await files.send(session, VAULT, held, await adviser(session, "sandra"), cleaned, "x" * 901, NOW)
        assert await session.scalar(select(func.count()).select_from(StoredFile)) == 0


async def test_nobody_sends_a_sound_from_a_page() -> None:
    with pytest.raises(FileNotTaken):
        await files.sendable(VAULT, VOICE)


async def test_erased_files_go_with_the_rest_even_on_their_way(database: Database) -> None:
    number = await _expected(database)
    async with database.unit_of_work() as session:
        stored = await session.get_one(StoredFile, number)
        conversation = await session.get_one(Conversation, stored.conversation_id)
        held = await handoff(session, conversation, taken_by="sandra")
        await files.send(
            session, VAULT, held, await adviser(session, "sandra"), await files.sendable(VAULT, PDF), "", NOW
        )

    class ErasedMeanwhile(Drawer):
        async def fetch(self, reference: str, largest: int) -> bytes:
            async with database.unit_of_work() as session:
                theirs = await session.get_one(Conversation, conversation.id)
                await people.erase(session, theirs, await open_turn(session, theirs), NOW)
            return await super().fetch(reference, largest)

    await _fetch(database, ErasedMeanwhile(PDF), FakeClock(NOW))
    async with database.read_only() as session:
        for table in (StoredFile, SealedContent):
            assert await session.scalar(select(func.count()).select_from(table)) == 0
