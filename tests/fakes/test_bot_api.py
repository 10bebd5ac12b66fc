"""The fake is held to what python-telegram-bot, the bot's own library, makes of its answers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from aiohttp import web
from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)

from tests.fakes.bot_api import BotApi, Fault, Limits
from tests.fakes.bot_api.errors import ApiError
from tests.fakes.bot_api.limits import Throttle


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2027, 3, 12, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture(autouse=True)
def _durations_as_timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")  # the library warns of each duration otherwise


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def api(clock: Clock) -> AsyncIterator[BotApi]:
    async with BotApi(token="123:abc", clock=clock) as api:
        yield api


@pytest.fixture
async def bot(api: BotApi) -> AsyncIterator[Bot]:
    async with a_bot(api) as bot:
        yield bot


def a_bot(api: BotApi, token: str = "123:abc") -> Bot:
    return Bot(token, base_url=f"{api.url}/bot", base_file_url=f"{api.url}/file/bot")


async def raw(api: BotApi, method: str, **params: Any) -> dict[str, Any]:
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{api.url}/bot123:abc/{method}", json=params)
    body: dict[str, Any] = answer.json()
    assert answer.status_code == body.get("error_code", 200)
    return body


def keyboard(*buttons: tuple[str, str]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(title, callback_data=data)] for title, data in buttons])


# Who calls


async def test_the_bot_knows_itself(bot: Bot) -> None:
    assert (await bot.get_me()).id == 123


async def test_another_token_is_refused(api: BotApi) -> None:
    with pytest.raises(InvalidToken):
        await a_bot(api, "123:other").__aenter__()


async def test_an_unknown_method_is_not_found(api: BotApi) -> None:
    assert (await raw(api, "sendTelepathy"))["error_code"] == 404


async def test_bodies_may_be_json_form_or_query(api: BotApi) -> None:
    lea = api.user("Léa")
    address = f"{api.url}/bot123:abc/sendMessage"
    params = {"chat_id": str(lea.chat_id), "text": "Salut", "colour": "unknown to Telegram"}
    async with httpx.AsyncClient() as client:
        for sending in ({"json": params}, {"data": params}, {"params": params}):
            assert (await client.post(address, **sending)).json()["ok"]  # type: ignore[arg-type]
        broken = await client.post(address, content="{", headers={"content-type": "application/json"})
    assert broken.status_code == 400
    assert [message.text for message in lea.screen] == ["Salut"] * 3
    assert [call.status for call in api.calls] == [200, 200, 200]


# Reading updates


async def test_every_kind_of_message_is_read_by_the_library(api: BotApi, bot: Bot, clock: Clock) -> None:
    lea = api.user("Léa")
    await lea.start("affiche-gare")
    await lea.says("slt")
    await lea.sends_voice(seconds=4)
    await lea.sends_photo(caption="mon cv")
    await lea.sends_document("cv.pdf")
    await lea.sends_sticker()
    await lea.sends_location(49.11, 6.17)
    await lea.sends_contact("+33600000000")
    await lea.edits("last", "pardon")
    await lea.blocks()
    started, said, voice, photo, document, sticker, place, contact, edited, blocked = await bot.get_updates()

    assert started.message
    assert started.message.date == clock.at
    assert list(started.message.parse_entities(["bot_command"]).values()) == ["/start"]
    assert started.message.text == "/start affiche-gare"
    assert said.message
    assert said.message.from_user
    assert said.message.from_user.first_name == "Léa"
    assert said.message.chat_id == said.message.from_user.id == lea.chat_id
    assert voice.message
    assert voice.message.voice
    assert voice.message.voice.duration == timedelta(seconds=4)
    assert photo.message
    assert photo.message.photo
    assert photo.message.caption == "mon cv"
    assert document.message
    assert document.message.document
    assert document.message.document.file_name == "cv.pdf"
    assert sticker.message
    assert sticker.message.sticker
    assert place.message
    assert place.message.location
    assert place.message.location.longitude == 6.17
    assert contact.message
    assert contact.message.contact
    assert edited.edited_message
    assert edited.edited_message.text == "pardon"
    assert edited.edited_message.message_id == contact.message.message_id
    assert blocked.my_chat_member
    assert blocked.my_chat_member.new_chat_member.status == "kicked"


async def test_a_command_after_an_emoji_is_placed_in_utf16(api: BotApi, bot: Bot) -> None:
    await api.user().says("🚲 /aide")
    [update] = await bot.get_updates()
    assert update.message
    assert list(update.message.parse_entities().values()) == ["/aide"]


async def test_an_update_is_forgotten_only_when_a_later_offset_confirms_it(api: BotApi, bot: Bot) -> None:
    lea = api.user()
    for text in ("un", "deux", "trois"):
        await lea.says(text)
    first, second = await bot.get_updates(limit=2)
    assert second.update_id == first.update_id + 1
    assert [u.update_id for u in await bot.get_updates(limit=2)] == [first.update_id, second.update_id]
    assert api.pending_updates == 3
    [third] = await bot.get_updates(offset=second.update_id + 1)
    assert third.message
    assert third.message.text == "trois"
    assert api.pending_updates == 1
    assert await bot.get_updates(offset=third.update_id + 1) == ()
    assert api.pending_updates == 0


async def test_a_negative_offset_keeps_the_end_of_the_queue(api: BotApi, bot: Bot) -> None:
    lea = api.user()
    for text in ("un", "deux", "trois"):
        await lea.says(text)
    kept = await bot.get_updates(offset=-2)
    assert [update.message and update.message.text for update in kept] == ["deux", "trois"]
    assert api.pending_updates == 2


async def test_an_offset_far_ahead_confirms_nothing(api: BotApi, bot: Bot) -> None:
    await api.user().says("slt")
    [update] = await bot.get_updates()
    assert len(await bot.get_updates(offset=update.update_id + 1000)) == 1


async def test_an_update_is_kept_a_day(api: BotApi, bot: Bot, clock: Clock) -> None:
    await api.user().says("slt")
    clock.at += timedelta(hours=23)
    assert len(await bot.get_updates()) == 1
    clock.at += timedelta(hours=1)
    assert await bot.get_updates() == ()


async def test_a_long_poll_waits_for_an_update_or_its_end(api: BotApi, bot: Bot) -> None:
    waiting = asyncio.create_task(bot.get_updates(timeout=5))
    await api.until(lambda: api.calls[-1].method == "getUpdates")
    await api.user().says("slt")
    assert len(await asyncio.wait_for(waiting, 60)) == 1
    start = asyncio.get_running_loop().time()
    assert await bot.get_updates(offset=700_000_002, timeout=1) == ()
    assert asyncio.get_running_loop().time() - start > 0.9


async def test_a_second_poller_ends_the_first(api: BotApi, bot: Bot) -> None:
    older = asyncio.create_task(bot.get_updates(timeout=5))
    await api.until(lambda: api.calls[-1].method == "getUpdates")
    newer = asyncio.create_task(raw(api, "getUpdates", timeout=5))
    with pytest.raises(Conflict, match="terminated by other getUpdates request"):
        await older
    await api.user().says("slt")
    assert len((await newer)["result"]) == 1


async def test_unwanted_kinds_are_not_queued(api: BotApi, bot: Bot) -> None:
    lea = api.user()
    await bot.get_updates(allowed_updates=["message"])
    await lea.says("slt")
    await lea.edits("last", "salut")
    assert api.pending_updates == 1
    await bot.get_updates(allowed_updates=[])
    await lea.edits("last", "bonjour")
    assert api.pending_updates == 2


async def test_a_malformed_update_stands_between_two_good_ones(api: BotApi) -> None:
    lea = api.user()
    await lea.says("avant")
    broken = api.push_raw({"message": {"date": "hier"}})
    await lea.says("après")
    updates = (await raw(api, "getUpdates"))["result"]
    assert updates[1] == {"update_id": broken, "message": {"date": "hier"}}
    assert [update["update_id"] for update in updates] == [broken - 1, broken, broken + 1]


async def test_updates_can_come_out_of_order_and_none_is_lost(api: BotApi, bot: Bot) -> None:
    lea = api.user()
    await lea.says("zéro")
    api.shuffle_next(3)
    for text in ("un", "deux", "trois"):
        await lea.says(text)
    assert [u.message and u.message.text for u in await bot.get_updates()] == ["zéro", "trois", "deux", "un"]
    batch = await bot.get_updates(limit=2)
    assert [u.message and u.message.text for u in batch] == ["zéro", "un"]
    rest = await bot.get_updates(offset=max(u.update_id for u in batch) + 1)
    assert [u.message and u.message.text for u in rest] == ["trois", "deux"]


async def test_a_voice_message_is_downloaded(api: BotApi, bot: Bot) -> None:
    await api.user().sends_voice(content=b"OggS allo")
    [update] = await bot.get_updates()
    assert update.message
    assert update.message.voice
    file = await bot.get_file(update.message.voice.file_id)
    assert bytes(await file.download_as_bytearray()) == b"OggS allo"
    with pytest.raises(BadRequest):
        await bot.get_file("file-999")


# Webhook


class Site:
    """The bot's own side of a webhook: refuses the first `failures` posts."""

    def __init__(self) -> None:
        self.failures = 0
        self.posts: list[tuple[str | None, int]] = []

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.posts.append((request.headers.get("X-Telegram-Bot-Api-Secret-Token"), body["update_id"]))
        self.failures -= 1
        return web.Response(status=503 if self.failures >= 0 else 200)


