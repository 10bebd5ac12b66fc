"""The bus: what the driver says from a phone, and its itinerary."""

from __future__ import annotations

from datetime import date, time, timedelta

from fastapi.responses import Response

from bot.console.access import HOME, Actor, FormText, Number, Reader, go, passage_of
from bot.console.routes.edge import console_router
from bot.console.routes.workshops import said_done
from bot.domain.bus import News
from bot.domain.calendar import in_paris
from bot.errors import FormIncomplete
from bot.services import bus, desk

router = console_router()
PAGE = f"{HOME}/bus"
SHOWN_DAYS = timedelta(days=60)


@router.get("/bus")
async def show(caller: Reader) -> Response:
    """The driver's page: today's stops, then what comes."""
    structure, today = caller.adviser.structure, in_paris(caller.now).date()
    async with caller.reading() as session:
        passages = await bus.of_structure(session, structure.id, today, today + SHOWN_DAYS)
        entries = await desk.entries(session, structure, today, caller.now)
        coming = [
            (one, len(await bus.booked(session, one.opening))) for one in passages if one.opening.on_date != today
        ]
    of_day = [
        (one, [entry for entry in entries if entry.appointment.opening_id == one.opening.id])
        for one in passages
        if one.opening.on_date == today
    ]
    return await caller.page("bus.html", of_day=of_day, coming=coming, news=News)


@router.get("/bus/nouveau")
async def new(caller: Reader) -> Response:
    async with caller.reading() as session:
        stops = await bus.stops(session, caller.adviser.structure_id)
    return await caller.page("bus_form.html", passage=None, stops=stops, count=0)


@router.post("/bus")
async def add(
    caller: Actor, place: FormText = "", day: FormText = "", start: FormText = "", end: FormText = ""
) -> Response:
    when = _when(place, day, start, end)
    async with caller.acting() as (session, adviser):
        await bus.add(session, when, adviser, caller.now)
    return said_done(caller, PAGE, 0)


@router.get("/bus/{number}/prevenir")
async def ask_news(caller: Reader, number: Number, quoi: News) -> Response:
    async with caller.reading() as session:
        opening = await passage_of(session, caller.adviser, number)
        passage = await bus.passage_of(session, opening)
        stops = await bus.rest_of_day(session, opening, caller.now) if quoi is News.BROKEN_DOWN else [passage]
        count = await bus.to_tell(session, opening, quoi, caller.now)
    return await caller.page("bus_news.html", passage=passage, stops=stops, what=quoi, count=count)


@router.post("/bus/{number}/prevenir")
async def say_news(caller: Actor, number: Number, quoi: FormText = "") -> Response:
    if quoi not in tuple(News):
        raise FormIncomplete
    async with caller.acting() as (session, adviser):
        opening = await passage_of(session, adviser, number)
        told = await bus.say_news(session, opening, News(quoi), adviser, caller.now)
    return said_done(caller, PAGE, told)


@router.post("/bus/{number}/arrivee")
async def arrived(caller: Actor, number: Number, there: FormText = "oui") -> Response:
    async with caller.acting() as (session, adviser):
        opening = await passage_of(session, adviser, number)
        await bus.arrived(session, opening, adviser, caller.now, there=there == "oui")
    return go(PAGE)


@router.post("/bus/{number}/de-passage")
async def walk_in(caller: Actor, number: Number, step: FormText = "1") -> Response:
    async with caller.acting() as (session, adviser):
        opening = await passage_of(session, adviser, number)
        await bus.count_walk_in(session, opening, adviser, -1 if step == "-1" else 1, caller.now)
    return go(f"{PAGE}#stop-{number}")


@router.get("/bus/{number}/modifier")
async def edit(caller: Reader, number: Number) -> Response:
    async with caller.reading() as session:
        opening = await passage_of(session, caller.adviser, number)
        passage = await bus.passage_of(session, opening)
        stops = await bus.stops(session, caller.adviser.structure_id)
        count = await bus.to_tell(session, opening, None, caller.now)
    return await caller.page("bus_form.html", passage=passage, stops=stops, count=count)


@router.post("/bus/{number}")
async def move(
    caller: Actor, number: Number, place: FormText = "", day: FormText = "", start: FormText = "", end: FormText = ""
) -> Response:
    async with caller.acting() as (session, adviser):
        opening = await passage_of(session, adviser, number)
        told = await bus.move(session, opening, _when(place, day, start, end), adviser, caller.now)
    return said_done(caller, PAGE, told)


@router.get("/bus/{number}/annuler")
async def ask(caller: Reader, number: Number) -> Response:
    async with caller.reading() as session:
        opening = await passage_of(session, caller.adviser, number)
        passage = await bus.passage_of(session, opening)
        count = await bus.to_tell(session, opening, None, caller.now)
    return await caller.page("bus_cancel.html", passage=passage, count=count)


@router.post("/bus/{number}/annuler")
async def cancel(caller: Actor, number: Number) -> Response:
    async with caller.acting() as (session, adviser):
        told = await bus.cancel(session, await passage_of(session, adviser, number), adviser, caller.now)
    return said_done(caller, PAGE, told)


def _when(place: str, day: str, start: str, end: str) -> bus.When:
    """What the form says.

    Raises:
        FormIncomplete: something is missing or impossible.
    """
    try:
        starts, ends = time.fromisoformat(start), time.fromisoformat(end)
        when = bus.When(
            int(place), date.fromisoformat(day), starts.hour * 60 + starts.minute, ends.hour * 60 + ends.minute
        )
    except ValueError:
        raise FormIncomplete from None
    if when.start_minute >= when.end_minute or when.start_minute % 5 or when.end_minute % 5:
        raise FormIncomplete
    return when
