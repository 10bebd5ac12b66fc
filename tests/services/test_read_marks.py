"""What was read: each their own mark, which only goes forward."""

from __future__ import annotations

from bot.domain.conversations import IncomingKind
from bot.services import read_marks
from bot.storage.database import Database
from bot.storage.tables import Conversation
from tests.factories import adviser, writes, young_person


async def test_what_is_read_by_one_is_not_by_the_other_and_comes_back_unread(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        sandra, nadia = await adviser(session, "sandra"), await adviser(session, "nadia")
        await writes(session, young.identity.address, "t la ?")
        first = await read_marks.last_sent(session, young)
        await read_marks.mark(session, young, sandra, first)
        assert await read_marks.is_read(session, young, sandra)
        assert not await read_marks.is_read(session, young, nadia)
        assert await read_marks.readers(session, [young.id]) == {young.id: {sandra.id}}
        await writes(session, young.identity.address, "allo")
        assert not await read_marks.is_read(session, young, sandra)
        assert await read_marks.readers(session, [young.id]) == {young.id: frozenset()}


async def test_a_mark_never_goes_back_nor_before_what_was_written(database: Database) -> None:
    async with database.unit_of_work() as session:
        young, other = await young_person(session), await young_person(session)
        sandra = await adviser(session, "sandra")
        await writes(session, young.identity.address, "un")
        first = await read_marks.last_sent(session, young)
        await writes(session, other.identity.address, "ailleurs")
        await read_marks.mark(session, young, sandra, 10**6)
        await writes(session, young.identity.address, "deux")
        assert not await read_marks.is_read(session, young, sandra), "a number from nowhere marks nothing to come"
        await read_marks.mark(session, young, sandra, await read_marks.last_sent(session, young))
        await read_marks.mark(session, young, sandra, first)
        assert await read_marks.is_read(session, young, sandra)


async def test_a_button_or_a_block_is_nothing_to_read(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        for kind in (IncomingKind.BUTTON, IncomingKind.BLOCKED):
            await writes(session, young.identity.address, kind=kind, argument="book")
        assert await read_marks.last_sent(session, young) == 0
        await writes(session, young.identity.address, kind=IncomingKind.VOICE)
        assert await read_marks.last_sent(session, await session.get_one(Conversation, young.id)) > 0
