"""Files to and from Telegram, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import delete, select
from telegram import Bot

from bot.channels.telegram.files import TelegramFiles
from bot.channels.telegram.messenger import TelegramMessenger, make_bot
from bot.domain.files import MEGABYTE
from bot.domain.outbox import OutboxState
from bot.domain.people import Channel
from bot.errors import FileTooBig
from bot.services import delivery, files, rewriting
from bot.services.ports import FetchFailed, FetchRefused
from bot.storage.database import Database
from bot.storage.tables import Message, OutboxRow, SealedContent, StoredFile
from bot.storage.vault import Vault
from tests.factories import NOW, adviser, handoff, young_person
from tests.fakes.bot_api import BotApi, Fault, User
from tests.fakes.clock import FakeClock
from tests.fakes.files import MAKER, PDF, VOICE, photo

VAULT = Vault("a long secret of the tests", MEGABYTE)


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi() as opened:
        yield opened


@pytest.fixture
async def bot(api: BotApi) -> AsyncIterator[Bot]:
    made = make_bot(api.token, api.url)
    await made.request.initialize()
    yield made
    await made.request.shutdown()


async def _held_by_sandra(database: Database, lea: User, content: bytes, text: str) -> None:
    """Sandra has Léa's conversation, and sends her a file."""
    cleaned = await files.sendable(VAULT, content)
    async with database.unit_of_work() as session:
        young = await young_person(session)
        young.identity.address = str(lea.chat_id)
        held = await handoff(session, young, taken_by="sandra")
        await files.send(session, VAULT, held, await adviser(session, "sandra"), cleaned, text, NOW)


async def _deliver(database: Database, bot: Bot) -> OutboxRow:
    messengers = {Channel.TELEGRAM: TelegramMessenger(bot, database, VAULT, "http://localhost/console")}
    while await delivery.deliver(database, messengers, FakeClock(NOW), timedelta(seconds=15)):
        pass
    async with database.read_only() as session:
        return (await session.scalars(select(OutboxRow).order_by(OutboxRow.id.desc()).limit(1))).one()


async def test_a_photo_arrives_as_a_photo_and_says_nothing_of_who_took_it(
    database: Database, api: BotApi, bot: Bot
) -> None:
    lea = api.user("Léa")
    await _held_by_sandra(database, lea, photo(), "Le plan")
    await _deliver(database, bot)
    received = await lea.waits_for("Sandra, Mission Locale : Le plan")
    assert received.document is not None
    assert received.document.name.startswith("photo-")
    assert MAKER.encode() not in received.document.content
    with Image.open(BytesIO(received.document.content)) as picture:
        assert not picture.getexif()


async def test_a_document_arrives_whole_under_a_name_of_ours(database: Database, api: BotApi, bot: Bot) -> None:
    lea = api.user("Léa")
    await _held_by_sandra(database, lea, PDF, "")
    row = await _deliver(database, bot)
    received = await lea.waits_for("Sandra, Mission Locale : Document PDF")
    assert received.document is not None
    assert received.document.content == PDF
    assert (row.state, row.reference) == (OutboxState.SENT, str(received.message_id))


async def test_a_file_erased_before_it_left_is_not_sent(database: Database, api: BotApi, bot: Bot) -> None:
    lea = api.user("Léa")
    await _held_by_sandra(database, lea, PDF, "")
    async with database.unit_of_work() as session:
        await session.execute(delete(SealedContent))
        await session.execute(delete(StoredFile))
    assert (await _deliver(database, bot)).state is OutboxState.FAILED
    assert not [message for message in lea.received if message.document]


async def test_what_a_message_brought_is_fetched(api: BotApi, bot: Bot) -> None:
    lea = api.user("Léa")
    sent = await lea.sends_voice(content=VOICE)
    fetched = await TelegramFiles(bot).fetch(sent.content["voice"]["file_id"], MEGABYTE)
    assert fetched == VOICE


async def test_a_file_too_large_is_not_downloaded(api: BotApi, bot: Bot) -> None:
    sent = await api.user("Léa").sends_document("film.pdf", PDF + b" " * 5000)
    with pytest.raises(FileTooBig):
        await TelegramFiles(bot).fetch(sent.content["document"]["file_id"], 4096)
    api.script("getFile", Fault(status=400, description="Bad Request: file is too big"))
    with pytest.raises(FileTooBig):
        await TelegramFiles(bot).fetch(sent.content["document"]["file_id"], MEGABYTE)


async def test_a_file_that_is_gone_and_one_that_is_late(api: BotApi, bot: Bot) -> None:
    sent = await api.user("Léa").sends_document("cv.pdf")
    with pytest.raises(FetchRefused):
        await TelegramFiles(bot).fetch("unknown", MEGABYTE)
    api.script("getFile", Fault(status=502))
    with pytest.raises(FetchFailed):
        await TelegramFiles(bot).fetch(sent.content["document"]["file_id"], MEGABYTE)


async def test_a_message_is_changed_then_taken_back(database: Database, api: BotApi, bot: Bot) -> None:
    lea = api.user("Léa")
    await _held_by_sandra(database, lea, PDF, "À 14 h")
    await _deliver(database, bot)
    received = await lea.waits_for("À 14 h")
    async with database.unit_of_work() as session:
        message = (await session.scalars(select(Message).where(Message.adviser_id.is_not(None)))).one()
        await rewriting.edit(session, message, await adviser(session, "sandra"), "À 15 h", NOW)
    assert (await _deliver(database, bot)).state is OutboxState.SENT
    assert received.text == "Sandra, Mission Locale : À 15 h"
    async with database.unit_of_work() as session:
        message = await session.get_one(Message, message.id)
        await rewriting.take_back(session, message, await adviser(session, "sandra"), NOW)
    await _deliver(database, bot)
    assert received.deleted
