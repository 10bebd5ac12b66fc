"""In the street: note a *rencontre*, even without a network; for coordinators, how many."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from fastapi.responses import JSONResponse, Response

from bot.console import pages
from bot.console.access import (
    HOME,
    Actor,
    Caller,
    CoordinatorReader,
    FormText,
    Number,
    Reader,
    encounter_of,
    go,
    say_next,
)
from bot.console.routes.edge import console_router
from bot.domain.calendar import in_paris
from bot.domain.conversations import Say
from bot.domain.encounters import EncounterTheme, NextStep
from bot.errors import FormIncomplete, Refusal
from bot.services import encounters
from bot.services.encounters import Noted
from bot.storage.tables import Encounter

PAGE = f"{HOME}/rencontres"
PERIODS = (30, 90, 365)
COLUMNS = ("date", "heure", "qui", "lieu", "combien", "surnom", "commune", "thème", "suite")

router = console_router()


@router.get("/rencontres")
async def show(caller: Reader) -> Response:
    return await _page(caller)


@router.post("/rencontres")
async def note(
    caller: Actor,
    uuid: FormText = "",
    place: FormText = "",
    people: FormText = "",
    nickname: FormText = "",
    commune: FormText = "",
    theme: FormText = "",
    next_step: FormText = "",
    at: FormText = "",
) -> Response:
    """Sent by the form, or later by the page's script, which asks for JSON."""
    noted = Noted(uuid, place, people, nickname, commune, theme, next_step, _moment(at))
    scripted = "application/json" in caller.request.headers.get("accept", "")
    try:
        async with caller.acting() as (session, adviser):
            await encounters.note(session, adviser, noted, caller.now)
    except FormIncomplete as refusal:
        return JSONResponse({}, 400) if scripted else await _page(caller, refusal=refusal, typed=noted)
    if scripted:
        return JSONResponse({})
    response = go(PAGE)
    say_next(caller.console, response, Say("utter_encounter_kept"))
    return response


@router.get("/rencontres/hors-ligne")
async def offline(caller: Reader) -> Response:
    """The form alone, which a phone keeps: nothing of the desk, no token."""
    return caller.bare_page("encounter_offline.html", **await _choices(caller))


@router.get("/rencontres/etat")
async def state(caller: Reader) -> Response:
    """Who is logged in on this phone, and the token to send with."""
    return JSONResponse({"me": caller.adviser.id, "csrf": caller.csrf})


@router.get("/rencontres/travailleur.js")
async def worker() -> Response:
    """The service worker: it may answer for this page, and for no other of the console."""
    headers = {
        "Content-Type": pages.TYPES["encounters_worker.js"],
        "Service-Worker-Allowed": PAGE,
        "Cache-Control": "no-cache",
    }
    return Response(pages.STATIC["encounters_worker.js"], headers=headers)


@router.post("/rencontres/{number}/effacer")
async def take_back(caller: Actor, number: Number) -> Response:
    async with caller.acting() as (session, adviser):
        await encounters.take_back(session, await encounter_of(session, adviser, number), caller.now)
    response = go(PAGE)
    say_next(caller.console, response, Say("utter_encounter_gone"))
    return response


@router.get("/rencontres/bilan")
async def count(caller: CoordinatorReader, jours: int = PERIODS[0]) -> Response:
    days, rows = await _period(caller, jours)
    return await caller.page("encounter_counts.html", counts=encounters.count(rows), days=days, periods=PERIODS)


@router.get("/rencontres/bilan.csv")
async def export(caller: CoordinatorReader, jours: int = PERIODS[0]) -> Response:
    days, rows = await _period(caller, jours)
    headers = {"Content-Disposition": f'attachment; filename="rencontres-{days}-jours.csv"'}
    # With its mark, a spreadsheet reads the accents.
    return Response("\ufeff" + _csv(rows), media_type="text/csv; charset=utf-8", headers=headers)


async def _page(caller: Caller, *, refusal: Refusal | None = None, typed: Noted | None = None) -> Response:
    async with caller.reading() as session:
        mine = await encounters.mine(session, caller.adviser)
    shown = [(one, encounters.may_take_back(one, caller.now)) for one in mine]
    return await caller.page(
        "encounters.html",
        status=400 if refusal else 200,
        refusal=refusal,
        mine=shown,
        typed=typed,
        **await _choices(caller),
    )


async def _choices(caller: Caller) -> dict[str, Any]:
    async with caller.reading() as session:
        places = await encounters.places_for(session, caller.adviser)
        communes = await encounters.communes_for(session, caller.adviser)
    return {"places": places, "communes": communes, "themes": tuple(EncounterTheme), "steps": tuple(NextStep)}


async def _period(caller: Caller, days: int) -> tuple[int, Sequence[Encounter]]:
    days = days if days in PERIODS else PERIODS[0]
    today = in_paris(caller.now).date()
    async with caller.reading() as session:
        first: date = today - timedelta(days=days - 1)
        return days, await encounters.between(session, caller.adviser.structure, first, today)


def _csv(rows: Sequence[Encounter]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in rows:
        at = in_paris(one.at)
        writer.writerow(
            [
                f"{at:%d/%m/%Y}",
                f"{at:%H:%M}",
                one.adviser.first_name,
                _typed(one.place),
                one.people,
                _typed(one.nickname),
                _typed(one.commune),
                one.theme.label if one.theme else "",
                one.next_step.label if one.next_step else "",
            ]
        )
    return file.getvalue()


def _typed(words: str | None) -> str:
    """What somebody typed, so that no spreadsheet takes it for a formula."""
    return f"'{words}" if words and words[0] in "=+-@\t" else words or ""


def _moment(said: str) -> datetime | None:
    """The moment of a phone's clock, in UTC; None if it says none."""
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
