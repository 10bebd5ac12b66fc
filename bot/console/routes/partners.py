"""The partners of a structure, for coordinators: who may book, and the links that let them in."""

from __future__ import annotations

from fastapi.responses import Response

from bot.console.access import (
    HOME,
    Caller,
    Coordinator,
    CoordinatorReader,
    FormText,
    Number,
    go,
    partner_of,
    say_next,
)
from bot.console.routes.edge import console_router
from bot.domain.conversations import Say
from bot.services import accounts, partners
from bot.storage.tables import Adviser

PAGE = f"{HOME}/partenaires"

router = console_router()


@router.get("/partenaires")
async def show(caller: CoordinatorReader) -> Response:
    return await _page(caller)


@router.post("/partenaires")
async def create(caller: Coordinator, first_name: FormText = "", organisation: FormText = "") -> Response:
    """A new account, with its invitation: the link is shown once, in the answer itself."""
    if not first_name.strip() or not organisation.strip():
        response = go(PAGE)
        say_next(caller.console, response, Say("utter_partner_needs_names"))
        return response
    async with caller.acting() as (session, adviser):
        created = await partners.create(session, adviser.structure, first_name, organisation)
        token = await accounts.invite(session, created, caller.now)
    return await _page(caller, created, token)


@router.post("/partenaires/{number}/invitation")
async def invite(caller: Coordinator, number: Number) -> Response:
    async with caller.acting() as (session, adviser):
        partner = await partner_of(session, adviser, number)
        token = await accounts.invite(session, partner, caller.now)
    return await _page(caller, partner, token)


@router.post("/partenaires/{number}/retirer")
async def remove(caller: Coordinator, number: Number) -> Response:
    async with caller.acting() as (session, adviser):
        await partners.remove(session, await partner_of(session, adviser, number))
    return go(PAGE)


async def _page(caller: Caller, invited: Adviser | None = None, token: str = "") -> Response:
    async with caller.reading() as session:
        rows = await partners.of_structure(session, caller.adviser.structure_id)
    base = caller.console.settings.public_url.rstrip("/") or str(caller.request.base_url).rstrip("/")
    link = f"{base}{HOME}/invitation/{token}" if token else ""
    return await caller.page("partners.html", partners=rows, invited=invited, link=link)
