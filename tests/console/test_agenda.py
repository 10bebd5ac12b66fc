"""The agenda, what is open, and what is told to whom when it changes."""

from __future__ import annotations

import re
from datetime import date, timedelta

import icalendar
import pytest
from sqlalchemy import func, select

from bot.domain import communes
from bot.domain.appointments import AppointmentState
from bot.domain.calendar import in_paris
from bot.services import demand
from bot.storage.tables import Absence, Appointment, Opening, OutboxRow, Place, Unserved
from tests.console.desk import Desk
from tests.console.test_conversations import words
from tests.console.test_day import _booked, _state
from tests.factories import NOW, adviser, appointment_of, handoff, paris, young_person

OPENING = {
    "rhythm": "w1",
    "start": "09:00",
    "end": "12:00",
    "minutes": "30",
    "seats": "1",
    "modes": "sur_place",
}


async def _opening(desk: Desk, place: str = "thionville", weekday: int = 2, slug: str = "sandra") -> Opening:
    """The opening of an adviser at a place on a weekday."""
    async with desk.database.read_only() as session:
        found = await session.scalars(
            select(Opening)
            .join(Place, Opening.place_id == Place.id)
            .where(
                Place.slug == place,
                Opening.weekday == weekday,
                Opening.adviser_id == (await adviser(session, slug)).id,
                Opening.active,
            )
        )
        return found.one()


async def _told(desk: Desk, booked: Appointment) -> list[str]:
    """What was sent of its own accord in a conversation."""
    async with desk.database.read_only() as session:
        rows = await session.scalars(
            select(OutboxRow)
            .where(OutboxRow.conversation_id == booked.conversation_id, OutboxRow.kind == "service")
            .order_by(OutboxRow.id)
        )
        return [row.payload["text"] for row in rows]


def _slot(opening: Opening, starts: str) -> str:
    return f"{opening.id}:{int(paris(starts).timestamp()) // 60}"


# ── Reading it ───────────────────────────────────────────────────────────────────────────────


async def test_the_week_shows_what_is_open_booked_and_free(desk: Desk) -> None:
    booked = await _booked(desk, "2027-03-10T14:00")
    sandra = await desk.logged_in("sandra")
    page = (await sandra.get("/console/agenda?jour=2027-03-10")).text
    shown = words(page)
    assert "semaine du lundi 8 mars" in shown
    assert f"14 h Jeune {booked.person_id}" in shown
    assert "Un premier rendez-vous" in shown
    wednesday = page[page.index('id="day-2027-03-10"') : page.index('id="day-2027-03-11"')]
    assert "13 h 30 – 17 h" in wednesday
    opening = await _opening(desk)
    assert f"creneau={_slot(opening, '2027-03-10T13:30')}" in wednesday
    assert f"creneau={_slot(opening, '2027-03-10T14:00')}" not in wednesday, "it is taken"
    # Wednesday 10:00: what has begun is over.
    assert ">9 h</a>" not in wednesday


async def test_an_adviser_or_a_place_is_chosen_and_another_structures_is_not(desk: Desk) -> None:
    sandra, karim = await desk.logged_in("sandra"), await desk.logged_in("karim")
    async with desk.database.read_only() as session:
        nadia, other = await adviser(session, "nadia"), await adviser(session, "karim")
        verdun = (await session.scalars(select(Place).where(Place.slug == "verdun"))).one()
    shown = words((await sandra.get(f"/console/agenda?jour=2027-03-09&qui=c{nadia.id}")).text)
    assert "Agenda de Nadia" in shown
    assert "Permanence de Stenay" in shown
    assert "9 h – 12 h Permanence de Hayange" not in shown
    at_verdun = words((await sandra.get(f"/console/agenda?jour=2027-03-09&qui=l{verdun.id}")).text)
    assert "Agenda : Permanence de Verdun" in at_verdun
    assert (await sandra.get(f"/console/agenda?qui=c{other.id}")).status_code == 404
    assert (await karim.get(f"/console/agenda?qui=l{verdun.id}")).status_code == 404
    assert (await sandra.get("/console/agenda?qui=x1")).status_code == 404
    assert (await sandra.get("/console/agenda?jour=2027-02-30")).status_code == 404


