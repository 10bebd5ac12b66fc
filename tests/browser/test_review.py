"""The guide "Relire les passages de relais", in a real browser: what a coordinator reads, at a desk and on a phone."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.handoffs import HandoffReason, HandoffState
from bot.domain.surveys import Face, may_be_asked
from bot.services import accounts, handoffs, review
from bot.storage.tables import Handoff, SurveyAnswer
from tests.browser.looking import DESK
from tests.browser.test_console import PHONE, look, open_desk, tab_to
from tests.console.desk import HASHED, email
from tests.factories import adviser, handoff, paris, young_person
from tests.world import Service, free_port, open_service

NOW = paris("2027-03-26T10:00")  # a Friday
REASONS = (HandoffReason.ASKED,) * 4 + (HandoffReason.NOT_UNDERSTOOD,) * 2 + (HandoffReason.CALLBACK,)


async def _a_month(session: AsyncSession) -> None:
    """Sixty handoffs, some at night, most answered by Sandra."""
    chance, sandra = random.Random(6), await adviser(session, "sandra")
    for _ in range(60):
        asked = NOW - timedelta(hours=chance.uniform(26, 29 * 24))
        young = await young_person(session, now=asked)
        inside = may_be_asked(asked)
        wait = timedelta(minutes=chance.expovariate(1 / 25) if inside else chance.uniform(200, 900))
        answered = chance.random() < 0.9
        one = Handoff(
            conversation_id=young.id,
            structure_id=young.structure_id,
            reason=chance.choice(REASONS),
            state=HandoffState.GIVEN_BACK if answered else HandoffState.CLOSED,
            priority=2,
            asked_at=asked,
            ended_at=asked + wait + timedelta(minutes=20),
            in_hours=inside,
            first_answer_at=asked + wait if answered else None,
            adviser_id=sandra.id if answered else None,
            theme=chance.choice(("need_housing", "need_job", None)),
        )
        session.add(one)
        await session.flush()
        if answered and chance.random() < 0.4:
            face = chance.choice((Face.GOOD, Face.GOOD, Face.SO_SO))
            session.add(SurveyAnswer(handoff_id=one.id, face=face, at=asked + timedelta(days=1)))


async def _one_that_went_badly(session: AsyncSession) -> Handoff:
    """Sandra answered after two hours, and gave it back."""
    asked, sandra, claire = (
        paris("2027-03-25T14:10"),
        await adviser(session, "sandra"),
        await adviser(session, "claire"),
    )
    young = await young_person(session, now=asked)
    taken = await handoff(session, young, now=asked)
    taken.theme = "need_housing"
    await handoffs.take(session, taken, sandra, asked + timedelta(minutes=95))
    await handoffs.answer(session, taken, sandra, "Bonjour, je regarde.", asked + timedelta(minutes=118))
    await handoffs.give_back(session, taken, sandra, asked + timedelta(minutes=140))
    session.add(SurveyAnswer(handoff_id=taken.id, face=Face.BAD, at=asked + timedelta(minutes=170)))
    await review.tag(session, taken, claire, "logement d'urgence", asked + timedelta(hours=3))
    return taken


@pytest.fixture
async def service(tmp_path: Path, template: Path) -> AsyncIterator[Service]:
    async with open_service(tmp_path / "service", template, "http://127.0.0.1:1", free_port(), NOW) as opened:
        async with opened.database.unit_of_work() as session:
            for slug in ("claire", "sandra"):
                await accounts.set_up(session, await adviser(session, slug), email(slug), HASHED, must_change=False)
            await _a_month(session)
            await _one_that_went_badly(session)
        opened.start("web")
        await opened.web_ready()
        yield opened


async def test_a_coordinator_reads_marks_and_writes_by_keyboard(service: Service, chromium: Browser) -> None:
    claire = await open_desk(service, chromium, "claire", DESK)
    console = f"http://127.0.0.1:{service.port}/console"
    await claire.get_by_role("link", name="Suivi").click()
    await expect(claire.locator(".unhappy")).to_contain_text("Pas bien")
    await look(claire, "relais-1-liste")
    await tab_to(claire, ".filters summary")
    await claire.keyboard.press("Enter")
    await tab_to(claire, "#tri")
    await claire.keyboard.press("ArrowDown")
    await look(claire, "relais-2-filtres")
    await tab_to(claire, "#filter")
    await claire.keyboard.press("Enter")
    await expect(claire.locator("#tri")).to_have_value("longest")
    await tab_to(claire, ".unhappy a")
    await claire.keyboard.press("Enter")
    await expect(claire.locator(".steps")).to_contain_text("1 h 35")
    await expect(claire.locator(".steps")).to_contain_text("Première réponse écrite")
    await tab_to(claire, "#mark-to_discuss")
    await claire.keyboard.press("Enter")
    await expect(claire.locator("#mark-to_discuss")).to_have_attribute("aria-pressed", "true")
    await tab_to(claire, "#text")
    await claire.keyboard.type("Deux heures d'attente : on en parle lundi ?")
    await tab_to(claire, "#send")
    await claire.keyboard.press("Enter")
    await expect(claire.locator("#mots")).to_contain_text("Pas encore lu")
    await look(claire, "relais-3-fil")
    await claire.goto(f"{console}/chiffres")
    await expect(claire.locator("svg.chart")).to_have_count(2)
    await look(claire, "relais-4-chiffres")
    await tab_to(claire, "#tables summary")
    await claire.keyboard.press("Enter")
    await expect(claire.locator("#tables table").first).to_be_visible()

    await claire.set_viewport_size(PHONE)
    for path, name in (("chiffres", "6-chiffres-telephone"), ("relais", "5-liste-telephone")):
        await claire.goto(f"{console}/{path}")
        await look(claire, f"relais-{name}")
    await claire.locator(".unhappy a").first.click()
    await look(claire, "relais-7-fil-telephone")

    sandra = await open_desk(service, chromium, "sandra", PHONE)
    await expect(sandra.locator(".news")).to_contain_text("La coordination t'a écrit")
    await sandra.goto(f"{console}/compte")
    await sandra.get_by_role("button", name="J'ai lu").click()
    await expect(sandra.locator("#mots")).to_have_count(0)


async def test_a_coordinator_sets_the_delays_by_keyboard(service: Service, chromium: Browser) -> None:
    claire = await open_desk(service, chromium, "claire", DESK)
    console = f"http://127.0.0.1:{service.port}/console"
    await claire.goto(f"{console}/reglages")
    await look(claire, "reglages-1")
    await tab_to(claire, "#tell_late_minutes")
    await claire.keyboard.press("Control+A")
    await claire.keyboard.type("12")
    await claire.keyboard.press("Enter")
    await expect(claire.locator("#tell_late_minutes")).to_have_value("12")
    await look(claire, "reglages-2-garde")
    await claire.set_viewport_size(PHONE)
    for path in ("reglages", "telegram", "trous", "equipe"):
        await claire.goto(f"{console}/{path}")
        await look(claire, f"reglages-telephone-{path}")
