"""Slash commands: they work whoever holds the conversation, and never reach Rasa."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.conversations import Say
from bot.errors import Refusal
from bot.services import buttons, joining, partners, people, team
from bot.storage.tables import Conversation, Turn

HIDE = "cacher"  # someone else may be reading: nothing is said but how to hide the rest
# The command, and the button that does the same.
COMMANDS = {
    "rdv": "book",
    "humain": "human",
    "stop": "stop_nudges",
    "reprendre": "resume_nudges",
    "mesdonnees": "my_data",
    "effacer": "erase",
    HIDE: "hide",
}
WORDS = {"aide": "utter_help", "help": "utter_help", "confidentialite": "utter_confidentiality"}


async def run(
    session: AsyncSession,
    conversation: Conversation,
    turn: Turn,
    command: str,
    argument: str,
    now: datetime,
) -> list[Say]:
    """Do what a command says; an unknown one gets a clear sentence."""
    if command == "start":
        return await start(session, conversation, argument, now)
    if command == HIDE:
        return await buttons.press(session, conversation, turn, COMMANDS[command], now)
    before = await introduce(session, conversation, now)
    if command in WORDS:
        return [*before, Say(WORDS[command])]
    if command in COMMANDS:
        return [*before, *await buttons.press(session, conversation, turn, COMMANDS[command], now)]
    return [*before, Say("utter_unknown_command")]


async def start(session: AsyncSession, conversation: Conversation, code: str, now: datetime) -> list[Say]:
    """First contact, or hello again; the code says which poster, market or partner brought them, or is a link that
    makes them one with who they are in the web chat, or with who a partner booked for."""
    if joining.is_link(code) or partners.is_link(code):
        return await _join(session, conversation, code, now)
    if code:
        await people.brought_by(session, conversation, code, now)
    if conversation.greeted_at is not None:
        return [Say("utter_greet")]
    conversation.greeted_at = now
    return [Say("utter_first_contact", await introduction(session, conversation))]


async def _join(session: AsyncSession, conversation: Conversation, code: str, now: datetime) -> list[Say]:
    try:
        join = partners.open_link if partners.is_link(code) else joining.join
        said = await join(session, conversation, code, now)
    except Refusal as refusal:
        said = [Say(refusal.response, refusal.values)]
    return [*await introduce(session, conversation, now), *said]


async def introduce(session: AsyncSession, conversation: Conversation, now: datetime) -> list[Say]:
    """Who is speaking, said before the first answer; nothing once it has been said.

    A robot says that it is one at the first exchange (regulation (EU) 2024/1689, article 50).
    """
    if conversation.greeted_at is not None:
        return []
    conversation.greeted_at = now
    return [Say("utter_first_contact_short", await introduction(session, conversation))]


async def introduction(session: AsyncSession, conversation: Conversation) -> dict[str, str]:
    """Who is behind the robot: the structure, and the first names of two of its team."""
    advisers = await team.advisers_of(session, conversation.structure_id)
    names = [adviser.first_name for adviser in advisers[:2]]
    return {
        "structure": team.say_structure(conversation.structure),
        "humans": " et ".join(names) or f"l'équipe {team.say_team(conversation.structure)}",
    }
