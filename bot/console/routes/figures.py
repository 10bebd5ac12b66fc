"""For coordinators: the figures of the handoffs, with pictures, and as tables."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from bot.console import charts
from bot.console.access import CoordinatorReader
from bot.console.charts import Column, Span
from bot.console.pages import lasting
from bot.console.routes.edge import console_router
from bot.domain.calendar import in_paris
from bot.domain.figures import FEWEST, LONGEST_PERIOD, PERIODS
from bot.services import figures
from bot.services.figures import Figures, Step, Wait

MINUTE = timedelta(minutes=1)
Day = Annotated[str, Query(max_length=10)]

router = console_router()


@router.get("/chiffres")
async def show(caller: CoordinatorReader, jours: int = 30, du: Day = "", au: Day = "") -> Response:
    """A period in days up to today, or between two days, a year at most."""
    today = in_paris(caller.now).date()
    days = jours if jours in PERIODS else 30
    until = min(_day(au) or today, today)
    since = _day(du) or until - timedelta(days=days - 1)
    since = min(max(since, until - LONGEST_PERIOD + timedelta(days=1)), until)
    async with caller.reading() as session:
        found = await figures.of(session, caller.adviser.structure, since, until)
    return await caller.page(
        "figures.html",
        found=found,
        name=_name,
        daily=_daily(found),
        waits=_waits(found),
        period=days if not du and not au else 0,
        periods=PERIODS,
        fewest=FEWEST,
        bar=charts.bar,
        most=max((count or 0 for _, count in found.reasons), default=0),
    )


def _daily(found: Figures) -> str:
    steps = [
        Column(
            _short(step),
            (step.in_hours, step.out_of_hours, step.unknown),
            f"{_name(step)} : {step.total}, dont {step.out_of_hours} en dehors de nos heures",
        )
        for step in found.steps
    ]
    most = max(found.steps, key=lambda step: step.total)
    said = f"{found.total} en tout. Le plus haut : {most.total}, {_name(most)}." if found.total else "Aucun."
    return charts.columns("daily", "Passages de relais dans le temps", said, steps, ("inside", "outside", "unknown"))


def _waits(found: Figures) -> str:
    steps = []
    for step in found.waits:
        middle, end = step.delays.median, step.delays.p90
        if middle is None or end is None:
            steps.append(Span(_short(step), None, None, ""))
            continue
        said = f"{_name(step)} : la moitié en {lasting(middle)} au plus, 9 sur 10 en {lasting(end)} au plus"
        steps.append(Span(_short(step), middle / MINUTE, end / MINUTE, said))
    whole = found.delays
    said = "Trop peu de réponses pour le dire."
    if whole.median is not None and whole.p90 is not None:
        said = f"En tout, la moitié en {lasting(whole.median)} au plus, 9 sur 10 en {lasting(whole.p90)} au plus."
    return charts.spans("waits", "Attente avant la première réponse humaine", said, steps, _scale)


def _scale(minutes: float) -> str:
    return "0" if not minutes else lasting(minutes * MINUTE)


def _name(step: Step | Wait) -> str:
    """ "08/03", "08/03 au 14/03"."""
    first = f"{step.first:%d/%m}"
    return first if step.first == step.last else f"{first} au {step.last:%d/%m}"


def _short(step: Step | Wait) -> str:
    return f"{step.first:%d/%m}"


def _day(said: str) -> date | None:
    try:
        day = date.fromisoformat(said)
    except ValueError:
        return None
    return day if date(2000, 1, 1) <= day <= date(2200, 1, 1) else None
