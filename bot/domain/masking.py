"""Hide who a message is about, before someone who does not answer it reads it. Rather too much than too little."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from pathlib import Path

from bot.domain import communes
from nlu.langue import fold

FOLDER = Path(__file__).parent / "data"
NAME, NUMBER, ADDRESS = "[prénom]", "[numéro]", "[adresse]"

_ADDRESSES = re.compile(
    r"https?://\S+|www\.\S+|\S+@\S+|(?<!\w)@\w+|\b[\w-]+\.(?:fr|com|net|org|lu|de|be|me|io)\b\S*|"
    r"\b(?:\d+\s*(?:bis|ter)?,?\s*)?(?:rue|avenue|boulevard|bd|impasse|all[ée]e|chemin|r[ée]sidence|b[âa]timent|"
    r"appartement|lotissement)\s+(?:(?:des|du|de|les|la|le)\s+|[dl]['’])*\S+",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"\d(?:[\d .,:/\-]*\d)?")
# What tells that a name comes. "c'est" alone does not.
_INTRODUCED = re.compile(
    r"\b(?:je m'?\s?appel+e?s?|jm'?appel+e?|mon (?:pr[ée])?nom(?: c'est|,? c| est)?|moi c'?est|ici c'?est|"
    r"il s'appelle|elle s'appelle|(?:monsieur|madame|mme|mr|m\.))\s+(?P<name>[^\W\d_][\w'-]*)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_](?:[\w]|['’-](?=\w))*")
# A long run of digits, as a phone's or a file's; an hour or a date is not one.
_LONG_NUMBER = re.compile(r"\d(?:[ .\-/]?\d){5,}")
# Written with a capital, in the middle of a sentence too, and nobody's name.
_COMMON = frozenset((FOLDER / "usual_capitals.txt").read_text(encoding="utf-8").split())


def mask(text: str, known: Collection[str] = ()) -> str:
    """`text` without e-mails, links, @names, streets, digits and names; `known` are first names around it.

    A word with a capital that begins no sentence counts as a name, unless it is a commune's or a usual one's.
    """
    text = _NUMBERS.sub(NUMBER, _ADDRESSES.sub(ADDRESS, text))
    text = _INTRODUCED.sub(lambda match: match[0].replace(match["name"], NAME), text)
    places = {fold(word.lower()) for mention in communes.find(text) for word in _WORD.findall(mention.text)}
    names = first_names() | {fold(name.lower()) for name in known}
    shouted = text.isupper()

    def hide(match: re.Match[str]) -> str:
        word = match[0]
        if text[match.start() - 1 : match.start()] == "[":
            return word
        if _is_name(word, names):
            return NAME
        plain = fold(word.lower())
        begins = not text[: match.start()].strip() or text[: match.start()].rstrip()[-1] in ".!?\n"
        proper = word[0].isupper() and not word.isupper() and not (begins or shouted)
        usual = plain in places or _COMMON.issuperset(re.split(r"['’-]", plain))
        return NAME if proper and not usual else word

    return _WORD.sub(hide, text)


def names_someone(sentence: str, known: Collection[str] = ()) -> bool:
    """Whether a sentence written to be learnt still has a first name, an address or a long number in it."""
    names = first_names() | {fold(name.lower()) for name in known}
    return bool(
        _ADDRESSES.search(sentence)
        or _LONG_NUMBER.search(sentence)
        or any(_is_name(word, names) for word in _WORD.findall(sentence))
    )


@cache
def first_names() -> frozenset[str]:
    """First names given in France, folded; written by hand for this, and not complete."""
    return frozenset((FOLDER / "first_names.txt").read_text(encoding="utf-8").split())


def _is_name(word: str, names: Collection[str]) -> bool:
    """ "Jean-Marc", "l'Inès" and "karim" alike."""
    folded = fold(word.lower())
    return any(part in names for part in (folded, *re.split(r"['’-]", folded)))
