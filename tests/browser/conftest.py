"""A real browser: found or failed for, never skipped."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.finding import MISSING, find_chromium


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A browser for one test; the pages it opened are closed with it."""
    async with async_playwright() as playwright:
        path = find_chromium(playwright.chromium.executable_path)
        if path is None:
            pytest.fail(MISSING)
        # A container's root has no sandbox.
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        await browser.close()
