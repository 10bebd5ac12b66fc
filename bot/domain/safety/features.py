"""What the classifier looks at in a text: its words, what family they are of, and the pieces they are made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

_WORD = re.compile(r"[a-z0-9']+")
_LONGEST_WINDOW = 26  # words; a longer message is read in windows that overlap by half
_SHORTEST_BEGINNING = 5  # a shorter entry of the families is a whole word
_PIECES = (3, 4, 5)


def _families() -> tuple[dict[str, str], dict[str, str]]:
    words: dict[str, str] = {}
    beginnings: dict[str, str] = {}
    for line in Path(__file__).with_name("families.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        family, entries = line.split("\t")
        for entry in entries.split():
            words.setdefault(entry, family)
            if len(entry) >= _SHORTEST_BEGINNING:
                beginnings.setdefault(entry, family)
    return words, beginnings


_WORDS, _BEGINNINGS = _families()


@lru_cache(maxsize=20_000)
def family(word: str) -> str:
    """The family a word is of, or the word itself."""
    found = _WORDS.get(word)
    if found is None:
        for size in range(len(word) - 1, _SHORTEST_BEGINNING - 1, -1):
            found = _BEGINNINGS.get(word[:size])
            if found:
                break
    return found or word


@lru_cache(maxsize=20_000)
def pieces(word: str) -> tuple[str, ...]:
    """The word itself and the pieces of letters it holds, its ends marked."""
    marked = f"<{word}>"
    return ("w " + word, *(marked[i : i + n] for n in _PIECES for i in range(len(marked) - n + 1)))


def windows(text: str) -> Iterator[list[str]]:
    """The words of `text`, a window at a time."""
    words = _WORD.findall(text)
    if len(words) <= _LONGEST_WINDOW:
        yield words
        return
    half = _LONGEST_WINDOW // 2
    for start in range(0, len(words) - half, half):
        yield words[start : start + _LONGEST_WINDOW]


def features(words: list[str]) -> set[str]:
    found: set[str] = set()
    for word in words:
        found.update(pieces(word))
    kinds = [family(word) for word in words]
    found.update(f"f {kind}" for kind in kinds)
    around = ["^", *words, "$"]
    kinds = ["^", *kinds, "$"]
    for a, b in zip(around, around[1:]):
        found.add(f"{a} {b}")
    for a, b in zip(kinds, kinds[1:]):
        found.add(f"{a} {b}")
    for a, c in zip(kinds, kinds[2:]):
        found.add(f"{a} _ {c}")
    for a, d in zip(kinds, kinds[3:]):
        found.add(f"{a} _ {d}")
    for a, b, c in zip(kinds, kinds[1:], kinds[2:]):
        found.add(f"{a} {b} {c}")
    return found
