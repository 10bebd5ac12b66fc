"""An adviser is writing: said to who waits for the answer, kept nowhere."""

from __future__ import annotations

from fastapi.responses import Response

from bot.console.access import Actor, Number, conversation_of
from bot.console.routes.edge import console_router
from bot.domain.conversations import Author
from bot.services import handoffs

router = console_router()


@router.post("/conversations/{number}/ecrit")
async def write(caller: Actor, number: Number) -> Response:
    """Only who holds the conversation is shown writing; for anyone else it does nothing, and says nothing."""
    async with caller.reading() as session:
        conversation = await conversation_of(session, caller.adviser, number)
        held = await handoffs.holder(session, conversation)
        identity = conversation.identity
    live, adviser = caller.console.live, caller.adviser
    mine = held is not None and held.adviser_id == adviser.id
    if mine and live.feed.types(number, Author.ADVISER, adviser.first_name):
        typist = caller.console.typists.get(identity.channel)
        if typist is not None:
            await typist.show(identity.address)
    return Response(status_code=204)
