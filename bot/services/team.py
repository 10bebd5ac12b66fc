"""The team as it truly is: who is present, when it opens again, who was told what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import texts
from bot.domain.calendar import Closure, Window, in_paris, is_open, next_opening, say_moment, say_time
from bot.domain.conversations import Say
from bot.domain.outbox import OutboxKind
from bot.domain.people import Channel
from bot.domain.team import NoticeKind, Role
from bot.services import outbox
from bot.storage.tables import (
    Adviser,
    Alert,
    ClosureRow,
    Conversation,
    Handoff,
    Notice,
    Presence,
    Structure,
)


@dataclass(frozen=True)
class Hours:
    """When someone answers: the windows, and the days that are closed."""

    windows: tuple[Window, ...]
    closures: tuple[Closure, ...]
    subdiv: str | None

    def is_open(self, at: datetime) -> bool:
        return is_open(self.windows, self.closures, self.subdiv, at)

    def next_opening(self, at: datetime) -> datetime | None:
        return next_opening(self.windows, self.closures, self.subdiv, at)

    def closes(self, at: datetime) -> time | None:
        """When the last window open at `at` ends today."""
        local = in_paris(at)
        ends = [
            window.end
            for window in self.windows
            if window.weekday == local.weekday() and window.start <= local.time() < window.end
        ]
        return max(ends, default=None)


@dataclass(frozen=True)
class TeamNow:
    """What may truly be said of a structure's team at one moment.

    `reopens_at` is None when no hours are known; `present` are the advisers in their hours of presence.
    """

    present: tuple[Adviser, ...]
    until: time | None
    reopens_at: datetime | None

    @property
    def open_now(self) -> bool:
        return bool(self.present)

    def say_reopens(self, now: datetime) -> str | None:
        return say_moment(self.reopens_at, now) if self.reopens_at else None

    def say_when(self, now: datetime) -> str | None:
        """ "aujourd'hui" while open, else when it opens again, as "demain à 9 h"."""
        return "aujourd'hui" if self.open_now else self.say_reopens(now)


async def hours_of(session: AsyncSession, adviser: Adviser, *, on_call: bool = False) -> Hours:
    """An adviser's hours of presence, or of on-call duty."""
    rows = await session.scalars(select(Presence).where(Presence.adviser_id == adviser.id, Presence.on_call == on_call))
    return Hours(
        tuple(Window(row.weekday, _clock(row.start_minute), _clock(row.end_minute)) for row in rows),
        await closures_of(session, adviser.structure_id, adviser.id),
        adviser.structure.territory.subdiv,
    )


async def closures_of(
    session: AsyncSession, structure_id: str, adviser_id: int | None = None, place_id: int | None = None
) -> tuple[Closure, ...]:
    """The closed days of a structure, with those of one of its advisers or places."""
    rows = await session.scalars(
        select(ClosureRow).where(
            or_(
                ClosureRow.structure_id == structure_id,
                ClosureRow.adviser_id == adviser_id if adviser_id is not None else false(),
                ClosureRow.place_id == place_id if place_id is not None else false(),
            )
        )
    )
    return tuple(Closure(row.first_date, row.last_date) for row in rows)


async def advisers_of(session: AsyncSession, structure_id: str) -> Sequence[Adviser]:
    rows = await session.scalars(
        select(Adviser).where(Adviser.structure_id == structure_id, Adviser.active).order_by(Adviser.id)
    )
    return rows.all()


async def team_now(session: AsyncSession, structure: Structure, now: datetime) -> TeamNow:
    """Who is present in a structure, until when; else when it opens again. Holidays are counted."""
    present, ends, openings = [], [], []
    for adviser in await advisers_of(session, structure.id):
        hours = await hours_of(session, adviser)
        if hours.is_open(now):
            present.append(adviser)
            ends.append(hours.closes(now))
        elif (opening := hours.next_opening(now)) is not None:
            openings.append(opening)
    return TeamNow(
        tuple(present),
        max((end for end in ends if end is not None), default=None),
        min(openings, default=None),
    )


