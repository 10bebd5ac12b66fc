"""A strict Telegram Bot API on 127.0.0.1, for tests over real HTTP.

    async with BotApi(token="123:abc") as api:
        lea = api.user("Léa")
        await lea.start("affiche-gare")
        ...                                   # the bot under test talks to api.url
        await lea.waits_for("Salut")
        await lea.presses("Oui")

It plays the methods our bot uses, with Telegram's refusals, limits and update queue. Texts are plain:
`parse_mode` is refused. Descriptions follow https://core.telegram.org/bots/api and the open-source server,
tdlib/telegram-bot-api.
"""

from tests.fakes.bot_api.chats import Chat, Document, Message, User
from tests.fakes.bot_api.errors import ApiError
from tests.fakes.bot_api.limits import Limits
from tests.fakes.bot_api.server import BotApi, Call, Fault
from tests.fakes.bot_api.updates import Delivery

__all__ = [
    "ApiError",
    "BotApi",
    "Call",
    "Chat",
    "Delivery",
    "Document",
    "Fault",
    "Limits",
    "Message",
    "User",
]
