"""The gate: who asks, and what of young people's data they may reach (law 9).

Every route takes its caller from here, and every row through one of the functions at the end: another structure's
row is answered like one that does not exist.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Form, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot import texts
from bot.clock import Clock
from bot.console import pages
from bot.console.fragments import of_desk
from bot.console.live import Live
from bot.domain.conversations import Say
from bot.domain.people import Channel
from bot.domain.team import Role
from bot.errors import NothingToDo, Refusal
from bot.services import accounts, alert_sheets, canned, desk, handoffs
from bot.services.ports import Typist
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.tables import (
    Absence,
    Adviser,
    Alert,
    Appointment,
    CannedReply,
    Conversation,
    Encounter,
    FollowUp,
    Handoff,
    Message,
    Misread,
    Notice,
    Opening,
    PartnerBooking,
    Place,
    ReviewComment,
    StoredFile,
    Wording,
    Workshop,
)

HOME = "/console"
PARTNERS = f"{HOME}/orientations"
SESSION, DOOR, SAID = "console", "console_door", "console_said"
SAID_SECONDS = 60
DOOR_SECONDS = 3600

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
FormText = Annotated[str, Form()]


class NotLoggedIn(Exception):
    """The page is for the team."""


class MustChangePassword(Exception):
    """A first password was chosen by someone else: nothing is shown before it is changed."""


class NotFound(Exception):
    """It does not exist, or it is another structure's: both are said the same way."""


class ForTheTeam(Exception):
    """The page is for the team, and who asks is a partner."""


class Forbidden(Exception):
    """The page is for coordinators, or the form does not come from our own page."""


@dataclass(frozen=True)
class Console:
    """What the routes work with."""

    settings: Settings
    database: Database
    clock: Clock
    live: Live
    typists: Mapping[Channel, Typist]

    def origin(self, request: Request) -> str:
        """What stands for an address on the network: the same one gives the same, and it cannot be read back."""
        host = request.client.host if request.client else ""
        key = self.settings.actions_token.get_secret_value().encode()
        return hmac.new(key, host.encode(), hashlib.sha256).hexdigest()

    def set_cookie(self, response: Response, name: str, value: str, seconds: int | None = None) -> None:
        response.set_cookie(
            name, value, max_age=seconds, path=HOME, secure=self.settings.secure, httponly=True, samesite="lax"
        )


@dataclass(frozen=True)
class Caller:
    """Someone of the team who asks for a page."""

    console: Console
    request: Request
    adviser: Adviser
    token_hash: str
    csrf: str
    now: datetime

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        async with self.console.database.read_only() as session:
            yield session

    @asynccontextmanager
    async def acting(self) -> AsyncIterator[tuple[AsyncSession, Adviser]]:
        """One unit of work, and who acts in it."""
        async with self.console.database.unit_of_work() as session:
            yield session, await session.get_one(Adviser, self.adviser.id)

    async def page(
        self, template: str, *, status: int = 200, refusal: Refusal | None = None, **values: Any
    ) -> Response:
        """A page, with the alerts of the structure above everything."""
        async with self.reading() as session:
            seen = await desk.see(session, self.adviser.structure, self.now)
        html = pages.render(
            template,
            me=self.adviser,
            desk=seen,
            pieces=of_desk(seen, self.now),
            now=self.now,
            said=say_refusal(refusal) if refusal else read_said(self.request),
            **values,
        )
        response = HTMLResponse(pages.personal(html, self.adviser.id, self.csrf), status)
        forget_said(self.request, response)
        return response

    def bare_page(self, template: str, *, status: int = 200, refusal: Refusal | None = None, **values: Any) -> Response:
        """A page for a partner, or for a phone to keep: nothing of the desk is in it."""
        said = say_refusal(refusal) if refusal else read_said(self.request)
        html = pages.render(template, me=self.adviser, now=self.now, said=said, **values)
        response = HTMLResponse(pages.personal(html, self.adviser.id, self.csrf), status)
        forget_said(self.request, response)
        return response

    def links_for(self, code: str) -> tuple[tuple[str, str], ...]:
        """Where a code leads a young person: on Telegram if the bot has a name there, and on the site."""
        settings = self.console.settings
        base = settings.public_url.rstrip("/") or str(self.request.base_url).rstrip("/")
        site = ("Sur le site", f"{base}/chat?s={code}")
        if not settings.telegram_bot_name:
            return (site,)
        return (("Sur Telegram", f"https://t.me/{settings.telegram_bot_name}?start={code}"), site)


