"""The script that holds the conversation while an alert is open."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from bot.domain.distress import Reply, Say, Script, TeamStatus, first_answer, next_answer, understood
from bot.domain.helplines import PARIS, Line, all_lines, lines_for
from bot.domain.safety import NOTHING, Kind, Level, SafetyReading, Who, check

NIGHT = datetime(2027, 3, 25, 18, 30, tzinfo=PARIS)
CLOSED = TeamStatus(reopens="mardi 30 mars à 9 h")
KARIM = TeamStatus(reached="Karim", open_now=True)
RESPONSES: dict[str, list[dict[str, Any]]] = YAML(typ="safe").load(Path("data/responses/safety.yml"))["responses"]


def lines(kind: Kind, level: Level = Level.HIGH, *, can_speak: bool = True) -> tuple[Line, ...]:
    return lines_for(kind, level, NIGHT, can_speak=can_speak, age=None, ongoing=level is Level.CRITICAL)


def reading(kind: Kind, level: Level = Level.HIGH, who: Who = Who.SELF) -> SafetyReading:
    return SafetyReading(level, (kind,), who)


def opened(kind: Kind, level: Level = Level.HIGH, status: TeamStatus = CLOSED) -> tuple[list[str], Script]:
    says, script = first_answer(reading(kind, level), lines(kind, level), status, Script())
    return names(says), script


def names(says: list[Say]) -> list[str]:
    return [say.response for say in says]


def answer(
    text: str, script: Script, kind: Kind = Kind.SUICIDE, status: TeamStatus = CLOSED
) -> tuple[list[str], Script]:
    says, after = next_answer(text, check(text), lines(kind), status, script)
    return names(says), after


def test_suicidal_thoughts_heard_line_team_question() -> None:
    said, script = opened(Kind.SUICIDE)
    assert said[0] == "utter_safety_heard_suicide"
    assert said[1] == "utter_safety_line_suicide_3114"
    assert said[-2:] == ["utter_safety_status_closed", "utter_safety_ask_danger"]
    assert script.waiting == "utter_safety_ask_danger"


@pytest.mark.parametrize("kind", list(Kind))
def test_critical_gives_the_emergency_line_first(kind: Kind) -> None:
    said, _ = opened(kind, Level.CRITICAL)
    assert said[0].startswith("utter_safety_line_")
    assert any(name.startswith("utter_safety_heard_") for name in said)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("level", [Level.HIGH, Level.CRITICAL])
@pytest.mark.parametrize("who", list(Who))
def test_every_first_answer_has_its_texts(kind: Kind, level: Level, who: Who) -> None:
    says, _ = first_answer(reading(kind, level, who), lines(kind, level), KARIM, Script())
    assert all(name in RESPONSES for name in names(says))


def test_violence_asks_only_whether_they_can_read() -> None:
    said, _ = opened(Kind.VIOLENCE)
    assert said[0] == "utter_safety_heard_discreet"
    assert said[-1] == "utter_safety_ask_can_read"


def test_a_friend_in_danger_is_asked_where_they_are() -> None:
    says, _ = first_answer(reading(Kind.SUICIDE, who=Who.OTHER), lines(Kind.SUICIDE), CLOSED, Script())
    assert names(says)[-1] == "utter_safety_ask_other_where"


@pytest.mark.parametrize(
    ("status", "response", "values"),
    [
        (KARIM, "utter_safety_status_reached", {"name": "Karim"}),
        (TeamStatus(open_now=True), "utter_safety_status_open", {"line": "3114"}),
        (CLOSED, "utter_safety_status_closed", {"reopens": "mardi 30 mars à 9 h", "line": "3114"}),
        (TeamStatus(), "utter_safety_status_unknown", {"line": "3114"}),
    ],
)
def test_the_team_sentence_says_what_is_true(status: TeamStatus, response: str, values: dict[str, str]) -> None:
    says, _ = first_answer(reading(Kind.SUICIDE), lines(Kind.SUICIDE), status, Script())
    assert Say(response, values) in says
    assert sum("_status_" in say.response for say in says) == 1


def test_the_team_reached_later_is_said_then_and_once() -> None:
    _, script = opened(Kind.SUICIDE)
    said, script = answer("je suis dans ma chambre", script, status=KARIM)
    assert "utter_safety_status_reached" in said
    said, _ = answer("voila", script, status=KARIM)
    assert "utter_safety_status_reached" not in said


def test_a_late_answer_to_violence_starts_neutrally_and_names_nothing() -> None:
    for kind in (Kind.VIOLENCE, Kind.SEXUAL_VIOLENCE, Kind.EXPLOITATION, Kind.FORCED_MARRIAGE):
        says, script = first_answer(reading(kind), lines(kind), KARIM, Script(), late=True)
        assert names(says) == ["utter_safety_discreet_hello"]
        start = RESPONSES["utter_safety_discreet_hello"][0]["text"][:80].lower()
        assert not re.search(r"violen|danger|alerte|114|119|17|menac|frapp", start)
        said, _ = answer("safe:can_read", script, kind, KARIM)
        assert any("_line_" in name for name in said)
        said, _ = answer("safe:later", script, kind)
        assert said == ["utter_safety_later"]


def test_wanting_discretion_is_enough() -> None:
    discreet = SafetyReading(Level.HIGH, (Kind.SUICIDE,), wants_discretion=True)
    says, _ = first_answer(discreet, lines(Kind.SUICIDE), CLOSED, Script(), late=True)
    assert names(says) == ["utter_safety_discreet_hello"]


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("oui", Reply.YES), ("ouais", Reply.YES), ("safe:yes", Reply.YES),
        ("non", Reply.NO), ("nn", Reply.NO), ("safe:no", Reply.NO),
        ("jsp", Reply.UNSURE), ("je sais pas trop", Reply.UNSURE), ("safe:unsure", Reply.UNSURE),
        ("oui ma mère", Reply.SOMEONE), ("ya ma pote avec moi", Reply.SOMEONE),
        ("appelle personne", Reply.NO_CALL), ("dis rien a mes parents", Reply.NO_CALL),
        ("pas la police svp", Reply.NO_CALL),
        ("laisse tomber", Reply.DROP), ("nn laisse tomber", Reply.DROP), ("oublie", Reply.DROP), ("tg", Reply.DROP),
        ("tkt c bon", Reply.FINE), ("ca va mieux", Reply.FINE),
        ("mdr je rigole", Reply.JOKE), ("c t une blague", Reply.JOKE), ("😂", Reply.JOKE), ("🤣🤣", Reply.JOKE),
        ("jpeux pas parler", Reply.CANNOT_SPEAK), ("il va m'entendre", Reply.CANNOT_SPEAK),
        ("", Reply.SILENCE), ("  \n", Reply.SILENCE),
        ("t un robot ?", Reply.ROBOT), ("merci", Reply.THANKS), ("pas maintenant", Reply.LATER),
        ("😭", Reply.OTHER), ("ca va pas", Reply.OTHER), ("je suis dans ma chambre", Reply.OTHER),
    ],
)  # fmt: skip
def test_replies_are_understood_whatever_their_spelling(text: str, reply: Reply) -> None:
    assert understood(text) is reply


@pytest.mark.parametrize(
    ("text", "response"),
    [
        ("oui", "utter_safety_danger_yes"),
        ("non", "utter_safety_danger_no"),
        ("jsp", "utter_safety_danger_unsure"),
        ("oui ma mère", "utter_safety_someone"),
        ("appelle personne", "utter_safety_no_call"),
        ("laisse tomber", "utter_safety_drop"),
        ("tkt c bon", "utter_safety_fine"),
        ("mdr je rigole", "utter_safety_joke"),
        ("😂", "utter_safety_joke"),
        ("jpeux pas parler", "utter_safety_cannot_speak"),
    ],
)
def test_the_answer_to_each_reply(text: str, response: str) -> None:
    _, script = opened(Kind.SUICIDE)
    said, _ = answer(text, script)
    assert said[0] == response


def test_nothing_is_sent_into_silence() -> None:
    _, script = opened(Kind.SUICIDE)
    assert answer("", script) == ([], script)


def test_who_cannot_speak_is_given_a_line_to_write_to() -> None:
    _, script = opened(Kind.EMERGENCY)
    script = Script(waiting=script.waiting, level=script.level, kinds=script.kinds)
    said, _ = answer("jpeux pas parler", script, Kind.EMERGENCY)
    assert said == ["utter_safety_cannot_speak", "utter_safety_line_sms_114"]


def test_whoever_is_there_may_be_the_danger() -> None:
    _, script = opened(Kind.VIOLENCE)
    said, _ = answer("oui ma mère", script, Kind.VIOLENCE)
    assert "utter_safety_someone" not in said


def test_saying_yes_to_danger_makes_the_script_critical_and_nothing_lowers_it() -> None:
    _, script = opened(Kind.SUICIDE)
    _, script = answer("oui", script)
    assert script.level is Level.CRITICAL
    for text in ("tkt c bon", "mdr je rigole", "laisse tomber", "non"):
        _, script = answer(text, script)
    assert script.level is Level.CRITICAL


def test_a_graver_message_brings_its_lines_first() -> None:
    _, script = opened(Kind.SUICIDE)
    text = "jai avalé toute la boite de doliprane"
    found = check(text)
    says, after = next_answer(text, found, lines(Kind.OVERDOSE, Level.CRITICAL), CLOSED, script)
    assert names(says)[0] == "utter_safety_line_samu_15"
    assert after.level is Level.CRITICAL
    assert Kind.OVERDOSE in after.kinds


def test_danger_said_again_inside_a_reassurance_is_not_taken_for_one() -> None:
    _, script = opened(Kind.SUICIDE)
    said, _ = answer("tkt c bon jveux juste mourir", script)
    assert said != ["utter_safety_fine"]


def test_concern_is_received_and_a_human_offered() -> None:
    found = SafetyReading(Level.CONCERN)
    help_lines = lines_for(None, Level.CONCERN, NIGHT, can_speak=True, age=None, ongoing=False)
    says, script = first_answer(found, help_lines, CLOSED, Script())
    assert names(says)[0] == "utter_safety_heard_concern"
    assert script.asked == ()


def test_after_all_was_said_sentences_differ_then_a_human_and_the_line_are_named() -> None:
    _, script = opened(Kind.SUICIDE)
    seen: list[str] = []
    for _ in range(12):
        said, script = answer("et puis voila quoi", script)
        seen += said
    assert len(seen) == len(set(seen)) == 12
    sizes = [len(RESPONSES[name][0]["text"]) for name in seen]
    assert sizes[0] > sizes[-1]
    says, _ = next_answer("et puis voila quoi", NOTHING, lines(Kind.SUICIDE), CLOSED, script)
    assert says == [Say("utter_safety_last", {"line": "3114"})]


typed = st.sampled_from([
    "oui", "non", "jsp", "oui ma mère", "appelle personne", "laisse tomber", "tkt c bon", "mdr je rigole", "😂", "",
    "jpeux pas parler", "safe:yes", "safe:no", "safe:unsure", "safe:can_read", "safe:later", "jveux un rdv mardi",
    "jveux mourir", "il me frappe", "jsuis a la rue", "merci", "t un robot", "😭", "jai pris 30 cachets",
])  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(Kind)), st.lists(typed, max_size=14))
def test_no_text_is_said_twice_no_question_asked_twice_and_every_text_exists(kind: Kind, messages: list[str]) -> None:
    said, script = opened(kind)
    for message in messages:
        found = check(message) if not message.startswith("safe:") else NOTHING
        level = max(found.level, Level.HIGH)
        says, script = next_answer(
            message, found, lines(found.kinds[0] if found.kinds else kind, level), CLOSED, script
        )
        assert bool(says) is bool(message)
        said += names(says)
        script = Script.from_json(script.to_json())
    spoken = [name for name in said if name != "utter_safety_last"]
    assert len(spoken) == len(set(spoken))
    assert len(script.asked) == len(set(script.asked))
    assert all(name in RESPONSES for name in spoken)


# What the young person reads.


def _texts() -> list[tuple[str, dict[str, Any]]]:
    return [(name, variant) for name, variants in RESPONSES.items() for variant in variants]


def test_the_texts_say_they_wait_for_a_psychologist() -> None:
    assert "psychologue" in Path("data/responses/safety.yml").read_text(encoding="utf-8").splitlines()[0]


@pytest.mark.parametrize(("name", "variant"), _texts())
def test_texts_are_short_and_plain(name: str, variant: dict[str, Any]) -> None:
    for bubble in re.split(r"\n\s*\n", variant["text"].strip()):
        sentences = [sentence for sentence in re.split(r"(?<=[.!?])\s", bubble) if sentence]
        assert len(sentences) <= 3, bubble
        for sentence in sentences:
            assert len(re.findall(r"[\w'’-]+", sentence)) <= 15, sentence
    for button in variant.get("buttons", []):
        assert len(button["title"]) <= 26


FORBIDDEN = (
    r"reste entre nous|confidentiel|secret|personne ne saura|n'hésite|tu as droit|invisible|facture"
    r"|tes parents ne|dépressi|suicid|courageux|seule?\b|[\U0001F300-\U0001FAFF]"
)


@pytest.mark.parametrize(("name", "variant"), _texts())
def test_texts_promise_nothing_diagnose_nothing_name_nothing(name: str, variant: dict[str, Any]) -> None:
    text = variant["text"].lower().replace("je ne peux pas te promettre le secret", "")
    assert not re.search(FORBIDDEN, text), text


def test_first_answers_have_three_variants() -> None:
    for name, variants in RESPONSES.items():
        if name.startswith("utter_safety_heard_") and name != "utter_safety_heard_more":
            assert len({variant["text"] for variant in variants}) == 3


def test_every_line_that_can_be_given_has_its_sentence() -> None:
    given_lines = {
        line.id
        for kind in Kind
        for level in (Level.HIGH, Level.CRITICAL)
        for ongoing in (True, False)
        for hour in range(24)
        for can_speak in (True, False)
        for line in lines_for(kind, level, NIGHT.replace(hour=hour), can_speak=can_speak, age=None, ongoing=ongoing)
    }
    assert given_lines <= all_lines().keys()
    for line_id in given_lines:
        assert f"utter_safety_line_{line_id}" in RESPONSES


def test_no_response_is_left_unused() -> None:
    source = Path("bot/domain/distress.py").read_text(encoding="utf-8")
    built = {f"utter_safety_heard_{kind.value}" for kind in Kind}
    built |= {f"utter_safety_line_{line_id}" for line_id in all_lines()}
    built |= {f"utter_safety_listen_{n}" for n in range(1, 13)}
    built |= {
        f"utter_safety_answer_{what}_{answer}"
        for what in re.findall(r"utter_safety_ask_(\w+)", source)
        for answer in ("yes", "no")
    }
    built |= set(re.findall(r"utter_safety_\w+", source))
    assert set(RESPONSES) <= built
