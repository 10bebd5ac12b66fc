"""Three faces: asked once after a human's answer, at a decent hour, and never of someone who was not well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.calendar import SUNDAY, in_paris
from bot.domain.handoffs import HandoffReason
from bot.domain.nudges import NudgeKind, NudgeState
from bot.domain.outbox import OutboxState
from bot.domain.safety import check
from bot.domain.surveys import ASKED_WITHIN, Face, may_be_asked, survey_time
from bot.services import alerts, buttons, handoffs, nudges, people, structures, surveys
from bot.storage.database import Database
from bot.storage.tables import Alert, Conversation, Handoff, Nudge, OutboxRow, SurveyAnswer
from tests.factories import NOW, adviser, handoff, open_turn, paris, young_person

LATER = NOW + timedelta(minutes=20)


@pytest.mark.parametrize(
    ("ended", "due"),
    [
        ("2027-03-10T10:00", "2027-03-10T10:15"),
        ("2027-03-10T19:50", "2027-03-11T09:00"),  # a quarter of an hour later it is past 20:00
        ("2027-03-11T02:00", "2027-03-11T09:00"),
        ("2027-03-13T19:50", "2027-03-15T09:00"),  # Saturday evening: Monday
        ("2027-03-27T19:50", "2027-03-29T09:00"),  # the clocks go forward on that Sunday
    ],
)
def test_it_is_asked_at_a_decent_hour(ended: str, due: str) -> None:
    assert survey_time(paris(ended)) == (paris(due), paris(ended) + timedelta(hours=48))


@given(st.integers(0, 366 * 24 * 60))
def test_it_is_never_asked_at_night_nor_on_a_sunday_nor_after_two_days(minute: int) -> None:
    ended = paris("2027-01-01T00:00") + timedelta(minutes=minute)
    due, too_late = survey_time(ended)
    assert ended < due < too_late == ended + ASKED_WITHIN
    assert may_be_asked(due)
    assert 9 <= in_paris(due).hour < 20
    assert in_paris(due).weekday() != SUNDAY


async def _ended(
    session: AsyncSession, young: Conversation, reason: HandoffReason = HandoffReason.ASKED, now: datetime = NOW
) -> Handoff:
    """An exchange with Sandra that is over."""
    taken = await handoff(session, young, taken_by="sandra", reason=reason, now=now)
    sandra = await adviser(session, "sandra")
    await handoffs.answer(session, taken, sandra, "Bonjour, je te lis.", now)
    await handoffs.give_back(session, taken, sandra, now)
    return taken


async def _tick(database: Database, now: datetime) -> None:
    async with database.unit_of_work() as session:
        await surveys.tick(session, now)
        await nudges.tick(session, now)


async def _asked(database: Database) -> list[OutboxRow]:
    async with database.read_only() as session:
        rows = await session.scalars(select(OutboxRow).where(OutboxRow.once_key.like("nudge:%")))
        return [row for row in rows.all() if any(press.startswith("survey:") for _, press in row.payload["buttons"])]


async def _why(database: Database) -> str | None:
    async with database.read_only() as session:
        nudge = (await session.scalars(select(Nudge).where(Nudge.kind == NudgeKind.SURVEY))).one()
        assert nudge.state is NudgeState.DROPPED
        return nudge.why


async def test_it_is_asked_once_and_what_is_said_is_kept(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        ended = await _ended(session, young)
    await _tick(database, NOW)
    assert await _asked(database) == []
    for minutes in (15, 16, 60, 24 * 60):
        await _tick(database, NOW + timedelta(minutes=minutes))
    [row] = await _asked(database)
    assert "Sandra" in row.payload["text"]
    assert [title for title, _ in row.payload["buttons"]] == ["Bien", "Bof", "Pas bien"]

    async with database.unit_of_work() as session:
        young = await session.get_one(Conversation, young.id)
        turn = await open_turn(session, young)
        for face in (Face.GOOD, Face.BAD):
            [say] = await buttons.press(session, young, turn, f"survey:{face.value}:{ended.id}", LATER)
            assert say.response == f"utter_survey_{face.value}"
        [kept] = (await session.scalars(select(SurveyAnswer))).all()
        assert (kept.handoff_id, kept.face, kept.at) == (ended.id, Face.BAD, LATER)


Because = Callable[[AsyncSession, Conversation], Awaitable[object]]


async def _alert(session: AsyncSession, young: Conversation) -> Alert:
    reading = check("je veux me suicider ce soir")
    await alerts.heard(session, young, None, None, "je veux me suicider ce soir", reading, NOW - timedelta(days=3))
    alert = await alerts.open_alert(session, young)
    assert alert is not None
    sandra = await adviser(session, "sandra")
    taken = await handoffs.open_handoff(session, young)
    assert taken is not None
    await handoffs.take(session, taken, sandra, NOW - timedelta(days=3))
    await handoffs.give_back(session, taken, sandra, NOW - timedelta(days=3))
    await alerts.close(session, alert, sandra, NOW - timedelta(days=3))
    return alert


async def _discreet(session: AsyncSession, young: Conversation) -> None:
    young.discreet = True


async def _stop(session: AsyncSession, young: Conversation) -> None:
    await people.stop_nudges(young, NOW)


async def _not_here(session: AsyncSession, young: Conversation) -> None:
    (await structures.settings_to_change(session, young.structure_id)).surveys = False


async def _ask_again(session: AsyncSession, young: Conversation) -> None:
    await handoff(session, young)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        pytest.param(_alert, None, "alert", id="an alert, even closed, even days ago"),
        pytest.param(None, _discreet, "discreet", id="someone may read their phone"),
        pytest.param(None, _stop, "stopped", id="/stop"),
        pytest.param(None, _not_here, "not here", id="the structure does not ask"),
        pytest.param(None, _ask_again, "a human has it", id="they asked for someone again"),
    ],
)
async def test_it_is_not_asked_of(database: Database, before: Because | None, after: Because | None, why: str) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        if before is not None:
            await before(session, young)
        await _ended(session, young)
        if after is not None:
            await after(session, young)
    await _tick(database, LATER)
    assert await _asked(database) == []
    assert await _why(database) == why


@pytest.mark.parametrize("reason", [HandoffReason.WELLBEING, HandoffReason.SAFETY, HandoffReason.ERASURE])
async def test_who_was_not_well_is_not_asked(database: Database, reason: HandoffReason) -> None:
    async with database.unit_of_work() as session:
        await _ended(session, await young_person(session), reason)
    await _tick(database, LATER)
    assert await _asked(database) == []


async def test_where_nobody_answered_nothing_is_asked(database: Database) -> None:
    async with database.unit_of_work() as session:
        taken = await handoff(session, await young_person(session), taken_by="sandra")
        await handoffs.give_back(session, taken, await adviser(session, "sandra"), NOW)
    await _tick(database, LATER)
    async with database.read_only() as session:
        assert (await session.scalars(select(Nudge))).all() == []


async def test_after_a_night_without_the_service_it_is_too_late(database: Database) -> None:
    async with database.unit_of_work() as session:
        await _ended(session, await young_person(session))
    await _tick(database, NOW)
    await _tick(database, NOW + timedelta(hours=49))
    assert await _asked(database) == []
    assert await _why(database) == "too late"


async def test_who_was_asked_this_week_is_left_in_peace(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await _ended(session, young)
    await _tick(database, LATER)
    [row] = await _asked(database)
    async with database.unit_of_work() as session:
        await nudges.sent(session, row)
        await _ended(session, await session.get_one(Conversation, young.id), now=LATER + timedelta(hours=2))
    await _tick(database, LATER + timedelta(hours=3))
    assert len(await _asked(database)) == 1


async def test_who_is_answered_again_before_it_left_is_asked_only_of_the_last(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        first = await _ended(session, young)
    await _tick(database, LATER)
    async with database.unit_of_work() as session:
        await _ended(session, await session.get_one(Conversation, young.id), now=LATER)
    await _tick(database, LATER + timedelta(hours=1))
    withdrawn, asked = await _asked(database)
    assert withdrawn.state is OutboxState.DROPPED
    assert asked.state is OutboxState.WAITING
    assert f"survey:good:{first.id}" not in [press for _, press in asked.payload["buttons"]]


async def test_a_forged_answer_is_an_old_button(database: Database) -> None:
    async with database.unit_of_work() as session:
        young, other = await young_person(session), await young_person(session)
        ended = await _ended(session, young)
    await _tick(database, LATER)
    async with database.unit_of_work() as session:
        other = await session.get_one(Conversation, other.id)
        turn = await open_turn(session, other)
        for payload in (f"survey:good:{ended.id}", "survey:good:9999", "survey:wonderful:1", "survey", "survey:good:x"):
            [say] = await buttons.press(session, other, turn, payload, LATER)
            assert say.response == "utter_old_button"
        assert (await session.scalars(select(SurveyAnswer))).all() == []
