"""Alerts: answered at once, and a human is told, again and again, but only when they may be."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.conversations import Author, IncomingKind
from bot.domain.handoffs import HandoffState
from bot.domain.people import Channel
from bot.domain.safety import Level, check
from bot.domain.team import NoticeKind, PresenceSaid
from bot.errors import NothingToDo, NotYourStructure
from bot.services import alerts, delivery, handoffs, outbox, queue, team
from bot.storage.database import Database
from bot.storage.tables import Adviser, Alert, Conversation, Handoff, Message, Notice, OutboxRow, Presence
from tests.factories import NOW, adviser, handoff, paris, young_person
from tests.fakes.clock import FakeClock
from tests.fakes.messenger import FakeMessenger

CRITICAL = "je vais me tuer ce soir"
HIGH = "mon père me frappe"
NIGHT = paris("2027-03-10T23:00")
MORNING = paris("2027-03-11T09:00")


def after(minutes: float, since: datetime = NOW) -> datetime:
    return since + timedelta(minutes=minutes)


async def _hears(session: AsyncSession, young: Conversation, text: str, now: datetime = NOW) -> list[str]:
    """What is answered to a text, as in a turn; the answer is queued."""
    alert, holder = await alerts.open_alert(session, young), await handoffs.holder(session, young)
    says = await alerts.heard(session, young, alert, holder, text, check(text), now)
    await outbox.say(session, young, says, now)
    return [say.response for say in says]


async def _alert(session: AsyncSession) -> Alert:
    return (await session.scalars(select(Alert))).one()


async def _told(session: AsyncSession) -> list[tuple[str, NoticeKind]]:
    rows = await session.execute(
        select(Adviser.first_name, Notice.kind).join(Adviser, Notice.adviser_id == Adviser.id).order_by(Notice.id)
    )
    return [(name, kind) for name, kind in rows]


async def _times_told(session: AsyncSession) -> int:
    """How often Sandra was told."""
    return sum(name == "Sandra" for name, _ in await _told(session))


async def test_danger_opens_one_alert_answers_and_tells_everyone_present(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        assert await _hears(session, young, CRITICAL)
        await _hears(session, young, CRITICAL, after(1))
        alert = await _alert(session)
        assert alert.level is Level.CRITICAL
        assert set(await _told(session)) == {
            (name, NoticeKind.ALERT_CRITICAL) for name in ("Sandra", "Nadia", "Claire")
        }
        assert await _times_told(session) == 1
        [asked] = (await session.scalars(select(Handoff))).all()
        assert asked.priority == 0


async def test_a_critical_alert_is_told_every_five_minutes_until_a_human_answers(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await _hears(session, young, CRITICAL)
        for times in (1, 2, 3):
            assert await _times_told(session) == times
            await alerts.tick(session, after(5 * times - 0.1))
            assert await _times_told(session) == times
            await alerts.tick(session, after(5 * times))

        sandra = await adviser(session, "sandra")
        held = await handoffs.open_handoff(session, young)
        assert held is not None
        await handoffs.take(session, held, sandra, after(16))
        await handoffs.answer(session, held, sandra, "Je suis là.", after(16))
        told = await _times_told(session)
        for minutes in range(17, 60):
            await alerts.tick(session, after(minutes))
        assert await _times_told(session) == told
        assert (await _alert(session)).closed_at is None, "only a human closes it"


async def test_acknowledged_without_a_word_to_the_person_it_comes_back(database: Database) -> None:
    async with database.unit_of_work() as session:
        await _hears(session, await young_person(session), CRITICAL)
        await alerts.acknowledge(session, await _alert(session), await adviser(session, "sandra"), after(4))
        await alerts.tick(session, after(8.9))
        assert await _times_told(session) == 1
        await alerts.tick(session, after(9))
        assert await _times_told(session) == 2


async def test_acknowledged_without_a_word_it_comes_back_to_the_coordinator_too(database: Database) -> None:
    async with database.unit_of_work() as session:
        claire = await adviser(session, "claire", telegram="43")
        await team.say_presence(session, claire, PresenceSaid.AWAY, None, NOW)
        await _hears(session, await young_person(session), HIGH)
        assert "Claire" not in {name for name, _ in await _told(session)}
        await alerts.acknowledge(session, await _alert(session), await adviser(session, "sandra"), after(4))
        before = len(await _told(session))
        await alerts.tick(session, after(34))
        assert {name for name, _ in (await _told(session))[before:]} == {"Sandra", "Nadia", "Claire"}
        # She is away: it is in her list, and nothing is pushed.
        assert (await session.scalars(select(OutboxRow).where(OutboxRow.address == "43"))).all() == []


async def test_who_took_care_of_it_and_left_is_followed_by_everyone(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await _hears(session, young, CRITICAL)
        await alerts.take_care(session, await _alert(session), await adviser(session, "sandra"), after(1))
        held = await handoffs.open_handoff(session, young)
        assert held is not None
        await handoffs.answer(session, held, await adviser(session, "sandra"), "Je suis là.", after(2))
        await alerts.tick(session, after(20))
        told = await _times_told(session)
        said = Message(conversation_id=young.id, author=Author.YOUNG, kind=IncomingKind.TEXT, text="?", at=after(21))
        session.add(said)
        await session.flush()
        await queue.tick(session, after(51))
        assert (held.state, (await _alert(session)).acknowledged_at) == (HandoffState.ASKED, None)
        assert await _times_told(session) == told + 1


async def test_two_ticks_tell_once(database: Database) -> None:
    async with database.unit_of_work() as session:
        await _hears(session, await young_person(session), CRITICAL)
    for _ in range(2):
        async with database.unit_of_work() as session:
            await alerts.tick(session, after(5))
    async with database.read_only() as session:
        assert await _times_told(session) == 2


async def test_nobody_is_told_outside_their_hours_and_all_are_when_they_come_back(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        assert await _hears(session, young, HIGH, NIGHT), "the person is answered all the same"
        at = NIGHT
        while at < MORNING - timedelta(minutes=1):
            await alerts.tick(session, at)
            at += timedelta(minutes=5)
        assert await _told(session) == []
        await alerts.tick(session, MORNING)
        assert {name for name, _ in await _told(session)} == {"Sandra", "Nadia", "Claire"}


async def test_a_high_alert_is_told_again_to_the_coordinator(database: Database) -> None:
    async with database.unit_of_work() as session:
        await _hears(session, await young_person(session), HIGH)
        before = len(await _told(session))
        await alerts.tick(session, after(29))
        assert len(await _told(session)) == before
        await alerts.tick(session, after(30))
        assert (await _told(session))[before:] == [("Claire", NoticeKind.ALERT_HIGH)]


async def test_it_only_rises_by_itself(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await _hears(session, young, HIGH)
        await _hears(session, young, CRITICAL, after(1))
        await _hears(session, young, HIGH, after(2))
        assert (await _alert(session)).level is Level.CRITICAL
        assert [kind for name, kind in await _told(session) if name == "Sandra"] == [
            NoticeKind.ALERT_HIGH,
            NoticeKind.ALERT_CRITICAL,
        ]


# ── What is said of the team ─────────────────────────────────────────────────────────────────


async def test_a_notice_says_neither_the_text_nor_who_nor_what_of(database: Database) -> None:
    async with database.unit_of_work() as session:
        await adviser(session, "sandra", telegram="42")
        young = await young_person(session)
        await _hears(session, young, CRITICAL)
        [notice] = (await session.scalars(select(OutboxRow).where(OutboxRow.address == "42"))).all()
        text = notice.payload["text"].lower()
        assert set(notice.payload) == {"text", "buttons", "attachment"}
        for secret in ("tuer", "suicid", young.identity.address):
            assert secret not in text


async def test_the_person_hears_that_someone_knows_only_once_it_has_arrived(database: Database) -> None:
    async with database.unit_of_work() as session:
        await adviser(session, "sandra", telegram="42")
        young = await young_person(session)
        assert alerts.REACHED not in await _hears(session, young, CRITICAL)
    messenger, clock = FakeMessenger(), FakeClock(NOW)
    reached = "J'ai alerté Sandra, de l'équipe, à l'instant."
    for _ in range(20):
        arrived = bool(messenger.texts_to("42"))
        assert arrived or reached not in messenger.texts_to(young.identity.address)
        while await delivery.deliver(database, {Channel.TELEGRAM: messenger}, clock, timedelta(minutes=1)):
            pass
        clock.advance(seconds=1)
    assert messenger.texts_to(young.identity.address).count(reached) == 1


async def test_a_notice_only_in_the_list_has_reached_nobody(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await _hears(session, young, CRITICAL)
        assert await _told(session)
        assert (await _alert(session)).reached is None


# ── With a human in the conversation ─────────────────────────────────────────────────────────


async def test_a_human_who_just_wrote_has_two_minutes_to_answer(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        held = await handoff(session, young, taken_by="sandra")
        await handoffs.answer(session, held, await adviser(session, "sandra"), "Bonjour", NOW)
        assert await _hears(session, young, HIGH, after(1)) == []
        said = len((await session.scalars(select(OutboxRow))).all())
        await alerts.tick(session, after(2.9))
        assert len((await session.scalars(select(OutboxRow))).all()) == said
        await alerts.tick(session, after(3))
        assert len((await session.scalars(select(OutboxRow))).all()) > said
        assert (await _alert(session)).answered_at == after(3)


async def test_the_bot_stays_silent_when_the_human_answered(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        held = await handoff(session, young, taken_by="sandra")
        sandra = await adviser(session, "sandra")
        await _hears(session, young, HIGH, after(1))
        await handoffs.answer(session, held, sandra, "Je t'appelle.", after(2))
        said = len((await session.scalars(select(OutboxRow))).all())
        await alerts.tick(session, after(3))
        assert len((await session.scalars(select(OutboxRow))).all()) == said


async def test_a_human_silent_for_long_is_not_waited_for(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await handoff(session, young, taken_by="sandra")
        assert await _hears(session, young, HIGH, after(6))


# ── Closing ──────────────────────────────────────────────────────────────────────────────────


async def test_a_human_of_the_structure_closes_it_once_and_it_is_not_told_again(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await _hears(session, young, CRITICAL)
        sandra, karim = await adviser(session, "sandra"), await adviser(session, "karim")
        alert = await _alert(session)
        for act in (alerts.close, alerts.acknowledge):
            with pytest.raises(NotYourStructure):
                await act(session, alert, karim, NOW)
        await alerts.close(session, alert, sandra, after(1))
        for act in (alerts.close, alerts.acknowledge):
            with pytest.raises(NothingToDo):
                await act(session, alert, sandra, after(2))
        told = await _times_told(session)
        await alerts.tick(session, after(30))
        assert await _times_told(session) == told
        assert await alerts.open_alert(session, young) is None


async def test_who_is_on_call_is_told_as_soon_as_their_hours_begin(database: Database) -> None:
    six = paris("2027-03-11T06:00")
    async with database.unit_of_work() as session:
        sandra = await adviser(session, "sandra")
        session.add(
            Presence(adviser_id=sandra.id, on_call=True, weekday=six.weekday(), start_minute=6 * 60, end_minute=8 * 60)
        )
        await _hears(session, await young_person(session), CRITICAL, NIGHT)
        await alerts.tick(session, six - timedelta(minutes=1))
        assert await _told(session) == []
        await alerts.tick(session, six)
        assert await _told(session) == [("Sandra", NoticeKind.ALERT_CRITICAL)]
