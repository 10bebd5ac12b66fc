"""Changing and taking back, from the thread."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.domain.outbox import OutboxState
from bot.services import handoffs
from bot.storage.tables import Message, OutboxRow
from tests.console.desk import Desk
from tests.factories import adviser, handoff, young_person

pytestmark = pytest.mark.parametrize("demo_url", ["sqlite"], indirect=True)


async def _written(desk: Desk) -> tuple[str, int]:
    """What Sandra wrote and was sent: its thread's page, and its number."""
    async with desk.database.unit_of_work() as session:
        young = await young_person(session)
        held = await handoff(session, young, taken_by="sandra", now=desk.now)
        row = await handoffs.answer(session, held, await adviser(session, "sandra"), "À 14 h & au bureau", desk.now)
        assert row is not None
        row.state = OutboxState.SENT
        return f"/console/conversations/{young.id}", row.payload["message"]


async def test_who_wrote_it_changes_it_and_the_team_sees_both(desk: Desk) -> None:
    thread, number = await _written(desk)
    sandra = await desk.logged_in("sandra")
    assert "À 14 h &amp; au bureau</textarea>" in (await sandra.get(thread)).text
    answer = await sandra.submit(thread, f"/console/messages/{number}/modifier", text="À 15 h", back=thread)
    assert answer.headers["location"] == f"{thread}#m-{number}"
    page = (await (await desk.logged_in("nadia")).get(thread)).text
    assert "Sandra, Mission Locale : À 15 h" in page
    assert "Modifié. Avant : <del>Sandra, Mission Locale : À 14 h &amp; au bureau</del>" in page
    assert f'id="rewrite-{number}" data-for="{(await _author(desk, number))}" hidden' in page


async def test_taken_back_it_is_still_in_the_thread(desk: Desk) -> None:
    thread, number = await _written(desk)
    sandra = await desk.logged_in("sandra")
    await sandra.submit(thread, f"/console/messages/{number}/retirer", back=thread)
    page = (await sandra.get(thread)).text
    assert "<del>Sandra, Mission Locale : À 14 h &amp; au bureau</del>" in page
    assert "Retiré à 10 h : la personne ne le voit plus." in page
    assert "changement en attente" in page
    assert f"/console/messages/{number}" not in page


async def test_another_adviser_and_another_structure_change_nothing(desk: Desk) -> None:
    thread, number = await _written(desk)
    for slug, location in (("nadia", 303), ("karim", 404)):
        browser = await desk.logged_in(slug)
        for verb in ("modifier", "retirer"):
            path = f"/console/messages/{number}/{verb}"
            answer = await browser.submit("/console/compte", path, text="Autre", back=thread)
            assert answer.status_code == location
    async with desk.database.read_only() as session:
        message = await session.get_one(Message, number)
        assert message.text == "Sandra, Mission Locale : À 14 h & au bureau"
        assert message.withdrawn_at is None
        assert len((await session.scalars(select(OutboxRow).where(OutboxRow.kind.in_(["edit", "delete"])))).all()) == 0


async def _author(desk: Desk, number: int) -> int | None:
    async with desk.database.read_only() as session:
        return (await session.get_one(Message, number)).adviser_id
