"""Load a territory file in the tables. Loading it again updates it; what is gone from it is no longer offered."""

from __future__ import annotations

from datetime import datetime, time

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import territory as files
from bot.domain.openings import Pattern
from bot.domain.reasons import FIRST_MEETING, FIRST_MEETING_NAME
from bot.domain.team import Role
from bot.services import workshops
from bot.storage.tables import (
    Absence,
    Adviser,
    Opening,
    Place,
    Presence,
    Reason,
    Source,
    Structure,
    TerritoryRow,
    Workshop,
)


async def load(session: AsyncSession, territory: files.Territory, now: datetime) -> None:
    """Write the territory; rows keep their ids, so appointments keep their place and their adviser."""
    identity = territory.territory
    await session.merge(
        TerritoryRow(
            id=identity.id,
            name=identity.name,
            subdiv=identity.holidays,
            fictional=identity.fictional,
            neighbours=[one.model_dump(mode="json") for one in territory.neighbours],
            bring=list(territory.bring),
            loaded_at=now,
        )
    )
    await session.flush()
    for position, structure in enumerate(territory.structures):
        await session.merge(
            Structure(
                id=structure.id,
                territory_id=identity.id,
                name=structure.name,
                short_name=structure.short_name,
                mission_locale=structure.mission_locale,
                phone=structure.phone,
                position=position,
            )
        )
    await session.flush()
    advisers = await _advisers(session, territory)
    places = await _places(session, territory)
    await _reasons(session, territory)
    await _openings(session, territory, advisers, places)
    await _absences(session, territory, advisers, places)
    await _workshops(session, territory, places, now)
    for source in territory.sources:
        await session.merge(
            Source(
                code=source.code,
                territory_id=identity.id,
                label=source.label,
                kind=source.kind.value,
                structure_id=source.structure,
            )
        )
    await session.flush()


async def _advisers(session: AsyncSession, territory: files.Territory) -> dict[str, Adviser]:
    found = {}
    for one in territory.advisers:
        adviser = await session.scalar(select(Adviser).where(Adviser.slug == one.id))
        if adviser is None:
            adviser = Adviser(slug=one.id, first_name=one.first_name, structure_id=one.structure)
            session.add(adviser)
        adviser.first_name, adviser.structure_id = one.first_name, one.structure
        adviser.role = Role(one.role.value)
        await session.flush()
        await session.execute(delete(Presence).where(Presence.adviser_id == adviser.id))
        session.add_all(
            Presence(
                adviser_id=adviser.id,
                on_call=on_call,
                weekday=window.weekday,
                start_minute=_minutes(window.start),
                end_minute=_minutes(window.end),
            )
            for on_call, windows in ((False, one.presence), (True, one.on_call))
            for window in windows
        )
        found[one.id] = adviser
    return found


async def _places(session: AsyncSession, territory: files.Territory) -> dict[str, Place]:
    found = {}
    for one in territory.places:
        place = await session.scalar(select(Place).where(Place.slug == one.id))
        if place is None:
            place = Place(slug=one.id)
            session.add(place)
        place.structure_id, place.name, place.insee = one.structure, one.name, one.commune
        place.address, place.mobile = one.address, one.kind is files.PlaceKind.MOBILE_STOP
        place.latitude, place.longitude = one.latitude, one.longitude
        place.wheelchair, place.sign_language, place.calm = one.accessible, one.sign_language, one.calm
        place.holidays = one.holidays
        place.serves, place.verified_on, place.fictional = list(one.serves), one.verified_on, one.fictional
        await session.flush()
        found[one.id] = place
    return found


async def _reasons(session: AsyncSession, territory: files.Territory) -> None:
    """Those of the file, and a first meeting for each structure; what is gone from the file cannot be booked."""
    structures = [structure.id for structure in territory.structures]
    await session.execute(update(Reason).where(Reason.structure_id.in_(structures)).values(active=False))
    written = {(one.structure, one.id): one for one in territory.reasons}
    for structure in structures:
        written.setdefault(
            (structure, FIRST_MEETING),
            files.Reason(structure=structure, id=FIRST_MEETING, name=FIRST_MEETING_NAME),
        )
    rows = await session.scalars(select(Reason).where(Reason.structure_id.in_(structures)))
    known = {(row.structure_id, row.slug): row for row in rows}
    for (structure, slug), one in written.items():
        reason = known.get((structure, slug))
        if reason is None:
            reason = Reason(structure_id=structure, slug=slug)
            session.add(reason)
        reason.name, reason.minutes, reason.active = one.name, one.minutes, True
        reason.modes, reason.documents = [mode.value for mode in one.modes], list(one.documents)
        reason.shortest_notice_minutes = one.shortest_notice_minutes
        reason.longest_notice_days = one.longest_notice_days
        reason.change_notice_minutes = one.change_notice_minutes
        reason.bookable_by = [who.value for who in one.bookable_by]
    await session.flush()


