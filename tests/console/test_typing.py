"""Who writes is shown to the other side while a human holds the conversation, and to nobody else."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing

import pytest
from sqlalchemy import select

from bot.domain.conversations import Author
from bot.domain.people import Channel
from bot.services import people
from bot.storage.tables import ConsoleSession, Conversation, WebSession
from tests.console.desk import Desk
from tests.factories import handoff, young_person

pytestmark = pytest.mark.parametrize("demo_url", ["sqlite"], indirect=True)


class Typist:
    def __init__(self) -> None:
        self.shown: list[str] = []

    async def show(self, address: str) -> None:
        self.shown.append(address)


async def _held(desk: Desk) -> Conversation:
    async with desk.database.unit_of_work() as session:
        young = await young_person(session)
        await handoff(session, young, taken_by="sandra", now=desk.now)
        return young


async def test_the_holder_is_shown_writing_once_in_a_while(desk: Desk) -> None:
    young, typist = await _held(desk), Typist()
    object.__setattr__(desk.app.state.console, "typists", {Channel.TELEGRAM: typist})
    for slug in ("nadia", "sandra"):
        browser = await desk.logged_in(slug)
        for _ in range(3):
            answer = await browser.submit("/console/compte", f"/console/conversations/{young.id}/ecrit")
            assert answer.status_code == 204
    assert typist.shown == [young.identity.address]
    writing = desk.app.state.console.live.feed.typing.of(young.id, Author.ADVISER)
    assert writing is not None
    assert writing.name == "Sandra"


async def test_an_open_thread_shows_that_they_write(desk: Desk) -> None:
    young, live = await _held(desk), desk.app.state.console.live
    await desk.logged_in("sandra")
    async with desk.database.read_only() as session:
        logged_in = (await session.scalars(select(ConsoleSession))).one()
    pieces = live.stream(logged_in.token_hash, logged_in.adviser_id, "token", young.structure_id, young.id)

    async def typing_piece() -> str:
        async for event in pieces:
            piece = json.loads(event.data)
            if piece["id"] == "typing":
                return str(piece["html"])
        raise AssertionError("the stream ended")

    async with asyncio.timeout(60), aclosing(pieces):
        assert " hidden" in await typing_piece()
        assert live.feed.types(young.id, Author.YOUNG)
        assert " hidden" not in await typing_piece()


@pytest.mark.parametrize("held", [True, False])
async def test_a_browser_that_writes_is_heard_only_when_somebody_holds_it(desk: Desk, held: bool) -> None:
    browser = await desk.browser()
    browser.http.headers["Sec-Fetch-Site"] = "same-origin"
    await browser.http.post("/chat/messages", data={"id": "1800000000000001", "text": "bonjour"})
    async with desk.database.unit_of_work() as session:
        address = await session.scalar(select(WebSession.address))
        young = await people.meet(session, Channel.WEB, address or "", desk.now)
        if held:
            await handoff(session, young, taken_by="sandra", now=desk.now)
    assert (await browser.http.post("/chat/typing")).status_code == 204
    heard = desk.app.state.console.live.feed.typing.of(young.id, Author.YOUNG)
    assert (heard is not None) is held
    stranger = await desk.browser()
    stranger.http.headers["Sec-Fetch-Site"] = "same-origin"
    assert (await stranger.http.post("/chat/typing")).status_code == 204
