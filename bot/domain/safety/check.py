"""Read one message for danger: every rule on the whole text, in its typed and its readable form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.domain.safety import patterns
from bot.domain.safety.patterns import NEAR, RULES, Rule, Together
from bot.domain.safety.reading import NOTHING, Kind, Level, SafetyReading, Sure, When, Who
from nlu.langue import fold, normalise

_HINTS = tuple(sorted({hint for rule in RULES for hint in rule.hints}))
_SENTENCE_END = re.compile(r"[.!?;\n]")
_SUB_CLAUSE = re.compile(r"[.!?;\n]|\b(?:et|mais|depuis|du coup|puis|alors|parce que)\b")
_REPORTED = re.compile(
    r"(?:dit|ecrit|envoye|poste|mis|texte|avoue|ecrivait|repond|repete|raconte)\w{0,2}(?: que| qu')?[\s\W]*$"
)
_STILL = re.compile(r"\b(?:encore|toujours|recommenc\w*|continue\w?|depuis|tous les (?:jours|soirs)|revient|retrouve)\b")
_IMPERFECT = re.compile(r"(?:ait|aient)\b")
_HOME_TONIGHT = frozenset({Kind.HOMELESS_TONIGHT, Kind.RUNAWAY})
_FOLLOWED_UP = frozenset({Kind.SUICIDE, Kind.SELF_HARM, Kind.HOMELESS_TONIGHT, Kind.THREAT_TO_OTHERS})
_RECENT_MESSAGES = 3
_RECENT_CHARACTERS = 300


@dataclass(frozen=True)
class _Finding:
    kind: Kind | None
    level: Level
    who: Who
    when: When


def check(text: str, recent: Sequence[str] = ()) -> SafetyReading:
    """The danger `text` speaks of, in the light of the young person's last messages, oldest first.

    `text` is what was typed. Where two levels are possible the higher is given; the level of `recent` itself is
    not given again.
    """
    context = " . ".join(recent[-_RECENT_MESSAGES:])[-_RECENT_CHARACTERS:]
    readable = _with_apostrophes(fold(normalise(text).text))
    typed = _with_apostrophes(" ".join(fold(text.lower()).replace("’", "'").split()))
    before = _with_apostrophes(fold(normalise(context).text)) if context else ""
    minor = bool(patterns.MINOR.search(readable) or patterns.MINOR.search(before))
    findings = list(_findings(readable, minor))
    if typed != readable:
        findings += _findings(typed, minor)
    if before:
        findings += _with_context(readable, before, minor)
    discretion = bool(patterns.DISCRETION.search(readable))
    if not findings:
        return replace(NOTHING, wants_discretion=discretion)
    return _reading(findings, bool(patterns.LAUGH.search(readable)), discretion)


def _with_apostrophes(text: str) -> str:
    return patterns.LOST_APOSTROPHE.sub(lambda match: f"m'{match[1]}" if match[1] else f"{match[2]}'", text)


def _reading(findings: list[_Finding], laughing: bool, discretion: bool) -> SafetyReading:
    worst = max(findings, key=lambda finding: finding.level.rank)
    kinds = {finding.kind for finding in findings if finding.kind is not None}
    if len(kinds) > 1 and worst.level > Level.CONCERN:  # a concern beside a danger adds nothing to say
        kinds = {f.kind for f in findings if f.kind is not None and f.level > Level.CONCERN} or kinds
    order = {kind: place for place, kind in enumerate(Kind)}
    gravest = {kind: max(f.level.rank for f in findings if f.kind == kind) for kind in kinds}
    return SafetyReading(
        level=worst.level,
        kinds=tuple(sorted(kinds, key=lambda kind: (-gravest[kind], order[kind]))),
        who=worst.who,
        when=worst.when,
        sure=Sure.DOUBTFUL if laughing else Sure.PLAIN,
        wants_discretion=discretion,
    )


def _findings(text: str, minor: bool) -> Iterator[_Finding]:
    present = {hint for hint in _HINTS if hint in text}
    text = patterns.MASK.sub(lambda match: "·" * len(match[0]), text)
    laughing = bool(patterns.LAUGH.search(text))
    for rule in RULES:
        if present.isdisjoint(rule.hints) or (rule.gone_if_laughing and laughing):
            continue
        for match in rule.pattern.finditer(text):
            finding = _judged(rule, match, text, minor)
            if finding is not None:
                yield finding
                if finding.level is rule.level or finding.level is Level.CRITICAL:
                    break
    for together in NEAR:
        for match in together.first.finditer(text):
            window = _around(text, match, _SENTENCE_END, 90)
            if together.unless and together.unless.search(window):
                continue
            if all(other.search(window) for other in together.others):
                finding = _judged(together, match, text, minor)
                if finding is not None:
                    yield finding
                    break


def _judged(rule: Rule | Together, match: re.Match[str], text: str, minor: bool) -> _Finding | None:
    """What the match means where it stands, or None when it is a story, a lesson or a question about words."""
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
    if rule.urgent_if_now and patterns.NOW.search(sentence):
        level, when = Level.CRITICAL, When.NOW
    if rule.kind is Kind.HOMELESS_TONIGHT:
        level = Level.CRITICAL if minor else Level.HIGH
    elif rule.milder_if_past and not minor and when is When.PAST:
        over = rule.kind is not Kind.SEXUAL_VIOLENCE or bool(patterns.ADULT.search(text))
        level = Level.CONCERN if over else level
    elif rule.milder_if_past and not minor and rule.kind is Kind.VIOLENCE and _IMPERFECT.search(match[0]):
        level, when = (level, When.PAST) if _STILL.search(sentence) else (Level.CONCERN, When.PAST)
    reported = rule.who is Who.SELF and _REPORTED.search(text[max(0, match.start() - 40) : match.start()])
    return _Finding(rule.kind, level, Who.OTHER if reported else rule.who, when)


def _with_context(readable: str, before: str, minor: bool) -> Iterator[_Finding]:
    """What only shows with the messages before: a sentence cut in two, "ce soir" or an age that follows."""
    joined = f"{before} {readable}"
    for rule in RULES:
        for match in rule.pattern.finditer(joined) if any(hint in joined for hint in rule.hints) else ():
            if match.start() < len(before) < match.end() - 1:
                finding = _judged(rule, match, joined, minor)
                if finding is not None:
                    yield finding
    for earlier in _findings(before, minor):
        if earlier.kind not in _FOLLOWED_UP or earlier.level < Level.HIGH:
            continue
        is_now = len(readable) < 80 and patterns.NOW.search(readable)
        is_age = earlier.kind in _HOME_TONIGHT and patterns.MINOR.search(readable)
        if is_age or (is_now and earlier.kind is not Kind.HOMELESS_TONIGHT):
            yield replace(earlier, level=Level.CRITICAL, when=When.NOW)


def _around(text: str, match: re.Match[str], boundary: re.Pattern[str], reach: int = 160) -> str:
    """The stretch of `text` the match stands in, at most `reach` characters on each side."""
    start, end = max(0, match.start() - reach), min(len(text), match.end() + reach)
    for stop in boundary.finditer(text, start, match.start()):
        start = stop.end()
    stop = boundary.search(text, match.end(), end) if match.end() < end else None  # type: ignore[assignment]
    return text[start : stop.start() if stop else end]
