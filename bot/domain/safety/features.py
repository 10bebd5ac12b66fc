"""What the classifier looks at: the words of a text, the family each is of, what stands near what.

`families.tsv` is written by hand: "père", "daron" and "beau-père" are of one family, so that a line learnt with one is
known with the others. An entry of five letters or more is the beginning of a word ("frapp" for "frappait").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

Pair = tuple[str, ...]
"""Words or families that follow each other, at the distance the first item says."""

_WORD = re.compile(r"[a-z0-9]+")
_SHORTEST_BEGINNING = 5
_PIECES = (3, 4, 5)
_REMEMBERED = 20_000
_LONG_WORD = 24  # letters; the rest of a longer word is not read
_FARTHEST = 5  # words between which two families are still near
_START, _END = "^", "$"


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


@lru_cache(maxsize=_REMEMBERED)
def family(word: str) -> str:
    """The family of `word` in capitals, or the word itself when it is of none."""
    if word in _WORDS:
        return _WORDS[word]
    for size in range(len(word) - 1, _SHORTEST_BEGINNING - 1, -1):
        if word[:size] in _BEGINNINGS:
            return _BEGINNINGS[word[:size]]
    return word


def pieces(word: str) -> list[str]:
    """The pieces of letters a word holds, its ends marked, then the word and its family."""
    marked = f"<{word}>"
    found = [marked[i : i + n] for n in _PIECES for i in range(len(marked) - n + 1)]
    return [*found, f"={word}", f"+{family(word)}"]


def words_of(readable: str) -> list[str]:
    """The words of a readable text (no accents, lower case)."""
    return [word[:_LONG_WORD] for word in _WORD.findall(readable)]


def pairs(words: Sequence[str]) -> Iterator[list[Pair]]:
    """For each word, then for the end of the text: what it makes with the words before it."""
    line = [_START, *words, _END]
    kinds = [_START, *map(family, words), _END]
    for i in range(1, len(line)):
        a, b = kinds[i - 1], kinds[i]
        found: list[Pair] = [("1", a, b)]
        if (line[i - 1], line[i]) != (a, b):
            found.append(("1", line[i - 1], line[i]))
        if i > 1:
            found += [("2", kinds[i - 2], b), ("3", kinds[i - 2], a, b)]
        if b.isupper():
            found += [("9", kinds[j], b) for j in range(max(1, i - _FARTHEST), i - 2) if kinds[j].isupper()]
        yield found
