"""The driver's phone and the workshops' pages in a real browser; the web process alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import select

from bot.domain.outbox import OutboxKind
from bot.services import accounts, registrations
from bot.storage.tables import OutboxRow, Workshop
from tests.browser.looking import DESK
from tests.browser.looking import PHONE as SMALL_PHONE
from tests.browser.test_console import PHONE, look, open_desk, tab_to
from tests.console.desk import HASHED, email
from tests.factories import adviser, paris, young_person
from tests.world import Service, free_port, open_service

NOW = paris("2027-03-17T13:40")  # a Wednesday; Karim's bus is in Sierck from 14:00
BEFORE = paris("2027-03-08T10:00")


@pytest.fixture
async def service(tmp_path: Path, template: Path) -> AsyncIterator[Service]:
    async with open_service(tmp_path / "service", template, "http://127.0.0.1:1", free_port(), NOW) as opened:
        async with opened.database.unit_of_work() as session:
            for slug in ("karim", "sandra"):
                await accounts.set_up(session, await adviser(session, slug), email(slug), HASHED, must_change=False)
            for hour in ("14:00", "14:40"):
                await young_person(session, with_appointment=f"2027-03-17T{hour}", at_place="bus-sierck", now=BEFORE)
            rows = await session.scalars(select(Workshop).where(Workshop.key == "atelier-entretien-mars"))
            workshop = rows.one()
            for _ in range(2):
                await registrations.register(session, await young_person(session, now=BEFORE), workshop, BEFORE)
            await registrations.wait(session, await young_person(session, now=BEFORE), workshop, BEFORE)
        opened.start("web")
        await opened.web_ready()
        yield opened


async def test_the_driver_warns_with_a_thumb(service: Service, chromium: Browser) -> None:
    page = await open_desk(service, chromium, "karim", PHONE)
    await page.get_by_role("link", name="Bus").click()
    await look(page, "bus-phone")
    keys = page.locator(".thumbs .button, .thumbs button, .count button:enabled")
    for box in [await key.bounding_box() for key in await keys.all()]:
        assert box is not None
        assert min(box["width"], box["height"]) >= 48, "a thumb is not a mouse"
    await page.get_by_role("link", name="15 min de retard").click()
    await expect(page.locator("main")).to_contain_text("2 personnes sont prévenues tout de suite")
    await look(page, "bus-phone-retard")
    await page.get_by_role("button", name="Oui, prévenir").click()
    await expect(page.locator("main")).to_contain_text("Retard annoncé : 15 min")
    await expect(page.locator(".said")).to_contain_text("2 personnes sont prévenues.")
    async with service.database.read_only() as session:
        rows = await session.scalars(select(OutboxRow).where(OutboxRow.kind == OutboxKind.SERVICE))
        assert len({row.conversation_id for row in rows}) == 2
    await page.get_by_role("button", name="Le bus est là").click()
    await page.get_by_role("button", name="Ajouter une personne venue").click()
    await expect(page.locator(".count")).to_contain_text("1 sans rendez-vous")
    await page.set_viewport_size(SMALL_PHONE)
    await look(page, "bus-phone-la")
    await page.get_by_role("button", name="Pas encore là, en fait").click()
    await expect(page.get_by_role("button", name="Le bus est là")).to_be_visible()


async def test_the_workshops_by_keyboard(service: Service, chromium: Browser) -> None:
    page = await open_desk(service, chromium, "sandra", DESK)
    await page.goto(f"http://127.0.0.1:{service.port}/console/ateliers")
    await look(page, "ateliers-desk")
    await page.get_by_role("link", name="Atelier entretien").click()
    await look(page, "atelier-desk")
    await page.goto(f"http://127.0.0.1:{service.port}/console/ateliers/nouveau")
    await look(page, "atelier-formulaire-desk")
    await tab_to(page, "#title")
    await page.keyboard.type("Atelier budget")
    await page.locator("#day-1").fill("2027-03-25")
    await page.locator("#start-1").fill("14:00")
    await page.locator("#end-1").fill("16:00")
    await tab_to(page, ".fields .primary")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Atelier budget")
    await page.set_viewport_size(PHONE)
    for path, name in (("", "ateliers-phone"), ("/nouveau", "atelier-formulaire-phone")):
        await page.goto(f"http://127.0.0.1:{service.port}/console/ateliers{path}")
        await look(page, name)
