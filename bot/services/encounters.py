"""In the street: note a *rencontre*, and the code that opens the conversation with who one met."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import communes
from bot.domain.calendar import day_bounds, in_paris
from bot.domain.encounters import MOST_PEOPLE, TAKEN_BACK_WITHIN, EncounterTheme, NextStep, happened_at
from bot.errors import EncounterCounts, FormIncomplete
from bot.storage.queries import insert_new
from bot.storage.tables import Adviser, AdviserCode, Conversation, Encounter, Place, Source, SourceTouch, Structure

SOURCE_KIND = "adviser"
# A code is read by a camera: short, so that its squares are large.
PREFIX = "moi-"
SHOWN = 50
PLACES_PROPOSED = 12


@dataclass(frozen=True)
class Noted:
    """What the form says of an encounter; `uuid` was made by the phone, `at` by its clock."""

    uuid: str
    place: str
    people: str
    nickname: str = ""
    commune: str = ""
    theme: str = ""
    next_step: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Count:
    """A week (its Monday) and a commune, empty when nobody said: how many encounters, of how many people."""

    week: date
    commune: str
    encounters: int
    people: int


# ── The form ─────────────────────────────────────────────────────────────────────────────────


async def note(session: AsyncSession, adviser: Adviser, noted: Noted, now: datetime) -> None:
    """Keep an encounter, once: the same one sent again changes nothing.

    Raises:
        FormIncomplete: no place, no number of people, or no mark of its own.
    """
    place = " ".join(noted.place.split())[:80]
    people = int(noted.people) if noted.people.isdecimal() and len(noted.people) < 4 else 0
    try:
        uuid = str(UUID(noted.uuid))
    except ValueError:
        raise FormIncomplete from None
    if not place or not 0 < people <= MOST_PEOPLE:
        raise FormIncomplete
    await insert_new(
        session,
        Encounter,
        uuid=uuid,
        structure_id=adviser.structure_id,
        adviser_id=adviser.id,
        place=place,
        people=people,
        nickname=" ".join(noted.nickname.split())[:40] or None,
        commune=_commune(noted.commune),
        theme=EncounterTheme(noted.theme) if noted.theme in tuple(EncounterTheme) else None,
        next_step=NextStep(noted.next_step) if noted.next_step in tuple(NextStep) else None,
        at=happened_at(noted.at, now),
        sent_at=now,
    )


async def take_back(session: AsyncSession, encounter: Encounter, now: datetime) -> None:
    """Delete an encounter that was noted by mistake.

    Raises:
        EncounterCounts: it was sent more than a day ago, and counts.
    """
    if not may_take_back(encounter, now):
        raise EncounterCounts
    await session.delete(encounter)
    await session.flush()


def may_take_back(encounter: Encounter, now: datetime) -> bool:
    return now - encounter.sent_at < TAKEN_BACK_WITHIN


async def mine(session: AsyncSession, adviser: Adviser) -> Sequence[Encounter]:
    """What an adviser noted, the last first."""
    rows = await session.scalars(
        select(Encounter)
        .where(Encounter.adviser_id == adviser.id)
        .order_by(Encounter.at.desc(), Encounter.id.desc())
        .limit(SHOWN)
    )
    return rows.all()


async def places_for(session: AsyncSession, adviser: Adviser) -> tuple[str, ...]:
    """The places to choose from: where they last were, then the structure's own."""
    been = await session.scalars(
        select(Encounter.place)
        .where(Encounter.adviser_id == adviser.id)
        .group_by(Encounter.place)
        .order_by(func.max(Encounter.at).desc())
        .limit(PLACES_PROPOSED)
    )
    own = await session.scalars(
        select(Place.name).where(Place.structure_id == adviser.structure_id).order_by(Place.name)
    )
    return tuple(dict.fromkeys([*been, *own]))[:PLACES_PROPOSED]


async def communes_for(session: AsyncSession, adviser: Adviser) -> tuple[str, ...]:
    """The communes to choose from: those where the structure's places are."""
    rows = await session.scalars(
        select(Place.insee).where(Place.structure_id == adviser.structure_id, Place.insee.is_not(None)).distinct()
    )
    return tuple(sorted({communes.by_insee(insee).name for insee in rows if insee}))


def _commune(typed: str) -> str | None:
    typed = " ".join(typed.split())[:80]
    found = communes.find(typed) if typed else ()
    return found[0].commune.name if len(found) == 1 else typed or None


# ── For the coordinators ─────────────────────────────────────────────────────────────────────


async def between(session: AsyncSession, structure: Structure, first: date, last: date) -> Sequence[Encounter]:
    """The encounters of a structure from the day `first` to the day `last`, both included, in time order."""
    rows = await session.scalars(
        select(Encounter)
        .where(
            Encounter.structure_id == structure.id,
            Encounter.at >= day_bounds(first)[0],
            Encounter.at < day_bounds(last)[1],
        )
        .order_by(Encounter.at, Encounter.id)
    )
    return rows.all()


def count(encounters: Sequence[Encounter]) -> tuple[Count, ...]:
    """How many a week and a commune, the last week first."""
    found: dict[tuple[date, str], list[int]] = {}
    for one in encounters:
        day = in_paris(one.at).date()
        found.setdefault((day - timedelta(days=day.weekday()), one.commune or ""), []).append(one.people)
    counts = [Count(week, commune, len(people), sum(people)) for (week, commune), people in found.items()]
    return tuple(sorted(counts, key=lambda one: (-one.week.toordinal(), one.commune == "", one.commune)))


# ── Their own code ───────────────────────────────────────────────────────────────────────────


async def code_of(session: AsyncSession, adviser: Adviser) -> AdviserCode | None:
    """The code that opens the conversation with them, if they have one."""
    rows = await session.scalars(
        select(AdviserCode).where(AdviserCode.adviser_id == adviser.id, AdviserCode.revoked_at.is_(None))
    )
    return rows.one_or_none()


async def make_code(session: AsyncSession, adviser: Adviser, now: datetime) -> AdviserCode:
    """A new code; the one before it no longer leads to them, but still to their structure."""
    await revoke_code(session, adviser, now)
    source = Source(
        code=f"{PREFIX}{secrets.token_hex(4)}",
        territory_id=adviser.structure.territory_id,
        label=f"Code de {adviser.first_name}",
        kind=SOURCE_KIND,
        structure_id=adviser.structure_id,
    )
    session.add(source)
    await session.flush()
    code = AdviserCode(code=source.code, adviser_id=adviser.id, made_at=now)
    session.add(code)
    await session.flush()
    return code


async def revoke_code(session: AsyncSession, adviser: Adviser, now: datetime) -> None:
    code = await code_of(session, adviser)
    if code is not None:
        code.revoked_at = now
        await session.flush()


async def adviser_met(session: AsyncSession, conversation: Conversation) -> Adviser | None:
    """Who the young person met: whose code last brought them, while it was good.

    None if nobody's did, or if that adviser left the team or is not of the conversation's structure.
    """
    touch = await session.get(SourceTouch, conversation.identity.person_id)
    if touch is None:
        return None
    for code, at in ((touch.last_code, touch.last_at), (touch.first_code, touch.first_at)):
        if not code.startswith(PREFIX):
            continue
        own = await session.get(AdviserCode, code)
        if own is None or (own.revoked_at is not None and at >= own.revoked_at):
            continue
        adviser = await session.get_one(Adviser, own.adviser_id)
        if adviser.active and adviser.structure_id == conversation.structure_id:
            return adviser
    return None