async def test_holidays_and_absences_close_what_is_open(desk: Desk) -> None:
    async with desk.database.unit_of_work() as session:
        sandra_id = (await adviser(session, "sandra")).id
        session.add(
            Absence(adviser_id=sandra_id, first_date=date(2027, 3, 16), last_date=date(2027, 3, 16), reason="formation")
        )
        session.add(
            Absence(
                adviser_id=sandra_id,
                first_date=date(2027, 3, 17),
                last_date=date(2027, 3, 17),
                start_minute=13 * 60,
                end_minute=15 * 60,
            )
        )
    sandra = await desk.logged_in("sandra")
    page = (await sandra.get("/console/agenda?jour=2027-03-16&par=jour")).text
    assert "Sandra : formation" in words(page)
    assert "Fermé : formation" in words(page)
    partly = (await sandra.get("/console/agenda?jour=2027-03-17&par=jour")).text
    assert "Sandra : absence, 13 h – 15 h" in words(partly)
    opening = await _opening(desk)
    assert _slot(opening, "2027-03-17T14:30") not in partly
    assert _slot(opening, "2027-03-17T15:00") in partly
    friday = words((await sandra.get("/console/agenda?jour=2027-03-26&par=jour")).text)
    assert "Jour férié : Vendredi saint" in friday
    assert "Fermé : Vendredi saint" in friday
    assert "Libre" not in friday


async def test_an_adviser_sees_where_they_receive_elsewhere_without_who_comes(desk: Desk) -> None:
    """Karim receives in Thionville, a place of Sandra's structure: those appointments are hers to mark."""
    await _booked(desk, "2027-03-15T13:30")
    async with desk.database.unit_of_work() as session:
        booked = (await session.scalars(select(Appointment))).one()
        booked.adviser_id = (await adviser(session, "karim")).id
    karim = await desk.logged_in("karim")
    page = (await karim.get("/console/agenda?jour=2027-03-15&par=jour")).text
    assert "pour une autre structure" in words(page)
    assert f"/console/rendez-vous/{booked.id}" not in page
    assert (await karim.get(f"/console/rendez-vous/{booked.id}")).status_code == 404


async def test_the_list_of_a_day_is_for_paper(desk: Desk) -> None:
    booked = await _booked(desk, "2027-03-10T14:00")
    cancelled = await _booked(desk, "2027-03-10T15:00")
    sandra = await desk.logged_in("sandra")
    await sandra.submit("/console/compte", f"/console/rendez-vous/{cancelled.id}", state="cancelled_by_young")
    shown = words((await sandra.get("/console/agenda/imprimer?jour=2027-03-10")).text)
    assert f"14 h – 14 h 30 Jeune {booked.person_id} Un premier rendez-vous Sandra" in shown
    assert f"Jeune {cancelled.person_id}" not in shown
    assert "À détruire après usage" in shown


# ── Adding, moving, cancelling ───────────────────────────────────────────────────────────────


