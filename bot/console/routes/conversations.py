"""A conversation: read it whole, take it, answer, note what the team must know of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from bot.console.access import HOME, Actor, Caller, FormText, Number, Reader, conversation_of, go, handoff_of, own_path
from bot.console.fragments import of_view, view
from bot.console.routes.edge import console_router
from bot.domain.handoffs import MAX_ANSWER
from bot.errors import Refusal
from bot.services import alerts, canned, handoffs, joining, notes, read_marks
from bot.services.thread import WINDOW

WHOLE = 5000

router = console_router()


@router.get("/conversations/{number}")
async def show(
    caller: Reader, number: Number, tout: bool = False, reponse: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0
) -> Response:
    """`reponse` is a ready reply to begin with, where there are no scripts."""
    return await _page(caller, number, window=WHOLE if tout else WINDOW, reply=reponse)


@router.get("/conversations/{number}/fiche")
async def show_card(caller: Reader, number: Number) -> Response:
    """The card alone, where the screen has no room for three panes."""
    return await _page(caller, number, pane="card")


@router.post("/conversations/{number}/lu")
async def read(caller: Actor, number: Number, last: FormText = "") -> Response:
    """An open page has shown what came in up to a row of the inbox."""
    if last.isdecimal() and len(last) < 16:
        async with caller.acting() as (session, adviser):
            conversation = await conversation_of(session, adviser, number)
            await read_marks.mark(session, conversation, adviser, int(last))
    return Response(status_code=204)


@router.post("/conversations/{number}/prendre")
async def take(caller: Actor, number: Number, from_colleague: FormText = "") -> Response:
    """`from_colleague`: who holds it was named, and the adviser said yes."""
    async with caller.acting() as (session, adviser):
        handoff = await handoff_of(session, adviser, number)
        await alerts.take(session, handoff, adviser, caller.now, from_colleague=bool(from_colleague))
    return go(path_of(number))


@router.post("/conversations/{number}/repondre")
async def answer(caller: Actor, number: Number, text: FormText = "", once: FormText = "") -> Response:
    try:
        async with caller.acting() as (session, adviser):
            handoff = await handoff_of(session, adviser, number)
            await handoffs.answer(session, handoff, adviser, text, caller.now, once=once[:32] or None)
    except Refusal as refusal:
        # What was typed must not be lost.
        return await _page(caller, number, refusal=refusal, draft=text)
    return go(f"{path_of(number)}?envoye={once[:32] if once.isalnum() else ''}#bas")


@router.post("/conversations/{number}/note")
async def write_note(caller: Actor, number: Number, text: FormText = "") -> Response:
    try:
        async with caller.acting() as (session, adviser):
            await notes.write(session, await conversation_of(session, adviser, number), adviser, text, caller.now)
    except Refusal as refusal:
        return await _page(caller, number, refusal=refusal, note=text)
    return go(f"{path_of(number)}#bas")


@router.post("/conversations/{number}/nom")
async def name(caller: Actor, number: Number, nickname: FormText = "", back: FormText = HOME) -> Response:
    async with caller.acting() as (session, adviser):
        await notes.name(session, await conversation_of(session, adviser, number), adviser, nickname)
    return go(own_path(back))


@router.post("/conversations/{number}/separer")
async def part(caller: Actor, number: Number) -> Response:
    """Two channels were joined by a link that someone else opened: they are two people again."""
    async with caller.acting() as (session, adviser):
        conversation = await conversation_of(session, adviser, number)
        await joining.part(session, conversation.identity, caller.now)
    return go(path_of(number))


def path_of(number: int) -> str:
    return f"{HOME}/conversations/{number}"


async def _page(
    caller: Caller,
    number: int,
    *,
    window: int = WINDOW,
    refusal: Refusal | None = None,
    draft: str = "",
    note: str = "",
    pane: str = "thread",
    reply: int = 0,
) -> Response:
    async with caller.reading() as session:
        conversation = await conversation_of(session, caller.adviser, number)
        seen = await view(session, conversation, caller.now, window)
        replies = await canned.usable(session, caller.adviser)
        last = await read_marks.last_sent(session, conversation)
        read = await read_marks.is_read(session, conversation, caller.adviser)
    if not read:
        async with caller.acting() as (session, adviser):
            await read_marks.mark(session, await conversation_of(session, adviser, number), adviser, last)
    return await caller.page(
        "conversation.html",
        status=409 if refusal else 200,
        refusal=refusal,
        view=seen,
        parts=of_view(seen, caller.now),
        draft=draft or next((one.text for one in replies if one.id == reply), ""),
        note=note,
        pane=pane,
        read=last,
        canned=replies,
        longest=MAX_ANSWER,
        longest_note=notes.MAX_NOTE,
        longest_name=notes.MAX_NICKNAME,
    )
