"""A booking in a conversation: what is asked, what is proposed, and what a forged or late button gets."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import DraftState, Mode
from bot.domain.calendar import in_paris
from bot.domain.conversations import Say
from bot.domain.people import MilestoneKind
from bot.errors import AlreadyBooked, SlotGone, SlotTaken
from bot.services import appointments, booking, buttons, drafts, openings, people, places
from bot.storage.database import Database
from bot.storage.tables import (
    Absence,
    Appointment,
    BookingDraft,
    Conversation,
    Opening,
    Place,
    SlotSlice,
    Structure,
    TerritoryRow,
)
from tests.factories import NOW, adviser, open_turn, paris, slot, young_person


async def says(session: AsyncSession, young: Conversation, text: str) -> list[Say]:
    """What is answered to a text, without the model."""
    draft = await drafts.open_draft(session, young, NOW)
    if draft is None:
        return await booking.start(session, young, text, NOW)
    said = await booking.answer(session, young, draft, text, NOW)
    return said if said is not None else await booking.not_understood(session, young, draft, text, NOW)


async def press(session: AsyncSession, young: Conversation, payload: str) -> list[str]:
    turn = await open_turn(session, young)
    turn.closed_at = NOW
    return [say.response for say in await buttons.press(session, young, turn, payload, NOW)]


async def draft_of(session: AsyncSession, young: Conversation) -> BookingDraft:
    found = await drafts.open_draft(session, young, NOW)
    assert found is not None
    return found


def titles(said: list[Say]) -> list[str]:
    return [button.title for say in said for button in say.buttons]


async def place(session: AsyncSession, slug: str) -> Place:
    return (await session.scalars(select(Place).where(Place.slug == slug))).one()


# ── Where ────────────────────────────────────────────────────────────────────────────────────


async def test_what_the_structure_wrote_of_a_commune_wins(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        (await place(session, "hayange")).serves = ["57206"]  # those of Fameck go to Hayange
        await session.flush()
        found = await places.find(session, young, "j'habite à fameck")
        assert [one.slug for one in found.places] == ["hayange"]


@pytest.mark.parametrize(
    ("text", "response", "among"),
    [
        ("55300", "utter_place_which_of_many", 34),
        ("montigny", "utter_place_which", 3),
        ("haucourt", "utter_place_did_you_mean", 1),
    ],
)
async def test_a_doubt_on_the_commune_is_asked_about(database: Database, text: str, response: str, among: int) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await says(session, young, "un rdv")
        assert (await says(session, young, text))[-1].response == response
        assert len((await draft_of(session, young)).communes) == among


async def test_a_postcode_whose_communes_go_to_one_place_is_not_asked_about(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await says(session, young, "un rdv")
        assert (await says(session, young, "57100"))[-1].values["place"] == "Mission Locale, Thionville"


async def test_who_said_where_they_live_is_not_asked_again(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await places.tell(session, young, "vous êtes ouverts quand à fameck ?", NOW)
        assert (await says(session, young, "un rdv"))[-1].values["place"] == "Permanence de Fameck"


async def test_the_hours_of_a_place_say_only_when_anyone_is_received(database: Database) -> None:
    async with database.unit_of_work() as session:
        thionville = (await places.describe(session, await place(session, "thionville"), NOW)).values["hours"]
        assert "Jeudi" not in thionville, "the Thursday of the month that is for CVs"
        hayange = (await places.describe(session, await place(session, "hayange"), NOW)).values["hours"]
        assert "Jeudi" not in hayange, "the evening when the team goes out"


# ── When ─────────────────────────────────────────────────────────────────────────────────────


async def test_hours_of_any_day_go_with_the_days_asked_for(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await says(session, young, "rdv a hayange la semaine prochaine")
        assert titles(await says(session, young, "pas le matin"))[0] == "mar. 16/03 13 h 30"
        assert titles(await says(session, young, "le matin plutot"))[0] == "mar. 16/03 9 h"
        asked = await says(session, young, "14h")
        assert (asked[-1].response, asked[-1].values["time"]) == ("utter_booking_confirm", "14 h")


async def test_when_the_day_is_full_the_next_place_is_proposed_for_that_day(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        said = await says(session, young, "rdv a hayange jeudi matin")
        assert [say.response for say in said] == ["utter_booking_none_then", "utter_booking_propose_around"]
        assert "jeu 11/03 9h Fameck" in titles(said)
        days = {title.split()[1] for title in titles(said)}
        assert len(days) > 1, "the nearest days at the place asked for"


async def test_earlier_later_and_another_day(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        first = titles(await says(session, young, "rdv a thionville la semaine prochaine"))
        later = titles(await says(session, young, "plus tard"))
        assert not set(first) & set(later)
        earlier = await says(session, young, "plus tot")
        assert titles(earlier)[0] == "mer. 10/03 13 h 30"
        assert (await says(session, young, "plus tot"))[0].response == "utter_booking_none_earlier"
        assert "mer. 10/03" not in " ".join(titles(await says(session, young, "un autre jour")))


async def test_asking_for_others_frees_the_slot_that_was_held(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await says(session, young, "rdv a thionville lundi 10h")
        assert await session.scalar(select(func.count()).select_from(SlotSlice)) == 6
        await says(session, young, "plus tard")
        assert await session.scalar(select(func.count()).select_from(SlotSlice)) == 0
        assert (await draft_of(session, young)).chosen is None


@pytest.mark.parametrize(
    ("now", "asked", "shown"),
    [
        ("2027-03-26T10:00", "mardi 30 mars 9h", "2027-03-30T09:00"),
        ("2027-10-29T10:00", "mardi 2 novembre 9h", "2027-11-02T09:00"),
    ],
)
async def test_through_both_changes_of_the_clock_nine_is_nine(
    database: Database, now: str, asked: str, shown: str
) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session, now=paris(now))
        said = await booking.start(session, young, f"rdv a hayange {asked}", paris(now))
        assert said[-1].response == "utter_booking_confirm"
        draft = await drafts.open_draft(session, young, paris(now))
        assert draft is not None
        assert draft.chosen is not None
        assert in_paris(openings.slot_from(draft.chosen).starts_at) == paris(shown)


async def test_the_hour_that_march_skips_and_a_date_that_is_not_are_said(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        assert (await says(session, young, "rdv a hayange le 31 avril"))[0].response == "utter_date_impossible"
        said = await says(session, young, "dimanche 28 mars a 2h30")
        assert said[0].response == "utter_booking_none_then"
        assert titles(said)


# ── What for, and how ────────────────────────────────────────────────────────────────────────


async def test_one_appointment_to_come_for_each_reason(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session, with_appointment="2027-03-15T10:00")
        await says(session, young, "rdv pour mon cv a thionville vendredi 9h")
        assert (await says(session, young, "oui"))[0].response == "utter_booked"
        found = await appointments.all_upcoming(session, young, NOW)
        assert [one.reason for one in found] == ["cv", "first_meeting"]
        for text in ("un rdv", "un rdv pour mon cv"):
            with pytest.raises(AlreadyBooked):
                await booking.start(session, young, text, NOW)


async def test_who_has_been_received_is_asked_what_for(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await people.reach(session, young.identity.person_id, MilestoneKind.FIRST_APPOINTMENT_HONOURED, NOW)
        said = await says(session, young, "un rdv a thionville")
        assert said[-1].response == "utter_booking_ask_reason"
        assert "Le logement" not in titles(said), "only the team and the partners book for it"
        assert await press(session, young, "reason:housing") == ["utter_old_button"]
        await says(session, young, "pour mon cv")
        assert (await draft_of(session, young)).reason == "cv"


async def test_a_way_of_meeting_that_the_reason_does_not_offer_is_said(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        said = await says(session, young, "rdv par telephone pour mon cv")
        assert said[0].response == "utter_booking_not_that_way"
        assert (await draft_of(session, young)).mode is None


async def test_the_team_comes_where_they_say_and_two_advisers_are_taken(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await press(session, young, "mode:vers_toi")
        assert (await says(session, young, "là"))[-1].response == "utter_booking_ask_meeting_point"
        said = await says(session, young, "devant la gare, Hayange")
        assert titles(said)[0] == "jeu. 11/03 17 h 30"
        await says(session, young, "le premier")
        await says(session, young, "oui")
        [appointment] = await appointments.all_upcoming(session, young, NOW)
        assert (appointment.mode, appointment.meeting_point) == (Mode.OUTSIDE, "devant la gare, Hayange")
        assert appointments.describe(appointment, NOW)["adviser"] == "Karim et Claire"
        taken = set((await session.scalars(select(SlotSlice.resource))).all())
        both = {f"adviser:{(await adviser(session, slug)).id}" for slug in ("karim", "claire")}
        assert taken == both


async def test_when_the_second_adviser_is_away_nobody_goes(database: Database) -> None:
    async with database.unit_of_work() as session:
        claire, young = await adviser(session, "claire"), await young_person(session)
        thursday = paris("2027-03-11T00:00").date()
        session.add(Absence(adviser_id=claire.id, first_date=thursday, last_date=thursday))
        await session.flush()
        free = await openings.free_slots(session, young.structure.territory_id, NOW, mode=Mode.OUTSIDE)
        assert free
        assert thursday not in {in_paris(one.starts_at).date() for one in free}


# ── Bad input and races ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("payload", "response"),
    [
        ("place:99999", "utter_slot_gone"),
        ("place:x", "utter_old_button"),
        ("near:00000", "utter_old_button"),
        ("mode:cheval", "utter_old_button"),
        ("reason:inventee", "utter_old_button"),
        ("slot:{draft}:1:99999999999999:sur_place", "utter_old_button"),
        ("slot:{draft}:99999:30245400:sur_place", "utter_slot_gone"),
        ("slot:99999:1:30245400:sur_place", "utter_slot_gone"),
        ("take:99999", "utter_slot_gone"),
        ("wait:take:99999", "utter_waiting_offer_gone"),
        ("wait:steal:1", "utter_waiting_offer_gone"),
        ("wait:join:99999", "utter_slot_gone"),
        ("sooner:99999", "utter_no_appointment"),
        ("move:99999", "utter_no_appointment"),
        ("cancel_yes:99999", "utter_no_appointment"),
    ],
)
async def test_a_forged_button_gets_a_clear_sentence(database: Database, payload: str, response: str) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await says(session, young, "un rdv a thionville")
        draft = await draft_of(session, young)
        assert (await press(session, young, payload.replace("{draft}", str(draft.id))))[0] == response
        assert await session.scalar(select(func.count()).select_from(Appointment)) == 0


async def test_another_territorys_places_and_slots_cannot_be_pressed(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await says(session, young, "un rdv a thionville")
        draft, verdun = await draft_of(session, young), await slot(session, "2027-03-15T10:00", "verdun")
        session.add(
            TerritoryRow(id="ailleurs", name="Ailleurs", fictional=True, neighbours=[], bring=[], loaded_at=NOW)
        )
        await session.flush()
        elsewhere = Structure(id="ml-ailleurs", territory_id="ailleurs", name="Ailleurs", short_name="Ailleurs")
        session.add(elsewhere)
        await session.flush()
        (await session.get_one(Place, verdun.place_id)).structure = elsewhere
        await session.flush()
        minute = int(verdun.starts_at.timestamp()) // 60
        stolen = f"slot:{draft.id}:{verdun.opening_id}:{minute}:sur_place"
        assert (await press(session, young, stolen))[0] == "utter_slot_gone"
        assert await press(session, young, f"place:{verdun.place_id}") == ["utter_slot_gone"]
        assert await press(session, young, f"where:{verdun.place_id}") == ["utter_place_list"]


async def test_an_opening_edited_while_someone_confirms_books_nothing(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await says(session, young, "rdv a thionville lundi 10h")
        draft = await draft_of(session, young)
        assert draft.chosen is not None
        held = openings.slot_from(draft.chosen)
        (await session.get_one(Opening, held.opening_id)).start_minute = 11 * 60
        await session.flush()
        said = await says(session, young, "oui")
        assert [say.response for say in said] == [
            "utter_slot_gone",
            "utter_booking_none_then",
            "utter_booking_propose_at",
        ]
        assert await session.scalar(select(func.count()).select_from(Appointment)) == 0


async def test_the_same_hold_confirmed_twice_is_one_appointment(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await says(session, young, "rdv a thionville lundi 10h")
        draft = await draft_of(session, young)
        assert (await press(session, young, f"take:{draft.id}"))[0] == "utter_booked"
        assert await press(session, young, f"take:{draft.id}") == ["utter_my_appointment"]
        assert draft.state is DraftState.BOOKED
        assert await session.scalar(select(func.count()).select_from(Appointment)) == 1


async def test_a_slot_that_has_begun_is_gone(database: Database) -> None:
    async with database.unit_of_work() as session:
        free = await slot(session, "2027-03-15T10:00")
        late = free.starts_at + timedelta(minutes=1)
        with pytest.raises(SlotGone):
            await appointments.book(session, await young_person(session), free, late)


async def test_two_who_hold_and_one_who_books_never_share_a_seat(database: Database) -> None:
    async with database.unit_of_work() as session:
        first, second = await young_person(session), await young_person(session)
        await says(session, first, "rdv a thionville lundi 10h")
        with pytest.raises(SlotTaken):
            await appointments.book(session, second, await slot(session, "2027-03-15T10:00"), NOW)


# ── Several appointments, and the waiting list ───────────────────────────────────────────────


async def test_which_appointment_is_asked_when_there_are_several(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session, with_appointment="2027-03-15T10:00")
        await says(session, young, "rdv pour mon cv a thionville vendredi 9h")
        await says(session, young, "oui")
        for ask in (buttons.start_move, buttons.ask_cancel, buttons.wait_for_earlier):
            [said] = await ask(session, young, "mon rdv", NOW)
            assert (said.response, len(said.buttons)) == ("utter_which_appointment", 2)
        [said] = await buttons.ask_cancel(session, young, "annule mon rdv pour mon cv", NOW)
        assert said.values["day"] == "vendredi 12 mars"


async def test_someone_elses_place_in_line_cannot_be_taken(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session, with_appointment="2027-03-15T10:00")
        [said] = await buttons.wait_for_earlier(session, young, "", NOW)
        other = await young_person(session)
        for verb in ("take", "pass", "leave"):
            assert await press(session, other, f"wait:{verb}:{said.values['waiting']}") == ["utter_waiting_offer_gone"]
