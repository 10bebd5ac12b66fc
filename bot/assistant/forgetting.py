"""Delete thrown-away keys from Rasa's own store: putting an empty list of events leaves every row in clear."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, select

from bot.storage.database import Database
from bot.storage.tables import OldRasaKey

# A late action of Rasa's may still write under an old key.
AFTER = timedelta(minutes=2)


async def forget_old_keys(database: Database, rasa_store: Path, now: datetime) -> int:
    """Delete the rows of old keys in Rasa's SQLite file; returns how many keys were forgotten."""
    async with database.read_only() as session:
        keys = (await session.scalars(select(OldRasaKey.key).where(OldRasaKey.since < now - AFTER))).all()
    if not keys or not rasa_store.exists():
        return 0
    await asyncio.to_thread(_delete, rasa_store, keys)
    async with database.unit_of_work() as session:
        await session.execute(delete(OldRasaKey).where(OldRasaKey.key.in_(keys)))
    return len(keys)


def _delete(rasa_store: Path, keys: Sequence[str]) -> None:
    with closing(sqlite3.connect(rasa_store, timeout=10)) as store, store:
        store.execute("PRAGMA secure_delete=ON")
        store.executemany("DELETE FROM events WHERE sender_id = ?", [(key,) for key in keys])
