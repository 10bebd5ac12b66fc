"""What becomes of a conversation that is held: passed on, put aside, promised, given back, ended; and writing first."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from bot.console.access import Actor, Caller, FormText, Number, Reader, colleague_of, conversation_of, go, handoff_of
from bot.console.fragments import view
from bot.console.routes.conversations import path_of
from bot.console.routes.edge import console_router
from bot.domain.calendar import PARIS
from bot.domain.handoffs import HELD_STATES, LONGEST_NOTE, MAX_ANSWER
from bot.errors import BadMoment, NotAColleague, NothingToDo, Refusal
from bot.services import handoffs, moments, team

MORNING, EVENING = time(9, tzinfo=PARIS), time(20, tzinfo=PARIS)

router = console_router()


@router.get("/conversations/{number}/suite")
async def show(caller: Reader, number: Number) -> Response:
    """What its holder may do of it; a coordinator may pass it on for them."""
    async with caller.reading() as session:
        handoff = await handoff_of(session, caller.adviser, number)
        if handoff.state not in HELD_STATES:
            raise NothingToDo
        seen = await view(session, handoff.conversation, caller.now)
        hours = await team.hours_of(session, caller.adviser)
    return await caller.page(
        "next_steps.html",
        view=seen,
        mine=handoff.adviser_id == caller.adviser.id,
        come_back=moments.to_come_back(hours, caller.now),
        longest=MAX_ANSWER,
        longest_note=LONGEST_NOTE,
    )


@router.get("/conversations/{number}/reprendre")
async def ask_before_taking(caller: Reader, number: Number) -> Response:
    """A colleague has it: who, and whether to take it all the same."""
    async with caller.reading() as session:
        handoff = await handoff_of(session, caller.adviser, number)
        if handoff.state not in HELD_STATES or handoff.adviser_id == caller.adviser.id:
            raise NothingToDo
        seen = await view(session, handoff.conversation, caller.now)
    return await caller.page("take_over.html", view=seen)


@router.post("/conversations/{number}/transferer")
async def transfer(
    caller: Actor,
    number: Number,
    to: FormText = "",
    until: Annotated[date | None, Form()] = None,
    note: FormText = "",
) -> Response:
    """`until` is the last day of a transfer for a time."""
    async with caller.acting() as (session, adviser):
        handoff = await handoff_of(session, adviser, number)
        if not to.isdecimal() or len(to) > 9:
            raise NotAColleague
        colleague = await colleague_of(session, adviser, int(to))
        end = datetime.combine(until, EVENING) if until else None
        await handoffs.transfer(session, handoff, adviser, colleague, caller.now, until=end, note=note)
    return go(path_of(number))


@router.post("/conversations/{number}/mettre-de-cote")
async def snooze(
    caller: Actor, number: Number, at: FormText = "", day: Annotated[date | None, Form()] = None
) -> Response:
    until = datetime.combine(day, MORNING) if day else _moment(at)
    async with caller.acting() as (session, adviser):
        await handoffs.snooze(session, await handoff_of(session, adviser, number), adviser, until, caller.now)
    return go(path_of(number))


@router.post("/conversations/{number}/promettre")
async def promise(caller: Actor, number: Number, at: FormText = "") -> Response:
    async with caller.acting() as (session, adviser):
        handoff = await handoff_of(session, adviser, number)
        await handoffs.promise(session, handoff, adviser, _moment(at), caller.now)
    return go(path_of(number))


@router.post("/conversations/{number}/rendre")
async def give_back(caller: Actor, number: Number, summary: FormText = "") -> Response:
    async with caller.acting() as (session, adviser):
        await handoffs.give_back(session, await handoff_of(session, adviser, number), adviser, caller.now, summary)
    return go(path_of(number))


@router.post("/conversations/{number}/terminer")
async def close(caller: Actor, number: Number) -> Response:
    async with caller.acting() as (session, adviser):
        await handoffs.close(session, await handoff_of(session, adviser, number), adviser, caller.now)
    return go(path_of(number))


@router.get("/conversations/{number}/ecrire")
async def ask_to_write(caller: Reader, number: Number) -> Response:
    return await _write_page(caller, number)


@router.post("/conversations/{number}/ecrire")
async def write_first(caller: Actor, number: Number, text: FormText = "") -> Response:
    try:
        async with caller.acting() as (session, adviser):
            conversation = await conversation_of(session, adviser, number)
            await handoffs.write_first(session, conversation, adviser, text, caller.now)
    except Refusal as refusal:
        return await _write_page(caller, number, refusal=refusal, draft=text)
    return go(path_of(number))


async def _write_page(caller: Caller, number: int, *, refusal: Refusal | None = None, draft: str = "") -> Response:
    async with caller.reading() as session:
        seen = await view(session, await conversation_of(session, caller.adviser, number), caller.now)
    return await caller.page(
        "write_first.html",
        status=409 if refusal else 200,
        refusal=refusal,
        view=seen,
        draft=draft,
        longest=MAX_ANSWER,
    )


def _moment(minutes: str) -> datetime:
    """The moment a button stands for, in minutes since 1970.

    Raises:
        BadMoment: it is none.
    """
    if not minutes.isdecimal() or len(minutes) > 9:
        raise BadMoment
    return datetime.fromtimestamp(int(minutes) * 60, PARIS)
