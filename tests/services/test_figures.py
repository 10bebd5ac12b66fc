"""The figures of a structure's handoffs, on both databases."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.handoffs import HandoffReason, Step
from bot.domain.surveys import Face
from bot.services import figures, handoffs
from bot.storage.database import Database
from bot.storage.tables import Structure, SurveyAnswer
from tests.factories import NOW, adviser, handoff, paris, young_person

DAY = NOW.date()


async def test_what_is_counted_and_what_is_not(database: Database) -> None:
    async with database.unit_of_work() as session:
        sandra, karim = await adviser(session, "sandra"), await adviser(session, "karim")
        for number, wait in enumerate((2, 4, 6, 8, 50)):
            young = await young_person(session)
            taken = await handoff(session, young, taken_by="sandra")
            await handoffs.answer(session, taken, sandra, "Bonjour", NOW + timedelta(minutes=wait))
            await handoffs.answer(session, taken, sandra, "Encore moi", NOW + timedelta(minutes=wait + 90))
            await handoffs.give_back(session, taken, sandra, NOW + timedelta(hours=3))
            session.add(SurveyAnswer(handoff_id=taken.id, face=Face.BAD if number == 0 else Face.GOOD, at=NOW))
        # At night, taken and not answered: back in the queue. Another structure's. Yesterday's. Written first.
        night = await handoff(session, await young_person(session), now=paris("2027-03-10T23:00"))
        await handoffs.take(session, night, sandra, paris("2027-03-10T23:10"))
        await handoffs.return_to_queue(session, night, Step.RETURNED, paris("2027-03-10T23:50"))
        await handoff(session, await young_person(session, structure=karim.structure_id))
        await handoff(session, await young_person(session), now=NOW - timedelta(days=1))
        met = await young_person(session)
        first = await handoff(session, met)
        first.reason = HandoffReason.WROTE_FIRST
    async with database.read_only() as session:
        structure = await session.get_one(Structure, sandra.structure_id)
        found = await figures.of(session, structure, DAY, DAY)
        empty = await figures.of(session, structure, DAY - timedelta(days=300), DAY - timedelta(days=100))
    assert (found.total, found.people, found.returned) == (6, 6, 1)
    [step] = found.steps
    assert (step.in_hours, step.out_of_hours, step.unknown) == (5, 1, 0)
    assert (found.delays.answered, found.delays.median) == (5, timedelta(minutes=6))
    assert found.delays.p90 == found.in_hours.p90 == timedelta(minutes=50)
    assert found.out_of_hours.median is None
    assert found.reasons == ((HandoffReason.ASKED, 6),)
    assert found.faces == {Face.GOOD: 4, Face.SO_SO: 0, Face.BAD: 1}
    assert (empty.total, empty.reasons, empty.faces) == (0, (), None)