async def test_an_appointment_is_added_for_someone_known_after_the_words_were_seen(desk: Desk) -> None:
    async with desk.database.unit_of_work() as session:
        young = await young_person(session)
        await handoff(session, young, taken_by="sandra")
    sandra, number = await desk.logged_in("sandra"), str(young.identity.person_id)
    slot = _slot(await _opening(desk), "2027-03-10T13:30")
    form = {"jour": "2027-03-10", "mode": "sur_place", "motif": "first_meeting", "creneau": slot, "connu": number}
    path = "/console/agenda/ajouter"
    page = (await sandra.get(f"{path}?jour=2027-03-10&creneau={slot}")).text
    assert f"Jeune {number}" in page
    assert re.search(rf'value="{slot}" required checked', page)
    seen = words((await sandra.submit(path, path, **form)).text)
    assert "Sandra, Mission Locale, a noté un rendez-vous pour toi. C'est aujourd'hui, 13 h 30" in seen
    async with desk.database.read_only() as session:
        assert await session.scalar(select(func.count(Appointment.id))) == 0, "nothing before it is confirmed"

    answer = await sandra.submit(path, path, **form, sure="oui")
    assert answer.headers["location"] == "/console/agenda?jour=2027-03-10&qui=&par=jour"
    async with desk.database.read_only() as session:
        booked = await appointment_of(session, young)
    assert (in_paris(booked.starts_at).hour, booked.reason) == (13, "first_meeting")
    assert "a noté un rendez-vous pour toi" in (await _told(desk, booked))[0]

    # The same again: they have one; another person: the slot is taken.
    again = words((await sandra.submit(path, path, **form, sure="oui")).text)
    assert "Cette personne a déjà un rendez-vous" in again or "vient d'être pris" in again
    async with desk.database.unit_of_work() as session:
        other = await young_person(session)
    taken = await sandra.submit(
        path, path, **(form | {"connu": "", "numero": str(other.identity.person_id)}), sure="oui"
    )
    assert taken.status_code == 409
    assert "vient d'être pris" in words(taken.text)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"connu": ""}, "Il manque la personne"),
        ({"connu": "", "numero": "999999"}, "Il manque la personne"),
        ({"connu": "", "numero": "Jeune x"}, "Il manque la personne"),
        ({"creneau": ""}, "Ce créneau n'existe plus"),
        ({"creneau": "1:2:3"}, "Ce créneau n'existe plus"),
        ({"mode": "telephone"}, "Il manque le numéro à appeler"),
    ],
)
async def test_what_cannot_be_added_is_said(desk: Desk, changes: dict[str, str], said: str) -> None:
    async with desk.database.unit_of_work() as session:
        young = await young_person(session)
        await handoff(session, young, taken_by="sandra")
    sandra = await desk.logged_in("sandra")
    slot = _slot(await _opening(desk), "2027-03-10T13:30")
    form = {"jour": "2027-03-10", "mode": "sur_place", "creneau": slot, "connu": str(young.identity.person_id)}
    answer = await sandra.submit("/console/agenda/ajouter", "/console/agenda/ajouter", **(form | changes))
    assert answer.status_code == 409
    assert said in words(answer.text)


async def test_a_young_person_of_another_structure_is_nobody_here(desk: Desk) -> None:
    async with desk.database.unit_of_work() as session:
        young = await young_person(session, structure="amp-demo")
    sandra = await desk.logged_in("sandra")
    slot = _slot(await _opening(desk), "2027-03-10T13:30")
    form = {"jour": "2027-03-10", "mode": "sur_place", "creneau": slot, "numero": str(young.identity.person_id)}
    answer = await sandra.submit("/console/agenda/ajouter", "/console/agenda/ajouter", **form, sure="oui")
    assert "Il manque la personne" in words(answer.text)


async def test_an_appointment_moves_after_the_words_were_seen(desk: Desk) -> None:
    booked = await _booked(desk, "2027-03-10T14:00")
    sandra = await desk.logged_in("sandra")
    path = f"/console/rendez-vous/{booked.id}/deplacer"
    assert "Déplacer" in words((await sandra.get(f"/console/rendez-vous/{booked.id}")).text)
    slot = _slot(await _opening(desk), "2027-03-17T15:00")
    assert slot in (await sandra.get(f"{path}?jour=2027-03-17")).text
    form = {"jour": "2027-03-17", "mode": "sur_place", "creneau": slot}
    seen = words((await sandra.submit(path, path, **form)).text)
    assert "Avant : aujourd'hui à 14 h" in seen
    assert "Après : mercredi 17 mars à 15 h" in seen
    assert "Ton rendez-vous a changé" in seen
    assert await _told(desk, booked) == []
    await sandra.submit(path, path, **form, sure="oui")
    async with desk.database.read_only() as session:
        moved = await session.get_one(Appointment, booked.id)
        assert (moved.starts_at, moved.sequence) == (paris("2027-03-17T15:00"), 1)
    assert "mercredi 17 mars, 15 h" in " ".join(await _told(desk, booked))


async def test_the_words_of_a_cancellation_are_seen_before_it_is_done(desk: Desk) -> None:
    booked = await _booked(desk, "2027-03-10T14:00")
    sandra = await desk.logged_in("sandra")
    path = f"/console/rendez-vous/{booked.id}/annuler?par="
    assert "Ça vient de nous, pas de toi." in words((await sandra.get(f"{path}cancelled_by_structure")).text)
    assert "Ça vient de nous" not in words((await sandra.get(f"{path}cancelled_by_young")).text)


# ── Openings ─────────────────────────────────────────────────────────────────────────────────


