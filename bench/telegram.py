"""From a Telegram update to sendMessage, under a load of people who do not wait for each other."""

from __future__ import annotations

import asyncio
import os
import random
import time
from pathlib import Path
from unittest import mock

from bench.whole import opened, show, show_memory, started
from bot import training
from tests.fakes.bot_api import User
from tests.world import ROOT, Service, until

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
        # No two alike: what was just read is not read again.
        await person.says(luck.choice(LINES) + "." * luck.randrange(1, 50))
    await asyncio.sleep(3)
    return delays


async def first_answers(service: Service, began: float) -> None:
    """From the start of everything to the first answer (the menu), and to the model's own."""
    lea: User = service.api.user("Léa")
    await lea.says("tu peux me dire koi ramener ?")
    await lea.waits_for(1, timeout=60)
    print(f"  first answer, without the model    {time.monotonic() - began:6.1f} s")

    def times_away() -> int:
        return service.read_log("serve").count("assistant away")

    async def model_answers() -> bool:
        # Whatever is understood: without dense features, it may be little.
        away, seen = times_away(), len(lea.received)
        await lea.says("faut ramener koi")
        await asyncio.sleep(1)
        return times_away() == away and len(lea.received) > seen

    await until(model_answers, 120, lambda: service.read_log("serve"))
    print(f"  first answer of the model          {time.monotonic() - began:6.1f} s")


WITHOUT_ENCODER = Path(__file__).parent / "without_encoder"


def train_on_words(var: Path) -> Path:
    """A model that learnt letters and words alone: fed one that counts on meanings, no sentence would be understood."""
    environment = training.rasa_environment() | {"PYTHONPATH": os.pathsep.join([str(WITHOUT_ENCODER), str(ROOT)])}
    with mock.patch.object(training, "rasa_environment", return_value=environment):
        return training.train(var)


async def run(folder: Path, template: Path) -> None:
    """With the 0.3 s of wait for the rest of a message, which people live; without, what the parts cost; and without
    the sentence encoder either (docs/decisions/0014-an-encoder-beside-the-words.md), what the rest of it costs."""
    words = folder / "words"
    words.mkdir()
    print(f"\nA model of letters and words: {train_on_words(words).stat().st_size / 2**20:.0f} MiB")
    ways: tuple[tuple[str, dict[str, str], str], ...] = (
        ("0.3", {}, "with the 0.3 s wait for the rest"),
        ("0", {}, "without it"),
        ("0", {"PYTHONPATH": str(WITHOUT_ENCODER), "VAR": str(words)}, "without it, nor dense features"),
    )
    for number, (gather, environment, name) in enumerate(ways):
        print(f"\nTelegram, {name}")
        async with opened(folder / f"telegram-{number}", template, gather) as service:
            service.environment |= environment
            began = time.monotonic()
            with started(service) as root:
                await first_answers(service, began)
                for rate in SECONDS:
                    show(f"{rate} a second, update → sendMessage", await measure(service, rate))
                show_memory(root)
