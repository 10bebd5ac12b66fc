"""After an alert: a task with a name for the next working day, a sheet, and a second look at a false alarm."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.alerts import AlertEnd, SheetStep
from bot.domain.conversations import Author, IncomingKind
from bot.domain.handoffs import Step
from bot.domain.safety import check
from bot.domain.team import NoticeKind, Role
from bot.errors import NeedsAnotherCoordinator, NothingToDo, NotYourStructure
from bot.services import alert_sheets, alerts, followups, handoffs, second_looks
from bot.storage.database import Database
from bot.storage.tables import Absence, Alert, FollowUp, Message, Notice
from tests.factories import NOW, adviser, paris, young_person

CRITICAL = "je vais me tuer ce soir"
HIGH = "mon père me frappe"


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


async def alert_of(session: AsyncSession, text: str = CRITICAL, now: datetime = NOW) -> Alert:
    young = await young_person(session, now=now)
    await alerts.heard(session, young, None, None, text, check(text), now)
    found = await alerts.open_alert(session, young)
    assert found is not None
    return found


async def task_of(session: AsyncSession, alert: Alert) -> FollowUp:
    found = await followups.of_alert(session, alert)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2027-03-10T10:00", date(2027, 3, 11)),
        ("2027-03-12T16:55", date(2027, 3, 15)),  # a Friday
        ("2027-03-25T18:30", date(2027, 3, 30)),  # Good Friday and Easter Monday, in Moselle
        ("2026-12-24T16:00", date(2027, 1, 4)),  # closed until New Year's Day, a Friday
    ],
)
async def test_it_is_due_on_the_next_day_the_structure_works(database: Database, now: str, due: date) -> None:
    async with database.unit_of_work() as session:
        assert (await task_of(session, await alert_of(session, now=paris(now)))).due_date == due


async def test_nobody_took_it_so_it_is_the_coordinators(database: Database) -> None:
    async with database.unit_of_work() as session:
        claire = await adviser(session, "claire")
        first = await task_of(session, await alert_of(session))
        assert first.adviser is claire
        claire.role = Role.ADVISER
        nobodys = await task_of(session, await alert_of(session))
        assert nobodys.adviser is None
        assert not followups.is_for(nobodys, await adviser(session, "sandra"))
        claire.role = Role.COORDINATOR
        assert followups.is_for(nobodys, claire)


async def test_who_takes_care_has_the_task_and_closing_leaves_it(database: Database) -> None:
    async with database.unit_of_work() as session:
        alert, sandra = await alert_of(session), await adviser(session, "sandra")
        await alerts.take_care(session, alert, sandra, after(1))
        await alerts.close(session, alert, await adviser(session, "nadia"), after(30))
        task = await task_of(session, alert)
        assert task.adviser is sandra
        assert [one.id for one in await followups.to_do(session, "ml-demo")] == [task.id]
        with pytest.raises(NothingToDo):
            await followups.finish(session, task, await adviser(session, "nadia"), after(40))
        with pytest.raises(NotYourStructure):
            await followups.finish(session, task, await adviser(session, "karim"), after(40))
        await followups.finish(session, task, sandra, after(60 * 24), "  Vu au  téléphone ")
        assert (task.done_by, task.note) == (sandra.id, "Vu au téléphone")
        with pytest.raises(NothingToDo):
            await followups.finish(session, task, sandra, after(60 * 25))
        assert not await followups.to_do(session, "ml-demo")


async def test_closed_by_who_never_took_it_is_theirs(database: Database) -> None:
    async with database.unit_of_work() as session:
        alert, nadia = await alert_of(session, HIGH), await adviser(session, "nadia")
        await alerts.close(session, alert, nadia, after(3))
        assert (await task_of(session, alert)).adviser is nadia


async def test_a_coordinator_gives_it_to_someone_of_the_structure(database: Database) -> None:
    async with database.unit_of_work() as session:
        task = await task_of(session, await alert_of(session))
        await followups.assign(session, task, await adviser(session, "nadia"))
        assert task.adviser is not None
        assert task.adviser.slug == "nadia"
        with pytest.raises(NotYourStructure):
            await followups.assign(session, task, await adviser(session, "karim"))
        nadia = await adviser(session, "nadia")
        nadia.active = False
        with pytest.raises(NotYourStructure):
            await followups.assign(session, task, nadia)


async def test_a_closed_day_of_the_adviser_alone_does_not_move_it(database: Database) -> None:
    async with database.unit_of_work() as session:
        claire = await adviser(session, "claire")
        day = date(2027, 3, 11)
        session.add(Absence(adviser_id=claire.id, structure_id=None, first_date=day, last_date=day, active=True))
        assert (await task_of(session, await alert_of(session))).due_date == day


# ── The second look ──────────────────────────────────────────────────────────────────────────


async def test_a_false_critical_waits_for_a_coordinator_who_did_not_close_it(database: Database) -> None:
    async with database.unit_of_work() as session:
        claire, sandra = await adviser(session, "claire"), await adviser(session, "sandra")
        high, mine, theirs = await alert_of(session, HIGH), await alert_of(session), await alert_of(session)
        for alert, who in ((high, sandra), (mine, claire), (theirs, sandra)):
            await alerts.close(session, alert, who, after(5), AlertEnd.FALSE_ALARM)
            assert (await task_of(session, alert)).done_at == after(5)
        assert [one.id for one in await second_looks.waiting(session, "ml-demo")] == [mine.id, theirs.id]
        with pytest.raises(NeedsAnotherCoordinator):
            await second_looks.look(session, mine, claire, after(9), false_alarm=True)
        for stranger in (sandra, await adviser(session, "karim")):
            with pytest.raises(NotYourStructure):
                await second_looks.look(session, theirs, stranger, after(9), false_alarm=True)
        await second_looks.look(session, theirs, claire, after(9), false_alarm=True)
        assert theirs.closed_as is AlertEnd.FALSE_ALARM
        assert [one.id for one in await second_looks.waiting(session, "ml-demo")] == [mine.id]
        with pytest.raises(NothingToDo):
            await second_looks.look(session, theirs, claire, after(10), false_alarm=False)


async def test_what_was_no_false_alarm_is_open_again_and_told(database: Database) -> None:
    async with database.unit_of_work() as session:
        alert, claire = await alert_of(session), await adviser(session, "claire")
        sandra = await adviser(session, "sandra")
        await alerts.take_care(session, alert, sandra, after(1))
        handoff = await handoffs.holder(session, alert.conversation)
        assert handoff is not None
        await handoffs.answer(session, handoff, sandra, "Salut, ça va ?", after(2))
        await handoffs.give_back(session, handoff, sandra, after(3))
        await alerts.close(session, alert, sandra, after(4), AlertEnd.FALSE_ALARM)
        told = len((await session.scalars(select(Notice).where(Notice.kind == NoticeKind.ALERT_CRITICAL))).all())
        await second_looks.look(session, alert, claire, after(20), false_alarm=False)
        assert (alert.closed_at, alert.acknowledged_at) == (None, None)
        task = await task_of(session, alert)
        assert (task.done_at, task.adviser) == (None, claire)
        assert await handoffs.open_handoff(session, alert.conversation) is not None
        await alerts.tick(session, after(20))
        again = (await session.scalars(select(Notice).where(Notice.kind == NoticeKind.ALERT_CRITICAL))).all()
        assert len(again) == told + 3
        # Closed as false once more, it is read again once more.
        await alerts.close(session, alert, sandra, after(30), AlertEnd.FALSE_ALARM)
        assert [one.id for one in await second_looks.waiting(session, "ml-demo")] == [alert.id]


async def test_reopened_while_another_is_open_changes_nothing_of_it(database: Database) -> None:
    async with database.unit_of_work() as session:
        alert, claire = await alert_of(session), await adviser(session, "claire")
        await alerts.close(session, alert, await adviser(session, "sandra"), after(4), AlertEnd.FALSE_ALARM)
        young = alert.conversation
        await alerts.heard(session, young, None, None, CRITICAL, check(CRITICAL), after(6))
        other = await alerts.open_alert(session, young)
        await second_looks.look(session, alert, claire, after(20), false_alarm=False)
        assert await alerts.open_alert(session, young) is other
        assert alert.closed_as is AlertEnd.FALSE_ALARM
        assert (await task_of(session, alert)).done_at is None


# ── The sheet ────────────────────────────────────────────────────────────────────────────────


async def test_the_sheet_dates_everything_and_quotes_nobody(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        session.add(
            Message(
                conversation_id=young.id,
                author=Author.YOUNG,
                kind=IncomingKind.TEXT,
                text=CRITICAL,
                at=NOW - timedelta(seconds=7),
            )
        )
        await session.flush()
        await alerts.heard(session, young, None, None, CRITICAL, check(CRITICAL), NOW)
        alert, sandra = await alerts.open_alert(session, young), await adviser(session, "sandra")
        assert alert is not None
        await alerts.take_care(session, alert, sandra, after(1))
        handoff = await handoffs.holder(session, young)
        assert handoff is not None
        await handoffs.answer(session, handoff, sandra, "Je te lis.", after(2))
        await alerts.close(session, alert, sandra, after(30))
        await followups.finish(session, await task_of(session, alert), sandra, after(60 * 24), "Vu à la permanence.")
        sheet = await alert_sheets.read(session, alert)
    assert [(one.step, one.name) for one in sheet.steps] == [
        (SheetStep.WRITTEN, ""),
        (SheetStep.OPENED, ""),
        (SheetStep.ANSWERED, ""),
        (SheetStep.SHOWN, "Claire"),
        (SheetStep.SHOWN, "Nadia"),
        (SheetStep.SHOWN, "Sandra"),
        (SheetStep.ACKNOWLEDGED, "Sandra"),
        (Step.TAKEN, "Sandra"),
        (SheetStep.FIRST_WORD, "Sandra"),
        (SheetStep.OVER, "Sandra"),
        (SheetStep.FOLLOWED_UP, "Sandra"),
    ]
    assert sheet.first_word_after == timedelta(minutes=2, seconds=7)
    assert sheet.done == "Vu à la permanence."
    assert CRITICAL not in repr(sheet.steps)


async def test_only_who_took_it_and_the_coordinator_read_the_sheet(database: Database) -> None:
    async with database.unit_of_work() as session:
        alert = await alert_of(session)
        await alerts.take_care(session, alert, await adviser(session, "sandra"), after(1))
        may = {slug: await alert_sheets.may_read(session, alert, await adviser(session, slug)) for slug in TEAM}
        assert may == {"sandra": True, "claire": True, "nadia": False, "karim": False}
        await alert_of(session, HIGH)
        nadia, claire = await adviser(session, "nadia"), await adviser(session, "claire")
        assert [one.id for one in await alert_sheets.critical(session, claire, after(2))] == [alert.id]
        assert not await alert_sheets.critical(session, nadia, after(2))


TEAM = ("sandra", "claire", "nadia", "karim")
