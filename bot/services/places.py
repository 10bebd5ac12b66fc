"""Places: where people are received, and which of them serves a commune."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import bus, communes
from bot.domain.appointments import Mode
from bot.domain.calendar import DAYS, in_paris, say_day, say_time
from bot.domain.communes import Commune, Mention
from bot.domain.conversations import Button, Say, first_that_fits
from bot.domain.replies import plain
from bot.services import demand, openings
from bot.storage.tables import Conversation, Opening, Place, Structure

MAX_PLACES = 8
# Communes shown as buttons; beyond, the question is asked with fewer, and the name is written.
MAX_COMMUNES = 5
FEW_OF_MANY = 3
BARE_WORDS = 3
SHOWN_AHEAD = timedelta(days=120)
FAR_KM = 60
AROUND_KM = 25
# Below, a commune is a guess from a misspelt name, and it is asked about.
SURE = 0.87
# "Sierck-les-Bains" is called Sierck where there is little room.
LONG_NAME = re.compile(r"-(?:a|à|aux|d'|de|des|devant|du|en|et|l'|la|le|les|lès|près|sous|sur)(?:-|(?<=')).*")


@dataclass(frozen=True)
class Found:
    """What a text says of a place: the communes it names, and the places that serve the first of them.

    `nearby` tells that no place is in the commune itself. `unsure` are the communes it may mean, when that changes
    the answer; `said` is then how it was written.
    """

    commune: Commune | None
    places: tuple[Place, ...]
    nearby: bool
    outside: Commune | None = None
    unsure: tuple[Commune, ...] = ()
    said: str = ""


async def of_territory(session: AsyncSession, conversation: Conversation) -> Sequence[Place]:
    """The places of the territory that receive people."""
    rows = await session.execute(
        select(Place, Opening.modes)
        .join(Structure, Place.structure_id == Structure.id)
        .join(Opening, Opening.place_id == Place.id)
        .where(Structure.territory_id == conversation.structure.territory_id, Opening.active)
        .order_by(Place.mobile, Place.id)
    )
    # Where the team only leaves from to meet people elsewhere, nobody is received.
    return list(dict.fromkeys(place for place, modes in rows if set(modes) != {Mode.OUTSIDE.value}))


async def find(session: AsyncSession, conversation: Conversation, text: str, *, asked: bool = False) -> Found:
    """The places a text speaks of: named themselves, or by a commune they are in or serve.

    `asked`: the text answers the question where.
    """
    places = await of_territory(session, conversation)
    named = [place for place in places if _names(text, place)]
    mentions = communes.find(text)
    if not mentions and asked and len(text.split()) <= BARE_WORDS:
        # Asked where, people answer with a bare name: "bonnet" is then the village.
        mentions = communes.find(f"à {text}")
    if not mentions:
        return Found(None, tuple(named), False)
    return _one_or_ask(places, mentions)


def _one_or_ask(places: Sequence[Place], mentions: Sequence[Mention]) -> Found:
    """The commune of the best mention; when several are as likely and lead elsewhere, they are to be asked about."""
    best = mentions[0]
    rivals = [mention.commune for mention in mentions if mention.text == best.text]
    answers = {_answer(places, commune) for commune in rivals}
    if len(rivals) > 1 and len(answers) == 1 and rivals[0].mission_locale:
        return Found(None, serving(places, rivals[0])[0], False)  # one of them: it changes nothing
    unsure = len(answers) > 1 or (len(rivals) == 1 and best.score < SURE)
    if unsure and all(commune.insee for commune in rivals):
        return Found(None, (), False, unsure=tuple(rivals), said=best.text)
    return of_commune(places, best.commune)


def _answer(places: Sequence[Place], commune: Commune) -> tuple[int, ...] | str:
    return tuple(place.id for place in serving(places, commune)[0]) if commune.mission_locale else commune.name


def of_commune(places: Sequence[Place], commune: Commune) -> Found:
    """What there is for a commune that is sure."""
    if not commune.mission_locale:
        return Found(None, (), False, outside=commune)
    return Found(commune, *serving(places, commune))


def serving(places: Sequence[Place], commune: Commune) -> tuple[tuple[Place, ...], bool]:
    """The places for a commune: those whose structure names it, else in it, else for its intercommunalité.

    What the structure wrote wins over any default. The second value tells that none is in the commune itself.
    """
    inside = tuple(place for place in places if place.insee == commune.insee)
    named = tuple(place for place in places if commune.insee in place.serves)
    if named or inside:
        return named or inside, not inside
    chosen = tuple(place for place in places if commune.epci in place.serves)
    if chosen:
        return chosen, True
    near = tuple(place for place in places if place.insee and communes.by_insee(place.insee).epci == commune.epci)
    return near, True


def around(places: Sequence[Place], place: Place) -> list[Place]:
    """The other places that whoever goes to `place` may go to, nearest first when it is known.

    They serve some of the same area, are in the same intercommunalité, or are within 25 km.
    """
    others = [(_km_between(place, other), other.id, other) for other in places if other.id != place.id]
    return [
        other
        for distance, _, other in sorted(others)
        if distance <= AROUND_KM or set(other.serves) & set(place.serves) or _epci(other) == _epci(place)
    ]


def _epci(place: Place) -> str:
    return communes.by_insee(place.insee).epci if place.insee else f"place {place.id}"


def _km_between(one: Place, other: Place) -> float:
    """How far two places are; infinity when their positions are not known."""
    if one.latitude is None or one.longitude is None or other.latitude is None or other.longitude is None:
        return math.inf
    return _distance_km(one.latitude, one.longitude, other.latitude, other.longitude)


def _names(text: str, place: Place) -> bool:
    return (place.mobile and bus.meant(text)) or plain(place.name) in plain(text)


def say_outside(conversation: Conversation, commune: Commune) -> Say:
    """A town out of the territory: who receives there, as the territory's file or a public source says it."""
    for neighbour in conversation.structure.territory.neighbours:
        if commune.insee in neighbour["communes"] and neighbour["phone"]:
            values = {"commune": commune.name, "receiver": neighbour["name"], "phone": neighbour["phone"]}
            return Say("utter_place_outside_call", values)
    receiver = communes.who_receives(commune)
    if receiver is None:
        return Say("utter_place_outside", {"commune": commune.name})
    return Say("utter_place_outside_known", {"commune": commune.name, "receiver": receiver})


