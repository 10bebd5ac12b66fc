"""The team as it truly is: who is present, when it opens again, who was told what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from sqlalchemy import false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import texts
from bot.domain.calendar import (
    Closure,
    Window,
    day_bounds,
    days_between,
    in_paris,
    is_open,
    moment,
    next_opening,
    open_hours,
    say_moment,
)
from bot.domain.conversations import Say
from bot.domain.outbox import OutboxKind
from bot.domain.people import Channel
from bot.domain.team import LONGEST_AWAY, LONGEST_MEETING, NoticeKind, PresenceSaid, Role, say_delay
from bot.services import outbox
from bot.storage.tables import (
    Absence,
    Adviser,
    Alert,
    Conversation,
    Handoff,
    Notice,
    Presence,
    Structure,
)


@dataclass(frozen=True)
class Hours:
    """When someone answers: the windows, the days that are closed, and what they said of themselves until when.

    Someone who said "je réponds" is there outside their hours, and someone who said "je ne réponds pas" is not
    there within them.
    """

    windows: tuple[Window, ...]
    closures: tuple[Closure, ...]
    subdiv: str | None
    said: PresenceSaid | None = None
    said_until: datetime | None = None

    def is_open(self, at: datetime) -> bool:
        if self._says(PresenceSaid.HERE, at):
            return True
        return not self._says(PresenceSaid.AWAY, at) and is_open(self.windows, self.closures, self.subdiv, at)

    def is_busy(self, at: datetime) -> bool:
        """There, but in a meeting."""
        return self._says(PresenceSaid.BUSY, at) and self.is_open(at)

    def next_opening(self, at: datetime) -> datetime | None:
        if self.is_open(at):
            return in_paris(at)
        if self._says(PresenceSaid.AWAY, at) and self.said_until is not None:
            at = self.said_until
        return next_opening(self.windows, self.closures, self.subdiv, at)

    def free_again(self, at: datetime) -> datetime | None:
        """When someone in a meeting at `at` answers next: at its end, or when their hours open after it."""
        return self.next_opening(self.said_until) if self.is_busy(at) and self.said_until else None

    def _says(self, said: PresenceSaid, at: datetime) -> bool:
        return self.said is said and self.said_until is not None and at < self.said_until

    def closes(self, at: datetime) -> time | None:
        """When the last window open at `at` ends today."""
        local = in_paris(at)
        spans = open_hours(self.windows, self.closures, self.subdiv, local.date())
        return max((end for start, end in spans if start <= local.time() < end), default=None)

    def spans(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """When someone answers between two moments, as far as hours and what they said tell at `start`."""
        found = [
            (moment(day, opens), moment(day, closes) if closes < time.max else moment(day + timedelta(days=1), time()))
            for day in days_between(start, end)
            for opens, closes in open_hours(self.windows, self.closures, self.subdiv, day)
        ]
        if self._says(PresenceSaid.AWAY, start) and self.said_until is not None:
            found = [(max(since, self.said_until), until) for since, until in found]
        if self._says(PresenceSaid.HERE, start) and self.said_until is not None:
            found.append((start, self.said_until))
        return [(max(since, start), min(until, end)) for since, until in found if since < end and until > start]

    def time_there(self, since: datetime, now: datetime) -> timedelta:
        """How long someone was there between two moments. Who says they are, is since midnight."""
        midnight, _ = day_bounds(in_paris(now).date())
        if self._says(PresenceSaid.HERE, now):
            return now - max(since, midnight)
        return sum((until - start for start, until in replace(self, said=None).spans(since, now)), timedelta())


@dataclass(frozen=True)
class TeamNow:
    """What may truly be said of a structure's team at one moment.

    `present` are the advisers who are there, `free` those of them who are not in a meeting. `until` is None when
    nobody's hours say it; `reopens_at` when no hours are known. `free_again` is when the first of those in a meeting
    answers, if everyone present is in one.
    """

    present: tuple[Adviser, ...]
    free: tuple[Adviser, ...]
    until: time | None
    reopens_at: datetime | None
    free_again: datetime | None

    @property
    def open_now(self) -> bool:
        return bool(self.present)

    @property
    def all_busy(self) -> bool:
        return self.open_now and not self.free

    def say_reopens(self, now: datetime) -> str | None:
        return say_moment(self.reopens_at, now) if self.reopens_at else None

    def say_when(self, now: datetime) -> str | None:
        """ "aujourd'hui" while open, else when it opens again, as "demain à 9 h"."""
        return "aujourd'hui" if self.open_now else self.say_reopens(now)


async def hours_of(session: AsyncSession, adviser: Adviser, *, on_call: bool = False) -> Hours:
    """An adviser's hours of presence, or of on-call duty."""
    ((_, hours),) = await hours_of_each(session, [adviser], on_call=on_call)
    return hours


