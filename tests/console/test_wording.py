"""The bot's texts in the console: seen before they are kept, decided by the coordination, and theirs only."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.domain.team import Role
from bot.domain.wording import WordingState
from bot.storage.tables import Wording
from tests.console.desk import Desk
from tests.console.test_conversations import words
from tests.factories import adviser

# What the services do on PostgreSQL is tested with them.
pytestmark = pytest.mark.parametrize("demo_url", ["sqlite"], indirect=True)

PAGE = "/console/textes"
TEXT = f"{PAGE}/utter_human_told/0"
OURS = "L'équipe {team} a ton message. Elle te répond ici."
SAFETY = f"{PAGE}/utter_safety_heard_suicide/0"
GENTLE = "J'ai lu ton message. Merci de l'avoir écrit ici."


async def _rows(desk: Desk) -> list[Wording]:
    async with desk.database.read_only() as session:
        return list((await session.scalars(select(Wording).order_by(Wording.id))).all())


async def test_a_text_is_seen_first_then_used(desk: Desk) -> None:
    claire = await desk.logged_in("claire")
    assert "L'équipe {team} est prévenue." in words((await claire.get(TEXT)).text)
    wrong = await claire.submit(TEXT, TEXT, text="Vous aurez une réponse.", sure="1")
    assert wrong.status_code == 422
    said = words(wrong.text)
    assert "Il manque {team}. Le robot y met le vrai mot." in said
    assert "On tutoie les jeunes. Enlève « Vous »." in said
    seen = await claire.submit(TEXT, TEXT, text=OURS)
    assert "L'équipe de la Mission Locale a ton message. Elle te répond ici." in words(seen.text)
    assert await _rows(desk) == [], "looking keeps nothing"
    assert (await claire.submit(TEXT, TEXT, text=OURS, sure="1")).status_code == 303
    page = words((await claire.get(PAGE)).text)
    assert "C'est enregistré. Le robot le dit dès maintenant." in page
    assert "changé" in page
    history = words((await claire.get(TEXT)).text)
    assert "Utilisé. Écrit par Claire, à 10 h. Décidé par Claire, à 10 h." in history
    await claire.submit(TEXT, f"{TEXT}/origine")
    assert [row.state for row in await _rows(desk)] == [WordingState.REPLACED]


async def test_a_text_of_safety_takes_two_people(desk: Desk) -> None:
    sandra, claire = await desk.logged_in("sandra"), await desk.logged_in("claire")
    await claire.submit(SAFETY, SAFETY, text=GENTLE, sure="1")
    [mine] = await _rows(desk)
    own = await claire.submit(PAGE, f"{PAGE}/propositions/{mine.id}/valider", back=PAGE)
    assert own.headers["location"] == PAGE
    assert "Une autre personne doit le valider." in words((await claire.get(PAGE)).text)
    assert (await sandra.submit(TEXT, f"{PAGE}/propositions/{mine.id}/valider")).status_code == 403
    await sandra.submit(SAFETY, SAFETY, text=f"{GENTLE} On est là.", sure="1")
    theirs = (await _rows(desk))[-1]
    assert theirs.state is WordingState.PROPOSED
    await claire.submit(PAGE, f"{PAGE}/propositions/{theirs.id}/valider")
    assert [row.state.value for row in await _rows(desk)] == ["replaced", "in_force"]


@pytest.mark.parametrize("path", ["utter_error/0", "utter_human_told/1", "utter_privacy/0", "etc/0", "utter_x%2F/0"])
async def test_another_text_is_not_there(desk: Desk, path: str) -> None:
    claire = await desk.logged_in("claire")
    assert (await claire.get(f"{PAGE}/{path}")).status_code == 404
    assert (await claire.submit(TEXT, f"{PAGE}/{path}", text=OURS, sure="1")).status_code in (400, 404)
    assert await _rows(desk) == []


async def test_neither_another_structure_nor_a_partner_decides(desk: Desk) -> None:
    sandra, karim, anne = await desk.logged_in("sandra"), await desk.logged_in("karim"), await desk.logged_in("anne")
    assert (await anne.get(PAGE)).status_code == 403
    await sandra.submit(TEXT, TEXT, text=OURS, sure="1")
    [proposed] = await _rows(desk)
    async with desk.database.unit_of_work() as session:
        (await adviser(session, "karim")).role = Role.COORDINATOR
    for verb in ("valider", "refuser"):
        assert (await karim.submit(TEXT, f"{PAGE}/propositions/{proposed.id}/{verb}")).status_code == 404
    assert OURS not in words((await karim.get(PAGE)).text)
    assert [row.state for row in await _rows(desk)] == [WordingState.PROPOSED]
