"""Files, changes and who writes, as both sides see them: Léa in the web chat, Tom on Telegram, Sandra at the desk."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser, expect

from tests.browser.looking import DESK, PHONE, assert_accessible, assert_fits, take_screenshot
from tests.browser.test_chat import opens, presses, starts
from tests.browser.test_console import open_desk
from tests.browser.test_together import service
from tests.fakes.files import PDF, VOICE, photo
from tests.world import Service

__all__ = ["service"]


async def test_files_go_both_ways_and_what_was_sent_changes(
    chromium: Browser, service: Service, tmp_path: Path
) -> None:
    plan, note = tmp_path / "plan.pdf", tmp_path / "notes.txt"
    plan.write_bytes(PDF)
    note.write_text("ceci n'est pas un document")
    (tmp_path / "papier.jpg").write_bytes(photo(800, 600))
    sandra = await open_desk(service, chromium, "sandra", DESK)
    lea = await opens(chromium, service, viewport=PHONE)
    await starts(lea)
    await presses(lea, "Parler à quelqu'un")
    await sandra.locator("#waiting .primary").click()
    await expect(sandra.locator("#state")).to_contain_text("Tu réponds")

    # Sandra writes, then sends a document.
    await sandra.locator("#text").press_sequentially("Voici")
    await expect(lea.locator("#writes")).to_have_text("Sandra écrit…")
    await sandra.locator("#text").fill("")
    await sandra.locator("#attach summary").click()
    await sandra.locator("#file").set_input_files(note)
    await sandra.locator("#attach button").click()
    await expect(sandra.locator(".said")).to_contain_text("Ce fichier ne passe pas ici")
    await sandra.locator("#attach summary").click()
    await sandra.locator("#file").set_input_files(plan)
    await sandra.locator("#caption").fill("Le plan pour venir à 14 h")
    await take_screenshot(sandra, "fichier-console")
    await sandra.locator("#attach button").click()
    sent = lea.locator(".line.team", has_text="Le plan pour venir")
    async with lea.expect_download() as downloading:
        await sent.get_by_text("Télécharger le fichier").click()
    assert Path(await (await downloading.value).path()).read_bytes() == PDF

    # Léa answers with a photo; another kind of file is refused on her screen.
    await lea.locator("#text").press_sequentially("Merci")
    await expect(sandra.locator("#typing")).to_be_visible()
    await lea.locator("#attach summary").focus()
    await lea.keyboard.press("Enter")
    await lea.locator("#file").set_input_files(note)
    await lea.get_by_role("button", name="Envoyer le fichier").click()
    await expect(lea.locator("#notice")).to_contain_text("Ce fichier ne passe pas ici")
    await lea.locator("#file").set_input_files(tmp_path / "papier.jpg")
    await assert_accessible(lea)
    await assert_fits(lea)
    await take_screenshot(lea, "fichier-messagerie")
    await lea.get_by_role("button", name="Envoyer le fichier").click()
    await expect(lea.locator(".line.young").last).to_contain_text("Photo envoyée")
    await sandra.locator(".picture summary").click()
    picture = sandra.locator(".picture img")
    await expect(picture).to_have_js_property("naturalWidth", 800)

    # Sandra corrects the hour, then takes the message back.
    await sandra.locator(".rewrite summary").last.click()
    await sandra.locator(".rewrite textarea").last.fill("Le plan pour venir à 15 h")
    await assert_accessible(sandra)
    await take_screenshot(sandra, "fichier-fil")
    await sandra.get_by_role("button", name="Modifier", exact=True).last.click()
    await expect(lea.locator(".line.team", has_text="15")).to_be_visible()
    await expect(lea.locator(".line.team", has_text="14")).to_have_count(0)
    await expect(sandra.locator(".before").last).to_contain_text("Avant : Sandra, Mission Locale : Le plan")
    await sandra.locator(".rewrite summary").last.click()
    await sandra.get_by_role("button", name="Retirer le message").last.click()
    await expect(lea.locator(".line.team", has_text="15")).to_have_count(0)
    await expect(sandra.locator("#thread")).to_contain_text("la personne ne le voit plus")

    # Tom's voice message is heard at the desk, on a phone too.
    tom = service.api.user("Tom")
    await tom.sends_voice(content=VOICE)
    await tom.waits_for("114")
    await sandra.goto(f"http://127.0.0.1:{service.port}/console")
    await sandra.locator("#waiting .primary").click()
    await expect(sandra.locator("audio")).to_be_visible()
    await sandra.locator("#text").press_sequentially("Bonjour")
    await service.api.until(lambda: [call for call in service.api.calls if call.method == "sendChatAction"])
    await sandra.set_viewport_size(PHONE)
    await assert_fits(sandra)
    await take_screenshot(sandra, "fichier-vocal-telephone")