@pytest.fixture
async def site() -> AsyncIterator[tuple[Site, str]]:
    site = Site()
    app = web.Application()
    app.router.add_post("/telegram", site.receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield site, f"http://127.0.0.1:{runner.addresses[0][1]}/telegram"
    await runner.cleanup()


async def test_the_webhook_gets_each_update_in_order_until_it_says_ok(
    api: BotApi, bot: Bot, site: tuple[Site, str]
) -> None:
    receiver, url = site
    receiver.failures = 2
    lea = api.user()
    await lea.says("un")
    await lea.says("deux")
    await bot.set_webhook(url, secret_token="s3cret_", max_connections=4)
    await api.until(lambda: api.pending_updates == 0)
    first = receiver.posts[0][1]
    assert receiver.posts == [("s3cret_", first)] * 3 + [("s3cret_", first + 1)]
    assert [attempt.status for attempt in api.delivered] == [503, 503, 200, 200]
    waits = [after.at - before.at for before, after in zip(api.delivered, api.delivered[1:], strict=False)]
    assert waits[1] > waits[0] >= 0.05
    info = await bot.get_webhook_info()
    assert (info.url, info.max_connections, info.pending_update_count) == (url, 4, 0)
    assert info.last_error_message == "Wrong response from the webhook: 503 Service Unavailable"


async def test_nobody_home_leaves_updates_pending(api: BotApi, bot: Bot, unused_port: int) -> None:
    await bot.set_webhook(f"http://127.0.0.1:{unused_port}/telegram")
    await api.user().says("slt")
    await api.until(lambda: len(api.delivered) == 2)
    assert {attempt.status for attempt in api.delivered} == {None}
    assert (await bot.get_webhook_info()).pending_update_count == 1
    await bot.delete_webhook()
    assert len(await bot.get_updates()) == 1


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_polling_and_webhook_exclude_each_other(api: BotApi, bot: Bot, site: tuple[Site, str]) -> None:
    polling = asyncio.create_task(bot.get_updates(timeout=5))
    await asyncio.sleep(0.1)
    await bot.set_webhook(site[1])
    with pytest.raises(Conflict, match="terminated by setWebhook"):
        await polling
    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates()


async def test_pending_updates_can_be_dropped(api: BotApi, bot: Bot) -> None:
    await api.user().says("slt")
    await bot.delete_webhook(drop_pending_updates=True)
    assert api.pending_updates == 0


@pytest.mark.parametrize(
    ("url", "secret"),
    [("http://example.org", None), ("https://example.org", "é"), ("https://x.fr", "a" * 257)],
)
async def test_a_bad_webhook_is_refused(bot: Bot, url: str, secret: str | None) -> None:
    with pytest.raises(BadRequest):
        await bot.set_webhook(url, secret_token=secret)


# Sending


async def test_a_message_is_on_the_screen(api: BotApi, bot: Bot, clock: Clock) -> None:
    lea, noe = api.user("Léa"), api.user("Noé")
    link = InlineKeyboardButton("Voir le plan", url="https://example.org/plan")
    sent = await bot.send_message(lea.chat_id, " Salut Léa. ", reply_markup=keyboard(("Oui", "o:1")))
    await bot.send_message(noe.chat_id, "Salut Noé.", reply_markup=InlineKeyboardMarkup([[link]]))
    assert (sent.message_id, sent.date, sent.text) == (1, clock.at, "Salut Léa.")
    assert sent.reply_markup == keyboard(("Oui", "o:1"))
    assert [(m.text, m.buttons) for m in lea.screen] == [("Salut Léa.", [("Oui", "o:1")])]
    assert noe.screen[0].buttons == [("Voir le plan", "https://example.org/plan")]
    assert noe.screen[0].message_id == 1


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        ({"text": ""}, "message text is empty"),
        ({"text": " \n "}, "message text is empty"),
        ({}, "message text is empty"),
        ({"text": "é" * 4097}, "message is too long"),
        ({"text": "🚲" * 2049}, "message is too long"),
        ({"text": "a", "chat_id": 5}, "chat not found"),
        ({"text": "a", "chat_id": "@lea"}, "chat not found"),
        ({"text": "a", "chat_id": ""}, "chat_id is empty"),
        ({"text": "a", "parse_mode": "HTML"}, "unsupported parse_mode"),
        ({"text": "a", "reply_markup": "{"}, "can't parse reply markup JSON object"),
        ({"text": "a", "reply_markup": {"inline": []}}, "object expected as reply markup"),
    ],
)
async def test_a_message_is_refused(api: BotApi, params: dict[str, Any], refusal: str) -> None:
    lea = api.user()
    answer = await raw(api, "sendMessage", **{"chat_id": lea.chat_id, **params})
    assert answer["description"] == f"Bad Request: {refusal}"
    assert lea.received == []


