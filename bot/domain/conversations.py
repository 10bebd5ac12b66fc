"""Conversations: what comes in, who answers, what goes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class IncomingKind(StrEnum):
    TEXT = "text"
    COMMAND = "command"
    BUTTON = "button"
    VOICE = "voice"
    PHOTO = "photo"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACT = "contact"
    EDIT = "edit"
    REACTION = "reaction"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    OTHER = "other"


@dataclass(frozen=True)
class Incoming:
    """One thing a young person sent, whatever the channel.

    `address` is the channel's own address of the person (a Telegram chat id, as text); `reference` the
    channel's id of the message; `argument` what follows a command, or a button's payload. In the team's group,
    `sender` is who wrote and `group` what kind of group it is (domain/topics.GroupKind).
    """

    kind: IncomingKind
    address: str
    at: datetime
    text: str = ""
    argument: str = ""
    reference: str = ""
    file_reference: str = ""
    latitude: float | None = None
    longitude: float | None = None
    press_reference: str = ""
    sender: str = ""
    group: str = ""


class Author(StrEnum):
    YOUNG = "young"
    BOT = "bot"
    ADVISER = "adviser"

    @property
    def label(self) -> str:
        return {"young": "Jeune", "bot": "Robot", "adviser": "Conseiller·ère"}[self.value]


class Speaker(StrEnum):
    """Who answers a turn."""

    SAFETY = "safety"
    ADVISER = "adviser"
    SERVICE = "service"
    ASSISTANT = "assistant"


@dataclass(frozen=True)
class Button:
    title: str
    payload: str


def first_that_fits(*titles: str) -> str:
    """The first of the titles that fits a button; if none does, the last one, and a sign that it is cut."""
    return next((title for title in titles if len(title) <= MAX_BUTTON), f"{titles[-1][: MAX_BUTTON - 1]}…")


@dataclass(frozen=True)
class Say:
    """A thing to say, by the name of its text in data/responses.

    `buttons` are added to those of the text; `attachment` is a file's (name, content).
    """

    response: str
    values: dict[str, str] = field(default_factory=dict)
    buttons: tuple[Button, ...] = ()
    attachment: tuple[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "response": self.response,
            "values": self.values,
            "buttons": [[button.title, button.payload] for button in self.buttons],
            "attachment": list(self.attachment) if self.attachment else None,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> Say:
        return Say(
            data["response"],
            data["values"],
            tuple(Button(title, payload) for title, payload in data["buttons"]),
            tuple(data["attachment"]) if data["attachment"] else None,
        )


@dataclass(frozen=True)
class Bubble:
    """One message as the young person sees it; `yes` is the payload of the button that a bare "oui" presses."""

    text: str
    buttons: tuple[Button, ...] = ()
    attachment: tuple[str, str] | None = None
    yes: str | None = None


MAX_TEXT = 4096
MAX_BUTTON = 26
MAX_TO_ASSISTANT = 200
# Beyond that a robot that reads 200 characters would answer beside the point: a human is asked.
LONG = 1000
# A turn that a crash or a time-out left gets a fresh key; so does one subject after another, since a long
# Rasa session slows down (22 to 125 ms after 300 messages, measured).
MAX_TURNS_PER_KEY = 40
