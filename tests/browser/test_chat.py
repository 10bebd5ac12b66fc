"""The web chat in a real browser, on the real processes: what a young person sees, whatever the network does.

Rasa is away: the buttons, the booking and safety must work all the same, and the tests are short.
"""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, expect
from sqlalchemy import select

from bot.domain.calendar import PARIS
from bot.storage.tables import Appointment, ConsoleSession, InboxRow, WebSession
from tests.browser.looking import DESK, PHONE, assert_accessible, assert_fits, take_screenshot
from tests.world import Service, free_port, open_service

NOW = datetime(2027, 3, 9, 10, tzinfo=PARIS)
HEAVIEST = 100_000
NARROW = ViewportSize(width=320, height=640)


@pytest.fixture
def site_port() -> int:
    return free_port()


@pytest.fixture
async def service(tmp_path: Path, template: Path, site_port: int) -> AsyncIterator[Service]:
    nobody, port = f"http://127.0.0.1:{free_port()}", free_port()
    settings = {
        "TELEGRAM_BOT_NAME": "promeneurs_demo_bot",
        "QUIT_URL": f"http://localhost:{port}/health",
        "EMBED_SITES": f'["http://127.0.0.1:{site_port}"]',
    }
    async with open_service(tmp_path / "service", template, nobody, port, NOW, **settings) as opened:
        opened.start("web")
        opened.start("worker")
        await opened.web_ready()
        yield opened


async def opens(context: Browser | BrowserContext, service: Service, **options: object) -> Page:
    """The page, as someone who scanned a poster sees it."""
    page = await context.new_page(**options)  # type: ignore[arg-type]
    page.set_default_timeout(10_000)
    await page.goto(address(service, "?s=affiche-gare"))
    return page


def address(service: Service, query: str = "") -> str:
    return f"http://127.0.0.1:{service.port}/chat{query}"


async def starts(page: Page) -> None:
    await page.click("text=Commencer")
    await expect(page.locator(".now .choice")).to_have_count(4)


async def says(page: Page, text: str) -> None:
    await page.fill("#text", text)
    await page.click(".send")


async def presses(page: Page, title: str) -> None:
    await page.locator(".now .choice", has_text=title).first.click()


async def stored(service: Service) -> list[str]:
    async with service.database.read_only() as session:
        rows = await session.scalars(select(InboxRow.payload).order_by(InboxRow.id))
        return [payload["text"] for payload in rows]


# ── A conversation ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("name", "size"), [("phone", PHONE), ("desk", DESK)])
async def test_a_booking_and_a_distress(chromium: Browser, service: Service, name: str, size: ViewportSize) -> None:
    page = await opens(chromium, service, viewport=size)
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    await assert_accessible(page)
    await take_screenshot(page, f"chat-{name}-1-bienvenue")
    await starts(page)
    await take_screenshot(page, f"chat-{name}-2-bonjour")
    await presses(page, "Un rendez-vous")
    await expect(page.locator(".young .said").last).to_have_text("Un rendez-vous")
    await says(page, "a thionville stp")
    await presses(page, "mer. 10/03 11 h")
    await expect(page.locator(".now .choice").first).to_contain_text("Oui, je prends")
    await assert_accessible(page)
    await presses(page, "Oui, je prends")
    await expect(page.locator(".said", has_text="C'est noté")).to_have_count(1)
    file = page.locator("a.file")
    async with page.expect_download() as download:
        await file.click()
    assert (await download.value).suggested_filename == "rendez-vous.ics"
    await presses(page, "Sur Telegram")
    link = page.locator("a.choice")
    assert (await link.get_attribute("href") or "").startswith("https://t.me/promeneurs_demo_bot?start=join-")
    await take_screenshot(page, f"chat-{name}-3-rappel")
    await page.click(".menu summary")
    await assert_accessible(page)
    await take_screenshot(page, f"chat-{name}-4-menu")
    await page.keyboard.press("Escape")
    await says(page, "jveux mourir")
    await expect(page.locator('a[href="tel:3114"]').first).to_be_visible()
    await expect(page.locator(".now .choice")).to_have_count(3)
    await assert_accessible(page)
    await take_screenshot(page, f"chat-{name}-5-detresse")
    await page.emulate_media(color_scheme="dark")
    await assert_accessible(page)
    await take_screenshot(page, f"chat-{name}-6-nuit")
    for width in (size, NARROW):
        await page.set_viewport_size(width)
        await assert_fits(page)
    small = await page.evaluate(
        """() => [...document.querySelectorAll("button, summary, textarea, .choice, .file")]
            .filter(one => one.checkVisibility()).map(one => one.getBoundingClientRect())
            .filter(box => box.height < 43.9 || box.width < 43.9).map(box => [box.x, box.y, box.width, box.height])"""
    )
    assert small == []
    assert faults == []
    async with service.database.read_only() as session:
        assert (await session.scalars(select(Appointment))).one().starts_at.astimezone(PARIS).hour == 11


