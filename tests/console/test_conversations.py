"""From who waits to the answer, in the pages an adviser uses."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

from sqlalchemy import select

from bot.domain.conversations import Bubble, Button, IncomingKind
from bot.domain.handoffs import HandoffReason, HandoffState
from bot.domain.outbox import OutboxKind, OutboxState
from bot.services import handoffs, outbox
from bot.storage.tables import Conversation, Handoff, InboxRow, Message, OutboxRow, Turn
from tests.console.desk import Browser, Desk
from tests.factories import adviser, handoff, writes, young_person


async def _waiting(desk: Desk, *, taken_by: str | None = None) -> Conversation:
    """Someone of the Mission Locale who asked for a human twelve minutes ago."""
    async with desk.database.unit_of_work() as session:
        young = await young_person(session)
        young.commune = "57206"
        await handoff(session, young, taken_by=taken_by, now=desk.now - timedelta(minutes=12))
        return young


def _path(young: Conversation, verb: str = "") -> str:
    return f"/console/conversations/{young.id}{verb}"


async def _outbox(desk: Desk, young: Conversation) -> list[str]:
    async with desk.database.read_only() as session:
        rows = await session.scalars(
            select(OutboxRow).where(OutboxRow.conversation_id == young.id).order_by(OutboxRow.id)
        )
        return [row.payload["text"] for row in rows]


def words(html: str) -> str:
    """What a page says."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).replace("&#39;", "'")


async def test_who_waits_is_shown_without_a_name_or_a_text(desk: Desk) -> None:
    young = await _waiting(desk)
    async with desk.database.unit_of_work() as session:
        await writes(session, young.identity.address, "je m'appelle Léa Martin", now=desk.now)
    page = words((await (await desk.logged_in("sandra")).get("/console")).text)
    assert f"Jeune {young.identity.person_id} depuis 12 min Non lu Veut parler à quelqu'un" in page
    assert "Fameck, Telegram" in page
    assert "Léa" not in page


async def test_take_answer_give_back(desk: Desk) -> None:
    young = await _waiting(desk)
    sandra = await desk.logged_in("sandra")
    taken = await sandra.submit(_path(young), _path(young, "/prendre"))
    assert taken.headers["location"] == _path(young)
    assert "Le robot se tait." in (await sandra.get(_path(young))).text
    answered = await sandra.submit(_path(young), _path(young, "/repondre"), text="Bonjour,\r\nje t'écoute.", once="a1")
    assert answered.headers["location"] == f"{_path(young)}?envoye=a1#bas"
    assert (await _outbox(desk, young))[-1] == "Sandra, Mission Locale : Bonjour,\nje t'écoute."
    await sandra.submit(_path(young), _path(young, "/rendre"))
    async with desk.database.read_only() as session:
        assert (await session.scalars(select(Handoff.state))).one() is HandoffState.GIVEN_BACK
    assert "Le robot répond." in words((await sandra.get(_path(young))).text)


async def test_two_take_at_once_and_the_loser_is_told_who_has_it(desk: Desk) -> None:
    young = await _waiting(desk)
    browsers = {slug: await desk.logged_in(slug) for slug in ("sandra", "nadia", "claire")}
    await asyncio.gather(*(one.submit(_path(young), _path(young, "/prendre")) for one in browsers.values()))
    async with desk.database.read_only() as session:
        winner = (await session.scalars(select(Handoff))).one().adviser
    assert winner is not None
    for slug, browser in browsers.items():
        shown = words((await browser.get(_path(young))).text)
        visible = words(_without_hidden((await browser.get(_path(young))).text))
        if slug == winner.slug:
            assert "Tu réponds depuis" in visible
        else:
            assert f"{winner.first_name} a déjà pris cette conversation." in shown or "répond depuis" in visible
            assert f"{winner.first_name} répond depuis" in visible
            assert "Tu réponds" not in visible


def _without_hidden(html: str) -> str:
    return re.sub(r"<(p|form|section)\b[^>]* hidden\b.*?</\1>", "", html, flags=re.DOTALL)


async def test_the_refusal_is_said_on_the_next_page_once(desk: Desk) -> None:
    young = await _waiting(desk)
    sandra, nadia = await desk.logged_in("sandra"), await desk.logged_in("nadia")
    await sandra.submit(_path(young), _path(young, "/prendre"))
    late = await nadia.submit("/console/compte", _path(young, "/prendre"), back=_path(young))
    assert late.headers["location"] == _path(young)
    assert "Sandra a déjà pris cette conversation." in (await nadia.get(_path(young))).text
    assert "a déjà pris" not in (await nadia.get(_path(young))).text


