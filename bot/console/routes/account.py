"""My account: my presence, my password."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from fastapi.responses import Response

from bot.console.access import HOME, ActingNewcomer, Actor, FormText, Newcomer, Reader, go, own_path, say_next
from bot.console.routes.edge import console_router
from bot.domain.calendar import day_bounds, in_paris
from bot.domain.conversations import Say
from bot.domain.team import PresenceSaid
from bot.errors import Refusal
from bot.services import accounts, review, team

router = console_router()


@router.get("/compte")
async def show(caller: Reader) -> Response:
    async with caller.reading() as session:
        comments = await review.comments_to(session, caller.adviser)
    has_mail = caller.console.settings.mail_server is not None
    shortest = accounts.SHORTEST_PASSWORD
    return await caller.page("account.html", shortest=shortest, comments=comments, has_mail=has_mail)


@router.post("/compte/courriel")
async def want_digest(caller: Actor, wants: FormText = "") -> Response:
    """Whether they want an e-mail that counts what waits."""
    async with caller.acting() as (_, adviser):
        adviser.wants_digest = wants == "oui"
    return go(f"{HOME}/compte")


@router.post("/compte/presence")
async def say_presence(
    caller: Actor, said: FormText = "", minutes: FormText = "", until: FormText = "", back: FormText = f"{HOME}/compte"
) -> Response:
    """`minutes` ends a meeting, `until` (a day, included) an absence; nothing said gives the hours back."""
    chosen = PresenceSaid(said) if said in tuple(PresenceSaid) else None
    async with caller.acting() as (session, adviser):
        await team.say_presence(session, adviser, chosen, _end(chosen, minutes, until, caller.now), caller.now)
    return go(own_path(back))


@router.get("/mot-de-passe")
async def password_page(caller: Newcomer) -> Response:
    return await caller.page("password.html", shortest=accounts.SHORTEST_PASSWORD)


@router.post("/mot-de-passe")
async def change_password(caller: ActingNewcomer, present: FormText = "", new: FormText = "") -> Response:
    try:
        await accounts.change_password(
            caller.console.database, caller.adviser, caller.token_hash, present, new, caller.now
        )
    except Refusal as refusal:
        shortest = accounts.SHORTEST_PASSWORD
        return await caller.page("password.html", status=400, refusal=refusal, shortest=shortest)
    response = go(HOME)
    say_next(caller.console, response, Say("utter_password_changed"))
    return response


def _end(said: PresenceSaid | None, minutes: str, until: str, now: datetime) -> datetime | None:
    if said is PresenceSaid.BUSY and minutes.isdecimal():
        return now + timedelta(minutes=int(minutes[:3]))
    if said is PresenceSaid.AWAY:
        try:
            last = max(date.fromisoformat(until), in_paris(now).date())
        except ValueError:
            last = in_paris(now).date()
        return day_bounds(last)[1]
    return None
