"""What changes, sent to open pages as it happens."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from sse_starlette import EventSourceResponse

from bot.console.access import Reader, conversation_of
from bot.console.routes.edge import console_router

PING_SECONDS = 15

router = console_router()


@router.get("/events")
async def events(caller: Reader, conversation: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None) -> Response:
    if conversation is not None:
        async with caller.reading() as session:
            await conversation_of(session, caller.adviser, conversation)
    adviser = caller.adviser
    live = caller.console.live
    pieces = live.stream(caller.token_hash, adviser.id, caller.csrf, adviser.structure_id, conversation)
    return EventSourceResponse(pieces, ping=PING_SECONDS)
