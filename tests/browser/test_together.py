"""Both doors and the desk at once: someone in the web chat, someone on Telegram, two advisers in the console.

Rasa is away: what must always work is enough to tell the story.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import select

from bot.domain.appointments import AppointmentState
from bot.domain.conversations import Author
from bot.services import accounts
from bot.storage.tables import Appointment, Message
from tests.browser.looking import DESK, PHONE, take_screenshot
from tests.browser.test_chat import opens, presses, says, starts
from tests.browser.test_console import open_desk
from tests.console.desk import HASHED, email
from tests.factories import adviser, paris
from tests.world import Service, free_port, open_service

NOW = paris("2027-03-09T10:00")


@pytest.fixture
async def service(tmp_path: Path, template: Path) -> AsyncIterator[Service]:
    nobody, port = f"http://127.0.0.1:{free_port()}", free_port()
    async with open_service(tmp_path / "service", template, nobody, port, NOW) as opened:
        async with opened.database.unit_of_work() as session:
            for slug in ("sandra", "nadia"):
                await accounts.set_up(session, await adviser(session, slug), email(slug), HASHED, must_change=False)
        opened.start("web")
        opened.start("worker")
        await opened.web_ready()
        yield opened


async def test_two_doors_and_a_desk(chromium: Browser, service: Service) -> None:
    sandra = await open_desk(service, chromium, "sandra", DESK)
    nadia = await open_desk(service, chromium, "nadia", PHONE)
    lea = await opens(chromium, service, viewport=PHONE)
    tom = service.api.user("Tom")

    # Léa books in the web chat while Tom asks for someone on Telegram, and Sandra answers him.
    await starts(lea)
    await presses(lea, "Un rendez-vous")
    await tom.says("/humain")
    await sandra.locator("#waiting .primary").click()
    await expect(sandra.locator("#state")).to_contain_text("Tu réponds")
    await says(lea, "a thionville")
    await sandra.locator("#text").fill("Bonjour Tom.")
    await sandra.locator("#text").press("Control+Enter")
    await tom.waits_for("Sandra, Mission Locale : Bonjour Tom.")
    await presses(lea, "mer. 10/03 11 h")
    await presses(lea, "Oui, je prends")
    await expect(lea.locator(".said", has_text="C'est noté")).to_have_count(1)

    # Léa asks too: Nadia answers her, and each conversation has its own adviser.
    await says(lea, "/humain")
    await nadia.locator("#waiting .primary").click()
    await nadia.locator("#text").fill("Bonjour, c'est Nadia.")
    await nadia.get_by_role("button", name="Envoyer").click()
    await expect(lea.locator(".said", has_text="Nadia, Mission Locale : Bonjour, c'est Nadia.")).to_have_count(1)
    await says(lea, "je viens avec ma soeur ?")
    await expect(nadia.locator(".line.young", has_text="ma soeur")).to_have_count(1)
    await expect(sandra.locator(".line.young", has_text="ma soeur")).to_have_count(0)
    await expect(lea.locator(".young .said").last).to_have_text("je viens avec ma soeur ?")
    await take_screenshot(lea, "chat-phone-9-avec-nadia")

    # An alert of a third reaches both, above what they do.
    yanis = await opens(chromium, service, viewport=DESK)
    await says(yanis, "jvais me tuer ce soir")
    await expect(yanis.locator(".said", has_text="3114").first).to_be_visible()
    for page in (sandra, nadia):
        await expect(page.locator("#alerts")).to_contain_text("Alerte vitale")

    # The next day, Sandra marks who came.
    async with service.database.read_only() as session:
        booked = await session.scalar(select(Appointment))
        assert booked is not None
    service.clock.move_to(booked.starts_at)
    marking = await open_desk(service, chromium, "sandra", DESK)
    await marking.locator(f"#day-present-{booked.id}").click()
    await expect(marking.locator("#today")).to_contain_text("Présent")
    async with service.database.read_only() as session:
        assert (await session.get_one(Appointment, booked.id)).state is AppointmentState.PRESENT


async def test_kill_9_of_the_web_process_at_ten_points_with_both_pages_open(
    chromium: Browser, service: Service
) -> None:
    """Nothing is lost, nothing is doubled, and both pages catch up by themselves."""
    lea = await opens(chromium, service, viewport=PHONE)
    await starts(lea)
    await says(lea, "/humain")
    sandra = await open_desk(service, chromium, "sandra", DESK)
    await sandra.locator("#waiting .primary").click()
    await expect(sandra.locator("#state")).to_contain_text("Tu réponds")
    texts = []
    for point in range(10):
        texts.append(f"message numéro {point}")
        if point % 2:
            await says(lea, texts[-1])
            await asyncio.sleep(0.02 * point)
            service.kill("web")
        else:
            service.kill("web")
            await says(lea, texts[-1])
            await asyncio.sleep(0.05 * point)
        service.start("web")
        await service.web_ready()
    await lea.evaluate("window.dispatchEvent(new Event('online'))")
    await expect(lea.locator(".pending")).to_have_count(0, timeout=30_000)
    await service.quiet()
    numbered = sandra.locator(".line.young .text", has_text="message numéro")
    await expect(numbered).to_have_text(texts, timeout=15_000)
    await expect(lea.locator(".young .said", has_text="message numéro")).to_have_text(texts)
    await sandra.locator("#text").fill("Tout est arrivé.")
    await sandra.locator("#text").press("Control+Enter")
    await expect(lea.locator(".said", has_text="Tout est arrivé.")).to_have_count(1, timeout=15_000)
    async with service.database.read_only() as session:
        kept = await session.scalars(
            select(Message.text)
            .where(Message.author == Author.YOUNG, Message.text.like("message%"))
            .order_by(Message.id)
        )
        assert list(kept) == texts
