"""Ready replies: the structure's are its coordinators', the others are one's own."""

from __future__ import annotations

import pytest

from bot.errors import FormIncomplete, NotYours, TooManyCanned
from bot.services import canned
from bot.storage.database import Database
from tests.factories import adviser


async def test_each_finds_the_structures_and_their_own(database: Database) -> None:
    async with database.unit_of_work() as session:
        sandra, nadia, claire, karim = [await adviser(session, one) for one in ("sandra", "nadia", "claire", "karim")]
        await canned.add(session, claire, "Venir", "Le bus 3 s'arrête devant.", shared=True)
        await canned.add(session, sandra, "adresse", "12 rue du Pont.", shared=False)
        await canned.add(session, nadia, "Papiers", "Apporte ta carte d'identité.", shared=False)
        assert [one.title for one in await canned.usable(session, sandra)] == ["adresse", "Venir"]
        assert [one.title for one in await canned.usable(session, nadia)] == ["Papiers", "Venir"]
        assert await canned.usable(session, karim) == []


async def test_only_their_owner_or_a_coordinator_changes_them(database: Database) -> None:
    async with database.unit_of_work() as session:
        sandra, nadia, claire = [await adviser(session, one) for one in ("sandra", "nadia", "claire")]
        shared = await canned.add(session, claire, "Venir", "Le bus 3.", shared=True)
        mine = await canned.add(session, sandra, "Adresse", "12 rue du Pont.", shared=False)
        with pytest.raises(NotYours):
            await canned.add(session, sandra, "Pour tous", "Non.", shared=True)
        for who, reply in ((sandra, shared), (nadia, mine), (claire, mine)):
            with pytest.raises(NotYours):
                await canned.change(session, reply, who, "X", "Y")
            with pytest.raises(NotYours):
                await canned.remove(session, reply, who)
        await canned.change(session, mine, sandra, " L'adresse ", "14 rue du Pont.")
        assert (mine.title, mine.text) == ("L'adresse", "14 rue du Pont.")
        await canned.remove(session, shared, claire)
        assert [one.id for one in await canned.usable(session, sandra)] == [mine.id]


async def test_a_reply_has_a_title_a_text_and_there_are_not_too_many(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canned, "MOST", 2)
    async with database.unit_of_work() as session:
        sandra = await adviser(session, "sandra")
        for title, text in (("", "x"), ("x", " "), ("x" * 61, "x"), ("x", "x" * 1001)):
            with pytest.raises(FormIncomplete):
                await canned.add(session, sandra, title, text, shared=False)
        for _ in range(2):
            await canned.add(session, sandra, "Un", "Texte", shared=False)
        with pytest.raises(TooManyCanned):
            await canned.add(session, sandra, "Trois", "Texte", shared=False)
