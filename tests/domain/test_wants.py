"""Two wants in one message, and two meanings of one text."""

from __future__ import annotations

import pytest

from bot.domain.wants import close_meanings, pieces, two_wants


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jcherche un taf et un appart", ["jcherche un taf", "un appart"]),
        ("c gratuit ? jveux un rdv", ["c gratuit", "jveux un rdv"]),
        ("jai faim. jai plus de mutuelle", ["jai faim", "jai plus de mutuelle"]),
        ("mon rdv c quand, et aussi faut ramener koi ?", ["mon rdv c quand", "faut ramener koi"]),
        ("jveux un rdv mardi à 14.30", []),
        ("un\ndeux\ntrois\nquatre\ncinq", []),
        ("???", []),
        ("", []),
    ],
)
def test_a_text_is_cut_at_clear_joints(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


def test_both_wants_are_answered_when_both_are_sure() -> None:
    read = [("jcherche un taf", "need_job", 0.9), ("un appart", "need_housing", 0.8)]
    assert two_wants(read, booking=False) == ["jcherche un taf", "un appart"]
    assert two_wants([read[0], ("un appart", "need_housing", 0.4)], booking=False) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("greet", "need_job"),
        ("need_job", "inform"),
        ("need_job", "need_job"),
        ("cancel_appointment", "book_appointment"),
        ("request_human", "request_callback"),
    ],
)
def test_one_want_told_in_two_ways_is_one(first: str, second: str) -> None:
    assert two_wants([("a", first, 0.9), ("b", second, 0.9)], booking=False) == []


def test_what_ends_with_a_question_comes_last() -> None:
    read = [("un rdv mardi", "book_appointment", 0.9), ("c gratuit", "ask_about_service", 0.9)]
    assert two_wants(read, booking=False) == ["c gratuit", "un rdv mardi"]


def test_an_open_booking_has_its_answer_first() -> None:
    read = [("faut ramener koi", "ask_documents", 0.9), ("mardi", "inform", 0.9)]
    assert two_wants(read, booking=True) == ["mardi", "faut ramener koi"]
    assert two_wants([("mardi", "inform", 0.9), ("ou jeudi", "move_appointment", 0.9)], booking=True) == []


def test_only_two_likely_meanings_are_asked_about() -> None:
    assert close_meanings([("cancel_appointment", 0.4), ("move_appointment", 0.38)]) == (
        "cancel_appointment",
        "move_appointment",
    )
    assert close_meanings([("cancel_appointment", 0.2), ("move_appointment", 0.18)]) is None
    assert close_meanings([("cancel_appointment", 0.4), ("deny", 0.38)]) is None
