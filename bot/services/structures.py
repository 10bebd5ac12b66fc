"""What a structure decides for itself: its delays, and what it uses."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import FormIncomplete
from bot.storage.queries import insert_new
from bot.storage.tables import StructureSetting

HOUSE = {
    column.name: column.default.arg
    for column in StructureSetting.__table__.columns
    if column.default is not None and column.default.is_scalar
}


# What a coordinator may set, and how far: minutes, and conversations for the load.
BOUNDS = {
    "unanswered_minutes": (5, 480),
    "tell_late_minutes": (2, 240),
    "offer_back_minutes": (5, 2880),
    "load_limit": (1, 100),
}


async def settings_of(session: AsyncSession, structure_id: str) -> StructureSetting:
    """The settings of a structure, to read; the house's own where it changed nothing."""
    return await session.get(StructureSetting, structure_id) or StructureSetting(structure_id=structure_id, **HOUSE)


async def settings_to_change(session: AsyncSession, structure_id: str) -> StructureSetting:
    """The same, kept: what is changed on it holds from then on."""
    await insert_new(session, StructureSetting, structure_id=structure_id, **HOUSE)
    return await session.get_one(StructureSetting, structure_id)


async def change(session: AsyncSession, structure_id: str, numbers: Mapping[str, str], *, surveys: bool) -> None:
    """Set what a coordinator wrote in the form: a number for each of `BOUNDS`, and whether faces are asked.

    Raises:
        FormIncomplete: a number is missing, or out of its bounds; nothing is changed.
    """
    read = {}
    for name, (least, most) in BOUNDS.items():
        written = numbers.get(name, "").strip()
        if not (written.isascii() and written.isdecimal() and least <= int(written[:6]) <= most):
            raise FormIncomplete
        read[name] = int(written)
    settings = await settings_to_change(session, structure_id)
    for name, number in read.items():
        setattr(settings, name, number)
    settings.surveys = surveys
    await session.flush()