def go(path: str) -> Response:
    return RedirectResponse(path, 303)


def own_path(path: str) -> str:
    """A page of the console to go back to; anything else is the desk."""
    own = path == HOME or path.startswith((f"{HOME}/", f"{HOME}?"))
    return path if own and path.isprintable() and "\\" not in path and "//" not in path else HOME


# ── Who asks ─────────────────────────────────────────────────────────────────────────────────


def the_console(request: Request) -> Console:
    console: Console = request.app.state.console
    return console


async def newcomer(request: Request, console: Annotated[Console, Depends(the_console)]) -> Caller:
    """Whoever is logged in, even with a password to change."""
    token = request.cookies.get(SESSION, "")
    now = console.clock.now()
    async with console.database.read_only() as session:
        found = await accounts.current(session, token, now) if token else None
    if found is None:
        raise NotLoggedIn
    if now - found.seen_at > accounts.SEEN_EVERY:
        async with console.database.unit_of_work() as session:
            await accounts.seen(session, found.token_hash, now)
    return Caller(console, request, found.adviser, found.token_hash, found.csrf, now)


async def caller(newcomer: Annotated[Caller, Depends(newcomer)]) -> Caller:
    """Someone of the team. A partner has pages of their own, and no other."""
    if newcomer.adviser.must_change_password:
        raise MustChangePassword
    if newcomer.adviser.role is Role.PARTNER:
        raise ForTheTeam
    return newcomer


async def partner(newcomer: Annotated[Caller, Depends(newcomer)]) -> Caller:
    if newcomer.adviser.must_change_password:
        raise MustChangePassword
    if newcomer.adviser.role is not Role.PARTNER:
        raise Forbidden
    return newcomer


async def acting_partner(partner: Annotated[Caller, Depends(partner)], csrf: FormText = "") -> Caller:
    if not _same(csrf, partner.csrf):
        raise Forbidden
    return partner


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


async def acting_newcomer(newcomer: Annotated[Caller, Depends(newcomer)], csrf: FormText = "") -> Caller:
    """Whoever is logged in and sent a form of our own pages."""
    if not _same(csrf, newcomer.csrf):
        raise Forbidden
    return newcomer


async def acting(caller: Annotated[Caller, Depends(caller)], csrf: FormText = "") -> Caller:
    if not _same(csrf, caller.csrf):
        raise Forbidden
    return caller


async def coordinator(caller: Annotated[Caller, Depends(caller)]) -> Caller:
    if caller.adviser.role is not Role.COORDINATOR:
        raise Forbidden
    return caller


async def coordinating(caller: Annotated[Caller, Depends(acting)]) -> Caller:
    return await coordinator(caller)


Newcomer = Annotated[Caller, Depends(newcomer)]
ActingNewcomer = Annotated[Caller, Depends(acting_newcomer)]
Reader = Annotated[Caller, Depends(caller)]
Actor = Annotated[Caller, Depends(acting)]
CoordinatorReader = Annotated[Caller, Depends(coordinator)]
Coordinator = Annotated[Caller, Depends(coordinating)]
Partner = Annotated[Caller, Depends(partner)]
ActingPartner = Annotated[Caller, Depends(acting_partner)]
TheConsole = Annotated[Console, Depends(the_console)]


# ── The door: pages for those who are not logged in yet ──────────────────────────────────────