async def test_4096_units_are_accepted(api: BotApi, bot: Bot) -> None:
    lea = api.user()
    await bot.send_message(lea.chat_id, "🚲" * 2048)
    assert len(lea.screen) == 1


@pytest.mark.parametrize(
    ("button", "refusal"),
    [
        ({"text": "Oui", "callback_data": ""}, "BUTTON_DATA_INVALID"),
        ({"text": "Oui", "callback_data": "é" * 33}, "BUTTON_DATA_INVALID"),
        ({"text": " ", "callback_data": "a"}, "BUTTON_TEXT_INVALID"),
        ({"callback_data": "a"}, 'Field "text" must be of type String'),
        ({"text": "Oui"}, "Text buttons are unallowed in the inline keyboard"),
        ({"text": "3114", "url": "tel:3114"}, "Wrong HTTP URL"),
    ],
)
async def test_a_bad_button_is_refused(api: BotApi, button: dict[str, str], refusal: str) -> None:
    markup = {"inline_keyboard": [[button]]}
    answer = await raw(api, "sendMessage", chat_id=api.user().chat_id, text="a", reply_markup=markup)
    assert refusal in answer["description"]


async def test_one_who_blocked_the_bot_gets_nothing_more(api: BotApi, bot: Bot) -> None:
    lea = api.user()
    await lea.blocks()
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(lea.chat_id, "Salut")
    with pytest.raises(Forbidden):
        await bot.send_chat_action(lea.chat_id, "typing")
    with pytest.raises(ValueError, match="blocked"):
        await lea.says("slt")
    await lea.unblocks()
    await bot.send_message(lea.chat_id, "Salut")
    assert len(lea.received) == 1


