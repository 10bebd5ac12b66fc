"""Alerts: take care of one, end one."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from bot.console.access import HOME, Actor, Number, Reader, alert_of, go
from bot.console.routes.edge import console_router
from bot.domain.alerts import AlertEnd
from bot.services import alerts, desk

router = console_router()


@router.post("/alertes/{number}/prendre")
async def take_care(caller: Actor, number: Number) -> Response:
    async with caller.acting() as (session, adviser):
        alert = await alert_of(session, adviser, number)
        await alerts.take_care(session, alert, adviser, caller.now)
    return go(f"{HOME}/conversations/{alert.conversation_id}")


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
