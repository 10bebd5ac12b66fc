"""A structure's group on a Telegram played over HTTP, with our intake, turns, bridge and messenger in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import func, select, update

from bot.assistant import away
from bot.channels.telegram import intake
from bot.channels.telegram.messenger import TelegramMessenger, make_bot
from bot.domain.conversations import Say
from bot.domain.handoffs import HandoffReason
from bot.domain.outbox import OutboxState
from bot.domain.people import Channel
from bot.domain.topics import Trouble
from bot.services import delivery, handoffs, linking, notes, people, rewriting, thread, turns
from bot.services.bridge import Bridge
from bot.services.thread import Line
from bot.storage.database import Database
from bot.storage.tables import Adviser, Conversation, Message, OutboxRow, TopicGroup
from bot.storage.vault import Vault
from tests.factories import NOW, adviser
from tests.fakes.assistant import FakeAssistant
from tests.fakes.bot_api import ApiError, BotApi, Limits, User
from tests.fakes.bot_api.chats import Chat, Topic
from tests.fakes.clock import FakeClock
from tests.fakes.encoder import FakeEncoder

TOKEN = "123456:test-token-of-nobody"
CONSOLE = "https://desk.test/console"
LEASE = timedelta(seconds=15)
PACE = turns.Pace(timedelta(seconds=0.3), LEASE)


class World:
    """The demo's Mission Locale with its group; Sandra and Claire have linked their Telegram."""

    def __init__(self, database: Database, api: BotApi, clock: FakeClock, messenger: TelegramMessenger) -> None:
        self.database = database
        self.api = api
        self.clock = clock
        self.messenger = messenger
        self.bridge = Bridge(database, clock, on_queued=lambda: None)
        self.claire, self.sandra = api.user("Claire"), api.user("Sandra")
        self.team: Chat = api.group("Équipe", forum=True)
        self.killed = False
        self._offset = 0
        self._sending: asyncio.Task[None] | None = None

    async def link(self, user: User, slug: str) -> None:
        async with self.database.unit_of_work() as session:
            code = await linking.offer_account(session, await adviser(session, slug), self.clock.now())
        await user.start(code)
        await self.settle()

    async def turn_on(self, user: User, slug: str = "claire", chat: Chat | None = None) -> None:
        async with self.database.unit_of_work() as session:
            code = await linking.offer_group(session, await adviser(session, slug), self.clock.now())
        await user.says(f"/start@promeneurs_bot {code}", chat=chat or self.team)
        await self.settle()

    async def meets(self, user: User, *, structure: str = "ml-demo") -> int:
        """Someone who has been greeted; the number of their conversation."""
        async with self.database.unit_of_work() as session:
            young = await people.meet(session, Channel.TELEGRAM, str(user.chat_id), self.clock.now())
            young.greeted_at, young.structure_id = self.clock.now(), structure
            return young.id

    async def asks(self, number: int, reason: HandoffReason = HandoffReason.ASKED) -> None:
        async with self.database.unit_of_work() as session:
            conversation = await session.get_one(Conversation, number)
            await handoffs.ask(session, conversation, reason, self.clock.now())
        await self.settle()

    async def queue_ask(self, number: int) -> None:
        """A human is asked for, and nothing is sent yet."""
        async with self.database.unit_of_work() as session:
            conversation = await session.get_one(Conversation, number)
            await handoffs.ask(session, conversation, HandoffReason.ASKED, self.clock.now())

    async def answers_in_console(self, number: int, slug: str, text: str) -> None:
        async with self.database.unit_of_work() as session:
            handoff = await handoffs.open_handoff(session, await session.get_one(Conversation, number))
            assert handoff is not None
            await handoffs.answer(session, handoff, await adviser(session, slug), text, self.clock.now())

    async def rewrites_in_console(self, number: int, slug: str, text: str | None) -> None:
        """Their last message says something else, or leaves."""
        async with self.database.unit_of_work() as session:
            who = await adviser(session, slug)
            last = await session.scalar(
                select(Message)
                .where(Message.conversation_id == number, Message.adviser_id == who.id)
                .order_by(Message.id.desc())
                .limit(1)
            )
            assert last is not None
            if text is None:
                await rewriting.take_back(session, last, who, self.clock.now())
            else:
                await rewriting.edit(session, last, who, text, self.clock.now())
        await self.settle()

    async def gives_back_in_console(self, number: int, slug: str) -> None:
        async with self.database.unit_of_work() as session:
            handoff = await handoffs.open_handoff(session, await session.get_one(Conversation, number))
            assert handoff is not None
            await handoffs.give_back(session, handoff, await adviser(session, slug), self.clock.now())

    async def changes(self, slug: str, **values: object) -> None:
        async with self.database.unit_of_work() as session:
            await session.execute(update(Adviser).where(Adviser.slug == slug).values(**values))

    async def names(self, number: int, nickname: str) -> None:
        async with self.database.unit_of_work() as session:
            sandra = await adviser(session, "sandra")
            await notes.name(session, await session.get_one(Conversation, number), sandra, nickname)
        await self.settle()

    async def moves(self, number: int, structure: str) -> None:
        async with self.database.unit_of_work() as session:
            (await session.get_one(Conversation, number)).structure_id = structure

    async def turn_off(self) -> None:
        async with self.database.unit_of_work() as session:
            await linking.unlink_group(session, "ml-demo", self.clock.now())
        await self.settle()

    async def trouble(self) -> Trouble | None:
        async with self.database.read_only() as session:
            return await session.scalar(select(TopicGroup.trouble))

    async def thread(self, number: int) -> tuple[Line, ...]:
        async with self.database.read_only() as session:
            return (await thread.read(session, await session.get_one(Conversation, number))).lines

    def kill_at(self, method: str, cut: Literal["before", "after"]) -> None:
        """The process dies at the next call of `method` to the group, before or after its effect."""

        async def die(called: str, params: dict[str, Any]) -> None:
            if called == method and params["chat_id"] == self.team.chat_id and self._sending and not self.killed:
                self.killed = True
                self._sending.cancel()
                await asyncio.sleep(0.05)
                if cut == "before":
                    raise ApiError(503, "the process is dead")

        if cut == "before":
            self.api.on_call = die
        else:
            self.api.after_call = die

    def topic(self, number: int) -> Topic:
        return [one for one in self.team.topics.values() if one.name.endswith(f"Conversation {number}")][-1]

    async def writes(self, user: User, text: str, number: int) -> None:
        """Someone writes in the topic of a conversation."""
        await user.says(text, chat=self.team, thread=self.topic(number).thread_id)
        await self.settle()

    async def come_in(self) -> bool:
        """What Telegram has for us is stored, and its turn comes; whether there was anything."""
        updates = await self.api.queue.poll(self._offset, 100, 0)
        if updates:
            await intake.store(self.database, updates, self.clock)
            self._offset = max(int(update["update_id"]) for update in updates) + 1
        self.clock.advance(seconds=2)
        while await turns.take_turn(
            self.database, FakeAssistant(Say("utter_later_ok")), away.answer, FakeEncoder(), self.clock, PACE
        ):
            pass
        return bool(updates)

    async def go_out(self, *, look: bool = True) -> None:
        """Send what is due; `look` when something may have changed."""
        if look:
            await self.bridge.look()
        self._sending = asyncio.create_task(self._deliver())
        try:
            await self._sending
        except asyncio.CancelledError:
            if not self.killed:
                raise
            self.clock.advance(seconds=LEASE.total_seconds() + 1)

    async def _deliver(self) -> None:
        while await delivery.deliver(self.database, {Channel.TELEGRAM: self.messenger}, self.clock, LEASE):
            pass

    async def settle(self, minutes: float = 20) -> None:
        """Until nothing waits: in, out, and time goes by."""
        end = self.clock.now() + timedelta(minutes=minutes)
        look = True
        while self.clock.now() < end:
            came = await self.come_in()
            await self.go_out(look=look or came)
            quiet = not self.api.pending_updates and not await self._waiting()
            if quiet and look and not came:
                return
            look = quiet  # what left, or could not, may be shown
            self.clock.advance(seconds=2)
        raise AssertionError(f"{await self._waiting()} rows still wait")

    async def rows(self) -> list[OutboxRow]:
        async with self.database.read_only() as session:
            return list((await session.scalars(select(OutboxRow).order_by(OutboxRow.id))).all())

    async def count(self, table: type[Adviser | Conversation]) -> int:
        async with self.database.read_only() as session:
            return await session.scalar(select(func.count()).select_from(table)) or 0

    async def _waiting(self) -> int:
        states = (OutboxState.WAITING, OutboxState.SENDING)
        return len([row for row in await self.rows() if row.state in states])


@asynccontextmanager
async def open_world(database: Database, limits: Limits | None = None, now: datetime = NOW) -> AsyncIterator[World]:
    clock = FakeClock(now)
    async with BotApi(TOKEN, clock.now, limits=limits) as api:
        api.throttle.monotonic = lambda: clock.now().timestamp()
        bot = make_bot(TOKEN, api.url)
        await bot.request.initialize()
        try:
            vault = Vault("a long secret of the tests", 1)
            world = World(database, api, clock, TelegramMessenger(bot, database, vault, CONSOLE))
            await world.link(world.claire, "claire")
            await world.link(world.sandra, "sandra")
            await world.turn_on(world.claire)
            yield world
        finally:
            await bot.request.shutdown()