def ask_which(said: str, among: Sequence[Commune]) -> Say:
    """Which commune is meant: the only guess, one of a few, or one of the many of a postcode."""
    if len(among) == 1:
        return Say("utter_place_did_you_mean", {"commune": among[0].name, "insee": among[0].insee})
    many = len(among) > MAX_COMMUNES
    shown = among[:FEW_OF_MANY] if many else among
    buttons = tuple(
        Button(first_that_fits(one.name, LONG_NAME.sub("", one.name)), f"near:{one.insee}") for one in shown
    )
    if many:
        return Say("utter_place_which_of_many", {"said": said, "count": str(len(among))}, buttons)
    return Say("utter_place_which", {"said": said}, buttons)


def button_of(place: Place, payload: str) -> Button:
    return Button(first_that_fits(place.name, *names(place)), payload)


def names(place: Place) -> tuple[str, str]:
    """What a place may be called where there is little room, longest first: its commune's name, if it has one."""
    name = communes.by_insee(place.insee).name if place.insee else place.name
    return name, LONG_NAME.sub("", name)


async def tell(session: AsyncSession, conversation: Conversation, text: str, now: datetime) -> list[Say]:
    """Answer "where and when": the address and the coming hours of the places asked for, or the list."""
    return await _tell(session, conversation, await find(session, conversation, text), now)


async def tell_near(session: AsyncSession, conversation: Conversation, insee: str, now: datetime) -> list[Say]:
    """The places for a commune that was asked about.

    Raises:
        ValueError: there is no such commune.
    """
    return await _tell(session, conversation, await near(session, conversation, insee), now)


async def near(session: AsyncSession, conversation: Conversation, insee: str) -> Found:
    """What there is for the commune of a button.

    Raises:
        ValueError: there is no such commune.
    """
    try:
        commune = communes.by_insee(insee)
    except KeyError:
        raise ValueError(insee) from None
    return of_commune(await of_territory(session, conversation), commune)


async def _tell(session: AsyncSession, conversation: Conversation, found: Found, now: datetime) -> list[Say]:
    if found.unsure:
        return [ask_which(found.said, found.unsure)]
    if found.outside is not None:
        return [say_outside(conversation, found.outside)]
    if found.commune is not None:
        conversation.commune = found.commune.insee
    places = found.places
    if not places:
        if found.commune is not None:
            await demand.note_unserved(session, conversation, found.commune, now)
            return [Say("utter_place_none_near", {"commune": found.commune.name})]
        return await tell_all(session, conversation)
    says = []
    if found.nearby and found.commune is not None:
        says.append(Say("utter_place_nearby", {"commune": found.commune.name}))
    for place in places[:2]:
        says.append(await describe(session, place, now))
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
    rows = await session.scalars(select(Opening).where(Opening.place_id == place.id, Opening.active))
    # What is for one reason, or elsewhere, is not when the door is open to all.
    received = [row for row in rows if not row.reasons and set(row.modes) != {Mode.OUTSIDE.value}]
    patterns = [openings.pattern_of(row) for row in received]
    today = in_paris(now).date()
    every_week = [one for one in patterns if one.on_date is None and one.nth is None and one.every_weeks == 1]
    weekly = sorted({(one.weekday or 0, *span) for one in every_week for span in one.spans})
    lines: list[str] = []
    for weekday in sorted({day for day, _, _ in weekly}):
        hours = " et ".join(f"{_clock(start)}-{_clock(end)}" for day, start, end in weekly if day == weekday)
        lines.append(f"{DAYS[weekday].capitalize()} : {hours}")
    others = [one for one in patterns if one not in every_week]
    dated = sorted(
        {(day, *span) for one in others for day in one.days(today, today + SHOWN_AHEAD) for span in one.spans}
    )
    for day, start, end in dated[:3]:
        lines.append(f"{say_day(day, today).capitalize()} : {_clock(start)}-{_clock(end)}")
    values = {"id": str(place.id), "place": place.name, "address": place.address or "", "hours": "\n".join(lines)}
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
