"""Who writes is said for a moment, now and then, and kept nowhere."""

from __future__ import annotations

from bot.domain.conversations import Author
from bot.services.typing import EVERY_SECONDS, LASTS_SECONDS, Typing


def test_it_is_said_now_and_then_and_ends_by_itself() -> None:
    now = [100.0]
    typing = Typing(lambda: now[0])
    assert typing.hear(1, Author.ADVISER, "Karim")
    assert not typing.hear(1, Author.ADVISER, "Karim")
    first = typing.of(1, Author.ADVISER)
    assert first is not None
    assert first.name == "Karim"
    now[0] += EVERY_SECONDS
    assert typing.hear(1, Author.ADVISER, "Karim")
    again = typing.of(1, Author.ADVISER)
    assert again is not None
    assert again.beat == first.beat + 1
    now[0] += LASTS_SECONDS
    assert typing.of(1, Author.ADVISER) is None


def test_each_side_of_each_conversation_is_its_own() -> None:
    typing = Typing(lambda: 100.0)
    typing.hear(1, Author.YOUNG)
    assert typing.of(1, Author.ADVISER) is None
    assert typing.of(2, Author.YOUNG) is None
    assert typing.hear(1, Author.ADVISER, "Karim")


def test_nothing_is_kept_of_who_wrote_before() -> None:
    now = [100.0]
    typing = Typing(lambda: now[0])
    for number in range(50):
        typing.hear(number, Author.YOUNG)
    now[0] += LASTS_SECONDS
    typing.hear(51, Author.YOUNG)
    assert len(typing._heard) == 1
