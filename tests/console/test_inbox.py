"""The inbox's pages: what is unread, the team's notes, the card, ready replies, search, what becomes of it all."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.console.pages import personal
from bot.domain.conversations import Say
from bot.domain.handoffs import HandoffState
from bot.services import canned, handoffs, notes, turns
from bot.services.turns import Acted
from bot.storage.tables import CannedReply, Conversation, Handoff, Note, OutboxRow
from tests.console.desk import Browser, Desk
from tests.console.test_conversations import _outbox, _path, _waiting, words
from tests.console.test_live import open_page
from tests.factories import adviser, appointment_of, open_turn, paris, slot, writes, young_person

# Pages have no SQL of their own: their services are tested on both databases.
pytestmark = pytest.mark.parametrize("demo_url", ["sqlite"], indirect=True)


async def test_a_piece_may_be_for_several_or_for_all_but_several(desk: Desk) -> None:
    piece = '<p data-for="3 12">a</p><p data-not-for="3 12">b</p><p data-not-for="">c</p>'
    hidden = {12: ["b"], 3: ["b"], 1: ["a"], 2: ["a"]}
    for number, letters in hidden.items():
        assert re.findall(r"hidden>(\w)", personal(piece, number, "t")) == letters


async def _unread(browser: Browser) -> bool:
    waiting = (await browser.get("/console")).text.partition('id="waiting"')[2].partition("</section>")[0]
    mark = waiting.partition('class="unread"')[2].partition(">")[0]
    return bool(mark) and "hidden" not in mark


async def test_what_one_opens_stays_unread_for_the_others_and_comes_back_with_the_next_words(desk: Desk) -> None:
    young = await _waiting(desk)
    sandra, nadia = await desk.logged_in("sandra"), await desk.logged_in("nadia")
    assert await _unread(sandra)
    await sandra.get(_path(young))
    assert not await _unread(sandra)
    assert await _unread(nadia)
    async with desk.database.unit_of_work() as session:
        await writes(session, young.identity.address, "t la ?", now=desk.now)
    assert await _unread(sandra)
    page = (await sandra.get(_path(young, "/fiche"))).text
    assert 'data-read="1"' in page
    async with desk.database.unit_of_work() as session:
        await writes(session, young.identity.address, "allo ?", now=desk.now)
    answer = await sandra.submit("/console/compte", _path(young, "/lu"), last="2")
    assert answer.status_code == 204
    assert not await _unread(sandra)


async def test_a_note_is_in_the_thread_of_the_team_and_nowhere_else(desk: Desk) -> None:
    young = await _waiting(desk, taken_by="sandra")
    sandra, nadia = await desk.logged_in("sandra"), await desk.logged_in("nadia")
    before = await _outbox(desk, young)
    await sandra.submit(_path(young), _path(young, "/note"), text="Dort chez <b>sa tante</b>.")
    assert await _outbox(desk, young) == before
    page = (await nadia.get(_path(young))).text
    assert "Note de Sandra, pour l&#39;équipe seulement" in page.replace("'", "&#39;")
    assert "Dort chez &lt;b&gt;sa tante&lt;/b&gt;." in page
    empty = await sandra.submit(_path(young), _path(young, "/note"), text=" ")
    assert empty.status_code == 409
    async with desk.database.read_only() as session:
        assert len((await session.scalars(select(Note))).all()) == 1


async def test_the_card_says_what_is_known_and_the_name_a_human_wrote(desk: Desk) -> None:
    async with desk.database.unit_of_work() as session:
        young = await young_person(session, with_appointment="2027-03-12T10:00")
        young.commune = "57206"
        turn = await open_turn(session, young)
    said = Acted([Say("utter_need_mobility_licence")], {})

    async def answered(*_: object) -> Acted:
        return said

    await turns.act(desk.database, turn.id, "action_answer_need", answered, desk.now)
    sandra = await desk.logged_in("sandra")
    await sandra.submit(_path(young), _path(young, "/nom"), nickname=" Léa ", back=_path(young, "/fiche"))
    card = words((await sandra.get(_path(young, "/fiche"))).text)
    for known in ("Léa Jeune 1", "Commune Fameck", "A demandé Permis", "Relances Acceptées", "Vendredi 12 mars, 10 h"):
        assert known in card, known


async def test_taking_from_a_colleague_asks_first(desk: Desk) -> None:
    young = await _waiting(desk, taken_by="sandra")
    nadia = await desk.logged_in("nadia")
    refused = await nadia.submit(_path(young), _path(young, "/prendre"), back=_path(young))
    assert refused.status_code == 303
    assert "Sandra a déjà pris cette conversation." in (await nadia.get(_path(young))).text
    asked = words((await nadia.get(_path(young, "/reprendre"))).text)
    assert "Sandra a cette conversation. La prendre quand même ?" in asked
    await nadia.submit(_path(young, "/reprendre"), _path(young, "/prendre"), from_colleague="1")
    assert "je prends la suite de Sandra" in (await _outbox(desk, young))[-1]
    page = words((await nadia.get(_path(young))).text)
    assert "Nadia prend la suite de Sandra" in page
    news = words((await (await desk.logged_in("sandra")).get("/console")).text)
    assert f"Une de tes conversations a été reprise : Jeune {young.identity.person_id}" in news


async def _state(desk: Desk) -> Handoff:
    async with desk.database.read_only() as session:
        return (await session.scalars(select(Handoff))).one()


async def test_put_aside_promised_passed_on_given_back_ended(desk: Desk) -> None:
    young = await _waiting(desk, taken_by="sandra")
    sandra = await desk.logged_in("sandra")
    later = str(int((desk.now + timedelta(hours=2)).timestamp()) // 60)
    for verb, form in (("mettre-de-cote", {"at": "x"}), ("mettre-de-cote", {"at": "1"}), ("promettre", {"at": ""})):
        refused = await sandra.submit(_path(young), _path(young, f"/{verb}"), back=_path(young), **form)
        assert refused.status_code == 303
        assert "Ce moment est passé" in (await sandra.get(_path(young))).text
    await sandra.submit(_path(young), _path(young, "/mettre-de-cote"), at=later)
    assert (await _state(desk)).state is HandoffState.SNOOZED
    assert "Mis de côté jusqu'à 12 h" in words((await sandra.get(_path(young))).text)
    await sandra.submit(_path(young), _path(young, "/mettre-de-cote"), day="2027-03-11")
    assert (await _state(desk)).snoozed_until == paris("2027-03-11T09:00")
    await sandra.submit(_path(young), _path(young, "/promettre"), at=later)
    assert "je te réponds aujourd'hui à 12 h" in (await _outbox(desk, young))[-1]
    async with desk.database.read_only() as session:
        karim, nadia = (await adviser(session, "karim")).id, (await adviser(session, "nadia")).id
    assert (await sandra.submit(_path(young), _path(young, "/transferer"), to=str(karim))).status_code == 404
    await sandra.submit(_path(young), _path(young, "/transferer"), to=str(nadia), until="2027-03-12", note="À toi")
    kept = await _state(desk)
    assert (kept.adviser_id, kept.return_at) == (nadia, paris("2027-03-12T20:00"))
    page = words((await sandra.get(_path(young))).text)
    assert "Sandra transmet la conversation à Nadia, jusqu'à vendredi 12 mars à 20 h" in page
    assert "Pour Nadia : À toi" in page
    hers = await desk.logged_in("nadia")
    await hers.submit(_path(young), _path(young, "/rendre"), summary="On se voit jeudi.")
    assert "On se voit jeudi." in (await _outbox(desk, young))[-2]
    assert (await _state(desk)).state is HandoffState.GIVEN_BACK
    assert (await hers.get(_path(young, "/suite"))).status_code == 303, "nothing is held any more"


async def test_a_coordinator_passes_on_what_another_holds_and_nothing_else(desk: Desk) -> None:
    young = await _waiting(desk, taken_by="sandra")
    claire = await desk.logged_in("claire")
    page = (await claire.get(_path(young, "/suite"))).text
    assert 'id="transfer"' in page
    assert 'id="close"' not in page
    await claire.submit(_path(young), _path(young, "/terminer"), back=_path(young))
    assert (await _state(desk)).state is HandoffState.TAKEN


async def test_writing_first_once_to_someone_known_and_the_words_are_kept(desk: Desk) -> None:
    young = await _waiting(desk, taken_by="sandra")
    sandra, nadia = await desk.logged_in("sandra"), await desk.logged_in("nadia")
    await sandra.submit(_path(young), _path(young, "/terminer"))
    unknown = await nadia.submit(_path(young), _path(young, "/ecrire"), text="Salut")
    assert unknown.status_code == 409
    assert "On écrit en premier à quelqu&#39;un qu&#39;on connaît." in unknown.text
    assert ">Salut</textarea>" in unknown.text
    await sandra.submit(_path(young), _path(young, "/ecrire"), text="Salut, du nouveau ?")
    assert "Salut, du nouveau ?" in (await _outbox(desk, young))[-1]
    again = await sandra.submit(_path(young), _path(young, "/repondre"), text="Alors ?")
    assert again.status_code == 409


async def test_ready_replies_are_a_page_and_fill_the_answer_without_scripts(desk: Desk) -> None:
    young = await _waiting(desk, taken_by="sandra")
    sandra = await desk.logged_in("sandra")
    await sandra.submit("/console/reponses", "/console/reponses", title="Adresse", text="12 rue du Pont.")
    async with desk.database.read_only() as session:
        reply = (await session.scalars(select(CannedReply))).one()
    page = (await sandra.get(f"/console/reponses?pour={young.id}")).text
    assert f'href="{_path(young)}?reponse={reply.id}#text"' in page
    assert ">12 rue du Pont.</textarea>" in (await sandra.get(f"{_path(young)}?reponse={reply.id}")).text
    nadia = await desk.logged_in("nadia")
    assert "12 rue" not in (await nadia.get(f"{_path(young)}?reponse={reply.id}")).text, "hers alone"
    refused = await nadia.submit("/console/reponses", "/console/reponses", title="T", text="T", shared="1")
    assert refused.status_code == 409
    async with desk.database.unit_of_work() as session:
        shared = await canned.add(session, await adviser(session, "claire"), "Venir", "Bus 3.", shared=True)
    for browser in (sandra, nadia):
        answer = await browser.submit("/console/compte", f"/console/reponses/{shared.id}/enlever")
        assert answer.status_code == 404


async def test_a_search_travels_in_a_form_and_stays_in_the_structure(desk: Desk) -> None:
    young = await _waiting(desk)
    async with desk.database.unit_of_work() as session:
        kept = await session.get_one(Conversation, young.id)
        await notes.write(session, kept, await adviser(session, "sandra"), "Dort au <camping>.", desk.now)
    sandra, karim = await desk.logged_in("sandra"), await desk.logged_in("karim")
    found = (await sandra.submit("/console/recherche", "/console/recherche", words="CAMPING")).text
    assert f'href="{_path(young)}"' in found
    assert "&lt;<mark>camping</mark>&gt;." in found
    assert "Rien dans ce que" in (await karim.submit("/console/recherche", "/console/recherche", words="camping")).text
    short = await sandra.submit("/console/recherche", "/console/recherche", words="ca")
    assert short.status_code == 409
    assert "Écris au moins 3 lettres." in short.text


async def test_booking_and_moving_from_a_thread_come_back_to_it(desk: Desk) -> None:
    young = await _waiting(desk, taken_by="sandra")
    sandra = await desk.logged_in("sandra")
    back = _path(young)
    form = (await sandra.get(f"/console/agenda/ajouter?jeune={young.identity.person_id}&back={back}")).text
    assert f'name="back" value="{back}"' in form
    assert f'href="{back}">Revenir à la conversation' in form
    async with desk.database.read_only() as session:
        wanted = await slot(session, "2027-03-17T14:00")
    chosen = f"{wanted.opening_id}:{int(wanted.starts_at.timestamp()) // 60}"
    booked = await sandra.submit(
        "/console/compte",
        "/console/agenda/ajouter",
        jour="2027-03-17",
        mode="sur_place",
        creneau=chosen,
        numero=str(young.identity.person_id),
        sure="oui",
        back=back,
    )
    assert booked.headers["location"] == back
    async with desk.database.read_only() as session:
        number = (await appointment_of(session, young)).id
        other = await slot(session, "2027-03-17T15:00")
    assert f"/console/rendez-vous/{number}/deplacer?back={back.replace('/', '%2F')}" in (
        (await sandra.get(back)).text.replace("back=/console/conversations/", "back=%2Fconsole%2Fconversations%2F")
    )
    moved = await sandra.submit(
        "/console/compte",
        f"/console/rendez-vous/{number}/deplacer",
        jour="2027-03-17",
        mode="sur_place",
        creneau=f"{other.opening_id}:{int(other.starts_at.timestamp()) // 60}",
        sure="oui",
        back="https://ailleurs.test/",
    )
    assert moved.headers["location"] == "/console", "never to another site"


async def test_a_console_that_was_cut_off_has_missed_nothing(desk: Desk) -> None:
    """Lines, notes, steps and unread marks, all written while nobody was connected."""
    young = await _waiting(desk, taken_by="sandra")
    async with open_page(desk, conversation=young.id) as first:
        before = set(first.pieces)
    async with desk.database.unit_of_work() as session:
        kept = await session.get_one(Conversation, young.id)
        sandra, nadia = await adviser(session, "sandra"), await adviser(session, "nadia")
        for number in range(20):
            await writes(session, young.identity.address, f"coupure {number}", now=desk.now + timedelta(seconds=number))
        await notes.write(session, kept, nadia, "Vu pendant la coupure.", desk.now)
        held = await handoffs.open_handoff(session, kept)
        assert held is not None
        await handoffs.transfer(session, held, sandra, nadia, desk.now)
    async with open_page(desk, conversation=young.id) as again:
        await again.until("state", "Nadia")
        html = "".join(again.pieces.values())
        assert before <= set(again.pieces)
        assert all(f"coupure {number}<" in html for number in range(20))
        assert "Vu pendant la coupure." in html
        assert "Sandra transmet la conversation à Nadia" in html
        assert "Non lu" in again.pieces[f"held-{nadia.id}"]
    async with desk.database.read_only() as session:
        assert (await session.scalars(select(OutboxRow).where(OutboxRow.error.is_not(None)))).all() == []