def door_page(
    console: Console, request: Request, template: str, *, status: int = 200, said: str = "", **values: Any
) -> Response:
    """A page with a form for anyone: its token is in a cookie and in the form, which must agree."""
    token = request.cookies.get(DOOR, "")
    if not re.fullmatch(r"[\w-]{43}", token, re.ASCII):
        token = secrets.token_urlsafe(32)
    html = pages.render(template, said=said or read_said(request), **values)
    response = HTMLResponse(pages.personal(html, None, token), status)
    console.set_cookie(response, DOOR, token, DOOR_SECONDS)
    forget_said(request, response)
    return response


def at_the_door(request: Request, csrf: FormText = "") -> None:
    """The form is one of ours: another site can neither read nor set the cookie.

    Raises:
        Forbidden: the cookie and the form do not agree.
    """
    token = request.cookies.get(DOOR, "")
    if not token or not _same(csrf, token):
        raise Forbidden


AtTheDoor = Depends(at_the_door)


# ── What is said on the next page ────────────────────────────────────────────────────────────


def say_refusal(refusal: Refusal) -> str:
    return " ".join(bubble.text for bubble in texts.render(Say(refusal.response, refusal.values)))


def say_next(console: Console, response: Response, say: Say) -> None:
    """Have the next page say something, once: by its name, so that a cookie holds no sentence."""
    data = json.dumps([say.response, say.values]).encode()
    console.set_cookie(response, SAID, base64.urlsafe_b64encode(data).decode(), SAID_SECONDS)


def read_said(request: Request) -> str:
    try:
        response, values = json.loads(base64.urlsafe_b64decode(request.cookies.get(SAID, "")))
        return " ".join(bubble.text for bubble in texts.render(Say(response, values)))
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


def forget_said(request: Request, response: Response) -> None:
    if SAID in request.cookies:
        response.delete_cookie(SAID, path=HOME)


# ── The gate to a person's data ──────────────────────────────────────────────────────────────


Owned = TypeVar("Owned", Conversation, Handoff, Alert, Appointment, Workshop, Place, Misread, FollowUp, Wording)


async def _theirs(session: AsyncSession, table: type[Owned], adviser: Adviser, number: int) -> Owned:
    found = await session.get(table, number)
    if found is None or found.structure_id != adviser.structure_id:
        raise NotFound
    return found


async def conversation_of(session: AsyncSession, adviser: Adviser, number: int) -> Conversation:
    return await _theirs(session, Conversation, adviser, number)


async def handoff_of(session: AsyncSession, adviser: Adviser, conversation_id: int) -> Handoff:
    """The open handoff of a conversation: who waits, or who answers.

    Raises:
        NothingToDo: nobody waits any more.
    """
    conversation = await conversation_of(session, adviser, conversation_id)
    found = await handoffs.open_handoff(session, conversation)
    if found is None:
        raise NothingToDo
    return found


async def message_of(session: AsyncSession, adviser: Adviser, number: int) -> Message:
    """A message of one of the structure's conversations, whoever wrote it."""
    found = await session.get(Message, number)
    if found is None:
        raise NotFound
    await conversation_of(session, adviser, found.conversation_id)
    return found


async def file_of(session: AsyncSession, adviser: Adviser, number: int) -> StoredFile:
    """A file of one of the structure's conversations."""
    found = await session.get(StoredFile, number)
    if found is None:
        raise NotFound
    await conversation_of(session, adviser, found.conversation_id)
    return found


async def handoff_to_review(session: AsyncSession, coordinator: Adviser, number: int) -> Handoff:
    """Any handoff of the structure, over or not."""
    return await _theirs(session, Handoff, coordinator, number)


async def comment_of(session: AsyncSession, adviser: Adviser, number: int) -> ReviewComment:
    """What a coordinator wrote to this adviser, and to nobody else."""
    found = await session.get(ReviewComment, number)
    if found is None or found.adviser_id != adviser.id:
        raise NotFound
    return found