async def test_with_the_keyboard_alone(chromium: Browser, service: Service) -> None:
    page = await opens(chromium, service, viewport=DESK)

    async def tabs_to(title: str) -> None:
        for _ in range(60):
            await page.keyboard.press("Tab")
            focused = page.locator(":focus")
            if title in (await focused.inner_text() if await focused.count() else ""):
                outline = await focused.evaluate("one => getComputedStyle(one).outlineStyle")
                assert outline != "none", f"{title} does not show its focus"
                return
        raise AssertionError(f"the keyboard does not reach {title}")

    await tabs_to("Commencer")
    await page.keyboard.press("Enter")
    await expect(page.locator(".now .choice")).to_have_count(4)
    await tabs_to("Parler à quelqu'un")
    await page.keyboard.press("Enter")
    await expect(page.locator(".bot .said", has_text="équipe").last).to_be_visible()
    await page.focus("#text")
    await page.keyboard.type("a demain")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("merci")
    await page.keyboard.press("Enter")
    await expect(page.locator(".young .said").last).to_have_text("a demain\nmerci")
    await page.focus(".menu summary")
    await page.keyboard.press("Enter")
    await tabs_to("Voir mon rendez-vous")
    await page.keyboard.press("Escape")
    await expect(page.locator(".menu summary")).to_be_focused()
    await tabs_to("Quitter")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/health")


# ── The network ──────────────────────────────────────────────────────────────────────────────


async def test_it_is_light_and_usable_on_a_slow_phone_network(chromium: Browser, service: Service) -> None:
    """At 400 ms of round trip and 400 kbit/s."""
    context = await chromium.new_context(viewport=PHONE)
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    weights: list[float] = []
    await devtools.send("Network.enable")
    devtools.on("Network.loadingFinished", lambda event: weights.append(event["encodedDataLength"]))
    slow = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
    await devtools.send("Network.emulateNetworkConditions", slow)
    began = time.monotonic()
    await page.goto(address(service))
    await expect(page.locator(".start")).to_be_visible()
    opened = time.monotonic() - began
    await says(page, "/aide")
    began = time.monotonic()
    await expect(page.locator(".bot .said").first).to_be_visible()
    answered = time.monotonic() - began
    weight = sum(weights)
    print(f"\nweb chat: {weight / 1000:.1f} kB, open in {opened:.1f} s, answered in {answered:.1f} s")
    assert weight <= HEAVIEST


async def test_what_is_written_while_the_network_is_away_leaves_once(chromium: Browser, service: Service) -> None:
    context = await chromium.new_context(viewport=PHONE)
    page = await opens(context, service)
    await starts(page)
    await context.set_offline(True)
    for text in ("premier sans réseau", "second sans réseau"):
        await says(page, text)
    await expect(page.locator(".pending .state")).to_have_count(2)
    await expect(page.locator("#notice")).to_contain_text("partira tout seul")
    await page.fill("#text", "un brouillon")
    await take_screenshot(page, "chat-phone-7-sans-reseau")
    await context.set_offline(False)
    await expect(page.locator(".pending")).to_have_count(0)
    await expect(page.locator(".young")).to_have_count(2)
    await page.reload()
    await expect(page.locator("#text")).to_have_value("un brouillon")
    await expect(page.locator(".young")).to_have_count(2)
    await service.quiet()
    assert (await stored(service))[1:] == ["premier sans réseau", "second sans réseau"]


async def test_open_pages_do_not_hold_the_service_back_when_it_stops(chromium: Browser, service: Service) -> None:
    page = await opens(chromium, service, viewport=PHONE)
    await starts(page)
    service.processes["web"].terminate()
    await asyncio.to_thread(service.processes["web"].join, 60)
    assert service.processes["web"].exitcode is not None


