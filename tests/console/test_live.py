"""Open pages: what changes reaches them, once for all, and nothing is missed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.console import live
from bot.console.access import Console
from bot.console.live import Live
from bot.domain.safety import check
from bot.services import accounts, alerts
from bot.services.feed import Feed
from bot.storage.tables import ConsoleSession, Conversation
from tests.console.desk import Desk
from tests.factories import adviser, handoff, writes, young_person

Pieces = dict[str, str]


class Page:
    """An open page: the pieces as they are on it now."""

    def __init__(self) -> None:
        self.pieces: Pieces = {}
        self.received = 0
        self.ended = False

    async def read(self, stream: AsyncIterator[object]) -> None:
        async for event in stream:
            if event.event == "end":  # type: ignore[attr-defined]
                self.ended = True
                return
            piece = json.loads(event.data)  # type: ignore[attr-defined]
            self.pieces[piece["id"]] = piece["html"]
            self.received += 1

    async def until(self, name: str, words: str) -> None:
        async with asyncio.timeout(60):
            while words not in self.pieces.get(name, ""):
                await asyncio.sleep(0.01)


@asynccontextmanager
async def open_page(desk: Desk, slug: str = "sandra", conversation: int | None = None) -> AsyncIterator[Page]:
    """A page of someone who is logged in, with the feed running."""
    async with desk.database.unit_of_work() as session:
        who = await adviser(session, slug)
        opened = await accounts._open(session, who, desk.now)
    console: Console = desk.app.state.console
    page = Page()
    stream = console.live.stream(accounts.digest(opened.token), who.id, "t0ken", who.structure_id, conversation)
    tasks = [asyncio.create_task(page.read(stream)), asyncio.create_task(console.live.feed.run())]
    try:
        await page.until("count", "count")
        yield page
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _young(desk: Desk) -> Conversation:
    async with desk.database.unit_of_work() as session:
        return await young_person(session)


async def test_who_asks_appears_and_disappears_by_itself(desk: Desk) -> None:
    young = await _young(desk)
    async with open_page(desk) as page:
        assert "Personne n'attend." in page.pieces["waiting"]
        async with desk.database.unit_of_work() as session:
            await handoff(session, await session.get_one(Conversation, young.id), now=desk.now)
        await page.until("waiting", f"Jeune {young.identity.person_id}")
        assert 'value="t0ken"' in page.pieces["waiting"], "the reader's own token"
        async with desk.database.unit_of_work() as session:
            kept = await session.get_one(Conversation, young.id)
            await handoff(session, kept, taken_by="nadia", now=desk.now)
            nadia = (await adviser(session, "nadia")).id
        await page.until(f"held-{nadia}", f"Jeune {young.identity.person_id}")
        await page.until("waiting", "Personne n'attend.")


async def test_an_alert_appears_and_a_colleague_of_another_structure_sees_nothing(desk: Desk) -> None:
    young = await _young(desk)
    async with open_page(desk) as ours, open_page(desk, "karim") as theirs:
        text = "je vais me tuer ce soir"
        async with desk.database.unit_of_work() as session:
            kept = await session.get_one(Conversation, young.id)
            await alerts.heard(session, kept, None, None, text, check(text), desk.now)
        await ours.until("alerts", "Alerte vitale")
        await asyncio.sleep(0.3)
        assert "Jeune" not in "".join(theirs.pieces.values())


async def test_a_line_arrives_before_its_turn_and_the_holder_alone_may_give_back(desk: Desk) -> None:
    young = await _young(desk)
    async with desk.database.unit_of_work() as session:
        await handoff(session, await session.get_one(Conversation, young.id), taken_by="sandra")
    async with open_page(desk, "sandra", young.id) as hers, open_page(desk, "nadia", young.id) as other:
        async with desk.database.unit_of_work() as session:
            await writes(session, young.identity.address, "t la ?", now=desk.now)
        for page in (hers, other):
            async with asyncio.timeout(60):
                while not any("t la ?" in html for html in page.pieces.values()):
                    await asyncio.sleep(0.01)
        assert 'action="/console/conversations/1/rendre"' in hers.pieces["state"]
        mine, theirs = (
            page.pieces["state"].partition('<div class="acts"')[2].partition(">")[0] for page in (hers, other)
        )
        assert "hidden" not in mine
        assert "hidden" in theirs


async def test_a_page_that_comes_back_is_sent_everything_as_it_is_now(desk: Desk) -> None:
    young = await _young(desk)
    async with open_page(desk, conversation=young.id) as first:
        before = set(first.pieces)
    async with desk.database.unit_of_work() as session:
        for number in range(5):
            await writes(session, young.identity.address, f"pendant la coupure {number}", now=desk.now)
    async with open_page(desk, conversation=young.id) as again:
        async with asyncio.timeout(60):
            while sum("pendant la coupure" in html for html in again.pieces.values()) < 5:
                await asyncio.sleep(0.01)
        assert before <= set(again.pieces)


async def test_only_what_changed_is_sent(desk: Desk) -> None:
    young = await _young(desk)
    async with open_page(desk) as page:
        received = page.received
        async with desk.database.unit_of_work() as session:
            await handoff(session, await session.get_one(Conversation, young.id), now=desk.now)
        await page.until("waiting", "Jeune")
        await page.until("count", ">1<")
        assert page.received == received + 2


async def test_fifty_pages_are_one_drawing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.console import fragments

    drawn = []
    draw = fragments.of_structure

    async def counted(*arguments: object) -> Pieces:
        drawn.append(arguments)
        return await draw(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(fragments, "of_structure", counted)
    lives = Live(desk.database, Feed(desk.database), desk.settings.clock)
    async with desk.database.unit_of_work() as session:
        who = await adviser(session, "sandra")
        opened = await accounts._open(session, who, desk.now)
    pages = [Page() for _ in range(50)]
    tasks = [
        asyncio.create_task(page.read(lives.stream(accounts.digest(opened.token), who.id, "t", who.structure_id, None)))
        for page in pages
    ]
    for page in pages:
        await page.until("waiting", "Personne")
    assert len(drawn) == 1
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert lives._boards == {}
    assert lives._sessions == {}


@pytest.mark.parametrize("how", ["logged out", "idle", "left the team"])
async def test_a_session_that_ends_closes_its_pages(desk: Desk, how: str) -> None:
    async with open_page(desk) as page:
        if how == "idle":
            desk.move_to(desk.now + timedelta(hours=12, minutes=1))
        else:
            async with desk.database.unit_of_work() as session:
                row = (await session.scalars(select(ConsoleSession))).one()
                if how == "logged out":
                    await accounts.log_out(session, row.token_hash)
                else:
                    (await adviser(session, "sandra")).active = False
        async with asyncio.timeout(60):
            while not page.ended:
                await asyncio.sleep(0.01)


async def test_a_board_outlives_a_failure(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.services import desk as service

    see, failures = service.see, iter([True, False])

    async def sometimes(*arguments: object) -> object:
        if next(failures, False):
            raise RuntimeError("the database is away")
        return await see(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(service, "see", sometimes)
    monkeypatch.setattr(live, "AFTER_ERROR_SECONDS", 0.01)
    async with open_page(desk) as page:
        assert "Personne n'attend." in page.pieces["waiting"]


async def test_a_page_that_is_not_logged_in_is_told_to_leave(desk: Desk) -> None:
    answer = await (await desk.browser()).get("/console/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.startswith("event: end")