async def alert_of(session: AsyncSession, adviser: Adviser, number: int) -> Alert:
    return await _theirs(session, Alert, adviser, number)


async def sheet_of(session: AsyncSession, adviser: Adviser, number: int) -> Alert:
    """An alert whose sheet they may read: who took care of it, or a coordinator."""
    alert = await alert_of(session, adviser, number)
    if not await alert_sheets.may_read(session, alert, adviser):
        raise NotFound
    return alert


async def followup_of(session: AsyncSession, adviser: Adviser, number: int) -> FollowUp:
    return await _theirs(session, FollowUp, adviser, number)


async def encounter_of(session: AsyncSession, adviser: Adviser, number: int) -> Encounter:
    """An encounter they noted themselves."""
    found = await session.get(Encounter, number)
    if found is None or found.adviser_id != adviser.id:
        raise NotFound
    return found


async def appointment_of(session: AsyncSession, adviser: Adviser, number: int) -> Appointment:
    return await _theirs(session, Appointment, adviser, number)


async def workshop_of(session: AsyncSession, adviser: Adviser, number: int) -> Workshop:
    return await _theirs(session, Workshop, adviser, number)


async def passage_of(session: AsyncSession, adviser: Adviser, number: int) -> Opening:
    """A passage of the bus: a dated opening at one of its stops."""
    found = await session.get(Opening, number)
    if found is None or not found.place.mobile or found.on_date is None:
        raise NotFound
    if found.place.structure_id != adviser.structure_id:
        raise NotFound
    return found


async def partner_booking_of(session: AsyncSession, partner: Adviser, number: int) -> PartnerBooking:
    found = await session.get(PartnerBooking, number)
    if found is None or found.partner_id != partner.id:
        raise NotFound
    return found


async def partner_of(session: AsyncSession, adviser: Adviser, number: int) -> Adviser:
    found = await session.get(Adviser, number)
    if (
        found is None
        or found.role is not Role.PARTNER
        or not found.active
        or found.structure_id != adviser.structure_id
    ):
        raise NotFound
    return found


async def notice_of(session: AsyncSession, adviser: Adviser, number: int) -> Notice:
    found = await session.get(Notice, number)
    if found is None or found.adviser_id != adviser.id:
        raise NotFound
    return found


async def colleague_of(session: AsyncSession, adviser: Adviser, number: int) -> Adviser:
    found = await session.get(Adviser, number)
    if found is None or found.role is Role.PARTNER or not found.active or found.structure_id != adviser.structure_id:
        raise NotFound
    return found


async def opening_of(session: AsyncSession, adviser: Adviser, number: int) -> Opening:
    """An opening at one of the structure's places, or of one of its advisers."""
    found = await session.get(Opening, number)
    if found is None or not found.active:
        raise NotFound
    guest = found.adviser is not None and found.adviser.structure_id == adviser.structure_id
    if found.place.structure_id != adviser.structure_id and not guest:
        raise NotFound
    return found


async def absence_of(session: AsyncSession, adviser: Adviser, number: int) -> Absence:
    found = await session.get(Absence, number)
    if found is None or not found.active:
        raise NotFound
    owner = found.adviser or found.place or found
    if owner.structure_id != adviser.structure_id:
        raise NotFound
    return found


async def canned_of(session: AsyncSession, adviser: Adviser, number: int) -> CannedReply:
    """A ready reply the adviser may change; one they may only use, or another's, is not found."""
    found = await session.get(CannedReply, number)
    if found is None or not canned.may_change(found, adviser):
        raise NotFound
    return found


async def place_of(session: AsyncSession, adviser: Adviser, number: int) -> Place:
    return await _theirs(session, Place, adviser, number)


async def misread_of(session: AsyncSession, adviser: Adviser, number: int) -> Misread:
    return await _theirs(session, Misread, adviser, number)


async def wording_of(session: AsyncSession, adviser: Adviser, number: int) -> Wording:
    return await _theirs(session, Wording, adviser, number)
