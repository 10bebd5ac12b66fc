"""What the group is given of a thread, on both databases, with several processes at work."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import select

from bot.domain.conversations import Incoming, IncomingKind
from bot.domain.handoffs import HandoffState
from bot.domain.outbox import OutboxKind, OutboxState
from bot.domain.people import Channel
from bot.domain.safety import Level
from bot.domain.topics import MAX_NAME, pieces, topic_name, utf16
from bot.services import delivery, inbox
from bot.services.bridge import Bridge
from bot.services.ports import Parcel, TopicMade
from bot.storage.database import Database
from bot.storage.tables import InboxRow, OutboxRow, Topic, TopicGroup
from tests.factories import NOW, adviser, handoff, writes, young_person
from tests.fakes.clock import FakeClock

CHAT = "-1001"
LEASE = timedelta(seconds=15)


class Forum:
    """Makes a topic when a row comes for none, as Telegram's does; keeps what is said in each."""

    def __init__(self) -> None:
        self.made = 0
        self.said: dict[int, list[str]] = {}

    async def send(self, parcel: Parcel) -> str | None:
        await asyncio.sleep(0)
        if parcel.payload["kind"] != OutboxKind.TOPIC:
            return "1"
        if parcel.payload["thread"] is None:
            self.made += 1
            raise TopicMade(self.made)
        if parcel.payload["op"] == "say":
            self.said.setdefault(parcel.payload["thread"], []).extend(parcel.payload["text"].splitlines())
        return "1"


async def _group(database: Database) -> None:
    async with database.unit_of_work() as session:
        claire = await adviser(session, "claire")
        session.add(TopicGroup(structure_id=claire.structure_id, chat_id=CHAT, made_by=claire.id, made_at=NOW))


async def test_several_bridges_and_senders_give_each_line_once(database: Database) -> None:
    await _group(database)
    clock, forum = FakeClock(NOW), Forum()
    addresses = []
    async with database.unit_of_work() as session:
        for _ in range(3):
            young = await young_person(session)
            await handoff(session, young)
            addresses.append(young.identity.address)
    bridges = [Bridge(database, clock, on_queued=lambda: None) for _ in range(2)]

    async def write() -> None:
        for turn in range(4):
            for address in addresses:
                async with database.unit_of_work() as session:
                    await writes(session, address, f"{address} dit {turn}", now=clock.now())
            clock.advance(seconds=5)

    async def look(bridge: Bridge) -> None:
        for _ in range(4):
            await bridge.look()

    async def send() -> None:
        for _ in range(6):
            while await delivery.deliver(database, {Channel.TELEGRAM: forum}, clock, LEASE):
                pass
            await asyncio.sleep(0.01)

    await asyncio.gather(write(), *(look(bridge) for bridge in bridges), *(send() for _ in range(2)))
    await bridges[0].look()
    for _ in range(12):
        await send()
        clock.advance(seconds=8)
    assert forum.made == 3
    lines = [[line for line in said if " dit " in line] for said in forum.said.values()]
    expected = [[f"Jeune : {address} dit {turn}" for turn in range(4)] for address in addresses]
    assert sorted(lines) == sorted(expected)


async def test_words_that_look_like_danger_are_a_young_persons_only(database: Database) -> None:
    async with database.unit_of_work() as session:
        for channel, group in ((Channel.TEAM, "forum"), (Channel.TELEGRAM, "")):
            said = Incoming(IncomingKind.TEXT, "-1001/3", NOW, text="je vais me suicider ce soir", group=group)
            await inbox.store(session, channel, 1, said, NOW)
        rows = {row.channel: row.urgent for row in await session.scalars(select(InboxRow))}
    assert rows == {Channel.TEAM: False, Channel.TELEGRAM: True}


async def test_what_was_sent_leaves_no_words_in_the_outbox_and_no_level_in_the_group(database: Database) -> None:
    await _group(database)
    clock, forum = FakeClock(NOW), Forum()
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await writes(session, young.identity.address, "j'ai plus envie de vivre")
        await handoff(session, young)
    bridge = Bridge(database, clock, on_queued=lambda: None)
    await bridge.look()
    while await delivery.deliver(database, {Channel.TELEGRAM: forum}, clock, LEASE):
        pass
    async with database.read_only() as session:
        rows = (await session.scalars(select(OutboxRow).where(OutboxRow.kind == OutboxKind.TOPIC))).all()
        topic = (await session.scalars(select(Topic))).one()
    assert {row.state for row in rows} == {OutboxState.SENT}
    assert not any("vivre" in str(row.payload) for row in rows)
    said = "\n".join(line for lines in forum.said.values() for line in lines)
    assert "plus envie de vivre" in said
    assert not any(level.value in said + topic.name for level in Level)


def test_a_name_and_a_text_fit_as_telegram_counts() -> None:
    assert topic_name(HandoffState.TAKEN, "Conversation 41", "Karim") == "Pris par Karim · Conversation 41"
    assert topic_name(HandoffState.ASKED, "Conversation 41", None) == "En attente · Conversation 41"
    assert utf16(topic_name(HandoffState.ASKED, "🚲" * 200, None)) <= MAX_NAME
    text = "é🚲" * 3000
    cut = list(pieces(text, 100))
    assert "".join(cut) == text
    assert max(map(utf16, cut)) <= 100
