"""The seams a linter cannot see, between the data, the domain, the actions and the code."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from actions.server import action_classes
from bot import texts
from bot.channels.telegram.profile import COMMANDS
from bot.domain.conversations import MAX_BUTTON, Say
from bot.domain.helplines import Line, Verified, all_lines
from bot.domain.safety import Kind
from bot.domain.team import NoticeKind
from bot.domain.themes import Theme
from bot.domain.wants import NO_WANT
from bot.services import buttons, commands
from bot.training import ROOT, domain_folder
from nlu.langue import fold

DOMAIN = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
INTENTS = sorted(DOMAIN["intents"])
# "Tu veux un rendez-vous ?" is answered by a yes; "Tu veux quoi ?" and "ceci, ou cela ?" are not.
YES_QUESTION = re.compile(r"(?:Tu veux|Je te montre)\b(?![^?]*\b(?:quoi|quels?|quelles?|laquelle|où|ou)\b)[^.?!]*\?")
LEAST_TRAINING = 15
LEAST_HELD_OUT = 12
# Names the code puts together from a question, a number or a kind of reminder.
MADE_BY_PREFIX = (
    "utter_safety_answer_",
    "utter_safety_listen_",
    "utter_booked_reminder_",
    "utter_workshop_own_",
)


def sentences(folder: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for file in sorted((ROOT / folder).glob("*.yml")):
        for block in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
            lines = [line[2:].strip() for line in block["examples"].splitlines() if line.startswith("- ")]
            found.setdefault(block["intent"], []).extend(lines)
    return found


TRAINING, HELD_OUT = sentences("data/nlu"), sentences("tests/nlu")


def rules() -> list[dict[str, Any]]:
    files = sorted((ROOT / "data" / "rules").glob("*.yml"))
    return list(chain.from_iterable(yaml.safe_load(file.read_text(encoding="utf-8"))["rules"] for file in files))


def plain(sentence: str) -> str:
    return re.sub(r"\W+", " ", fold(sentence.lower())).strip()


def code() -> str:
    files = chain((ROOT / "bot").rglob("*.py"), (ROOT / "actions").rglob("*.py"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def catalogue_of_buttons() -> list[tuple[str, str, str]]:
    """(response, title, payload) of every button of every variant."""
    return [
        (name, button["title"], button["payload"])
        for name, variants in texts.responses().items()
        for variant in variants
        for button in variant.get("buttons", ())
    ]


def test_every_want_has_a_name_that_fits_a_button() -> None:
    assert set(texts.labels()) == set(INTENTS) - NO_WANT
    assert [label for label in texts.labels().values() if len(label) > MAX_BUTTON] == []
    assert len(set(texts.labels().values())) == len(texts.labels())


def test_every_intent_has_a_name_in_the_console() -> None:
    assert set(texts.meanings()) == set(INTENTS)
    assert len(set(texts.meanings().values())) == len(INTENTS)


@pytest.mark.parametrize("intent", INTENTS)
def test_every_intent_has_training_and_held_out_sentences(intent: str) -> None:
    assert len(TRAINING.get(intent, [])) >= LEAST_TRAINING
    assert len(HELD_OUT.get(intent, [])) >= LEAST_HELD_OUT


def test_no_sentence_is_of_an_unknown_intent() -> None:
    assert set(TRAINING) | set(HELD_OUT) == set(INTENTS)


def test_no_training_sentence_is_of_two_intents() -> None:
    owners: dict[str, set[str]] = {}
    for intent, lines in TRAINING.items():
        for line in lines:
            owners.setdefault(plain(line), set()).add(intent)
    # A line of signs alone ("???", an emoji) folds to nothing.
    assert {line: intents for line, intents in owners.items() if line and len(intents) > 1} == {}


def test_held_out_sentences_are_not_in_the_training() -> None:
    trained = {plain(line) for line in chain.from_iterable(TRAINING.values())}
    # Very short ones ("ok", "merci") are what everyone writes, whoever writes them.
    copied = {
        line
        for line in chain.from_iterable(HELD_OUT.values())
        if plain(line) in trained and len(plain(line).split()) > 3
    }
    assert copied == set()


def test_every_intent_has_one_rule() -> None:
    counted = Counter(step["intent"] for rule in rules() for step in rule["steps"] if "intent" in step)
    assert counted == Counter([*INTENTS, "nlu_fallback"])


def test_every_action_is_registered_once_and_in_the_domain() -> None:
    names = [action(None, None).name() for action in action_classes()]  # type: ignore[arg-type]
    assert sorted(names) == sorted(DOMAIN["actions"])
    assert len(names) == len(set(names))


def test_every_action_of_a_rule_exists() -> None:
    known = {*DOMAIN["actions"], *DOMAIN["forms"], *texts.responses()}
    asked = {step["action"] for rule in rules() for step in rule["steps"] if "action" in step}
    assert asked <= known


def test_no_response_is_defined_twice_and_every_one_is_used() -> None:
    written = code()
    made = {
        *(theme.response for theme in Theme),
        *(f"utter_{intent}" for intent in INTENTS if intent.startswith(("need_", "report_", "ask_cross"))),
        *(f"utter_notice_{kind.value}" for kind in NoticeKind),
        *(f"utter_command_{name}" for name in COMMANDS),
        *(f"utter_safety_heard_{kind.value}" for kind in Kind),
        *(f"utter_safety_line_{line}" for line in all_lines()),
        *(step["action"] for rule in rules() for step in rule["steps"] if "action" in step),
    }
    unused = {
        name
        for name in texts.responses()
        if name not in made and f'"{name}"' not in written and not name.startswith(MADE_BY_PREFIX)
    }
    assert unused == set()


def test_every_response_named_in_the_code_exists() -> None:
    named = set(re.findall(r'"(utter_\w+[a-z0-9])"', code()))
    assert named - set(texts.responses()) == set()


def test_variants_of_a_response_need_the_same_values_and_have_the_same_buttons() -> None:
    for name, variants in texts.responses().items():
        needed = {frozenset(re.findall(r"\{(\w+)\}", variant["text"])) for variant in variants}
        payloads = {tuple(button["payload"] for button in variant.get("buttons", ())) for variant in variants}
        assert len(payloads) == 1, name
        # A variant may leave a value out, but never need one that another does not.
        assert max(needed, key=len) >= frozenset().union(*needed), name


@pytest.mark.parametrize(("response", "title", "payload"), catalogue_of_buttons())
def test_every_button_fits_and_does_something(response: str, title: str, payload: str) -> None:
    longest = title.replace("{short}", "ven. 14h30")
    assert len(longest) <= MAX_BUTTON, response
    assert len(payload.encode()) <= 64
    verb = payload.split(":")[0]
    assert verb in {*buttons.BOOKING_VERBS, *buttons.VERBS, *buttons.GROUP, *buttons.WORDS, "safe"}, response


@pytest.mark.parametrize("response", sorted(texts.responses()))
def test_a_question_that_a_yes_answers_marks_the_button_it_presses(response: str) -> None:
    for variant in texts.responses()[response]:
        marks = [button["on_yes"] for button in variant.get("buttons", ()) if "on_yes" in button]
        assert marks in ([], [True])
        if variant.get("buttons") and YES_QUESTION.search(variant["text"]):
            assert marks, variant["text"]
        if marks:
            assert "?" in variant["text"]


@pytest.mark.parametrize("line", [line for line in all_lines().values() if line.verified is Verified.PARTIAL])
def test_a_line_whose_hours_are_not_sure_is_said_so(line: Line) -> None:
    for name in texts.responses():
        for text in texts.all_variants(name):
            assert line.said not in text or f"{line.said} (horaires à vérifier)" in text, name


def test_rasa_is_given_the_names_of_the_responses_and_no_words(tmp_path: Path) -> None:
    given = yaml.safe_load((domain_folder(tmp_path) / "responses.yml").read_text(encoding="utf-8"))["responses"]
    assert set(given) == set(texts.responses())
    for name, variants in given.items():
        assert [Say.from_json(say) for variant in variants for say in variant["custom"]["say"]] == [Say(name)]


def test_every_command_shown_by_telegram_is_known() -> None:
    assert set(COMMANDS) <= {*commands.COMMANDS, *commands.WORDS}


def test_every_file_of_rules_has_its_sentences() -> None:
    """One file a topic, the same stem in each folder."""
    stems = {Path(file).stem for file in (ROOT / "data" / "rules").glob("*.yml")}
    assert stems <= {Path(file).stem for file in (ROOT / "data" / "nlu").glob("*.yml")}
