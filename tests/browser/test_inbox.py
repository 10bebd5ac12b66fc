"""The inbox in real browsers: two advisers, a coordinator, someone on Telegram and someone in the web chat, at once.

Rasa is away: a human answers all the same.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from bot.services import accounts, canned
from tests.browser.looking import DESK, assert_accessible, assert_fits, take_screenshot
from tests.browser.test_chat import opens, says, starts
from tests.browser.test_console import PHONE, open_desk
from tests.console.desk import HASHED, email
from tests.factories import adviser, paris
from tests.world import Service, free_port, open_service

NOW = paris("2027-03-09T10:00")


@pytest.fixture
async def service(tmp_path: Path, template: Path) -> AsyncIterator[Service]:
    nobody, port = f"http://127.0.0.1:{free_port()}", free_port()
    async with open_service(tmp_path / "service", template, nobody, port, NOW) as opened:
        async with opened.database.unit_of_work() as session:
            for slug in ("sandra", "nadia", "claire"):
                await accounts.set_up(session, await adviser(session, slug), email(slug), HASHED, must_change=False)
            claire = await adviser(session, "claire")
            await canned.add(session, claire, "Où nous trouver", "C'est au 12 rue du Pont, à Thionville.", shared=True)
            await canned.add(session, claire, "Papiers à apporter", "Apporte ta carte d'identité.", shared=True)
        opened.start("web")
        opened.start("worker")
        await opened.web_ready()
        yield opened


async def look(page: Page, name: str) -> None:
    await assert_fits(page)
    await assert_accessible(page)
    await take_screenshot(page, f"inbox-{name}")


async def test_every_state_of_two_conversations(service: Service, chromium: Browser) -> None:
    sandra = await open_desk(service, chromium, "sandra", DESK)
    nadia = await open_desk(service, chromium, "nadia", PHONE)
    claire = await open_desk(service, chromium, "claire", DESK)
    tom = service.api.user("Tom")
    lea = await opens(chromium, service, viewport=PHONE)
    await starts(lea)

    # Tom asks for someone: unread for all, until it is opened. Sandra does it all from the keyboard.
    await tom.says("/humain")
    for page in (sandra, nadia, claire):
        await expect(page.locator("#waiting .unread")).to_be_visible()
    await sandra.keyboard.press("?")
    await expect(sandra.locator("#help")).to_be_visible()
    await look(sandra, "desk-keys")
    await sandra.keyboard.press("Escape")
    await sandra.keyboard.press("j")
    await sandra.keyboard.press("Enter")
    await expect(sandra.locator("#who")).to_contain_text("Jeune")
    await expect(sandra.locator(".list [aria-current]")).to_be_visible()
    await expect(sandra.locator(".list .unread")).to_be_hidden()
    await expect(nadia.locator("#waiting .unread")).to_be_visible()
    await sandra.keyboard.press("p")
    await expect(sandra.locator("#state")).to_contain_text("Tu réponds")
    await expect(sandra.locator("#text")).to_be_focused()
    await sandra.keyboard.type("/")
    await expect(sandra.locator("#canned")).to_be_visible()
    await sandra.keyboard.type("ou trouv")
    await look(sandra, "desk-canned")
    await sandra.keyboard.press("Enter")
    await expect(sandra.locator("#text")).to_have_value("C'est au 12 rue du Pont, à Thionville.")
    await sandra.keyboard.press("Control+Enter")
    await tom.waits_for("12 rue du Pont")
    await tom.says("merci. et jr peu venir quand ?")
    await expect(sandra.locator(".line.young", has_text="venir quand")).to_be_visible()
    await look(sandra, "desk-three-panes")

    # Nadia, on her phone, takes it from Sandra: it asks first, and Tom is told who answers now.
    await nadia.locator(".colleagues a.open").click()
    await nadia.locator("#take-over").click()
    await expect(nadia.locator("h1")).to_have_text("Sandra a cette conversation. La prendre quand même ?")
    await look(nadia, "phone-take-over")
    await nadia.locator("#sure").click()
    await tom.waits_for("je prends la suite de Sandra")
    await expect(sandra.locator("#state")).to_contain_text("Nadia répond")
    await expect(sandra.locator("#answer")).to_be_hidden()

    # A note for the team, a name on the card: the three panes are three pages here, each with its way back.
    await nadia.locator("#note summary").click()
    await nadia.locator("#note-text").fill("Sa sœur peut l'amener le jeudi.")
    await nadia.get_by_role("button", name="Garder la note").click()
    await expect(sandra.locator(".line.note")).to_contain_text("Note de Nadia, pour l'équipe seulement")
    await look(nadia, "phone-thread")
    await nadia.get_by_role("link", name="Fiche").click()
    await expect(nadia.locator("#thread")).to_be_hidden()
    await nadia.locator("#nickname").fill("Tom du skatepark")
    await nadia.get_by_role("button", name="Enregistrer").click()
    await expect(sandra.locator("#who")).to_contain_text("Tom du skatepark")
    await look(nadia, "phone-card")
    await nadia.get_by_role("link", name="Conversation").click()
    await expect(nadia.locator("#thread")).to_be_visible()

    # One tap promises an hour; put aside, it comes back with Tom's next words.
    await nadia.locator(".promise button").first.click()
    await tom.waits_for("Nadia, Mission Locale : je te réponds")
    await expect(nadia.locator("#state")).to_contain_text("Réponse promise")
    await nadia.locator("#next-steps").click()
    await look(nadia, "phone-next-steps")
    await nadia.locator("#snooze-1").click()
    await expect(nadia.locator("#state")).to_contain_text("Mis de côté jusqu'à")
    await tom.says("ok jattend")
    await expect(nadia.locator("#state")).to_contain_text("Tu réponds")

    # Passed on to Sandra with a word, who gives it back with another.
    await nadia.locator("#next-steps").click()
    await nadia.locator("#to").select_option(label="Sandra")
    await nadia.locator("#note").fill("Il veut venir jeudi.")
    await nadia.locator("#transfer").click()
    await expect(sandra.locator("#state")).to_contain_text("Tu réponds")
    await expect(sandra.locator(".line.what", has_text="Il veut venir jeudi.")).to_contain_text("Nadia transmet")
    await look(sandra, "desk-timeline")
    await sandra.locator("#next-steps").click()
    await look(sandra, "desk-next-steps")
    await sandra.locator("#summary").fill("On se voit jeudi à 10 h.")
    await sandra.locator("#give-back").click()
    await tom.waits_for("On se voit jeudi à 10 h.")
    await expect(sandra.locator("#state")).to_contain_text("Le robot répond.")

    # Léa, in the web chat: an alert is above whatever is open; Claire ends the conversation, then writes first.
    await says(lea, "jen peux plus jvais me tuer ce soir")
    for page in (sandra, nadia, claire):
        await expect(page.locator("#alerts")).to_contain_text("Alerte vitale")
        top = await page.locator("#alerts").bounding_box()
        assert top is not None
        assert 0 <= top["y"] < 130, "seen without scrolling"
    await look(sandra, "desk-alert")
    await look(nadia, "phone-alert")
    await claire.get_by_role("button", name="Je m'en occupe").click()
    await claire.locator("#text").fill("C'est Claire. Je suis là.")
    await claire.keyboard.press("Control+Enter")
    await expect(lea.get_by_text("Claire, Mission Locale : C'est Claire. Je suis là.")).to_be_visible()
    await claire.locator("#danger").get_by_role("link", name="Clore").click()
    await claire.get_by_role("button", name="Oui, clore").click()
    await claire.locator("#next-steps").click()
    await claire.locator("#close").click()
    await claire.locator("#write-first").click()
    await look(claire, "desk-write-first")
    await claire.locator("#text").fill("Salut, je pense à toi.")
    await claire.get_by_role("button", name="Envoyer").click()
    await expect(lea.get_by_text("Salut, je pense à toi.")).to_be_visible()

    # What is searched is found by its name, its note and its words.
    await claire.locator("#who").click()
    await claire.keyboard.press("/")
    await claire.locator("#words").fill("skatepark")
    await claire.keyboard.press("Enter")
    await expect(claire.locator("mark")).to_have_text("skatepark")
    await look(claire, "desk-search")
    await nadia.goto(re.sub("/console.*", "/console/reponses", nadia.url))
    await look(nadia, "phone-canned")