async def test_a_document_is_received_with_its_name_and_bytes(api: BotApi, bot: Bot) -> None:
    lea = api.user()
    sent = await bot.send_document(lea.chat_id, b"BEGIN:VCALENDAR", caption="Ton rendez-vous", filename="rdv.ics")
    [shown] = lea.screen
    assert shown.document
    assert (shown.text, shown.document.name, shown.document.content) == (
        "Ton rendez-vous",
        "rdv.ics",
        b"BEGIN:VCALENDAR",
    )
    assert sent.document
    file = await bot.get_file(sent.document.file_id)
    assert bytes(await file.download_as_bytearray()) == b"BEGIN:VCALENDAR"
    with pytest.raises(BadRequest, match="caption is too long"):
        await bot.send_document(lea.chat_id, b"x", caption="a" * 1025, filename="x.txt")
    with pytest.raises(BadRequest, match="non-empty"):
        await bot.send_document(lea.chat_id, b"", filename="x.txt")
    assert (await raw(api, "sendDocument", chat_id=lea.chat_id))["error_code"] == 400


async def test_typing_is_shown_and_other_actions_checked(api: BotApi, bot: Bot) -> None:
    assert await bot.send_chat_action(api.user().chat_id, "typing")
    with pytest.raises(BadRequest):
        await bot.send_chat_action(api.user().chat_id, "dancing")


