"""My code: it opens the conversation with me, on a phone's screen or on paper."""

from __future__ import annotations

import io

import segno
from fastapi.responses import Response

from bot.console.access import HOME, Actor, Reader, go
from bot.console.routes.edge import console_router
from bot.services import encounters

PAGE = f"{HOME}/code"

router = console_router()


@router.get("/code")
async def show(caller: Reader) -> Response:
    async with caller.reading() as session:
        code = await encounters.code_of(session, caller.adviser)
    links = caller.links_for(code.code) if code is not None else ()
    return await caller.page("code.html", code=code, links=[(name, link, draw(link)) for name, link in links])


@router.post("/code")
async def make(caller: Actor) -> Response:
    """The code before it no longer leads to who asks."""
    async with caller.acting() as (session, adviser):
        await encounters.make_code(session, adviser, caller.now)
    return go(PAGE)


@router.post("/code/retirer")
async def revoke(caller: Actor) -> Response:
    async with caller.acting() as (session, adviser):
        await encounters.revoke_code(session, adviser, caller.now)
    return go(PAGE)


def draw(link: str) -> str:
    """A link as squares, in SVG: black on white whatever the screen's colours, as wide as its place."""
    file = io.BytesIO()
    # Medium correction: a scratched sticker or a thumb over a corner is still read.
    segno.make(link, error="m", micro=False).save(
        file, kind="svg", xmldecl=False, svgns=False, omitsize=True, svgclass="qr", lineclass=None, light="#fff"
    )
    return file.getvalue().decode()
