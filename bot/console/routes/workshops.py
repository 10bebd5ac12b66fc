"""Workshops and chantiers: what is coming, who is registered, who came."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response
from sqlalchemy import select
from starlette.datastructures import FormData

from bot.console.access import HOME, Actor, Caller, FormText, NotFound, Number, Reader, go, say_next, workshop_of
from bot.console.routes.edge import console_router
from bot.domain.calendar import PARIS, in_paris
from bot.domain.conversations import Say
from bot.domain.workshops import Attendance, WorkshopKind
from bot.errors import FormIncomplete
from bot.services import desk, programme, registrations, workshops
from bot.services.workshops import Plan
from bot.storage.tables import Conversation, Place, Registration, Workshop, WorkshopSession

router = console_router()
PAGE = f"{HOME}/ateliers"
LEAST_ROWS, FREE_ROWS = 4, 2


@dataclass(frozen=True)
class Filled:
    """What the form shows, as text; `rows` are (day, start, end)."""

    title: str = ""
    kind: str = WorkshopKind.ATELIER.value
    place: str = ""
    seats: str = "8"
    rows: tuple[tuple[str, str, str], ...] = ()
    documents: str = ""
    minor_papers: str = ""
    pickup: str = ""
    pickup_at: str = ""
    blank: tuple[tuple[str, str, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        left = max(LEAST_ROWS - len(self.rows), FREE_ROWS)
        object.__setattr__(self, "blank", (("", "", ""),) * left)


@router.get("/ateliers")
async def show(caller: Reader) -> Response:
    async with caller.reading() as session:
        listed = [
            (one, len(await registrations.registered(session, one)), len(await registrations.waiting(session, one)))
            for one in await programme.of_structure(session, caller.adviser.structure_id, caller.now)
        ]
    return await caller.page("workshops.html", listed=listed)


@router.get("/ateliers/nouveau")
async def new(caller: Reader) -> Response:
    return await _form(caller, None, Filled())


@router.post("/ateliers")
async def add(caller: Actor) -> Response:
    filled = _read(await caller.request.form())
    try:
        plan = _plan(filled)
        async with caller.acting() as (session, adviser):
            await _must_be_ours(caller, plan.place_id)
            key = f"console:{secrets.token_hex(12)}"
            made = await workshops.set_up(session, key, adviser.structure_id, plan, caller.now, by_hand=True)
            number = made.id
    except FormIncomplete as refusal:
        return await _form(caller, None, filled, refusal)
    return go(f"{PAGE}/{number}")


@router.get("/ateliers/{number}")
async def sheet(caller: Reader, number: Number) -> Response:
    """The attendance sheet."""
    async with caller.reading() as session:
        workshop = await workshop_of(session, caller.adviser, number)
        seated = await registrations.registered(session, workshop)
        in_line = await registrations.waiting(session, workshop)
        marks = await workshops.attendance(session, workshop)
        who = {
            one.id: desk.who_for(caller.adviser.structure_id, await session.get_one(Conversation, one.conversation_id))
            for one in (*seated, *in_line)
        }
    return await caller.page(
        "workshop.html", workshop=workshop, seated=seated, in_line=in_line, marks=marks, who=who, states=Attendance
    )


@router.get("/ateliers/{number}/modifier")
async def edit(caller: Reader, number: Number) -> Response:
    async with caller.reading() as session:
        workshop = await workshop_of(session, caller.adviser, number)
    return await _form(caller, workshop, _of(workshop))


@router.post("/ateliers/{number}")
async def change(caller: Actor, number: Number) -> Response:
    filled = _read(await caller.request.form())
    async with caller.reading() as session:
        workshop = await workshop_of(session, caller.adviser, number)
    try:
        plan = _plan(filled, workshop.reason)
        await _must_be_ours(caller, plan.place_id)
    except FormIncomplete as refusal:
        return await _form(caller, workshop, filled, refusal)
    async with caller.acting() as (session, adviser):
        workshop = await workshop_of(session, adviser, number)
        told = await workshops.change(session, workshop, plan, caller.now, by_hand=True)
    return said_done(caller, f"{PAGE}/{number}", told)


@router.get("/ateliers/{number}/annuler")
async def ask(caller: Reader, number: Number) -> Response:
    async with caller.reading() as session:
        workshop = await workshop_of(session, caller.adviser, number)
        seated = await registrations.registered(session, workshop)
        in_line = await registrations.waiting(session, workshop)
        count = len(seated) + len(in_line)
    return await caller.page("workshop_cancel.html", workshop=workshop, count=count)


@router.post("/ateliers/{number}/annuler")
async def cancel(caller: Actor, number: Number) -> Response:
    async with caller.acting() as (session, adviser):
        workshop = await workshop_of(session, adviser, number)
        told = await workshops.cancel(session, workshop, caller.now, by_hand=True)
    return said_done(caller, PAGE, told)


@router.post("/ateliers/{number}/presence")
async def mark(
    caller: Actor,
    number: Number,
    registration: Annotated[int, Form()] = 0,
    half_day: Annotated[int, Form()] = 0,
    state: FormText = "",
) -> Response:
    """`state` empty takes a mark away."""
    async with caller.acting() as (session, adviser):
        workshop = await workshop_of(session, adviser, number)
        who = await session.get(Registration, registration)
        when = await session.get(WorkshopSession, half_day)
        if who is None or when is None or who.workshop_id != workshop.id:
            raise NotFound
        marked = Attendance(state) if state in tuple(Attendance) else None
        await workshops.mark(session, who, when, marked, adviser, caller.now)
    return go(f"{PAGE}/{number}")


def said_done(caller: Caller, path: str, told: int) -> Response:
    """Go on, and say how many were told."""
    response = go(path)
    name = {0: "utter_told_nobody", 1: "utter_told_one"}.get(told, "utter_told_many")
    say_next(caller.console, response, Say(name, {"count": str(told)}))
    return response


async def _form(
    caller: Caller, workshop: Workshop | None, filled: Filled, refusal: FormIncomplete | None = None
) -> Response:
    async with caller.reading() as session:
        places = (
            await session.scalars(
                select(Place).where(Place.structure_id == caller.adviser.structure_id).order_by(Place.name)
            )
        ).all()
        told = len(await registrations.registered(session, workshop)) if workshop is not None else 0
    return await caller.page(
        "workshop_form.html",
        status=400 if refusal else 200,
        refusal=refusal,
        workshop=workshop,
        filled=filled,
        places=places,
        told=told,
        kinds=WorkshopKind,
    )


async def _must_be_ours(caller: Caller, place_id: int) -> None:
    async with caller.reading() as session:
        place = await session.get(Place, place_id)
    if place is None or place.structure_id != caller.adviser.structure_id:
        raise FormIncomplete


def _read(form: FormData) -> Filled:
    def text(name: str) -> str:
        return str(form.get(name, "")).strip()

    columns = [[str(value).strip() for value in form.getlist(name)] for name in ("day", "start", "end")]
    rows = tuple((day, start, end) for day, start, end in zip(*columns, strict=False) if day or start or end)
    return Filled(
        title=text("title"),
        kind=text("kind"),
        place=text("place"),
        seats=text("seats"),
        rows=rows,
        documents=text("documents"),
        minor_papers=text("minor_papers"),
        pickup=text("pickup"),
        pickup_at=text("pickup_at"),
    )


def _of(workshop: Workshop) -> Filled:
    minute = workshop.pickup_minute
    return Filled(
        title=workshop.title,
        kind=workshop.kind.value,
        place=str(workshop.place.id),
        seats=str(workshop.seats),
        rows=tuple(
            (
                f"{in_paris(one.starts_at):%Y-%m-%d}",
                f"{in_paris(one.starts_at):%H:%M}",
                f"{in_paris(one.ends_at):%H:%M}",
            )
            for one in workshop.sessions
        ),
        documents="\n".join(workshop.documents),
        minor_papers="\n".join(workshop.minor_papers),
        pickup=workshop.pickup or "",
        pickup_at="" if minute is None else f"{minute // 60:02}:{minute % 60:02}",
    )


def _plan(filled: Filled, reason: str | None = None) -> Plan:
    """What the form says.

    Raises:
        FormIncomplete: something is missing, or a date or an hour is impossible.
    """
    try:
        sessions = sorted((_moment(day, start), _moment(day, end)) for day, start, end in filled.rows)
        seats, place_id, kind = int(filled.seats), int(filled.place), WorkshopKind(filled.kind)
        pickup_at = time.fromisoformat(filled.pickup_at) if filled.pickup_at else None
    except ValueError:
        raise FormIncomplete from None
    overlap = any(end > start for (_, end), (start, _) in pairwise(sessions))
    upside_down = any(start >= end for start, end in sessions)
    half_a_pickup = bool(filled.pickup) != (pickup_at is not None)
    if not filled.title or not sessions or not 1 <= seats <= 200 or overlap or upside_down or half_a_pickup:
        raise FormIncomplete
    return Plan(
        kind=kind,
        title=filled.title[:60],
        place_id=place_id,
        seats=seats,
        sessions=tuple(sessions),
        reason=reason,
        documents=_lines(filled.documents),
        minor_papers=_lines(filled.minor_papers),
        pickup=filled.pickup[:120] or None,
        pickup_minute=pickup_at.hour * 60 + pickup_at.minute if pickup_at else None,
    )


def _moment(day: str, clock: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), PARIS).astimezone(UTC)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
