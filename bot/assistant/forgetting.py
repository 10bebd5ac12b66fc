"""Delete thrown-away keys from Rasa's own store: putting an empty list of events leaves every row in clear."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import aiosqlite
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
    async with aiosqlite.connect(rasa_store, timeout=10) as store:
        await store.execute("PRAGMA secure_delete=ON")
        await store.executemany("DELETE FROM events WHERE sender_id = ?", [(key,) for key in keys])
        await store.commit()
    async with database.unit_of_work() as session:
        await session.execute(delete(OldRasaKey).where(OldRasaKey.key.in_(keys)))
    return len(keys)
