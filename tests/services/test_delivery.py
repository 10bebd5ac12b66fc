"""What goes out: in order, within the channel's limits, and tried again when it must be."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.domain.conversations import Bubble
from bot.domain.nudges import NudgeKind, NudgeState
from bot.domain.outbox import MAX_ATTEMPTS, OutboxKind, OutboxState, retry_delay
from bot.domain.people import Channel
from bot.domain.team import NoticeKind
from bot.services import delivery, nudges, outbox
from bot.services.ports import Blocked, SendFailed, SendLater, SendRefused
from bot.storage.database import Database
from bot.storage.tables import ChannelIdentity, Conversation, Message, Notice, Nudge, OutboxRow
from tests.factories import NOW, adviser, paris, young_person
from tests.fakes.clock import FakeClock
from tests.fakes.messenger import FakeMessenger

LEASE = timedelta(minutes=1)


async def _deliver_all(database: Database, messenger: FakeMessenger, clock: FakeClock) -> None:
    while await delivery.deliver(database, {Channel.TELEGRAM: messenger}, clock, LEASE):
        pass


async def _say(database: Database, *texts: str) -> Conversation:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await outbox.say(session, young, [Bubble(text) for text in texts], NOW)
        return young


async def _rows(database: Database) -> list[OutboxRow]:
    async with database.read_only() as session:
        return list((await session.scalars(select(OutboxRow).order_by(OutboxRow.id))).all())


async def _notices(database: Database) -> list[NoticeKind]:
    async with database.read_only() as session:
        return list((await session.scalars(select(Notice.kind))).all())


async def test_what_one_person_gets_arrives_in_order_with_several_who_deliver(database: Database) -> None:
    people = [await _say(database, "un", "deux", "trois") for _ in range(5)]
    messenger, clock = FakeMessenger(), FakeClock(NOW)
    await asyncio.gather(*(_deliver_all(database, messenger, clock) for _ in range(4)))
    clock.advance(seconds=1)
    await _deliver_all(database, messenger, clock)
    for young in people:
        assert messenger.texts_to(young.identity.address) == ["un", "deux", "trois"]


async def test_the_next_waits_for_the_one_that_failed_and_others_do_not(database: Database) -> None:
    first = await _say(database, "un", "deux")
    other = await _say(database, "bonjour")
    messenger, clock = FakeMessenger(SendFailed("network")), FakeClock(NOW)
    await _deliver_all(database, messenger, clock)
    assert messenger.texts_to(first.identity.address) == []
    assert messenger.texts_to(other.identity.address) == ["bonjour"]
    clock.advance(seconds=1)
    await _deliver_all(database, messenger, clock)
    assert messenger.texts_to(first.identity.address) == ["un", "deux"]


async def test_it_is_tried_again_later_and_later_then_given_up(database: Database) -> None:
    await _say(database, "bonjour")
    messenger = FakeMessenger(*(SendFailed("network") for _ in range(100)))
    clock = FakeClock(NOW)
    for attempt in range(1, MAX_ATTEMPTS):
        await _deliver_all(database, messenger, clock)
        assert messenger.tried == attempt
        clock.advance(seconds=retry_delay(attempt).total_seconds() - 0.001)
        await _deliver_all(database, messenger, clock)
        assert messenger.tried == attempt, "too soon"
        clock.advance(seconds=0.001)
    await _deliver_all(database, messenger, clock)
    clock.advance(days=1)
    await _deliver_all(database, messenger, clock)
    assert messenger.tried == MAX_ATTEMPTS
    assert [row.state for row in await _rows(database)] == [OutboxState.FAILED]


def test_the_delays_grow_up_to_five_minutes() -> None:
    delays = [retry_delay(attempt).total_seconds() for attempt in range(1, MAX_ATTEMPTS)]
    assert delays == sorted(delays)
    assert (delays[0], max(delays)) == (0.5, 300)


async def test_when_the_channel_asks_to_wait_it_gets_its_time(database: Database) -> None:
    young = await _say(database, "bonjour")
    messenger = FakeMessenger(*(SendLater(17) for _ in range(MAX_ATTEMPTS + 1)))
    clock = FakeClock(NOW)
    for tried in range(1, MAX_ATTEMPTS + 2):
        await _deliver_all(database, messenger, clock)
        assert messenger.tried == tried
        clock.advance(seconds=16.9)
        await _deliver_all(database, messenger, clock)
        assert messenger.tried == tried, "too soon"
        clock.advance(seconds=0.1)
    await _deliver_all(database, messenger, clock)
    assert messenger.texts_to(young.identity.address) == ["bonjour"]


async def test_who_blocked_the_bot_is_marked_and_the_team_is_told_once(database: Database) -> None:
    young = await _say(database, "un", "deux")
    messenger, clock = FakeMessenger(Blocked("blocked")), FakeClock(NOW)
    await _deliver_all(database, messenger, clock)

    async with database.read_only() as session:
        assert (await session.get_one(ChannelIdentity, young.identity_id)).unreachable_at == NOW
    assert set(await _notices(database)) == {NoticeKind.UNREACHABLE}
    assert messenger.tried == 1, "the rest is not tried"
    first, second = await _rows(database)
    assert (first.state, second.state) == (OutboxState.FAILED, OutboxState.DROPPED)


async def test_a_reminder_that_met_a_block_is_over(database: Database) -> None:
    async with database.unit_of_work() as session:
        await young_person(session, with_appointment="2027-03-12T10:00")
        await nudges.tick(session, paris("2027-03-11T17:00"))
    clock = FakeClock(paris("2027-03-11T17:00"))
    await _deliver_all(database, FakeMessenger(Blocked("blocked")), clock)
    async with database.read_only() as session:
        evening = (await session.scalars(select(Nudge).where(Nudge.kind == NudgeKind.EVENING))).one()
        assert evening.state is NudgeState.DROPPED


async def test_a_message_the_channel_refuses_fails_at_once_and_the_next_leaves(database: Database) -> None:
    young = await _say(database, "un", "deux")
    messenger = FakeMessenger(SendRefused("too long"))
    await _deliver_all(database, messenger, FakeClock(NOW))
    assert messenger.texts_to(young.identity.address) == ["deux"]
    assert [row.state for row in await _rows(database)] == [OutboxState.FAILED, OutboxState.SENT]


async def test_the_channels_reference_is_kept_with_the_message(database: Database) -> None:
    await _say(database, "bonjour")
    await _deliver_all(database, FakeMessenger(), FakeClock(NOW))
    async with database.read_only() as session:
        assert (await session.scalars(select(Message.reference))).all() == ["1"]


# ── Limits ───────────────────────────────────────────────────────────────────────────────────


async def _queue(database: Database, address: str, count: int, kind: OutboxKind = OutboxKind.REPLY) -> None:
    async with database.unit_of_work() as session:
        for number in range(count):
            await outbox.queue(session, Channel.TELEGRAM, address, kind, {"text": str(number)}, NOW)


@pytest.mark.parametrize(
    ("address", "at_once", "seconds_each"),
    [pytest.param("77", 4, 1, id="a chat"), pytest.param("-100123", 5, 4, id="a group")],
)
async def test_a_chat_gets_a_small_burst_then_its_pace(
    database: Database, address: str, at_once: int, seconds_each: int
) -> None:
    await _queue(database, address, at_once + 2)
    messenger, clock = FakeMessenger(), FakeClock(NOW)
    await _deliver_all(database, messenger, clock)
    assert len(messenger.sent) == at_once
    for _ in range(2):
        clock.advance(seconds=seconds_each - 0.1)
        await _deliver_all(database, messenger, clock)
        before = len(messenger.sent)
        clock.advance(seconds=0.1)
        await _deliver_all(database, messenger, clock)
        assert len(messenger.sent) == before + 1
    assert messenger.texts_to(address) == [str(number) for number in range(at_once + 2)]


async def test_thirty_a_second_in_all_with_several_who_deliver(database: Database) -> None:
    for number in range(65):
        await _queue(database, str(9000 + number), 1)
    messenger, clock = FakeMessenger(), FakeClock(NOW)
    for expected in (30, 60, 65):
        await asyncio.gather(*(_deliver_all(database, messenger, clock) for _ in range(4)))
        assert len(messenger.sent) == expected
        clock.advance(seconds=1)


async def test_a_chat_at_its_limit_does_not_use_up_what_others_may_send(database: Database) -> None:
    await _queue(database, "77", 40)
    for number in range(26):
        await _queue(database, str(9000 + number), 1)
    messenger = FakeMessenger()
    await _deliver_all(database, messenger, FakeClock(NOW))
    assert len(messenger.sent) == 4 + 26


async def test_a_buttons_receipt_never_waits(database: Database) -> None:
    await _queue(database, "77", 10, OutboxKind.PRESS)
    messenger = FakeMessenger()
    await _deliver_all(database, messenger, FakeClock(NOW))
    assert len(messenger.sent) == 10


async def test_an_adviser_who_blocked_the_bot_is_not_a_young_person(database: Database) -> None:
    async with database.unit_of_work() as session:
        await adviser(session, "sandra", telegram="42")
        await outbox.queue(session, Channel.TELEGRAM, "42", OutboxKind.NOTICE, {"text": "x"}, NOW)
    await _deliver_all(database, FakeMessenger(Blocked("blocked")), FakeClock(NOW))
    assert await _notices(database) == []
