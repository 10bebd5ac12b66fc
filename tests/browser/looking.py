"""Look at a page: its faults for those who do not see or point, and what it looks like."""

from __future__ import annotations

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, ViewportSize

from bot.training import ROOT

SCREENS = ROOT / "reports" / "screens"
PHONE = ViewportSize(width=360, height=740)
DESK = ViewportSize(width=1280, height=800)


async def assert_accessible(page: Page) -> None:
    """No serious or critical fault that axe-core can see."""
    # Half-way through its entrance, a line has no contrast yet.
    await page.evaluate(
        "Promise.allSettled(document.getAnimations()"
        ".filter(one => one.effect.getComputedTiming().iterations !== Infinity).map(one => one.finished))"
    )
    results = await Axe().run(page)
    faults = [
        f"{rule['impact']} {rule['id']}: {node['html'][:160]} {[one['message'] for one in node['any']]}"
        for rule in results.response["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
    assert faults == []


async def assert_fits(page: Page) -> None:
    """Nothing makes the page scroll sideways."""
    wider = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, f"{wider} px too wide"


async def take_screenshot(page: Page, name: str) -> None:
    """Keep what the page looks like in reports/screens/, which is not committed."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SCREENS / f"{name}.png")
