"""The mobile bus (*Mission Locale Mobile Rurale*): is it asked for, and which stops are good for a commune."""

from __future__ import annotations

import re
from collections.abc import Collection

from bot.domain.communes import Commune
from bot.domain.replies import plain

# What a driver may say: minutes late. 0 is "on time after all".
DELAYS = (15, 30, 0)
OURS = re.compile(
    r"\b(?:le|la|du|au|votre|vot|vos|un|une|l') ?(?:mini ?bus|bus|camion(?:nette)?|camping[ -]car|fourgon|van)\b"
    r"|\bbus (?:emploi|itinerant|de la mission|mission)\b|\bitinerant|\b(?:mission locale|antenne) mobile\b"
)
# The public transport, to come to us.
NOT_OURS = re.compile(
    r"\bquels? (?:bus|arret)|\ben bus\b|\barrets? de bus\b|\bligne\b|\bbus (?:pour|de ville|scolaire|qui va)\b"
    r"|\bbus 1?\d?\d\b|\b(?:prends?|prendre|rate|loupe|attends?|payer?) (?:le|mon|un) bus\b"
)
# How near a stop is: in the commune, in its intercommunalité, or one that says it serves it.
IN_IT, IN_ITS_EPCI, SERVES_IT = range(3)


def asked(text: str) -> bool:
    """Whether a text asks for our bus, and not for the one of the town."""
    said = plain(text)
    return bool(OURS.search(said)) and not NOT_OURS.search(said)


def nearness(stop: Commune | None, serves: Collection[str], commune: Commune) -> int | None:
    """How good a stop in the commune `stop` is for `commune`, 0 the best; None if it is not for it.

    `serves` is what the structure says: communes (INSEE) and intercommunalités (SIREN).
    """
    if stop is not None and stop.insee == commune.insee:
        return IN_IT
    if stop is not None and stop.epci == commune.epci:
        return IN_ITS_EPCI
    return SERVES_IT if commune.insee in serves or commune.epci in serves else None
