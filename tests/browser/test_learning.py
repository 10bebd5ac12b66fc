"""The guide "Corriger le robot", done by a coordinator at a desk and on a phone; its pictures are taken on the way."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from bot import training
from bot.domain.misunderstandings import Cause
from bot.services import accounts, misunderstood
from tests.browser.looking import DESK, assert_accessible, assert_fits, take_screenshot
from tests.browser.test_console import PHONE
from tests.console.desk import HASHED, PASSWORD, email
from tests.factories import adviser, open_turn, paris, young_person
from tests.world import Service, free_port, open_service

NOW = paris("2027-03-10T10:00")
WRITTEN = (
    ("karim ma dit ya un truc pr mon rdv jeudi", "need_papers", 0.21),
    ("jveu 1 trott pr alé o taf", "need_job", 0.33),
)
# As `promeneurs train` leaves it; its making is in tests/test_learning.py.
FIGURES = {
    "model": "promeneurs-0123456789abcdef-01234567",
    "before": {"accuracy": 0.9, "macro_f1": 0.9, "calibration_error": 0.05},
    "after": {"accuracy": 0.9, "macro_f1": 0.9, "calibration_error": 0.05},
    "sentences": 20,
    "better": [
        {"text": "une trott pour le boulot", "intent": "need_mobility", "was": "need_job", "now": "need_mobility"}
    ],
    "worse": [{"text": "un stage pas loin", "intent": "need_job", "was": "need_job", "now": "need_mobility"}],
    "intents": [],
    "taught": {"sentences": 1, "was": 0, "now": 1, "missed": []},
}


@pytest.fixture
async def service(tmp_path: Path, template: Path) -> AsyncIterator[Service]:
    nobody = f"http://127.0.0.1:{free_port()}"
    async with open_service(tmp_path / "service", template, nobody, free_port(), NOW) as opened:
        async with opened.database.unit_of_work() as session:
            for slug in ("claire", "sandra"):
                await accounts.set_up(session, await adviser(session, slug), email(slug), HASHED, must_change=False)
            for text, read_as, confidence in WRITTEN:
                young = await young_person(session, structure="ml-demo")
                turn = await open_turn(session, young, now=NOW)
                turn.text, turn.teachable, turn.intent, turn.confidence = text, True, read_as, confidence
                await misunderstood.keep(session, young, turn, Cause.NOT_UNDERSTOOD, NOW)
        folder = training.reports(tmp_path / "service")
        folder.mkdir()
        (folder / "comparison.json").write_text(json.dumps(FIGURES), encoding="utf-8")
        opened.start("web")
        await opened.web_ready()
        yield opened


async def _log_in(service: Service, page: Page, slug: str) -> None:
    await page.goto(f"http://127.0.0.1:{service.port}/console")
    await page.fill("#email", email(slug))
    await page.fill('[name="password"]', PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/console$"))


async def _picture(page: Page, name: str) -> None:
    await assert_fits(page)
    await assert_accessible(page)
    await take_screenshot(page, f"corriger-{name}")


async def test_a_coordinator_puts_right_what_was_misunderstood_and_changes_a_text(
    service: Service, chromium: Browser
) -> None:
    console = f"http://127.0.0.1:{service.port}/console"
    claire = await (await chromium.new_context(viewport=DESK, locale="fr-FR")).new_page()
    await _log_in(service, claire, "claire")
    await claire.goto(f"{console}/incompris")
    await _picture(claire, "1-incompris")
    first = claire.locator(".misread").first
    await first.locator("select").select_option("need_mobility")
    await first.locator('[name="sentence"]').fill("jveu 1 trott pr ale o taf")
    await first.locator('[name="sentence"]').press("Enter")
    await expect(claire.locator(".said")).to_contain_text("C'est encore la phrase du jeune, ou presque.")
    await _picture(claire, "2-ses-mots")
    await claire.locator('[name="sentence"]').first.fill("une trottinette pour aller au travail, c'est possible ?")
    await claire.locator('[name="sentence"]').first.press("Enter")
    await expect(claire.locator("#taught + .members")).to_contain_text("Permis, transport. Validée par Claire")
    await claire.set_viewport_size(PHONE)
    await _picture(claire, "3-telephone")

    await claire.goto(f"{console}/textes/utter_human_told/0")
    await claire.fill("#text", "L'équipe {team} a ton message.\n\nElle te répond ici dès que possible.")
    await claire.click("#see")
    await expect(claire.locator("#preview")).to_contain_text("L'équipe de la Mission Locale a ton message.")
    await _picture(claire, "4-texte-telephone")
    await claire.set_viewport_size(DESK)
    await _picture(claire, "4-texte")
    await claire.focus("#sure")
    await claire.keyboard.press("Enter")
    await expect(claire.locator(".said")).to_contain_text("Le robot le dit dès maintenant.")
    await _picture(claire, "5-textes")

    sandra = await (await chromium.new_context(viewport=DESK, locale="fr-FR")).new_page()
    await _log_in(service, sandra, "sandra")
    await sandra.goto(f"{console}/textes/utter_safety_heard_suicide/0")
    await sandra.fill("#text", "J'ai lu ton message. Merci de l'avoir écrit ici.")
    await sandra.click("#see")
    await sandra.click("#sure")
    await expect(sandra.locator(".said")).to_contain_text("Une autre personne, de la coordination, doit le valider.")
    await claire.goto(f"{console}/textes")
    await _picture(claire, "6-a-valider")
    await claire.locator(".marks button", has_text="Valider").first.click()
    await expect(claire.locator(".said")).to_contain_text("Le robot le dit dès maintenant.")
