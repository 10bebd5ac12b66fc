"""The team: who is there, and for coordinators the links that let someone in."""

from __future__ import annotations

from fastapi.responses import Response

from bot.console.access import HOME, Coordinator, Number, Reader, colleague_of
from bot.console.routes.edge import console_router
from bot.services import accounts

router = console_router()


@router.get("/equipe")
async def show(caller: Reader) -> Response:
    return await caller.page("team.html", invited=None, link="")


@router.post("/equipe/{number}/invitation")
async def invite(caller: Coordinator, number: Number) -> Response:
    """The link is shown once, in the answer itself: it is kept nowhere."""
    async with caller.acting() as (session, adviser):
        colleague = await colleague_of(session, adviser, number)
        token = await accounts.invite(session, colleague, caller.now)
    base = caller.console.settings.public_url.rstrip("/") or str(caller.request.base_url).rstrip("/")
    return await caller.page("team.html", invited=colleague, link=f"{base}{HOME}/invitation/{token}")
