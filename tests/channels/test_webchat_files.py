"""Files in the web chat: what the young person sends is checked and kept; what the team sends is for their eyes."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from contextlib import aclosing

import httpx
import pytest
from sqlalchemy import select

from bot.channels.webchat.guard import COOKIE
from bot.channels.webchat.stream import Shown, Stream
from bot.domain.conversations import Author, IncomingKind
from bot.domain.files import FileKind
from bot.services import files, handoffs, rewriting, thread
from bot.storage.database import Database
from bot.storage.tables import Conversation, InboxRow, Message, StoredFile
from tests.channels.test_webchat import OURS, SCRIPT, Browser, Site
from tests.factories import adviser, handoff
from tests.fakes.files import MAKER, PDF, VOICE, photo

_numbers = itertools.count(1_900_000_000_000_000)
REFUSED = "Ce fichier ne passe pas ici : une photo, un PDF, un fichier Word ou ODT. Rien n'est parti."


@pytest.fixture
def site(database: Database) -> Site:
    return Site(database)


async def _sends(browser: Browser, content: bytes, **given: object) -> httpx.Response:
    data = {"id": str(given.get("number") or next(_numbers))}
    headers = given.get("headers") or SCRIPT
    upload = {"file": ("ma carte d'identite.jpg", content, "image/jpeg")}
    answer = await browser.http.post("/chat/files", data=data, files=upload, headers=headers)  # type: ignore[arg-type]
    await browser.site.work()
    return answer


async def test_a_photo_is_kept_without_what_it_says_and_answered_as_before(site: Site) -> None:
    async with site.browser() as browser:
        await browser.says("bonjour")
        assert (await _sends(browser, photo())).status_code == 200
        read = await browser.reads()
        assert "Toi : Photo envoyée" in read
        assert [line for line in read if line.startswith("Robot : ") and "photo" in line]
    async with site.database.read_only() as session:
        [stored] = (await session.scalars(select(StoredFile))).all()
        opened = await files.read(session, site.settings.vault, stored)
        conversation = await session.get_one(Conversation, stored.conversation_id)
        line = next(line for line in (await thread.read(session, conversation)).lines if line.attached)
    assert opened is not None
    assert opened.kind is FileKind.JPEG
    assert MAKER.encode() not in opened.content
    assert line.kind is IncomingKind.PHOTO


async def test_a_file_may_be_the_first_thing_sent(site: Site) -> None:
    async with site.browser() as browser:
        await browser.opens()
        await _sends(browser, PDF)
        assert "Toi : Fichier envoyé" in await browser.reads()
    assert await site.count(StoredFile) == 1


async def test_sent_twice_it_is_kept_once(site: Site) -> None:
    async with site.browser() as browser:
        await browser.says("bonjour")
        number = next(_numbers)
        for _ in range(2):
            assert (await _sends(browser, PDF, number=number)).status_code == 200
    assert await site.count(StoredFile) == 1


@pytest.mark.parametrize(
    ("content", "status", "says"),
    [
        (b"<svg onload='alert(1)'/>", 415, REFUSED),
        (b"MZ\x90", 415, REFUSED),
        (VOICE, 415, REFUSED),
        (b"", 415, "Il manque le fichier : rien n'est parti."),
        (PDF + b" " * 1024 * 1024, 413, "Ce fichier est trop lourd : 1 Mo au plus. Rien n'est parti."),
        (PDF + b" " * 1100 * 1024, 413, "Ce fichier est trop lourd : 1 Mo au plus. Rien n'est parti."),
    ],
)
async def test_what_is_refused_says_why_and_is_not_kept(
    database: Database, content: bytes, status: int, says: str
) -> None:
    site = Site(database, largest_file_mb=1)
    async with site.browser() as browser:
        await browser.says("bonjour")
        answer = await _sends(browser, content)
        assert (answer.status_code, answer.json()) == (status, {"say": says})
        page = await _sends(browser, content, headers=OURS)
        assert page.status_code == status
        assert says.replace("'", "&#39;") in page.text
    assert await site.count(StoredFile) == 0
    assert await site.count(InboxRow) == 1


async def test_without_a_script_the_page_comes_back_with_the_answer(site: Site) -> None:
    async with site.browser() as browser:
        await browser.says("bonjour")
        assert (await _sends(browser, PDF, headers=OURS)).headers["location"] == "/chat#end"


async def test_a_form_of_another_site_sends_nothing(site: Site) -> None:
    async with site.browser() as browser:
        await browser.says("bonjour")
        assert (await _sends(browser, PDF, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
    assert await site.count(StoredFile) == 0


async def test_files_have_a_limit_of_their_own(site: Site) -> None:
    async with site.browser() as browser:
        await browser.says("bonjour")
        answers = [(await _sends(browser, PDF)).status_code for _ in range(25)]
    assert answers.count(200) < 25
    assert answers[-1] == 429


async def test_what_the_team_sends_is_for_this_browser_alone(site: Site) -> None:
    async with site.browser() as browser, site.browser("10.0.0.2") as other:
        await browser.says("bonjour")
        await other.says("bonjour")
        async with site.database.unit_of_work() as session:
            young = (await session.scalars(select(Conversation).order_by(Conversation.id).limit(1))).one()
            held = await handoff(session, young, taken_by="sandra")
            cleaned = await files.sendable(site.settings.vault, PDF)
            sandra = await adviser(session, "sandra")
            await files.send(session, site.settings.vault, held, sandra, cleaned, "Ton dossier", site.clock.now())
        await site.work()
        page = (await browser.opens()).text
        found = re.search(r'href="(/chat/files/\d+)" download', page)
        assert found is not None
        assert "Équipe : Sandra, Mission Locale : Ton dossier" in await browser.reads()
        file = await browser.http.get(found[1])
        assert file.content == PDF
        assert re.fullmatch(r'attachment; filename="document-\d+\.pdf"', file.headers["content-disposition"])
        assert file.headers["x-content-type-options"] == "nosniff"
        assert (await other.http.get(found[1])).status_code == 404
        site.clock.advance(minutes=1)
        await browser.says("/cacher")
        assert (await browser.http.get(found[1])).status_code == 404


async def test_held_by_a_human_a_file_is_answered_by_nobody_else(site: Site) -> None:
    async with site.browser() as browser:
        await browser.says("bonjour")
        async with site.database.unit_of_work() as session:
            young = (await session.scalars(select(Conversation))).one()
            await handoff(session, young, taken_by="sandra")
        await site.work()
        before = await browser.reads()
        site.clock.advance(minutes=1)
        await _sends(browser, photo())
        assert await browser.reads() == [*before, "Toi : Photo envoyée"]


# ── Changed, taken back, being written: on an open page ──────────────────────────────────────


async def test_an_open_page_sees_a_change_a_return_and_who_writes(site: Site) -> None:
    feeding = asyncio.create_task(site.feed.run())
    async with site.browser() as browser:
        await browser.says("bonjour")
        async with site.database.unit_of_work() as session:
            young = (await session.scalars(select(Conversation))).one()
            held = await handoff(session, young, taken_by="sandra")
            row = await handoffs.answer(session, held, await adviser(session, "sandra"), "À 14 h", site.clock.now())
            assert row is not None
        await site.work()
        stream = Stream(site.database, site.feed, site.clock, "")
        events = stream.events(browser.http.cookies[COOKIE], Shown(0, ""), framed=False)

        async def until(name: str, holds: str) -> str:
            async for event in events:
                if event.event == name and holds in str(event.data):
                    return str(event.data)
            raise AssertionError("the page was told no more")

        async with asyncio.timeout(60), aclosing(events):
            before = json.loads(await until("line", "14"))
            async with site.database.unit_of_work() as session:
                message = await session.get_one(Message, row.payload["message"])
                sandra = await adviser(session, "sandra")
                await rewriting.edit(session, message, sandra, "À 15 h", site.clock.now())
            after = json.loads(await until("line", "15"))
            assert after["id"] == before["id"]
            assert 'data-version="1"' in after["html"]
            site.feed.types(young.id, Author.ADVISER, "Sandra")
            assert await until("typing", "") == "Sandra écrit…"
            async with site.database.unit_of_work() as session:
                message = await session.get_one(Message, row.payload["message"])
                await rewriting.take_back(session, message, await adviser(session, "sandra"), site.clock.now())
            assert await until("gone", "") == after["id"]
        assert not [line for line in await browser.reads() if "15" in line]
        assert "15" not in (await browser.opens()).text.split('id="lines"')[1].split("</ol>")[0]
    feeding.cancel()
    await asyncio.gather(feeding, return_exceptions=True)
