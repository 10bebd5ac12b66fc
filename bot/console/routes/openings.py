"""Openings and absences: their list, their forms, and before anything is saved what it would change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from bot.console.access import (
    HOME,
    Actor,
    Caller,
    Number,
    Reader,
    absence_of,
    colleague_of,
    go,
    opening_of,
    place_of,
    say_next,
)
from bot.console.routes.edge import console_router
from bot.domain.appointments import Mode
from bot.domain.calendar import DAYS, in_paris
from bot.domain.conversations import Say
from bot.domain.openings import DAY_MINUTES, LAST_OF_MONTH, SLICE_MINUTES, Away, Pattern
from bot.domain.reasons import BookableBy
from bot.errors import FormMistake, Refusal
from bot.services import agenda, desk, openings, reasons, team, timetable
from bot.services.timetable import Wanted, WantedAbsence
from bot.storage.tables import Absence, Opening

PAGE = f"{HOME}/permanences"
DATES = 8
LONGEST_LABEL, LONGEST_REASON = 80, 120
MOST_SEATS, LONGEST_SLOT = 50, 480
# The fields of both forms: those with one value, those with several.
ONE = (
    *("place", "adviser", "rhythm", "first", "last", "start", "end", "break_start", "break_end"),
    *("minutes", "seats", "label", "whose", "weekday", "reason"),
)
SEVERAL = ("days", "dates", "modes", "reasons")
MONTHLY = (1, 2, 3, 4, LAST_OF_MONTH)

router = console_router()


@router.get("/permanences")
async def show(caller: Reader) -> Response:
    structure, today = caller.adviser.structure, in_paris(caller.now).date()
    async with caller.reading() as session:
        listed = [
            one
            for one in await agenda.openings_of(session, structure)
            if (one.on_date or one.last_date or today) >= today
        ]
        absences = [
            one for one in await agenda.absences_of(session, structure) if one.last_date >= today and _ours(caller, one)
        ]
    return await caller.page(
        "openings.html",
        openings=[(one, openings.pattern_of(one)) for one in listed],
        absences=[(one, agenda.name_of(one)) for one in absences],
        names=DAYS,
    )


# ── Openings ─────────────────────────────────────────────────────────────────────────────────


@router.get("/permanences/ouvertures/nouvelle")
async def new_opening(caller: Reader) -> Response:
    return await _opening_page(caller, None, _blank_opening(caller))


@router.get("/permanences/ouvertures/{number}")
async def edit_opening(caller: Reader, number: Number) -> Response:
    async with caller.reading() as session:
        opening = await opening_of(session, caller.adviser, number)
    return await _opening_page(caller, opening, _filled_opening(opening))


@router.post("/permanences/ouvertures/nouvelle")
async def add_opening(caller: Actor, request: Request) -> Response:
    return await _save_opening(caller, await request.form(), None)


@router.post("/permanences/ouvertures/{number}")
async def change_opening(caller: Actor, request: Request, number: Number) -> Response:
    return await _save_opening(caller, await request.form(), number)


@router.get("/permanences/ouvertures/{number}/retirer")
async def ask_to_withdraw(caller: Reader, number: Number) -> Response:
    async with caller.reading() as session:
        opening = await opening_of(session, caller.adviser, number)
        hit = await timetable.hit_by_change(session, opening, None, caller.now)
        entries = await desk.show(session, caller.adviser.structure, hit, caller.now)
    return await caller.page(
        "opening_withdraw.html", opening=opening, pattern=openings.pattern_of(opening), entries=entries, names=DAYS
    )


@router.post("/permanences/ouvertures/{number}/retirer")
async def withdraw_opening(caller: Actor, request: Request, number: Number) -> Response:
    form = await request.form()
    async with caller.acting() as (session, adviser):
        opening = await opening_of(session, adviser, number)
        await timetable.withdraw(session, opening, _cancelled(form), adviser, caller.now)
    return _done(caller, "utter_team_opening_withdrawn")


async def _save_opening(caller: Caller, form: FormData, number: int | None) -> Response:
    try:
        if "sure" in form:
            async with caller.acting() as (session, adviser):
                opening = await opening_of(session, adviser, number) if number else None
                wanted = await _read_opening(session, caller, form, opening)
                if opening is None:
                    await timetable.add(session, wanted, caller.now)
                else:
                    await timetable.change(session, opening, wanted, _cancelled(form), adviser, caller.now)
            return _done(caller, "utter_team_opening_saved")
        async with caller.reading() as session:
            opening = await opening_of(session, caller.adviser, number) if number else None
            wanted = await _read_opening(session, caller, form, opening)
            hit = await timetable.hit_by_change(session, opening, wanted, caller.now) if opening else ()
            beside = await timetable.beside(session, wanted, caller.now, opening)
            entries = await desk.show(session, caller.adviser.structure, hit, caller.now)
    except Refusal as refusal:
        return await _opening_page(caller, None, _values(form), number=number, refusal=refusal)
    return await caller.page(
        "opening_preview.html",
        wanted=wanted,
        coming=timetable.coming(wanted, caller.now),
        beside=[(one, openings.pattern_of(one)) for one in beside],
        entries=entries,
        action=f"{PAGE}/ouvertures/{number or 'nouvelle'}",
        given=_given(form),
        names=DAYS,
        labels=[Mode(mode).label for mode in wanted.modes],
    )


async def _opening_page(
    caller: Caller,
    opening: Opening | None,
    values: dict[str, Any],
    *,
    number: int | None = None,
    refusal: Refusal | None = None,
) -> Response:
    structure = caller.adviser.structure
    async with caller.reading() as session:
        if number is not None:
            opening = await opening_of(session, caller.adviser, number)
        places = list(await desk.places_of(session, structure))
        advisers = list(await team.advisers_of(session, structure.id))
        known = await reasons.bookable(session, structure.id, BookableBy.ADVISER)
    # One of the two may be another structure's.
    if opening is not None and opening.place_id not in [place.id for place in places]:
        places.append(opening.place)
    if opening is not None and opening.adviser and opening.adviser_id not in [one.id for one in advisers]:
        advisers.append(opening.adviser)
    return await caller.page(
        "opening_form.html",
        status=400 if refusal else 200,
        refusal=refusal,
        number=opening.id if opening else None,
        values=values,
        places=places,
        advisers=advisers,
        reasons=known,
        modes=list(Mode),
        names=DAYS,
        dates=DATES,
    )


def _blank_opening(caller: Caller) -> dict[str, Any]:
    return {
        "place": "",
        "adviser": str(caller.adviser.id),
        "rhythm": "w1",
        "days": [],
        "dates": [],
        "first": "",
        "last": "",
        "start": "09:00",
        "end": "12:00",
        "break_start": "",
        "break_end": "",
        "minutes": "30",
        "seats": "1",
        "modes": [Mode.ON_SITE.value],
        "reasons": [],
        "label": "",
    }


def _filled_opening(opening: Opening) -> dict[str, Any]:
    if opening.on_date is not None:
        rhythm = "dates"
    else:
        rhythm = f"n{opening.nth}" if opening.nth is not None else f"w{opening.every_weeks}"
    return {
        "place": str(opening.place_id),
        "adviser": str(opening.adviser_id or ""),
        "rhythm": rhythm,
        "days": [str(opening.weekday)] if opening.weekday is not None else [],
        "dates": [opening.on_date.isoformat()] if opening.on_date else [],
        "first": opening.first_date.isoformat() if opening.first_date else "",
        "last": opening.last_date.isoformat() if opening.last_date else "",
        "start": _clock(opening.start_minute),
        "end": _clock(opening.end_minute),
        "break_start": _clock(opening.break_start_minute),
        "break_end": _clock(opening.break_end_minute),
        "minutes": str(opening.slot_minutes),
        "seats": str(opening.seats),
        "modes": list(opening.modes),
        "reasons": list(opening.reasons),
        "label": opening.label or "",
    }


async def _read_opening(session: AsyncSession, caller: Caller, form: FormData, opening: Opening | None) -> Wanted:
    """What the form means.

    Raises:
        FormMistake: something in it cannot be; its response says what.
        NotFound: the place or the adviser is another structure's.
    """
    if _text(form, "place") == "":
        raise FormMistake("utter_form_place")
    start, end = _minute(form, "start"), _minute(form, "end")
    if start is None or end is None or start >= end:
        raise FormMistake("utter_form_hours")
    pause = _minute(form, "break_start"), _minute(form, "break_end")
    if (pause[0] is None) is not (pause[1] is None):
        raise FormMistake("utter_form_break")
    if pause[0] is not None and pause[1] is not None and not start < pause[0] < pause[1] < end:
        raise FormMistake("utter_form_break")
    modes = tuple(mode.value for mode in Mode if mode.value in form.getlist("modes"))
    if not modes:
        raise FormMistake("utter_form_modes")
    minutes = _number(form, "minutes", SLICE_MINUTES, LONGEST_SLOT, "utter_form_minutes")
    patterns = _patterns(form, Pattern(start, end, break_start_minute=pause[0], break_end_minute=pause[1]))
    if minutes % SLICE_MINUTES or not any(until - since >= minutes for since, until in patterns[0].spans):
        raise FormMistake("utter_form_minutes")
    if opening is not None and len(patterns) > 1:
        raise FormMistake("utter_form_one_day")
    who = _text(form, "adviser")
    keeps = opening is not None and who == str(opening.adviser_id)
    stays = opening is not None and _text(form, "place") == str(opening.place_id)
    known = {one.slug for one in await reasons.bookable(session, caller.adviser.structure_id, BookableBy.ADVISER)}
    return Wanted(
        place=opening.place if opening and stays else await place_of(session, caller.adviser, _id(form, "place")),
        adviser=opening.adviser
        if opening and keeps
        else (await colleague_of(session, caller.adviser, _id(form, "adviser")) if who else None),
        patterns=patterns,
        slot_minutes=minutes,
        seats=1 if who else _number(form, "seats", 1, MOST_SEATS, "utter_form_seats"),
        modes=modes,
        reasons=tuple(slug for slug in form.getlist("reasons") if isinstance(slug, str) and slug in known),
        label=_text(form, "label")[:LONGEST_LABEL] or None,
    )


def _patterns(form: FormData, hours: Pattern) -> tuple[Pattern, ...]:
    """One pattern for each weekday or date.

    Raises:
        FormMistake: no day, or days that never come.
    """
    rhythm = _text(form, "rhythm")
    if rhythm == "dates":
        dates = sorted({day for name in form.getlist("dates") if (day := _day(str(name))) is not None})
        if not dates:
            raise FormMistake("utter_form_dates")
        return tuple(replace(hours, on_date=day) for day in dates)
    weekdays = sorted({int(str(day)) for day in form.getlist("days") if str(day) in tuple("0123456")})
    if not weekdays:
        raise FormMistake("utter_form_days")
    first, last = _day(_text(form, "first")), _day(_text(form, "last"))
    if first and last and first > last:
        raise FormMistake("utter_form_period")
    nth = next((number for number in MONTHLY if rhythm == f"n{number}"), None)
    weeks = next((number for number in (2, 3, 4) if rhythm == f"w{number}"), 1)
    if weeks > 1 and first is None:
        raise FormMistake("utter_form_first_week")
    patterns = tuple(
        replace(hours, weekday=day, first_date=first, last_date=last, every_weeks=weeks, nth=nth) for day in weekdays
    )
    if first and last and not all(any(True for _ in pattern.days(first, last)) for pattern in patterns):
        raise FormMistake("utter_form_period")
    return patterns


# ── Absences ─────────────────────────────────────────────────────────────────────────────────


@router.get("/permanences/absences/nouvelle")
async def new_absence(caller: Reader) -> Response:
    today = in_paris(caller.now).date().isoformat()
    values = {"whose": f"c{caller.adviser.id}", "first": today, "last": today, "weekday": "", "reason": ""}
    return await _absence_page(caller, None, values | {"start": "", "end": ""})


@router.get("/permanences/absences/{number}")
async def edit_absence(caller: Reader, number: Number) -> Response:
    async with caller.reading() as session:
        absence = await absence_of(session, caller.adviser, number)
    return await _absence_page(caller, absence.id, _filled_absence(absence))


@router.post("/permanences/absences/nouvelle")
async def add_absence(caller: Actor, request: Request) -> Response:
    return await _save_absence(caller, await request.form(), None)


@router.post("/permanences/absences/{number}")
async def change_absence(caller: Actor, request: Request, number: Number) -> Response:
    return await _save_absence(caller, await request.form(), number)


@router.post("/permanences/absences/{number}/retirer")
async def withdraw_absence(caller: Actor, number: Number) -> Response:
    async with caller.acting() as (session, adviser):
        await timetable.withdraw_absence(session, await absence_of(session, adviser, number), caller.now)
    return _done(caller, "utter_team_absence_withdrawn")


async def _save_absence(caller: Caller, form: FormData, number: int | None) -> Response:
    try:
        if "sure" in form:
            async with caller.acting() as (session, adviser):
                absence = await absence_of(session, adviser, number) if number else None
                wanted = await _read_absence(session, caller, form)
                await timetable.save_absence(session, absence, wanted, _cancelled(form), adviser, caller.now)
            return _done(caller, "utter_team_absence_saved")
        async with caller.reading() as session:
            if number:
                await absence_of(session, caller.adviser, number)
            wanted = await _read_absence(session, caller, form)
            hit = await timetable.hit_by_absence(session, wanted, caller.now)
            entries = await desk.show(session, caller.adviser.structure, hit, caller.now)
    except Refusal as refusal:
        return await _absence_page(caller, number, _values(form), refusal=refusal)
    return await caller.page(
        "absence_preview.html",
        wanted=wanted,
        entries=entries,
        action=f"{PAGE}/absences/{number or 'nouvelle'}",
        given=_given(form),
        names=DAYS,
    )


async def _absence_page(
    caller: Caller, number: int | None, values: dict[str, Any], *, refusal: Refusal | None = None
) -> Response:
    structure = caller.adviser.structure
    async with caller.reading() as session:
        places = await desk.places_of(session, structure)
    return await caller.page(
        "absence_form.html",
        status=400 if refusal else 200,
        refusal=refusal,
        number=number,
        values=values,
        places=places,
        names=DAYS,
    )


def _filled_absence(absence: Absence) -> dict[str, Any]:
    whose = f"c{absence.adviser_id}" if absence.adviser_id else f"l{absence.place_id}" if absence.place_id else ""
    return {
        "whose": whose,
        "first": absence.first_date.isoformat(),
        "last": absence.last_date.isoformat(),
        "weekday": "" if absence.weekday is None else str(absence.weekday),
        "start": _clock(absence.start_minute),
        "end": _clock(absence.end_minute),
        "reason": absence.reason or "",
    }


async def _read_absence(session: AsyncSession, caller: Caller, form: FormData) -> WantedAbsence:
    """What the form means.

    Raises:
        FormMistake: something in it cannot be; its response says what.
        NotFound: the place or the adviser is another structure's.
    """
    first, last = _day(_text(form, "first")), _day(_text(form, "last"))
    if first is None or last is None or first > last:
        raise FormMistake("utter_form_period")
    start, end = _minute(form, "start"), _minute(form, "end")
    if (start is None) is not (end is None) or (start is not None and end is not None and start >= end):
        raise FormMistake("utter_form_hours")
    weekday = _text(form, "weekday")
    whose = _text(form, "whose")
    number = int(whose[1:]) if whose[1:].isdecimal() and len(whose) < 10 else 0
    adviser = await colleague_of(session, caller.adviser, number) if whose.startswith("c") else None
    place = await place_of(session, caller.adviser, number) if whose.startswith("l") else None
    return WantedAbsence(
        structure_id=None if adviser or place else caller.adviser.structure_id,
        place=place,
        adviser=adviser,
        away=Away(first, last, int(weekday) if weekday in tuple("0123456") else None, start, end),
        reason=_text(form, "reason")[:LONGEST_REASON] or None,
    )


def _ours(caller: Caller, absence: Absence) -> bool:
    """Whether an absence is the structure's to change; a guest's is shown in the agenda alone."""
    return absence.adviser is None or absence.adviser.structure_id == caller.adviser.structure_id


# ── What a form holds ────────────────────────────────────────────────────────────────────────


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def _id(form: FormData, name: str) -> int:
    text = _text(form, name)
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _number(form: FormData, name: str, least: int, most: int, mistake: str) -> int:
    text = _text(form, name)
    if not (text.isdecimal() and len(text) < 5 and least <= int(text) <= most):
        raise FormMistake(mistake)
    return int(text)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _minute(form: FormData, name: str) -> int | None:
    """Minutes since midnight of "09:30"; None if nothing is written.

    Raises:
        FormMistake: it is not an hour, or not one of five minutes in five minutes.
    """
    text = _text(form, name)
    if not text:
        return None
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        raise FormMistake("utter_form_hours") from None
    if clock.minute % SLICE_MINUTES:
        raise FormMistake("utter_form_hours")
    return clock.hour * 60 + clock.minute


def _clock(minute: int | None) -> str:
    if minute is None:
        return ""
    minute = min(minute, DAY_MINUTES - SLICE_MINUTES)
    return f"{minute // 60:02}:{minute % 60:02}"


def _cancelled(form: FormData) -> set[int]:
    """The appointments somebody chose to cancel: "then-12" is "cancel"."""
    return {
        int(name.removeprefix("then-"))
        for name, value in form.multi_items()
        if name.startswith("then-") and name[5:].isdecimal() and value == "cancel"
    }


def _given(form: FormData) -> list[tuple[str, str]]:
    """The form again, to be sent with what was chosen."""
    return [
        (name, value)
        for name, value in form.multi_items()
        if isinstance(value, str) and name not in ("csrf", "sure") and not name.startswith("then-")
    ]


def _values(form: FormData) -> dict[str, Any]:
    """What was typed, to be shown again beside what is wrong with it."""
    several = {name: [str(one) for one in form.getlist(name)] for name in SEVERAL}
    return dict.fromkeys(ONE, "") | dict(_given(form)) | several


def _done(caller: Caller, response: str) -> Response:
    answer = go(PAGE)
    say_next(caller.console, answer, Say(response))
    return answer
