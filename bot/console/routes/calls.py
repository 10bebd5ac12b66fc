"""The call list: who asked to be reminded by telephone."""

from __future__ import annotations

from fastapi.responses import Response

from bot.console.access import HOME, Actor, FormText, Number, Reader, appointment_of, go
from bot.console.routes.edge import console_router
from bot.services import appointments

router = console_router()


@router.get("/appels")
async def show(caller: Reader) -> Response:
    return await caller.page("calls.html")


@router.post("/appels/{number}")
async def called(caller: Actor, number: Number, done: FormText = "oui") -> Response:
    async with caller.acting() as (session, adviser):
        appointment = await appointment_of(session, adviser, number)
        await appointments.called(session, appointment, adviser, caller.now, done=done == "oui")
    return go(f"{HOME}/appels")