# ── Without a script, in a frame, and leaving ────────────────────────────────────────────────


async def test_without_javascript_it_sends_and_shows(chromium: Browser, service: Service) -> None:
    context = await chromium.new_context(java_script_enabled=False, viewport=PHONE)
    page = await opens(context, service)
    await page.click("text=Commencer")
    await expect(page.locator(".bot .said").first).to_contain_text("robot")
    await page.locator(".now .choice", has_text="Un rendez-vous").click()
    await expect(page.locator(".young .said")).to_have_text("Un rendez-vous")
    await says(page, "a thionville")
    await page.locator(".now .choice", has_text="mer. 10/03 11 h").click()
    await page.locator(".now .choice", has_text="Oui, je prends").click()
    await expect(page.locator(".said", has_text="C'est noté")).to_have_count(1)
    await expect(page.locator(".now .choice").last).to_be_in_viewport()
    await take_screenshot(page, "chat-phone-8-sans-script")
    await page.click("text=Quitter")
    await page.wait_for_url("**/health")
    await page.goto(address(service))
    await expect(page.locator(".line")).to_have_count(0)


async def test_quitting_leaves_nothing_on_the_screen_or_behind_the_back_button(
    chromium: Browser, service: Service
) -> None:
    context = await chromium.new_context(viewport=PHONE)
    page = await context.new_page()
    await page.goto(f"http://127.0.0.1:{service.port}/health")
    await page.goto(address(service))
    await starts(page)
    other = await context.new_page()
    await other.goto(address(service))
    await expect(other.locator(".bot").first).to_be_visible()
    assert await page.title() == "Messagerie"
    await page.fill("#text", "mon secret")
    await page.click("text=Quitter")
    await page.wait_for_url("http://localhost:*/health")
    # The other tab of the same browser empties itself too.
    await other.wait_for_url("http://localhost:*/health")
    await page.go_back()
    assert "/chat" not in page.url
    assert await context.cookies() == []
    await page.goto(address(service))
    await expect(page.locator(".start")).to_be_visible()
    await expect(page.locator(".line")).to_have_count(0)
    await expect(page.locator("#text")).to_have_value("")
    assert await page.evaluate("sessionStorage.length + localStorage.length") == 0


async def test_quitting_works_while_the_network_is_away(chromium: Browser, service: Service) -> None:
    context = await chromium.new_context(viewport=PHONE)
    page = await opens(context, service)
    await starts(page)
    await context.set_offline(True)
    await page.click("text=Quitter")
    await page.wait_for_timeout(2000)
    await context.set_offline(False)
    await page.goto(address(service))
    await page.wait_for_url("**/health")
    async with service.database.read_only() as session:
        assert (await session.scalars(select(WebSession))).one().ended_at is not None
        assert (await session.scalars(select(ConsoleSession))).all() == []


@pytest.fixture
def structure_site(tmp_path: Path, site_port: int, service: Service) -> Iterator[ThreadingHTTPServer]:
    """A structure's own site, with the two lines of docs/mise-en-service.md."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text(
        f'<iframe src="{address(service, "?frame=1")}" title="Messagerie" width="360" height="640"></iframe>\n'
        f'<a href="{address(service)}">Ouvrir la messagerie</a>'
    )
    handler = functools.partial(QuietHandler, directory=str(tmp_path / "site"))
    server = ThreadingHTTPServer(("127.0.0.1", site_port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing to say."""


@pytest.mark.usefixtures("structure_site")
async def test_a_structure_shows_it_on_its_own_site_and_others_cannot(
    chromium: Browser, service: Service, site_port: int
) -> None:
    page = await chromium.new_page(viewport=DESK)
    await page.goto(f"http://127.0.0.1:{site_port}/")
    frame = page.frame_locator("iframe")
    await frame.locator("text=Commencer").click()
    await expect(frame.locator(".now .choice")).to_have_count(4)
    await take_screenshot(page, "chat-desk-7-site-d-une-structure")
    # The same page under a name that is not allowed.
    await page.goto(f"http://localhost:{site_port}/")
    await page.wait_for_timeout(500)
    await expect(page.frame_locator("iframe").locator("text=Commencer")).to_have_count(0)
