"""The agenda in a real browser, at desk and phone width, by keyboard alone; the pictures of its guide."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect
from sqlalchemy import select

from bot.domain.appointments import AppointmentState
from bot.services import accounts
from bot.storage.tables import Absence, Appointment, Opening
from tests.browser.looking import DESK
from tests.browser.test_console import PHONE, look, open_desk, tab_to
from tests.console.desk import HASHED, email
from tests.factories import adviser, handoff, paris, young_person
from tests.world import Service, free_port, open_service

NOW = paris("2027-03-10T13:40")  # a Wednesday; Sandra receives in Thionville
BEFORE = paris("2027-03-08T10:00")
SIZES = pytest.mark.parametrize(("size", "width"), [(DESK, "desk"), (PHONE, "phone")], ids=["desk", "phone"])


@pytest.fixture
async def service(tmp_path: Path, template: Path) -> AsyncIterator[Service]:
    """The web application alone: nobody writes here."""
    async with open_service(tmp_path / "service", template, "http://127.0.0.1:9", free_port(), NOW) as opened:
        async with opened.database.unit_of_work() as session:
            for slug in ("sandra", "claire"):
                await accounts.set_up(session, await adviser(session, slug), email(slug), HASHED, must_change=False)
            for starts in ("2027-03-10T13:30", "2027-03-10T14:30", "2027-03-12T09:00"):
                await young_person(session, with_appointment=starts, now=BEFORE)
            absence = {"first_date": NOW.date().replace(day=11), "last_date": NOW.date().replace(day=11)}
            sandra = await adviser(session, "sandra")
            session.add(Absence(adviser_id=sandra.id, reason="formation", **absence))
            known = await young_person(session, now=BEFORE)
            known.commune = "57206"
            await handoff(session, known, taken_by="sandra")
        opened.start("web")
        await opened.web_ready()
        yield opened


async def _press(page: Page, selector: str, key: str = "Enter") -> None:
    await tab_to(page, selector)
    await page.keyboard.press(key)


async def _go(page: Page, selector: str) -> None:
    """Press what leads to another page, and wait for it."""
    await tab_to(page, selector)
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


async def _of_sandra(service: Service, page: Page, *, by: str = "semaine", day: str = "2027-03-10") -> None:
    async with service.database.read_only() as session:
        number = (await adviser(session, "sandra")).id
    await page.goto(f"http://127.0.0.1:{service.port}/console/agenda?jour={day}&qui=c{number}&par={by}")


@SIZES
async def test_the_agenda_by_keyboard(service: Service, chromium: Browser, size: ViewportSize, width: str) -> None:
    sandra = await open_desk(service, chromium, "sandra", size)
    await _go(sandra, 'nav a[href="/console/agenda"]')
    await expect(sandra.locator("h1")).to_contain_text("semaine du lundi 8 mars")
    await look(sandra, f"agenda-{width}-week-all")
    await sandra.locator("#qui").select_option(label="Sandra")
    await _go(sandra, "#see")
    await expect(sandra.locator("h1")).to_contain_text("Agenda de Sandra")
    # A phone shows one day at a time, a desk the five.
    await expect(sandra.locator(".day:visible")).to_have_count(5 if width == "desk" else 1)
    await look(sandra, f"agenda-{width}-week")
    await _go(sandra, "#after")
    await expect(sandra.locator("h1")).to_contain_text("semaine du lundi 15 mars")
    await _go(sandra, "#before")
    await expect(sandra.locator("h1")).to_contain_text("semaine du lundi 8 mars")
    await _go(sandra, "#by-jour")
    await expect(sandra.locator("h1")).to_contain_text("mercredi 10 mars")
    await look(sandra, f"agenda-{width}-day")

    # Present, from the day.
    await _go(sandra, "[id^=day-present]")
    await expect(sandra.locator(".entries")).to_contain_text("Présent")

    # A free slot, someone known, the words, booked.
    await _go(sandra, ".free a")
    await expect(sandra.locator("h1")).to_have_text("Ajouter un rendez-vous")
    await expect(sandra.locator('[name="creneau"]:checked')).to_have_count(1)
    await tab_to(sandra, "#connu")
    await sandra.keyboard.press("ArrowDown")
    await look(sandra, f"agenda-{width}-add")
    await _go(sandra, "#preview")
    await expect(sandra.locator(".words")).to_contain_text("Sandra, Mission Locale, a noté un rendez-vous pour toi")
    await look(sandra, f"agenda-{width}-add-confirm")
    await _go(sandra, "#sure")
    await expect(sandra.locator(".said")).to_contain_text("C'est noté")

    # Moved to the next Wednesday, the words first.
    async with service.database.read_only() as session:
        booked = (await session.scalars(select(Appointment).order_by(Appointment.id.desc()).limit(1))).one()
    await _of_sandra(service, sandra)
    await _go(sandra, f"#see-{booked.id}")
    await _press(sandra, f"#one-cancel-{booked.id} summary")
    await look(sandra, f"agenda-{width}-appointment")
    await _go(sandra, f"#one-move-{booked.id}")
    await sandra.locator("#jour").fill("2027-03-17")
    await _go(sandra, "#look")
    await _press(sandra, '[name="creneau"]', "Space")
    await look(sandra, f"agenda-{width}-move")
    await _go(sandra, "#preview")
    await expect(sandra.locator(".words")).to_contain_text("Ton rendez-vous a changé")
    await look(sandra, f"agenda-{width}-move-confirm")
    await _go(sandra, "#sure")
    await expect(sandra.locator("h1")).to_contain_text("mercredi 17 mars")
    await expect(sandra.locator(".entries")).to_contain_text(f"Jeune {booked.person_id}")

    # Cancelled by the structure, the words first.
    await _press(sandra, f"#day-cancel-{booked.id} summary")
    await _go(sandra, f"#day-by-us-{booked.id}")
    await expect(sandra.locator(".words")).to_contain_text("Ton rendez-vous est annulé")
    await look(sandra, f"agenda-{width}-cancel")
    await _go(sandra, ".confirm .primary")
    async with service.database.read_only() as session:
        found = await session.get_one(Appointment, booked.id)
        assert found.state is AppointmentState.CANCELLED_BY_STRUCTURE


@SIZES
async def test_openings_by_keyboard(service: Service, chromium: Browser, size: ViewportSize, width: str) -> None:
    sandra = await open_desk(service, chromium, "sandra", size)
    await sandra.goto(f"http://127.0.0.1:{service.port}/console/permanences")
    await look(sandra, f"openings-{width}-list")
    await _go(sandra, "#new-opening")
    await sandra.locator("#place").select_option(label="Permanence de Guénange")
    await _press(sandra, '[name="days"][value="2"]', "Space")
    await look(sandra, f"openings-{width}-form")
    await _go(sandra, "#preview")
    await expect(sandra.locator(".confirm")).to_contain_text("Le mercredi, 9 h – 12 h")
    await look(sandra, f"openings-{width}-preview")
    await _go(sandra, "#sure")
    await expect(sandra.locator(".said")).to_contain_text("L'ouverture est enregistrée")

    # A form that cannot be says why, and loses nothing.
    await _go(sandra, "#new-opening")
    await sandra.locator("#label").fill("un nom")
    await _go(sandra, "#preview")
    await expect(sandra.locator(".said")).to_contain_text("Choisis au moins un jour")
    await expect(sandra.locator("#label")).to_have_value("un nom")

    # An opening made shorter: who is hit, kept or cancelled.
    async with service.database.read_only() as session:
        wednesday = (
            await session.scalars(
                select(Opening).where(
                    Opening.adviser_id == (await adviser(session, "sandra")).id,
                    Opening.weekday == 2,
                    Opening.edited_at.is_(None),
                )
            )
        ).one()
        hit = (await session.scalars(select(Appointment).where(Appointment.starts_at > NOW).limit(1))).one()
    await sandra.goto(f"http://127.0.0.1:{service.port}/console/permanences/ouvertures/{wednesday.id}")
    await sandra.locator("#start").fill("15:00")
    await _go(sandra, "#preview")
    await expect(sandra.locator(".hits")).to_contain_text(f"Jeune {hit.person_id}")
    await tab_to(sandra, f'[name="then-{hit.id}"]')
    await sandra.keyboard.press("ArrowDown")
    await look(sandra, f"openings-{width}-hit")
    await _go(sandra, "#sure")
    async with service.database.read_only() as session:
        assert (await session.get_one(Appointment, hit.id)).state is AppointmentState.CANCELLED_BY_STRUCTURE

    await sandra.goto(f"http://127.0.0.1:{service.port}/console/permanences")
    await _go(sandra, "#new-absence")
    await look(sandra, f"openings-{width}-absence")
    await _go(sandra, "#preview")
    await look(sandra, f"openings-{width}-absence-preview")
    await _go(sandra, "#sure")
    await expect(sandra.locator(".said")).to_contain_text("L'absence est enregistrée")


@SIZES
async def test_paper_calendar_and_demand(service: Service, chromium: Browser, size: ViewportSize, width: str) -> None:
    claire = await open_desk(service, chromium, "claire", size)
    await claire.goto(f"http://127.0.0.1:{service.port}/console/agenda/imprimer?jour=2027-03-10")
    await look(claire, f"agenda-{width}-list")
    await claire.emulate_media(media="print")
    await expect(claire.locator("nav")).to_be_hidden()
    await expect(claire.locator("table.paper")).to_be_visible()
    await look(claire, f"agenda-{width}-list-print")
    await claire.emulate_media(media="screen")
    await claire.goto(f"http://127.0.0.1:{service.port}/console/agenda")
    await _go(claire, "#feed")
    await _go(claire, "#make")
    await expect(claire.locator("#once")).to_have_value(re.compile(r"/console/flux/[\w-]{43}\.ics$"))
    await look(claire, f"agenda-{width}-feed")
    await claire.goto(f"http://127.0.0.1:{service.port}/console/demande")
    await look(claire, f"agenda-{width}-demand")
