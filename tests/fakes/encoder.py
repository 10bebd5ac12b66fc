"""An encoder that reads nothing, as when its library cannot load. It fulfils `bot.services.ports.Encoder`."""

from __future__ import annotations

from bot.domain.safety import Meaning
from bot.services.ports import Encoder


class FakeEncoder:
    """Gives `meanings` for any text, and keeps the texts it was asked to read."""

    def __init__(self, *meanings: Meaning) -> None:
        self.meanings = list(meanings)
        self.texts: list[str] = []

    async def read(self, text: str) -> list[Meaning]:
        self.texts.append(text)
        return self.meanings


_: Encoder = FakeEncoder()
