"""From what was recognised to what the person wants: wanted, unwanted, and impossible times."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from bot.domain.dates import almanac, days, hours, marks, periods
from bot.domain.dates.almanac import DAY, WEEK
from bot.domain.dates.binding import bind, inside
from bot.domain.dates.grammar import scan
from bot.domain.dates.hours import on_clock, together
from bot.domain.dates.items import Days, Hours, Impossible, Instant, Mark, Placed
from bot.domain.dates.model import (
    PARIS,
    PART_HOURS,
    Candidate,
    Grain,
    PartHours,
    Reading,
    Refusal,
    RefusalReason,
)
from bot.domain.dates.words import Word, words_of

# Rules that take words away ("bonne soirée") come before those that would read them.
_RULES = tuple(
    sorted(
        (*periods.RULES, *days.RULES, *hours.RULES, *marks.RULES),
        key=lambda each: each.make is not None,
    )
)
_MOST_DAYS = 31  # of a long stretch with an hour: "en mars le matin"
_MOST = 64  # candidates: nobody names more, a flood might
_LONGEST = 4096  # characters read
_EXACT = (Grain.MINUTE, Grain.HOUR)

# Words that may surround a time too vague to be read inside a sentence: "plutôt le matin stp".
_FILLER_WORDS = """
stp svp plz plutot le la l les en dans de du d des a au si possible mieux je j moi pour oui ok ouais dispo c
ca cest est que seulement trop tot tard ou et vers genre environ sinon bonjour salut slt cc bjr wsh merci
tres on peut rdv un serait bien cool va me m serai jserai tt ce ms mais alors ben bah euh du coup jpref pref
fait juste , . ? - :
"""
_FILLERS = frozenset(_FILLER_WORDS.split())


def read(text: str, now: datetime, *, part_hours: PartHours = PART_HOURS) -> Reading:
    """The dates and times of `text`, as meant at `now` (aware), in Paris time.

    Candidates come in the order the person wants them. A weekday alone is the next one strictly after
    today; "ce mardi", or an hour still to come, may be today. Dates without a year roll to the future; a
    date wins over a weekday that contradicts it. "2h" to "6h" alone are in the afternoon. An hour said
    after a list of days holds for all of them.

    Args:
        part_hours: when each part of the day starts and ends.
    """
    here = now.astimezone(PARIS)
    text = text[:_LONGEST]
    words = words_of(text)
    placed = bind(scan(words, _RULES, here, part_hours), words, here.date())
    sentence = _Sentence()
    for index, each in enumerate(placed):
        sentence.take(each, placed[index + 1 : index + 5])
    taken = {index for each in placed for index in range(each.first, each.last + 1)}
    bare = all(word.canon in _FILLERS for index, word in enumerate(words) if index not in taken)
    return _resolve(sentence.groups, text, words, here, bare)


@dataclass
class _Group:
    """Days and hours that go together: each day with each hour."""

    refused: bool
    preferred: bool
    days: list[Days] = field(default_factory=list)
    hours: list[Hours] = field(default_factory=list)
    listed: bool = False  # refused by a verb, so the next day is refused too: "je peux pas lundi mardi"
    lent: bool = False  # its days come from the hour refused just before: "mardi 9h non, 11h oui"
    other: Instant | Impossible | None = None
    days_first: bool = True
    first: int = 0
    last: int = 0


class _Sentence:
    """Gathers items into groups, left to right."""

    def __init__(self) -> None:
        self.groups: list[_Group] = []
        self._open: _Group | None = None  # the group the next item may join
        self._settled = False  # the open group was accepted: no later "je peux pas" reaches it
        self._link: Mark | None = None  # what stands between the last date and here
        self._refuse: Mark | None = None
        self._prefer = False
        self._preferring = False  # "plutôt" was said in this clause
        self._sentence = 0  # the first group of this sentence
        self._holder: Days | None = None  # the week or month that floating days fall in

    def take(self, placed: Placed, following: Sequence[Placed]) -> None:
        item = placed.item
        if isinstance(item, Days):
            self._take_days(item, placed)
        elif isinstance(item, Hours):
            self._take_hours(item, placed)
        elif isinstance(item, Mark):
            self._take_mark(item, following)
            return
        else:
            self._start(placed).other = item
            self._open = None
        self._link = self._refuse = None
        self._prefer = False

    def _take_mark(self, mark: Mark, following: Sequence[Placed]) -> None:
        if mark in (Mark.OR, Mark.COMMA, Mark.BUT, Mark.STOP, Mark.ASK):
            if self._link not in (Mark.STOP, Mark.BUT):
                self._link = Mark.STOP if mark is Mark.ASK else mark
            if mark is not Mark.OR:
                self._refuse = None
                self._preferring = False
            if mark in (Mark.STOP, Mark.ASK):
                self._sentence = len(self.groups)
        elif mark is Mark.PREFER:
            self._prefer = self._preferring = True
            self._refuse = None
        elif mark is Mark.THAN:
            self._refuse = Mark.NOT if self._preferring and self._link is None else None
        elif mark is Mark.BETTER and self._open:
            self._open.preferred = True
        elif mark is Mark.NOT:
            self._refuse = mark
        elif mark is Mark.CAN:
            self._settled, self._refuse = True, None
        elif mark is Mark.NO:
            self._look_back(strictly=True)
        elif mark is Mark.CANNOT:
            self._cannot(following)

    def _cannot(self, following: Sequence[Placed]) -> None:
        """ "je peux pas" looks back to the date of its clause, else forward."""
        near: Placed | None = None
        for each in following:
            if isinstance(each.item, Mark) and each.item is not Mark.NOT:
                break
            if not isinstance(each.item, Mark):
                near = each
                break
        narrows = near and isinstance(near.item, Hours) and self._open and self._open.days and not self._open.hours
        if (narrows and self._link is None) or (not self._look_back(strictly=near is not None) and near):
            self._refuse = Mark.CANNOT

    def _look_back(self, *, strictly: bool) -> bool:
        group = self._open
        reachable = self._link is None or (self._link is Mark.COMMA and not strictly)
        if group is None or group.refused or self._settled or not reachable:
            return False
        group.refused = True
        self._open = None
        return True

    def _start(self, placed: Placed) -> _Group:
        refused, listed = self._refused(placed), self._refuse is Mark.CANNOT or self._carries(placed)
        group = _Group(refused, self._prefer, listed=listed, first=placed.first, last=placed.last)
        self.groups.append(group)
        self._open, self._settled = group, False
        return group

    def _carries(self, placed: Placed) -> bool:
        """Whether the refusal of the open group reaches this neighbour: "pas lundi ou mardi"."""
        group = self._open
        if group is None or not group.refused or placed.first - group.last > 3:
            return False
        same_time = isinstance(placed.item, Hours) and not group.hours
        return self._link is Mark.OR or (self._link is None and (group.listed or same_time))

    def _refused(self, placed: Placed) -> bool:
        return self._refuse is not None or self._carries(placed)

    def _take_days(self, item: Days, placed: Placed) -> None:
        if item.following:
            item = self._after_last(item)
        named = [item]
        if item.holds:
            if self._link not in (Mark.OR, Mark.BUT) and self._move_into(item):
                self._holder, self._settled = item, False
                return
            self._holder = item
        elif self._holder and (item.weekday is not None or item.month_day is not None):
            within = inside(item, self._holder) if not self._alternative() else []
            if within:
                named = within
                if not self._refuse:
                    self._forget(self._holder)
        else:
            self._holder = None
        group = self._open
        if group is None or self._parts_from(group, placed):
            group = self._start(placed)
        if group.lent:
            group.days, group.lent = [], False
        group.days_first = not group.hours
        group.days.extend(named)
        group.last = placed.last

    def _parts_from(self, group: _Group, placed: Placed) -> bool:
        """Whether a new day cannot join the open group."""
        complete = bool(group.days and group.hours) and group.days_first
        complete = complete or any(each.today for each in group.hours)
        broken = self._link is Mark.BUT or (self._link is Mark.STOP and bool(group.days))
        return complete or broken or self._prefer or self._settled or group.refused is not self._refused(placed)

    def _alternative(self) -> bool:
        """Whether a week was just named and "ou" follows: "la semaine prochaine ou mardi"."""
        named = self._open.days if self._open else []
        return self._link is Mark.OR and bool(named) and named[-1] is self._holder

    def _after_last(self, item: Days) -> Days:
        """ "le mardi d'après" counts from the day named before, when there is one."""
        before = next((day for group in reversed(self.groups) for day in reversed(group.days)), None)
        if before is None:
            return item
        if item.weekday is None:
            return Days(before.start + DAY, before.start + DAY * 2)
        start = almanac.next_weekday(before.start, item.weekday)
        return Days(start, start + DAY)

    def _move_into(self, holder: Days) -> bool:
        """Put the floating days already named inside the week or month named after them."""
        moved = False
        for group in self.groups[self._sentence :]:
            for index, day in reversed(list(enumerate(group.days))):
                floats = day.weekday is not None or day.month_day is not None
                if floats and (within := inside(day, holder)):
                    group.days[index : index + 1] = within
                    moved = True
        return moved

    def _forget(self, holder: Days) -> None:
        for group in self.groups:
            if any(day is holder for day in group.days):
                group.days = [day for day in group.days if day is not holder]
                if not group.days and not group.hours:
                    self.groups.remove(group)
                    self._open = None if self._open is group else self._open
                return

    def _take_hours(self, item: Hours, placed: Placed) -> None:
        group = self._open
        if group is None or self._refuse or (group.refused and not self._carries(placed)):
            before = self.groups[-1] if self.groups else None
            group = self._start(placed)
            group.days_first = False
            if before and before.refused and before.days and before.hours and not (group.refused or item.today):
                group.days, group.lent = list(before.days), True
        last = group.hours[-1] if group.hours else None
        merged = together(last, item) if last and self._link in (None, Mark.COMMA, Mark.OR) else None
        if merged and self._link is Mark.OR and (last is None or last.part or item.part):
            merged = None  # "le matin ou 14h" are two times
        if last and merged:
            group.hours[-1] = merged
        else:
            apart = item.today and (group.days or group.hours)
            if apart or (last and group.days and not group.days_first):
                group = self._start(placed)
                group.days_first = False
            group.hours.append(item)
        group.last = max(group.last, placed.last)


def _resolve(groups: Iterable[_Group], text: str, words: Sequence[Word], now: datetime, bare: bool) -> Reading:
    wanted: list[Candidate] = []
    unwanted: list[Candidate] = []
    refused: list[Refusal] = []
    for group in sorted(groups, key=lambda each: not each.preferred):
        if len(wanted) + len(unwanted) >= 2 * _MOST:
            break
        said = text[words[group.first].start : words[group.last].end]
        if isinstance(group.other, Impossible):
            refused.append(Refusal(said, RefusalReason.IMPOSSIBLE))
            continue
        if isinstance(group.other, Instant):
            start = group.other.start
            found = [Candidate(start, almanac.after(start, timedelta(minutes=1)), Grain.MINUTE)]
        elif not bare and _vague(group):
            continue
        else:
            found = list(islice(_windows(group, now), _MOST))
            if not found and not group.refused:
                refused.append(Refusal(said, RefusalReason.PAST))
        (unwanted if group.refused else wanted).extend(found)
    candidates = [each for each in dict.fromkeys(wanted) if each not in unwanted]
    return Reading(_narrowest(candidates), tuple(dict.fromkeys(unwanted)), tuple(dict.fromkeys(refused)))


def _vague(group: _Group) -> bool:
    return all(day.weak for day in group.days) and all(each.weak for each in group.hours)


def _narrowest(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Without a day that is said again more precisely: "mardi… oui mardi 14h"."""
    kept = []
    for index, each in enumerate(candidates):
        precise = any(
            each.start <= later.start and later.end <= each.end and later.day_named for later in candidates[index + 1 :]
        )
        if not (precise and each.grain in (Grain.DAY, Grain.WEEK, Grain.MONTH)):
            kept.append(each)
    return tuple(kept)


