"""An adviser changes what they sent, or takes it back: on the young person's screen; the team keeps the former text."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.domain.outbox import OutboxKind, OutboxState
from bot.domain.people import Channel
from bot.errors import AnswerTooLong, NothingToDo, NothingWritten, NotYourMessage, TooLateToTakeBack
from bot.services import delivery, handoffs, rewriting, thread
from bot.services.ports import SendFailed, SendRefused
from bot.storage.database import Database
from bot.storage.tables import Conversation, Message, OutboxRow
from tests.factories import NOW, adviser, handoff, young_person
from tests.fakes.clock import FakeClock
from tests.fakes.messenger import FakeMessenger

LATER = NOW + timedelta(minutes=1)


async def _sandra_wrote(database: Database, messenger: FakeMessenger | None) -> int:
    """The number of what Sandra wrote, delivered if there is a messenger."""
    async with database.unit_of_work() as session:
        young = await young_person(session)
        held = await handoff(session, young, taken_by="sandra")
        row = await handoffs.answer(session, held, await adviser(session, "sandra"), "À 14 h au bureau", NOW)
        assert row is not None
        number: int = row.payload["message"]
    if messenger is not None:
        await _deliver(database, messenger)
    return number


async def _deliver(database: Database, messenger: FakeMessenger) -> None:
    while await delivery.deliver(database, {Channel.TELEGRAM: messenger}, FakeClock(LATER), timedelta(seconds=15)):
        pass


async def _edit(database: Database, number: int, text: str, by: str = "sandra") -> None:
    async with database.unit_of_work() as session:
        message = await session.get_one(Message, number)
        await rewriting.edit(session, message, await adviser(session, by), text, LATER)


async def _take_back(database: Database, number: int, by: str = "sandra", after: timedelta = timedelta(0)) -> None:
    async with database.unit_of_work() as session:
        message = await session.get_one(Message, number)
        await rewriting.take_back(session, message, await adviser(session, by), NOW + after)


async def _line(database: Database, number: int) -> thread.Line:
    async with database.read_only() as session:
        message = await session.get_one(Message, number)
        conversation = await session.get_one(Conversation, message.conversation_id)
        return next(line for line in (await thread.read(session, conversation)).lines if line.id == f"m-{number}")


async def test_a_change_reaches_the_message_it_is_for(database: Database) -> None:
    messenger = FakeMessenger()
    number = await _sandra_wrote(database, messenger)
    reference = str(len(messenger.sent))
    await _edit(database, number, "À 15 h au bureau")
    await _edit(database, number, "À 16 h au bureau")
    await _deliver(database, messenger)
    changes = [parcel.payload for parcel in messenger.sent if parcel.payload["kind"] == OutboxKind.EDIT]
    assert [(one["text"], one["references"]) for one in changes] == [
        ("Sandra, Mission Locale : À 15 h au bureau", [int(reference)]),
        ("Sandra, Mission Locale : À 16 h au bureau", [int(reference)]),
    ]
    line = await _line(database, number)
    assert line.text == "Sandra, Mission Locale : À 16 h au bureau"
    assert line.before == "Sandra, Mission Locale : À 14 h au bureau"
    assert (line.edited, line.rewritten, line.unsigned) == (True, OutboxState.SENT, "À 16 h au bureau")


async def test_what_has_not_left_yet_leaves_as_it_was_changed(database: Database) -> None:
    messenger = FakeMessenger()
    number = await _sandra_wrote(database, None)
    await _edit(database, number, "À 15 h au bureau")
    await _deliver(database, messenger)
    assert messenger.sent[-1].payload["text"] == "Sandra, Mission Locale : À 15 h au bureau"
    assert not [parcel for parcel in messenger.sent if parcel.payload["kind"] == OutboxKind.EDIT]


async def test_a_message_changed_while_it_leaves_is_changed_after_it(database: Database) -> None:
    number = await _sandra_wrote(database, FakeMessenger(*(SendFailed("away") for _ in range(1))))
    async with database.unit_of_work() as session:
        rows = await session.scalars(select(OutboxRow).order_by(OutboxRow.id))
        for row in rows:
            row.state, row.not_before = OutboxState.WAITING, NOW
        last = (await session.scalars(select(OutboxRow).order_by(OutboxRow.id.desc()).limit(1))).one()
        last.state, last.lease_until = OutboxState.SENDING, NOW
    await _edit(database, number, "À 15 h au bureau")
    messenger = FakeMessenger()
    await _deliver(database, messenger)
    kinds = [parcel.payload["kind"] for parcel in messenger.sent]
    assert kinds[-2:] == [OutboxKind.ADVISER, OutboxKind.EDIT]
    assert messenger.sent[-1].payload["references"] == [len(messenger.sent) - 1]


async def test_taken_back_it_leaves_the_phone_and_stays_in_the_thread(database: Database) -> None:
    messenger = FakeMessenger()
    number = await _sandra_wrote(database, messenger)
    reference = len(messenger.sent)
    await _take_back(database, number)
    await _deliver(database, messenger)
    assert messenger.sent[-1].payload["kind"] == OutboxKind.DELETE
    assert messenger.sent[-1].payload["references"] == [reference]
    line = await _line(database, number)
    assert line.text == "Sandra, Mission Locale : À 14 h au bureau"
    assert line.withdrawn_at == NOW


async def test_taken_back_before_it_left_it_never_leaves(database: Database) -> None:
    messenger = FakeMessenger()
    number = await _sandra_wrote(database, None)
    await _take_back(database, number)
    await _deliver(database, messenger)
    assert not [parcel for parcel in messenger.sent if "14 h" in str(parcel.payload.get("text"))]


async def test_after_two_days_it_is_refused(database: Database) -> None:
    number = await _sandra_wrote(database, FakeMessenger())
    with pytest.raises(TooLateToTakeBack):
        await _take_back(database, number, after=timedelta(hours=48, seconds=1))
    await _take_back(database, number, after=timedelta(hours=48))


async def test_nobody_changes_what_another_wrote(database: Database) -> None:
    number = await _sandra_wrote(database, FakeMessenger())
    with pytest.raises(NotYourMessage):
        await _edit(database, number, "Autre chose", by="nadia")
    with pytest.raises(NotYourMessage):
        await _take_back(database, number, by="claire")
    async with database.read_only() as session:
        bots = (await session.scalars(select(Message.id).where(Message.adviser_id.is_(None)))).first()
    assert bots is not None
    with pytest.raises(NotYourMessage):
        await _edit(database, bots, "Autre chose")


async def test_what_never_reached_anyone_is_not_changed(database: Database) -> None:
    number = await _sandra_wrote(database, FakeMessenger(*(SendRefused("no") for _ in range(5))))
    with pytest.raises(NothingToDo):
        await _edit(database, number, "Autre chose")


async def test_what_was_taken_back_is_over(database: Database) -> None:
    number = await _sandra_wrote(database, FakeMessenger())
    await _take_back(database, number)
    with pytest.raises(NothingToDo):
        await _edit(database, number, "Autre chose")
    with pytest.raises(NothingToDo):
        await _take_back(database, number)


async def test_a_change_is_written_as_an_answer_is(database: Database) -> None:
    number = await _sandra_wrote(database, FakeMessenger())
    with pytest.raises(NothingWritten):
        await _edit(database, number, " \n ")
    with pytest.raises(AnswerTooLong):
        await _edit(database, number, "x" * 4001)
    await _edit(database, number, "À 14 h au bureau")  # the same: nothing to say
    assert not (await _line(database, number)).edited


async def test_a_change_that_could_not_be_made_is_told(database: Database) -> None:
    number = await _sandra_wrote(database, FakeMessenger())
    await _edit(database, number, "À 15 h au bureau")
    await _deliver(database, FakeMessenger(SendRefused("message to edit not found")))
    assert (await _line(database, number)).rewritten is OutboxState.FAILED
