"""What time brings back to the queue, and what the young person is told of it: once, and only what is true."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.calendar import say_moment
from bot.domain.conversations import Author, IncomingKind
from bot.domain.handoffs import HandoffReason, HandoffState, Step, Why
from bot.domain.team import Hole, NoticeKind, PresenceSaid
from bot.errors import NotAColleague, NothingToDo
from bot.services import asking, handoffs, queue, routing, structures, team
from bot.storage.database import Database
from bot.storage.tables import (
    Absence,
    Adviser,
    Conversation,
    Handoff,
    HandoffEvent,
    Message,
    Notice,
    Opening,
    OutboxRow,
    Presence,
    Structure,
)
from tests.factories import NOW, adviser, handoff, paris, young_person

EVENING = paris("2027-03-10T17:10")
FAMECK = "57206"


def after(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


async def _writes(session: AsyncSession, young: Conversation, at: datetime) -> None:
    session.add(
        Message(conversation_id=young.id, author=Author.YOUNG, kind=IncomingKind.TEXT, text="tu es là ?", at=at)
    )
    await session.flush()


async def _texts(session: AsyncSession, young: Conversation) -> list[str]:
    rows = await session.scalars(select(OutboxRow).where(OutboxRow.conversation_id == young.id).order_by(OutboxRow.id))
    return [row.payload["text"] for row in rows]


async def _last(session: AsyncSession, of: Handoff) -> HandoffEvent:
    rows = await session.scalars(
        select(HandoffEvent).where(HandoffEvent.handoff_id == of.id).order_by(HandoffEvent.id.desc()).limit(1)
    )
    return rows.one()


async def _told(session: AsyncSession, of: Handoff) -> list[str]:
    rows = await session.scalars(
        select(Adviser.slug)
        .join(Notice, Notice.adviser_id == Adviser.id)
        .where(Notice.handoff_id == of.id, Notice.kind == NoticeKind.HANDOFF)
        .order_by(Notice.id)
    )
    return list(rows)


def _said(hole: Hole) -> str:
    return f"{say_moment(hole.start, NOW)}, jusqu'à {say_moment(hole.end, NOW)}"


async def _away(session: AsyncSession, slug: str, **values: object) -> None:
    who = await adviser(session, slug)
    days: dict[str, object] = {"first_date": date(2027, 3, 10), "last_date": date(2027, 3, 10)}
    session.add(Absence(adviser_id=who.id, **days | values))
    await session.flush()


async def test_what_the_holder_leaves_unanswered_comes_back_with_their_name(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        held = await handoff(session, young, taken_by="sandra")
        await _writes(session, young, after(1))
        said = await _texts(session, young)
        assert await queue.tick(session, after(30)) == 0
        assert await queue.tick(session, after(31)) == 1

        assert (held.state, held.adviser) == (HandoffState.ASKED, await adviser(session, "sandra"))
        assert held.priority < (await handoff(session, await young_person(session))).priority
        event = await _last(session, held)
        assert (event.event, event.from_adviser_id, event.to_adviser_id) == (Step.RETURNED, held.adviser_id, None)
        [told] = (await _texts(session, young))[len(said) :]
        assert told.startswith("Sandra n'a pas encore pu te répondre.")
        await queue.tick(session, after(32))
        assert await _told(session, held) == ["sandra", "nadia", "claire"] * 2
        for minutes in (60, 120):
            await queue.tick(session, after(minutes))
        assert (await _texts(session, young))[len(said) :] == [told]


@pytest.mark.parametrize("kept", ["answered", "promised", "put aside", "in a meeting", "said nothing"])
async def test_what_is_not_left_unanswered_stays(database: Database, kept: str) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        held = await handoff(session, young, taken_by="sandra")
        sandra = await adviser(session, "sandra")
        if kept != "said nothing":
            await _writes(session, young, after(1))
        if kept == "answered":
            await handoffs.answer(session, held, sandra, "Je regarde.", after(2))
        if kept == "promised":
            await handoffs.promise(session, held, sandra, after(100), after(2))
        if kept == "put aside":
            await handoffs.snooze(session, held, sandra, after(1000), after(2))
        if kept == "in a meeting":
            await team.say_presence(session, sandra, PresenceSaid.BUSY, None, after(20))
        assert await queue.tick(session, after(60)) == 0
        assert held.state is not HandoffState.ASKED


async def test_only_minutes_of_presence_count_and_the_structure_sets_how_many(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        (await structures.settings_to_change(session, "ml-demo")).unanswered_minutes = 60
        held = await handoff(session, young, taken_by="sandra", now=paris("2027-03-10T11:30"))
        await _writes(session, young, paris("2027-03-10T11:30"))
        # From 11:30 to 12:00, then from 13:30: lunch does not count.
        await queue.tick(session, paris("2027-03-10T13:59"))
        assert held.state is HandoffState.TAKEN
        await queue.tick(session, paris("2027-03-10T14:00"))
        assert held.state is HandoffState.ASKED


async def test_an_absent_holder_is_said_once_then_offered_to_who_is_there(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        held = await handoff(session, young, taken_by="sandra")
        await _away(session, "sandra")
        await _writes(session, young, after(1))
        said = len(await _texts(session, young))
        await queue.tick(session, after(2))
        await queue.tick(session, after(100))
        assert (await _texts(session, young))[said:] == [
            "Sandra revient demain à 9 h. Tu l'attends, ou quelqu'un d'autre aujourd'hui ?"
        ]
        assert held.state is HandoffState.TAKEN
        await queue.tick(session, after(122))
        assert held.state is HandoffState.TAKEN  # at noon nobody else is there either
        await queue.tick(session, after(211))
        assert (held.state, (await _last(session, held)).event) == (HandoffState.ASKED, Step.OFFERED)
        assert held.adviser == await adviser(session, "sandra")
        assert (await _texts(session, young))[-1].startswith("Sandra revient demain à 9 h. D'ici là")


async def test_nobody_to_offer_it_to_at_night_and_the_holder_has_it_in_the_morning(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        held = await handoff(session, young, taken_by="sandra")
        await _writes(session, young, EVENING)
        for hours in range(1, 15):
            await queue.tick(session, EVENING + timedelta(hours=hours))
        assert held.state is HandoffState.TAKEN


async def test_who_chose_to_wait_is_not_offered_to_others(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        held = await handoff(session, young, taken_by="sandra")
        sandra = await adviser(session, "sandra")
        await _away(session, "sandra")
        await _writes(session, young, after(1))
        await queue.tick(session, after(2))
        [say] = await asking.wait_for(session, young, sandra.id, after(3))
        assert (say.response, say.values["returns"]) == ("utter_known_waits", "demain à 9 h")
        await queue.tick(session, after(300))
        assert held.state is HandoffState.TAKEN
        # And they may change their mind.
        [say] = await asking.someone_else(session, young, after(301))
        assert say.response.startswith("utter_human_told")
        assert (held.state, held.wish) == (HandoffState.ASKED, None)


async def test_the_adviser_they_know_is_proposed_first(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        before = await handoff(session, young, taken_by="sandra")
        sandra = await adviser(session, "sandra")
        await handoffs.give_back(session, before, sandra, NOW)
        await _away(session, "sandra", last_date=date(2027, 3, 12))
        [say] = await asking.ask_and_say(session, young, HandoffReason.ASKED, after(60))
        assert say.response == "utter_known_away"
        assert (say.values["name"], say.values["returns"]) == ("Sandra", "lundi 15 mars à 9 h")
        asked = await handoffs.open_handoff(session, young)
        assert asked is not None
        assert await _told(session, asked) == ["nadia", "claire"]

        await asking.wait_for(session, young, sandra.id, after(61))
        await queue.tick(session, after(90))
        assert await _told(session, asked) == ["nadia", "claire"]
        monday = paris("2027-03-15T09:00")
        await queue.tick(session, monday)
        assert (await _told(session, asked))[2:] == ["sandra"]
        [first] = await routing.for_adviser(session, sandra, monday)
        assert (first.mine, first.why) == (True, (Why.WISHED, Why.KNOWN))
        [other] = await routing.for_adviser(session, await adviser(session, "nadia"), monday)
        assert not other.mine


async def test_a_button_for_an_adviser_of_another_structure_or_for_nothing_is_refused(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        karim, sandra = await adviser(session, "karim"), await adviser(session, "sandra")
        with pytest.raises(NothingToDo):
            await asking.wait_for(session, young, sandra.id, NOW)
        with pytest.raises(NothingToDo):
            await asking.someone_else(session, young, NOW)
        held = await handoff(session, young)
        with pytest.raises(NotAColleague):
            await asking.wait_for(session, young, karim.id, NOW)
        await handoffs.take(session, held, sandra, NOW)
        with pytest.raises(NothingToDo):  # she is there: a young person does not take a conversation from her
            await asking.someone_else(session, young, NOW)
        with pytest.raises(NothingToDo):
            await asking.wait_for(session, young, (await adviser(session, "nadia")).id, NOW)


async def test_late_is_told_once_by_the_minutes_the_team_was_there(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        news = await handoff(session, await young_person(session), reason=HandoffReason.NEWS)
        asked = await handoff(session, young, now=paris("2027-03-10T16:50"))
        await queue.tick(session, EVENING)
        assert asked.late_told_at is None  # the team is gone
        tomorrow = paris("2027-03-11T09:04")
        await queue.tick(session, tomorrow)
        assert await _texts(session, young) == []
        for minutes in (1, 30, 200):
            await queue.tick(session, tomorrow + timedelta(minutes=minutes))
        [told] = await _texts(session, young)
        assert told.startswith("L'équipe de la Mission Locale n'a pas encore pu te répondre.")
        assert news.late_told_at is None

        discreet = await young_person(session)
        discreet.discreet = True
        await handoff(session, discreet, now=tomorrow)
        await queue.tick(session, tomorrow + timedelta(minutes=60))
        assert await _texts(session, discreet) == []


async def test_those_it_suits_are_told_first_then_everyone(database: Database) -> None:
    async with database.unit_of_work() as session:
        sandra, nadia, claire = [await adviser(session, slug) for slug in ("sandra", "nadia", "claire")]
        sandra.woman, nadia.woman, claire.woman, nadia.themes = True, True, None, ["need_housing"]
        await session.execute(update(Opening).values(adviser_id=None))
        young = await young_person(session)
        asked = await handoffs.ask(session, young, HandoffReason.ASKED, NOW, wish={"woman": True})
        assert await _told(session, asked) == ["sandra", "nadia"]
        await queue.tick(session, after(4))
        assert await _told(session, asked) == ["sandra", "nadia"]
        await queue.tick(session, after(5))
        assert await _told(session, asked) == ["sandra", "nadia", "claire"]
        await queue.tick(session, after(10))
        assert len(await _told(session, asked)) == 3

        housing = await handoffs.ask(
            session, await young_person(session), HandoffReason.ASKED, NOW, wish={"theme": "need_housing"}
        )
        assert await _told(session, housing) == ["nadia"]
        assert (await routing.order(session, housing, NOW))[0] == nadia

        fameck = (
            await session.scalars(
                select(Opening).join(Opening.place).where(Opening.active).order_by(Opening.id).limit(1)
            )
        ).one()
        fameck.adviser_id = claire.id
        there = await young_person(session)
        there.commune = fameck.place.insee
        assert await routing.routed(session, await handoff(session, there), NOW) == [claire]


async def test_who_has_too_many_comes_last_except_for_danger(database: Database) -> None:
    async with database.unit_of_work() as session:
        (await structures.settings_to_change(session, "ml-demo")).load_limit = 1
        await handoff(session, await young_person(session), taken_by="sandra")
        asked = await handoff(session, await young_person(session))
        nadia, claire, sandra = [await adviser(session, slug) for slug in ("nadia", "claire", "sandra")]
        assert await routing.routed(session, asked, NOW) == [nadia, claire]
        assert (await routing.order(session, asked, NOW))[-1] == sandra
        danger = await handoff(session, await young_person(session), reason=HandoffReason.SAFETY, now=after(1))
        assert len(await routing.routed(session, danger, NOW)) == 3
        queued = await routing.for_adviser(session, nadia, NOW)
        assert [one.handoff for one in queued] == [danger, asked]


async def test_an_absence_of_some_hours_closes_those_hours_only(database: Database) -> None:
    async with database.unit_of_work() as session:
        await _away(session, "sandra", start_minute=10 * 60, end_minute=14 * 60)
        sandra = await adviser(session, "sandra")
        hours = await team.hours_of(session, sandra)
        assert hours.is_open(paris("2027-03-10T09:59"))
        assert not hours.is_open(NOW)
        assert hours.next_opening(NOW) == paris("2027-03-10T14:00")
        assert hours.closes(paris("2027-03-10T09:30")) == NOW.time()
        await _away(session, "sandra", weekday=3, start_minute=None, end_minute=12 * 60, last_date=date(2027, 3, 31))
        hours = await team.hours_of(session, sandra)
        assert hours.next_opening(paris("2027-03-10T18:00")) == paris("2027-03-11T13:30")


async def test_the_holes_of_the_days_to_come(database: Database) -> None:
    async with database.unit_of_work() as session:
        structure = await session.get_one(Structure, "ml-demo")
        holes = await routing.holes(session, structure, NOW, days=1)
        assert [_said(hole) for hole in holes] == [
            "aujourd'hui à 12 h, jusqu'à aujourd'hui à 13 h 30",
            "aujourd'hui à 17 h, jusqu'à demain à 9 h",
            "demain à 12 h, jusqu'à demain à 13 h 30",
            "demain à 17 h, jusqu'à vendredi 12 mars à 0 h",
        ]
        nadia = await adviser(session, "nadia")
        for weekday in range(7):  # on call every night
            for start, end in ((17 * 60, 24 * 60), (0, 9 * 60)):
                session.add(
                    Presence(adviser_id=nadia.id, on_call=True, weekday=weekday, start_minute=start, end_minute=end)
                )
        await session.flush()
        await _away(session, "claire", last_date=date(2027, 3, 31))
        await _away(session, "sandra", start_minute=14 * 60, end_minute=15 * 60)
        await team.say_presence(session, nadia, PresenceSaid.AWAY, paris("2027-03-10T16:00"), NOW)
        holes = await routing.holes(session, structure, NOW, days=1)
        assert [_said(hole) for hole in holes] == [
            "aujourd'hui à 12 h, jusqu'à aujourd'hui à 13 h 30",
            "aujourd'hui à 14 h, jusqu'à aujourd'hui à 15 h",
            "demain à 12 h, jusqu'à demain à 13 h 30",
        ]
        await session.execute(delete(Presence))
        [whole] = await routing.holes(session, structure, NOW)
        assert (whole.start, whole.end) == (NOW, paris("2027-03-25T00:00"))
        assert (whole.length, holes[0].length, holes[1].length) == ("14 j 14 h", "1 h 30", "1 h")


@pytest.mark.parametrize(("woman", "said"), [(True, "utter_wish_woman"), (False, "utter_wish_man")])
async def test_who_asks_for_a_woman_or_a_man_hears_that_it_is_noted(database: Database, woman: bool, said: str) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        says = await asking.ask_and_say(session, young, HandoffReason.ASKED, NOW, wish={"woman": woman})
        asked = await handoffs.open_handoff(session, young)
    assert says[-1].response == said
    assert asked is not None
    assert asked.wish == {"woman": woman}