def _windows(group: _Group, now: datetime) -> Iterable[Candidate]:
    """Every stretch of time a group names that is not over."""
    named = group.days
    if not named:
        for each in group.hours:
            window = _window(Days(now.date(), now.date() + DAY), each)
            if each.today:
                if not _over(window, now):
                    yield window
                continue
            if _over(window, now):
                window = _window(Days(now.date() + DAY, now.date() + WEEK), each)
            yield replace(window, day_named=False)
        return
    for day in named:
        if day.past:
            continue
        for window in _windows_of(day, group.hours, now):
            if not _over(window, now):
                yield window


def _windows_of(day: Days, times: Sequence[Hours], now: datetime) -> Iterable[Candidate]:
    if not times:
        yield Candidate(almanac.at(day.start, 0), almanac.at(day.end, 0), day.grain)
        return
    for each in times:
        if day.open_ended and each.grain in _EXACT:
            yield replace(_window(day, each), end=almanac.at(day.end, 0), grain=Grain.DAY)
            continue
        today = Days(now.date(), now.date() + DAY)
        if day.maybe_today and each.part is None and not _over(window := _window(today, each), now):
            yield window
            continue
        length = min((day.end - day.start).days, _MOST_DAYS)
        for shift in range(length):
            yield _window(replace(day, start=day.start + DAY * shift), each)


def _window(day: Days, hours: Hours) -> Candidate:
    """`hours` on the first of `day`, never empty even when the clocks change."""
    first, last = on_clock(hours)
    start = almanac.at(day.start, first)
    if hours.grain in _EXACT:
        return Candidate(start, almanac.after(start, timedelta(minutes=last - first)), hours.grain)
    end = almanac.at(day.start, last)
    if end.astimezone(UTC) <= start.astimezone(UTC):
        end = almanac.after(start, timedelta(hours=1))
    return Candidate(start, end, hours.grain)


def _over(window: Candidate, now: datetime) -> bool:
    limit = window.start if window.grain in _EXACT else window.end
    return limit.astimezone(UTC) <= now.astimezone(UTC)
