"""An appointment, or a slot, on a button: when, and where if there is room for it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import Mode, Slot
from bot.domain.calendar import DAYS, in_paris, say_time
from bot.domain.conversations import first_that_fits
from bot.services import places
from bot.storage.tables import Appointment, BookingDraft, Place


async def slot_title(session: AsyncSession, draft: BookingDraft, slot: Slot, *, one_place: bool) -> str:
    """A slot that is proposed; with its place where there are several, or where none was chosen."""
    if (draft.place_id is None or not one_place) and slot.mode is Mode.ON_SITE:
        return title_with_place(await session.get_one(Place, slot.place_id), slot.starts_at)
    local = in_paris(slot.starts_at)
    return f"{DAYS[local.weekday()][:3]}. {_short_date(local)} {say_time(local)}"


def title_of(appointment: Appointment) -> str:
    """An appointment on a button, among several."""
    return title_with_place(appointment.place, appointment.starts_at)


def title_with_place(place: Place, starts_at: datetime) -> str:
    """When and where, on a button. Where there is no room for both, the date says the weekday, or a name is short."""
    local = in_paris(starts_at)
    day, at = DAYS[local.weekday()][:3], f"{_short_date(local)} {short_time(local)}"
    long, short = places.names(place)
    return first_that_fits(f"{day} {at} {long}", f"{at} {long}", f"{day} {at} {short}", f"{at} {short}")


def _short_date(local: datetime) -> str:
    return f"{local.day}/{local.month:02}"


def short_time(local: datetime) -> str:
    """ "14h30", or "14h"."""
    return f"{local.hour}h{local.minute:02}" if local.minute else f"{local.hour}h"
