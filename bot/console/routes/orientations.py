"""A partner's own pages: book for a young person, give them their link, see what became of it."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi.responses import Response

from bot.console.access import (
    PARTNERS,
    ActingPartner,
    Caller,
    FormText,
    Number,
    Partner,
    go,
    partner_booking_of,
    say_refusal,
)
from bot.console.routes.edge import console_router
from bot.domain.appointments import Mode
from bot.domain.reasons import FIRST_MEETING, BookableBy
from bot.errors import Refusal, SlotGone
from bot.services import openings, partners, reasons
from bot.services.partners import Booked

SHOWN_SLOTS = 30
# Where the team would come to is for the young person to say.
MODES = (Mode.ON_SITE, Mode.PHONE, Mode.VIDEO)

router = console_router()


@router.get("/orientations")
async def show(caller: Partner, place: int = 0, mode: str = "", reason: str = FIRST_MEETING) -> Response:
    return await _page(caller, place=place, mode=_mode(mode), reason=reason)


@router.post("/orientations")
async def book(
    caller: ActingPartner,
    slot: FormText = "",
    reason: FormText = FIRST_MEETING,
    first_name: FormText = "",
    phone: FormText = "",
    agreed: FormText = "",
) -> Response:
    """`slot` is the opening, the minute since 1970 and the mode, as the page wrote them."""
    try:
        async with caller.acting() as (session, partner):
            chosen = await openings.slot_at(
                session, *_read_slot(slot), caller.now, reason=reason, by=BookableBy.PARTNER
            )
            booked = await partners.book(
                session, partner, chosen, first_name, caller.now, agreed=agreed == "oui", reason=reason, phone=phone
            )
    except Refusal as refusal:
        return await _page(caller, said=say_refusal(refusal), status=409)
    return await _page(caller, booked=booked)


@router.post("/orientations/{number}/lien")
async def new_link(caller: ActingPartner, number: Number) -> Response:
    async with caller.acting() as (session, partner):
        booked = await partners.new_link(session, await partner_booking_of(session, partner, number), caller.now)
    return await _page(caller, booked=booked)


@router.post("/orientations/{number}/annuler")
async def cancel(caller: ActingPartner, number: Number) -> Response:
    async with caller.acting() as (session, partner):
        await partners.cancel(session, await partner_booking_of(session, partner, number), caller.now)
    return go(PARTNERS)


async def _page(
    caller: Caller,
    *,
    place: int = 0,
    mode: Mode = Mode.ON_SITE,
    reason: str = FIRST_MEETING,
    booked: Booked | None = None,
    said: str = "",
    status: int = 200,
) -> Response:
    async with caller.reading() as session:
        ours = await partners.places_of(session, caller.adviser)
        offered = await reasons.bookable(session, caller.adviser.structure_id, BookableBy.PARTNER)
        slots = []
        if place in {one.id for one in ours}:
            slots = await openings.free_slots(
                session,
                caller.adviser.structure.territory_id,
                caller.now,
                reason=reason,
                by=BookableBy.PARTNER,
                place_id=place,
                mode=mode,
            )
        bookings = await partners.bookings_of(session, caller.adviser)
    return caller.bare_page(
        "orientations.html",
        status=status,
        problem=said,
        places=ours,
        reasons=offered,
        reason=reason,
        modes=MODES,
        place=place,
        mode=mode,
        slots=slots[:SHOWN_SLOTS],
        bookings=bookings,
        booked=booked,
        links=caller.links_for(booked.code) if booked else (),
    )


def _mode(value: str) -> Mode:
    return Mode(value) if value in MODES else Mode.ON_SITE


def _read_slot(value: str) -> tuple[int, datetime, Mode]:
    """The slot of a form.

    Raises:
        SlotGone: it is not one that the page wrote.
    """
    try:
        opening, minute, mode = value.split(":")
        return int(opening), datetime.fromtimestamp(int(minute) * 60, UTC), Mode(mode)
    except (ValueError, OverflowError, OSError):
        raise SlotGone from None
