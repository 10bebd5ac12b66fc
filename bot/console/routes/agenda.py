"""The agenda, by week or by day: of everyone, of an adviser or of a place; its printed list; a new appointment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Form, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.console.access import (
    HOME,
    Actor,
    Caller,
    FormText,
    Reader,
    colleague_of,
    go,
    opening_of,
    own_path,
    place_of,
    say_next,
)
from bot.console.routes.edge import console_router
from bot.domain.appointments import Mode, Slot
from bot.domain.calendar import DAYS, in_paris
from bot.domain.conversations import Say
from bot.domain.phones import read_phone
from bot.domain.reasons import FIRST_MEETING, BookableBy
from bot.errors import NobodyChosen, NoMeetingPoint, NoPhone, Refusal, SlotGone
from bot.services import agenda, desk, openings, reasons
from bot.services.agenda import View
from bot.storage.tables import Conversation, Reason

LONGEST_POINT = 120
ONE_DAY, ONE_WEEK = timedelta(days=1), timedelta(days=7)

router = console_router()

# "c3" is the adviser 3, "l5" the place 5, and nothing everyone.
Whose = Annotated[str, Query(pattern=r"^([cl]\d{1,9})?$")]
FormWhose = Annotated[str, Form(pattern=r"^([cl]\d{1,9})?$")]


async def view_of(session: AsyncSession, caller: Caller, whose: str) -> View:
    if whose.startswith("c"):
        return View(adviser=await colleague_of(session, caller.adviser, int(whose[1:])))
    if whose.startswith("l"):
        return View(place=await place_of(session, caller.adviser, int(whose[1:])))
    return View()


def path_of(day: date, whose: str, by: str) -> str:
    return f"{HOME}/agenda?jour={day}&qui={whose}&par={by}"


async def _lists(session: AsyncSession, caller: Caller) -> dict[str, Any]:
    """What the choices of a form hold."""
    structure = caller.adviser.structure
    return {
        "places": await desk.places_of(session, structure),
        "reasons": await reasons.bookable(session, structure.id, BookableBy.ADVISER),
        "modes": list(Mode),
    }


@router.get("/agenda")
async def show(caller: Reader, jour: date | None = None, qui: Whose = "", par: str = "semaine") -> Response:
    today = in_paris(caller.now).date()
    day, structure = jour or today, caller.adviser.structure
    by = "jour" if par == "jour" else "semaine"
    first = day if by == "jour" else day - timedelta(days=day.weekday())
    last = day if by == "jour" else first + ONE_WEEK - ONE_DAY
    async with caller.reading() as session:
        view = await view_of(session, caller, qui)
        shown = await agenda.days(session, structure, view, first, last, caller.now)
        late = [
            one
            for one in await desk.unmarked(session, structure, caller.now)
            if in_paris(one.appointment.starts_at).date() < today
        ]
        lists = await _lists(session, caller)
    step = ONE_DAY if by == "jour" else ONE_WEEK
    return await caller.page(
        "agenda.html",
        **lists,
        days=shown,
        late=late,
        view=view,
        whose=qui,
        by=by,
        day=day,
        today=today,
        before=path_of(day - step, qui, by),
        after=path_of(day + step, qui, by),
        here=path_of(day, qui, by),
        names=DAYS,
    )


@router.get("/agenda/imprimer")
async def printed(caller: Reader, jour: date | None = None, qui: Whose = "") -> Response:
    """The list of a day, for paper."""
    day = jour or in_paris(caller.now).date()
    async with caller.reading() as session:
        view = await view_of(session, caller, qui)
        [shown] = await agenda.days(session, caller.adviser.structure, view, day, day, caller.now)
    return await caller.page("day_list.html", day=shown, view=view, whose=qui)


# ── A new appointment ────────────────────────────────────────────────────────────────────────


@router.get("/agenda/ajouter")
async def choose(
    caller: Reader,
    jour: date | None = None,
    qui: Whose = "",
    motif: str = FIRST_MEETING,
    mode: Mode = Mode.ON_SITE,
    creneau: str = "",
    jeune: str = "",
    back: str = "",
) -> Response:
    """`back` is the conversation it was asked from, to come back to."""
    return await _form(caller, jour, qui, motif, mode, slot=creneau, number=jeune, back=back)


@router.post("/agenda/ajouter")
async def add(
    caller: Actor,
    jour: Annotated[date, Form()],
    mode: Annotated[Mode, Form()],
    qui: FormWhose = "",
    motif: FormText = FIRST_MEETING,
    creneau: FormText = "",
    connu: FormText = "",
    numero: FormText = "",
    telephone: FormText = "",
    rencontre: FormText = "",
    sure: FormText = "",
    back: FormText = "",
) -> Response:
    """Shown first with the words the young person will read, then booked."""
    given = {"slot": creneau, "number": numero or connu, "phone": telephone, "point": rencontre}
    point = rencontre.strip()[:LONGEST_POINT] if mode is Mode.OUTSIDE else None
    phone = read_phone(telephone) if mode is Mode.PHONE else None
    try:
        if not sure:
            async with caller.reading() as session:
                conversation, slot, reason = await _read(session, caller, mode, motif, **given)
                booked = await agenda.as_if(session, slot, meeting_point=point)
                say = Say("utter_booked_by_structure", agenda.say_values(booked, caller.adviser, caller.now))
                return await caller.page(
                    "add_confirm.html",
                    who=desk.who(conversation),
                    appointment=booked,
                    reason=reason,
                    say=say,
                    given={
                        "jour": jour.isoformat(),
                        "qui": qui,
                        "motif": motif,
                        "mode": mode.value,
                        "creneau": creneau,
                        "numero": str(conversation.identity.person_id),
                        "telephone": telephone,
                        "rencontre": rencontre,
                        "back": back,
                    },
                    back=f"{HOME}/agenda/ajouter?jour={jour}&qui={qui}&motif={reason.slug}&mode={mode.value}"
                    f"&jeune={conversation.identity.person_id}&back={quote(back)}",
                )
        async with caller.acting() as (session, adviser):
            conversation, slot, reason = await _read(session, caller, mode, motif, **given)
            await agenda.add(session, adviser, conversation, slot, reason.slug, caller.now, phone, point)
    except Refusal as refusal:
        return await _form(caller, jour, qui, motif, mode, refusal=refusal, back=back, **given)
    response = go(own_path(back) if back else path_of(in_paris(slot.starts_at).date(), qui, "jour"))
    say_next(caller.console, response, Say("utter_team_added", {"number": str(conversation.identity.person_id)}))
    return response


async def _form(
    caller: Caller,
    jour: date | None,
    qui: str,
    motif: str,
    mode: Mode,
    *,
    slot: str = "",
    number: str = "",
    phone: str = "",
    point: str = "",
    back: str = "",
    refusal: Refusal | None = None,
) -> Response:
    day = jour or in_paris(caller.now).date()
    async with caller.reading() as session:
        view = await view_of(session, caller, qui)
        lists = await _lists(session, caller)
        reason = _reason(lists["reasons"], motif)
        structure = caller.adviser.structure
        free = await agenda.free_slots(session, structure, view, day, mode, reason.slug, caller.now)
        known = await agenda.known(session, caller.adviser, caller.now)
        openings = {one.id: one for one in await agenda.openings_of(session, structure, view)}
    return await caller.page(
        "add.html",
        status=409 if refusal else 200,
        refusal=refusal,
        **lists,
        free=free,
        openings=openings,
        known=known,
        day=day,
        whose=qui,
        reason=reason,
        mode=mode,
        slot=slot,
        number=number,
        phone=phone,
        point=point,
        back=own_path(back) if back else "",
    )


def _reason(known: Sequence[Reason], slug: str) -> Reason:
    """The reason asked for, else the first."""
    return next((one for one in known if one.slug == slug), known[0])


async def _read(
    session: AsyncSession, caller: Caller, mode: Mode, motif: str, *, slot: str, number: str, phone: str, point: str
) -> tuple[Conversation, Slot, Reason]:
    """What the form means.

    Raises:
        SlotGone, NobodyChosen, NoPhone, NoMeetingPoint: it means nothing that can be booked.
    """
    known = await reasons.bookable(session, caller.adviser.structure_id, BookableBy.ADVISER)
    reason = _reason(known, motif)
    chosen = await read_slot(session, caller, slot, mode, reason.slug)
    digits = number.lower().removeprefix("jeune").strip()
    wanted = int(digits) if digits.isdecimal() and len(digits) < 10 else 0
    conversation = await agenda.find(session, caller.adviser, wanted)
    if conversation is None:
        raise NobodyChosen
    if mode is Mode.PHONE and read_phone(phone) is None:
        raise NoPhone
    if mode is Mode.OUTSIDE and not point.strip():
        raise NoMeetingPoint
    return conversation, chosen, reason


async def read_slot(session: AsyncSession, caller: Caller, text: str, mode: Mode, reason: str) -> Slot:
    """The slot a button stands for: "12:29834520", an opening and minutes since 1970.

    Raises:
        SlotGone: there is no such slot, or it is over.
        NotFound: the opening is another structure's.
    """
    opening_text, _, minutes = text.partition(":")
    if not (opening_text.isdecimal() and minutes.isdecimal() and len(text) < 20):
        raise SlotGone
    opening = await opening_of(session, caller.adviser, int(opening_text))
    starts_at = datetime.fromtimestamp(int(minutes) * 60, in_paris(caller.now).tzinfo)
    return await openings.slot_at(
        session, opening.id, starts_at, mode, caller.now, reason=reason, by=BookableBy.ADVISER
    )