async def _save(desk: Desk, slug: str = "sandra", path: str = "ouvertures/nouvelle", **form: str | list[str]) -> str:
    """Send the form of an opening or an absence, with repeated fields; what the page or the next one says."""
    browser = await desk.logged_in(slug)
    page = (await browser.get("/console/compte")).text
    found = re.search(r'name="csrf" value="([\w-]+)"', page)
    assert found is not None
    answer = await browser.http.post(f"/console/permanences/{path}", data={"csrf": found[1], **form})
    return words((await browser.get(answer.headers["location"])).text if answer.is_redirect else answer.text)


async def _ids(desk: Desk) -> tuple[str, str]:
    async with desk.database.read_only() as session:
        place = (await session.scalars(select(Place).where(Place.slug == "guenange"))).one()
        return str(place.id), str((await adviser(session, "sandra")).id)


async def _new(desk: Desk) -> list[Opening]:
    async with desk.database.read_only() as session:
        rows = await session.scalars(select(Opening).where(Opening.edited_at.is_not(None)).order_by(Opening.id))
        return list(rows)


async def test_an_opening_is_previewed_then_saved_and_offered(desk: Desk) -> None:
    place, sandra = await _ids(desk)
    form = OPENING | {"place": place, "adviser": sandra, "days": ["1", "3"], "rhythm": "w2", "first": "2027-03-16"}
    form |= {"break_start": "10:30", "break_end": "11:00", "label": "garantie jeunes"}
    seen = await _save(desk, **form)
    assert "Un mardi sur deux, 9 h – 10 h 30, 11 h – 12 h" in seen
    assert "Mardi 16 mars" in seen
    assert "Mardi 23 mars" not in seen
    assert "Sandra a déjà une ouverture à ces heures : Permanence de Hayange, le mardi" in seen
    assert await _new(desk) == []
    assert "L'ouverture est enregistrée" in await _save(desk, **form, sure="oui")
    tuesday, thursday = await _new(desk)
    assert (tuesday.weekday, thursday.weekday, tuesday.every_weeks, tuesday.label) == (1, 3, 2, "garantie jeunes")
    browser = await desk.logged_in("sandra")
    assert _slot(tuesday, "2027-03-16T11:00") in (await browser.get("/console/agenda?jour=2027-03-16&par=jour")).text
    assert (
        _slot(tuesday, "2027-03-23T11:00") not in (await browser.get("/console/agenda?jour=2027-03-23&par=jour")).text
    )


async def test_a_holiday_among_the_next_times_is_said(desk: Desk) -> None:
    place, sandra = await _ids(desk)
    form = OPENING | {"place": place, "adviser": sandra, "rhythm": "dates", "dates": ["2027-03-26", "2027-04-02", ""]}
    seen = await _save(desk, **form)
    assert "Vendredi 26 mars : jour férié (Vendredi saint), personne n'est reçu" in seen
    assert "Vendredi 2 avril" in seen


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"place": ""}, "Il manque le lieu"),
        ({"start": "12:00", "end": "09:00"}, "Les heures ne vont pas"),
        ({"start": "09:03"}, "Les heures ne vont pas"),
        ({"start": "abc"}, "Les heures ne vont pas"),
        ({"break_start": "08:00", "break_end": "10:00"}, "La pause ne va pas"),
        ({"break_start": "10:00"}, "La pause ne va pas"),
        ({"modes": []}, "Choisis au moins une façon de se voir"),
        ({"minutes": "240"}, "La durée ne va pas"),
        ({"minutes": "7"}, "La durée ne va pas"),
        ({"days": []}, "Choisis au moins un jour"),
        ({"rhythm": "dates"}, "Choisis au moins une date"),
        ({"rhythm": "dates", "dates": ["2027-04-31"]}, "Choisis au moins une date"),
        ({"first": "2027-04-01", "last": "2027-03-01"}, "Les dates ne vont pas"),
        ({"first": "2027-03-11", "last": "2027-03-12"}, "Les dates ne vont pas"),
        ({"rhythm": "w2"}, "Écris la date de la première fois"),
        ({"adviser": "", "seats": "0"}, "Le nombre de personnes"),
    ],
)
async def test_what_an_opening_cannot_be_is_said_and_nothing_typed_is_lost(
    desk: Desk, changes: dict[str, str | list[str]], said: str
) -> None:
    place, sandra = await _ids(desk)
    form = OPENING | {"place": place, "adviser": sandra, "days": ["1"], "label": "le mardi"} | changes
    browser = await desk.logged_in("sandra")
    token = re.search(r'name="csrf" value="([\w-]+)"', (await browser.get("/console/compte")).text)
    assert token is not None
    data = {"csrf": token[1], **form, "sure": "oui"}
    answer = await browser.http.post("/console/permanences/ouvertures/nouvelle", data=data)
    assert answer.status_code == 400
    assert said in words(answer.text)
    assert 'value="le mardi"' in answer.text
    assert await _new(desk) == []


