"""The world of the tests: real processes on one machine, one date for all, and Telegram played over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import httpx
import psutil
from sqlalchemy import func, or_, select

from bot import cli, running, training
from bot.clock import ShiftedClock
from bot.domain.nudges import NudgeState
from bot.domain.outbox import OutboxState
from bot.settings import Settings
from bot.storage import migrating
from bot.storage.database import Database
from bot.storage.tables import Alert, InboxRow, Nudge, OutboxRow, Turn
from tests.fakes.bot_api import BotApi

ROOT = training.ROOT
TOKEN = "123456:test-token-of-nobody"
SECRET = "a-secret-of-the-tests"
# A part is a process of its own, forked from one that has imported the code: importing it takes longer than a scene.
FORGE = multiprocessing.get_context("forkserver")
FORGE.set_forkserver_preload(["bot.cli", "tests.world", "tests.warm"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@functools.cache
def rasa_forge() -> subprocess.Popen[str]:
    """Where Rasa's processes are forked from; it ends with the tests."""
    return subprocess.Popen(
        [str(training.RASA.parent / "python"), "-W", "ignore", "-m", "tests.rasa_forge"],
        cwd=ROOT,
        env=training.rasa_environment() | {"OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


class RasaProcess:
    """Rasa on the trained model; it can be killed, frozen and started again."""

    def __init__(self, folder: Path, actions_port: int) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self.settings = Settings(
            _env_file=None,  # type: ignore[call-arg]
            var=ROOT / "var",
            rasa_url=self.url,
            port=actions_port,
            rasa_tracker_path=folder / "rasa.db",
        )
        self.log = folder / "rasa.log"
        self.process: psutil.Process | None = None

    def start(self) -> None:
        _python, _module, _serve, *arguments = running.rasa_command(self.settings)
        environment = running.rasa_environment(self.settings)
        forge = rasa_forge()
        assert forge.stdin, "a pipe"
        assert forge.stdout, "a pipe"
        forge.stdin.write(json.dumps({"arguments": arguments, "environment": environment, "log": str(self.log)}) + "\n")
        forge.stdin.flush()
        self.process = psutil.Process(int(forge.stdout.readline()))

    async def ready(self, seconds: float = 120) -> None:
        assistant = running.make_assistant(self.settings)
        try:
            await until(assistant.is_healthy, seconds, lambda: f"Rasa did not start; see {self.log}")
        finally:
            await assistant.close()

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None, "Rasa was not started"
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                self.process.kill()
                self.process.wait()


def run_part(part: str, environment: dict[str, str], log: Path) -> None:
    """What `promeneurs PART` does, in the process this is called in."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    cli.app([part])


class Service:
    """The service's own processes, on a database of their own."""

    def __init__(self, folder: Path, api: BotApi, rasa_url: str, port: int, **settings: str) -> None:
        self.folder = folder
        self.api = api
        self.clock = ShiftedClock(folder / "clock")
        self.port = port
        self.environment: dict[str, str] = os.environ | {
            "VAR": str(folder),
            "DATABASE_URL": f"sqlite:///{folder / 'promeneurs.db'}",
            "CLOCK_FILE": str(folder / "clock"),
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_BASE_URL": api.url,
            "TELEGRAM_WEBHOOK_SECRET": SECRET,
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "PORT": str(port),
            "RASA_URL": rasa_url,
            "RASA_TRACKER_PATH": str(folder.parent / "rasa.db"),
            "TICK_SECONDS": "0.25",
            "LEASE_SECONDS": "2",
            "LOG_LEVEL": "WARNING",
            **settings,
        }
        self.database = Database(self.environment["DATABASE_URL"])
        self.processes: dict[str, ForkServerProcess] = {}

    def start(self, part: str) -> None:
        process = FORGE.Process(target=run_part, args=(part, self.environment, self.folder / f"{part}.log"))
        process.start()
        self.processes[part] = process

    async def web_ready(self) -> None:
        async def healthy() -> bool:
            try:
                async with httpx.AsyncClient(trust_env=False) as http:
                    return (await http.get(f"http://127.0.0.1:{self.port}/health")).status_code == 200
            except httpx.HTTPError:
                return False

        await until(healthy, 30, lambda: f"the web process did not start: {self.read_log('web')}")

    def kill(self, part: str) -> None:
        process = self.processes.pop(part, None)
        if process is not None:
            process.kill()
            process.join()
            process.close()

    async def stop(self) -> None:
        for part in list(self.processes):
            self.kill(part)
        await self.database.close()

    def read_log(self, part: str) -> str:
        file = self.folder / f"{part}.log"
        return file.read_text()[-3000:] if file.exists() else "(no log)"

    async def is_quiet(self) -> bool:
        """Nothing waits at Telegram's, in the inbox or in the outbox, and no tick is due."""
        if self.api.pending_updates:
            return False
        async with self.database.read_only() as session:
            inbox = (
                select(func.count())
                .select_from(InboxRow)
                .where(InboxRow.turn_id.is_(None), InboxRow.set_aside.is_(None))
            )
            turns = select(func.count()).select_from(Turn).where(Turn.closed_at.is_(None))
            outbox = (
                select(func.count())
                .select_from(OutboxRow)
                .where(or_(OutboxRow.state == OutboxState.WAITING, OutboxRow.state == OutboxState.SENDING))
            )
            # What a tick must look at: on a busy machine one may come late.
            now = self.clock.now()
            nudges = (
                select(func.count()).select_from(Nudge).where(Nudge.state == NudgeState.PLANNED, Nudge.due_at <= now)
            )
            alerts = (
                select(func.count())
                .select_from(Alert)
                .where(Alert.closed_at.is_(None), or_(Alert.notify_at <= now, Alert.speak_after <= now))
            )
            for query in (inbox, turns, outbox, nudges, alerts):
                if await session.scalar(query):
                    return False
        return True

    async def quiet(self, seconds: float = 90) -> None:
        await until(self.is_quiet, seconds, lambda: f"still busy; worker: {self.read_log('worker')}")

    async def ticked(self) -> None:
        """Long enough for every tick to have run."""
        await asyncio.sleep(0.7)
        await self.quiet()


async def until(condition: Callable[[], Awaitable[bool]], seconds: float, what: Callable[[], str]) -> None:
    """Wait for a condition, or fail with what was wrong."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if await condition():
            return
        await asyncio.sleep(0.03)
    raise AssertionError(what())


def make_template(folder: Path) -> Path:
    """A database with the demo territory, copied for each scene."""
    file = folder / "template.db"
    settings = Settings(_env_file=None, var=folder, database_url=f"sqlite:///{file}")  # type: ignore[call-arg]
    migrating.upgrade(settings.database_url)
    asyncio.run(running.prepare(settings))
    return file


@contextlib.asynccontextmanager
async def open_service(
    folder: Path, template: Path, rasa_url: str, port: int, now: datetime, **settings: str
) -> AsyncIterator[Service]:
    """A service at a date, with its Telegram; its processes are not started."""
    folder.mkdir(parents=True)
    shutil.copy(template, folder / "promeneurs.db")
    clock = ShiftedClock(folder / "clock")
    clock.move_to(now)
    async with BotApi(token=TOKEN, clock=clock.now) as api:
        service = Service(folder, api, rasa_url, port, **settings)
        try:
            yield service
        finally:
            await service.stop()
