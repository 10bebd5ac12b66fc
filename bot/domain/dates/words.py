"""From a raw text to words with one spelling each: folding, misspellings, numbers in letters."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from rapidfuzz.distance import OSA

WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    "janvier",
    "fevrier",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "aout",
    "septembre",
    "octobre",
    "novembre",
    "decembre",
)

_SPELLINGS = """
lundi: lundis lndi lundii lunedi lundy lundit lindi
mardi: mardis mrdi mardii mardy mardit
mercredi: mercredis mecredi mercrdi mercr mercre
jeudi: jeudis jeudy jeuddi jeudit jeudie jeudii jedui
vendredi: vendredis vendrdi vendr vendre2 vendred
samedi: samedis samdi samdie
dimanche: dimanches dimanch
janvier: janv
fevrier: fev fevr
aout: aou aoutt
demain: dem dm1 dem1 2m1 a2m1 @2m1 2main demin demai dmn dmain dmin deumin deum1 demainn dmaint
aujourdhui: ajd auj ojd ajrd ajdh ajdhui aujd aujdhui aujourd aujourdui aujourdh ojourdhui ojourdui oujourdhui
hier: yer hyer
matin: matinee matinees matins mattin mtin
apresmidi: aprem aprm apm aprems apresm apremidi apremmidi apremm apreme
soir: soiree soirs
midi: miidi midii
weekend: wk wkd wkend weekends wikend ouikend
semaine: sem smn semaines smaine semainne
prochain: pro proch prochaine prochains prochaines prch prchn prochene prochin
suivant: suivante suivants suivantes
dernier: derniere derniers dernieres passee precedent precedente
h: hr hrs heure heures eure eures
min: mn mins minute minutes
jour: jours jr jrs
apres: apre apret
avant: avan
debut: dbut
dans: ds dan
ce: cet cette cete ct cte c7 st set
pas: po pa
plutot: plutto pluto plutt
ou: oubien
"""
_CANON = {
    spelling: line.split(":")[0] for line in _SPELLINGS.strip().splitlines() for spelling in line.split(":")[1].split()
}
_KNOWN = {*_CANON, *_CANON.values(), *WEEKDAYS, *MONTHS}
_FUZZY = tuple(word for word in (*WEEKDAYS, *MONTHS, "demain", "aujourdhui", "semaine") if len(word) > 5)

# Short forms that are also common words ("la mer", "jeu vidéo", "jen ai mar", Sam): only beside a date.
_SHORT = {
    "lun": "lundi", "mar": "mardi", "mer": "mercredi", "merc": "mercredi", "jeu": "jeudi", "jedi": "jeudi",
    "ven": "vendredi", "vend": "vendredi", "sam": "samedi", "dim": "dimanche",
    "mat": "matin", "we": "weekend", "sept": "septembre", "avr": "avril", "juil": "juillet", "jui": "juillet",
    "oct": "octobre", "nov": "novembre", "dec": "decembre",
}  # fmt: skip
_SHORT_DAYS = frozenset(short for short, word in _SHORT.items() if word in WEEKDAYS)
_BESIDE_DAY = frozenset(["matin", "mat", "apresmidi", "soir", "midi", "prochain", "dernier"])
_NOT_BEFORE_DAY = frozenset(
    ["la", "un", "une", "du", "des", "mon", "ton", "son", "ma", "les", "en", "au", "de", "l", "d", "quel", "quelle"]
)

_UNITS = {
    word: value
    for value, word in enumerate(["zero", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"])
} | {"une": 1}
_TEENS = {
    word: value
    for value, word in enumerate(["dix", "onze", "douze", "treize", "quatorze", "quinze", "seize"], start=10)
}
_TENS = {"vingt": 20, "trente": 30, "quarante": 40, "cinquante": 50}
_ORDINALS = frozenset(["er", "ere", "e", "eme", "ieme", "em", "nd", "nde"])

_PHRASES = {
    ("apres", "midi"): "apresmidi",
    ("ap", "midi"): "apresmidi",
    ("apres", "m"): "apresmidi",
    ("week", "end"): "weekend",
    ("wik", "end"): "weekend",
    ("apres", "demain"): "apresdemain",
    ("ap", "demain"): "apresdemain",
    ("avant", "hier"): "avanthier",
}

_TOKEN = re.compile(
    r"aujourd ?'? ?h?ui|[a@]?2m1\b|2main\b|de?m1\b|deum1\b|\d+|[a-z]+"
    r"|[.!;\n](?:\s*[.!;\n])*|[^\sa-z0-9]"
)
# Phone numbers, e-mail addresses, links, long numbers: nothing in them is a date.
_NOISE = re.compile(
    r"\S{1,64}@[\w-]+\.\w+|https?://\S+|www\.\S+"
    r"|(?<![\d/])(?:\+ ?33|0033|0)[ .-]?(?:\(0\))?[1-9](?:[ .-]?\d\d){4}(?!\d)|\d{5,}"
)
_MOST_WORDS = 1500  # a message of 4,096 characters holds some 900; a flood of signs, more
_STRETCHED = re.compile(r"([a-z])\1{2,}")


class Word(NamedTuple):
    """A word in its one spelling, and where it stands in the raw text."""

    canon: str
    start: int
    end: int


def fold(text: str) -> str:
    """Lower case, no accents, straight apostrophes; every character keeps its place."""
    return "".join(_fold_character(character) for character in text)


def _fold_character(character: str) -> str:
    if character.isascii():
        return character.lower()
    if character in "’‘ʼ`´":
        return "'"
    if character in "–—‑‐−":
        return "-"
    plain = unicodedata.normalize("NFKD", character)[0].lower()[:1]
    # A digit of another script would match \d and then not compare as ours.
    return plain if plain.isascii() else ("o" if character in "œŒ" else "¤")


def words_of(text: str) -> list[Word]:
    """The words of `text`, each in its one spelling; apostrophes and inner hyphens are gone."""
    folded = _NOISE.sub(lambda noise: "¤" * len(noise[0]), fold(text))
    found = [token for token in islice(_TOKEN.finditer(folded), _MOST_WORDS) if token[0] != "'"]
    words = [Word("." if token[0][0] in ".!;\n" else _spell(token[0]), *token.span()) for token in found]
    return list(_numbers(_in_context(list(_phrases(_without_dots(words))))))


def _cut(word: Word) -> bool:
    return word.canon in MONTHS and word.end - word.start < len(word.canon)


def _without_dots(words: Sequence[Word]) -> list[Word]:
    """Drop the dot of "lun. 14h" and "12 janv. 2027"; the one that ends the text stays."""
    kept = []
    for index, word in enumerate(words):
        before = words[index - 1] if index else None
        short = before and before.end == word.start and before.end - before.start <= 5
        inner = word.canon == "." and index < len(words) - 1
        if before and inner and short and (before.canon in _SHORT or _cut(before)):
            continue
        kept.append(word)
    return kept


def _spell(word: str) -> str:
    if word.isdigit():
        return word
    if word.startswith("aujourd"):
        return "aujourdhui"
    word = _CANON.get(word, word)
    if word in _KNOWN or len(word) < 4 or not word.isalpha():
        return word
    word = _STRETCHED.sub(r"\1", word)
    if word in _KNOWN or len(word) < 5:
        return _CANON.get(word, word)
    return next((right for right in _FUZZY if OSA.distance(word, right, score_cutoff=1) <= 1), word)


def _phrases(words: Sequence[Word]) -> Iterable[Word]:
    """Join "après-midi", "week end", and drop the hyphen inside a compound word."""
    index = 0
    while index < len(words):
        word = words[index]
        follow = index + 1
        if follow < len(words) and words[follow].canon == "-":
            follow += 1
        joined = _PHRASES.get((word.canon, words[follow].canon)) if follow < len(words) else None
        if joined:
            yield Word(joined, word.start, words[follow].end)
            index = follow + 1
            continue
        compound = (
            word.canon == "-" and 0 < index < len(words) - 1
            and words[index - 1].canon.isalpha() and words[index + 1].canon.isalpha()
            and words[index - 1].end == word.start and words[index + 1].start == word.end
            and words[index - 1].canon not in WEEKDAYS
        )  # fmt: skip
        if not compound:
            yield word
        index += 1


def _in_context(words: list[Word]) -> list[Word]:
    """Spell out the short forms that stand beside a date."""
    canons = [word.canon for word in words]
    for index, word in enumerate(words):
        full = _SHORT.get(word.canon)
        if full is None:
            continue
        before = canons[index - 1] if index else ""
        after = canons[index + 1] if index + 1 < len(words) else ""
        if word.canon in _SHORT_DAYS:
            meant = _is_day(canons, index, before, after)
        elif full == "weekend":
            meant = before in {"ce", "le", "du", "ou"} or after in _BESIDE_DAY or len(words) == 1
        elif full == "matin":
            meant = before in {*WEEKDAYS, "demain", "apresdemain", "ce", "le", "du", "au", "h"} or (
                before.isdigit() or after in _BESIDE_DAY or len(words) == 1
            )
        else:
            meant = before.isdigit() or before in {"er", "debut", "fin", "mi", "en"}
            meant = meant and after != "h"
        if meant:
            canons[index] = full
    return [Word(canon, word.start, word.end) for canon, word in zip(canons, words, strict=True)]


def _is_day(canons: Sequence[str], index: int, before: str, after: str) -> bool:
    if before in _NOT_BEFORE_DAY or "ans" in canons[index + 2 : index + 3]:
        return False
    if set(canons) <= {canons[index], "."}:
        return canons[index] != "sam" or after == "."
    beyond = canons[index + 2] if index + 2 < len(canons) else ""
    if after.isdigit() and (canons[index] != "jeu" or beyond in {"", "h", ":", "a", "/", *MONTHS, *_SHORT}):
        return True
    if after == "a" and beyond.isdigit():
        return before != "le" or canons[index] not in {"jeu", "mer"}
    if before == "le" and canons[index] in {"jeu", "mer", "mar"}:
        return False
    beside = {*_SHORT_DAYS, *WEEKDAYS}
    if after in _BESIDE_DAY or after in beside or (before in beside and before != canons[index]):
        return True
    links = {"ou", "et", "/", ",", "-", "ni"}
    if after in links and beyond in beside and beyond != canons[index]:
        return True
    return before in links and canons[index - 2] in beside and index > 1


def _numbers(words: Sequence[Word]) -> Iterable[Word]:
    """Write numbers in digits; "un" and "une" alone stay articles."""
    index = 0
    while index < len(words):
        word = words[index]
        follow = index + 1
        if word.canon == "premier":
            yield Word("1", word.start, word.end)
            yield Word("eme", word.start, word.end)
            index = follow
            continue
        value = _TENS.get(word.canon) or _TEENS.get(word.canon)
        if value:
            while follow < len(words) and words[follow].canon in {"-", "et"}:
                follow += 1
            unit = _UNITS.get(words[follow].canon) if follow < len(words) else None
            lowest = {10: 7}.get(value, 1 if value >= 20 else 10)
            if unit is not None and unit >= lowest:
                yield Word(str(value + unit), word.start, words[follow].end)
                index = follow + 1
                continue
        elif word.canon not in {"un", "une"}:
            value = _UNITS.get(word.canon)
        yield word if value is None else Word(str(value), word.start, word.end)
        if word.canon.isdigit() and index + 1 < len(words) and words[index + 1].canon in _ORDINALS:
            glued = words[index + 1].start == word.end
            if glued:  # "2eme" is one word: the second choice, or the first of a month
                yield Word("eme", words[index + 1].start, words[index + 1].end)
                index += 1
        index += 1
