"""The web chat's door: stored before it is acknowledged, once, within its limits, and nobody else's."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from bot.channels.webchat import page
from bot.channels.webchat.guard import COOKIE
from bot.channels.webchat.messenger import WebMessenger
from bot.channels.webchat.stream import MOST_TABS, Shown, Stream
from bot.domain.conversations import MAX_TEXT, Button, Say
from bot.domain.outbox import OutboxState
from bot.domain.people import Channel
from bot.services import delivery, outbox, people, turns, web_sessions
from bot.services.feed import Feed
from bot.services.turns import Pace
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.tables import (
    ChannelIdentity,
    Conversation,
    InboxRow,
    OutboxRow,
    Person,
    SendBudget,
    SourceTouch,
    WebSession,
)
from bot.web import make_app
from tests.factories import NOW
from tests.fakes.assistant import FakeAssistant
from tests.fakes.clock import FakeClock
from tests.fakes.encoder import FakeEncoder

SITE = "http://chat.test"
OURS = {"Sec-Fetch-Site": "same-origin"}
SCRIPT = OURS | {"Accept": "application/json"}
PACE = Pace(timedelta(0), timedelta(seconds=15))
_numbers = itertools.count(1_800_000_000_000_000)


class Site:
    """The chat of one service, and the worker's steps when asked."""

    def __init__(self, database: Database, **settings: Any) -> None:
        self.database = database
        self.clock = FakeClock(NOW.astimezone(UTC))
        self.settings = Settings(_env_file=None, public_url=SITE, **settings)
        self.settings.__dict__["clock"] = self.clock
        self.feed = Feed(database)
        self.stored = 0
        self.app = make_app(self.settings, database, self.feed, self._count)
        self.assistant = FakeAssistant(Say("utter_goodbye"))
        self.encoder = FakeEncoder()

    def _count(self) -> None:
        self.stored += 1

    @asynccontextmanager
    async def browser(self, address: str = "10.0.0.1", **headers: str) -> AsyncIterator[Browser]:
        transport = httpx.ASGITransport(self.app, client=(address, 1234))
        async with httpx.AsyncClient(transport=transport, base_url=SITE, headers=headers) as http:
            yield Browser(self, http)

    async def work(self) -> None:
        """Everything the worker would do now."""
        messengers = {Channel.WEB: WebMessenger(self.database, self.clock)}
        while await turns.take_turn(self.database, self.assistant, _nothing, self.encoder, self.clock, PACE):
            pass
        while await delivery.deliver(self.database, messengers, self.clock, timedelta(seconds=15)):
            pass

    async def count(self, table: Any) -> int:
        async with self.database.read_only() as session:
            return await session.scalar(select(func.count()).select_from(table)) or 0

    async def rows(self, table: Any) -> list[Any]:
        async with self.database.read_only() as session:
            return list((await session.scalars(select(table))).all())