async def test_only_the_holder_answers_and_what_was_typed_is_kept(desk: Desk) -> None:
    young = await _waiting(desk, taken_by="sandra")
    sandra, nadia = await desk.logged_in("sandra"), await desk.logged_in("nadia")
    refused = await nadia.submit(_path(young), _path(young, "/repondre"), text="Coucou <b>toi</b>")
    assert refused.status_code == 409
    assert "Il faut d&#39;abord prendre la conversation." in refused.text
    assert "Coucou &lt;b&gt;toi&lt;/b&gt;" in refused.text
    before = await _outbox(desk, young)
    for text, said in (("   ", "Le message est vide"), ("é" * 4001, "4001 caractères")):
        answer = await sandra.submit(_path(young), _path(young, "/repondre"), text=text)
        assert answer.status_code == 409
        assert said in answer.text
    assert (await sandra.submit(_path(young), _path(young, "/repondre"), text="é" * 4000)).status_code == 303
    assert len(await _outbox(desk, young)) == len(before) + 1


async def test_an_answer_sent_twice_is_written_once(desk: Desk) -> None:
    young = await _waiting(desk, taken_by="sandra")
    sandra = await desk.logged_in("sandra")
    again = [sandra.submit(_path(young), _path(young, "/repondre"), text="Une fois", once="b2") for _ in range(3)]
    assert {answer.status_code for answer in await asyncio.gather(*again)} == {303}
    await sandra.submit(_path(young), _path(young, "/repondre"), text="Une autre", once="b3")
    assert [text[-8:] for text in (await _outbox(desk, young))[-2:]] == ["Une fois", "ne autre"]
    assert sum("Une fois" in text for text in await _outbox(desk, young)) == 1


async def _lines(browser: Browser, young: Conversation) -> list[tuple[str, str]]:
    """The (id, words) of each line of a thread, in the order of the page."""
    thread = (await browser.get(_path(young))).text.partition('id="thread"')[2].partition("</ol>")[0]
    found = re.finditer(r'<li id="([im]-\d+)"[^>]*>(.*?)(?=<li id="|$)', thread, re.DOTALL)
    return [(one[1], words(one[2])) for one in found]


async def test_what_waits_for_its_turn_is_there_at_once_and_stays_one_line(desk: Desk) -> None:
    young = await _waiting(desk, taken_by="sandra")
    sandra = await desk.logged_in("sandra")
    async with desk.database.unit_of_work() as session:
        await writes(session, young.identity.address, "t la ?", update_id=77, now=desk.now)
    [(line, said)] = [one for one in await _lines(sandra, young) if "t la ?" in one[1]]
    async with desk.database.unit_of_work() as session:
        row = (await session.scalars(select(InboxRow))).one()
        assert line == f"i-{row.id}"
        turn = Turn(
            channel=row.channel, address=row.address, conversation_id=young.id, opened_at=desk.now, lease_until=desk.now
        )
        session.add(turn)
        await session.flush()
        row.turn_id = turn.id
        message = Message(
            conversation_id=young.id,
            inbox_id=row.id,
            author="young",
            kind=IncomingKind.TEXT,
            text="t la ?",
            reference="77",
            at=desk.now,
        )
        session.add(message)
    assert [one for one in await _lines(sandra, young) if "t la ?" in one[1]] == [(line, said)]
    # An edit that waits for its turn is on its line already, with what it was before.
    async with desk.database.unit_of_work() as session:
        row = (await session.scalars(select(InboxRow))).one()
        edit = row.payload | {"kind": "edit", "text": "t là Sandra ?"}
        session.add(
            InboxRow(
                channel=row.channel,
                update_id=78,
                address=row.address,
                kind=IncomingKind.EDIT,
                payload=edit,
                received_at=desk.now,
            )
        )
    [(edited, said)] = [one for one in await _lines(sandra, young) if "t là Sandra ?" in one[1]]
    assert edited == line
    assert "Modifié. Avant : t la ?" in said


