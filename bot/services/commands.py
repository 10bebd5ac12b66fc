"""Slash commands: they work whoever holds the conversation, and never reach Rasa."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.conversations import Say
from bot.services import buttons, people, team
from bot.storage.tables import Conversation, Structure, Turn

# The command, and the button that does the same.
COMMANDS = {
    "rdv": "book",
    "humain": "human",
    "stop": "stop_nudges",
    "reprendre": "resume_nudges",
    "mesdonnees": "my_data",
    "effacer": "erase",
    "cacher": "hide",
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
    if command in WORDS:
        return [Say(WORDS[command])]
    if command in COMMANDS:
        return await buttons.press(session, conversation, turn, COMMANDS[command], now)
    return [Say("utter_unknown_command")]


async def start(session: AsyncSession, conversation: Conversation, code: str, now: datetime) -> list[Say]:
    """First contact, or hello again; the code says which poster, market or partner brought them."""
    if code:
        await people.brought_by(session, conversation, code, now)
    if conversation.greeted_at is not None:
        return [Say("utter_greet")]
    conversation.greeted_at = now
    return [Say("utter_first_contact", await introduction(session, conversation))]


def _with_article(structure: Structure) -> str:
    """ "la Mission Locale du Nord Mosellan", "l'équipe AMP": as said after "le robot de"."""
    if structure.name.startswith("Mission Locale"):
        return f"la {structure.name}"
    return f"l'équipe {structure.short_name}"


async def introduction(session: AsyncSession, conversation: Conversation) -> dict[str, str]:
    """Who is behind the robot: the structure, and the first names of two of its team."""
    advisers = await team.advisers_of(session, conversation.structure_id)
    names = [adviser.first_name for adviser in advisers[:2]]
    return {
        "structure": _with_article(conversation.structure),
        "humans": " et ".join(names) or conversation.structure.short_name,
    }
