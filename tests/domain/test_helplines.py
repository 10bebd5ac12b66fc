"""A line that answers, at every hour of the week, for every danger and every age."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.helplines import PARIS, Verified, all_lines, lines_for
from bot.domain.safety import Kind, Level

MONDAY = datetime(2027, 3, 22, tzinfo=PARIS)
WEEK = [MONDAY.astimezone(UTC) + timedelta(hours=hour) for hour in range(7 * 24)]
AGES = [None, 16, 17, 18, 20, 21, 25, 26, 29]
BOTH = [True, False]


def at(day: int, clock: str) -> datetime:
    hours, minutes = clock.split(":")
    return MONDAY + timedelta(days=day, hours=int(hours), minutes=int(minutes))


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("level", [Level.HIGH, Level.CRITICAL])
@pytest.mark.parametrize("can_speak", BOTH)
@pytest.mark.parametrize("ongoing", BOTH)
def test_every_hour_of_the_week_has_an_open_line_and_a_written_one(
    kind: Kind, level: Level, can_speak: bool, ongoing: bool
) -> None:
    for age in AGES:
        for hour in WEEK:
            lines = lines_for(kind, level, hour, can_speak=can_speak, age=age, ongoing=ongoing)
            assert 1 <= len(lines) <= 3
            assert all(line.open_at(hour, can_speak=can_speak) for line in lines)
            assert any(line.written_at(hour) for line in lines)
            assert all(line.verified is Verified.TRUE for line in lines)
            ids = [line.id for line in lines]
            assert ids != ["hebergement_115"]
            if can_speak:
                assert any(line.number for line in lines)
            else:
                assert "suicide_3114" not in ids
                assert "enfance_119" not in ids
            if ongoing and "enfance_119" in ids and kind is not Kind.HOMELESS_TONIGHT:
                first = min(ids.index(one) for one in ("police_17", "sms_114") if one in ids)
                assert first < ids.index("enfance_119")


@pytest.mark.parametrize("hour", WEEK[::5])
def test_distress_without_danger_has_a_line_too(hour: datetime) -> None:
    lines = lines_for(None, Level.CONCERN, hour, can_speak=True, age=None, ongoing=False)
    assert lines
    assert all(line.open_at(hour, can_speak=True) for line in lines)


def test_119_is_for_the_young_and_for_whoever_worries_about_a_child() -> None:
    noon = at(1, "12:00")
    young = lines_for(Kind.VIOLENCE, Level.HIGH, noon, can_speak=True, age=20, ongoing=False)
    adult = lines_for(Kind.VIOLENCE, Level.HIGH, noon, can_speak=True, age=21, ongoing=False)
    unknown = lines_for(Kind.VIOLENCE, Level.HIGH, noon, can_speak=True, age=None, ongoing=False)
    witness = lines_for(Kind.CHILD_IN_DANGER, Level.CRITICAL, noon, can_speak=True, age=28, ongoing=True)
    assert young[0].id == "enfance_119"
    assert "enfance_119" not in [line.id for line in adult]
    assert unknown[0].id == "enfance_119"
    assert [line.id for line in witness] == ["police_17", "sms_114", "enfance_119"]


def test_harassment_at_night_does_not_send_to_a_closed_line() -> None:
    day = lines_for(Kind.HARASSMENT, Level.HIGH, at(0, "10:00"), can_speak=True, age=17, ongoing=False)
    night = lines_for(Kind.HARASSMENT, Level.HIGH, at(0, "23:00"), can_speak=True, age=17, ongoing=False)
    assert day[0].id == "cyber_3018"
    assert "cyber_3018" not in [line.id for line in night]


def test_suicidal_thoughts_are_sent_to_3114_day_and_night() -> None:
    for clock in ("03:00", "12:00", "23:30"):
        lines = lines_for(Kind.SUICIDE, Level.HIGH, at(6, clock), can_speak=True, age=None, ongoing=False)
        assert lines[0].id == "suicide_3114"


def test_a_window_past_midnight_runs_into_the_next_day() -> None:
    line = all_lines()["sos_amitie"]
    assert line.written_at(at(0, "02:30"))  # Sunday's window, seen from Monday
    assert line.written_at(at(2, "02:59"))
    assert not line.written_at(at(2, "03:00"))


@pytest.mark.parametrize("night", ["2027-03-28T01:30", "2027-03-28T03:30", "2027-10-31T02:30"])
def test_hours_are_those_of_the_clock_when_it_changes(night: str) -> None:
    assert not all_lines()["cyber_3018"].open_at(datetime.fromisoformat(night).replace(tzinfo=PARIS), can_speak=True)


def test_what_is_shown_names_its_source() -> None:
    for line in all_lines().values():
        assert line.source
        assert line.said
