"""What Telegram shows of the bot before anything is written, even when the service is down."""

from __future__ import annotations

from telegram import Bot, BotCommand

from bot import texts
from bot.domain.conversations import Say

COMMANDS = (
    "aide",
    "rdv",
    "humain",
    "stop",
    "reprendre",
    "mesdonnees",
    "effacer",
    "cacher",
    "confidentialite",
)


async def publish(bot: Bot) -> None:
    """Set the description (it says it is no emergency service, and gives 15, 112 and SMS 114) and commands."""
    await bot.set_my_description(_text("utter_profile_description"))
    await bot.set_my_short_description(_text("utter_profile_short"))
    await bot.set_my_commands([BotCommand(name, _text(f"utter_command_{name}")) for name in COMMANDS])


def _text(response: str) -> str:
    return "\n\n".join(bubble.text for bubble in texts.render(Say(response)))