# Buttons


async def test_a_press_is_answered_once_and_in_time(api: BotApi, bot: Bot, clock: Clock) -> None:
    lea = api.user()
    sent = await bot.send_message(lea.chat_id, "Tu viens ?", reply_markup=keyboard(("Oui", "o"), ("Non", "n")))
    await lea.presses("Non")
    [update] = await bot.get_updates()
    query = update.callback_query
    assert query
    assert query.message
    assert (query.data, query.message.message_id, query.from_user.id) == ("n", sent.message_id, lea.chat_id)
    assert await bot.answer_callback_query(query.id, "C'est noté")
    assert lea.notices == ["C'est noté"]
    too_old = await lea.presses("Oui")
    clock.at += timedelta(seconds=16)
    for query_id in (query.id, too_old, "12"):
        with pytest.raises(BadRequest, match="Query is too old"):
            await bot.answer_callback_query(query_id)


async def test_a_missing_button_cannot_be_pressed_but_an_old_client_can(api: BotApi, bot: Bot) -> None:
    lea = api.user()
    sent = await bot.send_message(lea.chat_id, "Tu viens ?", reply_markup=keyboard(("Oui", "o")))
    with pytest.raises(LookupError, match="Peut-être"):
        await lea.presses("Peut-être")
    await bot.delete_message(lea.chat_id, sent.message_id)
    with pytest.raises(LookupError):
        await lea.presses("Oui")
    await lea.presses(data="o", message=lea.received[0])
    [update] = await bot.get_updates()
    assert update.callback_query
    assert update.callback_query.message
    assert not update.callback_query.message.is_accessible


# Editing and deleting


async def test_a_message_is_edited(api: BotApi, bot: Bot) -> None:
    lea = api.user()
    sent = await bot.send_message(lea.chat_id, "Tu viens ?", reply_markup=keyboard(("Oui", "o")))
    await bot.edit_message_reply_markup(lea.chat_id, sent.message_id, reply_markup=keyboard(("Non", "n")))
    assert lea.screen[0].buttons == [("Non", "n")]
    await bot.edit_message_text("C'est noté.", lea.chat_id, sent.message_id)
    assert [(m.text, m.buttons) for m in lea.screen] == [("C'est noté.", [])]
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_text("C'est noté.", lea.chat_id, sent.message_id)
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_reply_markup(lea.chat_id, sent.message_id)
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("Autre", lea.chat_id, 99)
    hers = await lea.says("slt")
    with pytest.raises(BadRequest, match="can't be edited"):
        await bot.edit_message_text("Autre", lea.chat_id, hers.message_id)
    file = await bot.send_document(lea.chat_id, b"x", filename="x.txt")
    with pytest.raises(BadRequest, match="There is no text"):
        await bot.edit_message_text("Autre", lea.chat_id, file.message_id)


