"""A small classifier beside the rules: it has learnt from lines what no rule says.

A linear model over words, pieces of words, families and what stands near what (`features.py`), so that it reads 4,096
characters in a few milliseconds with the standard library. `tools/safety_weights.py` learns `weights.tsv` from
`data/safety/*.tsv` and writes the figures it reached.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from math import sqrt
from pathlib import Path

from bot.domain.safety.features import Pair, pairs, pieces, words_of
from bot.domain.safety.meaning import Meaning, meant
from bot.domain.safety.reading import Kind, Level
from nlu.langue import fold

PART = 120  # characters: enough for a sentence to be what it was in the message, and half the time of Rasa's 200
WINDOW = 26  # words; a longer message is read in windows that overlap by half
SHORT = 4  # words added to each message, so that two or three alone say little
# "12 rue des noyers" is where someone lives: only the "rue" of no address is the street one sleeps in.
_ADDRESS = re.compile(r"\b\d{1,4}(?: ?(?:bis|ter))?,? (?:rue|avenue|boulevard|impasse|allee|chemin|place|route|quai)\b")
_STEP = WINDOW // 2
_REMEMBERED = 20_000
_UNIT = 1000  # the file holds thousandths

Score = tuple[float, float]
"""How much something speaks for danger, and for danger to life."""


@dataclass(frozen=True)
class Weights:
    """What was learnt; `of` holds, by feature, what it says for danger, for danger to life, and maybe for each kind in
    the order of `Kind`: as it is written, for of two hundred thousand a message meets a few."""

    of: Mapping[str | Pair, str]
    bias: Score
    kind_bias: tuple[float, ...]
    thresholds: tuple[float, float, float]
    """The least score for danger, for danger to life, and for danger to life where danger is known already."""


@cache
def weights() -> Weights:
    """The weights shipped with the project.

    Raises:
        ValueError: the file breaks its own format.
    """
    of: dict[str | Pair, str] = {}
    heads: dict[str, tuple[float, ...]] = {}
    for line in Path(__file__).with_name("weights.tsv").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        name, _, written = line.partition("\t")
        if name.startswith("@"):
            heads[name] = _numbers(written)
        else:
            of[tuple(name.split(" ")) if " " in name else name] = written
    (danger, critical), (least, least_critical, least_graver) = heads["@bias"], heads["@thresholds"]
    return Weights(of, (danger, critical), heads["@kinds"], (least, least_critical, least_graver))


@lru_cache(maxsize=_REMEMBERED)
def _numbers(written: str) -> tuple[float, ...]:
    return tuple(int(number) / _UNIT for number in written.split())


def classify(readable: str, meanings: Sequence[Meaning] = (), by_rules: Level = Level.NONE) -> tuple[Level, Kind]:
    """The level the classifier gives a readable text (none, high or critical) and the kind it is most like.

    `meanings`: of the whole of a short text, of parts of a long one. `by_rules`: the level the rules give; the more
    they say, the less is needed.
    """
    words = words_of(_ADDRESS.sub("adresse", readable))
    for meaning in meanings:
        if meaning.whole:
            return _of_meaning(meaning, words, by_rules)
    if not meanings:
        return _of_words(words, known_danger=by_rules >= Level.HIGH)
    found = (_of_meaning(part, words_of(fold(part.text)), Level.NONE) for part in meanings)
    return max(found, key=lambda one: one[0].rank)


def _of_meaning(meaning: Meaning, words: list[str], by_rules: Level) -> tuple[Level, Kind]:
    scores = [score for _, score in _windows(words)]
    by_words = max(danger for danger, _ in scores), max(critical for _, critical in scores)
    return meant(meaning.vector, by_words, by_rules)


def gravest_part(text: str) -> str:
    """The part of a long normalised text, at most `PART` characters, whose words speak most of danger."""
    parts, part = [], ""
    for word in _said_once(text.split()):
        if len(part) + 1 + len(word) > PART:
            parts.append(part)
            # Parts overlap by half, so that no sentence is always cut.
            part = part[part.find(" ", len(part) // 2) + 1 :]
        part = f"{part} {word[:PART]}".strip()[-PART:]
    return max([*parts, part], key=gravity)


def _said_once(words: list[str]) -> Iterator[str]:
    """The words without those that repeat what was said: a sentence pasted a hundred times means what it means once."""
    said: dict[tuple[str, ...], int] = {}
    for i, word in enumerate(words):
        start = max(0, min(i, len(words) - 4))
        if said.setdefault(tuple(words[start : start + 4]), start) == start:
            yield word


def gravity(text: str) -> float:
    """How much the words of a normalised text speak of danger."""
    return max(score for _, (score, _) in _windows(words_of(fold(text))))


def _of_words(words: list[str], known_danger: bool) -> tuple[Level, Kind]:
    learnt = weights()
    least, least_critical, least_graver = learnt.thresholds
    scores = list(_windows(words))
    start, (worst, _) = max(scores, key=lambda one: one[1][0])
    gravest = max(critical for _, (_, critical) in scores)
    if gravest >= (least_graver if known_danger or worst >= least else least_critical):
        level = Level.CRITICAL
    else:
        level = Level.HIGH if worst >= least else Level.NONE
    return level, _kind(words[start : start + WINDOW]) if level is not Level.NONE else Kind.CONFUSION


def _windows(words: list[str]) -> Iterator[tuple[int, Score]]:
    """Where each window starts, and its score."""
    known = weights()
    dangers, criticals = [0.0], [0.0]
    said: dict[Pair, int] = {}
    for i, near in enumerate(pairs(words)):
        # Two words that follow each other again in the same window are a text that repeats itself, not more danger.
        again = tuple(words[i : i + 2])
        repeats = len(words) > WINDOW and i - said.get(again, -WINDOW) < WINDOW
        said[again] = i
        if repeats:
            dangers.append(0.0)
            criticals.append(0.0)
            continue
        danger, critical = _of_word(words[i]) if i < len(words) else (0.0, 0.0)
        for pair in near:
            found = known.of.get(pair)
            if found:
                values = _numbers(found)
                danger += values[0]
                critical += values[1]
        dangers.append(danger)
        criticals.append(critical)
    summed, summed_critical = list(accumulate(dangers)), list(accumulate(criticals))
    for start in range(0, max(1, len(words) - _STEP), _STEP) if len(words) > WINDOW else (0,):
        end = start + WINDOW if start + WINDOW < len(words) else len(words) + 1
        size = sqrt(min(WINDOW, len(words) - start) + SHORT)
        yield (
            start,
            (
                (summed[end] - summed[start]) / size + known.bias[0],
                (summed_critical[end] - summed_critical[start]) / size + known.bias[1],
            ),
        )


@lru_cache(maxsize=_REMEMBERED)
def _of_word(word: str) -> Score:
    of = weights().of
    found = [_numbers(of[piece]) for piece in pieces(word) if piece in of]
    return sum(score[0] for score in found), sum(score[1] for score in found)


def _kind(words: list[str]) -> Kind:
    known = weights()
    totals = [0.0] * len(Kind)
    features: list[str | Pair] = [piece for word in words for piece in pieces(word)]
    features += [pair for near in pairs(words) for pair in near]
    for feature in features:
        for i, value in enumerate(_numbers(known.of.get(feature, ""))[2:]):
            totals[i] += value
    size = sqrt(len(words) + SHORT)
    return max(zip(totals, known.kind_bias, Kind, strict=True), key=lambda one: one[0] / size + one[1])[2]
