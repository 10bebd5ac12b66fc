"""A conversation: read it whole, take it, answer, give it back."""

from __future__ import annotations

from fastapi.responses import Response

from bot.console.access import HOME, Actor, Caller, FormText, Number, Reader, conversation_of, go, handoff_of
from bot.console.fragments import of_view, view
from bot.console.routes.edge import console_router
from bot.domain.handoffs import MAX_ANSWER
from bot.errors import Refusal
from bot.services import alerts, handoffs, joining
from bot.services.thread import WINDOW

WHOLE = 5000

router = console_router()


@router.get("/conversations/{number}")
async def show(caller: Reader, number: Number, tout: bool = False) -> Response:
    return await _page(caller, number, window=WHOLE if tout else WINDOW)


@router.post("/conversations/{number}/prendre")
async def take(caller: Actor, number: Number) -> Response:
    async with caller.acting() as (session, adviser):
        await alerts.take(session, await handoff_of(session, adviser, number), adviser, caller.now)
    return go(_path(number))


@router.post("/conversations/{number}/repondre")
async def answer(caller: Actor, number: Number, text: FormText = "", once: FormText = "") -> Response:
    try:
        async with caller.acting() as (session, adviser):
            handoff = await handoff_of(session, adviser, number)
            await handoffs.answer(session, handoff, adviser, text, caller.now, once=once[:32] or None)
    except Refusal as refusal:
        # What was typed must not be lost.
        return await _page(caller, number, refusal=refusal, draft=text)
    return go(f"{_path(number)}?envoye={once[:32] if once.isalnum() else ''}#bas")


@router.post("/conversations/{number}/rendre")
async def give_back(caller: Actor, number: Number) -> Response:
    async with caller.acting() as (session, adviser):
        await handoffs.give_back(session, await handoff_of(session, adviser, number), adviser, caller.now)
    return go(_path(number))


@router.post("/conversations/{number}/separer")
async def part(caller: Actor, number: Number) -> Response:
    """Two channels were joined by a link that someone else opened: they are two people again."""
    async with caller.acting() as (session, adviser):
        conversation = await conversation_of(session, adviser, number)
        await joining.part(session, conversation.identity, caller.now)
    return go(_path(number))


def _path(number: int) -> str:
    return f"{HOME}/conversations/{number}"


async def _page(
    caller: Caller, number: int, *, window: int = WINDOW, refusal: Refusal | None = None, draft: str = ""
) -> Response:
    async with caller.reading() as session:
        conversation = await conversation_of(session, caller.adviser, number)
        seen = await view(session, conversation, caller.now, window)
    return await caller.page(
        "conversation.html",
        status=409 if refusal else 200,
        refusal=refusal,
        view=seen,
        parts=of_view(seen, caller.now),
        draft=draft,
        longest=MAX_ANSWER,
    )
