"""Alerts: the first screen at opening, take care of one, answer it, end it, read it again, its sheet."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from bot.console.access import (
    HOME,
    Actor,
    Caller,
    Coordinator,
    FormText,
    Number,
    Reader,
    alert_of,
    go,
    own_path,
    say_next,
    sheet_of,
)
from bot.console.routes.edge import console_router
from bot.domain.alerts import AlertEnd
from bot.domain.conversations import Say
from bot.domain.handoffs import MAX_ANSWER
from bot.domain.team import Role
from bot.errors import Refusal
from bot.services import alert_sheets, alerts, desk, second_looks

PAGE = f"{HOME}/alertes"

router = console_router()


@router.get("/alertes")
async def show(caller: Reader) -> Response:
    return await _page(caller)


@router.get("/alertes/fiches")
async def sheets(caller: Reader) -> Response:
    async with caller.reading() as session:
        found = await alert_sheets.critical(session, caller.adviser, caller.now)
        shown = [(one, desk.who(one.conversation)) for one in found]
    return await caller.page("alert_sheets.html", sheets=shown)


@router.get("/alertes/{number}")
async def sheet(caller: Reader, number: Number) -> Response:
    async with caller.reading() as session:
        alert = await sheet_of(session, caller.adviser, number)
        read = await alert_sheets.read(session, alert)
    return await caller.page("alert_sheet.html", sheet=read)


@router.post("/alertes/{number}/prendre")
async def take_care(caller: Actor, number: Number) -> Response:
    async with caller.acting() as (session, adviser):
        alert = await alert_of(session, adviser, number)
        await alerts.take_care(session, alert, adviser, caller.now)
    return go(f"{HOME}/conversations/{alert.conversation_id}")


@router.post("/alertes/{number}/repondre")
async def answer(caller: Actor, number: Number, text: FormText = "", once: FormText = "") -> Response:
    """Take care of it and write the first word, at once: the ready text, as it was or changed."""
    try:
        async with caller.acting() as (session, adviser):
            alert = await alert_of(session, adviser, number)
            await alerts.answer(session, alert, adviser, text, caller.now, once=once[:32] or None)
    except Refusal as refusal:
        # What was typed must not be lost.
        return await _page(caller, refusal=refusal, typed={number: text})
    return go(f"{HOME}/conversations/{alert.conversation_id}#bas")


@router.get("/alertes/{number}/clore")
async def ask(caller: Reader, number: Number, comme: AlertEnd = AlertEnd.OVER) -> Response:
    async with caller.reading() as session:
        alert = await alert_of(session, caller.adviser, number)
        shown = await desk.describe(session, alert, caller.now)
    return await caller.page("close_alert.html", alert=shown, end=comme)


@router.post("/alertes/{number}/clore")
async def close(caller: Actor, number: Number, comme: Annotated[AlertEnd, Form()]) -> Response:
    async with caller.acting() as (session, adviser):
        alert = await alert_of(session, adviser, number)
        await alerts.close(session, alert, adviser, caller.now, comme)
    return go(f"{HOME}/conversations/{alert.conversation_id}")


@router.post("/alertes/{number}/relire")
async def look_again(caller: Coordinator, number: Number, fausse: FormText = "", back: FormText = PAGE) -> Response:
    """A second coordinator says whether it was a false alarm."""
    false_alarm = fausse == "oui"
    async with caller.acting() as (session, adviser):
        alert = await alert_of(session, adviser, number)
        await second_looks.look(session, alert, adviser, caller.now, false_alarm=false_alarm)
    response = go(own_path(back))
    say_next(caller.console, response, Say("utter_second_look_kept" if false_alarm else "utter_alert_reopened"))
    return response


async def _page(caller: Caller, *, refusal: Refusal | None = None, typed: dict[int, str] | None = None) -> Response:
    async with caller.reading() as session:
        open_now = await desk.open_alerts(session, caller.adviser.structure, caller.now)
        first_aid = [await alert_sheets.first_aid(session, one.alert, caller.now) for one in open_now]
        again = []
        if caller.adviser.role is Role.COORDINATOR:
            again = [
                (alert, desk.who(alert.conversation), await alert_sheets.closed_by(session, alert))
                for alert in await second_looks.waiting(session, caller.adviser.structure_id)
            ]
    return await caller.page(
        "alerts.html",
        status=409 if refusal else 200,
        refusal=refusal,
        open_now=list(zip(open_now, first_aid, strict=True)),
        again=again,
        typed=typed or {},
        longest=MAX_ANSWER,
    )
