"""The words: data/responses/*.yml, under the names Rasa uses. Code holds no sentence."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.domain.conversations import Bubble, Button, Say

RESPONSES = Path(__file__).parent.parent / "data" / "responses"

Variant = dict[str, Any]


@cache
def responses() -> dict[str, list[Variant]]:
    """Every response by name, each a list of variants; a name defined twice is refused.

    Raises:
        ValueError: two files define the same response.
    """
    found: dict[str, list[Variant]] = {}
    for file in sorted(RESPONSES.glob("*.yml")):
        for name, variants in yaml.safe_load(file.read_text(encoding="utf-8"))["responses"].items():
            if name in found:
                raise ValueError(f"{name} is defined twice; the second time in {file.name}")
            found[name] = variants
    return found


def render(say: Say, seed: int = 0) -> list[Bubble]:
    """The bubbles of `say`: a blank line of the text parts two bubbles; the last one has the buttons,
    those of `say` before those of the text.

    `seed` picks the variant, so that the same turn always says the same.

    Raises:
        KeyError: the response or one of its variables is unknown.
    """
    variants = responses()[say.response]
    variant = variants[seed % len(variants)]
    buttons = tuple(
        Button(fill(button["title"], say.values), fill(button["payload"], say.values))
        for button in variant.get("buttons", ())
    )
    return bubbles(fill(variant["text"], say.values), say.buttons + buttons, say.attachment)


def bubbles(text: str, buttons: tuple[Button, ...] = (), attachment: tuple[str, str] | None = None) -> list[Bubble]:
    """Part a text in bubbles at its blank lines."""
    parts = [part.strip() for part in re.split(r"\n\s*\n", text.strip())]
    return [
        *(Bubble(part) for part in parts[:-1]),
        Bubble(parts[-1], buttons, attachment),
    ]


def fill(text: str, values: dict[str, str]) -> str:
    """Put the values in place of `{name}`; a variable nobody gave is an error, not an empty space."""
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], text)


def all_variants(name: str) -> list[str]:
    """The texts of a response as they are written, for tests."""
    return [variant["text"] for variant in responses()[name]]