async def test_a_message_is_deleted_within_48_hours(api: BotApi, bot: Bot, clock: Clock) -> None:
    lea = api.user()
    old = await bot.send_message(lea.chat_id, "vieux")
    hers = await lea.says("mon prénom")
    clock.at += timedelta(hours=48)
    assert await bot.delete_message(lea.chat_id, hers.message_id)
    assert hers.deleted
    clock.at += timedelta(seconds=1)
    new = await bot.send_message(lea.chat_id, "neuf")
    with pytest.raises(BadRequest, match="Message can't be deleted"):
        await bot.delete_message(lea.chat_id, old.message_id)
    with pytest.raises(BadRequest, match="Message can't be deleted"):
        await bot.delete_messages(lea.chat_id, [old.message_id, new.message_id])
    assert [m.text for m in lea.screen] == ["vieux", "neuf"]
    assert await bot.delete_messages(lea.chat_id, [new.message_id, 99])
    assert [m.text for m in lea.screen] == ["vieux"]
    assert [m.text for m in lea.received] == ["vieux", "neuf"]
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(lea.chat_id, new.message_id)
    with pytest.raises(BadRequest, match="Too many"):
        await bot.delete_messages(lea.chat_id, list(range(1, 102)))


# The bot's card


async def test_the_bot_introduces_itself(api: BotApi, bot: Bot) -> None:
    await bot.set_my_name("Promeneurs")
    await bot.set_my_description("d" * 512, language_code="fr")
    await bot.set_my_short_description("d" * 120)
    await bot.set_my_commands([BotCommand("aide", "Ce que je sais faire")])
    assert api.profile == {
        "name": "Promeneurs",
        "description:fr": "d" * 512,
        "short_description": "d" * 120,
        "commands": [{"command": "aide", "description": "Ce que je sais faire"}],
    }
    for refused in (
        bot.set_my_name("n" * 65),
        bot.set_my_description("d" * 513),
        bot.set_my_short_description("d" * 121),
        bot.set_my_commands([BotCommand("Aidé", "Aide")]),
    ):
        with pytest.raises(BadRequest):
            await refused


# Limits


async def test_a_chat_takes_five_in_a_row_then_one_a_second(api: BotApi, bot: Bot) -> None:
    lea, noe = api.user("Léa"), api.user("Noé")
    for number in range(5):
        await bot.send_message(lea.chat_id, str(number))
    with pytest.raises(RetryAfter) as refusal:
        await bot.send_message(lea.chat_id, "5")
    assert refusal.value.retry_after == timedelta(seconds=1)
    await bot.send_message(noe.chat_id, "0")
    await asyncio.sleep(1.05)
    await bot.send_message(lea.chat_id, "5")
    assert [m.text for m in lea.screen] == list("012345")


@pytest.mark.parametrize(
    ("chats", "pace", "accepted"),
    [
        (list(range(1, 100)), 0.0, 30),  # overall, at once
        ([-5] * 60, 2.0, 59),  # a group over two minutes: 20 at first, 20 more a minute
        ([5] * 60, 0.5, 34),  # a chat in 29.5 s: 5 at first, one more a second
    ],
)
def test_limits_over_time(chats: list[int], pace: float, accepted: int) -> None:
    now = 0.0
    throttle = Throttle(Limits(), monotonic=lambda: now)
    refused = []
    for chat in chats:
        try:
            throttle.take(chat)
        except ApiError as refusal:
            refused.append(refusal.retry_after)
        now += pace
    assert len(chats) - len(refused) == accepted
    assert all(refused)


