"""What is to follow up after the alerts: mine, and for a coordinator everyone's."""

from __future__ import annotations

from fastapi.responses import Response

from bot.console.access import (
    HOME,
    Actor,
    Coordinator,
    FormText,
    Number,
    Reader,
    colleague_of,
    followup_of,
    go,
    own_path,
    say_next,
)
from bot.console.routes.edge import console_router
from bot.domain.conversations import Say
from bot.domain.team import Role
from bot.errors import FormIncomplete
from bot.services import desk, followups

PAGE = f"{HOME}/suivis"

router = console_router()


@router.get("/suivis")
async def show(caller: Reader) -> Response:
    async with caller.reading() as session:
        rows = await followups.to_do(session, caller.adviser.structure_id)
    tasks = [desk.task(row, caller.now) for row in rows]
    mine = [one for one in tasks if followups.is_for(one.followup, caller.adviser)]
    others = [one for one in tasks if one not in mine] if caller.adviser.role is Role.COORDINATOR else []
    return await caller.page("followups.html", mine=mine, others=others, longest=followups.LONGEST_NOTE)


@router.post("/suivis/{number}/fait")
async def finish(caller: Actor, number: Number, note: FormText = "", back: FormText = PAGE) -> Response:
    async with caller.acting() as (session, adviser):
        await followups.finish(session, await followup_of(session, adviser, number), adviser, caller.now, note)
    response = go(own_path(back))
    say_next(caller.console, response, Say("utter_followup_done"))
    return response


@router.post("/suivis/{number}/donner")
async def assign(caller: Coordinator, number: Number, to: FormText = "", back: FormText = PAGE) -> Response:
    async with caller.acting() as (session, adviser):
        followup = await followup_of(session, adviser, number)
        if not to.isdecimal() or len(to) > 9:
            raise FormIncomplete
        await followups.assign(session, followup, await colleague_of(session, adviser, int(to)))
    return go(own_path(back))
