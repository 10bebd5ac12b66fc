"""Who a young person would rather talk to, when they say it: a woman or a man."""

from __future__ import annotations

import re
from typing import Any

from nlu.langue import fold, normalise

# "à une dame", "avec un mec", "pas un homme". The article tells them from "ma femme" and "la dame de l'accueil".
ASKED = re.compile(
    r"(?P<not>(?:pas|sauf|jamais) (?:\w+ )?(?:a |avec )?)?(?P<about>(?:suis|es|est|comme|pour) )?"
    r"(?:(?P<woman>une (?:femme|dame|meuf|fille|nana))|un (?:homme|monsieur|mec|gars|garcon))\b"
)


def wish_of(text: str) -> dict[str, Any] | None:
    """{"woman": true} or {"woman": false}, as `routing` reads it; None if nothing is said, or both."""
    said = fold(normalise(text).text)
    found = {
        (match["woman"] is not None) is (match["not"] is None)
        for match in ASKED.finditer(said)
        if match["about"] is None  # "je suis une fille", "c'est pour un garçon"
    }
    return {"woman": found.pop()} if len(found) == 1 else None
