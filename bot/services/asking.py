"""What a young person who wants a human is told: who is there, when someone answers, who they know."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.calendar import say_moment, say_time
from bot.domain.conversations import Say
from bot.domain.handoffs import HandoffReason, HandoffState
from bot.domain.team import LONGEST_MEETING
from bot.services import handoffs, team
from bot.storage.tables import Adviser, Appointment, Conversation, Handoff


async def ask_and_say(
    session: AsyncSession,
    conversation: Conversation,
    reason: HandoffReason,
    now: datetime,
    detail: str | None = None,
) -> list[Say]:
    """Ask for a human, and say what is true: who is there, or when someone will answer."""
    waiting = await handoffs.open_handoff(session, conversation)
    already = waiting is not None and waiting.state is HandoffState.ASKED
    since = waiting.asked_at if waiting else now
    await handoffs.ask(session, conversation, reason, now, detail)
    there = await team.team_now(session, conversation.structure, now)
    says = []
    if already and now - since > timedelta(minutes=1):
        says.append(Say("utter_human_already_asked", {"since": say_moment(since, now)}))
    if there.open_now:
        if not says:
            says.append(_told(there, team.say_team(conversation.structure), now))
    elif (reopens := there.say_reopens(now)) is not None:
        says.append(Say("utter_human_closed", {"reopens": reopens}))
    elif conversation.structure.phone:
        says.append(Say("utter_human_unknown_hours", {"phone": conversation.structure.phone}))
    else:
        says.append(Say("utter_human_no_hours"))
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


async def say_holder_off_duty(session: AsyncSession, handoff: Handoff, now: datetime) -> list[Say]:
    """ "Karim revient mardi à 9 h", once, when who holds the conversation is not there to read."""
    if handoff.off_duty_told_at is not None or handoff.adviser is None:
        return []
    hours = await team.hours_of(session, handoff.adviser)
    if hours.is_open(now) or (returns := hours.next_opening(now)) is None:
        return []
    handoff.off_duty_told_at = now
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
