"""A street educator's phone in a real browser: an encounter without a network, a code to show, an alert to answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import func, select

from bot.domain.safety import check
from bot.services import accounts, alerts
from bot.storage.tables import Encounter
from tests.browser.looking import DESK
from tests.browser.test_console import PHONE, look, open_desk, tab_to
from tests.console.desk import HASHED, email
from tests.factories import adviser, paris, writes, young_person
from tests.world import Service, free_port, open_service

NOW = paris("2027-03-10T15:40")
CRITICAL = "jen peux plus jvais me tuer ce soir"


@pytest.fixture
async def service(tmp_path: Path, template: Path) -> AsyncIterator[Service]:
    async with open_service(tmp_path / "service", template, "http://127.0.0.1:1", free_port(), NOW) as opened:
        async with opened.database.unit_of_work() as session:
            for slug in ("karim", "claire"):
                await accounts.set_up(session, await adviser(session, slug), email(slug), HASHED, must_change=False)
        opened.start("web")
        await opened.web_ready()
        yield opened


async def _count(service: Service) -> int:
    async with service.database.read_only() as session:
        return await session.scalar(select(func.count()).select_from(Encounter)) or 0


async def _note(page: Page, place: str) -> None:
    await page.locator("#place").fill(place)
    await page.get_by_role("button", name="Un de plus").click()
    await page.locator("#note").click()


async def test_encounters_without_a_network_are_sent_once_it_is_back(service: Service, chromium: Browser) -> None:
    page = await open_desk(service, chromium, "karim", PHONE)
    await page.get_by_role("link", name="Rue").click()
    await look(page, "rencontre-phone")
    await page.evaluate("navigator.serviceWorker.ready")
    await tab_to(page, "#note")
    await page.keyboard.press("Enter")
    await expect(page.locator("#queue")).to_have_text("Tout est envoyé.")
    await expect(page.locator("#mine .rows li")).to_have_count(1)

    await page.context.set_offline(True)
    await _note(page, "Devant la gare")
    await expect(page.locator("#queue")).to_contain_text("1 rencontre à envoyer. Pas de réseau.")
    await page.reload()
    await expect(page.locator("main")).to_contain_text("Pas de réseau : ce que tu notes reste sur ce téléphone")
    await expect(page.locator("#queue")).to_contain_text("1 rencontre à envoyer")
    await _note(page, "Au skatepark")
    await expect(page.locator("#queue")).to_contain_text("2 rencontres à envoyer")
    await expect(page.locator("#place")).to_have_value("Au skatepark")
    await look(page, "rencontre-phone-hors-ligne")

    # Back: they leave by themselves, and only once each.
    await page.context.set_offline(False)
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(page.locator("#queue")).to_have_text("Tout est envoyé.")
    assert await _count(service) == 3

    # What was not sent is said before it is lost, and nothing stays after.
    await page.goto(f"http://127.0.0.1:{service.port}/console/rencontres")
    await page.route("**/rencontres/etat", lambda route: route.abort())
    await _note(page, "Marché")
    await expect(page.locator("#queue")).to_contain_text("1 rencontre à envoyer. Pas de réseau.")
    await page.goto(f"http://127.0.0.1:{service.port}/console/compte")
    asked: list[str] = []

    async def accept(dialog) -> None:  # type: ignore[no-untyped-def]
        asked.append(dialog.message)
        await dialog.accept()

    page.on("dialog", accept)
    await page.get_by_role("button", name="Se déconnecter").click()
    await expect(page.locator("#email")).to_be_visible()
    assert asked == ["1 rencontre à envoyer. Se déconnecter maintenant les efface."]
    assert await page.evaluate("localStorage.length + (await caches.keys()).length") == 0
    assert await _count(service) == 3


async def test_the_code_fits_a_phone_and_an_alert_is_answered_at_once(service: Service, chromium: Browser) -> None:
    page = await open_desk(service, chromium, "claire", PHONE)
    await page.goto(f"http://127.0.0.1:{service.port}/console/code")
    await page.locator("#make").click()
    squares = await page.locator(".squares").first.bounding_box()
    assert squares is not None
    assert squares["y"] + squares["height"] < PHONE["height"], "shown whole, without scrolling"
    assert squares["width"] > 250
    await look(page, "code-phone")

    async with service.database.unit_of_work() as session:
        young = await young_person(session)
        await writes(session, young.identity.address, CRITICAL, now=NOW)
        await alerts.heard(session, young, None, None, CRITICAL, check(CRITICAL), NOW + timedelta(seconds=2))
    await page.goto(f"http://127.0.0.1:{service.port}/console/alertes")
    await expect(page.locator(".open-alert")).to_contain_text(CRITICAL)
    await look(page, "alertes-phone")
    await page.set_viewport_size(DESK)
    await look(page, "alertes-desk")
    await tab_to(page, ".first-word .primary")
    await page.keyboard.press("Enter")
    await expect(page.locator("#state")).to_contain_text("Tu réponds depuis")
    await page.goto(f"http://127.0.0.1:{service.port}/console/suivis")
    await look(page, "suivis-desk")
    await page.goto(f"http://127.0.0.1:{service.port}/console/alertes/1")
    await expect(page.locator("table")).to_contain_text("Premier mot d'un humain")
    await look(page, "fiche-desk")
