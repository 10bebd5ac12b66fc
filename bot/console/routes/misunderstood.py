"""What the bot misunderstood, for coordinators: put right in their own words, and what the last training gave."""

from __future__ import annotations

from fastapi.responses import Response

from bot import comparison, texts, training
from bot.console.access import (
    HOME,
    Caller,
    Coordinator,
    CoordinatorReader,
    FormText,
    Number,
    go,
    misread_of,
    say_next,
)
from bot.console.routes.edge import console_router
from bot.domain.conversations import Say
from bot.errors import FormMistake, Refusal
from bot.services import misunderstood
from bot.services.misunderstood import Entity

PAGE = f"{HOME}/incompris"

router = console_router()


@router.get("/incompris")
async def show(caller: CoordinatorReader) -> Response:
    return await _page(caller)


@router.post("/incompris/{number}")
async def correct(
    caller: Coordinator,
    number: Number,
    intent: FormText = "",
    sentence: FormText = "",
    commune: FormText = "",
    moment: FormText = "",
) -> Response:
    """A mistake shows the form again, as it was filled."""
    entities = {Entity.COMMUNE: commune, Entity.MOMENT: moment}
    try:
        if intent not in texts.meanings():
            raise FormMistake("utter_form_intent")
        async with caller.acting() as (session, adviser):
            misread = await misread_of(session, adviser, number)
            await misunderstood.correct(session, misread, adviser, intent, sentence, entities, caller.now)
            await misunderstood.export(session, adviser.structure_id, caller.console.settings.var)
    except FormMistake as mistake:
        filled = {"intent": intent, "sentence": sentence, "commune": commune, "moment": moment}
        return await _page(caller, number, filled, mistake)
    return _done(caller, "utter_misread_corrected")


@router.post("/incompris/{number}/ignorer")
async def ignore(caller: Coordinator, number: Number) -> Response:
    async with caller.acting() as (session, adviser):
        await misunderstood.ignore(session, await misread_of(session, adviser, number), adviser, caller.now)
    return _done(caller, "utter_misread_ignored")


@router.post("/incompris/{number}/retirer")
async def withdraw(caller: Coordinator, number: Number) -> Response:
    async with caller.acting() as (session, adviser):
        await misunderstood.withdraw(session, await misread_of(session, adviser, number), adviser, caller.now)
        await misunderstood.export(session, adviser.structure_id, caller.console.settings.var)
    return _done(caller, "utter_misread_withdrawn")


def _done(caller: Caller, response: str) -> Response:
    answer = go(PAGE)
    say_next(caller.console, answer, Say(response))
    return answer


async def _page(
    caller: Caller, number: int | None = None, filled: dict[str, str] | None = None, refusal: Refusal | None = None
) -> Response:
    structure_id = caller.adviser.structure_id
    async with caller.reading() as session:
        waiting = await misunderstood.waiting(session, structure_id)
        total = await misunderstood.count(session, structure_id)
        taught = await misunderstood.corrected(session, structure_id)
    var = caller.console.settings.var
    figures = comparison.read(training.reports(var))
    return await caller.page(
        "misunderstood.html",
        status=422 if refusal else 200,
        refusal=refusal,
        waiting=waiting,
        total=total,
        taught=taught,
        meanings=texts.meanings(),
        number=number,
        filled=filled or {},
        figures=figures,
        brief=comparison.in_brief(figures).splitlines() if figures else [],
        in_service=bool(figures and training.chosen(var) == figures["model"]),
    )
