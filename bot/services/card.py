"""The card of a young person beside their conversation: how they came, what they asked, what they agreed to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import AppointmentState, RemindBy
from bot.domain.themes import Theme
from bot.services import desk
from bot.services.desk import Entry
from bot.storage.tables import (
    Appointment,
    Conversation,
    PartnerBooking,
    Source,
    SourceTouch,
    Structure,
    Turn,
    TurnEffect,
)

APPOINTMENTS = 5
# What answers a need, with the name of the theme's text (actions/needs).
ANSWERS_A_NEED = "action_answer_need"
THEME_OF = {theme.response: theme for theme in Theme}


@dataclass(frozen=True)
class Card:
    """`source` is empty for who came by themselves, `themes` is in the order they were asked, the last first.

    `partner` booked with their agreement; `called` when they asked to be reminded by telephone.
    """

    since: datetime
    source: str
    appointments: tuple[Entry, ...]
    themes: tuple[str, ...]
    partner: PartnerBooking | None
    called: bool
    nudges_stopped_at: datetime | None


async def read(session: AsyncSession, conversation: Conversation, now: datetime) -> Card:
    """What the team of the conversation's structure may know of who writes in it."""
    person = conversation.identity.person
    touch = await session.get(SourceTouch, person.id)
    source = await session.get(Source, touch.first_code) if touch is not None else None
    structure = await session.get_one(Structure, conversation.structure_id)
    rows = (
        await session.scalars(
            select(Appointment)
            .where(Appointment.person_id == person.id, Appointment.structure_id == structure.id)
            .order_by(Appointment.starts_at.desc())
            .limit(APPOINTMENTS)
        )
    ).all()
    partner = await session.scalar(
        select(PartnerBooking)
        .where(PartnerBooking.conversation_id == conversation.id, PartnerBooking.opened_at.is_not(None))
        .limit(1)
    )
    return Card(
        since=person.created_at,
        source=source.label if source is not None else "",
        appointments=await desk.show(session, structure, rows, now),
        themes=await _themes(session, conversation),
        partner=partner,
        called=any(row.state is AppointmentState.BOOKED and row.remind_by is RemindBy.PHONE for row in rows),
        nudges_stopped_at=person.nudges_stopped_at,
    )


async def _themes(session: AsyncSession, conversation: Conversation) -> tuple[str, ...]:
    answered = await session.scalars(
        select(TurnEffect)
        .join(Turn, TurnEffect.turn_id == Turn.id)
        .where(Turn.conversation_id == conversation.id, TurnEffect.action == ANSWERS_A_NEED)
        .order_by(Turn.id.desc())
        .limit(50)
    )
    names = [say.get("response", "") for effect in answered for say in effect.says]
    return tuple(dict.fromkeys(THEME_OF[name].label for name in names if name in THEME_OF))
