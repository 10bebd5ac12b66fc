"""The links to Telegram: made in the console by who is logged in, used once, within fifteen minutes."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.domain.conversations import Incoming, IncomingKind
from bot.domain.topics import GroupKind
from bot.services import linking
from bot.storage.tables import Adviser, OutboxRow, TelegramLink, TopicGroup
from tests.console.desk import Desk, email
from tests.factories import adviser

# What the services do on PostgreSQL is tested with them.
pytestmark = pytest.mark.parametrize("demo_url", ["sqlite"], indirect=True)

PAGE = "/console/telegram"


async def _make(desk: Desk, slug: str, action: str = "lier") -> str:
    """The code of a link."""
    async with desk.database.unit_of_work() as session:
        offer = linking.offer_account if action == "lier" else linking.offer_group
        return await offer(session, await adviser(session, slug), desk.now)


async def _make_in_console(desk: Desk, slug: str, action: str = "lier") -> str:
    """The same, as the page shows it."""
    desk.settings.telegram_bot_name = "promeneurs_bot"
    browser = await desk.logged_in(slug)
    answer = await browser.submit(PAGE, f"{PAGE}/{action}")
    found = re.search(r"https://t\.me/promeneurs_bot\?start(?:group)?=([\w-]+)", answer.text)
    assert found is not None, answer.text
    return found[1]


async def _start(desk: Desk, code: str, address: str) -> None:
    async with desk.database.unit_of_work() as session:
        incoming = Incoming(IncomingKind.COMMAND, address, desk.now, text="start", argument=code)
        await linking.link_account(session, incoming, desk.now)


async def _start_group(desk: Desk, code: str, sender: str, chat: str = "-1001", kind: str = GroupKind.FORUM) -> None:
    async with desk.database.unit_of_work() as session:
        incoming = Incoming(
            IncomingKind.COMMAND, f"{chat}/", desk.now, text="start", argument=code, sender=sender, group=kind
        )
        await linking.link_group(session, incoming, desk.now)


async def _chat(desk: Desk, slug: str) -> str | None:
    async with desk.database.read_only() as session:
        return await session.scalar(select(Adviser.telegram_chat).where(Adviser.slug == slug))


async def _groups(desk: Desk) -> list[tuple[str, str]]:
    async with desk.database.read_only() as session:
        return [(one.structure_id, one.chat_id) for one in await session.scalars(select(TopicGroup))]


async def _said(desk: Desk) -> list[str]:
    async with desk.database.read_only() as session:
        return [row.payload["text"] for row in await session.scalars(select(OutboxRow).order_by(OutboxRow.id))]


async def test_a_link_ties_one_account_once_within_fifteen_minutes(desk: Desk) -> None:
    code = await _make_in_console(desk, "sandra")
    async with desk.database.read_only() as session:
        assert code not in str([row.token_hash for row in await session.scalars(select(TelegramLink))])
    await _start(desk, code, "700")
    await _start(desk, code, "701")
    assert await _chat(desk, "sandra") == "700", "the second time it opens nothing"
    late = await _make(desk, "nadia")
    desk.move_to(desk.now + timedelta(minutes=15, seconds=1))
    await _start(desk, late, "702")
    assert await _chat(desk, "nadia") is None
    await _start(desk, "lier_" + "x" * 43, "703")
    said = await _said(desk)
    assert said[0].startswith("C'est fait, Sandra")
    assert [one.startswith("Ce lien a déjà servi") for one in said[1:]] == [True] * 3


async def test_an_account_is_one_advisers_and_is_given_up_in_one_click(desk: Desk) -> None:
    await _start(desk, await _make(desk, "sandra"), "700")
    await _start(desk, await _make(desk, "karim"), "700")
    assert (await _chat(desk, "sandra"), await _chat(desk, "karim")) == (None, "700")
    browser = await desk.logged_in("karim")
    assert (await browser.submit(PAGE, f"{PAGE}/delier")).status_code == 303
    assert await _chat(desk, "karim") is None


async def test_a_new_link_closes_the_one_before_and_the_group_link_links_no_account(desk: Desk) -> None:
    before, after = await _make(desk, "claire"), await _make(desk, "claire")
    await _start(desk, before, "700")
    assert await _chat(desk, "claire") is None
    await _start(desk, after, "700")
    group = await _make(desk, "claire", "groupe")
    await _start(desk, group, "701")
    assert await _chat(desk, "claire") == "700"


async def test_the_coordinator_links_a_private_group_with_topics_and_no_other(desk: Desk) -> None:
    await _start(desk, await _make(desk, "claire"), "700")
    for kind in (GroupKind.PLAIN, GroupKind.PUBLIC):
        await _start_group(desk, await _make(desk, "claire", "groupe"), "700", kind=kind)
    code = await _make_in_console(desk, "claire", "groupe")
    await _start_group(desk, code, "999")
    assert await _groups(desk) == [], "the link alone is not enough: it is opened by who made it"
    await _start_group(desk, code, "700")
    assert await _groups(desk) == [("ml-demo", "-1001")]
    await _start_group(desk, code, "700", chat="-1002")
    assert await _groups(desk) == [("ml-demo", "-1001")], "once"
    browser = await desk.logged_in("claire")
    assert "Le groupe est relié" in (await browser.get(PAGE)).text
    await browser.submit(PAGE, f"{PAGE}/groupe/fermer")
    assert await _groups(desk) == []


async def test_the_group_of_another_structure_is_not_taken(desk: Desk) -> None:
    await _start(desk, await _make(desk, "claire"), "700")
    async with desk.database.unit_of_work() as session:
        karim = await adviser(session, "karim")
        session.add(TopicGroup(structure_id=karim.structure_id, chat_id="-1001", made_by=karim.id, made_at=desk.now))
    await _start_group(desk, await _make(desk, "claire", "groupe"), "700")
    assert await _groups(desk) == [("amp-demo", "-1001")]


async def test_who_is_not_coordinator_or_not_linked_makes_no_group_link(desk: Desk) -> None:
    desk.settings.telegram_bot_name = "promeneurs_bot"
    sandra = await desk.logged_in("sandra")
    assert (await sandra.submit(PAGE, f"{PAGE}/groupe")).status_code == 403
    assert (await sandra.submit(PAGE, f"{PAGE}/groupe/fermer")).status_code == 403
    claire = await desk.logged_in("claire")
    await claire.submit(PAGE, f"{PAGE}/groupe", back=PAGE)
    assert "ton propre compte Telegram" in (await claire.get(PAGE)).text


async def test_a_partner_has_no_such_page_and_a_form_needs_its_token(desk: Desk) -> None:
    partner = await desk.browser()
    await partner.log_in(email("anne"))
    assert (await partner.get(PAGE)).status_code == 403
    assert (await partner.http.post(f"{PAGE}/lier", data={"csrf": "x"})).status_code == 403
    sandra = await desk.logged_in("sandra")
    assert (await sandra.http.post(f"{PAGE}/lier", data={"csrf": "x"})).status_code == 403


async def test_without_a_robot_on_telegram_it_is_said(desk: Desk) -> None:
    sandra = await desk.logged_in("sandra")
    await sandra.submit(PAGE, f"{PAGE}/lier", back=PAGE)
    assert "pas de robot Telegram" in (await sandra.get(PAGE)).text
