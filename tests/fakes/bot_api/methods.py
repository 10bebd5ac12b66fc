"""The methods of the Bot API: what each checks, does and answers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image

from tests.fakes.bot_api.chats import (
    JSON,
    MAX_TEXT,
    Chat,
    Document,
    Message,
    Topic,
    in_topic,
    text_content,
    utf16_length,
)
from tests.fakes.bot_api.errors import ApiError, bad_request

if TYPE_CHECKING:
    from tests.fakes.bot_api.server import BotApi

MAX_CAPTION = 1024
MAX_LONG_POLL = 50  # seconds
DELETABLE_FOR = timedelta(hours=48)
CHAT_ACTION = re.compile(
    "typing|(upload|record)_(video|voice|video_note)|upload_(photo|document)|choose_sticker|find_location"
)
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


@dataclass(frozen=True)
class Upload:
    """A file that came in the call itself."""

    name: str
    content: bytes
    mime: str


def _number(params: JSON, name: str, default: int, low: int, high: int) -> int:
    value = params.get(name)
    return min(max(value, low), high) if isinstance(value, int) else default


def _chat(api: BotApi, params: JSON, *, to_write: bool = False) -> Chat:
    if params.get("chat_id") in (None, ""):
        raise bad_request("chat_id is empty")
    chat = api.chats.get(params["chat_id"])
    if chat is None:
        raise bad_request("chat not found")
    if to_write and chat.blocked:
        by = "bot was blocked by the user" if chat.chat_id > 0 else "bot was kicked from the supergroup chat"
        raise ApiError(403, f"Forbidden: {by}")
    return chat


def _text(params: JSON, name: str, limit: int) -> str:
    if params.get("parse_mode"):
        raise bad_request("unsupported parse_mode")
    text = str(params.get(name, "")).strip()
    if utf16_length(text) > limit:
        raise bad_request("message caption is too long" if name == "caption" else "message is too long")
    return text


def _content(params: JSON) -> JSON:
    text = _text(params, "text", MAX_TEXT)
    if not text:
        raise bad_request("message text is empty")
    return text_content(text)


def _markup(params: JSON, *, inline_only: bool = False) -> JSON | None:
    markup = params.get("reply_markup")
    if not markup:
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" not in markup:
        if inline_only:
            raise bad_request("inline keyboard expected")
        if not markup.keys() & {"keyboard", "remove_keyboard", "force_reply"}:
            raise bad_request("object expected as reply markup")
        return markup
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    buttons = [button for row in rows for button in row]
    if len(buttons) > 100:
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    for button in buttons:
        _check_button(button)
    return {"inline_keyboard": rows} if buttons else None


def _check_button(button: Any) -> None:
    if not isinstance(button, dict) or not isinstance(button.get("text"), str):
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be of type String')
    if not button["text"].strip():
        raise bad_request("BUTTON_TEXT_INVALID")
    if not button.keys() - {"text", "style", "icon_custom_emoji_id"}:
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= 64:
        raise bad_request("BUTTON_DATA_INVALID")
    # A telephone link (tel:) is refused, as Telegram does.
    if "url" in button and not re.match(r"(https?|tg)://\S", str(button["url"])):
        raise bad_request(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")


async def get_me(api: BotApi, params: JSON) -> JSON:
    abilities = ("can_join_groups", "can_read_all_group_messages", "supports_inline_queries")
    return {**api.account, **dict.fromkeys(abilities, False)}


async def get_updates(api: BotApi, params: JSON) -> list[JSON]:
    if api.webhook is not None:
        raise ApiError(
            409,
            "Conflict: can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first",
        )
    _choose_updates(api, params)
    offset = _number(params, "offset", 0, -(2**31), 2**31)
    return await api.queue.poll(
        offset, _number(params, "limit", 100, 1, 100), _number(params, "timeout", 0, 0, MAX_LONG_POLL)
    )


def _choose_updates(api: BotApi, params: JSON) -> None:
    if isinstance(params.get("allowed_updates"), list):
        api.queue.allowed = params["allowed_updates"]


async def set_webhook(api: BotApi, params: JSON) -> bool:
    url = str(params.get("url", ""))
    secret = params.get("secret_token")
    if url and not re.match(r"(https://|http://(127\.0\.0\.1|localhost)\b)", url):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if secret and len(secret) > 256:
        raise bad_request("secret token is too long")
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]+", secret):
        raise bad_request("secret token contains unallowed characters")
    _choose_updates(api, params)
    await api.point_webhook(url, secret, _number(params, "max_connections", 40, 1, 100))
    if params.get("drop_pending_updates") is True:
        api.queue.clear()
    return True


async def delete_webhook(api: BotApi, params: JSON) -> bool:
    dropped = {"drop_pending_updates": params.get("drop_pending_updates")}
    return await set_webhook(api, {"url": "", **dropped})


async def get_webhook_info(api: BotApi, params: JSON) -> JSON:
    info: JSON = {"url": "", "has_custom_certificate": False, "pending_update_count": len(api.queue)}
    if api.queue.allowed:
        info["allowed_updates"] = api.queue.allowed
    if api.webhook is not None:
        info |= {"url": api.webhook.url, "max_connections": api.webhook.max_connections}
        if api.webhook.last_error_at is not None:
            info["last_error_date"] = int(api.webhook.last_error_at.timestamp())
            info["last_error_message"] = api.webhook.last_error
    return info


async def send_message(api: BotApi, params: JSON) -> JSON:
    chat = _chat(api, params, to_write=True)
    content, markup = _content(params) | _thread(chat, params), _markup(params)
    api.throttle.take(chat.chat_id)
    return chat.post(api.account, content, markup).json()


def _thread(chat: Chat, params: JSON) -> JSON:
    """Where in a forum a message goes."""
    thread = params.get("message_thread_id")
    if thread is None:
        return {}
    if thread not in chat.topics:
        raise bad_request("message thread not found")
    return in_topic(thread)


async def copy_message(api: BotApi, params: JSON) -> JSON:
    chat = _chat(api, params, to_write=True)
    source = api.chats.get(params.get("from_chat_id", 0))
    if source is None:
        raise bad_request("chat not found")
    message = source.messages.get(params.get("message_id", 0))
    if message is None or message.deleted:
        raise bad_request("message to copy not found")
    thread = _thread(chat, params)
    kept = {name: value for name, value in message.content.items() if name != "caption"}
    caption = _text(params, "caption", MAX_CAPTION) or message.content.get("caption")
    takes_caption = kept.keys() & {"photo", "voice", "document"}
    api.throttle.take(chat.chat_id)
    content = kept | ({"caption": caption} if caption and takes_caption else {}) | thread
    return {"message_id": chat.post(api.account, content, None, message.document).message_id}


# Topics: https://core.telegram.org/bots/api#createforumtopic, in the words of the server.

MAX_TOPIC_NAME = 128


def _forum(api: BotApi, params: JSON) -> Chat:
    chat = api.chats.get(params.get("chat_id", 0))
    if chat is None:
        raise bad_request("chat not found")
    if chat.blocked:
        raise ApiError(403, "Forbidden: bot was kicked from the supergroup chat")
    if not chat.description.get("is_forum"):
        raise bad_request("the chat is not a forum")
    if not chat.may_manage_topics:
        raise bad_request("not enough rights to create a topic")
    return chat


def _topic(api: BotApi, params: JSON) -> Topic:
    chat = _forum(api, params)
    topic = chat.topics.get(params.get("message_thread_id", 0))
    if topic is None:
        was_there = any(one.thread_id == params.get("message_thread_id") for one in chat.gone)
        raise bad_request("TOPIC_DELETED" if was_there else "TOPIC_ID_INVALID")
    return topic


def _topic_name(params: JSON) -> str:
    name = str(params.get("name", "")).strip()
    if not 1 <= utf16_length(name) <= MAX_TOPIC_NAME:
        raise bad_request("TOPIC_TITLE_EMPTY" if not name else "TOPIC_TITLE_TOO_LONG")
    return name


async def create_forum_topic(api: BotApi, params: JSON) -> JSON:
    chat, name = _forum(api, params), _topic_name(params)
    api.throttle.take(chat.chat_id)
    made = chat.post(api.account, {"forum_topic_created": {"name": name, "icon_color": 7322096}})
    made.content |= in_topic(made.message_id)
    chat.topics[made.message_id] = Topic(chat, made.message_id, name)
    return {"message_thread_id": made.message_id, "name": name, "icon_color": 7322096}


async def edit_forum_topic(api: BotApi, params: JSON) -> bool:
    topic = _topic(api, params)
    if "name" not in params or topic.name == _topic_name(params):
        raise bad_request("TOPIC_NOT_MODIFIED")
    topic.name = _topic_name(params)
    return True


async def close_forum_topic(api: BotApi, params: JSON) -> bool:
    return _close(_topic(api, params), closed=True)


async def reopen_forum_topic(api: BotApi, params: JSON) -> bool:
    return _close(_topic(api, params), closed=False)


def _close(topic: Topic, *, closed: bool) -> bool:
    if topic.closed is closed:
        raise bad_request("TOPIC_NOT_MODIFIED")
    topic.closed = closed
    return True


async def delete_forum_topic(api: BotApi, params: JSON) -> bool:
    topic = _topic(api, params)
    topic.chat.delete_topic(topic)
    return True


async def send_document(api: BotApi, params: JSON) -> JSON:
    chat = _chat(api, params, to_write=True)
    upload = params.get("document")
    if not upload:
        raise bad_request("there is no document in the request")
    if not isinstance(upload, Upload):
        raise bad_request("wrong remote file identifier specified: the fake takes uploads only")
    if not upload.content:
        raise bad_request("file must be non-empty")
    caption, markup = _text(params, "caption", MAX_CAPTION), _markup(params)
    api.throttle.take(chat.chat_id)
    kept = api.keep_file("documents", upload.name.rpartition(".")[2], upload.content)
    content: JSON = {"document": {**kept, "file_name": upload.name, "mime_type": upload.mime}}
    if caption:
        content["caption"] = caption
    return chat.post(api.account, content, markup, Document(upload.name, upload.content)).json()


async def send_photo(api: BotApi, params: JSON) -> JSON:
    chat = _chat(api, params, to_write=True)
    upload = params.get("photo")
    if not isinstance(upload, Upload) or not upload.content:
        raise bad_request("there is no photo in the request")
    try:
        with Image.open(BytesIO(upload.content)) as picture:
            width, height = picture.size
    except OSError:
        raise bad_request("IMAGE_PROCESS_FAILED") from None
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    caption, markup = _text(params, "caption", MAX_CAPTION), _markup(params)
    api.throttle.take(chat.chat_id)
    size = {**api.keep_file("photos", "jpg", upload.content), "width": width, "height": height}
    content: JSON = {"photo": [size]} | ({"caption": caption} if caption else {})
    return chat.post(api.account, content, markup, Document(upload.name, upload.content)).json()


async def send_chat_action(api: BotApi, params: JSON) -> bool:
    _chat(api, params, to_write=True)
    if not CHAT_ACTION.fullmatch(str(params.get("action"))):
        raise bad_request("wrong parameter action in request")
    return True


async def answer_callback_query(api: BotApi, params: JSON) -> bool:
    query = api.queries.get(str(params.get("callback_query_id", "")))
    if query is None or api.now() - query.at > api.query_lifetime:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    text = str(params.get("text", ""))
    if len(text) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    if text:
        query.user.notices.append(text)
    del api.queries[query.query_id]
    return True


def _message(api: BotApi, params: JSON, purpose: str) -> Message:
    chat = _chat(api, params)
    if "message_id" not in params:
        raise bad_request("message identifier is not specified")
    message = chat.messages.get(params["message_id"])
    if message is None or message.deleted:
        raise bad_request(f"message to {purpose} not found")
    return message


def _edit(api: BotApi, message: Message, content: JSON, markup: JSON | None) -> JSON:
    if message.sender != api.account:
        raise bad_request("message can't be edited")
    if (content, markup) == (message.content, message.markup):
        raise bad_request(NOT_MODIFIED)
    message.content, message.markup, message.edited_at = content, markup, api.now()
    return message.json()


async def edit_message_text(api: BotApi, params: JSON) -> JSON:
    message = _message(api, params, "edit")
    content = _content(params)
    if "text" not in message.content:
        raise bad_request("there is no text in the message to edit")
    return _edit(api, message, content, _markup(params, inline_only=True))


async def edit_message_caption(api: BotApi, params: JSON) -> JSON:
    message = _message(api, params, "edit")
    if "text" in message.content:
        raise bad_request("there is no caption in the message to edit")
    caption = _text(params, "caption", MAX_CAPTION)
    content = {name: value for name, value in message.content.items() if name != "caption"}
    markup = _markup(params, inline_only=True)
    return _edit(api, message, content | ({"caption": caption} if caption else {}), markup)


async def edit_message_reply_markup(api: BotApi, params: JSON) -> JSON:
    message = _message(api, params, "edit")
    return _edit(api, message, message.content, _markup(params, inline_only=True))


def _check_deletable(api: BotApi, message: Message) -> None:
    if api.now() - message.at > DELETABLE_FOR:
        raise bad_request("message can't be deleted for everyone")


async def delete_message(api: BotApi, params: JSON) -> bool:
    message = _message(api, params, "delete")
    _check_deletable(api, message)
    message.deleted = True
    return True


async def delete_messages(api: BotApi, params: JSON) -> bool:
    """Unknown ids are passed over; one message that is too old and none is deleted."""
    chat = _chat(api, params)
    ids = params.get("message_ids")
    if not isinstance(ids, list) or not ids:
        raise bad_request("message identifiers are not specified")
    if len(ids) > 100:
        raise bad_request("too many message identifiers specified")
    found = [chat.messages[i] for i in ids if i in chat.messages and not chat.messages[i].deleted]
    for message in found:
        _check_deletable(api, message)
    for message in found:
        message.deleted = True
    return True


async def set_my_commands(api: BotApi, params: JSON) -> bool:
    commands = params.get("commands")
    if not isinstance(commands, list):
        raise bad_request("can't parse commands: expected an Array of BotCommand")
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", str(command.get("command", ""))):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    api.profile[_profile_key("commands", params)] = commands
    return True


def _profile_key(field: str, params: JSON) -> str:
    """`commands`, `description:fr`, `commands:all_private_chats:fr`…"""
    scope = (params.get("scope") or {}).get("type", "default")
    parts = [field, "" if scope == "default" else scope, params.get("language_code") or ""]
    return ":".join(part for part in parts if part)


def _profile_setter(field: str, limit: int) -> Method:
    async def set_field(api: BotApi, params: JSON) -> bool:
        value = str(params.get(field, ""))
        if len(value) > limit:
            raise bad_request(f"bot {field.replace('_', ' ')} is too long")
        api.profile[_profile_key(field, params)] = value
        return True

    return set_field


async def get_file(api: BotApi, params: JSON) -> JSON:
    if not params.get("file_id"):
        raise bad_request("file_id is not specified")
    kept = api.files.get(params["file_id"])
    if kept is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    return {**kept.description, "file_path": kept.path}


Method = Callable[["BotApi", JSON], Awaitable[Any]]
METHODS: dict[str, Method] = {
    "getMe": get_me,
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
    "sendMessage": send_message,
    "sendDocument": send_document,
    "sendPhoto": send_photo,
    "copyMessage": copy_message,
    "createForumTopic": create_forum_topic,
    "editForumTopic": edit_forum_topic,
    "closeForumTopic": close_forum_topic,
    "reopenForumTopic": reopen_forum_topic,
    "deleteForumTopic": delete_forum_topic,
    "sendChatAction": send_chat_action,
    "answerCallbackQuery": answer_callback_query,
    "editMessageText": edit_message_text,
    "editMessageCaption": edit_message_caption,
    "editMessageReplyMarkup": edit_message_reply_markup,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
    "setMyCommands": set_my_commands,
    "setMyDescription": _profile_setter("description", 512),
    "setMyShortDescription": _profile_setter("short_description", 120),
    "setMyName": _profile_setter("name", 64),
    "getFile": get_file,
}
