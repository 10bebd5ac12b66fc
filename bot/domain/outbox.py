"""What goes out: two send policies, and the limits of a channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class OutboxKind(StrEnum):
    REPLY = "reply"
    ADVISER = "adviser"
    SERVICE = "service"
    REMINDER = "reminder"
    NUDGE = "nudge"
    NOTICE = "notice"
    DELETE = "delete"
    EDIT = "edit"
    PRESS = "press"
    TOPIC = "topic"

    @property
    def at_most_once(self) -> bool:
        """A nudge a crash left unknown is not sent again (law 6); all else is sent at least once."""
        return self is OutboxKind.NUDGE

    @property
    def label(self) -> str:
        return {
            "reply": "Réponse du robot",
            "adviser": "Message d'un·e conseiller·ère",
            "service": "Information sur un rendez-vous",
            "reminder": "Rappel de rendez-vous",
            "nudge": "Relance",
            "notice": "Avis à l'équipe",
            "delete": "Effacement sur le téléphone",
            "edit": "Correction d'un message",
            "press": "Accusé de réception d'un bouton",
            "topic": "Message au groupe de l'équipe",
        }[self.value]


class OutboxState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DROPPED = "dropped"

    @property
    def label(self) -> str:
        return {
            "waiting": "À envoyer",
            "sending": "En cours d'envoi",
            "sent": "Envoyé",
            "failed": "Échec",
            "unknown": "Envoi incertain",
            "dropped": "Abandonné",
        }[self.value]


@dataclass(frozen=True)
class Limit:
    """A bucket: `burst` messages at once, then `per_second`."""

    burst: float
    per_second: float


# Telegram: 30 a second in all, 1 a second in a chat (short bursts pass), 20 a minute in a group.
# https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
OVERALL = Limit(burst=30, per_second=30)
PRIVATE_CHAT = Limit(burst=4, per_second=1)
# A burst and a minute of refills are twenty: no minute has more.
GROUP_CHAT = Limit(burst=5, per_second=15 / 60)

MAX_ATTEMPTS = 12


def chat_of(address: str) -> str:
    """The Telegram chat of an address; each topic of a group has an address of its own, "-100123/7"."""
    return address.partition("/")[0]


def limit_of(chat: str) -> Limit:
    """The limit of a Telegram chat; a group's id is negative."""
    return GROUP_CHAT if chat.startswith("-") else PRIVATE_CHAT


def refill(tokens: float, since: datetime, now: datetime, limit: Limit) -> float:
    """The tokens of a bucket at `now`."""
    elapsed = max(0.0, (now - since).total_seconds())
    return min(limit.burst, tokens + elapsed * limit.per_second)


def retry_delay(attempts: int) -> timedelta:
    """Growing delays after an error: 0.5 s, 1 s, 2 s… five minutes at most."""
    return timedelta(seconds=min(300.0, 0.5 * 2 ** (attempts - 1)))
