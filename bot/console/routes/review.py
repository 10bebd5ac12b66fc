"""For coordinators: the handoffs read again, one by one or as a table to take away."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query
from fastapi.responses import Response

from bot.console import sheets
from bot.console.access import (
    HOME,
    Actor,
    Caller,
    Coordinator,
    CoordinatorReader,
    FormText,
    Number,
    comment_of,
    go,
    handoff_to_review,
)
from bot.console.routes.edge import console_router
from bot.domain.calendar import in_paris
from bot.domain.handoffs import HandoffReason
from bot.domain.review import MAX_COMMENT, MAX_TAG, Delay, Mark, Order, Outcome
from bot.domain.safety import Level
from bot.errors import Refusal
from bot.services import needs, review, story
from bot.services.review import Reviewed, Wanted

LIST = f"{HOME}/relais"
SINCE = timedelta(days=30)
LEVELS = (Level.CRITICAL, Level.HIGH, Level.NONE)
HEADER = (
    "N°",
    "Demandé le",
    "Motif",
    "Thème",
    "Source",
    "Niveau",
    "Attente (min)",
    "Pendant nos heures",
    "Par",
    "Issue",
    "Avis",
    "Suivi",
    "Étiquettes",
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Text = Annotated[str, Query(max_length=64)]
PageNumber = Annotated[int, Query(ge=1, le=100_000)]
Named = TypeVar("Named", bound=StrEnum)

router = console_router()


async def wanted_of(
    caller: CoordinatorReader,
    motif: Text = "",
    theme: Text = "",
    source: Text = "",
    niveau: Text = "",
    issue: Text = "",
    attente: Text = "",
    suivi: Text = "",
    etiquette: Text = "",
    du: Text = "",
    au: Text = "",
    tri: Text = "",
) -> Wanted:
    """What the form of filters says; what it cannot say is any. The last thirty days, unless it says which."""
    today = in_paris(caller.now).date()
    until = _day(au, today)
    return Wanted(
        since=min(_day(du, until - SINCE), until),
        until=until,
        reason=_one(HandoffReason, motif),
        theme=theme if theme in needs.labels() else None,
        source=source or None,
        level=_one(Level, niveau),
        outcome=_one(Outcome, issue),
        delay=_one(Delay, attente),
        mark=_one(Mark, suivi),
        tag=etiquette or None,
        order=_one(Order, tri) or Order.NEWEST,
    )


AWanted = Annotated[Wanted, Depends(wanted_of)]


@router.get("/relais")
async def show(
    caller: CoordinatorReader, wanted: AWanted, page: Annotated[int, Query(ge=1, le=100_000)] = 1
) -> Response:
    structure = caller.adviser.structure
    async with caller.reading() as session:
        found = await review.find(session, structure, wanted, caller.now, page)
        unhappy = await review.unhappy(session, structure, caller.now)
        sources = await review.sources_of(session, structure)
        tags = await review.tags_of(session, structure)
    return await caller.page(
        "review.html",
        found=found,
        wanted=wanted,
        unhappy=unhappy,
        sources=sources,
        no_source=review.NO_SOURCE,
        tags=tags,
        themes=needs.labels(),
        reasons=HandoffReason,
        levels=LEVELS,
        outcomes=Outcome,
        delays=Delay,
        marks=Mark,
        orders=Order,
        query=_query(wanted),
        narrowed=bool(caller.request.query_params),
        most=review.MOST_EXPORTED,
    )


@router.get("/relais/export.csv")
async def export_csv(caller: CoordinatorReader, wanted: AWanted) -> Response:
    rows = await _rows(caller, wanted)
    return _file(await asyncio.to_thread(sheets.as_csv, HEADER, rows), "text/csv; charset=utf-8", wanted, "csv")


@router.get("/relais/export.xlsx")
async def export_xlsx(caller: CoordinatorReader, wanted: AWanted) -> Response:
    rows = await _rows(caller, wanted)
    return _file(await asyncio.to_thread(sheets.as_xlsx, "Relais", HEADER, rows), XLSX, wanted, "xlsx")


@router.get("/relais/{number}")
async def show_one(caller: CoordinatorReader, number: Number) -> Response:
    return await _page(caller, number)


@router.post("/relais/{number}/suivi")
async def mark(caller: Coordinator, number: Number, mark: FormText = "") -> Response:
    async with caller.acting() as (session, adviser):
        handoff = await handoff_to_review(session, adviser, number)
        await review.mark(session, handoff, adviser, _one(Mark, mark), caller.now)
    return go(f"{LIST}/{number}")


@router.post("/relais/{number}/etiquettes")
async def tag(caller: Coordinator, number: Number, label: FormText = "", off: FormText = "") -> Response:
    """Put a tag on, or take one off."""
    try:
        async with caller.acting() as (session, adviser):
            handoff = await handoff_to_review(session, adviser, number)
            if off:
                await review.untag(session, handoff, off)
            else:
                await review.tag(session, handoff, adviser, label, caller.now)
    except Refusal as refusal:
        return await _page(caller, number, refusal=refusal)
    return go(f"{LIST}/{number}")


@router.post("/relais/{number}/mot")
async def comment(caller: Coordinator, number: Number, to: FormText = "", text: FormText = "") -> Response:
    try:
        async with caller.acting() as (session, adviser):
            handoff = await handoff_to_review(session, adviser, number)
            await review.comment(session, handoff, adviser, int(to) if to.isdecimal() else 0, text, caller.now)
    except Refusal as refusal:
        # What was typed must not be lost.
        return await _page(caller, number, refusal=refusal, draft=text)
    return go(f"{LIST}/{number}#mots")


@router.post("/relais/mots/{number}")
async def read(caller: Actor, number: Number) -> Response:
    """An adviser read what a coordinator wrote to them."""
    async with caller.acting() as (session, adviser):
        await review.read(session, await comment_of(session, adviser, number), caller.now)
    return go(f"{HOME}/compte")


async def _page(caller: Caller, number: int, *, refusal: Refusal | None = None, draft: str = "") -> Response:
    async with caller.reading() as session:
        handoff = await handoff_to_review(session, caller.adviser, number)
        one = await review.one(session, handoff, caller.now)
        told = await story.read(session, handoff, caller.now)
        holders = await review.holders(session, handoff)
        comments = await review.comments_on(session, handoff)
        tags = await review.tags_of(session, caller.adviser.structure)
    return await caller.page(
        "review_one.html",
        status=409 if refusal else 200,
        refusal=refusal,
        handoff=handoff,
        # The young person may be another structure's by now, with their conversation.
        ours=handoff.conversation.structure_id == caller.adviser.structure_id,
        one=one,
        story=told,
        holders=holders,
        comments=comments,
        tags=[label for label in tags if label not in one.tags],
        marks=Mark,
        draft=draft,
        longest=MAX_COMMENT,
        longest_tag=MAX_TAG,
    )


async def _rows(caller: Caller, wanted: Wanted) -> list[list[sheets.Cell]]:
    async with caller.reading() as session:
        found = await review.find_all(session, caller.adviser.structure, wanted, caller.now)
    return [_row(one) for one in found]


def _row(one: Reviewed) -> list[sheets.Cell]:
    """The columns of the list: no text of a message, and nobody's name but the team's."""
    return [
        one.id,
        one.asked_at,
        one.reason.label,
        one.theme,
        one.source,
        "" if one.level is Level.NONE else one.level.label,
        "" if one.delay is None else int(one.delay / timedelta(minutes=1)),
        {True: "oui", False: "non", None: ""}[one.in_hours],
        one.adviser,
        one.outcome.label,
        one.face.label if one.face else "",
        one.mark.label if one.mark else "",
        ", ".join(one.tags),
    ]


def _file(content: bytes, media_type: str, wanted: Wanted, ending: str) -> Response:
    name = f"relais-{wanted.since}-{wanted.until}.{ending}"
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _query(wanted: Wanted) -> str:
    """The filters as an address carries them."""
    said = {
        "du": wanted.since.isoformat(),
        "au": wanted.until.isoformat(),
        "motif": wanted.reason,
        "theme": wanted.theme,
        "source": wanted.source,
        "niveau": wanted.level,
        "issue": wanted.outcome,
        "attente": wanted.delay,
        "suivi": wanted.mark,
        "etiquette": wanted.tag,
        "tri": wanted.order,
    }
    return urlencode({name: value for name, value in said.items() if value})


def _one(kind: type[Named], said: str) -> Named | None:
    return kind(said) if said in tuple(kind) else None


def _day(said: str, otherwise: date) -> date:
    """A day of a form, within what a calendar holds; `otherwise` where it is none."""
    try:
        day = date.fromisoformat(said)
    except ValueError:
        return otherwise
    return day if date(2000, 1, 1) <= day <= date(2200, 1, 1) else otherwise