async def test_the_thread_names_files_buttons_and_what_became_of_each_line(desk: Desk) -> None:
    young = await _waiting(desk, taken_by="sandra")
    async with desk.database.unit_of_work() as session:
        kept = await session.get_one(Conversation, young.id)
        said = Bubble("Tu veux quoi ?", (Button("Prendre un rendez-vous", "book"),))
        await outbox.say(session, kept, [said], desk.now)
        for number, (kind, argument) in enumerate(
            ((IncomingKind.BUTTON, "book"), (IncomingKind.VOICE, ""), (IncomingKind.PHOTO, ""))
        ):
            await writes(
                session,
                young.identity.address,
                kind=kind,
                argument=argument,
                now=desk.now + timedelta(seconds=number + 1),
            )
        sandra = await adviser(session, "sandra")
        held = await handoffs.open_handoff(session, kept)
        assert held is not None
        states = (OutboxState.WAITING, OutboxState.SENT, OutboxState.FAILED, OutboxState.DROPPED)
        for number, state in enumerate(states):
            moment = desk.now + timedelta(seconds=10 + number)
            await handoffs.answer(session, held, sandra, f"réponse {number}", moment)
            row = (await session.scalars(select(OutboxRow).order_by(OutboxRow.id.desc()).limit(1))).one()
            row.state = state
            row.error = "unreachable" if state is OutboxState.DROPPED else None
    lines = [text for _, text in await _lines(await desk.logged_in("sandra"), young)]
    [start] = [index for index, text in enumerate(lines) if "Tu veux quoi ?" in text]
    shown = lines[start:]
    assert "Prendre un rendez-vous" in shown[0]
    assert "A appuyé sur « Prendre un rendez-vous »" in shown[1]
    assert "Message vocal" in shown[2]
    assert "Photo" in shown[3]
    for line, state in zip(shown[4:], ("en attente", "envoyé", "échec", "bloqué"), strict=True):
        assert state in line


async def test_what_was_erased_is_gone_from_the_page(desk: Desk) -> None:
    young = await _waiting(desk, taken_by="sandra")
    async with desk.database.unit_of_work() as session:
        await writes(session, young.identity.address, "un secret", now=desk.now)
        for row in await session.scalars(select(InboxRow)):
            row.payload, row.kind = {}, IncomingKind.OTHER
        (await session.get_one(Conversation, young.id)).identity.person.erased_at = desk.now
    page = (await (await desk.logged_in("sandra")).get(_path(young))).text
    assert "Cette personne a tout effacé." in page
    assert "un secret" not in page


async def test_a_long_thread_shows_its_end_first(desk: Desk) -> None:
    young = await _waiting(desk, taken_by="sandra")
    async with desk.database.unit_of_work() as session:
        for number in range(230):
            moment = desk.now + timedelta(seconds=number)
            await writes(session, young.identity.address, f"message {number}.", now=moment)
    sandra = await desk.logged_in("sandra")
    page = (await sandra.get(_path(young))).text
    assert "message 229." in page
    assert "message 0." not in page
    assert "Voir le début" in page
    assert "message 0." in (await sandra.get(_path(young) + "?tout=1")).text


async def test_the_reason_and_the_number_of_a_callback_are_shown(desk: Desk) -> None:
    async with desk.database.unit_of_work() as session:
        young = await young_person(session)
        await handoffs.ask(session, young, HandoffReason.CALLBACK, desk.now, detail="+33612345678")
    page = (await (await desk.logged_in("sandra")).get("/console")).text
    assert 'href="tel:+33612345678">06 12 34 56 78</a>' in page


async def test_what_is_written_stays_text(desk: Desk) -> None:
    """No message can pass for a form, a token or a piece of the page."""
    young = await _waiting(desk, taken_by="sandra")
    sandra = await desk.logged_in("sandra")
    nasty = '</li><script>alert(1)</script><p data-for="2" value="the token of the session">'
    async with desk.database.unit_of_work() as session:
        await writes(session, young.identity.address, nasty, now=desk.now)
    page = (await sandra.get(_path(young))).text
    assert "<script>alert" not in page
    assert "value=&#34;the token of the session&#34;" in page
    kinds = {row.kind for row in await _rows(desk)}
    assert kinds == {OutboxKind.ADVISER}


async def _rows(desk: Desk) -> list[OutboxRow]:
    async with desk.database.read_only() as session:
        return list(await session.scalars(select(OutboxRow)))


async def test_two_channels_of_one_person_lead_to_each_other_and_can_be_parted(desk: Desk) -> None:
    async with desk.database.unit_of_work() as session:
        web, telegram = await young_person(session), await young_person(session)
        before, other = web.identity.person_id, telegram.identity.person
        telegram.identity.person_before_id, web.identity.person_before_id = None, before
        web.identity.person = other
    sandra = await desk.logged_in("sandra")
    assert f"/console/conversations/{web.id}" in (await sandra.get(_path(telegram))).text
    page = (await sandra.get(_path(web))).text
    assert f"/console/conversations/{telegram.id}" in page
    assert "Oui, séparer" in page
    await sandra.submit(_path(web), _path(web, "/separer"))
    async with desk.database.read_only() as session:
        assert (await session.get_one(Conversation, web.id)).identity.person_id == before
    assert "La même personne" not in (await sandra.get(_path(web))).text
