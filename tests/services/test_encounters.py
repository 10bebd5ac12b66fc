"""In the street: an encounter is kept once, and a code leads to who was met."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from bot.domain.encounters import EncounterTheme, NextStep
from bot.errors import EncounterCounts, FormIncomplete
from bot.services import encounters, people, routing
from bot.services.encounters import Count, Noted
from bot.storage.database import Database
from bot.storage.tables import Encounter, Structure
from tests.factories import NOW, adviser, handoff, paris, young_person

DAY = timedelta(days=1)


def noted(**said: str) -> Noted:
    return Noted(**{"uuid": str(uuid4()), "place": "Devant la gare", "people": "3", **said})  # type: ignore[arg-type]


async def test_sent_ten_times_at_once_it_is_one_row(database: Database) -> None:
    one = noted(nickname=" Lil  T ", commune="fameck", theme="housing", next_step="code")

    async def send() -> None:
        async with database.unit_of_work() as session:
            await encounters.note(session, await adviser(session, "karim"), one, NOW)

    await asyncio.gather(*(send() for _ in range(10)))
    async with database.read_only() as session:
        [kept] = (await session.scalars(select(Encounter))).all()
    assert (kept.place, kept.people, kept.nickname, kept.commune) == ("Devant la gare", 3, "Lil T", "Fameck")
    assert (kept.theme, kept.next_step) == (EncounterTheme.HOUSING, NextStep.CODE)
    assert kept.structure_id == "amp-demo"


async def test_a_place_and_a_number_are_enough_and_needed(database: Database) -> None:
    async with database.unit_of_work() as session:
        karim = await adviser(session, "karim")
        await encounters.note(session, karim, noted(theme="nonsense", commune="chez mamie"), NOW)
        [kept] = await encounters.mine(session, karim)
        assert (kept.nickname, kept.theme, kept.next_step) == (None, None, None)
        assert kept.commune == "chez mamie", "what the gazetteer does not know is kept as typed"
        for wrong in ({"place": "  "}, {"people": "0"}, {"people": "-2"}, {"people": "100"}, {"people": "²"}):
            with pytest.raises(FormIncomplete):
                await encounters.note(session, karim, noted(**wrong), NOW)
        for uuid in ("", "x", "1" * 5000):
            with pytest.raises(FormIncomplete):
                await encounters.note(session, karim, noted(uuid=uuid), NOW)


async def test_it_happened_when_the_phone_says_if_that_can_be(database: Database) -> None:
    async with database.unit_of_work() as session:
        karim = await adviser(session, "karim")
        for said, at in ((NOW - 2 * DAY, NOW - 2 * DAY), (NOW + DAY, NOW), (NOW - 90 * DAY, NOW)):
            one = Noted(str(uuid4()), "Marché", "1", at=said)
            await encounters.note(session, karim, one, NOW)
            assert (await session.scalars(select(Encounter).where(Encounter.uuid == one.uuid))).one().at == at


async def test_it_is_taken_back_within_a_day(database: Database) -> None:
    async with database.unit_of_work() as session:
        karim = await adviser(session, "karim")
        await encounters.note(session, karim, noted(), NOW)
        [kept] = await encounters.mine(session, karim)
        with pytest.raises(EncounterCounts):
            await encounters.take_back(session, kept, NOW + DAY)
        await encounters.take_back(session, kept, NOW + DAY - timedelta(minutes=1))
        assert not await encounters.mine(session, karim)


async def test_the_last_place_comes_first(database: Database) -> None:
    async with database.unit_of_work() as session:
        karim = await adviser(session, "karim")
        for days, place in ((3, "Marché"), (2, "Devant la gare"), (1, "Marché")):
            await encounters.note(session, karim, Noted(str(uuid4()), place, "1", at=NOW - days * DAY), NOW)
        proposed = await encounters.places_for(session, karim)
        assert proposed[:2] == ("Marché", "Devant la gare")
        assert len(proposed) > 2, "then the structure's own"


async def test_counts_are_of_the_structure_by_week_and_commune(database: Database) -> None:
    async with database.unit_of_work() as session:
        karim, sandra = await adviser(session, "karim"), await adviser(session, "sandra")
        for who, at, people_met, commune in (
            (karim, "2027-03-07T23:30", "2", "Fameck"),  # a Sunday
            (karim, "2027-03-08T00:30", "4", "Fameck"),
            (karim, "2027-03-09T15:00", "1", ""),
            (sandra, "2027-03-09T15:00", "9", "Fameck"),
        ):
            one = Noted(str(uuid4()), "Rue", people_met, commune=commune, at=paris(at))
            await encounters.note(session, who, one, NOW)
        amp = await session.get_one(Structure, "amp-demo")
        rows = await encounters.between(session, amp, date(2027, 3, 1), date(2027, 3, 10))
        assert encounters.count(rows) == (
            Count(date(2027, 3, 8), "Fameck", 1, 4),
            Count(date(2027, 3, 8), "", 1, 1),
            Count(date(2027, 3, 1), "Fameck", 1, 2),
        )
        assert len(await encounters.between(session, amp, date(2027, 3, 8), date(2027, 3, 8))) == 1


# ── Their own code ───────────────────────────────────────────────────────────────────────────


async def test_a_code_leads_to_who_was_met_and_to_their_structure(database: Database) -> None:
    async with database.unit_of_work() as session:
        karim = await adviser(session, "karim")
        code = await encounters.make_code(session, karim, NOW)
        young = await young_person(session)
        assert await encounters.adviser_met(session, young) is None
        await people.brought_by(session, young, code.code, NOW)
        assert await encounters.adviser_met(session, young) is karim
        assert young.structure_id == "amp-demo"
        await people.brought_by(session, young, "poster-marche", NOW + DAY)
        assert await encounters.adviser_met(session, young) is karim, "a poster seen later changes nothing"
        karim.active = False
        assert await encounters.adviser_met(session, young) is None


async def test_who_was_met_is_told_first_when_a_human_is_asked_for(database: Database) -> None:
    async with database.unit_of_work() as session:
        nadia = await adviser(session, "nadia")
        code = await encounters.make_code(session, nadia, NOW)
        young, other = await young_person(session), await young_person(session)
        await people.brought_by(session, young, code.code, NOW)
        asked = await handoff(session, young)
        assert [one.slug for one in await routing.routed(session, asked, NOW)] == ["nadia"]
        assert await routing.knows(session, nadia, young)
        assert not await routing.knows(session, nadia, other)


async def test_a_revoked_code_leads_to_the_structure_only(database: Database) -> None:
    async with database.unit_of_work() as session:
        karim = await adviser(session, "karim")
        old = await encounters.make_code(session, karim, NOW)
        before, later = await young_person(session), await young_person(session)
        await people.brought_by(session, before, old.code, NOW)
        new = await encounters.make_code(session, karim, NOW + DAY)
        await people.brought_by(session, later, old.code, NOW + 2 * DAY)
        assert await encounters.adviser_met(session, before) is karim, "they did meet"
        assert await encounters.adviser_met(session, later) is None
        assert later.structure_id == "amp-demo"
        current = await encounters.code_of(session, karim)
        assert current is not None
        assert current.code == new.code
        await encounters.revoke_code(session, karim, NOW + 3 * DAY)
        assert await encounters.code_of(session, karim) is None


async def test_who_is_followed_elsewhere_stays_there(database: Database) -> None:
    async with database.unit_of_work() as session:
        young, sandra = await young_person(session), await adviser(session, "sandra")
        await people.brought_by(session, young, (await encounters.make_code(session, sandra, NOW)).code, NOW)
        karims = await encounters.make_code(session, await adviser(session, "karim"), NOW)
        await people.brought_by(session, young, karims.code, NOW + DAY)
        assert young.structure_id == "ml-demo"
        assert await encounters.adviser_met(session, young) is sandra
