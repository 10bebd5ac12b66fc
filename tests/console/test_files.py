"""Files from the console: sent from the thread, opened by the structure they belong to and nobody else."""

from __future__ import annotations

import re

import httpx
import pytest
from sqlalchemy import select

from bot.domain.files import FileState
from bot.services import files
from bot.storage.tables import Conversation, InboxRow, StoredFile
from tests.console.desk import Browser, Desk
from tests.factories import handoff, writes, young_person
from tests.fakes.files import MAKER, PDF, VOICE, photo

# What a form does is the same on both; what it keeps is tested in tests/services.
pytestmark = pytest.mark.parametrize("demo_url", ["sqlite"], indirect=True)


async def _held(desk: Desk) -> Conversation:
    async with desk.database.unit_of_work() as session:
        young = await young_person(session)
        await handoff(session, young, taken_by="sandra", now=desk.now)
        return young


async def _sends(browser: Browser, young: Conversation, content: bytes, name: str, **fields: str) -> httpx.Response:
    path = f"/console/conversations/{young.id}"
    token = re.search(r'name="csrf" value="([\w-]+)"', (await browser.get("/console/compte")).text)
    assert token is not None
    data = {"csrf": token[1], "back": path, **fields}
    return await browser.http.post(f"{path}/fichier", data=data, files={"file": (name, content)})


async def test_a_photo_is_sent_and_stays_in_the_thread(desk: Desk) -> None:
    young, sandra = await _held(desk), await desk.logged_in("sandra")
    answer = await _sends(sandra, young, photo(), "Lea Martin nue.jpg", text="Voilà le plan")
    assert answer.status_code == 303
    page = (await sandra.get(f"/console/conversations/{young.id}")).text
    assert "Voilà le plan" in page
    assert "Lea Martin" not in page
    link = re.search(r'src="(/console/fichiers/\d+)"', page)
    assert link is not None
    file = await sandra.get(link[1])
    assert file.headers["content-type"] == "image/jpeg"
    assert re.fullmatch(r'attachment; filename="photo-\d+\.jpg"', file.headers["content-disposition"])
    assert file.headers["x-content-type-options"] == "nosniff"
    assert file.headers["cache-control"] == "no-store"
    assert MAKER.encode() not in file.content


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "ne passe pas ici"),
        (b"<html><script>alert(1)</script></html>", "ne passe pas ici"),
        (VOICE, "ne passe pas ici"),
        (b"", "Il manque le fichier"),
        (PDF + b" " * 10 * 1024 * 1024, "trop lourd : 10 Mo"),
    ],
)
async def test_what_is_refused_says_why_and_nothing_leaves(desk: Desk, content: bytes, says: str) -> None:
    young, sandra = await _held(desk), await desk.logged_in("sandra")
    answer = await _sends(sandra, young, content, "photo.jpg")
    assert answer.headers["location"] == f"/console/conversations/{young.id}"
    assert says in (await sandra.get(answer.headers["location"])).text
    async with desk.database.read_only() as session:
        assert (await session.scalars(select(StoredFile))).all() == []


async def test_another_structure_and_a_partner_open_nothing(desk: Desk) -> None:
    young = await _held(desk)
    await _sends(await desk.logged_in("sandra"), young, PDF, "plan.pdf")
    async with desk.database.read_only() as session:
        [number] = await session.scalars(select(StoredFile.id))
    assert (await (await desk.logged_in("nadia")).get(f"/console/fichiers/{number}")).content == PDF
    karim = await desk.logged_in("karim")
    assert (await karim.get(f"/console/fichiers/{number}")).status_code == 404
    assert (await karim.get(f"/console/fichiers/{number + 1}")).status_code == 404
    assert (await _sends(karim, young, PDF, "plan.pdf")).status_code == 404
    assert (await (await desk.logged_in("anne")).get(f"/console/fichiers/{number}")).status_code == 403
    assert (await (await desk.browser()).get(f"/console/fichiers/{number}")).status_code == 303


async def test_a_colleague_who_does_not_hold_it_sends_nothing(desk: Desk) -> None:
    young, nadia = await _held(desk), await desk.logged_in("nadia")
    await _sends(nadia, young, PDF, "plan.pdf")
    assert "Il faut d&#39;abord prendre la conversation." in (await nadia.get("/console")).text


async def test_a_voice_message_is_heard_in_the_thread(desk: Desk) -> None:
    young, sandra = await _held(desk), await desk.logged_in("sandra")
    cleaned = await files.clean(desk.settings.vault, VOICE)
    async with desk.database.unit_of_work() as session:
        await writes(session, young.identity.address, now=desk.now)
        row = (await session.scalars(select(InboxRow).order_by(InboxRow.id.desc()).limit(1))).one()
        await files.keep(session, desk.settings.vault, young, cleaned, desk.now, inbox_id=row.id)
    page = (await sandra.get(f"/console/conversations/{young.id}")).text
    found = re.search(r'<audio [^>]*src="(/console/fichiers/\d+)"', page)
    assert found is not None
    assert (await sandra.get(found[1])).content == VOICE


async def test_a_file_that_could_not_be_kept_says_so(desk: Desk) -> None:
    young, sandra = await _held(desk), await desk.logged_in("sandra")
    async with desk.database.unit_of_work() as session:
        await writes(session, young.identity.address, now=desk.now)
        row = (await session.scalars(select(InboxRow).order_by(InboxRow.id.desc()).limit(1))).one()
        await files.expect(session, young, row, "reference", desk.now)
        (await session.scalars(select(StoredFile))).one().state = FileState.TOO_BIG
    page = (await sandra.get(f"/console/conversations/{young.id}")).text
    assert "Fichier trop lourd : il n&#39;est pas gardé ici." in page
    assert "/console/fichiers/" not in page
