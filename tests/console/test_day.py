"""The day at the desk: appointments marked, calls made, presence said."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot.domain.appointments import AppointmentState, RemindBy
from bot.domain.handoffs import HandoffReason
from bot.domain.safety import check
from bot.domain.team import NoticeKind, PresenceSaid
from bot.services import alerts, appointments, asking, queue, team
from bot.storage.tables import Adviser, Appointment, Conversation, Notice, OutboxRow
from tests.console.desk import Desk
from tests.console.test_conversations import words
from tests.factories import NOW, adviser, appointment_of, paris, young_person


async def _booked(desk: Desk, starts: str, *, phone: str | None = None, place: str = "thionville") -> Appointment:
    async with desk.database.unit_of_work() as session:
        young = await young_person(session, with_appointment=starts, at_place=place, now=NOW - timedelta(days=7))
        booked = await appointment_of(session, young)
        if phone:
            booked.remind_by, booked.remind_phone = RemindBy.PHONE, phone
        return booked


async def _state(desk: Desk, booked: Appointment) -> AppointmentState:
    async with desk.database.read_only() as session:
        return (await session.get_one(Appointment, booked.id)).state


@pytest.mark.parametrize("state", [AppointmentState.PRESENT, AppointmentState.ABSENT])
async def test_present_and_absent_are_one_click_once_it_has_begun(desk: Desk, state: AppointmentState) -> None:
    booked = await _booked(desk, "2027-03-10T13:30")
    sandra = await desk.logged_in("sandra")
    assert f"day-present-{booked.id}" not in (await sandra.get("/console")).text
    path = f"/console/rendez-vous/{booked.id}"
    await sandra.submit("/console", path, state=state.value)
    assert await _state(desk, booked) is AppointmentState.BOOKED, "nobody is absent before the hour"
    desk.move_to(paris("2027-03-10T13:35"))
    assert f"day-present-{booked.id}" in (await sandra.get("/console")).text
    answer = await sandra.submit("/console", path, state=state.value, back="/console/agenda")
    assert answer.headers["location"] == "/console/agenda"
    assert await _state(desk, booked) is state
    assert state.label in (await sandra.get("/console/agenda")).text


async def test_a_cancellation_asks_first_and_the_structures_is_told(desk: Desk) -> None:
    sandra = await desk.logged_in("sandra")
    for starts, state, told in (
        ("2027-03-10T13:30", AppointmentState.CANCELLED_BY_YOUNG, False),
        ("2027-03-10T14:30", AppointmentState.CANCELLED_BY_STRUCTURE, True),
    ):
        booked = await _booked(desk, starts)
        path = f"/console/rendez-vous/{booked.id}"
        asked = words((await sandra.get(f"{path}/annuler?par={state.value}&back=/console/agenda")).text)
        assert ("Le jeune est prévenu tout de suite" in asked) is told
        assert await _state(desk, booked) is AppointmentState.BOOKED
        await sandra.submit("/console", path, state=state.value)
        assert await _state(desk, booked) is state
        async with desk.database.read_only() as session:
            rows = await session.scalars(
                select(OutboxRow).where(
                    OutboxRow.conversation_id == booked.conversation_id, OutboxRow.kind == "service"
                )
            )
            assert bool(rows.all()) is told


async def test_what_nobody_marked_is_asked_about_from_five_once_a_day_and_the_next_morning(desk: Desk) -> None:
    booked = await _booked(desk, "2027-03-10T13:30")
    sandra = await desk.logged_in("sandra")
    banner = "Un rendez-vous passé n'est pas marqué."

    async def tick(moment: datetime) -> int:
        async with desk.database.unit_of_work() as session:
            return await appointments.tick(session, moment)

    desk.move_to(paris("2027-03-10T16:58"))
    assert await tick(desk.now) == 0
    assert 'id="unmarked" class="banner" aria-label="À marquer" hidden' in (await sandra.get("/console")).text
    desk.move_to(paris("2027-03-10T17:00"))
    assert await tick(desk.now) == 1
    assert await tick(desk.now + timedelta(minutes=5)) == 0
    async with desk.database.read_only() as session:
        [notice] = (await session.scalars(select(Notice).where(Notice.kind == NoticeKind.UNMARKED))).all()
        assert notice.adviser_id == (await adviser(session, "sandra")).id, "who receives them is asked"
    page = words((await sandra.get("/console")).text)
    assert banner in page
    assert "Un rendez-vous passé n'est pas marqué : Jeune" in page

    desk.move_to(paris("2027-03-11T09:00"))
    sandra = await desk.logged_in("sandra")
    assert await tick(desk.now) == 1, "again the next morning, once"
    assert await tick(desk.now + timedelta(minutes=5)) == 0
    late = words((await sandra.get("/console/agenda")).text)
    assert "À marquer Hier 13 h 30" in late
    assert await tick(paris("2027-03-11T17:00")) == 1
    await sandra.submit("/console/agenda", f"/console/rendez-vous/{booked.id}", state="present")
    assert await tick(paris("2027-03-12T17:00")) == 0
    assert "n'est pas marqué :" not in words((await sandra.get("/console")).text)


async def test_the_call_list_covers_the_next_working_day(desk: Desk) -> None:
    """On Thursday 25 March 2027, Good Friday in Moselle: Monday is Easter Monday, so up to Tuesday."""
    for starts, phone, place in (
        ("2027-03-25T11:00", "+33600000001", "audun-le-tiche"),
        ("2027-03-30T09:00", "+33600000002", "hayange"),
        ("2027-03-31T13:30", "+33600000003", "thionville"),
    ):
        await _booked(desk, starts, phone=phone, place=place)
    await _booked(desk, "2027-03-30T13:30", place="fameck")
    desk.move_to(paris("2027-03-25T10:00"))
    page = words((await (await desk.logged_in("sandra")).get("/console/appels")).text)
    assert "06 00 00 00 01" in page
    assert "06 00 00 00 02" in page
    assert "06 00 00 00 03" not in page
    assert "Fameck" not in page, "who did not ask is not called"


async def test_a_call_is_ticked_and_unticked(desk: Desk) -> None:
    booked = await _booked(desk, "2027-03-11T13:30", phone="+33612345678", place="fameck")
    sandra = await desk.logged_in("sandra")
    assert "Une personne à appeler" in words((await sandra.get("/console")).text)
    await sandra.submit("/console/appels", f"/console/appels/{booked.id}", done="oui")
    assert "Appel passé à 10 h" in words((await sandra.get("/console/appels")).text)
    assert "Personne à appeler." in words((await sandra.get("/console")).text)
    await sandra.submit("/console/appels", f"/console/appels/{booked.id}", done="non")
    async with desk.database.read_only() as session:
        assert (await session.get_one(Appointment, booked.id)).called_at is None


# ── Presence, and what the young person is told ──────────────────────────────────────────────


async def _asks(desk: Desk) -> tuple[list[str], dict[str, str], Conversation]:
    """What a young person hears who asks for a human now."""
    async with desk.database.unit_of_work() as session:
        young = await young_person(session, now=desk.now)
        says = await asking.ask_and_say(session, young, HandoffReason.ASKED, desk.now)
        return [say.response for say in says], says[0].values, young


async def _told(desk: Desk, young: Conversation) -> set[str]:
    async with desk.database.read_only() as session:
        rows = await session.execute(
            select(Adviser.slug)
            .join(Notice, Notice.adviser_id == Adviser.id)
            .join(Conversation, Conversation.id == young.id)
            .where(Notice.kind == NoticeKind.HANDOFF)
        )
        return {slug for (slug,) in rows}


async def _say(desk: Desk, slug: str, **form: str) -> None:
    browser = await desk.logged_in(slug)
    assert (await browser.submit("/console/compte", "/console/compte/presence", **form)).status_code == 303


async def test_here_at_night_is_the_team_there_without_an_hour_promised(desk: Desk) -> None:
    desk.move_to(paris("2027-03-10T19:00"))
    assert (await _asks(desk))[0] == ["utter_human_closed"]
    await _say(desk, "nadia", said="here")
    responses, values, young = await _asks(desk)
    assert (responses, values) == (["utter_human_told"], {"team": "de la Mission Locale"})
    assert await _told(desk, young) == {"nadia"}
    desk.move_to(paris("2027-03-11T00:01"))
    assert (await _asks(desk))[0] == ["utter_human_closed"], "« je réponds » ends with the day"


async def test_away_is_away_until_the_evening_said(desk: Desk) -> None:
    for slug in ("sandra", "claire", "nadia"):
        await _say(desk, slug, said="away", until="2027-03-11" if slug == "nadia" else "2027-03-12")
    responses, values, young = await _asks(desk)
    assert (responses, values["reopens"]) == (["utter_human_closed"], "vendredi 12 mars à 9 h")
    assert await _told(desk, young) == set()
    await _say(desk, "nadia", said="")
    assert (await _asks(desk))[0] == ["utter_human_told_open"]


async def test_busy_is_not_told_who_waits_but_is_told_of_alerts(desk: Desk) -> None:
    await _say(desk, "sandra", said="busy", minutes="30")
    responses, _, young = await _asks(desk)
    assert responses == ["utter_human_told_open"]
    assert await _told(desk, young) == {"nadia", "claire"}
    async with desk.database.unit_of_work() as session:
        text = "je vais me tuer ce soir"
        await alerts.heard(session, await young_person(session), None, None, text, check(text), desk.now)
        rows = await session.scalars(
            select(Adviser.slug)
            .join(Notice, Notice.adviser_id == Adviser.id)
            .where(Notice.kind == NoticeKind.ALERT_CRITICAL)
        )
        assert set(rows.all()) == {"sandra", "nadia", "claire"}


async def test_when_everyone_is_in_a_meeting_the_young_person_hears_it_and_the_team_is_told_after(desk: Desk) -> None:
    for slug in ("sandra", "nadia", "claire"):
        await _say(desk, slug, said="busy", minutes="30")
    responses, values, young = await _asks(desk)
    assert (responses, values) == (["utter_human_busy"], {"team": "de la Mission Locale"})
    async with desk.database.unit_of_work() as session:
        assert await queue.tick(session, desk.now) == 0
    desk.move_to(desk.now + timedelta(minutes=31))
    async with desk.database.unit_of_work() as session:
        assert await queue.tick(session, desk.now) == 2  # the team is told, the young person hears that it takes time
    assert await _told(desk, young) == {"sandra", "nadia", "claire"}


async def test_a_meeting_that_ends_after_closing_promises_nothing_for_tonight(desk: Desk) -> None:
    desk.move_to(paris("2027-03-10T16:40"))
    for slug in ("sandra", "nadia", "claire"):
        await _say(desk, slug, said="busy", minutes="60")
    responses, values, _ = await _asks(desk)
    assert (responses, values["when"]) == (["utter_human_busy_then_closed"], "demain à 9 h")


async def test_a_meeting_lasts_one_hour_at_most_and_on_call_stays(desk: Desk) -> None:
    await _say(desk, "sandra", said="busy", minutes="999")
    async with desk.database.unit_of_work() as session:
        sandra = await adviser(session, "sandra")
        assert sandra.presence_until is not None
        assert sandra.presence_until - desk.now <= timedelta(hours=1)
        hours = await team.hours_of(session, sandra, on_call=True)
        assert hours.said is None, "nobody leaves their on-call duty by a button"
        await team.say_presence(session, sandra, PresenceSaid.AWAY, desk.now + timedelta(days=400), desk.now)
        assert sandra.presence_until <= desk.now + timedelta(days=60)


async def test_the_page_says_what_is_true_of_me(desk: Desk) -> None:
    sandra = await desk.logged_in("sandra")
    assert "Tu réponds." in words((await sandra.get("/console")).text)
    await sandra.submit("/console", "/console/compte/presence", said="busy", back="/console")
    assert "Tu es en entretien jusqu'à 11 h" in words((await sandra.get("/console")).text)
    assert "L'entretien est fini" in words((await sandra.get("/console")).text)
    team_page = words((await (await desk.logged_in("nadia")).get("/console/equipe")).text)
    assert "En entretien jusqu'à 11 h" in team_page
