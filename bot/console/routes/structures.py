"""For coordinators: the delays of the structure, and whom a young person may ask for."""

from __future__ import annotations

from fastapi.responses import Response

from bot.console.access import (
    HOME,
    Caller,
    Coordinator,
    CoordinatorReader,
    FormText,
    Number,
    colleague_of,
    go,
    say_next,
)
from bot.console.routes.edge import console_router
from bot.domain.conversations import Say
from bot.services import structures, team

PAGE = f"{HOME}/reglages"
WOMEN = {"femme": True, "homme": False}

router = console_router()


@router.get("/reglages")
async def show(caller: CoordinatorReader) -> Response:
    async with caller.reading() as session:
        settings = await structures.settings_of(session, caller.adviser.structure_id)
        advisers = await team.advisers_of(session, caller.adviser.structure_id)
    return await caller.page("structure.html", settings=settings, bounds=structures.BOUNDS, advisers=advisers)


@router.post("/reglages")
async def change(
    caller: Coordinator,
    unanswered_minutes: FormText = "",
    tell_late_minutes: FormText = "",
    offer_back_minutes: FormText = "",
    load_limit: FormText = "",
    surveys: FormText = "",
) -> Response:
    numbers = {
        "unanswered_minutes": unanswered_minutes,
        "tell_late_minutes": tell_late_minutes,
        "offer_back_minutes": offer_back_minutes,
        "load_limit": load_limit,
    }
    async with caller.acting() as (session, adviser):
        await structures.change(session, adviser.structure_id, numbers, surveys=surveys == "oui")
    return _done(caller)


@router.post("/equipe/{number}/souhait")
async def say_woman_or_man(caller: Coordinator, number: Number, who: FormText = "") -> Response:
    """Only so that a young person may ask for a woman or a man; nobody has to say."""
    async with caller.acting() as (session, adviser):
        colleague = await colleague_of(session, adviser, number)
        colleague.woman = WOMEN.get(who)
    return _done(caller)


def _done(caller: Caller) -> Response:
    answer = go(PAGE)
    say_next(caller.console, answer, Say("utter_settings_kept"))
    return answer
