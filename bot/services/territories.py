"""Load a territory file in the tables. Loading it again updates it; what is gone from it is no longer offered."""

from __future__ import annotations

from datetime import datetime, time

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import territory as files
from bot.domain.team import Role
from bot.services import workshops
from bot.storage.tables import (
    Adviser,
    ClosureRow,
    Opening,
    Place,
    Presence,
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
    await _openings(session, territory, advisers, places)
    await _closures(session, territory, advisers, places)
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
        place.serves, place.verified_on, place.fictional = list(one.serves), one.verified_on, one.fictional
        await session.flush()
        found[one.id] = place
    return found


async def _openings(
    session: AsyncSession,
    territory: files.Territory,
    advisers: dict[str, Adviser],
    places: dict[str, Place],
) -> None:
    """An opening is one row for each weekday or date; its key finds it again at the next load."""
    of_territory = select(Place.id).join(Structure).where(Structure.territory_id == territory.territory.id)
    await session.execute(update(Opening).where(Opening.place_id.in_(of_territory)).values(active=False))
    for one in territory.openings:
        adviser = advisers[one.adviser] if one.adviser else None
        for weekday, on_date in [*((day, None) for day in one.weekly), *((None, day) for day in one.dates)]:
            start, end = _minutes(one.start), _minutes(one.end)
            key = f"{one.place}:{one.adviser or '-'}:{weekday if on_date is None else on_date}:{start}"
            opening = await session.scalar(select(Opening).where(Opening.key == key))
            if opening is None:
                opening = Opening(key=key)
                session.add(opening)
            opening.place_id = places[one.place].id
            opening.adviser_id = adviser.id if adviser else None
            opening.weekday, opening.on_date = weekday, on_date
            opening.first_date, opening.last_date = one.first_date, one.last_date
            opening.start_minute, opening.end_minute = start, end
            opening.slot_minutes, opening.seats = one.slot_minutes, one.seats
            opening.modes, opening.active = [mode.value for mode in one.modes], True
    await session.flush()


async def _closures(
    session: AsyncSession,
    territory: files.Territory,
    advisers: dict[str, Adviser],
    places: dict[str, Place],
) -> None:
    structures = [structure.id for structure in territory.structures]
    await session.execute(
        delete(ClosureRow).where(
            ClosureRow.structure_id.in_(structures)
            | ClosureRow.adviser_id.in_([adviser.id for adviser in advisers.values()])
            | ClosureRow.place_id.in_([place.id for place in places.values()])
        )
    )
    session.add_all(
        ClosureRow(
            structure_id=one.structure,
            place_id=places[one.place].id if one.place else None,
            adviser_id=advisers[one.adviser].id if one.adviser else None,
            first_date=one.start,
            last_date=one.end,
        )
        for one in territory.closures
    )
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
        if gone.edited_at is None and gone.cancelled_at is None:
            await workshops.cancel(session, gone, now)


def _minutes(clock: time) -> int:
    return 24 * 60 if clock == time.max else clock.hour * 60 + clock.minute
