"""The guide "Mettre en place mes permanences", done as someone new would; its pictures are taken on the way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import select

from bot.domain import territory_file
from bot.services import accounts, territories
from bot.storage import migrating
from bot.storage.database import Database
from bot.storage.tables import Appointment, Opening
from bot.training import ROOT
from tests.browser.looking import DESK, assert_accessible, assert_fits, take_screenshot
from tests.browser.test_agenda import _go
from tests.browser.test_console import PHONE
from tests.console.desk import HASHED, PASSWORD, email
from tests.factories import adviser, paris
from tests.world import Service, free_port, open_service

GUIDE = ROOT / "docs" / "mettre-en-place-mes-permanences.md"
NOW = paris("2027-03-08T10:00")  # a Monday


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """The structure of the guide's own file: no opening, nobody has written."""
    written = re.search(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.S)
    assert written is not None
    file = tmp_path / "essai.yml"
    file.write_text(written[1], encoding="utf-8")
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    await asyncio.to_thread(migrating.upgrade, url)
    database = Database(url)
    async with database.unit_of_work() as session:
        await territories.load(session, territory_file.read(file), NOW)
        await accounts.set_up(session, await adviser(session, "sandra"), email("sandra"), HASHED, must_change=False)
    await database.close()
    nobody, port = f"http://127.0.0.1:{free_port()}", free_port()
    settings = {"TERRITORY_FILES": f'["{file}"]', "TELEGRAM_BOT_NAME": "promeneurs_demo_bot"}
    async with open_service(tmp_path / "service", tmp_path / "empty.db", nobody, port, NOW, **settings) as opened:
        opened.start("web")
        opened.start("worker")
        await opened.web_ready()
        yield opened


async def _picture(page: Page, name: str) -> None:
    await assert_fits(page)
    await assert_accessible(page)
    await take_screenshot(page, f"permanences-{name}")


async def test_from_an_empty_structure_to_the_first_booking(service: Service, chromium: Browser) -> None:
    console = f"http://127.0.0.1:{service.port}/console"
    sandra = await (await chromium.new_context(viewport=DESK, locale="fr-FR")).new_page()
    await sandra.goto(console)
    await sandra.fill("#email", email("sandra"))
    await sandra.fill('[name="password"]', PASSWORD)
    await sandra.keyboard.press("Enter")
    await expect(sandra).to_have_url(re.compile("/console$"))
    await _go(sandra, 'nav a[href="/console/agenda"]')
    await _go(sandra, "#openings")
    await expect(sandra.locator("main")).to_contain_text("Aucune ouverture.")
    await _picture(sandra, "1-vide")

    await _go(sandra, "#new-opening")
    await sandra.select_option("#place", label="Permanence de Fameck")
    await sandra.check('[name="days"][value="1"]')
    await sandra.check('[name="days"][value="3"]')
    await sandra.fill("#end", "17:00")
    await sandra.fill("#break_start", "12:00")
    await sandra.fill("#break_end", "13:30")
    await _picture(sandra, "2-formulaire")
    await _go(sandra, "#preview")
    await expect(sandra.locator(".confirm")).to_contain_text("Le mardi, 9 h – 12 h, 13 h 30 – 17 h")
    await _picture(sandra, "3-avant")
    await _go(sandra, "#sure")
    await expect(sandra.locator(".said")).to_contain_text("Le robot propose déjà ces créneaux.")

    lea = await (await chromium.new_context(viewport=PHONE, locale="fr-FR")).new_page()
    lea.set_default_timeout(20_000)
    await lea.goto(f"http://127.0.0.1:{service.port}/chat")
    await lea.click("text=Commencer")
    await lea.locator(".now .choice", has_text="Un rendez-vous").first.click()
    await expect(lea.locator(".now .choice").first).not_to_have_text("Un rendez-vous")
    for wanted in ("Fameck", "mar. 9/03"):
        await lea.locator(".now .choice", has_text=wanted).first.click()
    await expect(lea.locator(".now .choice").first).to_contain_text("Oui, je prends")
    await _picture(lea, "4-jeune")
    await lea.locator(".now .choice", has_text="Oui, je prends").first.click()
    await expect(lea.locator(".said", has_text="C'est noté")).to_have_count(1)

    async with service.database.read_only() as session:
        [booked] = (await session.scalars(select(Appointment))).all()
        opening = await session.get_one(Opening, booked.opening_id)
    await sandra.goto(f"{console}/agenda?jour=2027-03-09")
    await expect(sandra.locator(f"#see-{booked.id}")).to_be_visible()
    await _picture(sandra, "5-agenda")
    await sandra.set_viewport_size(PHONE)
    await _picture(sandra, "6-telephone")
    await sandra.set_viewport_size(DESK)

    await sandra.goto(f"{console}/permanences/ouvertures/{opening.id}")
    await sandra.fill("#start", "13:30")
    await sandra.fill("#break_start", "")
    await sandra.fill("#break_end", "")
    await _go(sandra, "#preview")
    await expect(sandra.locator(".hits")).to_contain_text(f"Jeune {booked.person_id}")
    await _picture(sandra, "7-touche")
