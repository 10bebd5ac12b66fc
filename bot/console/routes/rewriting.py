"""Change a message that was sent, or take it back."""

from __future__ import annotations

from fastapi.responses import Response

from bot.console.access import HOME, Actor, FormText, Number, go, message_of
from bot.console.routes.edge import console_router
from bot.services import rewriting

router = console_router()


@router.post("/messages/{number}/modifier")
async def edit(caller: Actor, number: Number, text: FormText = "") -> Response:
    async with caller.acting() as (session, adviser):
        message = await message_of(session, adviser, number)
        await rewriting.edit(session, message, adviser, text, caller.now)
    return go(f"{HOME}/conversations/{message.conversation_id}#m-{number}")


@router.post("/messages/{number}/retirer")
async def take_back(caller: Actor, number: Number) -> Response:
    async with caller.acting() as (session, adviser):
        message = await message_of(session, adviser, number)
        await rewriting.take_back(session, message, adviser, caller.now)
    return go(f"{HOME}/conversations/{message.conversation_id}#m-{number}")