async def test_a_changed_opening_says_who_is_hit_and_each_is_kept_or_cancelled(desk: Desk) -> None:
    kept, cancelled, fits = [await _booked(desk, f"2027-03-{day}") for day in ("10T16:00", "17T16:30", "17T14:00")]
    opening = await _opening(desk)
    form = OPENING | {
        "place": str(opening.place_id),
        "adviser": str(opening.adviser_id),
        "days": "2",
        "start": "13:30",
        "end": "16:00",
    }
    path = f"ouvertures/{opening.id}"
    seen = await _save(desk, path=path, **form)
    assert "2 rendez-vous sont touchés" in seen
    assert f"Aujourd'hui à 16 h, Jeune {kept.person_id}" in seen
    assert f"Jeune {fits.person_id}" not in seen
    await _save(desk, path=path, **form, **{f"then-{kept.id}": "keep", f"then-{cancelled.id}": "cancel"}, sure="oui")
    assert await _state(desk, kept) is AppointmentState.BOOKED
    assert await _state(desk, fits) is AppointmentState.BOOKED
    assert await _state(desk, cancelled) is AppointmentState.CANCELLED_BY_STRUCTURE
    assert "Ton rendez-vous est annulé" in (await _told(desk, cancelled))[0]
    assert await _told(desk, kept) == []
    changed = await _opening(desk)
    assert (changed.id, changed.end_minute) == (opening.id, 16 * 60)
    assert changed.edited_at is not None, "the territory file does not change it any more"
    # A forged choice about an appointment that is not hit changes nothing.
    await _save(desk, path=path, **form, **{f"then-{fits.id}": "cancel"}, sure="oui")
    assert await _state(desk, fits) is AppointmentState.BOOKED


async def test_a_withdrawn_opening_is_not_offered_and_what_is_booked_is_kept(desk: Desk) -> None:
    booked = await _booked(desk, "2027-03-17T14:00")
    opening = await _opening(desk)
    browser = await desk.logged_in("sandra")
    asked = words((await browser.get(f"/console/permanences/ouvertures/{opening.id}/retirer")).text)
    assert "Un rendez-vous est touché" in asked
    assert "retirée" in await _save(desk, path=f"ouvertures/{opening.id}/retirer")
    page = (await browser.get("/console/agenda?jour=2027-03-17&par=jour")).text
    assert f"creneau={opening.id}:" not in page
    assert f"Jeune {booked.person_id}" in words(page)
    assert await _state(desk, booked) is AppointmentState.BOOKED
    assert (await browser.get(f"/console/permanences/ouvertures/{opening.id}")).status_code == 404


async def test_an_absence_says_who_is_hit_and_closes_the_slots(desk: Desk) -> None:
    booked, other = await _booked(desk, "2027-03-17T14:00"), await _booked(desk, "2027-03-17T16:00")
    async with desk.database.read_only() as session:
        whose = f"c{(await adviser(session, 'sandra')).id}"
    form = {"whose": whose, "first": "2027-03-01", "last": "2027-03-31", "weekday": "2", "reason": "réunion"}
    form |= {"start": "13:30", "end": "15:00"}
    seen = await _save(desk, path="absences/nouvelle", **form)
    assert "chaque mercredi" in seen
    assert f"Jeune {booked.person_id}" in seen
    assert f"Jeune {other.person_id}" not in seen
    await _save(desk, path="absences/nouvelle", **form, **{f"then-{booked.id}": "cancel"}, sure="oui")
    assert await _state(desk, booked) is AppointmentState.CANCELLED_BY_STRUCTURE
    assert "Ton rendez-vous est annulé" in (await _told(desk, booked))[0]
    browser = await desk.logged_in("sandra")
    opening = await _opening(desk)
    page = (await browser.get("/console/agenda?jour=2027-03-17&par=jour")).text
    assert _slot(opening, "2027-03-17T14:00") not in page
    assert _slot(opening, "2027-03-17T15:00") in page
    async with desk.database.read_only() as session:
        absence = (await session.scalars(select(Absence).where(Absence.edited_at.is_not(None)))).one()
    await _save(desk, path=f"absences/{absence.id}/retirer")
    assert _slot(opening, "2027-03-17T14:00") in (await browser.get("/console/agenda?jour=2027-03-17&par=jour")).text


