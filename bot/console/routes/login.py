"""Log in, log out, choose a password from an invitation."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from bot.console.access import (
    HOME,
    SESSION,
    ActingNewcomer,
    AtTheDoor,
    Console,
    FormText,
    TheConsole,
    door_page,
    go,
    own_path,
    say_refusal,
)
from bot.console.routes.edge import console_router
from bot.errors import InvitationOver, Refusal, TooManyTries
from bot.services import accounts, alerts
from bot.services.accounts import LoggedIn

router = console_router()


@router.get("/connexion")
async def login_page(request: Request, console: TheConsole, suite: str = "") -> Response:
    return door_page(console, request, "login.html", email="", after=own_path(suite))


@router.post("/connexion", dependencies=[AtTheDoor])
async def log_in(
    request: Request, console: TheConsole, email: FormText = "", password: FormText = "", after: FormText = HOME
) -> Response:
    try:
        opened = await accounts.log_in(console.database, email, password, console.origin(request), console.clock.now())
    except Refusal as refusal:
        status = 429 if isinstance(refusal, TooManyTries) else 401
        said = say_refusal(refusal)
        return door_page(console, request, "login.html", status=status, said=said, email=email, after=own_path(after))
    async with console.database.read_only() as session:
        found = await accounts.current(session, opened.token, console.clock.now())
        in_danger = found is not None and await alerts.are_open(session, found.adviser)
    return _enter(console, opened, f"{HOME}/alertes" if in_danger else own_path(after))


@router.post("/deconnexion")
async def log_out(caller: ActingNewcomer) -> Response:
    async with caller.acting() as (session, _):
        await accounts.log_out(session, caller.token_hash)
    response = go(f"{HOME}/connexion")
    response.delete_cookie(SESSION, path=HOME)
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


@router.get("/invitation/{token}")
async def invitation_page(request: Request, console: TheConsole, token: str) -> Response:
    async with console.database.read_only() as session:
        try:
            adviser = await accounts.invited(session, token, console.clock.now())
        except InvitationOver as over:
            return door_page(console, request, "invitation_over.html", status=404, said=say_refusal(over))
    return door_page(console, request, "invitation.html", adviser=adviser, email=adviser.email or "", invitation=token)


@router.post("/invitation/{token}", dependencies=[AtTheDoor])
async def accept_invitation(
    request: Request, console: TheConsole, token: str, email: FormText = "", password: FormText = ""
) -> Response:
    now = console.clock.now()
    try:
        opened = await accounts.accept(console.database, token, email, password, now)
    except InvitationOver as over:
        return door_page(console, request, "invitation_over.html", status=404, said=say_refusal(over))
    except Refusal as refusal:
        async with console.database.read_only() as session:
            adviser = await accounts.invited(session, token, now)
        said = say_refusal(refusal)
        return door_page(
            console, request, "invitation.html", status=400, said=said, adviser=adviser, email=email, invitation=token
        )
    return _enter(console, opened, HOME)


def _enter(console: Console, opened: LoggedIn, path: str) -> Response:
    response = go(f"{HOME}/mot-de-passe" if opened.must_change_password else path)
    console.set_cookie(response, SESSION, opened.token)
    return response
