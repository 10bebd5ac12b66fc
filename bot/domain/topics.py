"""The team's private group on Telegram: one topic a conversation, its name, and what fits in one of its messages."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from bot.domain.conversations import IncomingKind
from bot.domain.handoffs import HELD_STATES, HandoffState

# https://core.telegram.org/bots/api#createforumtopic and #sendmessage: UTF-16 units, as Telegram counts.
MAX_NAME = 128
MAX_MESSAGE = 4096
MAX_CAPTION = 1024
# What is said to the team may lead to a page of the console: the channel that says it knows the address. The room it
# takes is kept in every message.
CONSOLE, CONSOLE_ROOM = "\ue000", 200

# What the young person sent besides words. A position is used once and not kept; a contact holds a number.
KINDS = {
    IncomingKind.VOICE: "Message vocal",
    IncomingKind.PHOTO: "Photo",
    IncomingKind.DOCUMENT: "Fichier",
    IncomingKind.STICKER: "Autocollant",
    IncomingKind.LOCATION: "A partagé sa position (elle n'est pas gardée)",
    IncomingKind.CONTACT: "A partagé un contact",
    IncomingKind.OTHER: "Message d'un type que le robot ne lit pas",
    IncomingKind.REACTION: "A mis un pouce en bas à un message",
    IncomingKind.BLOCKED: "A bloqué le robot",
    IncomingKind.UNBLOCKED: "A débloqué le robot",
}
# What Telegram can show again in the group from the young person's own chat.
COPIED = (IncomingKind.VOICE, IncomingKind.PHOTO, IncomingKind.DOCUMENT, IncomingKind.STICKER)


class GroupKind(StrEnum):
    """What kind of group something was written in: the service works in a private group with topics only."""

    FORUM = "forum"
    PUBLIC = "public"
    PLAIN = "plain"


class TopicOp(StrEnum):
    """What one row of the outbox does in the group."""

    SAY = "say"
    COPY = "copy"
    STATE = "state"
    DELETE = "delete"


class Trouble(StrEnum):
    """Why the group receives nothing at the moment."""

    CLOSED = "closed"
    RIGHTS = "rights"
    REFUSED = "refused"

    @property
    def label(self) -> str:
        return {
            "closed": "Le robot n'est plus dans le groupe : ajoute-le de nouveau.",
            "rights": "Le robot n'a pas le droit de gérer les sujets : donne-lui ce droit.",
            "refused": "Telegram a refusé un message. Il se lit dans la console.",
        }[self.value]


def topic_name(state: HandoffState, who: str, holder: str | None) -> str:
    """ "En attente · Conversation 41", "Pris par Karim · Conversation 41"."""
    said = f"{state.label} par {holder}" if state in HELD_STATES and holder else state.label
    return next(pieces(f"{said} · {who}", MAX_NAME))


def utf16(text: str) -> int:
    """Length as Telegram counts it: an emoji is 2."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def pieces(text: str, most: int = MAX_MESSAGE - CONSOLE_ROOM) -> Iterator[str]:
    """Cut a text into pieces Telegram takes, `most` UTF-16 units each, between two characters."""
    begun, length = 0, 0
    for index, character in enumerate(text):
        units = 2 if ord(character) > 0xFFFF else 1
        if length + units > most:
            yield text[begun:index]
            begun, length = index, 0
        length += units
    yield text[begun:]
