"""Who is writing at this moment: in this process's memory, for open pages, and never kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.domain.conversations import Author

# Telegram's own mark lasts five seconds; a page says at most this often that somebody writes.
EVERY_SECONDS = 4.0
LASTS_SECONDS = 6.0


@dataclass(frozen=True)
class Writing:
    """Somebody writes; `beat` grows each time they are heard of, so that a page knows news from the same."""

    name: str
    at: float
    beat: int


class Typing:
    """By conversation and by side. `monotonic` in seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._heard: dict[tuple[int, Author], Writing] = {}

    def hear(self, conversation_id: int, author: Author, name: str = "") -> bool:
        """Note that somebody writes; False if that was heard a moment ago."""
        now, key = self._monotonic(), (conversation_id, author)
        self._heard = {one: said for one, said in self._heard.items() if now - said.at < LASTS_SECONDS}
        known = self._heard.get(key)
        if known is not None and known.name == name and now - known.at < EVERY_SECONDS:
            return False
        self._heard[key] = Writing(name, now, known.beat + 1 if known else 1)
        return True

    def of(self, conversation_id: int, author: Author) -> Writing | None:
        """Who writes on one side of a conversation, if somebody does."""
        said = self._heard.get((conversation_id, author))
        return said if said is not None and self._monotonic() - said.at < LASTS_SECONDS else None
