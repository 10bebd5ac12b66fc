"""What a message means, computed once: the check of danger reads it, then Rasa does."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

import structlog

from bot.assistant.rasa import for_rasa
from bot.domain import safety
from bot.domain.conversations import LONG, MAX_TO_ASSISTANT
from bot.domain.safety import Meaning
from nlu import encoder
from nlu.langue import normalise

log = structlog.get_logger(__name__)


def to_read(text: str) -> tuple[list[str], bool]:
    """What is read of `text`, normalised, and whether it is all of it.

    Of a long one: its beginning, as Rasa reads it, and what looks gravest in the rest; of one too long for Rasa, what
    looks gravest.
    """
    whole = normalise(text).text
    start = normalise(for_rasa(text)).text[: encoder.CHARACTERS]
    # Letters said again and again are written once: what Rasa is not given may be read short.
    if len(text) <= MAX_TO_ASSISTANT and len(whole) <= encoder.CHARACTERS:
        return [start], True
    if len(text) > LONG:
        return [safety.gravest_part(whole)], False
    return [start, safety.gravest_part(whole[len(start) // 2 :])], False


# Enough for what is being written at one moment; in memory only, and never by who wrote it.
KEPT = 64


class SentenceEncoder:
    """The encoder of `nlu/encoder.py`, in a thread. Where it fails, rules and words go on without it."""

    def __init__(self) -> None:
        # One text at a time: two would only wait for each other's processor.
        self._thread = asyncio.Lock()
        self._readings: OrderedDict[str, asyncio.Task[list[Meaning]]] = OrderedDict()
        self._failed = False

    async def read(self, text: str) -> list[Meaning]:
        """The meaning of the beginning of `text`, as Rasa will read it, and of what looks gravest in a longer one.

        A text too long for Rasa has only the second. Asked twice, the same text is read once.
        """
        reading = self._readings.get(text)
        if reading is None:
            reading = self._readings[text] = asyncio.create_task(self._read(text))
        self._readings.move_to_end(text)
        if len(self._readings) > KEPT:
            self._readings.popitem(last=False)
        return await asyncio.shield(reading)

    async def _read(self, text: str) -> list[Meaning]:
        async with self._thread:
            return await asyncio.to_thread(self.read_now, text)

    def read_now(self, text: str) -> list[Meaning]:
        """The same, here and now."""
        try:
            parts, whole = to_read(text)
            return [Meaning(part, encoder.vectors([part])[0], whole) for part in parts]
        except Exception as error:  # whatever it is, the young person gets an answer
            if not self._failed:
                log.error("encoder failed", error=type(error).__name__, exc_info=True)
            self._failed = True
            return []