async def test_another_structures_adviser_or_place_cannot_be_made_away(desk: Desk) -> None:
    async with desk.database.read_only() as session:
        karim = (await adviser(session, "karim")).id
    form = {"whose": f"c{karim}", "first": "2027-03-01", "last": "2027-03-31", "sure": "oui"}
    await _save(desk, path="absences/nouvelle", **form)
    async with desk.database.read_only() as session:
        assert (await session.scalars(select(Absence).where(Absence.edited_at.is_not(None)))).all() == []


# ── The calendar, the demand ─────────────────────────────────────────────────────────────────


async def test_a_private_calendar_follows_what_changes_until_it_is_given_up(desk: Desk) -> None:
    booked = await _booked(desk, "2027-03-10T14:00")
    sandra, nobody = await desk.logged_in("sandra"), await desk.browser()
    made = await sandra.submit("/console/agenda/flux", "/console/agenda/flux")
    address = re.search(r"https://desk\.test(/console/flux/[\w-]{43}\.ics)", made.text)
    assert address is not None
    assert address[1] not in (await sandra.get("/console/agenda/flux")).text, "shown once"

    async def event() -> icalendar.Event:
        answer = await nobody.get(address[1])
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
        [found] = icalendar.Calendar.from_ical(answer.text).walk("VEVENT")
        return found

    first = await event()
    assert str(first["summary"]) == f"Jeune {booked.person_id}, Un premier rendez-vous (sur place)"
    assert str(first["location"]).startswith("Mission Locale, Thionville")
    assert (str(first["uid"]), first["dtstart"].dt) == (booked.uid, paris("2027-03-10T14:00"))
    await sandra.submit("/console/compte", f"/console/rendez-vous/{booked.id}", state="cancelled_by_young")
    assert (str((await event())["status"]), (await event())["sequence"]) == ("CANCELLED", 1)

    again = await sandra.submit("/console/agenda/flux", "/console/agenda/flux")
    assert (await nobody.get(address[1])).status_code == 404, "a new address ends the one before"
    address = re.search(r"https://desk\.test(/console/flux/[\w-]{43}\.ics)", again.text)
    assert address is not None
    await sandra.submit("/console/agenda/flux", "/console/agenda/flux/fermer")
    assert (await nobody.get(address[1])).status_code == 404


async def test_a_coordinator_sees_when_nobody_is_there(desk: Desk) -> None:
    claire = await desk.logged_in("claire")
    page = words((await claire.get("/console/trous")).text)
    assert "Trous des 14 jours" in page
    assert "demain à 12 h demain à 13 h 30 1 h 30" in page


async def test_a_coordinator_sees_what_is_asked_for_and_not_served(desk: Desk) -> None:
    metz = communes.by_insee("57206")
    async with desk.database.unit_of_work() as session:
        young = await young_person(session)
        for now in (NOW, NOW, NOW - timedelta(days=40)):
            await demand.note_unserved(session, young, metz, now)
        assert await session.scalar(select(func.count()).select_from(Unserved)) == 2
    past = await _booked(desk, "2027-03-08T13:30", place="thionville")
    claire = await desk.logged_in("claire")
    page = words((await claire.get("/console/demande")).text)
    assert f"{metz.name} {metz.postcodes[0]} 2" in page
    assert f"{metz.name} {metz.postcodes[0]} 3" in words((await claire.get("/console/demande?jours=90")).text)
    assert "personne" in page
    async with desk.database.read_only() as session:
        structure = (await adviser(session, "claire")).structure
        used = {one.opening.id: one for one in await demand.used(session, structure, NOW, 30)}
    assert (used[past.opening_id].booked, used[past.opening_id].came) == (1, 0)
    # Mondays from 8 February to 8 March, seven half-hours an afternoon.
    assert used[past.opening_id].offered == 5 * 7
    assert used[(await _opening(desk)).id].booked == 0
