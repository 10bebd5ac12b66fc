"""Neighbours that make one date: "lundi de la semaine prochaine", "du 3 au 5", "après 16h"."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from bot.domain.dates import almanac
from bot.domain.dates.almanac import DAY, WEEK
from bot.domain.dates.hours import MIDNIGHT, on_clock, together
from bot.domain.dates.items import Days, Hours, Item, Mark, Placed
from bot.domain.dates.model import Grain
from bot.domain.dates.words import Word

_OPEN_END = WEEK * 4  # how far "à partir de lundi" looks
_BOUNDS = (Mark.AFTER, Mark.FROM, Mark.BEFORE, Mark.UNTIL)
_DENIED = {Mark.AFTER: Mark.UNTIL, Mark.FROM: Mark.BEFORE, Mark.BEFORE: Mark.FROM, Mark.UNTIL: Mark.AFTER}
_SMALL_WORDS = """
le la les l de du d des a au aux ce c est ca un que en vers environ genre trop pour jusqu jusqua avec moi s
"""
_SMALL = frozenset(_SMALL_WORDS.split())
_MOVES = re.compile("j?(?:decal|deplac|report|repouss|avanc|boug|chang|pass)(?:e|er|ez|es)$")
_THROUGH = {"au", "a", "-", "jusqu au", "jusqu a", "jusqua", "au le", "a le", "et", "et le", "- le"}
_CLAUSE_ENDS = (Mark.STOP, Mark.ASK, Mark.BUT, Mark.COMMA, Mark.AHEAD)


def bind(placed: Sequence[Placed], words: Sequence[Word], today: date) -> list[Placed]:
    """The same items with neighbours joined, the past left out, and only marks that hold."""
    bound = _forget_past(placed, words)
    bound = _join_weeks(bound, words)
    bound = _join_spans(bound, words)
    bound = _join_hours(bound, words)
    return _apply_bounds(bound, words, today)


def _gap(left: Placed, right: Placed, words: Sequence[Word]) -> list[str]:
    return [word.canon for word in words[left.last + 1 : right.first]]


def _beside(left: Placed, right: Placed, words: Sequence[Word]) -> bool:
    return right.first - left.last <= 5 and _SMALL.issuperset(_gap(left, right, words))


def _forget_past(placed: Sequence[Placed], words: Sequence[Word]) -> list[Placed]:
    """Drop what tells of the past: "depuis lundi", "né le 3 mars", "j'ai raté mon rdv mardi"."""
    kept: list[Placed] = []
    over = False
    since: Placed | None = None
    for each in placed:
        item = each.item
        if item is Mark.SINCE:
            since = each
            continue
        if since and not isinstance(item, Mark) and _beside(since, each, words):
            since = each
            continue
        since = None
        if item is Mark.MISSED:
            over = True
        elif isinstance(item, Mark) and item in _CLAUSE_ENDS:
            over = False
        floats = isinstance(item, Hours) or (
            isinstance(item, Days) and (item.weekday is not None or item.month_day is not None or item.holds)
        )
        if not (over and floats) and item not in (Mark.MISSED, Mark.AHEAD):
            kept.append(each)
    return kept


def inside(floating: Days, holder: Days) -> list[Days]:
    """The days `floating` may be inside a week or a month: "mardi", "le 12"; none when it cannot be."""
    monthly = holder.grain is Grain.MONTH
    if floating.month_day is not None and monthly:
        found = holder.start.replace(day=1) + DAY * (floating.month_day - 1)
        return [Days(found, found + DAY)] if found < holder.end else []
    if floating.weekday is None:
        return []
    if not monthly:
        found = almanac.monday(holder.start) + DAY * floating.weekday
        return [Days(found, found + DAY, past=found < holder.start and holder.grain is Grain.WEEK)]
    first = holder.start + DAY * ((floating.weekday - holder.start.weekday()) % 7)
    return [Days(first + WEEK * n, first + WEEK * n + DAY) for n in range(5) if first + WEEK * n < holder.end]


def _in_week(floating: Item, holder: Item) -> Days | None:
    if not (isinstance(floating, Days) and isinstance(holder, Days) and holder.holds):
        return None
    if floating.weekday is None or holder.grain is Grain.MONTH:
        return None
    return inside(floating, holder)[0]


def _spread(holder: Item, joined: list[Placed]) -> None:
    """The week named after "mardi ou jeudi" holds both."""
    for index in range(len(joined) - 2, -1, -1):
        each = joined[index]
        day = _in_week(each.item, holder)
        if day:
            joined[index] = Placed(day, each.first, each.last)
        elif each.item not in (Mark.OR, Mark.COMMA):
            return


def _join_weeks(placed: Sequence[Placed], words: Sequence[Word]) -> list[Placed]:
    joined: list[Placed] = []
    for each in placed:
        before = joined[-1] if joined else None
        if before and _beside(before, each, words) and (day := _in_week(before.item, each.item)):
            joined[-1] = Placed(day, before.first, each.last)
            _spread(each.item, joined)
        else:
            joined.append(each)
    return joined


def _join_spans(placed: Sequence[Placed], words: Sequence[Word]) -> list[Placed]:
    """ "du 3 au 5", "de lundi à mercredi", "entre jeudi et samedi"."""
    joined: list[Placed] = []
    marks = (Mark.OR, Mark.UNTIL)
    for each in placed:
        left = joined[-1] if joined else None
        if left and isinstance(left.item, Mark) and left.item in marks and len(joined) > 1:
            left = joined[-2]
        span = _span(left, each, words) if left else None
        if left and span and _moves(left, words):
            joined[joined.index(left) :] = [
                Placed(Mark.NOT, left.first - 1, left.first - 1),
                left,
                Placed(Mark.BUT, each.first, each.first),
                each,
            ]
        elif left and span:
            while joined[-1] is not left:
                joined.pop()
            joined[-1] = Placed(span, left.first, each.last)
        else:
            joined.append(each)
    return joined


def _moves(left: Placed, words: Sequence[Word]) -> bool:
    """Whether "du 12 au 15" goes from one day to another: "déplace mon rdv du 12 au 15"."""
    return any(_MOVES.match(word.canon) for word in words[max(0, left.first - 5) : left.first])


def _span(left: Placed, right: Placed, words: Sequence[Word]) -> Days | None:
    first, last = left.item, right.item
    if not (isinstance(first, Days) and isinstance(last, Days)) or last.past:
        return None
    head = words[right.first].canon
    link = " ".join([*_gap(left, right, words), head] if head in {"au", "a"} else _gap(left, right, words))
    opening = {word.canon for word in words[max(0, left.first - 2) : left.first + 1]}
    if link not in _THROUGH or (link.startswith("et") and "entre" not in opening):
        return None
    if link.split(" ")[0] == "a" and not opening & {"du", "de", "des"}:
        return None
    end = last.end
    if end <= first.start and last.weekday is not None:
        end += WEEK
    elif end <= first.start and last.month_day is not None:
        end = almanac.add_months(last.start, 1) + DAY
    return Days(first.start, end, past=first.past) if first.start < end else None


def _join_hours(placed: Sequence[Placed], words: Sequence[Word]) -> list[Placed]:
    """ "6h du soir", before "avant" or "après" is applied."""
    joined: list[Placed] = []
    for each in placed:
        before = joined[-1] if joined else None
        merged = None
        if before and isinstance(before.item, Hours) and isinstance(each.item, Hours):
            merged = together(before.item, each.item) if _beside(before, each, words) else None
        if before and merged:
            joined[-1] = Placed(merged, before.first, each.last)
        else:
            joined.append(each)
    return joined


def _apply_bounds(placed: Sequence[Placed], words: Sequence[Word], today: date) -> list[Placed]:
    """ "après 16h", "avant vendredi", "pas avant jeudi"; a "pas" far from any date means nothing here."""
    applied: list[Placed] = []
    index = 0
    while index < len(placed):
        each = placed[index]
        right = placed[index + 1] if index + 1 < len(placed) else None
        mark = each.item
        first = each.first
        if mark is Mark.NOT and right and right.item in _BOUNDS and _beside(each, right, words):
            mark = _DENIED[right.item] if isinstance(right.item, Mark) else mark
            index += 1
            each, right = right, placed[index + 1] if index + 1 < len(placed) else None
        index += 1
        if isinstance(mark, Mark) and mark in _BOUNDS:
            if right and isinstance(right.item, Days | Hours) and _beside(each, right, words):
                bounded = _bounded(mark, right.item, today)
                applied.append(Placed(bounded, first, right.last))
                index += 1
        elif mark not in (Mark.NOT, Mark.THAN) or (
            right and (not isinstance(right.item, Mark)) and _beside(each, right, words)
        ):
            applied.append(each)
    return applied


def _bounded(mark: Mark, item: Days | Hours, today: date) -> Days | Hours:
    if isinstance(item, Hours):
        start, end = on_clock(item)
        if mark in (Mark.AFTER, Mark.FROM):
            start = end if mark is Mark.AFTER and item.part else start
            return Hours(min(start, MIDNIGHT - 60), MIDNIGHT, Grain.PART, today=item.today)
        return Hours(0, max(start, 60), Grain.PART, today=item.today)
    if item.past:
        return item
    if mark in (Mark.AFTER, Mark.FROM):
        first = item.end if mark is Mark.AFTER else item.start
        return Days(first, first + _OPEN_END, open_ended=True)
    limit = item.start if mark is Mark.BEFORE else item.end
    return Days(today, limit) if limit > today else replace(item, past=True)
