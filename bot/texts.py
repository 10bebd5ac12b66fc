"""The words: data/responses/*.yml, under the names Rasa uses. Code holds no sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.domain.conversations import Bubble, Button, Say
from nlu.langue import fold

RESPONSES = Path(__file__).parent.parent / "data" / "responses"
MEANINGS = RESPONSES / "meanings.yml"
WORDING = RESPONSES / "wording.yml"
SAFETY = RESPONSES / "safety.yml"
# The numbers of help lines, as they are written in the texts.
HELP = re.compile(r"\b(?:15|17|18|112|114|115|119|196|3\d{3}|0 8\d\d(?: \d{3}){2})\b")

Variant = dict[str, Any]


@cache
def responses() -> dict[str, list[Variant]]:
    """Every response by name, each a list of variants; a name defined twice is refused.

    Raises:
        ValueError: two files define the same response.
    """
    found: dict[str, list[Variant]] = {}
    for file in sorted(RESPONSES.glob("*.yml")):
        for name, variants in yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)["responses"].items():
            if name in found:
                raise ValueError(f"{name} is defined twice; the second time in {file.name}")
            found[name] = variants
    return found


@cache
def labels() -> dict[str, str]:
    """What each intent is called on a button, when two are close."""
    written: dict[str, str] = yaml.load(MEANINGS.read_text(encoding="utf-8"), yaml.CSafeLoader)["labels"]
    return written


@cache
def meanings() -> dict[str, str]:
    """What the console calls every intent, in the order of these names."""
    others = yaml.load(MEANINGS.read_text(encoding="utf-8"), yaml.CSafeLoader)["others"]
    return dict(sorted((labels() | others).items(), key=lambda pair: fold(pair[1].lower())))


@cache
def may_change() -> dict[str, tuple[str, ...]]:
    """The responses that a structure may put in its own words, by what they are about; those of safety last."""
    groups = yaml.load(WORDING.read_text(encoding="utf-8"), yaml.CSafeLoader)["may_change"]
    return {name: tuple(responses) for name, responses in groups.items()} | {"Sécurité": tuple(_safety())}


@cache
def changeable() -> frozenset[str]:
    return frozenset(name for group in may_change().values() for name in group)


@cache
def needs_two(response: str) -> bool:
    """Whether a changed text of it must be validated by a second person: it is of safety, or gives a help line."""
    return response in _safety() or any(HELP.search(text) for text in all_variants(response))


@cache
def _safety() -> list[str]:
    return list(yaml.load(SAFETY.read_text(encoding="utf-8"), yaml.CSafeLoader)["responses"])


def render(say: Say, seed: int = 0, own: Mapping[tuple[str, int], str] | None = None) -> list[Bubble]:
    """The bubbles of `say`: a blank line of the text parts two bubbles; the last one has the buttons,
    those of `say` before those of the text. The button marked `on_yes: true` is what a bare "oui" presses.

    `seed` picks the variant, so that the same turn always says the same; `own` are a structure's words for some.

    Raises:
        KeyError: the response or one of its variables is unknown.
    """
    variants = responses()[say.response]
    number = seed % len(variants)
    variant = variants[number]
    text = (own or {}).get((say.response, number), variant["text"])
    written = variant.get("buttons", ())
    buttons = tuple(Button(fill(one["title"], say.values), fill(one["payload"], say.values)) for one in written)
    yes = next((fill(one["payload"], say.values) for one in written if one.get("on_yes")), None)
    *parts, last = (part.strip() for part in re.split(r"\n\s*\n", fill(text, say.values).strip()))
    return [*(Bubble(part) for part in parts), Bubble(last, say.buttons + buttons, say.attachment, yes)]


def fill(text: str, values: dict[str, str]) -> str:
    """Put the values in place of `{name}`; a variable nobody gave is an error, not an empty space."""
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], text)


def all_variants(name: str) -> list[str]:
    """The texts of a response as they are written, for tests."""
    return [variant["text"] for variant in responses()[name]]
