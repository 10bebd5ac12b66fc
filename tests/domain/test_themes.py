"""Themes: each is answered, each is recognised in sentences the model never saw."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bot.domain.themes import Theme, find_theme
from nlu.langue import fold

ROOT = Path(__file__).parents[2]
HELD_OUT: list[tuple[str, Theme | None, str]] = []
for _line in (Path(__file__).with_name("themes.tsv")).read_text(encoding="utf-8").splitlines():
    _value, _text = _line.split("\t")
    _intent, _name = _value.split("/")
    HELD_OUT.append((_intent, None if _name == "-" else Theme(_value), _text))


def _training() -> dict[str, list[str]]:
    sentences: dict[str, list[str]] = {}
    for path in (ROOT / "data" / "nlu").glob("*.yml"):
        for entry in YAML(typ="safe").load(path)["nlu"]:
            if "intent" in entry:
                lines = entry["examples"].splitlines()
                sentences.setdefault(entry["intent"], []).extend(line.removeprefix("- ") for line in lines)
    return sentences


def test_every_theme_belongs_to_an_intent_the_model_learns() -> None:
    assert {theme.intent for theme in Theme} <= _training().keys()


def test_every_theme_has_a_response_and_so_has_its_intent() -> None:
    said: set[str] = set()
    for path in (ROOT / "data" / "responses").glob("*.yml"):
        said |= YAML(typ="safe").load(path)["responses"].keys()
    assert {theme.response for theme in Theme} <= said
    assert {f"utter_{theme.intent}" for theme in Theme} <= said


def test_every_theme_says_where_it_is_counted() -> None:
    labels = Counter(theme.label for theme in Theme)
    assert max(labels.values()) == 1
    assert {theme.imilo for theme in Theme if theme.intent == "need_health"} == {"Santé"}
    assert Theme.MOBILITY_COME_TO_ME.pdn == "infos pratiques sur une structure"
    assert Theme.JOB_CV.imilo == "Emploi"


def test_every_theme_has_eight_held_out_sentences_or_more() -> None:
    counts = Counter(theme for _, theme, _ in HELD_OUT)
    assert {theme for theme in Theme if counts[theme] < 8} == set()


def test_held_out_sentences_are_not_in_the_training_data() -> None:
    learnt = {fold(sentence.lower()) for sentences in _training().values() for sentence in sentences}
    assert [text for _, _, text in HELD_OUT if fold(text.lower()) in learnt] == []


def test_themes_are_found_in_held_out_sentences() -> None:
    wrong = [
        (text, expected, found)
        for intent, expected, text in HELD_OUT
        if (found := find_theme(intent, text)) != expected
    ]
    accuracy = 1 - len(wrong) / len(HELD_OUT)
    assert accuracy >= 0.95, wrong


@pytest.mark.parametrize(
    ("intent", "text", "theme"),
    [
        ("need_health", "jsuis enceinte et jai plus de carte vitale", Theme.HEALTH_PREGNANCY),
        ("need_health", "la pilule pr pas tomber enceinte", Theme.HEALTH_CONTRACEPTION),
        ("need_money_rights", "jai rien a manger la caf ma radié", Theme.MONEY_FOOD),
        ("need_papers", "mon titre de séjour expire et jai une amende", Theme.PAPERS_RESIDENCE),
    ],
)
def test_what_is_most_urgent_is_answered_first(intent: str, text: str, theme: Theme) -> None:
    assert find_theme(intent, text) is theme


def test_an_intent_without_themes_finds_none() -> None:
    assert find_theme("need_housing", "un appart près du bus") is None


def test_a_theme_is_only_looked_for_inside_its_intent() -> None:
    assert find_theme("need_job", "mon permis") is None
