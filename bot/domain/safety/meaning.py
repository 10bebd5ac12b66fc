"""How near the meaning of a message is to that of the lines of danger, and of the harmless ones, that were learnt.

Kernel ridge regression, as for intents (docs/decisions/0014-an-encoder-beside-the-words.md): each line that was learnt
speaks for what it was, the more so the nearer it is. What the words say is added, and what the rules say: how much each
weighs was learnt too (docs/decisions/0021-rules-are-weighed-with-the-meaning.md). `tools/safety_weights.py` learns
`meanings.npz` from the same lines as the words' weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.domain.safety.reading import Kind, Level

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Meaning:
    """A normalised text, or a part of one, and what an encoder made of it (see `nlu/encoder.py`)."""

    text: str
    vector: Floats
    whole: bool
    """Whether it was read to its end, so that what it means holds for all of it."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """`lines`: the directions of what was learnt; `says`: what each says of danger, of danger to life, of kinds."""

    mean: Floats
    turn: Floats
    lines: Floats
    says: Floats
    width: float
    words: Floats
    """What a score of the words weighs beside that of the meaning: for danger, for danger to life."""
    rules: Floats
    """What the level the rules give weighs (none, concern, high, critical): for danger, for danger to life."""
    thresholds: tuple[float, float]
    """The least score for danger, and for danger to life where there is danger."""


@cache
def learnt() -> Learnt:
    """What is shipped with the project."""
    with np.load(Path(__file__).with_name("meanings.npz")) as file:
        width, step, *thresholds = (float(number) for number in file["numbers"])
        mean, turn, says, words, rules = (
            file[name].astype(np.float32) for name in ("mean", "turn", "says", "words", "rules")
        )
        lines = file["lines"].astype(np.float32) * np.float32(step)
    return Learnt(mean, turn, lines, says, width, words, rules, (thresholds[0], thresholds[1]))


def directions(vectors: Floats, mean: Floats, turn: Floats) -> Floats:
    """The vectors along the directions in which the lines differ most, of length 1."""
    turned = np.asarray((vectors - mean) @ turn, np.float32)
    of_length_one: Floats = turned / (np.linalg.norm(turned, axis=-1, keepdims=True) + np.float32(1e-6))
    return of_length_one


def scores(vector: Floats, by_words: tuple[float, float], by_rules: Level) -> Floats:
    """How much a meaning, its words and the rules speak for danger, for danger to life, and for each kind."""
    known = learnt()
    near: Floats = np.exp(known.width * (known.lines @ directions(vector, known.mean, known.turn) - 1))
    found: Floats = near @ known.says
    found[:2] += known.words * np.asarray(by_words, np.float32) + known.rules[by_rules.rank]
    return found


def meant(vector: Floats, by_words: tuple[float, float], by_rules: Level) -> tuple[Level, Kind]:
    """The level and kind of a meaning; `by_words`, the scores its words have alone, `by_rules`, what the rules say."""
    danger, critical, *kinds = scores(vector, by_words, by_rules)
    least, least_critical = learnt().thresholds
    level = Level.NONE if danger < least else Level.HIGH if critical < least_critical else Level.CRITICAL
    return level, list(Kind)[int(np.argmax(kinds))]
