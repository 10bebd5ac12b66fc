"""The agenda, and how each appointment went."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from bot.console.access import HOME, Actor, FormText, Number, Reader, appointment_of, go, own_path
from bot.console.routes.edge import console_router
from bot.domain.appointments import AppointmentState
from bot.domain.calendar import in_paris
from bot.services import appointments, desk

router = console_router()


@router.get("/agenda")
async def agenda(caller: Reader) -> Response:
    structure, today = caller.adviser.structure, in_paris(caller.now).date()
    async with caller.reading() as session:
        following = await desk.entries(session, structure, today + timedelta(days=1), caller.now)
        unmarked = await desk.unmarked(session, structure, caller.now)
    late = [one for one in unmarked if in_paris(one.appointment.starts_at).date() < today]
    return await caller.page("agenda.html", late=late, tomorrow=following)


@router.get("/rendez-vous/{number}/annuler")
async def ask(caller: Reader, number: Number, par: AppointmentState, back: str = HOME) -> Response:
    async with caller.reading() as session:
        shown = await desk.entry(session, await appointment_of(session, caller.adviser, number), caller.now)
    return await caller.page("cancel.html", entry=shown, state=par, back=own_path(back))


@router.post("/rendez-vous/{number}")
async def mark(
    caller: Actor, number: Number, state: Annotated[AppointmentState, Form()], back: FormText = HOME
) -> Response:
    async with caller.acting() as (session, adviser):
        appointment = await appointment_of(session, adviser, number)
        await appointments.mark(session, appointment, state, adviser, caller.now)
    return go(own_path(back))
