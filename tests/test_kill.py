"""Kill -9 the worker and Rasa at twenty points of a booking, by polling and by webhook.

Nothing is lost, nothing is doubled in the database, no turn is answered twice with two different answers.
The points are seen from outside: a call that Telegram gets or answers, a call that Rasa gets or answers
(through a door in front of it), or a moment after a line was written.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession, web
from sqlalchemy import func, select

from bot.domain.appointments import AppointmentState
from bot.domain.calendar import PARIS
from bot.storage.tables import Appointment, InboxRow, Message, OutboxRow, SlotSlice, Turn
from tests.fakes.bot_api import User
from tests.world import RasaProcess, Service, free_port, open_service

NOW = datetime(2027, 3, 9, 10, tzinfo=PARIS)


@dataclass(frozen=True)
class Point:
    """Kill at the `nth` time that `event` is seen; `late` seconds after it."""

    event: str
    nth: int
    late: float = 0.0

    def __str__(self) -> str:
        return f"{self.event}-{self.nth}" + (f"+{self.late}" if self.late else "")


# What is seen during one booking: five lines of the young person, four of them through Rasa.
POINTS = [
    *(Point("line", nth, late) for nth, late in ((1, 0.0), (1, 0.15), (2, 0.32), (3, 0.34), (4, 0.4))),
    *(Point("rasa asked", nth) for nth in (1, 2, 3)),
    *(Point("rasa answered", nth) for nth in (1, 2, 3)),
    *(Point("sendMessage called", nth) for nth in (1, 2, 3, 5, 7)),
    *(Point("sendMessage done", nth) for nth in (1, 2, 4, 6)),
]
assert len(POINTS) == 20


class Door:
    """Stands in front of Rasa, so that a test sees each message go in and each answer come out."""

    def __init__(self, rasa_url: str, seen: Callable[[str], Awaitable[None]]) -> None:
        self.rasa_url = rasa_url
        self.seen = seen
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        async with ClientSession() as self.session:
            try:
                yield
            finally:
                await runner.cleanup()

    async def _pass(self, request: web.Request) -> web.Response:
        is_turn = request.path == "/webhooks/rest/webhook"
        if is_turn:
            await self.seen("rasa asked")
        body = await request.read()
        try:
            async with self.session.request(
                request.method,
                self.rasa_url + request.path_qs,
                data=body,
                headers={"Content-Type": request.headers.get("Content-Type", "application/json")},
            ) as answer:
                content = await answer.read()
        except ClientError:
            return web.Response(status=502)
        if is_turn:
            await self.seen("rasa answered")
        return web.Response(body=content, status=answer.status, content_type="application/json")


class Killer:
    """Kills a part at its point, once, and starts it again."""

    def __init__(self, point: Point, kill: Callable[[], Awaitable[None]]) -> None:
        self.point = point
        self.kill = kill
        self.counts: dict[str, int] = {}
        self.struck = False
        self.tasks: set[asyncio.Task[None]] = set()

    async def seen(self, event: str) -> None:
        self.counts[event] = self.counts.get(event, 0) + 1
        if self.struck or event != self.point.event or self.counts[event] != self.point.nth:
            return
        self.struck = True
        if not self.point.late:
            await self.kill()
            return
        task = asyncio.create_task(self._later())
        self.tasks.add(task)

    async def _later(self) -> None:
        await asyncio.sleep(self.point.late)
        await self.kill()

    async def over(self) -> None:
        await asyncio.gather(*self.tasks)
        assert self.struck, f"{self.point} never came: {self.counts}"


async def book(lea: User, service: Service, killer: Killer) -> None:
    """A booking as someone does it who sees the answers late: by words where Rasa is, by buttons else."""

    async def line(text: str) -> None:
        await lea.says(text)
        await killer.seen("line")
        await service.quiet(60)

    await line("slt jveux un rdv")
    await line("a thionville")
    await line("lundi")
    await line("le 2eme")
    if await count(service, Appointment.state == AppointmentState.BOOKED) == 0:
        for _ in range(3):  # whatever the bot last showed, its buttons lead to the end
            if await press_towards_the_end(lea):
                await service.quiet(60)
        if await count(service, Appointment.state == AppointmentState.BOOKED) == 0:
            await line("oui")


async def press_towards_the_end(lea: User) -> bool:
    on_the_way = ("Oui, je prends", "lun.", "Mission Locale, Thionville", "Oui, on continue", "Prendre un rendez-vous")
    for wanted in on_the_way:
        for message in reversed(lea.screen[-4:]):
            for title, _ in message.buttons:
                if title.startswith(wanted):
                    await lea.presses(title)
                    return True
    return False


async def count(service: Service, *where: object) -> int:
    async with service.database.read_only() as session:
        return int(await session.scalar(select(func.count()).select_from(Appointment).where(*where)) or 0)  # type: ignore[arg-type]


async def nothing_lost_nothing_doubled(service: Service, lea: User) -> None:
    async with service.database.read_only() as session:
        inbox = (await session.scalars(select(InboxRow))).all()
        turns = (await session.scalars(select(Turn))).all()
        messages = (await session.scalars(select(Message).where(Message.author == "young"))).all()
        outbox = (await session.scalars(select(OutboxRow))).all()
        slices = (await session.scalars(select(SlotSlice))).all()
    sent = [message for message in lea.messages.values() if not message.sender["is_bot"]]
    texts = [row for row in inbox if row.kind == "text"]
    assert len(texts) == len(sent), "a message of hers was lost or doubled in the inbox"
    assert len(messages) == len(sent), "a message of hers was lost or doubled in the thread"
    assert all(row.turn_id for row in inbox), "a message was left without an answer"
    assert all(turn.closed_at for turn in turns), "a turn was left open"
    assert await count(service, Appointment.state == AppointmentState.BOOKED) == 1
    assert await count(service) == 1, "an appointment was doubled"
    assert len(slices) == 6, "half an hour is six slices"
    assert all(row.appointment_id for row in slices), "a slice is still held"
    said: dict[int, list[str]] = {}
    for row in outbox:
        assert row.state in ("sent", "dropped"), f"outbox {row.id} is {row.state}: {row.error}"
        if row.turn_id is not None and row.kind == "reply":
            said.setdefault(row.turn_id, []).append(row.payload["text"])
    # Telegram has no idempotency key: a bubble may have arrived twice, never another one in its place.
    arrived = [message.text for message in lea.received]
    expected = [text for turn in sorted(said) for text in said[turn]]
    assert set(arrived) == set(expected)
    doubled = len(arrived) - len(expected)
    assert 0 <= doubled <= 1, f"one kill may double one bubble at most: {doubled}"


async def a_booking(
    point: Point, mode: str, folder: Path, template: Path, rasa: RasaProcess, kill: Callable[[Service], None]
) -> None:
    """Play a booking in which `kill` strikes at `point`, and check what is left of it."""
    await rasa.ready()
    struck_service: list[Service] = []

    async def strike() -> None:
        kill(struck_service[0])

    killer = Killer(point, strike)
    door = Door(rasa.url, killer.seen)
    settings = {"TELEGRAM_MODE": mode, "RASA_TIMEOUT_SECONDS": "6"}
    async with (
        door.opened(),
        open_service(folder / "service", template, door.url, rasa.settings.port, NOW, **settings) as service,
    ):
        struck_service.append(service)
        await watch(service, killer)
        service.start("web")
        await service.web_ready()
        service.start("worker")
        lea = service.api.user("Léa")
        if mode == "webhook":
            await service.api.until(lambda: service.api.webhook, 30)
        await book(lea, service, killer)
        await killer.over()
        await service.quiet(60)
        await nothing_lost_nothing_doubled(service, lea)


@pytest.mark.parametrize("mode", ["polling", "webhook"])
@pytest.mark.parametrize("point", POINTS, ids=str)
async def test_kill_the_worker(point: Point, mode: str, tmp_path: Path, template: Path, rasa: RasaProcess) -> None:
    def kill(service: Service) -> None:
        service.kill("worker")
        service.start("worker")

    await a_booking(point, mode, tmp_path, template, rasa, kill)


# Rasa takes some twenty seconds to start again, so each point is struck in one of the two modes.
@pytest.mark.parametrize(("point", "mode"), list(zip(POINTS, ["polling", "webhook"] * 10, strict=True)), ids=str)
async def test_kill_rasa(point: Point, mode: str, tmp_path: Path, template: Path, rasa: RasaProcess) -> None:
    def kill(_: Service) -> None:
        rasa.kill()
        rasa.start()

    await a_booking(point, mode, tmp_path, template, rasa, kill)


async def watch(service: Service, killer: Killer) -> None:
    async def called(method: str, _: object) -> None:
        await killer.seen(f"{method} called")

    async def done(method: str, _: object) -> None:
        await killer.seen(f"{method} done")

    service.api.on_call, service.api.after_call = called, done
