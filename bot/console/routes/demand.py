"""For coordinators: where nobody comes, and where nobody receives."""

from __future__ import annotations

from fastapi.responses import Response

from bot.console.access import CoordinatorReader
from bot.console.routes.edge import console_router
from bot.domain.calendar import DAYS
from bot.services import demand

router = console_router()


@router.get("/demande")
async def show(caller: CoordinatorReader, jours: int = 30) -> Response:
    days = 90 if jours == 90 else 30
    structure = caller.adviser.structure
    async with caller.reading() as session:
        used = await demand.used(session, structure, caller.now, days)
        unserved = await demand.unserved(session, structure, caller.now, days)
    return await caller.page("demand.html", period=days, used=used, unserved=unserved, names=DAYS)
