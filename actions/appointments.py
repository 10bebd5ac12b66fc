"""Appointments: book, move, cancel, ask, come, be late, wait for earlier."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict
from sqlalchemy.ext.asyncio import AsyncSession

from actions.turn_action import TurnAction
from bot.domain import delays
from bot.domain.conversations import Say
from bot.errors import NoAppointment
from bot.services import answers, appointments, booking, buttons, drafts, proposals, workshops
from bot.storage.tables import Conversation, Turn

STEP = "booking_done"
# In a booking, these intents are answers or go on with it; any other that brings no fact is a digression.
ANSWERING = frozenset(
    (
        "inform",
        "affirm",
        "deny",
        "book_appointment",
        "abandon_step",
        "out_of_scope",
        "nlu_fallback",
        "move_appointment",
        "join_waiting_list",
        "",
    )
)
LEAVING = frozenset(("abandon_step",))


class ValidateBookingForm(TurnAction):
    """The booking's form: our draft takes the answer; a digression is left to the rules."""

    def name(self) -> str:
        return "validate_booking_form"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        acted = await self.run_once(tracker)
        if acted.outcome["digression"]:
            return []
        if acted.says and not _said_in_this_turn(tracker):
            dispatcher.utter_message(json_message={"say": [say.to_json() for say in acted.says]})
        if acted.outcome["open"]:
            return [SlotSet(STEP, None)]
        return [SlotSet(STEP, None), SlotSet("requested_slot", None)]

    async def outcome(
        self, session: AsyncSession, conversation: Conversation, says: list[Say], now: datetime
    ) -> dict[str, Any]:
        is_open = await drafts.open_draft(session, conversation, now) is not None
        return {"digression": not says, "open": is_open}

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        text = turn.text or ""
        draft = await drafts.open_draft(session, conversation, now)
        if draft is None:
            return await booking.start(session, conversation, text, now)
        if intent in LEAVING and not proposals.asks_for_others(draft, text):
            return await booking.leave(session, conversation, now)
        affirms = {"affirm": True, "deny": False}.get(intent)
        said = None
        if intent in ANSWERING:
            said = await booking.answer(session, conversation, draft, text, now, affirms=affirms)
        if said is None and intent == "book_appointment":
            said = await booking.start(session, conversation, text, now)
        if said is None and intent in ("inform", "affirm", "deny", "nlu_fallback", "out_of_scope"):
            said = await booking.not_understood(session, conversation, draft, text, now)
        return said or []


class MoveAppointment(TurnAction):
    def name(self) -> str:
        return "action_move_appointment"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        return await buttons.start_move(session, conversation, turn.text or "", now)


class CancelAppointment(TurnAction):
    def name(self) -> str:
        return "action_cancel_appointment"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        return await buttons.ask_cancel(session, conversation, turn.text or "", now)


class TellAppointment(TurnAction):
    def name(self) -> str:
        return "action_tell_appointment"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        groups = await workshops.mine(session, conversation, now)
        try:
            return [*await appointments.tell(session, conversation, now), *groups]
        except NoAppointment:
            if groups:
                return groups
            raise


class ConfirmAttendance(TurnAction):
    def name(self) -> str:
        return "action_confirm_attendance"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        said = await answers.to_pending(session, conversation, turn, True, now)
        return said or await appointments.coming(session, conversation, now)


class ReportLate(TurnAction):
    def name(self) -> str:
        return "action_report_late"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        return await appointments.late(session, conversation, delays.minutes(turn.text or ""), now)


class JoinWaitingList(TurnAction):
    def name(self) -> str:
        return "action_join_waiting_list"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        text = turn.text or ""
        try:
            return await buttons.wait_for_earlier(session, conversation, text, now)
        except NoAppointment:
            return [Say("utter_waiting_list_no_appointment"), *await booking.start(session, conversation, text, now)]


def _said_in_this_turn(tracker: Tracker) -> bool:
    """Rasa runs a form's validation again when it comes back to the form in the same turn."""
    for event in reversed(tracker.events):
        if event["event"] == "user":
            return False
        if event["event"] == "bot":
            return True
    return False
