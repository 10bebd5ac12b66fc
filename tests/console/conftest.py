"""The console in the test's own process, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.clock import ShiftedClock
from bot.settings import Settings
from bot.storage.database import Database
from tests.console.desk import CHEAP, Desk, hash_with
from tests.databases import database, demo_on_sqlite, demo_url, empty_url
from tests.factories import NOW

__all__ = ["database", "demo_on_sqlite", "demo_url", "empty_url"]


@pytest.fixture
async def desk(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """The demo's team at work on a Wednesday at 10:00, and nobody logged in. Hashes are cheap."""
    hash_with(monkeypatch, CHEAP)
    clock = ShiftedClock(tmp_path / "clock")
    clock.move_to(NOW)
    settings = Settings(  # type: ignore[call-arg]
        _env_file=None, var=tmp_path / "var", clock_file=tmp_path / "clock", public_url="https://desk.test"
    )
    async with Desk(settings, database) as opened:
        yield opened
