"""The desk in a real browser: two advisers, young people on Telegram, the whole service."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from bot.services import accounts
from bot.storage.tables import Appointment
from tests.browser.looking import DESK, assert_accessible, assert_fits, take_screenshot
from tests.console.desk import HASHED, PASSWORD, email
from tests.factories import adviser, appointment_of, paris, young_person
from tests.world import RasaProcess, Service, open_service

NOW = paris("2027-03-10T13:40")  # a Wednesday; Sandra receives in Thionville
PHONE = ViewportSize(width=390, height=844)
# Two cores, shared with Rasa and two browsers' pages: what is soon in life may take a while here.
expect.set_options(timeout=20_000)


@pytest.fixture
async def service(tmp_path: Path, template: Path, rasa: RasaProcess) -> AsyncIterator[Service]:
    await rasa.ready()
    port = rasa.settings.port
    async with open_service(tmp_path / "service", template, rasa.url, port, NOW) as opened:
        async with opened.database.unit_of_work() as session:
            for slug in ("sandra", "nadia"):
                await accounts.set_up(session, await adviser(session, slug), email(slug), HASHED, must_change=False)
            young = await young_person(session, with_appointment="2027-03-10T13:30", now=paris("2027-03-08T10:00"))
            assert await appointment_of(session, young)
        opened.start("web")
        opened.start("worker")
        await opened.web_ready()
        yield opened


async def open_desk(
    service: Service, chromium: Browser, slug: str, size: ViewportSize, *, scripts: bool = True
) -> Page:
    """Someone of the team logs in, with the keyboard only."""
    context = await chromium.new_context(viewport=size, java_script_enabled=scripts)
    page = await context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"script: {error}"))
    await page.goto(f"http://127.0.0.1:{service.port}/console")
    await page.locator("#email").focus()
    await page.keyboard.type(email(slug))
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/console(/alertes)?$"))
    if page.url.endswith("/alertes"):  # the first screen, as long as one is open
        await page.click('nav a[href="/console"]')
        await expect(page).to_have_url(re.compile("/console$"))
    return page


async def tab_to(page: Page, selector: str) -> None:
    """Reach an element as someone without a mouse does, and see that the focus is visible."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        if await page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", selector
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


async def look(page: Page, name: str) -> None:
    await assert_fits(page)
    await assert_accessible(page)
    await take_screenshot(page, name)


async def test_a_day_at_the_desk(service: Service, chromium: Browser) -> None:
    sandra = await open_desk(service, chromium, "sandra", DESK)
    nadia = await open_desk(service, chromium, "nadia", PHONE)
    await expect(sandra.locator("#waiting")).to_contain_text("Personne n'attend.")
    lea, tom = service.api.user("Léa"), service.api.user("Tom")

    # Someone asks for a human: both see it, without touching their page.
    await lea.says("je veux parler à quelqu'un")
    for page in (sandra, nadia):
        await expect(page.locator("#waiting")).to_contain_text("Veut parler à quelqu'un")
    await look(sandra, "console-desk-waiting")
    await look(nadia, "console-phone-waiting")

    # Sandra takes it and answers, with the keyboard only.
    await tab_to(sandra, "#waiting .primary")
    await sandra.keyboard.press("Enter")
    await expect(sandra.locator("#state")).to_contain_text("Tu réponds depuis 13 h 40")
    await expect(sandra.locator("#text")).to_be_focused()
    await sandra.keyboard.type("Bonjour Léa.")
    await sandra.keyboard.press("Enter")
    await sandra.keyboard.type("Je t'écoute.")
    await sandra.keyboard.press("Control+Enter")
    await lea.waits_for("Sandra, Mission Locale : Bonjour Léa.\nJe t'écoute.")
    answer = sandra.locator(".line.adviser", has_text="Je t'écoute.")
    await expect(answer).to_contain_text("envoyé")
    await expect(sandra.locator("#text")).to_have_value("")
    await expect(nadia.locator(".colleagues")).to_contain_text("Sandra")
    await expect(nadia.locator("#waiting")).to_contain_text("Personne n'attend.")

    # What is written and changed arrives on its line, once.
    await lea.says("jai perdu mes papier")
    await expect(sandra.locator(".line.young", has_text="jai perdu mes papier")).to_have_count(1)
    await lea.edits("last", "jai perdu mes papiers hier")
    await expect(sandra.locator(".line.young", has_text="perdu mes papier")).to_have_count(1)
    await expect(sandra.locator(".line.young", has_text="papiers hier")).to_contain_text("Avant : jai perdu mes papier")
    await look(sandra, "console-desk-conversation")

    # An alert is above everything, wherever one is; Nadia takes care of it on her phone.
    await tom.says("jen peux plus jvais me tuer ce soir")
    for page in (sandra, nadia):
        await expect(page.locator("#alerts")).to_contain_text("Alerte vitale")
        await expect(page).to_have_title(re.compile(r"^\(1\) Alerte — "))
        top = await page.locator("#alerts").bounding_box()
        assert top is not None
        assert 0 <= top["y"] < 120, "seen without scrolling"
    await look(nadia, "console-phone-alert")
    await look(sandra, "console-desk-alert-while-answering")
    await nadia.get_by_role("button", name="Je m'en occupe").click()
    await expect(nadia.locator("#state")).to_contain_text("Tu réponds")
    await expect(nadia.locator("#danger")).to_contain_text("3114")
    await nadia.locator("#text").fill("C'est Nadia. Tu peux parler ?")
    await nadia.get_by_role("button", name="Envoyer").click()
    await tom.waits_for("Nadia, Mission Locale : C'est Nadia. Tu peux parler ?")
    await look(nadia, "console-phone-conversation")
    await nadia.get_by_role("link", name="Clore").click()
    await look(nadia, "console-phone-close-alert")
    await nadia.get_by_role("button", name="Oui, clore").click()
    await expect(sandra.locator("#alerts")).to_be_hidden()

    # Sandra gives the conversation back and marks who came.
    await tab_to(sandra, "#give-back")
    await sandra.keyboard.press("Enter")
    await lea.waits_for("robot")
    await expect(sandra.locator("#answer")).to_be_hidden()
    await tab_to(sandra, ".back")
    await sandra.keyboard.press("Enter")
    await expect(sandra.locator("#today")).to_be_visible()
    await tab_to(sandra, "[id^=day-present]")
    await sandra.keyboard.press("Enter")
    await expect(sandra.locator("#today")).to_contain_text("Présent")
    async with service.database.read_only() as session:
        assert (await session.get_one(Appointment, 1)).state == "present"
    await look(sandra, "console-desk-marked")
    for page, width in ((sandra, "desk"), (nadia, "phone")):
        for name in ("agenda", "appels", "equipe", "compte"):
            await page.goto(f"http://127.0.0.1:{service.port}/console/{name}")
            await look(page, f"console-{width}-{name}")


