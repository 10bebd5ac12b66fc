"""The console in the street and after an alert: what each sees, what each may do, and what is written once."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from bot.domain.alerts import AlertEnd
from bot.domain.conversations import Author
from bot.services import alerts, encounters
from bot.services.encounters import Noted
from bot.storage.tables import AdviserCode, Alert, Encounter, FollowUp, Message
from tests.console.desk import Desk, email
from tests.console.test_alerts import CRITICAL, _alert, _get
from tests.console.test_conversations import words
from tests.factories import adviser, writes

# The services' tests run on both databases; here it is the pages that are read.
pytestmark = pytest.mark.parametrize("demo_url", ["sqlite"], indirect=True)


async def _says(desk: Desk, alert: Alert, text: str) -> None:
    async with desk.database.unit_of_work() as session:
        alert = await session.get_one(Alert, alert.id)
        at = alert.opened_at - timedelta(seconds=2)
        await writes(session, alert.conversation.identity.address, text, now=at)


# ── Alerts ───────────────────────────────────────────────────────────────────────────────────


async def test_open_alerts_are_the_first_screen_with_what_is_needed(desk: Desk) -> None:
    alert = await _alert(desk, CRITICAL)
    await _says(desk, alert, "<b>je vais me tuer</b>")
    sandra = await desk.browser()
    entered = await sandra.log_in(email("sandra"))
    assert entered.headers["location"] == "/console/alertes"
    html = (await sandra.get("/console/alertes")).text
    page = words(html)
    assert "&lt;b&gt;je vais me tuer&lt;/b&gt;" in html
    assert "3114" in page
    assert "Merci de l'avoir dit. Là, maintenant, ta vie est en danger ?" in page
    assert "Personne ne s'en occupe encore. Sans personne, elle revient dans 1 min" in page.replace("moins d'une", "1")
    assert "je vais me tuer" not in (await sandra.get("/console")).text, "the desk is seen over a shoulder"
    karim = await desk.browser()
    assert (await karim.log_in(email("karim"))).headers["location"] == "/console"
    assert "Aucune alerte ouverte." in (await karim.get("/console/alertes")).text


async def test_one_press_takes_care_and_writes_once(desk: Desk) -> None:
    alert = await _alert(desk, CRITICAL)
    sandra, nadia = await desk.logged_in("sandra"), await desk.logged_in("nadia")
    path = f"/console/alertes/{alert.id}/repondre"
    empty = await sandra.submit("/console/alertes", path, text=" ", once="a1")
    assert empty.status_code == 409
    assert (await _get(desk, alert.id)).acknowledged_at is None, "nothing is taken by an empty answer"
    for _ in range(2):
        assert (await sandra.submit("/console/compte", path, text="Je te lis.", once="a1")).status_code == 303
    async with desk.database.read_only() as session:
        said = await session.scalars(select(Message).where(Message.text.contains("Je te lis.")))
        assert [one.author for one in said] == [Author.ADVISER]
    refused = await nadia.submit("/console/compte", path, text="Et moi aussi", once="b1")
    assert "Sandra a déjà pris cette conversation." in refused.text


async def test_seen_without_a_word_it_is_back_on_top(desk: Desk) -> None:
    seen, other = await _alert(desk, CRITICAL), await _alert(desk, CRITICAL)
    async with desk.database.unit_of_work() as session:
        await alerts.acknowledge(
            session, await session.get_one(Alert, seen.id), await adviser(session, "sandra"), desk.now
        )
    nadia = await desk.logged_in("nadia")
    html = (await nadia.get("/console")).text
    assert html.index(f'data-alert="{other.id}-') < html.index(f'data-alert="{seen.id}-')
    assert "Vue par Sandra à 10 h. Sans un mot au jeune, elle revient dans 5 min." in words(html)
    desk.move_to(desk.now + timedelta(minutes=6))
    async with desk.database.unit_of_work() as session:
        await alerts.tick(session, desk.now)
    html = (await nadia.get("/console")).text
    assert html.index(f'data-alert="{seen.id}-') < html.index(f'data-alert="{other.id}-')
    assert "Vue par Sandra à 10 h, puis renvoyée : aucun mot au jeune." in words(html)


async def test_a_false_alarm_is_read_again_by_another_coordinator(desk: Desk) -> None:
    alert = await _alert(desk, CRITICAL)
    async with desk.database.unit_of_work() as session:
        closing = await session.get_one(Alert, alert.id)
        await alerts.close(session, closing, await adviser(session, "sandra"), desk.now, AlertEnd.FALSE_ALARM)
    assert "À relire" not in (await (await desk.logged_in("sandra")).get("/console/alertes")).text
    claire = await desk.logged_in("claire")
    assert "Close par Sandra" in words((await claire.get("/console/alertes")).text)
    await claire.submit("/console/alertes", f"/console/alertes/{alert.id}/relire", fausse="non")
    assert (await _get(desk, alert.id)).closed_at is None
    assert "L'alerte est rouverte. L'équipe est prévenue." in words((await claire.get("/console/alertes")).text)


async def test_the_sheet_quotes_nobody_and_is_for_who_may(desk: Desk) -> None:
    alert = await _alert(desk, CRITICAL)
    await _says(desk, alert, "je vais me tuer")
    sandra, nadia = await desk.logged_in("sandra"), await desk.logged_in("nadia")
    path = f"/console/alertes/{alert.id}"
    assert (await sandra.get(path)).status_code == 404
    await sandra.submit("/console/alertes", f"{path}/repondre", text="Je te lis.")
    page = words((await sandra.get(path)).text)
    assert re.search(r"10/03/2027 à 10:00:\d\d Premier mot d'un humain Sandra", page)
    assert "tuer" not in page
    assert "te lis" not in page
    assert (await nadia.get(path)).status_code == 404
    assert f'href="{path}"' in (await (await desk.logged_in("claire")).get("/console/alertes/fiches")).text
    assert f'href="{path}"' not in (await nadia.get("/console/alertes/fiches")).text


# ── What follows ─────────────────────────────────────────────────────────────────────────────


async def test_a_task_is_on_the_desk_given_and_done(desk: Desk) -> None:
    alert = await _alert(desk, CRITICAL)
    sandra, claire = await desk.logged_in("sandra"), await desk.logged_in("claire")
    assert "Rien à suivre." in (await sandra.get("/console/suivis")).text, "nobody took it: it is Claire's"
    page = words((await claire.get("/console")).text)
    assert "À suivre après une alerte" in page
    assert "jeudi 11 mars" in page
    async with desk.database.read_only() as session:
        task = (await session.scalars(select(FollowUp).where(FollowUp.alert_id == alert.id))).one()
        to = (await adviser(session, "sandra")).id
        karim = (await adviser(session, "karim")).id
    path = f"/console/suivis/{task.id}"
    assert (await claire.submit("/console/suivis", f"{path}/donner", to=str(karim))).status_code == 404
    assert (await claire.submit("/console/suivis", f"{path}/donner", to=str(to))).status_code == 303
    desk.move_to(desk.now + timedelta(days=2))
    sandra = await desk.logged_in("sandra")
    assert "En retard, prévu jeudi 11 mars" in words((await sandra.get("/console/suivis")).text)
    await sandra.submit("/console/suivis", f"{path}/fait", note="Vu à la permanence.")
    assert "C'est noté : le suivi est fait." in words((await sandra.get("/console/suivis")).text)
    async with desk.database.read_only() as session:
        kept = await session.get_one(FollowUp, task.id)
        assert (kept.done_by, kept.note) == (to, "Vu à la permanence.")


# ── In the street ────────────────────────────────────────────────────────────────────────────


async def test_an_encounter_without_scripts(desk: Desk) -> None:
    karim = await desk.logged_in("karim")
    fields = {"uuid": str(uuid4()), "place": "=1+1", "people": "4", "nickname": "Lil T", "commune": "fameck"}
    for _ in range(2):
        sent = await karim.submit("/console/rencontres", "/console/rencontres", theme="housing", **fields)
        assert sent.status_code == 303
    page = words((await karim.get("/console/rencontres")).text)
    assert "C'est noté." in page
    assert "=1+1 , 4 jeunes, Lil T" in page
    wrong = await karim.submit("/console/rencontres", "/console/rencontres", uuid=str(uuid4()), place="Gare <3")
    assert wrong.status_code == 400
    assert "Gare &lt;3" in wrong.text, "what was typed is not lost"
    assert "Lil T" not in (await (await desk.logged_in("claire")).get("/console/rencontres/bilan.csv")).text
    async with desk.database.unit_of_work() as session:
        (await adviser(session, "karim")).role = "coordinator"
    assert "Fameck 1 4" in words((await karim.get("/console/rencontres/bilan")).text)
    file = await karim.get("/console/rencontres/bilan.csv")
    assert file.text.splitlines()[1] == "10/03/2027;10:00;Karim;'=1+1;4;Lil T;Fameck;Logement;"


async def test_the_script_sends_it_later_and_once(desk: Desk) -> None:
    karim = await desk.logged_in("karim")
    state = (await karim.get("/console/rencontres/etat")).json()
    at = desk.now - timedelta(hours=5)
    fields = {"uuid": "0" * 31 + "1", "place": "Gare", "people": "2", "at": at.isoformat(), "csrf": state["csrf"]}
    asked = {"Accept": "application/json"}
    for _ in range(2):
        sent = await karim.http.post("/console/rencontres", data=fields, headers=asked)
        assert (sent.status_code, sent.json()) == (200, {})
    bad = await karim.http.post("/console/rencontres", data={**fields, "people": "many"}, headers=asked)
    assert bad.status_code == 400
    forged = await karim.http.post("/console/rencontres", data={**fields, "csrf": "x"}, headers=asked)
    assert forged.status_code == 403
    async with desk.database.read_only() as session:
        [kept] = (await session.scalars(select(Encounter))).all()
    assert kept.at == at


async def test_what_a_phone_keeps_holds_nothing_of_anyone(desk: Desk) -> None:
    await _alert(desk, CRITICAL)
    sandra = await desk.logged_in("sandra")
    html = (await sandra.get("/console/rencontres/hors-ligne")).text
    for not_kept in ("Jeune ", "Alerte", "csrf", "Sandra"):
        assert not_kept not in html
    worker = await sandra.get("/console/rencontres/travailleur.js?file=x")
    assert worker.headers["service-worker-allowed"] == "/console/rencontres"
    assert worker.headers["cache-control"] == "no-cache"


async def test_only_mine_is_taken_back_and_within_a_day(desk: Desk) -> None:
    async with desk.database.unit_of_work() as session:
        sandra = await adviser(session, "sandra")
        await encounters.note(session, sandra, Noted(str(uuid4()), "Gare", "2"), desk.now)
        [one] = await encounters.mine(session, sandra)
    path = f"/console/rencontres/{one.id}/effacer"
    claire = await desk.logged_in("claire")
    assert (await claire.submit("/console/rencontres", path)).status_code == 404
    browser = await desk.logged_in("sandra")
    assert path in (await browser.get("/console/rencontres")).text
    desk.move_to(desk.now + timedelta(days=1))
    browser = await desk.logged_in("sandra")
    assert path not in (await browser.get("/console/rencontres")).text
    await browser.submit("/console/rencontres", path)
    assert "elle compte" in (await browser.get("/console/rencontres")).text
    async with desk.database.read_only() as session:
        assert await session.scalar(select(func.count()).select_from(Encounter)) == 1


async def test_my_code_is_drawn_changed_and_withdrawn(desk: Desk) -> None:
    desk.settings.telegram_bot_name = "promeneurs_bot"
    karim = await desk.logged_in("karim")
    assert "<svg" not in words((await karim.get("/console/code")).text)
    await karim.submit("/console/code", "/console/code")
    async with desk.database.read_only() as session:
        first = (await session.scalars(select(AdviserCode))).one().code
    html = (await karim.get("/console/code")).text
    assert f"https://t.me/promeneurs_bot?start={first}" in html
    assert f"https://desk.test/chat?s={first}" in html
    assert html.count('class="qr"') == 2
    assert "style=" not in html
    await karim.submit("/console/code", "/console/code")
    assert first not in (await karim.get("/console/code")).text
    await karim.submit("/console/code", "/console/code/retirer")
    assert "Faire mon code" in (await karim.get("/console/code")).text
