"""The inbox of what the bot misunderstood: for coordinators, in words that are theirs, exported at once."""

from __future__ import annotations

import asyncio

import pytest
import yaml
from sqlalchemy import select

from bot import taught, training
from bot.domain.misunderstandings import Cause, MisreadState
from bot.services import misunderstood
from bot.storage.tables import Misread
from tests.console.desk import Desk
from tests.console.test_conversations import words
from tests.factories import adviser, open_turn, young_person

# What the services do on PostgreSQL is tested with them.
pytestmark = pytest.mark.parametrize("demo_url", ["sqlite"], indirect=True)

PAGE = "/console/incompris"
TEXT = "karim ma dit ya un truc pr mon rdv"
SENTENCE = "on m'a parlé d'un rendez-vous à Fameck, c'est quoi ?"


async def _misread(desk: Desk, structure: str = "ml-demo") -> int:
    async with desk.database.unit_of_work() as session:
        young = await young_person(session, structure=structure)
        turn = await open_turn(session, young)
        turn.text, turn.teachable, turn.intent, turn.confidence = TEXT, True, "need_papers", 0.214
        await misunderstood.keep(session, young, turn, Cause.NOT_UNDERSTOOD, desk.now)
        return (await session.scalars(select(Misread.id).where(Misread.turn_id == turn.id))).one()


async def _get(desk: Desk, number: int) -> Misread:
    async with desk.database.read_only() as session:
        return await session.get_one(Misread, number)


async def test_only_coordinators_and_only_their_structure(desk: Desk) -> None:
    mine, other = await _misread(desk), await _misread(desk, "amp-demo")
    sandra, claire, anne = await desk.logged_in("sandra"), await desk.logged_in("claire"), await desk.logged_in("anne")
    for who in (sandra, anne):
        assert (await who.get(PAGE)).status_code == 403
    form = {"intent": "ask_my_appointment", "sentence": SENTENCE}
    assert (await sandra.submit("/console/compte", f"{PAGE}/{mine}", **form)).status_code == 403
    for path in (f"{PAGE}/{other}", f"{PAGE}/{other}/ignorer", f"{PAGE}/{other}/retirer", f"{PAGE}/99999"):
        assert (await claire.submit(PAGE, path, **form)).status_code == 404
    assert (await claire.http.post(f"{PAGE}/{mine}", data=form)).status_code == 403, "no token"
    assert {(await _get(desk, number)).state for number in (mine, other)} == {MisreadState.WAITING}
    page = (await claire.get(PAGE)).text
    assert f'id="misread-{mine}"' in page
    assert f'id="misread-{other}"' not in page


async def test_a_message_is_shown_masked_and_put_right(desk: Desk) -> None:
    number = await _misread(desk)
    claire = await desk.logged_in("claire")
    page = words((await claire.get(PAGE)).text)
    assert "« [prénom] ma dit ya un truc pr mon rdv »" in page
    assert "Lu comme : Papiers, sûr à 21 %." in page
    same = await claire.submit(
        PAGE, f"{PAGE}/{number}", intent="ask_my_appointment", sentence=TEXT.replace("karim ", "")
    )
    assert same.status_code == 422
    assert "C'est encore la phrase du jeune, ou presque." in words(same.text)
    nothing = await claire.submit(PAGE, f"{PAGE}/{number}", intent="invented", sentence=SENTENCE)
    assert "Choisis ce que ça voulait dire." in words(nothing.text)
    assert SENTENCE.replace("'", "&#39;") in nothing.text, "the form comes back as it was filled"
    done = await claire.submit(
        PAGE, f"{PAGE}/{number}", intent="ask_my_appointment", sentence=SENTENCE, commune="Fameck", moment=""
    )
    assert done.status_code == 303
    page = words((await claire.get(PAGE)).text)
    assert "Le robot l'apprendra au prochain entraînement." in page
    assert "Voir mon rendez-vous. Validée par Claire, à 10 h." in page
    assert "Rien à regarder." in page

    [file] = taught.files(desk.settings.var)
    assert file == desk.settings.var / "structures" / "ml-demo" / "nlu" / "taught.yml"
    [block] = yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]
    assert block == {
        "intent": "ask_my_appointment",
        "examples": [{"text": SENTENCE, "metadata": {"entities": {"commune": "Fameck"}}}],
    }
    await claire.submit(PAGE, f"{PAGE}/{number}/retirer")
    assert training.what_is_taught(desk.settings.var).lessons == ()
    kept = await _get(desk, number)
    assert (kept.state, kept.sentence) == (MisreadState.WITHDRAWN, SENTENCE)
    assert kept.decided_by == kept.withdrawn_by is not None


async def test_ignored_is_taught_to_nobody_and_decided_once(desk: Desk) -> None:
    number = await _misread(desk)
    claire = await desk.logged_in("claire")
    await claire.submit(PAGE, f"{PAGE}/{number}/ignorer")
    assert "C'est ignoré." in words((await claire.get(PAGE)).text)
    again = await claire.submit("/console/compte", f"{PAGE}/{number}/ignorer", back=PAGE)
    assert again.headers["location"] == PAGE
    assert "Quelqu'un de l'équipe s'en est déjà occupé." in words((await claire.get(PAGE)).text)
    assert taught.files(desk.settings.var) == []


async def test_two_coordinators_at_once_lose_no_sentence(desk: Desk) -> None:
    """Each writes the whole file: the second must have seen what the first decided."""
    numbers = [await _misread(desk) for _ in range(6)]
    sentences = ["tu as noté quoi pour moi", "je viens quand déjà", "rappelle-moi la date", "c'est où qu'on se voit"]
    sentences += ["montre-moi ce qui est prévu", "j'ai oublié l'heure"]

    async def correct(number: int, sentence: str) -> None:
        async with desk.database.unit_of_work() as session:
            misread, claire = await session.get_one(Misread, number), await adviser(session, "claire")
            await misunderstood.correct(session, misread, claire, "ask_my_appointment", sentence, {}, desk.now)
            await asyncio.sleep(0)
            await misunderstood.export(session, "ml-demo", desk.settings.var)

    await asyncio.gather(*map(correct, numbers, sentences))
    learnt = training.what_is_taught(desk.settings.var)
    assert sorted(one.sentence for one in learnt.lessons) == sorted(sentences)