async def test_a_page_survives_the_death_of_the_service(service: Service, chromium: Browser) -> None:
    lea = service.api.user("Léa")
    await lea.says("/humain")
    sandra = await open_desk(service, chromium, "sandra", DESK)
    await sandra.locator("#waiting .primary").click()
    await expect(sandra.locator("#text")).to_be_visible()

    service.kill("web")
    await lea.says("t la ?")
    await service.quiet()
    await sandra.locator("#text").fill("Oui, je suis là.")
    await sandra.get_by_role("button", name="Envoyer").click()
    await asyncio.sleep(0.5)
    service.start("web")
    await service.web_ready()

    # The browser shows its own page of error: going back finds what was typed.
    await sandra.goto(f"http://127.0.0.1:{service.port}/console")
    await sandra.locator("a.open").first.click()
    await expect(sandra.locator(".line.young", has_text="t la ?")).to_have_count(1)
    await expect(sandra.locator("#text")).to_have_value("Oui, je suis là.")
    await sandra.locator("#text").press("Control+Enter")
    await lea.waits_for("Sandra, Mission Locale : Oui, je suis là.")

    await expect(sandra.locator(".line.adviser", has_text="je suis là")).to_contain_text("envoyé")

    # A page left alone catches up by itself.
    service.kill("web")
    await lea.says("ok merci")
    await service.quiet()
    await expect(sandra.locator("#link")).to_be_visible(timeout=10_000)
    service.start("web")
    await service.web_ready()
    await expect(sandra.locator(".line.young", has_text="ok merci")).to_have_count(1)
    await expect(sandra.locator("#link")).to_be_hidden()
    assert sum("je suis là" in message.text for message in lea.received) == 1


async def test_the_desk_without_scripts_and_logging_out_elsewhere(service: Service, chromium: Browser) -> None:
    lea = service.api.user("Léa")
    await lea.says("/humain")
    await service.quiet()
    plain = await open_desk(service, chromium, "nadia", PHONE, scripts=False)
    await plain.get_by_role("button", name="Prendre").click()
    await plain.locator("#text").fill("Bonjour")
    await plain.get_by_role("button", name="Envoyer").click()
    await lea.waits_for("Nadia, Mission Locale : Bonjour")
    await expect(plain.locator(".line.adviser", has_text="Bonjour")).to_be_visible()

    sandra = await open_desk(service, chromium, "sandra", DESK)
    other = await sandra.context.new_page()
    await other.goto(f"http://127.0.0.1:{service.port}/console/compte")
    await other.get_by_role("button", name="Se déconnecter").click()
    await expect(sandra).to_have_url(re.compile("/console/connexion"))