class Browser:
    def __init__(self, site: Site, http: httpx.AsyncClient) -> None:
        self.site = site
        self.http = http

    async def opens(self, query: str = "") -> httpx.Response:
        return await self.http.get(f"/chat{query}")

    async def sends(self, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
        fields.setdefault("id", next(_numbers))
        return await self.http.post("/chat/messages", data=fields, headers=headers or SCRIPT)

    async def says(self, text: str, **fields: Any) -> httpx.Response:
        answer = await self.sends(text=text, **fields)
        await self.site.work()
        return answer

    async def reads(self) -> list[str]:
        """The bubbles of the page, as a screen reader says them."""
        shown = (await self.opens()).text
        return [
            unescape(re.sub(r"<[^>]+>", "", f"{side} : {said}")).replace("\u00a0", " ")
            for side, said in re.findall(r'class="hidden">(\w+) : </span>\s*<p class="said">(.*?)</p>', shown, re.S)
        ]


async def _nothing(*_: Any) -> list[Say]:
    return [Say("utter_rasa_away")]


@pytest.fixture
def site(database: Database) -> Site:
    return Site(database)


@pytest.fixture
def either_site(either: Database) -> Site:
    """For what the two databases may do differently."""
    return Site(either)


@pytest.fixture
async def lea(site: Site) -> AsyncIterator[Browser]:
    async with site.browser() as browser:
        await browser.opens()
        yield browser


# ── Sessions ─────────────────────────────────────────────────────────────────────────────────


async def test_looking_makes_nothing_and_says_what_this_is(site: Site) -> None:
    async with site.browser() as someone:
        shown = (await someone.opens("?s=affiche-gare")).text
    for word in (
        "robot",
        "ne t'inscrit nulle part",
        "pas un service d'urgence",
        ">15<",
        ">112<",
        ">114<",
        "psychologue",
    ):
        assert word in unescape(shown)
    assert "<title>Messagerie</title>" in shown
    for table in (WebSession, Person, ChannelIdentity, InboxRow, SourceTouch):
        assert await site.count(table) == 0


async def test_the_first_message_opens_a_session_and_is_greeted(site: Site, lea: Browser) -> None:
    assert (await lea.sends()).json()["cookie"] is True
    assert site.stored == 1
    await site.work()
    said = await lea.reads()
    assert "Je suis le robot" in said[0]
    (row,) = await site.rows(WebSession)
    assert lea.http.cookies[COOKIE] not in (row.token_hash, row.address)


async def test_the_source_is_kept_first_and_last(site: Site) -> None:
    async with site.browser() as lea:
        await lea.opens("?s=affiche-gare")
        await lea.sends(s="affiche-gare")
        await site.work()
        await lea.sends(s="pub-2019", text="slt")
        (touch,) = await site.rows(SourceTouch)
    assert (touch.first_code, touch.first_known, touch.last_code, touch.last_known) == (
        "affiche-gare",
        True,
        "pub-2019",
        False,
    )


async def test_a_first_text_keeps_its_source_too(site: Site, lea: Browser) -> None:
    await lea.says("slt", s="affiche-gare")
    (touch,) = await site.rows(SourceTouch)
    assert touch.first_code == "affiche-gare"
    assert [line.split(" : ")[0] for line in await lea.reads()][:2] == ["Toi", "Robot"]


async def test_two_browsers_share_nothing(site: Site, lea: Browser) -> None:
    await lea.says("rien que pour moi")
    async with site.browser() as tom:
        await tom.opens()
        await tom.says("coucou")
        assert not any("rien que pour moi" in line for line in await tom.reads())
    assert await site.count(Person) == 2


async def test_a_first_message_sent_again_opens_one_session(either_site: Site) -> None:
    """Its answer was lost on the way: the browser still holds the token the page gave."""
    site = either_site
    async with site.browser() as lea:
        await lea.opens()
        number, token = next(_numbers), lea.http.cookies[COOKIE]
        await asyncio.gather(*(lea.sends(id=number, text="slt") for _ in range(3)))
        lea.http.cookies.clear()
        lea.http.cookies.set(COOKIE, token, domain="chat.test", path="/chat")
        await lea.sends(id=number, text="slt")
        assert (await site.count(WebSession), await site.count(InboxRow), await site.count(Person)) == (1, 1, 1)


@pytest.mark.parametrize("token", ["short", "'; drop table web_session; --", "a" * 500])
async def test_a_token_of_their_own_making_is_replaced(site: Site, token: str) -> None:
    async with site.browser() as someone:
        answer = await someone.sends(SCRIPT | {"Cookie": f"{COOKIE}={token}"}, text="slt")
    assert re.search(rf"{COOKIE}=[\w-]{{43}};", answer.headers["set-cookie"])


async def test_a_session_is_forgotten_a_week_after_it_was_last_seen(site: Site, lea: Browser) -> None:
    await lea.says("slt")
    for _ in range(3):
        site.clock.advance(days=5)
        await lea.opens()
        async with site.database.unit_of_work() as session:
            await web_sessions.forget_old(session, site.clock.now())
    assert await site.count(WebSession) == 1
    site.clock.advance(days=7, seconds=1)
    assert await lea.reads() == []
    async with site.database.unit_of_work() as session:
        await web_sessions.forget_old(session, site.clock.now())
    assert await site.count(WebSession) == 0


async def test_the_cookie_lasts_once_they_wrote_and_scripts_cannot_read_it(site: Site, lea: Browser) -> None:
    looked = (await lea.opens()).headers["set-cookie"]
    assert "Max-Age" not in looked
    await lea.says("slt")
    kept = (await lea.opens()).headers["set-cookie"]
    for flag in ("Path=/chat", "HttpOnly", "SameSite=Lax", "Max-Age=604800"):
        assert flag in kept
    assert "Secure" not in kept


async def test_in_a_frame_over_https_the_cookie_is_partitioned(database: Database) -> None:
    site = Site(database, embed_sites=["https://asso.example"])
    site.settings.public_url = "https://chat.test"
    async with site.browser() as lea:
        answer = await lea.http.get("/chat", headers={"Sec-Fetch-Dest": "iframe"})
        posted = await lea.sends(OURS, id=5, text="slt", frame="1")
    for cookie in (answer.headers["set-cookie"], posted.headers["set-cookie"]):
        for flag in ("SameSite=None", "Secure", "Partitioned"):
            assert flag in cookie
    assert posted.headers["location"] == "/chat?frame=1&c=1#end"


async def test_who_refuses_cookies_is_told(site: Site) -> None:
    async with site.browser() as someone:
        answer = await someone.sends(OURS, text="slt")
        someone.http.cookies.clear()
        assert "bloque les cookies" in unescape((await someone.http.get(answer.headers["location"])).text)
        someone.http.cookies.clear()
        assert (await someone.sends(text="slt")).json()["cookie"] is False


# ── Writing ──────────────────────────────────────────────────────────────────────────────────


async def test_a_message_sent_twice_is_stored_once(either_site: Site) -> None:
    site = either_site
    async with site.browser() as lea:
        await lea.opens()
        number = next(_numbers)
        for _ in range(3):
            assert (await lea.sends(id=number, text="slt")).status_code == 200
        await site.work()
        assert (await lea.reads()).count("Toi : slt") == 1


async def test_a_number_used_for_something_else_loses_nothing(either_site: Site) -> None:
    """A page without script, brought back as it was, gives the number it had given."""
    site = either_site
    async with site.browser() as lea:
        await lea.opens()
        await lea.sends(id=77, text="slt")
        await lea.sends(id=77, text="et aussi ça")
        await site.work()
        assert {"Toi : slt", "Toi : et aussi ça"} <= set(await lea.reads())


async def test_it_is_stored_before_anyone_is_told(site: Site, lea: Browser) -> None:
    await lea.sends(text="slt")
    assert (await site.count(InboxRow), site.stored) == (1, 1)
    async with site.database.unit_of_work() as session:
        await session.execute(text("ALTER TABLE inbox RENAME TO elsewhere"))
    with pytest.raises(DBAPIError):
        await lea.sends(text="perdu ?")
    assert site.stored == 1


async def test_a_press_shows_what_the_button_said(site: Site, lea: Browser) -> None:
    await lea.sends()
    await site.work()
    (greeting,) = [row for row in await site.rows(OutboxRow) if row.payload["buttons"]]
    title, payload = greeting.payload["buttons"][0]
    await lea.sends(payload=payload, line=greeting.id)
    await site.work()
    assert f"Toi : {title}" in await lea.reads()


async def test_the_menu_works_at_any_time(site: Site, lea: Browser) -> None:
    await lea.sends(payload="where")
    await site.work()
    said = await lea.reads()
    assert "Toi : Où et quand venir ?" in said
    assert any("robot" in line for line in said)


@pytest.mark.parametrize(
    "payload", ["take:1", "slot:1:2:3:4", "cancel_yes:1", "open:join-x", "remind:phone:x", "x" * 64]
)
async def test_an_old_or_forged_button_gets_a_sentence(either_site: Site, payload: str) -> None:
    site = either_site
    async with site.browser() as lea:
        await lea.opens()
        await lea.says("slt")
        before = len(await lea.reads())
        await lea.sends(payload=payload, line="999999999999")
        await site.work()
        answered = (await lea.reads())[before:]
        assert answered
        assert all(line.startswith("Robot") for line in answered)


async def test_the_button_of_another_is_not_told(site: Site, lea: Browser) -> None:
    await lea.sends()
    await site.work()
    row = next(row for row in await site.rows(OutboxRow) if row.payload["buttons"])
    async with site.browser() as tom:
        await tom.opens()
        await tom.says("slt")
        await tom.sends(payload=row.payload["buttons"][0][1], line=row.id)
        await site.work()
        assert not any(line == f"Toi : {row.payload['buttons'][0][0]}" for line in await tom.reads())


async def test_commands_are_typed(site: Site, lea: Browser) -> None:
    await lea.says("/AIDE")
    said = await lea.reads()
    assert said[0] == "Toi : /aide"
    assert any("/humain" in line for line in said)


async def test_a_text_too_long_is_refused_with_a_sentence_and_stays_in_the_box(site: Site, lea: Browser) -> None:
    assert (await lea.sends(text="a" * MAX_TEXT)).status_code == 200
    answer = await lea.sends(text="a" * (MAX_TEXT + 1))
    assert (answer.status_code, "trop long" in answer.json()["say"]) == (413, True)
    shown = await lea.sends(OURS, text="b" * (MAX_TEXT + 1))
    assert "b" * (MAX_TEXT + 1) in shown.text
    assert (
        await lea.http.post("/chat/messages", content=b"id=9&text=" + b"a" * 200_000, headers=SCRIPT)
    ).status_code == 413
    assert await site.count(InboxRow) == 1


@pytest.mark.parametrize(
    "body", [b"", b"id=x", b"id=-4&text=a", b"text=a", b"id=%ff", b"{}", b"id=99999999999999999999"]
)
async def test_what_is_no_form_of_ours_is_refused(site: Site, lea: Browser, body: bytes) -> None:
    answer = await lea.http.post("/chat/messages", content=body, headers=SCRIPT)
    assert answer.status_code == 400
    assert await site.count(InboxRow) == 0


async def test_texts_are_shown_as_text(site: Site, lea: Browser) -> None:
    await lea.says("<b>gras</b>\r\n& la suite\x00")
    shown = (await lea.opens()).text
    assert "&lt;b&gt;gras&lt;/b&gt;\n&amp; la suite<" in shown


async def test_without_a_script_the_answer_is_on_the_page(site: Site, lea: Browser) -> None:
    async def answer() -> None:
        while not site.stored:
            await asyncio.sleep(0.01)
        await site.work()

    task = asyncio.create_task(answer())
    redirected = await lea.sends(OURS, text="/aide")
    await task
    assert (redirected.status_code, redirected.headers["location"]) == (303, "/chat?c=1#end")
    assert any("/humain" in line for line in await lea.reads())


async def test_a_line_that_has_not_left_is_not_shown(site: Site, lea: Browser) -> None:
    await lea.says("slt")
    async with site.database.unit_of_work() as session:
        conversation = (await session.scalars(select(Conversation))).one()
        await outbox.say(session, conversation, [Say("utter_thank")], site.clock.now() + timedelta(minutes=1))
    before = await lea.reads()
    site.clock.advance(minutes=2)
    await site.work()
    assert len(await lea.reads()) == len(before) + 1


# ── Other sites ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": SITE}, 403),
        ({"Origin": SITE}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
async def test_only_our_own_page_may_post(site: Site, lea: Browser, headers: dict[str, str], status: int) -> None:
    answer = await lea.sends({"Accept": "application/json", **headers}, text="slt")
    assert answer.status_code == status
    assert await site.count(InboxRow) == (1 if status == 200 else 0)
    assert (await lea.http.post("/chat/quit", headers=headers)).status_code == status


async def test_the_policy_lets_nothing_else_in(database: Database) -> None:
    site = Site(database, embed_sites=["https://asso.example", "https://ville.example"])
    async with site.browser() as lea:
        answers = [
            await lea.opens(),
            await lea.sends(text="slt"),
            await lea.http.get("/chat/files/1"),
            await lea.http.get("/chat/static/chat.js"),
            await lea.http.post("/chat/quit", headers={"Origin": "https://evil.example"}),
        ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "frame-ancestors 'self' https://asso.example https://ville.example" in policy
        assert "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert [answer.headers["cache-control"] for answer in answers if "static" not in str(answer.url)] == [
        "no-store"
    ] * 4
    assert not re.search(r"<style|style=|<script>|\son\w+=|javascript:|//fonts", answers[0].text)


# ── Limits ───────────────────────────────────────────────────────────────────────────────────


async def test_too_many_messages_are_refused_for_a_while_and_danger_never(either_site: Site) -> None:
    site = either_site
    async with site.browser() as lea:
        await lea.opens()
        answers = [await lea.sends(text=f"message {number}") for number in range(25)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert [answer.status_code for answer in answers[:21]] == [200] * 21  # the first one opens the session
        assert len(refused) == 4
        assert int(refused[0].headers["retry-after"]) >= 1
        assert "Attends un peu" in refused[0].json()["say"]
        assert (await lea.sends(text="jveux mourir ce soir")).status_code == 200
        shown = await lea.sends(OURS, text="mon brouillon")
        assert (shown.status_code, "mon brouillon" in shown.text) == (429, True)
        site.clock.advance(seconds=2)
        assert (await lea.sends(text="et là")).status_code == 200


async def test_one_address_cannot_open_sessions_for_ever_and_is_not_kept(site: Site) -> None:
    statuses = []
    for _ in range(33):
        async with site.browser("192.0.2.7") as someone:
            statuses.append((await someone.sends(text="slt")).status_code)
    assert statuses.count(200) == 30
    async with site.browser("192.0.2.7") as someone:
        assert (await someone.sends(text="il me frappe, il est là")).status_code == 200
    async with site.browser("192.0.2.8") as someone:
        assert (await someone.sends(text="slt")).status_code == 200
    assert await site.count(Person) == 32
    assert not any("192.0.2" in row.scope for row in await site.rows(SendBudget))


# ── Files ────────────────────────────────────────────────────────────────────────────────────


async def test_a_file_is_only_for_the_session_it_was_given_to(either_site: Site) -> None:
    site = either_site
    async with site.browser() as lea:
        await lea.opens()
        await lea.says("slt")
        async with site.database.unit_of_work() as session:
            conversation = (await session.scalars(select(Conversation))).one()
            says = [Say("utter_booked_file", attachment=("rendez-vous.ics", "BEGIN:VCALENDAR"))]
            (row,) = await outbox.say(session, conversation, says, site.clock.now())
        assert (await lea.http.get(f"/chat/files/{row.id}")).status_code == 404  # not sent yet
        await site.work()
        answer = await lea.http.get(f"/chat/files/{row.id}")
        assert (answer.status_code, answer.text) == (200, "BEGIN:VCALENDAR")
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
        assert "rendez-vous.ics" in answer.headers["content-disposition"]
        assert f"/chat/files/{row.id}" in (await lea.opens()).text
        async with site.browser() as tom:
            await tom.opens()
            assert (await tom.http.get(f"/chat/files/{row.id}")).status_code == 404
            await tom.says("slt")
            assert (await tom.http.get(f"/chat/files/{row.id}")).status_code == 404
        assert (await lea.http.get(f"/chat/files/{row.id + 500}")).status_code == 404


@pytest.mark.parametrize("name", ["../routes.py", "..%2froutes.py", "page.html", ""])
async def test_only_the_static_files_are_served(lea: Browser, name: str) -> None:
    assert (await lea.http.get(f"/chat/static/{name}")).status_code == 404


# ── Hiding, erasing, leaving ─────────────────────────────────────────────────────────────────


async def test_hiding_empties_the_screen_and_the_team_keeps_its_copy(site: Site, lea: Browser) -> None:
    await lea.says("mon secret")
    site.clock.advance(seconds=5)
    await lea.says("/cacher")
    (said,) = await lea.reads()
    assert "secret" not in said
    assert "L'écran est vide" in said
    assert any("mon secret" in str(row.payload) for row in await site.rows(InboxRow))
    site.clock.advance(seconds=5)
    await lea.says("encore là")
    assert "Toi : encore là" in await lea.reads()


async def test_erasing_empties_the_page_and_then_forgets_the_browser(site: Site, lea: Browser) -> None:
    await lea.says("mon secret")
    await lea.sends(payload="erase:yes")
    await site.work()
    said = await lea.reads()
    assert not any("secret" in line for line in said)
    assert "tes données sont supprimées" in said[-1]
    site.clock.advance(minutes=6)
    async with site.database.unit_of_work() as session:
        await people.forget_the_erased(session, site.clock.now())
    assert await site.count(WebSession) == 0
    assert await lea.reads() == []
    await lea.says("slt, c'est encore moi")
    assert "Toi : slt, c'est encore moi" in await lea.reads()


async def test_who_writes_just_after_erasing_is_someone_new_and_sees_it(either_site: Site) -> None:
    site = either_site
    async with site.browser() as lea:
        await lea.opens()
        await lea.says("mon secret")
        await lea.sends(payload="erase:yes")
        await site.work()
        site.clock.advance(seconds=20)
        await lea.says("autre chose")
        said = await lea.reads()
        assert said[0] == "Toi : autre chose"
        assert len(said) > 1
        assert await site.count(Person) == 2


async def test_quitting_ends_the_session_and_leaves_nothing(site: Site, lea: Browser) -> None:
    await lea.says("mon secret")
    stolen = lea.http.cookies[COOKIE]
    answer = await lea.http.post("/chat/quit", headers=OURS)
    assert answer.headers["clear-site-data"] == '"cache", "cookies", "storage"'
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert f'content="0;url={site.settings.quit_url}"' in answer.text
    assert COOKIE not in lea.http.cookies
    lea.http.cookies.set(COOKIE, stolen, domain="chat.test", path="/chat")
    assert "mon secret" not in (await lea.opens()).text
    # Writing again with the old cookie is someone new.
    lea.http.cookies.set(COOKIE, stolen, domain="chat.test", path="/chat")
    await lea.sends(text="slt")
    assert (await site.count(WebSession), await site.count(Person)) == (2, 2)
    assert "mon secret" not in (await lea.opens()).text


async def test_what_comes_after_they_left_is_not_sent_and_the_team_can_know(site: Site, lea: Browser) -> None:
    await lea.says("slt")
    await lea.http.post("/chat/quit", headers=OURS)
    async with site.database.unit_of_work() as session:
        conversation = (await session.scalars(select(Conversation))).one()
        (row,) = await outbox.say(session, conversation, [Say("utter_thank")], site.clock.now())
    await site.work()
    async with site.database.read_only() as session:
        assert (await session.get_one(OutboxRow, row.id)).state is OutboxState.FAILED
        assert (await session.scalars(select(ChannelIdentity.unreachable_at))).one() is not None


# ── Server-sent events ───────────────────────────────────────────────────────────────────────


class Page:
    """What an open page makes of the events: a line once, in its place."""

    def __init__(self, site: Site, token: str | None, epoch: str = "") -> None:
        self.lines: list[str] = []
        self.doubled = 0
        self.epoch = epoch
        self.ended: str | None = None
        self._events = Stream(site.database, site.feed, site.clock, "").events(token, Shown(0, epoch), framed=False)
        self._task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        async for event in self._events:
            if event.event == "clear":
                self.lines, self.epoch = [], event.data
            elif event.event == "end":
                self.ended = event.data
            elif (line := json.loads(event.data)["id"]) in self.lines:
                self.doubled += 1
            else:
                self.lines.append(line)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@pytest.fixture
async def following(site: Site) -> AsyncIterator[None]:
    task = asyncio.create_task(site.feed.run())
    await asyncio.sleep(0.1)
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.usefixtures("following")
async def test_an_open_page_hears_everything_once(site: Site, lea: Browser) -> None:
    await lea.says("slt")
    shown = Page(site, lea.http.cookies[COOKIE])
    await shown.until(lambda: len(shown.lines) >= 2)
    site.clock.advance(seconds=5)
    number = next(_numbers)
    await lea.sends(id=number, text="autre chose")
    await shown.until(lambda: f"y{number}" in shown.lines)
    before = len(shown.lines)
    await site.work()
    await shown.until(lambda: len(shown.lines) > before)
    again = Page(site, lea.http.cookies[COOKIE], shown.epoch)
    await again.until(lambda: len(again.lines) == len(shown.lines))
    assert again.lines == shown.lines
    assert (shown.doubled, again.doubled) == (0, 0)
    await shown.close()
    await again.close()


@pytest.mark.usefixtures("following")
async def test_an_open_page_clears_and_ends(site: Site, lea: Browser) -> None:
    await lea.says("mon secret")
    shown = Page(site, lea.http.cookies[COOKIE])
    await shown.until(lambda: len(shown.lines) >= 2)
    first = shown.epoch
    site.clock.advance(seconds=5)
    await lea.says("/cacher")
    await shown.until(lambda: shown.epoch != first and len(shown.lines) == 1)
    await lea.http.post("/chat/quit", headers=OURS)
    await shown.until(lambda: shown.ended == "quit")
    await shown.close()


@pytest.mark.usefixtures("following")
async def test_a_page_that_slept_through_a_hiding_is_cleared(site: Site, lea: Browser) -> None:
    epoch = (await lea.sends(text="mon secret")).json()["epoch"]
    await site.work()
    site.clock.advance(seconds=5)
    await lea.says("/cacher")
    woken = Page(site, lea.http.cookies[COOKIE], epoch)
    await woken.until(lambda: woken.epoch != epoch and len(woken.lines) == 1)
    await woken.close()


@pytest.mark.usefixtures("following")
async def test_one_browser_cannot_open_streams_for_ever(site: Site, lea: Browser) -> None:
    await lea.says("slt")
    stream, shown = Stream(site.database, site.feed, site.clock, ""), Shown(0, "")
    streams = [stream.events(lea.http.cookies[COOKIE], shown, framed=False) for _ in range(MOST_TABS)]
    assert [(await anext(events)).event for events in streams] == ["clear"] * MOST_TABS
    assert [event async for event in stream.events(lea.http.cookies[COOKIE], shown, framed=False)] == []
    await streams.pop().aclose()
    assert (await anext(stream.events(lea.http.cookies[COOKIE], shown, framed=False))).event == "clear"


async def test_without_a_session_the_stream_ends_at_once(site: Site) -> None:
    nobody = Page(site, None)
    await nobody.until(lambda: nobody.ended == "over")
    await nobody.close()


# ── Telegram, and what a text gives to call ──────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["", "promeneurs_bot"])
async def test_telegram_is_only_proposed_where_there_is_a_bot(database: Database, name: str) -> None:
    site = Site(database, telegram_bot_name=name)
    async with site.browser() as lea:
        await lea.opens()
        await lea.says("slt")
        async with database.unit_of_work() as session:
            conversation = (await session.scalars(select(Conversation))).one()
            says = [
                Say("utter_remind_where", {"appointment": "1"}),
                Say("utter_remind_telegram", {}, (Button("Ouvrir Telegram", "open:join-abc"),)),
            ]
            await outbox.say(session, conversation, says, site.clock.now())
        await site.work()
        shown = (await lea.opens()).text
    assert ("Sur Telegram" in shown) is bool(name)
    assert (f'href="https://t.me/{name}?start=join-abc"' in shown) is bool(name)
    assert "Par téléphone" in shown


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("Appelle le 15 ou le 112. Sinon, un SMS au 114.", ["tel:15", "tel:112", "sms:114"]),
        ("Jeudi, le 15 mars, à 17 h 30", []),
        ("Le 3114, le 0 800 235 236 ou le 06 12 34 56 78.", ["tel:3114", "tel:0800235236", "tel:0612345678"]),
        ("Par tchat : 3018.fr, commentonsaime.fr/aide.", ["https://3018.fr", "https://commentonsaime.fr/aide"]),
        ("<a href=x>15</a>", []),
    ],
)
def test_what_a_text_gives_to_call_is_one_touch_away(text: str, links: list[str]) -> None:
    html = str(page.with_links(text))
    assert re.findall(r'href="([^"]+)"', html) == links
    assert unescape(re.sub(r"</?a[^>]*>", "", html)).replace("\u00a0", " ") == text
