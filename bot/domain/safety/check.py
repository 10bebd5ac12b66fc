"""Read one message for danger: every rule on the whole text, in its typed and its readable form, then a classifier
that weighs what they say with what it has learnt.

`by_rules` takes a few milliseconds, for where time matters most; `check` is what decides the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache

from bot.domain.safety import patterns
from bot.domain.safety.classifier import classify
from bot.domain.safety.meaning import Meaning
from bot.domain.safety.needed import needed
from bot.domain.safety.patterns import FIGURES, RULES, Rule
from bot.domain.safety.reading import NOTHING, Kind, Level, SafetyReading, Sure, When, Who
from nlu.langue import fold, normalise

_SENTENCE_END = re.compile(r"[.!?;\n]")
_SUB_CLAUSE = re.compile(r"[.!?;\n]|\b(?:et|mais|depuis|du coup|puis|alors|parce que)\b")
_REPORTED = re.compile(
    r"(?:dit|ecrit|envoye|poste|mis|texte|avoue|ecrivait|repond|repete|raconte)\w{0,2}(?: que| qu')?[\s\W]*$"
)
_STILL = re.compile(r"\b(?:encore|toujours|recommenc\w*|continue\w?|tous les (?:jours|soirs)|revient|retrouve)\b")
_IMPERFECT = re.compile(r"(?:ait|aient)\b")
_TURNED_OUT = frozenset({Kind.HOMELESS_TONIGHT, Kind.RUNAWAY})
_FOLLOWED_UP = frozenset({Kind.SUICIDE, Kind.SELF_HARM, Kind.HOMELESS_TONIGHT, Kind.THREAT_TO_OTHERS})
# What the rules read as a danger to life and is said as a fact, seldom as a figure: pills that were taken, a night
# outside, a child. Of 375 such lines of hands the rules were not written from, 349 are dangers; of the other kinds,
# 865 in 1,034. A joke taken for it costs a kind answer; the contrary may cost a life.
_FACTS = frozenset({Kind.OVERDOSE, Kind.HOMELESS_TONIGHT, Kind.CHILD_IN_DANGER, Kind.SEXUAL_VIOLENCE})
_RECENT_MESSAGES = 3
_RECENT_CHARACTERS = 300
_REACH = 160  # characters a rule reads on each side of the words that make it worth trying
_NEAR = 90
_WORD = re.compile(r"\w+")
_LONG_WORD, _REMEMBERED = 24, 20_000  # letters; words


@dataclass(frozen=True)
class _Finding:
    kind: Kind | None
    level: Level
    who: Who
    when: When


@dataclass(frozen=True)
class _Message:
    """What is true of the message as a whole."""

    minor: bool
    adult: bool
    laughing: bool


def by_rules(text: str) -> SafetyReading:
    """The danger the rules alone see in `text`, at once; `check` may see more."""
    readable, typed = readable_form(text), _typed_form(text)
    message = _about(readable, typed, "")
    return _reading(_by_rules(readable, typed, message), readable, message)


def check(text: str, recent: Sequence[str] = (), meanings: Sequence[Meaning] = ()) -> SafetyReading:
    """The danger `text` speaks of, in the light of the young person's last messages, oldest first.

    `text` is what was typed; `meanings`, what an encoder made of it, if there is one. Where two levels are possible
    the higher is given, except that rules alone may be wrong of a text the encoder read whole; the danger of `recent`
    is not given again unless `text` adds to it.
    """
    context = " . ".join(recent[-_RECENT_MESSAGES:])[-_RECENT_CHARACTERS:]
    readable, typed = readable_form(text), _typed_form(text)
    before = readable_form(context) if context else ""
    message = _about(readable, typed, before)
    findings = _weighed(readable, meanings, _by_rules(readable, typed, message), message)
    if before:
        findings += _with_context(readable, before, message)
    return _reading(findings, readable, message)


def _typed_form(text: str) -> str:
    return _with_apostrophes(" ".join(fold(text.lower()).replace("’", "'").split()))


def _about(readable: str, typed: str, before: str) -> _Message:
    return _Message(
        minor=any(patterns.MINOR.search(form) for form in (readable, typed, before)),
        adult=patterns.ADULT.search(readable) is not None,
        laughing=patterns.LAUGH.search(readable) is not None,
    )


def _by_rules(readable: str, typed: str, message: _Message) -> list[_Finding]:
    findings: list[_Finding] = []
    held = _read(readable, message, findings)
    if typed != readable:
        _read(typed, message, findings, already=held)
    return findings


def _weighed(readable: str, meanings: Sequence[Meaning], findings: list[_Finding], message: _Message) -> list[_Finding]:
    """The rules' findings and what the classifier makes of the text, together.

    It adds a graver level, and a kind when the rules saw none. A danger the rules understood as past stays as grave as
    they say: the classifier has no sense of time. Where the encoder read the whole text and the classifier, to which
    the rules' level was told, sees no danger, theirs is withdrawn: a figure of speech, somebody else's words. A danger
    to life that is told as a fact is not.
    """
    worst = max(findings, key=lambda finding: finding.level.rank, default=None)
    level, kind = classify(readable, meanings, worst.level if worst else Level.NONE)
    if level is Level.NONE and any(meaning.whole for meaning in meanings):
        facts = (one for one in findings if one.level is Level.CRITICAL and one.kind in _FACTS)
        return [*facts, *(one for one in findings if one.level < Level.HIGH)]
    if level is Level.NONE or (worst is not None and worst.level >= level):
        return findings
    if worst is not None and worst.kind is kind:
        return findings if worst.when is When.PAST else [*findings, replace(worst, level=level)]
    if kind is Kind.HOMELESS_TONIGHT:
        level = Level.CRITICAL if message.minor else Level.HIGH
    return [*findings, _Finding(kind, level, Who.UNCLEAR, When.NOW)]


def readable_form(text: str) -> str:
    """`text` in full words where it can be, in lower case, without accents."""
    return _with_apostrophes(fold(normalise(text).text))


def _with_apostrophes(text: str) -> str:
    return patterns.LOST_APOSTROPHE.sub(lambda match: f"m'{match[1]}" if match[1] else f"{match[2]}'", text)


def _reading(findings: list[_Finding], readable: str, message: _Message) -> SafetyReading:
    discretion = patterns.DISCRETION.search(readable) is not None
    if not findings:
        return replace(NOTHING, wants_discretion=discretion)
    worst = max(findings, key=lambda finding: finding.level.rank)
    gravest: dict[Kind, int] = {}
    for finding in findings:
        if finding.kind is not None and (finding.level > Level.CONCERN or worst.level is Level.CONCERN):
            gravest[finding.kind] = max(finding.level.rank, gravest.get(finding.kind, 0))
    order = list(Kind)
    return SafetyReading(
        level=worst.level,
        kinds=tuple(sorted(gravest, key=lambda kind: (-gravest[kind], order.index(kind)))),
        who=worst.who,
        when=worst.when,
        sure=Sure.DOUBTFUL if message.laughing else Sure.PLAIN,
        wants_discretion=discretion,
    )


class _Gate:
    """Finds quickly where each of many expressions may match a text.

    A word is looked into once, and remembered: most words of a message were met before.

    Raises:
        ValueError: an expression could match a text that holds none of its words.
    """

    def __init__(self, expressions: Sequence[re.Pattern[str]]) -> None:
        self.needs = [needed(expression) for expression in expressions]
        for sets, expression in zip(self.needs, expressions, strict=True):
            if not sets:
                raise ValueError(f"no piece of three letters that a text must hold: {expression.pattern}")
        self.strings: dict[str, list[str]] = {}  # by the longest piece of a word each holds
        for string in sorted({string for sets in self.needs for string in sets[0]}):
            self.strings.setdefault(max(_WORD.findall(string), key=len), []).append(string)
        self.sizes = sorted({len(piece) for piece in self.strings})
        self.remembered = lru_cache(maxsize=_REMEMBERED)(self._pieces)

    def _pieces(self, word: str) -> frozenset[str]:
        if len(word) > _LONG_WORD:
            return frozenset(piece for piece in self.strings if piece in word)
        slices = {word[i : i + size] for size in self.sizes for i in range(len(word) - size + 1)}
        return frozenset(slices & self.strings.keys())

    def held(self, text: str) -> set[str]:
        """The strings of the gate that `text` holds."""
        pieces: set[str] = set()
        for word in set(_WORD.findall(text)):
            pieces |= self.remembered(word) if len(word) <= _LONG_WORD else self._pieces(word)
        return {string for piece in pieces for string in self.strings[piece] if string == piece or string in text}

    def may_match(self, held: Set[str]) -> list[int]:
        """The places of the expressions that may match a text that holds only `held`."""
        return [place for place, sets in enumerate(self.needs) if not held.isdisjoint(sets[0])]

    def windows(self, place: int, held: Set[str], text: str) -> Iterable[tuple[int, int]]:
        """Start and end of the parts of `text` the expression at `place` may match in."""
        first, *others = self.needs[place]
        spans: list[tuple[int, int]] = []
        for at in sorted(_occurrences(held & first, text)):
            start, end = max(0, at - _REACH), min(len(text), at + 2 * _REACH)
            if spans and start <= spans[-1][1]:
                start = spans.pop()[0]
            spans.append((start, end))
        return (span for span in spans if _holds_all(text[slice(*span)], others))


def _holds_all(text: str, sets: Iterable[Set[str]]) -> bool:
    return all(any(string in text for string in strings) for strings in sets)


def _occurrences(strings: Iterable[str], text: str) -> Iterator[int]:
    for string in strings:
        at = text.find(string)
        while at != -1:
            yield at
            at = text.find(string, at + _REACH // 2)


RULES_GATE = _Gate([rule.first for rule in RULES])
FIGURES_GATE = _Gate(FIGURES)


def _read(text: str, message: _Message, findings: list[_Finding], already: Set[str] = frozenset()) -> Set[str]:
    """Add what `text` says to `findings`; the strings it holds, of those the rules need.

    A figure of speech is blotted out before any rule is tried. Rules that need nothing beyond `already`, what
    another form of the same text held, are left out, and so are those that could add nothing graver.
    """
    held = RULES_GATE.held(text)
    candidates = RULES_GATE.may_match(held - already)
    if not candidates:
        return held
    text = _without_figures(text)
    known: dict[Kind | None, Level] = {}
    for finding in findings:
        known[finding.kind] = max(known.get(finding.kind, Level.NONE), finding.level)
    for place in candidates:
        rule = RULES[place]
        most = Level.CRITICAL if rule.urgent_if_now or rule.kind is Kind.HOMELESS_TONIGHT else rule.level
        if known.get(rule.kind, Level.NONE) >= most:
            continue
        for finding in _found(rule, place, held, text, message):
            findings.append(finding)
            known[rule.kind] = max(known.get(rule.kind, Level.NONE), finding.level)
            if finding.level >= most:
                break
    return held


def _without_figures(text: str) -> str:
    held = FIGURES_GATE.held(text)
    for place in FIGURES_GATE.may_match(held):
        for start, end in list(FIGURES_GATE.windows(place, held, text)):
            part = FIGURES[place].sub(lambda match: "·" * len(match[0]), text[start:end])
            text = text[:start] + part + text[end:]
    return text


def _found(rule: Rule, place: int, held: Set[str], text: str, message: _Message) -> Iterator[_Finding]:
    for start, end in RULES_GATE.windows(place, held, text):
        # "~" marks an end that is not the message's.
        window = ("~ " if start > 0 else "") + text[start:end] + (" ~" if end < len(text) else "")
        for match in _matches(rule, window):
            finding = _judged(rule, match, window, message)
            if finding is not None:
                yield finding


def _matches(rule: Rule, text: str) -> Iterator[re.Match[str]]:
    """Where the rule matches `text`; what is written twice over is read once."""
    read: set[tuple[int, str]] = set()
    for match in rule.first.finditer(text):
        start = max(0, match.start() - _REACH)
        surroundings = match.start() - start, text[start : match.end() + _REACH]
        if surroundings in read:
            continue
        read.add(surroundings)
        near = _around(text, match, _SENTENCE_END, _NEAR)
        if rule.unless and rule.unless.search(near):
            continue
        if all(other.search(near) for other in rule.others):
            yield match


def _judged(rule: Rule, match: re.Match[str], text: str, message: _Message) -> _Finding | None:
    """What the match means where it stands, or None when it is a joke, a story, a lesson or about words."""
    if rule.gone_if_laughing and message.laughing:
        return None
    sentence = _around(text, match, _SENTENCE_END)
    if patterns.STORY.search(_around(text, match, _SUB_CLAUSE) if rule.who is Who.SELF else sentence):
        return None
    if patterns.TOPIC.search(sentence):
        return None
    level, when = rule.level, When.NOW
    if patterns.PAST.search(sentence) and not _STILL.search(sentence):
        when = When.PAST
    elif patterns.RECENT.search(sentence):
        when = When.RECENT
    if rule.urgent_if_now and when is not When.PAST and patterns.NOW.search(sentence):
        level, when = Level.CRITICAL, When.NOW
    if rule.kind is Kind.HOMELESS_TONIGHT:
        level = Level.CRITICAL if message.minor else Level.HIGH
    elif rule.milder_if_past and not message.minor:
        if rule.kind is Kind.VIOLENCE and _IMPERFECT.search(match[0]):
            when = When.PAST
        over = rule.kind is not Kind.SEXUAL_VIOLENCE or message.adult
        if when is When.PAST and over and not _STILL.search(sentence):
            level = Level.CONCERN
    reported = rule.who is Who.SELF and _REPORTED.search(text[max(0, match.start() - 40) : match.start()])
    return _Finding(rule.kind, level, Who.OTHER if reported else rule.who, when)


def _with_context(readable: str, before: str, message: _Message) -> Iterator[_Finding]:
    """What only shows with the messages before: a sentence cut in two, "ce soir" or an age that follows."""
    earlier: list[_Finding] = []
    _read(before, message, earlier)
    alone: list[_Finding] = []
    _read(readable[:_RECENT_CHARACTERS], message, alone)
    joined: list[_Finding] = []
    _read(f"{before} {readable[:_RECENT_CHARACTERS]}", message, joined)
    seen = {(finding.kind, finding.level) for finding in (*earlier, *alone)}
    yield from (finding for finding in joined if (finding.kind, finding.level) not in seen)
    for finding in earlier:
        if finding.kind not in (_FOLLOWED_UP | _TURNED_OUT) or finding.level < Level.HIGH:
            continue
        is_now = len(readable) < 80 and patterns.NOW.search(readable) and finding.kind not in _TURNED_OUT
        is_age = finding.kind in _TURNED_OUT and patterns.MINOR.search(readable)
        if is_now or is_age:
            yield replace(finding, level=Level.CRITICAL, when=When.NOW)


def _around(text: str, match: re.Match[str], boundary: re.Pattern[str], reach: int = _REACH) -> str:
    """The stretch of `text` the match stands in, at most `reach` characters on each side."""
    start, end = max(0, match.start() - reach), min(len(text), match.end() + reach)
    for stop in boundary.finditer(text, start, match.start()):
        start = stop.end()
    after = boundary.search(text, match.end(), end)
    return text[start : after.start() if after else end]
