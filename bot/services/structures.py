"""What a structure decides for itself: its delays, and what it uses."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from bot.storage.queries import insert_new
from bot.storage.tables import StructureSetting

HOUSE = {
    column.name: column.default.arg
    for column in StructureSetting.__table__.columns
    if column.default is not None and column.default.is_scalar
}


async def settings_of(session: AsyncSession, structure_id: str) -> StructureSetting:
    """The settings of a structure, to read; the house's own where it changed nothing."""
    return await session.get(StructureSetting, structure_id) or StructureSetting(structure_id=structure_id, **HOUSE)


async def settings_to_change(session: AsyncSession, structure_id: str) -> StructureSetting:
    """The same, kept: what is changed on it holds from then on."""
    await insert_new(session, StructureSetting, structure_id=structure_id, **HOUSE)
    return await session.get_one(StructureSetting, structure_id)
