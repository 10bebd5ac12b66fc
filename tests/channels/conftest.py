"""Most of what a channel does is the same on both databases: SQLite is enough, except where rows race."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage.database import Database
from tests.databases import demo_on_sqlite
from tests.databases import demo_url as either_url

__all__ = ["demo_on_sqlite", "either_url"]


@pytest.fixture
async def database(tmp_path: Path, demo_on_sqlite: Path) -> AsyncIterator[Database]:
    shutil.copy(demo_on_sqlite, tmp_path / "demo.db")
    opened = Database(f"sqlite:///{tmp_path / 'demo.db'}")
    yield opened
    await opened.close()


@pytest.fixture
async def either(either_url: str) -> AsyncIterator[Database]:
    """SQLite, then PostgreSQL."""
    opened = Database(either_url)
    yield opened
    await opened.close()
