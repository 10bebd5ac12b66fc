"""My appointments in my own calendar: a private address, made, given up, read."""

from __future__ import annotations

from fastapi.responses import Response

from bot.console.access import HOME, Actor, NotFound, Reader, TheConsole, go
from bot.console.routes.edge import console_router
from bot.services import feeds

router = console_router()


@router.get("/agenda/flux")
async def show(caller: Reader) -> Response:
    async with caller.reading() as session:
        mine = await feeds.of_adviser(session, caller.adviser)
    return await caller.page("feed.html", mine=mine, link="")


@router.post("/agenda/flux")
async def make(caller: Actor) -> Response:
    """The address is shown once, in the answer itself: only its digest is kept."""
    async with caller.acting() as (session, adviser):
        token = await feeds.make(session, adviser, caller.now)
        mine = await feeds.of_adviser(session, adviser)
    base = caller.console.settings.public_url.rstrip("/") or str(caller.request.base_url).rstrip("/")
    return await caller.page("feed.html", mine=mine, link=f"{base}{HOME}/flux/{token}.ics")


@router.post("/agenda/flux/fermer")
async def revoke(caller: Actor) -> Response:
    async with caller.acting() as (session, adviser):
        await feeds.revoke(session, adviser)
    return go(f"{HOME}/agenda/flux")


@router.get("/flux/{token}.ics")
async def read(console: TheConsole, token: str) -> Response:
    """A calendar has no session: the address is the key."""
    async with console.database.read_only() as session:
        content = await feeds.read(session, token, console.clock.now())
    if content is None:
        raise NotFound
    return Response(content, media_type="text/calendar; charset=utf-8")
