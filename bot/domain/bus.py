"""The mobile bus (*Mission Locale Mobile Rurale*): is it asked for, and which stops are good for a commune."""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import StrEnum

from bot.domain.communes import Commune
from bot.domain.replies import plain


class News(StrEnum):
    """What a driver says with one thumb."""

    LATE_15 = "retard-15"
    LATE_30 = "retard-30"
    ON_TIME = "a-l-heure"
    BROKEN_DOWN = "panne"

    @property
    def label(self) -> str:
        return {
            "retard-15": "15 min de retard",
            "retard-30": "30 min de retard",
            "a-l-heure": "À l'heure, finalement",
            "panne": "En panne",
        }[self.value]

    @property
    def minutes(self) -> int:
        """How late the bus is."""
        return {"retard-15": 15, "retard-30": 30}.get(self.value, 0)


OURS = re.compile(
    r"\b(?:le|la|du|au|votre|vot|vos|un|une|l') ?(?:mini ?bus|bus|camion(?:nette)?|camping[ -]car|fourgon|van)\b"
    r"|\bbus (?:emploi|itinerant|de la mission|mission)\b|\bitinerant|\b(?:mission locale|antenne) mobile\b"
)
# "Mobile" is a telephone, unless something of ours is.
BARE = re.compile(
    r"\b(?:bus|camion|camionnette)\b|^(?:(?:le|la|a la|au|dans le) )?mobile$"
    r"|\b(?:mission|antenne|permanence|perm|ml|equipe|truc|la)(?: rurale?)? mobile\b"
)
# The public transport, to come to us.
NOT_OURS = re.compile(
    r"\bquels? (?:bus|arret)|\ben bus\b|\barrets? de bus\b|\bligne\b|\bbus (?:pour|de ville|scolaire|qui va)\b"
    r"|\bbus 1?\d?\d\b|\bj?(?:pren\w*|rat\w*|loup\w*|manqu\w*|attend\w*|pay\w*) (?:l|le|mon|un|1) bus\b"
    r"|\bmon bus\b|\b(?:pas|plus|sans|aucun) (?:de |un )?bus\b"
    r"|\b(?:j?suis|chui\w*|encore|coincee?) dans (?:le|un|1) bus\b"
)
# How near a stop is: in the commune, in its intercommunalité, or one that says it serves it.
IN_IT, IN_ITS_EPCI, SERVES_IT = range(3)


def asked(text: str) -> bool:
    """Whether a text asks for our bus, and not for the one of the town."""
    said = plain(text)
    return bool(OURS.search(said)) and not NOT_OURS.search(said)


def meant(text: str) -> bool:
    """Whether an answer to "where?" says our bus: here its bare name is enough, but not the one they missed."""
    said = plain(text)
    return bool(OURS.search(said) or BARE.search(said)) and not NOT_OURS.search(said)


def nearness(stop: Commune | None, serves: Collection[str], commune: Commune) -> int | None:
    """How good a stop in the commune `stop` is for `commune`, 0 the best; None if it is not for it.

    `serves` is what the structure says: communes (INSEE) and intercommunalités (SIREN).
    """
    if stop is not None and stop.insee == commune.insee:
        return IN_IT
    if stop is not None and stop.epci == commune.epci:
        return IN_ITS_EPCI
    return SERVES_IT if commune.insee in serves or commune.epci in serves else None
