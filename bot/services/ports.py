"""What the services need from the outside, as Protocols that channels and assistant fulfil."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.domain.conversations import Say
from bot.domain.safety import Meaning
from bot.domain.topics import Trouble

# How often a group that takes nothing is tried again.
GROUP_SHUT_SECONDS = 120.0


@dataclass(frozen=True)
class Question:
    """A turn for the assistant. It knows the conversation by `key` only, and no names.

    `booking` says whether a booking is open, `knows_booking` whether Rasa was last left with one open;
    `asked_before`, that the turn may already have been sent. `intent` is what a button said the text means; `meaning`,
    what the encoder made of the text's beginning, where known.
    """

    key: str
    turn_id: int
    text: str
    booking: bool
    knows_booking: bool
    asked_before: bool
    intent: str | None = None
    meaning: Meaning | None = field(default=None, compare=False)


class Assistant(Protocol):
    async def ask(self, question: Question) -> list[Say]:
        """Answer a turn.

        Raises:
            AssistantAway: no answer will come; the turn is abandoned.
        """
        ...


class Encoder(Protocol):
    async def read(self, text: str) -> Sequence[Meaning]:
        """What `text` means: its beginning, as the assistant reads it, then what looks gravest in a long one.

        Empty where the encoder is away. Asked again for the same text, it answers at once.
        """
        ...


@dataclass(frozen=True)
class Parcel:
    """One row of the outbox, ready to leave."""

    address: str
    payload: dict[str, Any]


class SendFailed(Exception):
    """Something passing; try again later. `unknown` tells that it may have been sent all the same."""

    def __init__(self, why: str, *, unknown: bool = False) -> None:
        super().__init__(why)
        self.unknown = unknown


class SendLater(SendFailed):
    """The channel asks to wait `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__("asked to wait")
        self.seconds = seconds


class Blocked(SendFailed):
    """The person cannot be reached on this channel any more."""


class GroupShut(SendLater):
    """The team's group takes nothing at the moment; `trouble` says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(GROUP_SHUT_SECONDS)
        self.trouble = trouble


class TopicMade(SendLater):
    """Nothing was said yet: the topic had to be made first; `thread` is its number."""

    def __init__(self, thread: int) -> None:
        super().__init__(0)
        self.thread = thread


class TopicGone(SendFailed):
    """Somebody deleted the topic: nothing was said."""


class SendRefused(SendFailed):
    """The channel will never accept this message."""


class FetchFailed(Exception):
    """Something passing; try again later."""


class FetchRefused(Exception):
    """The channel does not have the file any more."""


class Fetcher(Protocol):
    async def fetch(self, reference: str, largest: int) -> bytes:
        """What a file of the channel holds.

        Raises:
            FileTooBig: it has more than `largest` bytes.
            FetchRefused, FetchFailed: see each.
        """
        ...


class Typist(Protocol):
    async def show(self, address: str) -> None:
        """Show for a moment that somebody writes; that it could not be shown is told to nobody."""
        ...


class Messenger(Protocol):
    async def send(self, parcel: Parcel) -> str | None:
        """Send, and return the channel's reference of the message.

        Raises:
            SendLater, Blocked, SendRefused, SendFailed: see each.
        """
        ...
