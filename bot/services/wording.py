"""The texts a structure puts in its own words: proposed, validated, used in its conversations, and their history.

A text of the coordination is used at once. One that gives help lines, or belongs to the safety script, is used only
once a second person, of the coordination, has validated it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import texts
from bot.domain import wording
from bot.domain.conversations import Say
from bot.domain.team import Role
from bot.domain.wording import WordingState
from bot.errors import AlreadyDecided, BadWording, NotChangeable, OwnProposal
from bot.storage.tables import Adviser, Structure, Wording

SIGNATURE = "utter_signature"

Own = Mapping[tuple[str, int], str]

IN_FORCE = select(Wording.response, Wording.variant, Wording.text).where(
    Wording.structure_id == bindparam("structure"),
    Wording.state == WordingState.IN_FORCE,
    Wording.response.in_(bindparam("responses", expanding=True)),
)


async def own(session: AsyncSession, structure_id: str, responses: Iterable[str]) -> Own:
    """The structure's own texts of these responses, by name and variant.

    One whose text in data/ has other values by now is left out: the text of data/ is said.
    """
    names = sorted(set(responses) & texts.changeable())
    if not names:
        return {}
    rows = await session.execute(IN_FORCE, {"structure": structure_id, "responses": names})
    return {
        (name, number): text
        for name, number, text in rows
        if number < len(variants := texts.all_variants(name)) and wording.keeps_values(text, variants[number])
    }


async def signature(session: AsyncSession, adviser: Adviser) -> str:
    """How what an adviser writes begins: "Karim, AMP", in the structure's words."""
    say = Say(SIGNATURE, {"name": adviser.first_name, "structure": adviser.structure.short_name})
    return texts.render(say, own=await own(session, adviser.structure_id, [SIGNATURE]))[0].text


def check(response: str, variant: int, text: str) -> None:
    """What the console checks before it shows or keeps a text.

    Raises:
        NotChangeable: the response is not one that a structure may change.
        BadWording: the text breaks a rule of the service's voice, or loses a value; it says which.
    """
    if response not in texts.changeable() or not 0 <= variant < len(texts.responses()[response]):
        raise NotChangeable
    written = texts.responses()[response][variant]
    found = wording.faults(
        text,
        written["text"].strip(),
        answers_yes=any(button.get("on_yes") for button in written.get("buttons", ())),
        numbers_stay=texts.needs_two(response),
    )
    if response == SIGNATURE and "\n" in text:
        found.append(Say("utter_wording_one_line"))
    if found:
        raise BadWording(found)


async def propose(
    session: AsyncSession, adviser: Adviser, response: str, variant: int, text: str, now: datetime
) -> Wording:
    """Propose a text; what the coordination writes is used at once, where one person is enough.

    Raises:
        NotChangeable, BadWording: see `check`.
    """
    text = wording.tidy(text)
    check(response, variant, text)
    await _one_at_a_time(session, adviser.structure_id)
    await _end(session, adviser, response, variant, WordingState.PROPOSED, now)
    proposed = Wording(
        structure_id=adviser.structure_id,
        response=response,
        variant=variant,
        text=text,
        state=WordingState.PROPOSED,
        author=adviser,
        at=now,
    )
    session.add(proposed)
    await session.flush()
    if adviser.role is Role.COORDINATOR and not texts.needs_two(response):
        await _put_in_force(session, proposed, adviser, now)
    return proposed


async def validate(session: AsyncSession, proposed: Wording, coordinator: Adviser, now: datetime) -> None:
    """Put a proposed text in force.

    Raises:
        OwnProposal: it needs two people, and `coordinator` wrote it.
        AlreadyDecided: a colleague was faster.
        BadWording: the text of data/ changed since, and this one does not fit it any more.
    """
    await _still_proposed(session, proposed)
    if texts.needs_two(proposed.response) and proposed.author_id == coordinator.id:
        raise OwnProposal
    check(proposed.response, proposed.variant, proposed.text)
    await _put_in_force(session, proposed, coordinator, now)


async def refuse(session: AsyncSession, proposed: Wording, coordinator: Adviser, now: datetime) -> None:
    """Do not use a proposed text; one's own may be taken back that way.

    Raises:
        AlreadyDecided: a colleague was faster.
    """
    await _still_proposed(session, proposed)
    proposed.state, proposed.decider, proposed.decided_at = WordingState.REFUSED, coordinator, now
    await session.flush()


async def restore(session: AsyncSession, coordinator: Adviser, response: str, variant: int, now: datetime) -> None:
    """Say the text of data/ again: it was read over by those who know, so one person is enough."""
    await _one_at_a_time(session, coordinator.structure_id)
    await _end(session, coordinator, response, variant, WordingState.IN_FORCE, now)


async def of_structure(session: AsyncSession, structure_id: str) -> Sequence[Wording]:
    """Everything the structure ever wrote, the newest first."""
    found = await session.scalars(
        select(Wording).where(Wording.structure_id == structure_id).order_by(Wording.id.desc())
    )
    return found.all()


async def _put_in_force(session: AsyncSession, proposed: Wording, coordinator: Adviser, now: datetime) -> None:
    await _end(session, coordinator, proposed.response, proposed.variant, WordingState.IN_FORCE, now)
    proposed.state, proposed.decider, proposed.decided_at = WordingState.IN_FORCE, coordinator, now
    await session.flush()


async def _end(
    session: AsyncSession, adviser: Adviser, response: str, variant: int, state: WordingState, now: datetime
) -> None:
    """What is in that state for that text is replaced; its row stays."""
    for old in await session.scalars(
        select(Wording).where(
            Wording.structure_id == adviser.structure_id,
            Wording.response == response,
            Wording.variant == variant,
            Wording.state == state,
        )
    ):
        old.state, old.ended_by, old.ended_at = WordingState.REPLACED, adviser.id, now
    await session.flush()


async def _still_proposed(session: AsyncSession, proposed: Wording) -> None:
    await _one_at_a_time(session, proposed.structure_id)
    await session.refresh(proposed, ["state"])
    if proposed.state is not WordingState.PROPOSED:
        raise AlreadyDecided


async def _one_at_a_time(session: AsyncSession, structure_id: str) -> None:
    """Two colleagues never put two texts in force for the same one."""
    await session.execute(select(Structure.id).where(Structure.id == structure_id).with_for_update())
