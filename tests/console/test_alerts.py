"""Alerts in the console: above everything, true, and ended by humans only."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.domain.alerts import AlertEnd
from bot.domain.handoffs import HandoffState
from bot.domain.safety import check
from bot.domain.team import NoticeKind
from bot.services import alerts, handoffs
from bot.storage.tables import Alert, Handoff, Notice, OutboxRow
from tests.console.desk import Desk
from tests.console.test_conversations import words
from tests.factories import adviser, young_person

CRITICAL = "je vais me tuer ce soir"
HIGH = "mon père me frappe"


async def _alert(desk: Desk, text: str) -> Alert:
    async with desk.database.unit_of_work() as session:
        young = await young_person(session)
        await alerts.heard(session, young, None, None, text, check(text), desk.now - timedelta(minutes=4))
        found = await alerts.open_alert(session, young)
        assert found is not None
        return found


async def _get(desk: Desk, number: int) -> Alert:
    async with desk.database.read_only() as session:
        return await session.get_one(Alert, number)


async def test_critical_comes_first_and_the_card_quotes_nobody(desk: Desk) -> None:
    high, critical = await _alert(desk, HIGH), await _alert(desk, CRITICAL)
    html = (await (await desk.logged_in("sandra")).get("/console")).text
    assert html.index(f'data-alert="{critical.id}-critical"') < html.index(f'data-alert="{high.id}-high"')
    assert html.index('id="alerts"') < html.index('id="waiting"')
    assert "<title>(2) Alerte — Bureau" in html
    page = words(html)
    assert "Alerte vitale suicide" in page
    assert "depuis 4 min" in page
    assert "Affichée ici pour Sandra, Nadia et Claire, sur aucun téléphone." in page
    assert "tuer" not in page
    assert "frappe" not in page
    assert "Personne n'attend." in page, "who is in an alert is not listed twice"


async def test_told_on_a_phone_or_to_nobody(desk: Desk) -> None:
    async with desk.database.unit_of_work() as session:
        await adviser(session, "sandra", telegram="42")
    alert = await _alert(desk, CRITICAL)
    async with desk.database.unit_of_work() as session:
        for row in await session.scalars(select(OutboxRow).where(OutboxRow.kind == "notice")):
            row.state, row.sent_at = "sent", desk.now
    page = words((await (await desk.logged_in("nadia")).get("/console")).text)
    assert "Reçue sur le téléphone de Sandra. Affichée ici pour Nadia et Claire." in page
    async with desk.database.unit_of_work() as session:
        for notice in await session.scalars(select(Notice).where(Notice.alert_id == alert.id)):
            await session.delete(notice)
    desk.move_to(desk.now + timedelta(hours=12))
    page = words((await (await desk.logged_in("nadia")).get("/console")).text)
    assert "Personne n'a pu être prévenu : l'équipe le sera demain à 9 h." in page


@pytest.mark.parametrize("verb", ["alertes", "conversations"])
async def test_taking_care_is_acknowledging_and_taking(desk: Desk, verb: str) -> None:
    """From the alert or from the conversation: both are the same promise."""
    alert = await _alert(desk, CRITICAL)
    sandra, nadia = await desk.logged_in("sandra"), await desk.logged_in("nadia")
    number = alert.id if verb == "alertes" else alert.conversation_id
    await sandra.submit("/console", f"/console/{verb}/{number}/prendre")
    kept = await _get(desk, alert.id)
    async with desk.database.read_only() as session:
        holder = (await session.scalars(select(Handoff))).one().adviser
        assert holder is not None
        assert (holder.slug, kept.acknowledged_by) == ("sandra", holder.id)
    page = words((await nadia.get("/console")).text)
    assert "Vue par Sandra à 10 h" in page
    assert "Sandra a la conversation." in page
    late = await nadia.submit("/console/compte", f"/console/alertes/{alert.id}/prendre", back="/console")
    assert late.status_code == 303
    assert "Sandra a déjà pris cette conversation." in (await nadia.get("/console")).text
    assert (await _get(desk, alert.id)).acknowledged_by == holder.id


async def test_an_alert_given_back_can_be_taken_again(desk: Desk) -> None:
    alert = await _alert(desk, HIGH)
    sandra, nadia = await desk.logged_in("sandra"), await desk.logged_in("nadia")
    await sandra.submit("/console", f"/console/alertes/{alert.id}/prendre")
    await sandra.submit("/console/compte", f"/console/conversations/{alert.conversation_id}/rendre")
    assert "Je m'en occupe" in (await nadia.get(f"/console/conversations/{alert.conversation_id}")).text
    await nadia.submit("/console", f"/console/alertes/{alert.id}/prendre")
    async with desk.database.read_only() as session:
        last = (await session.scalars(select(Handoff).order_by(Handoff.id.desc()).limit(1))).one()
        assert last.state is HandoffState.TAKEN
        assert last.adviser is not None
        assert last.adviser.slug == "nadia"


@pytest.mark.parametrize(("end", "told"), [(AlertEnd.OVER, 0), (AlertEnd.FALSE_ALARM, 1)])
async def test_closing_asks_first_and_a_false_critical_is_read_again(desk: Desk, end: AlertEnd, told: int) -> None:
    alert = await _alert(desk, CRITICAL)
    path = f"/console/alertes/{alert.id}/clore"
    sandra = await desk.logged_in("sandra")
    asked = await sandra.get(f"{path}?comme={end.value}")
    assert "Rien n'est dit au jeune." in asked.text
    assert (await _get(desk, alert.id)).closed_at is None, "looking closes nothing"
    await sandra.submit(f"{path}?comme={end.value}", path, comme=end.value)
    kept = await _get(desk, alert.id)
    assert kept.closed_at is not None
    assert kept.closed_as is end
    async with desk.database.read_only() as session:
        claire = await adviser(session, "claire")
        notices = (await session.scalars(select(Notice).where(Notice.kind == NoticeKind.FALSE_ALARM))).all()
        assert [notice.adviser_id for notice in notices] == [claire.id] * told
    page = (await (await desk.logged_in("claire")).get("/console")).text
    assert ("close comme fausse" in page) is bool(told)
    again = await sandra.submit("/console/compte", path, comme="over")
    assert again.status_code == 303
    assert (await _get(desk, alert.id)).closed_as is end


async def test_the_conversation_shows_the_lines_of_this_hour(desk: Desk) -> None:
    alert = await _alert(desk, HIGH)
    sandra = await desk.logged_in("sandra")
    page = words((await sandra.get(f"/console/conversations/{alert.conversation_id}")).text)
    for line in alerts.lines(alert, desk.now):
        assert line.said in page
    assert "Quelqu'un d'autre lit peut-être ce téléphone." in page, "violence: who reads may be the danger"


async def test_an_edge_a_robot_waits_for_a_human(desk: Desk) -> None:
    """While a human answers, the alert says until when the bot lets them."""
    async with desk.database.unit_of_work() as session:
        young = await young_person(session)
        asked = await handoffs.ask(session, young, "asked", desk.now)
        held = await handoffs.take(session, asked, await adviser(session, "sandra"), desk.now)
        await alerts.heard(session, young, None, held, HIGH, check(HIGH), desk.now)
    page = words((await (await desk.logged_in("sandra")).get(f"/console/conversations/{young.id}")).text)
    assert "Le robot laisse répondre un humain jusqu'à 10 h 02, puis donne les numéros d'aide." in page
