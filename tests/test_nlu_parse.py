"""`promeneurs nlu parse` answers each line, whatever is in it, in bounded time."""

from __future__ import annotations

import io
import json
import random
import time
from typing import Any

import pytest

from bot import running, training
from bot.settings import Settings
from bot.training import ROOT

RANDOM = random.Random(4)
LOADING = 400.0  # seconds, on a busy machine, until Rasa has read its model
PER_LINE = 1.0


def any_text(characters: int) -> str:
    """Of any script and none: every code point but line ends and halves of pairs."""
    points = (
        RANDOM.choice((RANDOM.randrange(0x20, 0x3000), RANDOM.randrange(0xE000, 0x110000))) for _ in range(characters)
    )
    return "".join(chr(point) for point in points).replace("\x85", " ").replace("\u2028", " ").replace("\u2029", " ")


ODD: dict[str, list[str]] = {
    "a megabyte of random Unicode in one line": [any_text(330_000)],
    "a megabyte of random Unicode in lines": [any_text(16_500) for _ in range(20)],
    "emoji only": ["😭😭😭", "👍", "💀" * 4096, "🏳️‍🌈👩‍👩‍👧‍👦", "🫥"],
    "4,096 characters": [("jveux un rdv mardi stp " * 200)[:4096], "a" * 4096, "j" * 4096, "' " * 2048],
    "right to left": [
        "مرحبا، أريد موعدا غدا",
        "שלום אפשר לקבוע פגישה",
        "\u202ejveux un rdv\u202c",
        "אני ב Thionville 14:30",
    ],
    "next to nothing": ["", " ", "\t", "\u200b", "\x00", "?", "/", "//book", "\ud83d"],
}


@pytest.fixture(scope="module")
def answers() -> tuple[dict[str, list[dict[str, Any]]], float]:
    settings = Settings(_env_file=None, var=ROOT / "var")
    training.train(settings.var)
    lines = [line for group in ODD.values() for line in group]
    written = io.StringIO()
    begin = time.monotonic()
    running.parse_lines(settings, io.StringIO("\n".join(lines) + "\n", newline="\n"), written)
    seconds = time.monotonic() - begin
    said = iter([json.loads(line) for line in written.getvalue().split("\n")[:-1]])
    return {name: [next(said) for _ in group] for name, group in ODD.items()}, seconds


@pytest.mark.parametrize("group", ODD)
def test_each_line_is_answered(answers: tuple[dict[str, list[dict[str, Any]]], float], group: str) -> None:
    for line, answer in zip(ODD[group], answers[0][group], strict=True):
        assert answer["text"] == line.encode("utf-8", "replace").decode()
        assert answer["intent"]
        assert 0 <= answer["confidence"] <= 1
        assert answer["safety"]["level"]


def test_the_time_is_bounded(answers: tuple[dict[str, list[dict[str, Any]]], float]) -> None:
    assert answers[1] < LOADING + PER_LINE * sum(map(len, ODD.values()))
