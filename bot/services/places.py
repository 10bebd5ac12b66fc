"""Places: where people are received, and which of them serves a commune."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import communes
from bot.domain.calendar import DAYS, in_paris, say_day, say_time
from bot.domain.communes import Commune
from bot.domain.conversations import Button, Say, first_that_fits
from bot.domain.replies import plain
from bot.storage.tables import Conversation, Opening, Place, Structure

MAX_PLACES = 8
BARE_WORDS = 3
FAR_KM = 60
# "Sierck-les-Bains" is called Sierck where there is little room.
LONG_NAME = re.compile(r"-(?:a|à|aux|d'|de|des|devant|du|en|et|l'|la|le|les|lès|près|sous|sur)(?:-|(?<=')).*")


@dataclass(frozen=True)
class Found:
    """What a text says of a place: the communes it names, and the places that serve the first of them.

    `nearby` tells that no place is in the commune itself.
    """

    commune: Commune | None
    places: tuple[Place, ...]
    nearby: bool
    outside: Commune | None = None


async def of_territory(session: AsyncSession, conversation: Conversation) -> Sequence[Place]:
    """The places of the territory that receive people, most openings first."""
    rows = await session.scalars(
        select(Place)
        .join(Structure, Place.structure_id == Structure.id)
        .where(
            Structure.territory_id == conversation.structure.territory_id,
            select(Opening.id).where(Opening.place_id == Place.id, Opening.active).exists(),
        )
        .order_by(Place.mobile, Place.id)
    )
    return rows.all()


async def find(session: AsyncSession, conversation: Conversation, text: str, *, asked: bool = False) -> Found:
    """The places a text speaks of: named themselves, or by a commune they are in or serve.

    `asked`: the text answers the question where.
    """
    places = await of_territory(session, conversation)
    named = [place for place in places if _names(text, place)]
    commune = next((mention.commune for mention in communes.find(text)), None)
    if commune is None and asked and len(text.split()) <= BARE_WORDS:
        # Asked where, people answer with a bare name: "bonnet" is then the village.
        commune = next((mention.commune for mention in communes.find(f"à {text}")), None)
    if commune is None:
        return Found(None, tuple(named), False)
    if not commune.mission_locale:
        return Found(None, tuple(named), False, outside=commune)
    return Found(commune, *serving(places, commune))


def serving(places: Sequence[Place], commune: Commune) -> tuple[tuple[Place, ...], bool]:
    """The places for a commune: in it, else that the structure says serve it, else in its intercommunalité."""
    inside = tuple(place for place in places if place.insee == commune.insee)
    if inside:
        return inside, False
    chosen = tuple(place for place in places if commune.insee in place.serves or commune.epci in place.serves)
    if chosen:
        return chosen, True
    near = tuple(place for place in places if place.insee and communes.by_insee(place.insee).epci == commune.epci)
    return near, True


def _names(text: str, place: Place) -> bool:
    folded = plain(text)
    if place.mobile and any(word in folded.split() for word in ("bus", "camion", "camionnette", "mobile")):
        return True
    return plain(place.name) in folded


def say_outside(commune: Commune) -> Say:
    """A town out of the territory: who receives there, when a source says it."""
    receiver = communes.who_receives(commune)
    if receiver is None:
        return Say("utter_place_outside", {"commune": commune.name})
    return Say("utter_place_outside_known", {"commune": commune.name, "receiver": receiver})


def button_of(place: Place, payload: str) -> Button:
    return Button(first_that_fits(place.name, *names(place)), payload)


def names(place: Place) -> tuple[str, str]:
    """What a place may be called where there is little room, longest first: its commune's name, if it has one."""
    name = communes.by_insee(place.insee).name if place.insee else place.name
    return name, LONG_NAME.sub("", name)


async def tell(session: AsyncSession, conversation: Conversation, text: str, now: datetime) -> list[Say]:
    """Answer "where and when": the address and the coming hours of the places asked for, or the list."""
    found = await find(session, conversation, text)
    if found.outside is not None:
        return [say_outside(found.outside)]
    if found.commune is not None:
        conversation.commune = found.commune.insee
    places = found.places
    if not places:
        if found.commune is not None:
            return [Say("utter_place_none_near", {"commune": found.commune.name})]
        return await tell_all(session, conversation)
    says = []
    if found.nearby and found.commune is not None:
        says.append(Say("utter_place_nearby", {"commune": found.commune.name}))
    for place in places[:2]:
        says.append(await describe(session, place, now))
    first = places[0]
    says[-1] = Say(says[-1].response, says[-1].values, (Button("Un rendez-vous là", f"place:{first.id}"),))
    return says


async def tell_all(session: AsyncSession, conversation: Conversation) -> list[Say]:
    places = await of_territory(session, conversation)
    if not places:
        phone = conversation.structure.phone
        return [Say("utter_place_unknown", {"phone": phone})] if phone else [Say("utter_place_unknown_at_all")]
    buttons = tuple(button_of(place, f"where:{place.id}") for place in places[:MAX_PLACES])
    return [Say("utter_place_list", {}, buttons)]


async def describe(session: AsyncSession, place: Place, now: datetime) -> Say:
    """One place: its address, and when it receives people."""
    openings = (await session.scalars(select(Opening).where(Opening.place_id == place.id, Opening.active))).all()
    today = in_paris(now).date()
    lines: list[str] = []
    weekly = sorted({(o.weekday, o.start_minute, o.end_minute) for o in openings if o.weekday is not None})
    for weekday in sorted({day for day, _, _ in weekly}):
        hours = " et ".join(f"{_clock(start)}-{_clock(end)}" for day, start, end in weekly if day == weekday)
        lines.append(f"{DAYS[weekday].capitalize()} : {hours}")
    dated = sorted({(o.on_date, o.start_minute, o.end_minute) for o in openings if o.on_date})
    for day, start, end in [row for row in dated if row[0] and row[0] >= today][:3]:
        assert day is not None
        lines.append(f"{say_day(day, today).capitalize()} : {_clock(start)}-{_clock(end)}")
    values = {"place": place.name, "address": place.address or "", "hours": "\n".join(lines)}
    if not place.address:
        return Say("utter_place_hours_only", values)
    return Say("utter_place_hours", values)


async def nearest(session: AsyncSession, conversation: Conversation, latitude: float, longitude: float) -> Place | None:
    """The place nearest to a position, within 60 km as the crow flies. The position is not kept."""
    places = await of_territory(session, conversation)
    distances = [
        (_distance_km(place.latitude, place.longitude, latitude, longitude), place.id, place)
        for place in places
        if place.latitude is not None and place.longitude is not None
    ]
    best = min(distances, default=None)
    return best[2] if best is not None and best[0] <= FAR_KM else None


def _distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """The great-circle distance (haversine), degrees in, kilometres out."""
    one, other = math.radians(latitude), math.radians(other_latitude)
    half = (
        math.sin((other - one) / 2) ** 2
        + math.cos(one) * math.cos(other) * math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    )
    return 2 * 6371 * math.asin(math.sqrt(half))


def _clock(minutes: int) -> str:
    return say_time(time(minutes // 60 % 24, minutes % 60))