async def hours_of_each(
    session: AsyncSession, advisers: Sequence[Adviser], *, on_call: bool = False
) -> list[tuple[Adviser, Hours]]:
    """The hours of presence, or of on-call duty, of several advisers; two questions, however many they are."""
    numbers = [adviser.id for adviser in advisers]
    rows = await session.scalars(
        select(Presence).where(Presence.adviser_id.in_(numbers), Presence.on_call == on_call).order_by(Presence.id)
    )
    windows: dict[int, list[Window]] = {number: [] for number in numbers}
    for row in rows:
        windows[row.adviser_id].append(Window(row.weekday, _clock(row.start_minute), _clock(row.end_minute)))
    structures = {adviser.structure_id for adviser in advisers}
    found = await session.scalars(
        select(Absence).where(
            Absence.active, or_(Absence.structure_id.in_(structures), Absence.adviser_id.in_(numbers))
        )
    )
    absences = found.all()
    return [
        (
            adviser,
            Hours(
                tuple(windows[adviser.id]),
                tuple(
                    _closure(row)
                    for row in absences
                    if row.structure_id == adviser.structure_id or row.adviser_id == adviser.id
                ),
                adviser.structure.territory.subdiv,
                # On-call duty was promised to the structure: nobody leaves it by a button.
                None if on_call else adviser.presence_said,
                None if on_call else adviser.presence_until,
            ),
        )
        for adviser in advisers
    ]


async def closures_of(
    session: AsyncSession, structure_id: str, adviser_id: int | None = None, place_id: int | None = None
) -> tuple[Closure, ...]:
    """When a structure is closed, with the absences of one of its advisers or places: days, or hours of a day."""
    rows = await session.scalars(
        select(Absence).where(
            Absence.active,
            or_(
                Absence.structure_id == structure_id,
                Absence.adviser_id == adviser_id if adviser_id is not None else false(),
                Absence.place_id == place_id if place_id is not None else false(),
            ),
        )
    )
    return tuple(map(_closure, rows))


def _closure(row: Absence) -> Closure:
    return Closure(
        row.first_date,
        row.last_date,
        row.weekday,
        _clock(row.start_minute or 0),
        _clock(24 * 60 if row.end_minute is None else row.end_minute),
    )


async def advisers_of(session: AsyncSession, structure_id: str) -> Sequence[Adviser]:
    rows = await session.scalars(
        select(Adviser)
        .where(Adviser.structure_id == structure_id, Adviser.active, Adviser.role != Role.PARTNER)
        .order_by(Adviser.id)
    )
    return rows.all()


async def team_now(session: AsyncSession, structure: Structure, now: datetime) -> TeamNow:
    """Who is present in a structure, until when; else when it opens again. Holidays are counted."""
    present, free, ends, openings, meetings = [], [], [], [], []
    for adviser, hours in await hours_of_each(session, await advisers_of(session, structure.id)):
        if hours.is_open(now):
            present.append(adviser)
            ends.append(hours.closes(now))
            if not hours.is_busy(now):
                free.append(adviser)
            elif (again := hours.free_again(now)) is not None:
                meetings.append(again)
        elif (opening := hours.next_opening(now)) is not None:
            openings.append(opening)
    return TeamNow(
        tuple(present),
        tuple(free),
        max((end for end in ends if end is not None), default=None),
        min(openings, default=None),
        min([*meetings, *openings]) if meetings and not free else None,
    )


async def say_presence(
    session: AsyncSession, adviser: Adviser, said: PresenceSaid | None, until: datetime | None, now: datetime
) -> None:
    """What an adviser says of their own presence; None gives the word back to their hours.

    "Je réponds" lasts until the end of the day, a meeting one hour at most, an absence sixty days at most;
    `until` may end them sooner.
    """
    _, midnight = day_bounds(in_paris(now).date())
    longest = {
        PresenceSaid.HERE: midnight,
        PresenceSaid.BUSY: now + LONGEST_MEETING,
        PresenceSaid.AWAY: now + LONGEST_AWAY,
    }
    adviser.presence_said = said
    adviser.presence_until = min(until or longest[said], longest[said]) if said else None
    await session.flush()


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
            values = {"number": str(number), "delay": say_delay(now - alert.opened_at) if alert else ""}
            bubble = texts.render(Say(f"utter_notice_{kind.value}", values))[0]
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
    return await _reachable(session, await advisers_of(session, structure_id), now)


async def is_reachable(session: AsyncSession, adviser: Adviser, now: datetime) -> bool:
    """Whether an adviser is in their hours of presence or of on-call duty."""
    return bool(await _reachable(session, [adviser], now))


async def _reachable(session: AsyncSession, advisers: Sequence[Adviser], now: datetime) -> list[Adviser]:
    on_calls = dict(await hours_of_each(session, advisers, on_call=True))
    present = await hours_of_each(session, advisers)
    return [adviser for adviser, hours in present if hours.is_open(now) or on_calls[adviser].is_open(now)]


async def next_reachable(session: AsyncSession, structure_id: str, now: datetime) -> datetime | None:
    """When someone may be told next: the first hour of presence or of on-call duty; None if there is none."""
    advisers = await advisers_of(session, structure_id)
    openings = [
        hours.next_opening(now)
        for on_call in (False, True)
        for _, hours in await hours_of_each(session, advisers, on_call=on_call)
    ]
    return min((opening for opening in openings if opening is not None), default=None)


async def coordinators_of(session: AsyncSession, structure_id: str) -> list[Adviser]:
    return [adviser for adviser in await advisers_of(session, structure_id) if adviser.role is Role.COORDINATOR]


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


def _clock(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60) if minutes < 24 * 60 else time.max
