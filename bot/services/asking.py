"""What a young person who wants a human is told: who is there, when someone answers, who they know."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.calendar import in_paris, say_moment, say_time
from bot.domain.conversations import Say
from bot.domain.handoffs import HELD_STATES, HandoffReason, HandoffState, Step
from bot.domain.team import LONGEST_MEETING
from bot.errors import NotAColleague, NothingToDo
from bot.services import handoffs, routing, team
from bot.storage.tables import Adviser, Appointment, Conversation, Handoff


async def ask_and_say(
    session: AsyncSession,
    conversation: Conversation,
    reason: HandoffReason,
    now: datetime,
    detail: str | None = None,
    wish: dict[str, Any] | None = None,
) -> list[Say]:
    """Ask for a human, and say what is true: who is there, or when someone will answer.

    `wish`: see `handoffs.ask`. A woman or a man is promised to nobody: it is said to be noted.
    """
    waiting = await handoffs.open_handoff(session, conversation)
    already = waiting is not None and waiting.state is HandoffState.ASKED
    since = waiting.asked_at if waiting else now
    await handoffs.ask(session, conversation, reason, now, detail, wish)
    there = await team.team_now(session, conversation.structure, now)
    says = []
    if already and now - since > timedelta(minutes=1):
        says.append(Say("utter_human_already_asked", {"since": say_moment(since, now)}))
    if there.open_now:
        if not says:
            away = await _known_and_away(session, conversation, there, now)
            says.append(away or _told(there, team.say_team(conversation.structure), now))
    elif (reopens := there.say_reopens(now)) is not None:
        says.append(Say("utter_human_closed", {"reopens": reopens}))
    elif conversation.structure.phone:
        says.append(Say("utter_human_unknown_hours", {"phone": conversation.structure.phone}))
    else:
        says.append(Say("utter_human_no_hours"))
    if wish is not None and "woman" in wish:
        says.append(Say("utter_wish_woman" if wish["woman"] else "utter_wish_man"))
    return says


def _told(there: team.TeamNow, name: str, now: datetime) -> Say:
    """What is true of a team that is there: it answers, or it is in a meeting and answers afterwards."""
    if there.all_busy:
        if there.free_again is not None and there.free_again - now > LONGEST_MEETING:
            return Say("utter_human_busy_then_closed", {"team": name, "when": say_moment(there.free_again, now)})
        return Say("utter_human_busy", {"team": name})
    if there.until is None:
        return Say("utter_human_told", {"team": name})
    return Say("utter_human_told_open", {"team": name, "until": say_time(there.until)})


async def _known_and_away(
    session: AsyncSession, conversation: Conversation, there: team.TeamNow, now: datetime
) -> Say | None:
    """Who they know is not there, and others are: they choose."""
    known = await routing.known(session, conversation)
    if known is None or not there.free or known in there.present:
        return None
    returns = (await team.hours_of(session, known)).next_opening(now)
    return _choice("utter_known_away", known, returns, now) if returns is not None else None


def _choice(response: str, adviser: Adviser, returns: datetime, now: datetime) -> Say:
    today = in_paris(returns).date() == in_paris(now).date()
    values = {
        "name": adviser.first_name,
        "returns": say_moment(returns, now),
        "sooner": "avant" if today else "aujourd'hui",
        "adviser": str(adviser.id),
    }
    return Say(response, values)


async def wait_for(session: AsyncSession, conversation: Conversation, adviser_id: int, now: datetime) -> list[Say]:
    """They wait for an adviser of the structure: nobody else is asked.

    Raises:
        NothingToDo: nobody is asked any more, or someone else answers already.
        NotAColleague: there is no such adviser there.
    """
    handoff = await handoffs.open_handoff(session, conversation)
    if handoff is None or (handoff.state in HELD_STATES and handoff.adviser_id != adviser_id):
        raise NothingToDo
    adviser = await session.get(Adviser, adviser_id)
    if adviser not in await team.advisers_of(session, conversation.structure_id) or adviser is None:
        raise NotAColleague
    handoff.wish = {"adviser": adviser.id}
    handoff.told_at = handoff.told_all_at = None  # who they wait for is told when they are back
    returns = (await team.hours_of(session, adviser)).next_opening(now)
    when = say_moment(returns, now) if returns is not None and returns > now else ""
    if not when:
        return [Say("utter_known_waits_now", {"name": adviser.first_name})]
    return [Say("utter_known_waits", {"name": adviser.first_name, "returns": when})]


async def someone_else(session: AsyncSession, conversation: Conversation, now: datetime) -> list[Say]:
    """They would rather not wait: what an absent adviser holds goes back to the queue.

    Raises:
        NothingToDo: nobody is asked any more, or who holds the conversation is there.
    """
    handoff = await handoffs.open_handoff(session, conversation)
    if handoff is None:
        raise NothingToDo
    if handoff.state in HELD_STATES and handoff.adviser is not None:
        if (await team.hours_of(session, handoff.adviser)).is_open(now):
            raise NothingToDo
        await handoffs.return_to_queue(session, handoff, Step.OFFERED, now)
    if "adviser" in (handoff.wish or {}):
        handoff.wish = None
    if handoff.told_at is None:
        await routing.tell(session, handoff, now)
    there = await team.team_now(session, conversation.structure, now)
    if there.open_now:
        return [_told(there, team.say_team(conversation.structure), now)]
    reopens = there.say_reopens(now)
    return [Say("utter_human_closed", {"reopens": reopens}) if reopens else Say("utter_human_no_hours")]


async def say_holder_off_duty(session: AsyncSession, handoff: Handoff, now: datetime) -> list[Say]:
    """ "Karim revient mardi à 9 h", once, when who holds the conversation is not there to read."""
    if handoff.off_duty_told_at is not None or handoff.adviser is None:
        return []
    hours = await team.hours_of(session, handoff.adviser)
    if hours.is_open(now) or (returns := hours.next_opening(now)) is None:
        return []
    handoff.off_duty_told_at = now
    if (await team.team_now(session, handoff.conversation.structure, now)).free:
        return [_choice("utter_holder_off_duty_choice", handoff.adviser, returns, now)]
    return [
        Say(
            "utter_holder_off_duty",
            {"name": handoff.adviser.first_name, "returns": say_moment(returns, now)},
        )
    ]


async def tell_adviser(session: AsyncSession, conversation: Conversation, now: datetime) -> list[Say]:
    """Who follows them: who last had the conversation, or receives them at their appointment."""
    name = await session.scalar(
        select(Adviser.first_name)
        .join(Handoff, Handoff.adviser_id == Adviser.id)
        .where(Handoff.conversation_id == conversation.id)
        .order_by(Handoff.id.desc())
        .limit(1)
    ) or await session.scalar(
        select(Adviser.first_name)
        .join(Appointment, Appointment.adviser_id == Adviser.id)
        .where(Appointment.conversation_id == conversation.id)
        .order_by(Appointment.starts_at.desc())
        .limit(1)
    )
    return [Say("utter_my_adviser", {"name": name})] if name else [Say("utter_my_adviser_unknown")]
