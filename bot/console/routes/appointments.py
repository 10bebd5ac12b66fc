"""One appointment: what is known of it, how it went, another time for it, its cancellation."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from urllib.parse import quote

from fastapi import Form
from fastapi.responses import Response

from bot.console.access import HOME, Actor, Caller, FormText, Number, Reader, appointment_of, go, own_path
from bot.console.routes.agenda import FormWhose, Whose, read_slot, view_of
from bot.console.routes.edge import console_router
from bot.domain.appointments import AppointmentState, Mode
from bot.domain.calendar import in_paris
from bot.domain.conversations import Say
from bot.errors import NothingToDo, Refusal
from bot.services import agenda, appointments, desk

router = console_router()


@router.get("/rendez-vous/{number}")
async def show(caller: Reader, number: Number, back: str = f"{HOME}/agenda") -> Response:
    async with caller.reading() as session:
        shown = await desk.entry(session, await appointment_of(session, caller.adviser, number), caller.now)
    return await caller.page("appointment.html", entry=shown, back=own_path(back))


@router.get("/rendez-vous/{number}/annuler")
async def ask(caller: Reader, number: Number, par: AppointmentState, back: str = HOME) -> Response:
    async with caller.reading() as session:
        appointment = await appointment_of(session, caller.adviser, number)
        shown = await desk.entry(session, appointment, caller.now)
    say = Say("utter_cancelled_by_structure", appointments.describe(appointment, caller.now))
    return await caller.page("cancel.html", entry=shown, state=par, back=own_path(back), say=say)


@router.post("/rendez-vous/{number}")
async def mark(
    caller: Actor, number: Number, state: Annotated[AppointmentState, Form()], back: FormText = HOME
) -> Response:
    async with caller.acting() as (session, adviser):
        appointment = await appointment_of(session, adviser, number)
        await appointments.mark(session, appointment, state, adviser, caller.now)
    return go(own_path(back))


# ── Another time ─────────────────────────────────────────────────────────────────────────────


@router.get("/rendez-vous/{number}/deplacer")
async def choose(
    caller: Reader,
    number: Number,
    jour: date | None = None,
    qui: Whose = "",
    mode: Mode | None = None,
    back: str = "",
) -> Response:
    """`back` is the conversation it was asked from, to come back to."""
    return await _form(caller, number, jour, qui, mode, back)


@router.post("/rendez-vous/{number}/deplacer")
async def move(
    caller: Actor,
    number: Number,
    jour: Annotated[date | None, Form()] = None,
    mode: Annotated[Mode, Form()] = Mode.ON_SITE,
    qui: FormWhose = "",
    creneau: FormText = "",
    sure: FormText = "",
    back: FormText = "",
) -> Response:
    """Shown first with the words the young person will read, then moved."""
    try:
        if not sure:
            async with caller.reading() as session:
                appointment = await appointment_of(session, caller.adviser, number)
                slot = await read_slot(session, caller, creneau, mode, appointment.reason)
                moved = await agenda.as_if(session, slot, appointment.id)
                return await caller.page(
                    "move_confirm.html",
                    entry=await desk.entry(session, appointment, caller.now),
                    moved=moved,
                    say=Say("utter_moved_by_structure", appointments.describe(moved, caller.now)),
                    given={"mode": mode.value, "creneau": creneau, "qui": qui, "back": back},
                    back=f"{HOME}/rendez-vous/{number}/deplacer?qui={qui}&mode={mode.value}"
                    f"&jour={in_paris(slot.starts_at).date()}&back={quote(back)}",
                )
        async with caller.acting() as (session, adviser):
            appointment = await appointment_of(session, adviser, number)
            slot = await read_slot(session, caller, creneau, mode, appointment.reason)
            await appointments.move_by_structure(session, appointment, slot, adviser, caller.now)
    except Refusal as refusal:
        return await _form(caller, number, jour, qui, mode, back, refusal=refusal)
    if back:
        return go(own_path(back))
    return go(f"{HOME}/agenda?jour={in_paris(slot.starts_at).date()}&qui={qui}&par=jour")


async def _form(
    caller: Caller,
    number: int,
    jour: date | None,
    qui: str,
    mode: Mode | None,
    back: str,
    refusal: Refusal | None = None,
) -> Response:
    structure = caller.adviser.structure
    async with caller.reading() as session:
        appointment = await appointment_of(session, caller.adviser, number)
        if appointment.state is not AppointmentState.BOOKED:
            raise NothingToDo
        view = await view_of(session, caller, qui)
        day = jour or max(in_paris(caller.now).date(), in_paris(appointment.starts_at).date())
        chosen = mode or appointment.mode
        free = await agenda.free_slots(session, structure, view, day, chosen, appointment.reason, caller.now)
        openings = {one.id: one for one in await agenda.openings_of(session, structure, view)}
        places = await desk.places_of(session, structure)
        shown = await desk.entry(session, appointment, caller.now)
    return await caller.page(
        "move.html",
        status=409 if refusal else 200,
        refusal=refusal,
        entry=shown,
        free=free,
        openings=openings,
        places=places,
        day=day,
        whose=qui,
        mode=chosen,
        modes=list(Mode),
        back=own_path(back) if back else "",
    )
