"""A *rencontre* in the street: what may be noted of it in fifteen seconds, and nothing more."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

# A mistake can be taken back by who made it, for a day; then it counts.
TAKEN_BACK_WITHIN = timedelta(hours=24)
# How long a phone may keep one before it finds a network.
LONGEST_OFFLINE = timedelta(days=30)
MOST_PEOPLE = 99


class EncounterTheme(StrEnum):
    JOB = "job"
    TRAINING = "training"
    HOUSING = "housing"
    HEALTH = "health"
    WELLBEING = "wellbeing"
    PAPERS = "papers"
    MONEY = "money"
    FAMILY = "family"
    MOBILITY = "mobility"
    LEISURE = "leisure"

    @property
    def label(self) -> str:
        return {
            "job": "Emploi",
            "training": "Formation",
            "housing": "Logement",
            "health": "Santé",
            "wellbeing": "Moral",
            "papers": "Papiers",
            "money": "Argent",
            "family": "Famille",
            "mobility": "Transport",
            "leisure": "Sport, sorties",
        }[self.value]


class NextStep(StrEnum):
    CODE = "code"
    SEE_AGAIN = "see_again"
    APPOINTMENT = "appointment"
    PARTNER = "partner"

    @property
    def label(self) -> str:
        return {
            "code": "A pris mon code",
            "see_again": "On se revoit",
            "appointment": "Rendez-vous",
            "partner": "Vers un partenaire",
        }[self.value]


def happened_at(said: datetime | None, now: datetime) -> datetime:
    """When an encounter was: what the phone's clock said, if that can be; else when it arrived."""
    if said is None or said > now or now - said > LONGEST_OFFLINE:
        return now
    return said
