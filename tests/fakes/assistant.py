"""An assistant that answers as told. It fulfils `bot.services.ports.Assistant`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.domain.conversations import Say
from bot.errors import AssistantAway
from bot.services.ports import Assistant, Question


class FakeAssistant:
    """`meanwhile` runs while it thinks; `away` makes it give up, after that."""

    def __init__(
        self,
        *answers: Say,
        away: bool = False,
        meanwhile: Callable[[Question], Awaitable[object]] | None = None,
    ) -> None:
        self.answers = list(answers)
        self.away = away
        self.meanwhile = meanwhile
        self.questions: list[Question] = []

    async def ask(self, question: Question) -> list[Say]:
        self.questions.append(question)
        if self.meanwhile is not None:
            await self.meanwhile(question)
        if self.away:
            raise AssistantAway("told to be away")
        return self.answers


_: Assistant = FakeAssistant()