async def _openings(
    session: AsyncSession,
    territory: files.Territory,
    advisers: dict[str, Adviser],
    places: dict[str, Place],
) -> None:
    """An opening is one row for each weekday or date; its key finds it again at the next load.

    What someone edited in the console is theirs: neither changed nor withdrawn.
    """
    of_territory = select(Place.id).join(Structure).where(Structure.territory_id == territory.territory.id)
    await session.execute(
        update(Opening).where(Opening.place_id.in_(of_territory), Opening.edited_at.is_(None)).values(active=False)
    )
    for one in territory.openings:
        adviser = advisers[one.adviser] if one.adviser else None
        for pattern in one.patterns:
            key = _opening_key(one, pattern)
            opening = await session.scalar(select(Opening).where(Opening.key == key))
            if opening is None:
                opening = Opening(key=key)
                session.add(opening)
            elif opening.edited_at is not None:
                continue
            opening.place_id = places[one.place].id
            opening.adviser_id = adviser.id if adviser else None
            opening.second_adviser_id = advisers[one.second_adviser].id if one.second_adviser else None
            opening.weekday, opening.on_date = pattern.weekday, pattern.on_date
            opening.first_date, opening.last_date = pattern.first_date, pattern.last_date
            opening.every_weeks, opening.nth = pattern.every_weeks, pattern.nth
            opening.start_minute, opening.end_minute = pattern.start_minute, pattern.end_minute
            opening.break_start_minute = pattern.break_start_minute
            opening.break_end_minute = pattern.break_end_minute
            opening.slot_minutes, opening.seats = one.slot_minutes, one.seats
            opening.reasons, opening.label = list(one.reasons), one.label
            opening.modes, opening.active = [mode.value for mode in one.modes], True
    await session.flush()


def _opening_key(one: files.Opening, pattern: Pattern) -> str:
    when = pattern.on_date or pattern.weekday
    key = f"{one.place}:{one.adviser or '-'}:{when}:{pattern.start_minute}"
    if pattern.nth is not None:
        return f"{key}:nth{pattern.nth}"
    return f"{key}:{pattern.every_weeks}w{pattern.first_date}" if pattern.every_weeks > 1 else key


async def _absences(
    session: AsyncSession,
    territory: files.Territory,
    advisers: dict[str, Adviser],
    places: dict[str, Place],
) -> None:
    """As for openings: found again by their key, withdrawn when they are gone, left alone once edited."""
    await session.execute(
        update(Absence)
        .where(
            Absence.structure_id.in_([structure.id for structure in territory.structures])
            | Absence.adviser_id.in_([adviser.id for adviser in advisers.values()])
            | Absence.place_id.in_([place.id for place in places.values()]),
            Absence.edited_at.is_(None),
        )
        .values(active=False)
    )
    for one in territory.closures:
        start, end = (_minutes(clock) for clock in one.hours) if one.hours else (None, None)
        for weekday in one.weekly or (None,):
            key = f"{one.structure or one.place or one.adviser}:{one.start}:{one.end}:{weekday}:{start}-{end}"
            absence = await session.scalar(select(Absence).where(Absence.key == key))
            if absence is None:
                absence = Absence(key=key)
                session.add(absence)
            elif absence.edited_at is not None:
                continue
            absence.structure_id = one.structure
            absence.place_id = places[one.place].id if one.place else None
            absence.adviser_id = advisers[one.adviser].id if one.adviser else None
            absence.first_date, absence.last_date, absence.weekday = one.start, one.end, weekday
            absence.start_minute, absence.end_minute = start, end
            absence.reason, absence.active = one.reason, True
    await session.flush()


async def _workshops(
    session: AsyncSession, territory: files.Territory, places: dict[str, Place], now: datetime
) -> None:
    """Those of the file, which whoever has a seat is told of when they change; not those edited in the console."""
    structures = [structure.id for structure in territory.structures]
    known = {
        one.key: one for one in await session.scalars(select(Workshop).where(Workshop.structure_id.in_(structures)))
    }
    for one in territory.workshops:
        plan = workshops.Plan(
            kind=one.kind,
            title=one.title,
            place_id=places[one.place].id,
            seats=one.seats,
            sessions=one.sessions,
            reason=one.reason,
            documents=one.documents,
            minor_papers=one.minor_papers,
            pickup=one.pickup,
            pickup_minute=_minutes(one.pickup_at) if one.pickup_at else None,
        )
        workshop = known.pop(one.id, None)
        if workshop is None:
            await workshops.set_up(session, one.id, one.structure, plan, now)
        elif workshop.edited_at is None and workshop.cancelled_at is None:
            await workshops.change(session, workshop, plan, now)
    for gone in known.values():
        to_come = gone.cancelled_at is None and gone.sessions[-1].ends_at > now
        if gone.edited_at is None and to_come:
            await workshops.cancel(session, gone, now)


def _minutes(clock: time) -> int:
    return 24 * 60 if clock == time.max else clock.hour * 60 + clock.minute
