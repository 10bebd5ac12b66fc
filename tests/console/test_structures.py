"""What a structure sets for itself: its delays, and who is a woman or a man where they want it said."""

from __future__ import annotations

import pytest

from bot.services import structures
from bot.storage.tables import StructureSetting
from tests.console.desk import Desk
from tests.console.test_conversations import words
from tests.factories import adviser

# What the services do on PostgreSQL is tested with them.
pytestmark = pytest.mark.parametrize("demo_url", ["sqlite"], indirect=True)

PAGE = "/console/reglages"
DELAYS = {"unanswered_minutes": "20", "tell_late_minutes": "10", "offer_back_minutes": "60", "load_limit": "5"}


async def _settings(desk: Desk) -> StructureSetting:
    async with desk.database.read_only() as session:
        return await structures.settings_of(session, "ml-demo")


async def test_a_coordinator_sets_the_delays(desk: Desk) -> None:
    claire = await desk.logged_in("claire")
    assert 'value="30"' in (await claire.get(PAGE)).text, "the house's own, before"
    await claire.submit(PAGE, PAGE, **DELAYS)
    kept = await _settings(desk)
    assert (kept.unanswered_minutes, kept.tell_late_minutes, kept.offer_back_minutes, kept.load_limit) == (
        20,
        10,
        60,
        5,
    )
    assert not kept.surveys, "the box was not ticked"
    await claire.submit(PAGE, PAGE, **DELAYS, surveys="oui")
    assert (await _settings(desk)).surveys


async def test_a_delay_out_of_bounds_changes_nothing(desk: Desk) -> None:
    claire = await desk.logged_in("claire")
    for wrong in ("", "-1", "0", "x", "9" * 30, "١٢"):
        answer = await claire.submit(PAGE, PAGE, **(DELAYS | {"load_limit": wrong}))
        page = words(answer.text if answer.status_code != 303 else (await claire.get(PAGE)).text)
        assert "Il manque quelque chose" in page, wrong
    assert (await _settings(desk)).unanswered_minutes == 30


async def test_a_colleague_is_a_woman_or_a_man_or_does_not_say(desk: Desk) -> None:
    claire = await desk.logged_in("claire")
    for who, kept in (("femme", True), ("homme", False), ("", None)):
        async with desk.database.read_only() as session:
            number = (await adviser(session, "sandra")).id
        await claire.submit(PAGE, f"/console/equipe/{number}/souhait", who=who)
        async with desk.database.read_only() as session:
            assert (await adviser(session, "sandra")).woman is kept
