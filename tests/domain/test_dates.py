"""Dates and times as young people write them: what is read, what is refused, what is left alone."""

import json
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.dates import (
    PARIS,
    PART_HOURS,
    Candidate,
    Grain,
    Part,
    Reading,
    RefusalReason,
    read,
)

HERE = Path(__file__).parent
TUESDAY = datetime(2027, 3, 9, 10, 0, tzinfo=PARIS)

# Public cases that mean nothing for an appointment, and why.
PUBLIC_REFUSED = {
    "2 dernières secondes": "seconds, and over",
    "3 prochaines secondes": "seconds",
    "trois prochaines secondes": "seconds",
    "3 prochaines minutes": "a length of minutes is no time to meet",
    "3 heures suivantes": "a length of hours is no time to meet",
    'dans 1\\"': "seconds, in a notation nobody here writes",
    "dans 2'": "a notation nobody here writes; it is also an apostrophe",
    "au coucher du soleil": "no permanence is set by the sun",
    "à la tombée de la nuit": "no permanence is set by the sun",
    "aux aurores": "no permanence is set by the sun",
    "hier soir": "past: answered by a refusal",
    "   il y a    12 heures": "a past duration",
    "il y a 12 heures il s'est passé quelque chose": "a past duration",
    "La deadline est ce matin": "said at noon: past",
    "pour 5 minutes": "a length of time",
    "ce week-end": "expected from Friday 18:00; here it is Saturday and Sunday",
}


def cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / name).read_text().splitlines()]


def paris(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=PARIS)


def days(candidates: tuple[Candidate, ...]) -> list[str]:
    return [f"{each.start:%d/%m}" for each in candidates]


def test_public_cases_fall_on_the_right_day() -> None:
    kept = [case for case in cases("dates_public.jsonl") if case["text"] not in PUBLIC_REFUSED]
    wrong = [
        case["text"]
        for case in kept
        if [each.start.date() for each in read(case["text"], paris(case["ref"])).candidates[:1]]
        != [paris(case["start"]).date()]
    ]
    assert len(kept) >= 148
    assert len(wrong) <= 0.03 * len(kept), wrong


def test_refused_public_cases_promise_nothing() -> None:
    by_text = {case["text"]: paris(case["ref"]) for case in cases("dates_public.jsonl")}
    read_anyway = [text for text in PUBLIC_REFUSED if text != "ce week-end" and read(text, by_text[text]).candidates]
    assert read_anyway == []


def test_own_cases_have_the_right_day_and_time() -> None:
    own = cases("dates.jsonl")
    wrong = []
    for case in own:
        found = read(case["text"], paris(case["now"])).candidates[:1]
        expected = Candidate(paris(case["start"]), paris(case["end"]), Grain(case["grain"]), case["day_named"])
        if found != (expected,):
            wrong.append(case["text"])
    assert len(own) >= 250
    assert len(wrong) <= 0.03 * len(own), wrong


