"""Ready replies: use one, write one, change one."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from bot.console.access import HOME, Actor, Caller, FormText, Number, Reader, canned_of, go
from bot.console.routes.edge import console_router
from bot.errors import Refusal
from bot.services import canned

PAGE = f"{HOME}/reponses"

router = console_router()


@router.get("/reponses")
async def show(caller: Reader, pour: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0) -> Response:
    """`pour` is the conversation to use one in; its own page checks that it is the reader's."""
    return await _page(caller, talking=pour)


@router.post("/reponses")
async def add(caller: Actor, title: FormText = "", text: FormText = "", shared: FormText = "") -> Response:
    try:
        async with caller.acting() as (session, adviser):
            await canned.add(session, adviser, title, text, shared=bool(shared))
    except Refusal as refusal:
        return await _page(caller, refusal=refusal, title=title, text=text)
    return go(PAGE)


@router.post("/reponses/{number}")
async def change(caller: Actor, number: Number, title: FormText = "", text: FormText = "") -> Response:
    async with caller.acting() as (session, adviser):
        await canned.change(session, await canned_of(session, adviser, number), adviser, title, text)
    return go(PAGE)


@router.post("/reponses/{number}/enlever")
async def remove(caller: Actor, number: Number) -> Response:
    async with caller.acting() as (session, adviser):
        await canned.remove(session, await canned_of(session, adviser, number), adviser)
    return go(PAGE)


async def _page(
    caller: Caller, *, talking: int = 0, refusal: Refusal | None = None, title: str = "", text: str = ""
) -> Response:
    async with caller.reading() as session:
        replies = await canned.usable(session, caller.adviser)
    return await caller.page(
        "canned.html",
        status=409 if refusal else 200,
        refusal=refusal,
        replies=replies,
        talking=talking,
        title=title,
        text=text,
        longest_title=canned.MAX_TITLE,
        longest_text=canned.MAX_TEXT,
    )
