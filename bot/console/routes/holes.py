"""For coordinators: when, in the days to come, nobody is there and nobody on call."""

from __future__ import annotations

from fastapi.responses import Response

from bot.console.access import CoordinatorReader
from bot.console.routes.edge import console_router
from bot.services import routing

router = console_router()

DAYS_AHEAD = 14


@router.get("/trous")
async def show(caller: CoordinatorReader) -> Response:
    async with caller.reading() as session:
        holes = await routing.holes(session, caller.adviser.structure, caller.now, DAYS_AHEAD)
    return await caller.page("holes.html", holes=holes, days=DAYS_AHEAD)
