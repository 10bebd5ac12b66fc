"""Short replies to a question just asked: yes, no, the second one, leave it. Read without the model."""

from __future__ import annotations

import re
import unicodedata

from nlu.langue import normalise

YES_WORDS = (
    r"(?:oui|ouais|ouep|yes|yep|ok|okay|d'accord|vas-y|go|carrement|parfait|nickel|carre|volontiers|exact|grave|allez|"
    r"bien sur|c'est bon|c'est ca|je (?:le |la )?prends|ca marche|ca me va|je viens|je serai la|j'y serai|"
    r"je serai present|je viendrai|je confirme|t'inquiete|pas de souci|merci|super|top)"
)
YES = re.compile(rf"^{YES_WORDS}(?: {YES_WORDS})*$")
NO_WORDS = (
    r"(?:non|nope|pas possible|impossible|je (?:ne )?(?:peux|pourrai) (?:pas|plus)(?: venir)?(?: finalement)?|"
    r"je (?:ne )?(?:viens|viendrai) (?:pas|plus)|pas dispo(?:nible)?|aucun|ca (?:ne )?(?:me )?va pas|pas ca|desole|"
    r"merci)"
)
NO = re.compile(rf"^{NO_WORDS}(?: {NO_WORDS})*$")
LEAVE = re.compile(
    r"^(?:non )?(?:laisse(?: tomber)?|stop|annule|efface|non en fait|tant pis|oublie|arrete|"
    r"je (?:n'en )?veux plus|j'abandonne|abandonner)$"
)
# Alone, these words may mean several things; nothing is erased or cancelled on one of them.
AMBIGUOUS = {
    "stop": "utter_stop_ambiguous",
    "arrete": "utter_stop_ambiguous",
    "arreter": "utter_stop_ambiguous",
    "annule": "utter_cancel_ambiguous",
    "annuler": "utter_cancel_ambiguous",
    "efface": "utter_erase_ambiguous",
    "effacer": "utter_erase_ambiguous",
    "supprime": "utter_erase_ambiguous",
}
ORDINALS = tuple(
    (re.compile(rf"^(?:(?:le|la|c'est|plutot|ok|oui) )*(?:{words})$"), index)
    for words, index in (
        ("1|1er|1ere|un|une|premier|premiere", 0),
        ("2|2e|2eme|2nd|2nde|deux|deuxieme|second|seconde", 1),
        ("3|3e|3eme|trois|troisieme", 2),
        ("dernier|derniere", -1),
    )
)
ELSEWHERE = re.compile(r"\b(?:autre|un autre) (?:lieu|endroit|ville|place)|\bailleurs\b|\bplus pres\b")
MORE = re.compile(r"\bautres? (?:horaires?|creneaux?|dates?|heures?)|\brien d'autre\b")
OTHER_DAY = re.compile(r"\bautres? jours?\b")
LATER = re.compile(r"\bplus tard\b|\bapres ca\b|\bmoins tot\b|\bpas si tot\b|\btrop tot\b")
EARLIER = re.compile(r"\bplus tot\b|\bavant ca\b|\btrop tard\b|\btrop loin dans le temps\b")
SOONEST = re.compile(
    r"\b(?:le|au) plus (?:tot|vite|rapide(?:ment)?)\b|\b(?:des|aussi vite) que possible\b|\basap\b|"
    r"\b(?:le |la )?premi(?:er|ere) (?:rendez-vous|creneau|place|dispo\w*|date) ?(?:libre|possible|dispo\w*)?|"
    r"\bl[e']? ?plus tot\b"
)
ANYWHERE = re.compile(
    r"\bn'?importe\b(?! (?:quand|quel))|\bpeu importe\b|\bm'est egal\b|\bou tu veux\b|\bcomme tu veux\b"
)


def plain(text: str) -> str:
    """The normalised text without accents, punctuation or politeness, for exact comparison."""
    unaccented = unicodedata.normalize("NFD", normalise(text).text.replace("’", "'"))
    words = re.sub(r"[^\w'\- ]", " ", re.sub(r"[\u0300-\u036f]", "", unaccented))
    words = re.sub(r"\b(?:stp|s'il te plait|s'il vous plait|svp|frere)\b", " ", words)
    return re.sub(r"\s+", " ", words).strip()


def yes_or_no(text: str) -> bool | None:
    """True for a yes, False for a no, None for anything else. « inch », « je vais essayer » are neither."""
    said = plain(text)
    if NO.match(said) and said != "merci":
        return False
    return True if YES.match(said) and said not in ("merci", "t'inquiete") else None


def leaves(text: str) -> bool:
    """Whether the text, alone, leaves the question at hand."""
    return bool(LEAVE.match(plain(text)))


def wants_elsewhere(text: str) -> bool:
    return bool(ELSEWHERE.search(plain(text)))


def wants_more(text: str) -> bool:
    return bool(MORE.search(plain(text)))


def wants_soonest(text: str) -> bool:
    return bool(SOONEST.search(plain(text)))


def wants_later(text: str) -> bool:
    return bool(LATER.search(plain(text)))


def wants_earlier(text: str) -> bool:
    """Earlier than what was proposed; "le plus tôt possible" is not that."""
    return not wants_soonest(text) and bool(EARLIER.search(plain(text)))


def wants_other_day(text: str) -> bool:
    return bool(OTHER_DAY.search(plain(text)))


def wants_anywhere(text: str) -> bool:
    return bool(ANYWHERE.search(plain(text)))


def ambiguous(text: str) -> str | None:
    """The response that asks what a lone "stop", "annule" or "efface" means."""
    return AMBIGUOUS.get(plain(text))


def ordinal(text: str) -> int | None:
    """The index of "le 2eme" among what was proposed; -1 for the last."""
    said = plain(text)
    return next((index for pattern, index in ORDINALS if pattern.match(said)), None)
