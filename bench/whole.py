"""The whole service, started as anyone starts it, and what is said of its figures."""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

import psutil

from bot.domain.calendar import PARIS
from tests.fakes.bot_api.limits import Throttle
from tests.world import ROOT, Service, free_port, open_service

NOW = datetime(2027, 3, 9, 10, tzinfo=PARIS)


@contextlib.asynccontextmanager
async def opened(folder: Path, template: Path, gather: str = "0.3") -> AsyncIterator[Service]:
    """A service on the demo's territory, not started, before a Telegram that never says to wait."""
    settings = {
        "GATHER_SECONDS": gather,
        "VAR": "var",
        "CLOCK_FILE": str(folder / "clock"),
        "TICK_SECONDS": "5",
        "LEASE_SECONDS": "15",
        "TERRITORY_FILES": '["territories/demo.yml"]',
    }
    rasa = f"http://127.0.0.1:{free_port()}"
    async with open_service(folder, template, rasa, free_port(), NOW, **settings) as service:
        service.api.throttle = Throttle(None)
        yield service


@contextlib.contextmanager
def started(service: Service) -> Iterator[psutil.Process]:
    """`promeneurs serve`, and its Rasa."""
    command = [str(Path(sys.executable).parent / "promeneurs"), "serve"]
    with (service.folder / "serve.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=service.environment, stdout=log, stderr=log)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def show(name: str, delays: list[float]) -> None:
    """A line of figures; the delays are in seconds."""
    delays = sorted(delays)
    p95 = delays[int(len(delays) * 0.95) - 1]
    print(f"  {name:<38} p50 {statistics.median(delays) * 1000:6.0f} ms   p95 {p95 * 1000:6.0f} ms   n={len(delays)}")


def show_memory(root: psutil.Process) -> None:
    total = 0
    for process in [root, *root.children(recursive=True)]:
        size = process.memory_info().rss
        total += size
        kind = "rasa" if "nlu.serve" in process.cmdline() else "service"
        print(f"  memory, {kind:<30} {size / 2**20:6.0f} MiB")
    print(f"  memory, in all                         {total / 2**20:6.0f} MiB")