def test_texts_without_a_date_say_nothing() -> None:
    texts = (HERE / "no_dates.txt").read_text().splitlines()
    assert len(texts) >= 200
    assert [text for text in texts if read(text, TUESDAY) != Reading()] == []


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("mardi ou mercredi", ["16/03", "10/03"], []),
        ("pas mardi, plutôt jeudi", ["11/03"], ["16/03"]),
        ("mardi ou jeudi, plutôt jeudi", ["11/03", "16/03"], []),
        ("mardi ou jeudi mais jeudi c'est mieux", ["11/03", "16/03"], []),
        ("mercredi sinon vendredi", ["10/03", "12/03"], []),
        ("mardi je peux pas jeudi oui", ["11/03"], ["16/03"]),
        ("mercredi, je peux pas", [], ["10/03"]),
        ("je peux pas lundi ni mercredi, jeudi ok", ["11/03"], ["15/03", "10/03"]),
        ("lundi je taf, mercredi c bon", ["10/03"], ["15/03"]),
        ("je bosse pas jeudi", ["11/03"], []),
        ("jeudi c mort, vendredi ?", ["12/03"], ["11/03"]),
        ("jeudi non vendredi", ["12/03"], ["11/03"]),
        ("non jeudi", ["11/03"], []),
        ("c pas mercredi mon rdv c jeudi", ["11/03"], ["10/03"]),
        ("jpeux pas venir demain dsl, annule", [], ["10/03"]),
        ("sauf lundi", [], ["15/03"]),
        ("la semaine prochaine sauf lundi", ["15/03"], ["15/03"]),
        ("la semaine pro mais pas mercredi", ["15/03"], ["17/03"]),
        ("mardi ou jeudi de la semaine pro", ["16/03", "18/03"], []),
        ("vendredi ou la semaine prochaine", ["12/03", "15/03"], []),
        ("pas mardi, le mardi d'après", ["23/03"], ["16/03"]),
        ("jeudi plutôt que mercredi", ["11/03"], ["10/03"]),
        ("du 15 au 20 mars sauf le 17", ["15/03"], ["17/03"]),
        ("les 12, 13 et 14 avril", ["12/04", "13/04", "14/04"], []),
        ("le 12 ou le 13 avril", ["12/04", "13/04"], []),
        ("un mardi en avril", ["06/04", "13/04", "20/04", "27/04"], []),
        ("pourquoi pas jeudi", ["11/03"], []),
        ("ya pas de place jeudi ?", ["11/03"], []),
    ],
)
def test_wanted_and_unwanted_days_come_in_the_order_meant(text: str, wanted: list[str], unwanted: list[str]) -> None:
    reading = read(text, TUESDAY)
    assert days(reading.candidates) == wanted
    assert days(reading.excluded) == unwanted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jeudi 14h ou vendredi 10h", ["11/03 14:00", "12/03 10:00"]),
        ("14h jeudi ou 15h vendredi", ["11/03 14:00", "12/03 15:00"]),
        ("jeudi 14h ou 16h", ["11/03 14:00", "11/03 16:00"]),
        ("mercredi ou jeudi matin", ["10/03 08:00", "11/03 08:00"]),
        ("mercredi matin ou jeudi aprem", ["10/03 08:00", "11/03 14:00"]),
        ("jeudi 8h-10h ou 14h-16h", ["11/03 08:00", "11/03 14:00"]),
        ("du 12 au 14 avril le matin", ["12/04 08:00", "13/04 08:00", "14/04 08:00"]),
        ("jeudi 9h pas possible, 11h oui", ["11/03 11:00"]),
    ],
)
def test_each_day_keeps_its_own_hour(text: str, expected: list[str]) -> None:
    assert [f"{each.start:%d/%m %H:%M}" for each in read(text, TUESDAY).candidates] == expected


@pytest.mark.parametrize(
    ("text", "said", "reason"),
    [
        ("31 février", "31 février", RefusalReason.IMPOSSIBLE),
        ("je peux le 31 avril", "le 31 avril", RefusalReason.IMPOSSIBLE),
        ("le 32 mars", "le 32 mars", RefusalReason.IMPOSSIBLE),
        ("30/02", "30/02", RefusalReason.IMPOSSIBLE),
        ("le 15/13", "le 15/13", RefusalReason.IMPOSSIBLE),
        ("15/03/2020", "15/03/2020", RefusalReason.PAST),
        ("1er mars 2026 stp", "1er mars 2026", RefusalReason.PAST),
        ("hier", "hier", RefusalReason.PAST),
        ("lundi dernier", "lundi dernier", RefusalReason.PAST),
        ("la semaine dernière", "la semaine dernière", RefusalReason.PAST),
        ("aujourd'hui à 9h", "aujourd'hui à 9h", RefusalReason.PAST),
    ],
)
def test_a_day_that_cannot_be_is_refused_in_the_words_said(text: str, said: str, reason: RefusalReason) -> None:
    reading = read(text, TUESDAY)
    assert [(each.text, each.reason) for each in reading.refused] == [(said, reason)]
    assert reading.candidates == ()


def test_a_good_day_survives_an_impossible_one() -> None:
    reading = read("le 31 février ou le 12 mars", TUESDAY)
    assert days(reading.candidates) == ["12/03"]
    assert [each.reason for each in reading.refused] == [RefusalReason.IMPOSSIBLE]


def test_what_is_over_is_not_taken_for_a_wish() -> None:
    assert days(read("jai zappé le rdv de lundi jpeux en avoir un autre jeudi ?", TUESDAY).candidates) == ["11/03"]
    assert read("jai loupé le rdv de mardi", TUESDAY) == Reading()


def test_a_part_of_the_day_refused_without_a_day_is_refused_every_day() -> None:
    reading = read("jeudi mais pas le matin", TUESDAY)
    assert days(reading.candidates) == ["11/03"]
    assert reading.excludes(paris("2027-03-11T09:00"))
    assert reading.excludes(paris("2027-03-16T11:30"))
    assert not reading.excludes(paris("2027-03-11T14:00"))


def test_a_day_refused_is_refused_all_day_and_no_other() -> None:
    reading = read("sauf lundi", TUESDAY)
    assert reading.excludes(paris("2027-03-15T16:00").astimezone(UTC))
    assert not reading.excludes(paris("2027-03-16T00:00"))