async def tell(
    session: AsyncSession,
    advisers: Sequence[Adviser],
    kind: NoticeKind,
    now: datetime,
    *,
    handoff: Handoff | None = None,
    alert: Alert | None = None,
    conversation: Conversation | None = None,
) -> None:
    """Tell advisers that something waits: in their list, and in their hours on their Telegram if they linked it.

    The notice carries the kind of wait and an anonymous number; never a text, a name or a kind of danger.
    """
    for adviser in advisers:
        row = None
        if adviser.telegram_chat and await is_reachable(session, adviser, now):
            number = handoff.id if handoff else alert.id if alert else conversation.id if conversation else 0
            bubble = texts.render(Say(f"utter_notice_{kind.value}", {"number": str(number)}))[0]
            row = await outbox.queue(
                session,
                Channel.TELEGRAM,
                adviser.telegram_chat,
                OutboxKind.NOTICE,
                {"text": bubble.text, "buttons": [], "attachment": None},
                now,
            )
        session.add(
            Notice(
                adviser_id=adviser.id,
                kind=kind,
                handoff_id=handoff.id if handoff else None,
                alert_id=alert.id if alert else None,
                conversation_id=conversation.id if conversation else None,
                outbox_id=row.id if row else None,
                at=now,
            )
        )
    await session.flush()


async def reachable(session: AsyncSession, structure_id: str, now: datetime) -> list[Adviser]:
    """Who may be told now: present or on call. Nothing is pushed to anyone outside those hours."""
    return [
        adviser for adviser in await advisers_of(session, structure_id) if await is_reachable(session, adviser, now)
    ]


async def is_reachable(session: AsyncSession, adviser: Adviser, now: datetime) -> bool:
    """Whether an adviser is in their hours of presence or of on-call duty."""
    present = await hours_of(session, adviser)
    return present.is_open(now) or (await hours_of(session, adviser, on_call=True)).is_open(now)


async def next_reachable(session: AsyncSession, structure_id: str, now: datetime) -> datetime | None:
    """When someone may be told next: the first hour of presence or of on-call duty; None if there is none."""
    openings = [
        (await hours_of(session, adviser, on_call=on_call)).next_opening(now)
        for adviser in await advisers_of(session, structure_id)
        for on_call in (False, True)
    ]
    return min((opening for opening in openings if opening is not None), default=None)


async def coordinators(session: AsyncSession, structure_id: str, now: datetime) -> list[Adviser]:
    return [adviser for adviser in await reachable(session, structure_id, now) if adviser.role is Role.COORDINATOR]


async def tell_unreachable(session: AsyncSession, conversation: Conversation, now: datetime) -> None:
    """Tell who follows the person, or the structure, that they blocked the bot."""
    holder = await session.scalar(
        select(Adviser)
        .join(Handoff, Handoff.adviser_id == Adviser.id)
        .where(Handoff.conversation_id == conversation.id)
        .order_by(Handoff.id.desc())
        .limit(1)
    )
    advisers = [holder] if holder else await advisers_of(session, conversation.structure_id)
    await tell(session, advisers, NoticeKind.UNREACHABLE, now, conversation=conversation)


def say_structure(structure: Structure) -> str:
    """ "la Mission Locale du Nord Mosellan", "l'équipe AMP": as said after "le robot de"."""
    if structure.name.startswith("Mission Locale"):
        return f"la {structure.name}"
    return f"l'équipe {say_team(structure)}"


def say_team(structure: Structure) -> str:
    """ "de la Mission Locale", "AMP": as said after "l'équipe"."""
    name = structure.short_name
    return f"de la {name}" if name.startswith("Mission Locale") else name


def say_until(until: time | None) -> str:
    return say_time(until) if until else ""


def _clock(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60) if minutes < 24 * 60 else time.max
