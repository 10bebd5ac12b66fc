"""Search what the structure may read. The words travel in a form: an address stays in histories and in logs."""

from __future__ import annotations

from fastapi.responses import Response

from bot.console.access import Actor, Caller, FormText, Reader
from bot.console.routes.edge import console_router
from bot.errors import Refusal
from bot.services import search
from bot.services.search import Results

router = console_router()


@router.get("/recherche")
async def show(caller: Reader) -> Response:
    return await _page(caller)


@router.post("/recherche")
async def find(caller: Actor, words: FormText = "") -> Response:
    try:
        async with caller.reading() as session:
            results = await search.find(session, caller.adviser.structure, words)
    except Refusal as refusal:
        return await _page(caller, words=words, refusal=refusal)
    return await _page(caller, words=words, results=results)


async def _page(
    caller: Caller, *, words: str = "", results: Results | None = None, refusal: Refusal | None = None
) -> Response:
    return await caller.page(
        "search.html",
        status=409 if refusal else 200,
        refusal=refusal,
        words=words[: search.LONGEST],
        results=results,
        shortest=search.SHORTEST,
        longest=search.LONGEST,
    )
