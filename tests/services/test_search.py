"""A search finds names, notes and messages of one's own structure, and takes what is typed for letters only."""

from __future__ import annotations

import pytest

from bot.domain.conversations import Bubble
from bot.errors import SearchTooShort
from bot.services import notes, outbox, search
from bot.services.search import Found
from bot.storage.database import Database
from tests.factories import NOW, adviser, young_person


async def test_it_finds_a_name_a_note_and_a_message_with_the_words_around(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        sandra = await adviser(session, "sandra")
        await notes.name(session, young, sandra, "Léa du camping")
        await notes.write(session, young, sandra, "Dort au camping depuis mardi.", NOW)
        await outbox.say(session, young, [Bubble("a" * 100 + " le camping ferme " + "b" * 100)], NOW)
        found = await search.find(session, sandra.structure, "  CAMPING ")
        assert [one.found for one in found.hits] == [Found.NICKNAME, Found.NOTE, Found.MESSAGE]
        name, note, message = found.hits
        assert (name.before, name.words, name.after) == ("Léa du ", "camping", "")
        assert (note.before, note.words) == ("Dort au ", "camping")
        assert message.before.startswith("…a")
        assert message.after.endswith("b…")
        assert {one.who.conversation_id for one in found.hits} == {young.id}
        assert not found.more


async def test_another_structure_finds_nothing(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await notes.write(session, young, await adviser(session, "sandra"), "Dort au camping.", NOW)
        karim = await adviser(session, "karim")
        assert (await search.find(session, karim.structure, "camping")).hits == ()


async def test_signs_of_the_database_are_letters_like_others(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        sandra = await adviser(session, "sandra")
        await notes.write(session, young, sandra, "Remise de 100% en janvier", NOW)
        await notes.write(session, young, sandra, "Remise de 1000 euros", NOW)
        assert len((await search.find(session, sandra.structure, "100%")).hits) == 1
        for none in ("%%%", "___", "1_0%", "'; drop table note; --"):
            assert (await search.find(session, sandra.structure, none)).hits == ()


async def test_it_wants_three_letters_and_says_when_there_is_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST", 2)
    async with database.unit_of_work() as session:
        young = await young_person(session)
        sandra = await adviser(session, "sandra")
        for short in ("", " ab ", "  "):
            with pytest.raises(SearchTooShort):
                await search.find(session, sandra.structure, short)
        for number in range(3):
            await notes.write(session, young, sandra, f"permis {number}", NOW)
        found = await search.find(session, sandra.structure, "permis")
        assert [one.before + one.words + one.after for one in found.hits] == ["permis 2", "permis 1"]
        assert found.more
