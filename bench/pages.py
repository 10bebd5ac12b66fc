"""From someone's send in the web chat to the bot's answer on their page, and to its line in two hundred open consoles.

Two pages are in a real browser, the young person's and an adviser's; the other consoles are streams of the same
events. Everyone looks at the same conversation, which is the worst case: each change goes to all.
"""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import httpx
from playwright.async_api import Page, async_playwright
from sqlalchemy import select

from bench.whole import opened, show, show_memory, started
from bot.domain.people import Channel
from bot.services import accounts
from bot.storage.tables import ChannelIdentity, Conversation
from tests.browser.finding import MISSING, find_chromium
from tests.console.desk import HASHED, PASSWORD, email
from tests.factories import adviser
from tests.world import Service

CONSOLES = 200
SENDS = 40
BETWEEN_SECONDS = 1.2
LINES = (
    "c koi la mission locale",
    "faut ramener koi",
    "jcherche un taf",
    "ya koi comme formation",
    "qui lit mes messages",
)
# Keeps when each line of a list came on the page, in milliseconds since 1970.
WATCH = """selector => {
  window.seen = [];
  const list = document.querySelector(selector);
  new MutationObserver(records => {
    for (const record of records) for (const node of record.addedNodes)
      if (node.nodeType === 1) window.seen.push([Date.now(), node.className, node.textContent]);
  }).observe(list, {childList: true, subtree: true});
}"""
SEND = """text => {
  document.querySelector('#text').value = text;
  const now = Date.now();
  document.querySelector('#write').requestSubmit();
  return now;
}"""
Seen = list[tuple[float, str]]


async def log_in(base: str, slug: str) -> httpx.AsyncClient:
    """A browser of the team without a window."""
    http = httpx.AsyncClient(
        base_url=base,
        follow_redirects=True,
        trust_env=False,
        timeout=httpx.Timeout(30, read=None),
        limits=httpx.Limits(max_connections=None),
    )
    page = (await http.get("/console")).text
    token = page.split('name="csrf" value="')[1].split('"')[0]
    await http.post("/console/connexion", data={"csrf": token, "after": "", "email": email(slug), "password": PASSWORD})
    return http


async def follow(http: httpx.AsyncClient, conversation_id: int, seen: Seen) -> None:
    """One open console: when each of its pieces came, in seconds since 1970."""
    async with http.stream("GET", "/console/events", params={"conversation": conversation_id}) as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data:") and line != "data:":
                seen.append((time.time(), json.loads(line.removeprefix("data:")).get("html", "")))


async def conversation_on_the_web(service: Service) -> int:
    async with service.database.read_only() as session:
        found = await session.scalar(
            select(Conversation.id)
            .join(ChannelIdentity, Conversation.identity_id == ChannelIdentity.id)
            .where(ChannelIdentity.channel == Channel.WEB)
        )
    assert found is not None, "the young person has written"
    return found


async def open_console(page: Page, base: str, conversation_id: int) -> None:
    await page.goto(f"{base}/console")
    await page.fill("#email", email("sandra"))
    await page.fill("[type=password]", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/console")
    await page.goto(f"{base}/console/conversations/{conversation_id}")


async def measure(service: Service, chat: Page, desk: Page, base: str) -> None:
    await chat.goto(f"{base}/chat")
    await chat.evaluate(SEND, "slt")
    await chat.wait_for_selector("li.bot", timeout=60_000)
    await asyncio.sleep(3)
    conversation_id = await conversation_on_the_web(service)
    await open_console(desk, base, conversation_id)
    http = await log_in(base, "nadia")
    streams: list[Seen] = [[] for _ in range(CONSOLES - 1)]
    tasks = [asyncio.create_task(follow(http, conversation_id, seen)) for seen in streams]
    await asyncio.sleep(5)
    await chat.evaluate(WATCH, "#lines")
    await desk.evaluate(WATCH, "#thread")
    sent: list[tuple[float, str]] = []
    for number in range(SENDS):
        text = f"{LINES[number % len(LINES)]} {number}"
        sent.append((await chat.evaluate(SEND, text), text))
        await asyncio.sleep(BETWEEN_SECONDS)
    await asyncio.sleep(3)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await http.aclose()
    on_chat, on_desk = await chat.evaluate("window.seen"), await desk.evaluate("window.seen")
    answers, at_desk, at_consoles = [], [], []
    for index, (at, text) in enumerate(sent):
        until = sent[index + 1][0] if index + 1 < len(sent) else at + 10_000
        answers += [when - at for when, kind, _ in on_chat if " bot" in f" {kind}" and at <= when < until][:1]
        at_desk += [when - at for when, _, said in on_desk if text in said][:1]
        for seen in streams:
            at_consoles += [when * 1000 - at for when, html in seen if text in html][:1]
    show("web chat, send → answer on the page", [one / 1000 for one in answers])
    show("send → its line on the desk's page", [one / 1000 for one in at_desk])
    show(f"send → its line in {CONSOLES - 1} consoles", [one / 1000 for one in at_consoles])


async def run(folder: Path, template: Path) -> None:
    print(f"\nWeb chat and console, {CONSOLES} consoles open, with the 0.3 s wait for the rest")
    async with opened(folder / "pages", template) as service, async_playwright() as playwright:
        path = find_chromium(playwright.chromium.executable_path)
        if path is None:
            raise SystemExit(MISSING)
        async with service.database.unit_of_work() as session:
            for slug in ("sandra", "nadia"):
                await accounts.set_up(session, await adviser(session, slug), email(slug), HASHED, must_change=False)
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        with started(service) as root:
            await service.web_ready()
            base = f"http://127.0.0.1:{service.port}"
            chat, desk = await (await browser.new_context()).new_page(), await (await browser.new_context()).new_page()
            await measure(service, chat, desk, base)
            show_memory(root)
        await browser.close()
