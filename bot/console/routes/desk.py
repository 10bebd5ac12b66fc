"""The desk: alerts above everything, who waits, what is held, the day."""

from __future__ import annotations

from fastapi.responses import Response

from bot.console.access import HOME, Actor, FormText, Number, Reader, go, notice_of, own_path
from bot.console.routes.edge import console_router
from bot.services import desk

router = console_router()


@router.get("")
async def show(caller: Reader) -> Response:
    return await caller.page("desk.html")


@router.post("/avis/{number}")
async def tick_off(caller: Actor, number: Number, back: FormText = HOME) -> Response:
    async with caller.acting() as (session, adviser):
        await desk.tick_off(session, await notice_of(session, adviser, number), caller.now)
    return go(own_path(back))
