"""The style sheet and the script. Their address holds their version, so a browser keeps them for a year."""

from __future__ import annotations

from fastapi.responses import Response

from bot.console import pages
from bot.console.access import NotFound
from bot.console.routes.edge import console_router

router = console_router()


@router.get("/static/{name}")
async def static(name: str) -> Response:
    if name not in pages.STATIC:
        raise NotFound
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Content-Type": pages.TYPES[name]}
    return Response(pages.STATIC[name], headers=headers)
