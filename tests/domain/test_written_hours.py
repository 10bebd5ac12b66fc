"""Days and hours are read as people write them, or refused in French."""

from datetime import time

import pytest

from bot.domain.written_hours import parse_clock, parse_windows


@pytest.mark.parametrize("text", ["9:00", "09:00", "9h", "9h00", " 09:00 "])
def test_an_hour_is_written_several_ways(text: str) -> None:
    assert parse_clock(text) == time(9)


@pytest.mark.parametrize("text", ["24:00", "9", "9:60", "h", "", "neuf"])
def test_what_is_not_an_hour(text: str) -> None:
    with pytest.raises(ValueError, match="n'est pas une heure"):
        parse_clock(text)


def test_windows_of_several_days() -> None:
    windows = parse_windows("lun-ven 09:00-12:00, 13:30-17:00")
    assert len(windows) == 10
    assert {window.weekday for window in windows} == {0, 1, 2, 3, 4}
