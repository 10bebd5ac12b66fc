"""Which literal pieces a text must hold for an expression to match it: most rules are never tried.

A check reads a few hundred expressions; looking for short literal strings first is many times faster than
running them all, and cannot change the answer, since the pieces are read off the expressions themselves.
"""

from __future__ import annotations

import re
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_MANY = 110  # a longer list of strings costs more to look for than it spares
_SHORT = 3  # a shorter string is in every text


def needed(pattern: re.Pattern[str]) -> tuple[frozenset[str], ...]:
    """Sets of strings, the rarest first; a text the pattern matches holds at least one string of each set."""
    found = _of_sequence(parser.parse(pattern.pattern))
    useful = {strings for strings in found if len(strings) <= _MANY and min(map(len, strings)) >= _SHORT}
    return tuple(sorted(useful, key=_rarity, reverse=True))


def alternatives(pattern: str) -> list[str]:
    """`pattern` cut at its outermost "|": each part needs its own strings, so that fewer are tried."""
    parts, depth, in_class, start, i = [], 0, False, 0, 0
    while i < len(pattern):
        char = pattern[i]
        if char == "\\":
            i += 1
        elif char == "[":
            in_class = True
        elif char == "]":
            in_class = False
        elif not in_class and char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and depth == 0 and not in_class:
            parts.append(pattern[start:i])
            start = i + 1
        i += 1
    return [*parts, pattern[start:]]


def _of_sequence(items: Any) -> list[frozenset[str]]:
    found: list[frozenset[str]] = []
    run = ""
    for code, value in items:
        if code is op.LITERAL:
            run += chr(value)
            continue
        found += _of_item(code, value, run)
        if run:
            found.append(frozenset({run}))
        run = ""
    if run:
        found.append(frozenset({run}))
    return found


def _of_item(code: Any, value: Any, run: str) -> list[frozenset[str]]:
    """The strings an item needs; `run` is the literal text just before it."""
    if code is op.SUBPATTERN:
        inner = value[-1]
        if run and len(inner) == 1 and inner[0][0] is op.BRANCH:
            return _of_item(inner[0][0], inner[0][1], run)
        return _of_sequence(inner)
    if code is op.BRANCH:
        starts = [_start(branch) for branch in value[1]]
        best = [_rarest(_of_sequence(branch)) for branch in value[1]]
        found = [_without_longer(frozenset().union(*best))] if all(best) else []
        if run and all(starts):  # "s(?:df|ans abri)" needs "sdf" or "sans abri"
            found.append(_without_longer(frozenset(run + start for start in starts)))
        return found
    if code in (op.MAX_REPEAT, op.MIN_REPEAT) and value[0] > 0:
        return _of_sequence(value[2])
    return []


def _start(branch: Any) -> str:
    run = ""
    for code, value in branch:
        if code is not op.LITERAL:
            break
        run += chr(value)
    return run


def _rarest(found: list[frozenset[str]]) -> frozenset[str]:
    """The set least likely to be met: the one whose shortest string is longest."""
    return max(found, key=_rarity, default=frozenset())


def _rarity(strings: frozenset[str]) -> tuple[int, int]:
    return min(map(len, strings)), -len(strings)


def _without_longer(strings: frozenset[str]) -> frozenset[str]:
    """ "dormir" adds nothing beside "dor"."""
    return frozenset(s for s in strings if not any(other != s and other in s for other in strings))
