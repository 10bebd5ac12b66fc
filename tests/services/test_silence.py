"""While a human has the conversation the bot is silent, whatever happens in whatever order (law 2).

What may still come from it: the answer to a command or a button, the holder's return, said once, and the answer to a
danger that no human answers. Reminders and service messages are not the bot's talk, and are not drawn here.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.assistant import away
from bot.domain.conversations import IncomingKind, Say, Speaker
from bot.domain.handoffs import HELD_STATES, HandoffReason
from bot.domain.nudges import NudgeKind
from bot.domain.outbox import OutboxKind, OutboxState
from bot.domain.people import Channel
from bot.errors import Refusal
from bot.services import alerts, delivery, handoffs, nudges, queue, turns
from bot.services.ports import Parcel, Question
from bot.storage.database import Database
from bot.storage.tables import BookingDraft, Conversation, Handoff, InboxRow, Nudge, OutboxRow, Turn
from tests.factories import NOW, adviser, writes, young_person
from tests.fakes.assistant import FakeAssistant
from tests.fakes.clock import FakeClock
from tests.fakes.encoder import FakeEncoder

PACE = turns.Pace(timedelta(seconds=0), timedelta(seconds=30))
TALK = (OutboxKind.REPLY, OutboxKind.NUDGE)

slugs = st.sampled_from(("sandra", "nadia"))
by_humans = st.one_of(
    st.tuples(
        st.sampled_from(("takes", "takes over", "answers", "snoozes", "gives back", "closes", "hands on")), slugs
    ),
    st.tuples(st.just("waits"), st.sampled_from((1, 3, 6, 45, 480))),
    st.tuples(st.sampled_from(("a nudge is due", "is delivered")), st.none()),
)
messages = st.sampled_from(("jcherche un logement", "ok merci", "oui", "je vais me tuer ce soir", "mon père me frappe"))
steps = st.one_of(
    by_humans,
    # What happens while the assistant thinks.
    st.tuples(st.just("writes"), st.tuples(messages, st.lists(by_humans, max_size=2))),
    st.tuples(st.just("presses"), st.sampled_from(("human", "book", "menu"))),
)


class World:
    """One young person, two advisers, and what the bot may say."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock = database, FakeClock(NOW)
        self.seen = 0
        self.holding: int | None = None
        self.returns_said: dict[object, datetime] = {}

    async def begin(self) -> None:
        async with self.database.unit_of_work() as session:
            young = await young_person(session)
            young.greeted_at = NOW
            self.young, self.address = young.id, young.identity.address
            await handoffs.ask(session, young, HandoffReason.ASKED, NOW)

    async def do(self, what: str, value: object) -> None:
        now = self.clock.now()
        if what == "waits":
            self.clock.advance(minutes=float(str(value)))
            for tick in (queue.tick, alerts.tick, nudges.tick):
                async with self.database.unit_of_work() as session:
                    await tick(session, self.clock.now())
                await self.look()
        elif what == "is delivered":
            while await delivery.deliver(self.database, {Channel.TELEGRAM: self}, self.clock, timedelta(seconds=30)):
                pass
        elif what == "writes":
            text, meanwhile = value  # type: ignore[misc]
            async with self.database.unit_of_work() as session:
                await writes(session, self.address, text, now=now)
            await self.take_turn(meanwhile)
        elif what == "presses":
            async with self.database.unit_of_work() as session:
                await writes(session, self.address, kind=IncomingKind.BUTTON, argument=str(value), now=now)
            await self.take_turn([])
        else:
            try:
                async with self.database.unit_of_work() as session:
                    await self.human(session, what, str(value))
            except Refusal:
                pass
        await self.look()

    async def take_turn(self, meanwhile: list[tuple[str, object]]) -> None:
        async def happens(_: Question) -> None:
            for what, value in meanwhile:
                await self.do(what, value)

        assistant = FakeAssistant(Say("utter_need_housing"), meanwhile=happens)
        while await turns.take_turn(self.database, assistant, away.answer, FakeEncoder(), self.clock, PACE):
            pass

    async def human(self, session: AsyncSession, what: str, slug: str) -> None:
        now = self.clock.now()
        young = await session.get_one(Conversation, self.young)
        if what == "a nudge is due":
            draft = BookingDraft(
                conversation_id=young.id, wanted=[], excluded=[], offered=[], seen=[], opened_at=now, touched_at=now
            )
            if await session.scalar(select(BookingDraft.id).where(BookingDraft.conversation_id == young.id)) is None:
                session.add(draft)
                await session.flush()
                session.add(
                    Nudge(
                        conversation_id=young.id, kind=NudgeKind.UNFINISHED, about=draft.id, due_at=now,
                        too_late_at=now + timedelta(days=1),
                    )
                )  # fmt: skip
            return
        who = await adviser(session, slug)
        held = await handoffs.ask(session, young, HandoffReason.ASKED, now)
        if what == "takes":
            await handoffs.take(session, held, who, now)
        elif what == "takes over":
            await handoffs.take(session, held, who, now, from_colleague=True)
        elif what == "answers":
            await handoffs.answer(session, held, who, "Je te réponds.", now)
        elif what == "snoozes":
            await handoffs.snooze(session, held, who, now + timedelta(minutes=30), now)
        elif what == "gives back":
            await handoffs.give_back(session, held, who, now)
        elif what == "closes":
            await handoffs.close(session, held, who, now)
        elif what == "hands on":
            other = await adviser(session, "nadia" if slug == "sandra" else "sandra")
            await handoffs.transfer(session, held, who, other, now)

    # ── What must be true ────────────────────────────────────────────────────────────────────

    async def look(self) -> None:
        """What was queued since the last step, if a human had the conversation before and after it."""
        async with self.database.read_only() as session:
            held = await self._held(session)
            rows = (
                await session.scalars(select(OutboxRow).where(OutboxRow.id > self.seen).order_by(OutboxRow.id))
            ).all()
            for row in rows:
                self.seen = row.id
                if held is not None and held.id == self.holding and row.kind in TALK:
                    assert await self._may(session, row, held), row.payload["text"]
            self.holding = held.id if held else None

    async def send(self, parcel: Parcel) -> str:
        """The channel: what was queued before the human came must not arrive after them."""
        async with self.database.read_only() as session:
            held = await self._held(session)
            if held is not None and parcel.payload["kind"] in TALK:
                row = (await session.scalars(select(OutboxRow).where(OutboxRow.state == OutboxState.SENDING))).one()
                assert await self._may(session, row, held, sending=True), row.payload["text"]
        return "1"

    async def _held(self, session: AsyncSession) -> Handoff | None:
        return await session.scalar(
            select(Handoff).where(Handoff.conversation_id == self.young, Handoff.state.in_(HELD_STATES))
        )

    async def _may(self, session: AsyncSession, row: OutboxRow, held: Handoff, *, sending: bool = False) -> bool:
        turn = await session.get(Turn, row.turn_id) if row.turn_id else None
        if turn is not None:
            pressed = select(InboxRow.id).where(InboxRow.turn_id == turn.id, InboxRow.kind == IncomingKind.BUTTON)
            if await session.scalar(pressed) is not None:
                return True
        safety = (turn is not None and turn.speaker is Speaker.SAFETY) or (row.once_key or "").startswith("alert:")
        if safety:
            human = held.last_human_at
            assert human is not None
            # A help line is never taken back; a new one waits two minutes for a human who is there.
            return sending or row.created_at - human >= alerts.HUMAN_MAY_ANSWER
        # The holder's return: one telling for each hold, in two bubbles.
        hold = (held.id, held.adviser_id, held.taken_at)
        if "revient" in row.payload["text"] and hold not in self.returns_said:
            self.returns_said[hold] = row.created_at
        return self.returns_said.get(hold) == row.created_at


def test_the_bot_is_silent_while_a_human_has_the_conversation(demo_on_sqlite: Path, tmp_path: Path) -> None:
    @settings(
        max_examples=15,
        deadline=None,
        database=None,
        phases=(Phase.generate,),  # a story is short enough to be read; making it shorter takes minutes
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(steps, min_size=3, max_size=14))
    def run(story: list[tuple[str, object]]) -> None:
        async def play() -> None:
            database = Database(f"sqlite:///{shutil.copy(demo_on_sqlite, tempfile.mkdtemp(dir=tmp_path))}")
            world = World(database)
            await world.begin()
            for what, value in story:
                await world.do(what, value)
            await world.do("is delivered", None)
            await database.close()

        asyncio.run(play())

    run()
