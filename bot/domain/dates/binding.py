"""Neighbours that make one date: "lundi de la semaine prochaine", "du 3 au 5", "après 16h"."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from bot.domain.dates import almanac
from bot.domain.dates.almanac import DAY, WEEK
from bot.domain.dates.hours import MIDNIGHT, on_clock
from bot.domain.dates.items import Days, Hours, Mark, Placed
from bot.domain.dates.model import Grain
from bot.domain.dates.words import Word

_OPEN_END = WEEK * 4  # how far "à partir de lundi" looks
_BOUNDS = (Mark.AFTER, Mark.FROM, Mark.BEFORE, Mark.UNTIL)
_DENIED = {Mark.AFTER: Mark.UNTIL, Mark.FROM: Mark.BEFORE, Mark.BEFORE: Mark.FROM, Mark.UNTIL: Mark.AFTER}
_SMALL = frozenset(
    "le la les l de du d des a au aux ce c est ca un que en vers environ genre trop pour jusqu jusqua avec moi le s".split()
)
_THROUGH = {"au", "a", "-", "jusqu au", "jusqu a", "jusqua", "au le", "a le", "et", "et le", "- le"}
_CLAUSE_ENDS = (Mark.STOP, Mark.ASK, Mark.BUT, Mark.COMMA, Mark.AHEAD)


def bind(placed: Sequence[Placed], words: Sequence[Word], today: date) -> list[Placed]:
    """The same items with neighbours joined, the past left out, and only marks that hold."""
    bound = _forget_past(placed, words)
    bound = _join_weeks(bound, words)
    bound = _join_spans(bound, words)
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


def _join_weeks(placed: Sequence[Placed], words: Sequence[Word]) -> list[Placed]:
    joined: list[Placed] = []
    for each in placed:
        before = joined[-1] if joined else None
        if (
            before and isinstance(before.item, Days) and isinstance(each.item, Days)
            and before.item.weekday is not None and each.item.holds and each.item.grain is not Grain.MONTH
            and _beside(before, each, words)
        ):  # fmt: skip
            joined[-1] = Placed(inside(before.item, each.item)[0], before.first, each.last)
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
        if left and isinstance(left.item, Days) and isinstance(each.item, Days) and not each.item.past:
            opening = words[left.first - 1].canon if left.first else ""
            if opening == "le" and left.first > 1:
                opening = words[left.first - 2].canon
            between = _gap(left, each, words)
            head = words[each.first].canon
            link = " ".join([*between, head] if head in {"au", "a"} else between)
            starts = words[left.first].canon
            spans = link in _THROUGH and (
                (link.startswith("et") and "entre" in {opening, starts})
                or (not link.startswith("et") and ({opening, starts} & {"du", "de", "des"} or link.startswith(("au", "-", "jusq"))))
            )  # fmt: skip
            if spans and (span := _span(left.item, each.item)):
                while joined[-1] is not left:
                    joined.pop()
                joined[-1] = Placed(span, left.first, each.last)
                continue
        joined.append(each)
    return joined


def _span(first: Days, last: Days) -> Days | None:
    end = last.end
    if end <= first.start and last.weekday is not None:
        end += WEEK
    elif end <= first.start and last.month_day is not None:
        end = almanac.add_months(last.start, 1) + DAY
    return Days(first.start, end, past=first.past) if first.start < end else None


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
        elif mark is not Mark.NOT or (
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
