"""How fast it is: from a Telegram update to sendMessage, on the whole service, with Telegram played over HTTP.

`make bench` prints p50 and p95 at 1 and at 10 messages a second, the memory of each process, and the seconds
from the start to the first useful answer. Twice: with the 0.3 s during which the service waits for the rest of
a message (what people live), and without (what the parts cost).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psutil

from bot.domain.calendar import PARIS
from tests.fakes.bot_api import User
from tests.fakes.bot_api.limits import Throttle
from tests.world import ROOT, Service, free_port, make_template, open_service, until

NOW = datetime(2027, 3, 9, 10, tzinfo=PARIS)
LINES = (
    "slt jveux un rdv",
    "c koi la mission locale",
    "faut ramener koi",
    "jcherche un taf",
    "merci",
    "le bus passe quand a bouzonville",
    "jveux parler a qqn",
    "t un robot ?",
    "c quand mon rdv deja",
    "comment je fais sans permis",
    "jpeux avoir un rdv mardi aprem a thionville",
    "tfk",
    "ya koi comme formation",
    "jai pas de mutuelle",
    "qui lit mes messages",
    "jsais pas quoi faire",
    "c gratuit ?",
    "ok",
    "nan",
    "stenay",
)
SECONDS = {1: 30, 10: 20}


async def measure(service: Service, rate: int) -> list[float]:
    """The delays, in seconds, of a Poisson load of `rate` messages a second from people who do not wait."""
    asked: dict[int, float] = {}
    delays: list[float] = []
    people = [service.api.user(f"P{number}") for number in range(max(20, rate * 6))]
    for person in people:
        # The first answer has four bubbles: ten new people a second would measure Telegram's own limit, 30 a second.
        await person.says("slt")
        await asyncio.sleep(0.25)
    await asyncio.sleep(3)

    async def called(method: str, params: dict[str, object]) -> None:
        if method not in ("sendMessage", "sendDocument"):
            return
        began = asked.pop(int(str(params["chat_id"])), None)
        if began is not None:
            delays.append(time.perf_counter() - began)

    service.api.on_call = called
    end = time.monotonic() + SECONDS[rate]
    luck = random.Random(rate)
    free = list(people)
    while time.monotonic() < end:
        await asyncio.sleep(luck.expovariate(rate))
        person = free.pop(0)
        free.append(person)
        if person.chat_id in asked:
            continue
        asked[person.chat_id] = time.perf_counter()
        await person.says(luck.choice(LINES))
    await asyncio.sleep(3)
    return sorted(delays)


def show(name: str, delays: list[float]) -> None:
    p95 = delays[int(len(delays) * 0.95) - 1]
    print(f"  {name:<34} p50 {statistics.median(delays) * 1000:6.0f} ms   p95 {p95 * 1000:6.0f} ms   n={len(delays)}")


@contextlib.contextmanager
def whole_service(service: Service) -> Iterator[psutil.Process]:
    """`promeneurs serve`, started as anyone starts it."""
    command = [str(Path(sys.executable).parent / "promeneurs"), "serve"]
    with (service.folder / "serve.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=service.environment, stdout=log, stderr=log)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def memory(root: psutil.Process) -> None:
    total = 0
    for process in [root, *root.children(recursive=True)]:
        size = process.memory_info().rss
        total += size
        kind = "rasa" if "nlu.serve" in process.cmdline() else "service"
        print(f"  memory, {kind:<26} {size / 2**20:6.0f} MiB")
    print(f"  memory, in all                     {total / 2**20:6.0f} MiB")


async def first_answers(service: Service, began: float) -> None:
    """From the start of everything to the first answer (the menu), and to the model's own."""
    lea: User = service.api.user("Léa")
    await lea.says("tu peux me dire koi ramener ?")
    await lea.waits_for(1, timeout=60)
    print(f"  first answer, without the model    {time.monotonic() - began:6.1f} s")

    async def model_answers() -> bool:
        seen = len(lea.received)
        await lea.says("faut ramener koi")
        await asyncio.sleep(1)
        return any("carte" in message.text for message in lea.received[seen:])

    await until(model_answers, 120, lambda: service.read_log("serve"))
    print(f"  first answer of the model          {time.monotonic() - began:6.1f} s")


async def run(folder: Path, template: Path) -> None:
    for gather, name in (("0.3", "with the 0.3 s wait for the rest"), ("0", "without it")):
        print(f"\n{name}")
        port, rasa_port = free_port(), free_port()
        settings = {
            "GATHER_SECONDS": gather,
            "VAR": "var",
            "CLOCK_FILE": str(folder / name.replace(" ", "-") / "clock"),
            "TICK_SECONDS": "5",
            "LEASE_SECONDS": "15",
            "TERRITORY_FILES": '["territories/demo.yml"]',
        }
        async with open_service(
            folder / name.replace(" ", "-"), template, f"http://127.0.0.1:{rasa_port}", port, NOW, **settings
        ) as service:
            service.api.throttle = Throttle(None)
            began = time.monotonic()
            with whole_service(service) as root:
                await first_answers(service, began)
                for rate in (1, 10):
                    show(f"{rate} a second, update → sendMessage", await measure(service, rate))
                memory(root)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        template = make_template(folder)
        asyncio.run(run(folder, template))


if __name__ == "__main__":
    main()
