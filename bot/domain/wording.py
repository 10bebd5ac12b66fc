"""A text in a structure's own words: where it stands, and what it must keep of the service's voice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

from bot.domain.conversations import Say

MOST_BUBBLES, MOST_SENTENCES, MOST_WORDS, MOST_SIGNS = 5, 3, 15, 900
SHOWN = 40  # characters of a sentence that is quoted

VALUE = re.compile(r"\{(\w+)\}")
BLANK_LINE = re.compile(r"\n\s*\n")
_ENDS = re.compile(r"(?<=[.!?…])\s+|\n")
# A number that is called or written to; "16 à 25 ans" and "3 jours" are two, too: in such a text nothing changes.
_NUMBER = re.compile(r"\d+(?: \d+)*")
_BANNED = re.compile(
    r"veuillez|usag[eè]re?s?\b|dispositifs?\b|d[ée]marches?\b|n'h[ée]site\w*|\bas droit\b|"
    r"je te promets|promis\b|garanti\w*|ne t'inqui[èe]te pas",
    re.IGNORECASE,
)
_VOUS = re.compile(r"(?<!rendez-)\b(?:vous|votre|vos)\b", re.IGNORECASE)
_GENDER = re.compile(r"\w+(?:[·•]\w+|\((?:e|es|ne|se|te)\)|\.(?:e|es|ne|se)\b(?=[\s.,]|$))")
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f]")


class WordingState(StrEnum):
    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    REPLACED = "replaced"
    REFUSED = "refused"

    @property
    def label(self) -> str:
        return {
            "proposed": "Proposé, à valider",
            "in_force": "Utilisé",
            "replaced": "Remplacé",
            "refused": "Refusé",
        }[self.value]


def tidy(text: str) -> str:
    lines = (line.strip() for line in text.replace("\r\n", "\n").strip().split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def keeps_values(text: str, default: str) -> bool:
    """Whether `text` has the very values of the text it stands for; one that has not is not used."""
    return set(VALUE.findall(text)) == set(VALUE.findall(default))


def faults(text: str, default: str, *, answers_yes: bool, numbers_stay: bool) -> list[Say]:
    """What is wrong with a text that would stand for `default`, each as a sentence; none if it may be used.

    `answers_yes`: a bare "oui" presses one of its buttons. `numbers_stay`: it gives help lines.
    """
    if not text:
        return [Say("utter_wording_empty")]
    found = [*_values(text, default), *_voice(text)]
    bubbles = BLANK_LINE.split(text)
    if len(bubbles) > MOST_BUBBLES or len(text) > MOST_SIGNS:
        found.append(Say("utter_wording_long"))
    for bubble in bubbles:
        sentences = [one.strip() for one in _ENDS.split(bubble) if re.search(r"\w", one)]
        if len(sentences) > MOST_SENTENCES:
            found.append(Say("utter_wording_sentences", {"said": _short(bubble)}))
        found += [Say("utter_wording_words", {"said": _short(one)}) for one in sentences if _words(one) > MOST_WORDS]
    questions = text.count("?")
    if answers_yes and not questions:
        found.append(Say("utter_wording_question"))
    if questions > max(1, default.count("?")):
        found.append(Say("utter_wording_one_question"))
    if numbers_stay and set(_NUMBER.findall(text)) != set(_NUMBER.findall(default)):
        expected = ", ".join(sorted(set(_NUMBER.findall(default)))) or "aucun"
        found.append(Say("utter_wording_numbers", {"values": expected}))
    return found


def _values(text: str, default: str) -> Iterator[Say]:
    said, needed = set(VALUE.findall(text)), set(VALUE.findall(default))
    # A brace alone is the beginning of one that was badly written.
    odd = set(re.findall(r"[{}]", VALUE.sub("", text)))
    if needed - said:
        yield Say("utter_wording_values_missing", {"values": _listed(needed - said)})
    if said - needed or odd:
        yield Say("utter_wording_values_unknown", {"values": _listed(said - needed) or " ".join(sorted(odd))})


def _voice(text: str) -> Iterator[Say]:
    for pattern, response in (
        (_BANNED, "utter_wording_word"),
        (_VOUS, "utter_wording_vous"),
        (_GENDER, "utter_wording_gender"),
    ):
        if match := pattern.search(text):
            yield Say(response, {"said": match[0]})
    if _EMOJI.search(text):
        yield Say("utter_wording_emoji")


def _words(sentence: str) -> int:
    """Words as one says them: « à » and a value are one, a sign alone is none."""
    return sum(1 for word in sentence.split() if re.search(r"\w", word))


def _short(sentence: str) -> str:
    line = " ".join(sentence.split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1].rstrip()}…"


def _listed(values: set[str]) -> str:
    return ", ".join(f"{{{value}}}" for value in sorted(values))
