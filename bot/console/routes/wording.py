"""The bot's texts in the structure's own words: anyone of the team proposes, the coordination decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Path
from fastapi.responses import Response

from bot import texts
from bot.console import pages
from bot.console.access import (
    HOME,
    Actor,
    Caller,
    Coordinator,
    FormText,
    NotFound,
    Number,
    Reader,
    go,
    say_next,
    wording_of,
)
from bot.console.routes.edge import console_router
from bot.domain.conversations import Bubble, Button, Say
from bot.domain.wording import VALUE, WordingState, tidy
from bot.errors import BadWording, NotChangeable
from bot.services import wording

PAGE = f"{HOME}/textes"
# What stands for a value in a preview; another is shown by its name.
SAMPLES = {
    "humans": "Karim et Sandra",
    "name": "Karim",
    "team": "de la Mission Locale",
    "until": "18 h",
    "reopens": "demain à 9 h",
    "when": "demain à 9 h",
    "returns": "mardi à 9 h",
    "since": "hier à 18 h",
    "place": "Permanence de Fameck",
    "address": "1 rue de la Gare",
    "hours": "Le mardi, de 9 h à 12 h.",
    "phone": "03 00 00 00 00",
    "number": "06 00 00 00 00",
}

Name = Annotated[str, Path(pattern=r"^utter_\w{1,70}$")]
Variant = Annotated[int, Path(ge=0, le=20)]

router = console_router()


@router.get("/textes")
async def show(caller: Reader) -> Response:
    async with caller.reading() as session:
        rows = await wording.of_structure(session, caller.adviser.structure_id)
    own = {(one.response, one.variant): one.text for one in rows if one.state is WordingState.IN_FORCE}
    groups = {
        group: [
            (name, number, own.get((name, number), text), (name, number) in own)
            for name in names
            for number, text in enumerate(texts.all_variants(name))
        ]
        for group, names in texts.may_change().items()
    }
    proposed = [one for one in rows if one.state is WordingState.PROPOSED]
    return await caller.page("wordings.html", groups=groups, proposed=proposed)


@router.get("/textes/{response}/{variant}")
async def edit(caller: Reader, response: Name, variant: Variant) -> Response:
    return await _page(caller, response, variant)


@router.post("/textes/{response}/{variant}")
async def propose(
    caller: Actor, response: Name, variant: Variant, text: FormText = "", sure: FormText = ""
) -> Response:
    """The first time shows how it will look, or what is wrong with it; nothing is kept before "sure"."""
    text = tidy(text)
    try:
        if not sure:
            wording.check(response, variant, text)
            return await _page(caller, response, variant, text=text, preview=_preview(caller, response, variant, text))
        async with caller.acting() as (session, adviser):
            kept = await wording.propose(session, adviser, response, variant, text, caller.now)
            used = kept.state is WordingState.IN_FORCE
    except NotChangeable as error:
        raise NotFound from error
    except BadWording as bad:
        said = [" ".join(bubble.text for bubble in pages.bubbles(fault)) for fault in bad.faults]
        return await _page(caller, response, variant, text=text, faults=said)
    return _done(caller, "utter_wording_in_force" if used else "utter_wording_proposed")


@router.post("/textes/propositions/{number}/valider")
async def validate(caller: Coordinator, number: Number) -> Response:
    try:
        async with caller.acting() as (session, adviser):
            await wording.validate(session, await wording_of(session, adviser, number), adviser, caller.now)
    except BadWording as bad:
        return _done(caller, bad.faults[0].response, bad.faults[0].values)
    return _done(caller, "utter_wording_in_force")


@router.post("/textes/propositions/{number}/refuser")
async def refuse(caller: Coordinator, number: Number) -> Response:
    async with caller.acting() as (session, adviser):
        await wording.refuse(session, await wording_of(session, adviser, number), adviser, caller.now)
    return _done(caller, "utter_wording_refused")


@router.post("/textes/{response}/{variant}/origine")
async def restore(caller: Coordinator, response: Name, variant: Variant) -> Response:
    async with caller.acting() as (session, adviser):
        await wording.restore(session, adviser, response, variant, caller.now)
    return _done(caller, "utter_wording_restored")


def _done(caller: Caller, response: str, values: dict[str, str] | None = None) -> Response:
    answer = go(PAGE)
    say_next(caller.console, answer, Say(response, values or {}))
    return answer


def _preview(caller: Caller, response: str, variant: int, text: str) -> Sequence[Bubble]:
    """How a young person will see it, with examples in place of the values; buttons do nothing here."""
    needed = {name for one in (text, *_titles(response, variant)) for name in VALUE.findall(one)}
    values = {name: SAMPLES.get(name, f"‹{name}›") for name in needed} | {"structure": caller.adviser.structure.name}
    return texts.render(Say(response, values), variant, {(response, variant): text})


def _titles(response: str, variant: int) -> list[str]:
    buttons = texts.responses()[response][variant].get("buttons", ())
    return [part for button in buttons for part in (button["title"], button["payload"])]


async def _page(
    caller: Caller,
    response: str,
    variant: int,
    *,
    text: str | None = None,
    faults: Sequence[str] = (),
    preview: Sequence[Bubble] = (),
) -> Response:
    if response not in texts.changeable() or variant >= len(texts.all_variants(response)):
        raise NotFound
    async with caller.reading() as session:
        rows = await wording.of_structure(session, caller.adviser.structure_id)
    history = [one for one in rows if (one.response, one.variant) == (response, variant)]
    default = texts.all_variants(response)[variant].strip()
    used = next((one.text for one in history if one.state is WordingState.IN_FORCE), None)
    return await caller.page(
        "wording.html",
        status=422 if faults else 200,
        response=response,
        variant=variant,
        variants=len(texts.all_variants(response)),
        default=default,
        used=used,
        text=text if text is not None else used or default,
        values=sorted(set(VALUE.findall(default))),
        buttons=[Button(title, "") for title in _button_titles(response, variant)],
        needs_two=texts.needs_two(response),
        faults=faults,
        preview=preview,
        history=history,
    )


def _button_titles(response: str, variant: int) -> list[str]:
    return [button["title"] for button in texts.responses()[response][variant].get("buttons", ())]