async def test_limits_can_be_lifted(clock: Clock) -> None:
    async with BotApi(limits=None) as api, a_bot(api) as bot:
        lea = api.user()
        for number in range(40):
            await bot.send_message(lea.chat_id, str(number))
        assert len(lea.screen) == 40


# Scripted faults and hooks


@pytest.mark.parametrize(
    ("fault", "error", "received"),
    [
        (Fault(status=429, retry_after=7), RetryAfter, 0),
        (Fault(status=500), NetworkError, 0),
        (Fault(status=502), NetworkError, 0),
        (Fault(status=403), Forbidden, 0),
        (Fault(status=400, description="Bad Request: odd"), BadRequest, 0),
        (Fault(cut="before"), NetworkError, 0),
        (Fault(cut="after"), NetworkError, 1),
    ],
)
async def test_a_scripted_fault_strikes_then_all_is_well(
    api: BotApi, bot: Bot, fault: Fault, error: type[Exception], received: int
) -> None:
    lea = api.user()
    api.script("sendMessage", fault, times=2)
    for attempt in (1, 2):
        with pytest.raises(error):
            await bot.send_message(lea.chat_id, "Salut")
        assert len(lea.received) == received * attempt
    assert api.calls[-1].status == fault.status
    await bot.send_message(lea.chat_id, "Salut")
    assert len(lea.received) == received * 2 + 1


async def test_a_late_answer_times_out_and_takes_effect_all_the_same(api: BotApi, bot: Bot) -> None:
    lea = api.user()
    api.script("*", Fault(delay=0.4))
    with pytest.raises(TimedOut):
        await bot.send_message(lea.chat_id, "Salut", read_timeout=0.1)
    assert lea.received == []
    await lea.waits_for("Salut")


async def test_hooks_stand_before_and_after_the_effect(api: BotApi, bot: Bot) -> None:
    lea = api.user()
    seen: list[tuple[str, str, int]] = []

    async def before(method: str, params: dict[str, Any]) -> None:
        seen.append(("before", method, len(lea.received)))

    async def after(method: str, params: dict[str, Any]) -> None:
        seen.append(("after", params["text"], len(lea.received)))

    api.on_call, api.after_call = before, after
    await bot.send_message(lea.chat_id, "Salut")
    assert seen == [("before", "sendMessage", 0), ("after", "Salut", 1)]


async def test_a_hook_that_fails_fails_the_test() -> None:
    async def before(method: str, params: dict[str, Any]) -> None:
        raise AssertionError("not now")

    async def call() -> None:
        async with BotApi() as api:
            api.on_call = before
            assert (await raw(api, "getMe"))["error_code"] == 500

    with pytest.raises(AssertionError, match="not now"):
        await call()


# What a test waits for


async def test_waiting_for_a_message(api: BotApi, bot: Bot) -> None:
    lea = api.user()

    async def answer() -> None:
        await asyncio.sleep(0.05)
        await bot.send_message(lea.chat_id, "Salut")
        await bot.send_message(lea.chat_id, "Tu viens mardi ?", reply_markup=keyboard(("Oui", "o")))

    answering = asyncio.create_task(answer())
    assert (await lea.waits_for("mardi")).buttons == [("Oui", "o")]
    assert (await lea.waits_for(1)).text == "Salut"
    assert (await lea.waits_for(lambda message: bool(message.buttons))).message_id == 2
    await answering
    with pytest.raises(AssertionError, match=r"jeudi.*Tu viens mardi"):
        await lea.waits_for("jeudi", timeout=0.05)


async def test_a_group_is_a_chat_people_and_bot_write_in(api: BotApi, bot: Bot) -> None:
    team, nadia = api.group("Équipe"), api.user("Nadia")
    await nadia.says("bonjour", chat=team)
    await bot.send_message(team.chat_id, "Une demande attend.")
    [update] = await bot.get_updates()
    assert isinstance(update, Update)
    assert update.effective_chat
    assert update.effective_chat.id == team.chat_id < 0
    assert [m.text for m in team.screen] == ["Une demande attend."]
    assert nadia.screen == []
