"""What the team writes to itself: kept in the structure, never sent, erased with the rest."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from bot.errors import AnswerTooLong, NothingWritten, NotYourStructure
from bot.services import notes, people
from bot.storage.database import Database
from bot.storage.tables import Change, Conversation, Note, OutboxRow
from tests.factories import NOW, adviser, open_turn, young_person


async def test_a_note_is_kept_and_nothing_leaves(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        changes = await session.scalar(select(func.count()).select_from(Change)) or 0
    async with database.unit_of_work() as session:
        young = await session.get_one(Conversation, young.id)
        await notes.write(session, young, await adviser(session, "sandra"), " Rappeler sa mère.\r\nVendredi. ", NOW)
    async with database.read_only() as session:
        assert (await session.scalars(select(Note.text))).one() == "Rappeler sa mère.\nVendredi."
        assert (await session.scalars(select(OutboxRow))).all() == []
        assert await session.scalar(select(func.count()).select_from(Change)) == changes + 1, "open pages are told"


@pytest.mark.parametrize(("text", "refusal"), [("  ", NothingWritten), ("é" * 2001, AnswerTooLong)])
async def test_a_note_has_words_and_an_end(database: Database, text: str, refusal: type[Exception]) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        with pytest.raises(refusal):
            await notes.write(session, young, await adviser(session, "sandra"), text, NOW)


async def test_another_structure_neither_notes_nor_names(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        karim = await adviser(session, "karim")
        with pytest.raises(NotYourStructure):
            await notes.write(session, young, karim, "Vu", NOW)
        with pytest.raises(NotYourStructure):
            await notes.name(session, young, karim, "Léa")


async def test_a_name_is_short_forgotten_when_emptied_and_erased_with_the_person(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        sandra = await adviser(session, "sandra")
        await notes.name(session, young, sandra, "  Léa  du   quai " + "x" * 60)
        assert young.nickname is not None
        assert young.nickname.startswith("Léa du quai xxx")
        assert len(young.nickname) == notes.MAX_NICKNAME
        await notes.name(session, young, sandra, "   ")
        assert young.nickname is None
        await notes.name(session, young, sandra, "Léa")
        await notes.write(session, young, sandra, "Cherche un logement.", NOW)
        await people.erase(session, young, await open_turn(session, young), NOW)
        assert young.nickname is None
        assert (await session.scalars(select(Note))).all() == []