def test_the_evening_refused_lasts_until_midnight() -> None:
    assert read("pas le soir", TUESDAY).excludes(paris("2027-03-12T23:30"))


def test_a_structure_sets_its_own_parts_of_the_day() -> None:
    early = {**PART_HOURS, Part.AFTERNOON: (time(13, 30), time(17))}
    [found] = read("jeudi aprem", TUESDAY, part_hours=early).candidates
    assert (found.start, found.end) == (paris("2027-03-11T13:30"), paris("2027-03-11T17:00"))


def test_a_weekday_alone_is_never_today_but_an_hour_to_come_may_be() -> None:
    assert days(read("mardi", TUESDAY).candidates) == ["16/03"]
    assert days(read("ce mardi", TUESDAY).candidates) == ["09/03"]
    assert days(read("mardi 14h", TUESDAY).candidates) == ["09/03"]
    assert days(read("mardi 9h", TUESDAY).candidates) == ["16/03"]


def test_now_may_come_in_any_zone() -> None:
    late = datetime(2027, 3, 9, 23, 30, tzinfo=UTC)  # already Wednesday in Paris
    assert days(read("demain", late).candidates) == ["11/03"]


@pytest.mark.parametrize(
    ("text", "now", "start", "hours"),
    [
        ("demain", "2027-03-27T12:00", "2027-03-27T23:00", 23),
        ("demain", "2027-10-30T12:00", "2027-10-30T22:00", 25),
        ("demain 14h", "2027-03-27T12:00", "2027-03-28T12:00", 1),
        ("demain 14h", "2027-10-30T12:00", "2027-10-31T13:00", 1),
        ("demain 02h30", "2027-03-27T12:00", "2027-03-28T01:30", 1 / 60),  # an hour that does not exist
        ("dans 24h", "2027-03-27T12:00", "2027-03-28T11:00", 1 / 60),
    ],
)
def test_daylight_saving(text: str, now: str, start: str, hours: float) -> None:
    [found] = read(text, paris(now)).candidates
    assert found.start.astimezone(UTC) == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert found.end.astimezone(UTC) - found.start.astimezone(UTC) == timedelta(hours=hours)


FLOODS = [
    "1 ", "1/", "14h", "le ", "lundi ", "pas ", "a@", "a", ".", "é", "+33 ", "- ", "vingt - ", "en mars ",
    "on peut pas ", "je peux pas lundi la semaine prochaine ", "lundi 14h ou mardi matin, ", "les 12, ",
    "entre 12 et 14 ", "le 12 mars 2027 à 14h30 ", "en mars le matin et l'aprem ou 14h ", "midi ", "ymqsdfg ",
]  # fmt: skip


@pytest.mark.timeout(30)
@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_is_read(flood: str) -> None:
    """And never for minutes; how fast is for `make bench`."""
    reading = read((flood * 4096)[:4096], TUESDAY)
    assert len(set(reading.candidates)) == len(reading.candidates)


FRAGMENTS = st.sampled_from(
    [word for case in cases("dates.jsonl") for word in case["text"].split()]
    + (HERE / "no_dates.txt").read_text().splitlines()[:80]
    + ["29 février", "31/12/9999", "00/00", "le 0", "-", "'", "…", "٣", "½", "\n", "dans 999 jours", "24h", "minuit"]
)
TEXTS = st.one_of(st.text(max_size=120), st.lists(FRAGMENTS, max_size=12).map(" ".join))
NOWS = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001 — hypothesis wants them naive
    datetime(2060, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([PARIS, UTC, ZoneInfo("Asia/Tokyo")]),
)


@given(text=TEXTS, now=NOWS)
def test_whatever_is_written_candidates_are_real_and_to_come(text: str, now: datetime) -> None:
    reading = read(text, now)
    for each in (*reading.candidates, *reading.excluded):
        assert each.start.tzinfo is PARIS
        assert each.start.astimezone(UTC) < each.end.astimezone(UTC)
        assert each.end.astimezone(UTC) > now.astimezone(UTC)
    assert len(set(reading.candidates)) == len(reading.candidates)
    assert not set(reading.candidates) & set(reading.excluded)
    assert all(refusal.text in text for refusal in reading.refused)


@given(now=NOWS, hour=st.integers(8, 19))
def test_tomorrow_is_tomorrow_on_any_day_of_any_year(now: datetime, hour: int) -> None:
    [found] = read(f"demain {hour}h", now).candidates
    assert (found.start.date() - now.astimezone(PARIS).date(), found.start.hour) == (timedelta(days=1), hour)
