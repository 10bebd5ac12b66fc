"""Danger is seen in text-message French, figures of speech are not taken for it, and time stays bounded.

`data/safety/rules.tsv` holds the lines the rules were written from; `kinds` says what a harmless line is (a figure of
speech, a quote, an ordinary message). `safety_heldout.tsv` was written apart, by the hand that wrote the lines learnt
first; `data/safety/sight.tsv` to `sight6.tsv` by six others. Nothing was learnt from them: their
floors are what they showed, short of the goals that data/safety/README.md names.
"""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.assistant.encoder import SentenceEncoder
from bot.domain.safety import Kind, Level, SafetyReading, Sure, When, Who, by_rules, check
from bot.domain.safety.check import RULES_GATE as GATE
from bot.domain.safety.check import readable_form
from bot.domain.safety.classifier import classify
from bot.domain.safety.patterns import RULES
from nlu.encoder import TUNED


@dataclass(frozen=True)
class Written:
    text: str
    level: Level
    kinds: frozenset[str]
    found: SafetyReading


DATA = Path("data/safety")
LEARNT_FROM = (
    "rules.tsv", "train.tsv", "dev.tsv", "train2.tsv", "train3.tsv",
    *(path.name for path in sorted(DATA.glob("hand_*.tsv"))),
)  # fmt: skip
SIGHTS = ("sight.tsv", "sight2.tsv", "sight3.tsv", "sight4.tsv", "sight5.tsv", "sight6.tsv", "sight7.tsv")
HELD_OUT_FILE = Path(__file__).with_name("safety_heldout.tsv")


def _lines(path: Path, *, with_meaning: bool = False) -> list[Written]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    read = SentenceEncoder().read_now if with_meaning else lambda text: []
    return [
        Written(
            row["text"],
            Level(row["level"]),
            frozenset(row["kinds"].split(",")),
            check(row["text"], meanings=read(row["text"])),
        )
        for row in rows
    ]


LINES = _lines(DATA / "rules.tsv")
IN_DANGER = [line for line in LINES if line.level >= Level.HIGH]
CRITICAL = [line for line in LINES if line.level is Level.CRITICAL]
HARMLESS = [line for line in LINES if line.level is Level.NONE]


def test_the_lines_cover_every_kind_level_and_enough_harmless_talk() -> None:
    assert len([line for line in LINES if line.level > Level.NONE]) >= 300
    assert len(HARMLESS) >= 400
    assert len([line for line in HARMLESS if "ordinary" not in line.kinds]) >= len(HARMLESS) / 2
    assert {kind for line in LINES for kind in line.kinds} >= {kind.value for kind in Kind}
    assert {line.level for line in LINES} == set(Level)


def test_danger_is_seen() -> None:
    missed = [line.text for line in IN_DANGER if line.found.level < Level.HIGH]
    assert len(missed) <= 0.02 * len(IN_DANGER), missed


def test_danger_to_life_is_seen_as_such() -> None:
    missed = [line.text for line in CRITICAL if line.found.level is not Level.CRITICAL]
    assert len(missed) <= 0.05 * len(CRITICAL), missed


def test_the_kind_is_right() -> None:
    wrong = [line.text for line in IN_DANGER if line.kinds.isdisjoint(kind.value for kind in line.found.kinds)]
    assert len(wrong) <= 0.02 * len(IN_DANGER), wrong


def test_figures_of_speech_and_quotes_are_not_danger() -> None:
    figures = [line for line in HARMLESS if "ordinary" not in line.kinds]
    alarms = [line.text for line in figures if line.found.level is not Level.NONE]
    assert len(alarms) <= 0.02 * len(figures), alarms


def test_ordinary_messages_raise_no_alarm() -> None:
    ordinary = [line for line in HARMLESS if "ordinary" in line.kinds]
    alarms = [line.text for line in ordinary if line.found.level is not Level.NONE]
    assert len(alarms) <= 0.002 * len(ordinary), alarms


def test_distress_without_danger_is_a_concern() -> None:
    concerns = [line for line in LINES if line.level is Level.CONCERN]
    assert [line.text for line in concerns if line.found.level is Level.NONE] == []


@pytest.fixture(scope="module")
def held_out() -> dict[str, list[Written]]:
    """Lines nothing was learnt from, read as a turn reads them."""
    return {path.name: _lines(path, with_meaning=True) for path in (HELD_OUT_FILE, *(DATA / name for name in SIGHTS))}


def test_held_out_lines_are_enough_and_none_was_learnt(held_out: dict[str, list[Written]]) -> None:
    first = held_out[HELD_OUT_FILE.name]
    assert len([line for line in first if line.level >= Level.HIGH]) >= 300
    assert {kind for line in first for kind in line.kinds} >= {kind.value for kind in Kind}
    learnt = {
        row.split("\t")[0].lower()
        for name in LEARNT_FROM
        for row in (DATA / name).read_text(encoding="utf-8").splitlines()[1:]
    }
    both = [line.text for lines in held_out.values() for line in lines if line.text.lower() in learnt]
    assert both == []


# By file, what was seen, seen as vital, and taken for danger among figures and quotes and among ordinary messages:
# rounded down, or up, from what the lines showed.
@pytest.mark.parametrize(
    ("name", "seen", "seen_as_vital", "figures", "ordinary"),
    [
        ("safety_heldout.tsv", 0.97, 0.97, 0.06, 0.02),
        ("sight.tsv", 0.76, 0.69, 0.06, 0.02),
        ("sight2.tsv", 0.97, 0.96, 0.07, 0.02),
        ("sight3.tsv", 0.98, 0.93, 0.11, 0.00),
        ("sight4.tsv", 0.82, 0.87, 0.00, 0.06),
        ("sight5.tsv", 0.93, 0.85, 0.02, 0.00),
        ("sight6.tsv", 0.97, 0.92, 0.07, 0.03),
        ("sight7.tsv", 1.00, 0.94, 0.13, 0.03),
    ],
)
def test_what_is_seen_of_held_out_lines(
    held_out: dict[str, list[Written]], name: str, seen: float, seen_as_vital: float, figures: float, ordinary: float
) -> None:
    lines = held_out[name]
    danger = [line for line in lines if line.level >= Level.HIGH]
    vital = [line for line in danger if line.level is Level.CRITICAL]
    assert sum(line.found.level >= Level.HIGH for line in danger) >= seen * len(danger)
    assert sum(line.found.level is Level.CRITICAL for line in vital) >= seen_as_vital * len(vital)
    harmless = [line for line in lines if line.level is Level.NONE]
    plain = [line for line in harmless if "ordinary" in line.kinds]
    alike = [line for line in harmless if "ordinary" not in line.kinds]
    assert sum(line.found.level > Level.NONE for line in alike) <= figures * len(alike)
    assert sum(line.found.level > Level.NONE for line in plain) <= ordinary * len(plain)


def test_the_classifier_sees_what_no_rule_says() -> None:
    level, kind = classify(readable_form("jdors chez un mec et en echange jdois coucher"))
    assert level >= Level.HIGH
    assert kind in (Kind.EXPLOITATION, Kind.SEXUAL_VIOLENCE)
    assert classify(readable_form("slt jveux un rdv mardi aprem a thionville"))[0] is Level.NONE


def test_the_weights_were_learnt_from_these_lines() -> None:
    """Otherwise: OMP_NUM_THREADS=2 nlu/.venv/bin/python -m tools.safety_weights"""
    safety = Path("bot/domain/safety")
    digest = hashlib.sha256()
    for path in (*(DATA / name for name in LEARNT_FROM), safety / "families.tsv", safety / "features.py", TUNED):
        digest.update(path.read_bytes())
    assert digest.hexdigest()[:16] in (safety / "weights.tsv").read_text(encoding="utf-8").splitlines()[0]
    assert (safety / "weights.tsv").stat().st_size <= 8_000_000
    assert (safety / "meanings.npz").stat().st_size <= 3_000_000


@pytest.mark.parametrize(
    "text",
    [
        "mort de rire", "jsuis mort 💀", "je crève la dalle", "ça me tue", "en finir avec la CAF", "c mort",
        "jme tue au taf", "jsuis a la rue jai 20 min de retard", "jai pas mes regles", "ts les jours", "",
        "jmen tape", "12 rue des noyers", "c les flics ?",
    ],
)  # fmt: skip
def test_these_are_never_danger(text: str) -> None:
    assert by_rules(text).level is Level.NONE
    assert check(text).level is Level.NONE
    assert check(text, meanings=SentenceEncoder().read_now(text)).level is Level.NONE


@pytest.mark.parametrize(
    ("text", "level", "kind"),
    [
        ("jsuis a la rue", Level.HIGH, Kind.HOMELESS_TONIGHT),
        ("jdors dans ma caisse ce soir", Level.HIGH, Kind.HOMELESS_TONIGHT),
        ("nulle part ou dormir ce soir", Level.HIGH, Kind.HOMELESS_TONIGHT),
        ("jai 16 ans nulle part ou dormir ce soir", Level.CRITICAL, Kind.HOMELESS_TONIGHT),
        ("jai fait une ts", Level.HIGH, Kind.SUICIDE),
        ("apres ma ts", Level.HIGH, Kind.SUICIDE),
        ("Je veux mourir.", Level.HIGH, Kind.SUICIDE),
        ("jveu mourir ce soir", Level.CRITICAL, Kind.SUICIDE),
    ],
)
def test_these_are_always_danger(text: str, level: Level, kind: Kind) -> None:
    for reading in (by_rules(text), check(text), check(text, meanings=SentenceEncoder().read_now(text))):
        assert reading.level is level
        assert kind in reading.kinds


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (
            "mon petit frere joue a fortnite toute la nuit il hurle jvais te tuer jvais te buter, impossible de "
            "dormir, c possible un rdv plutot laprem que le matin ?",
            Level.NONE,
        ),
        (
            "slt cest pour le rdv de jeudi, jai tous les papiers sauf la carte vitale, et sinon mon copain ma encore "
            "frappée hier soir, jsais plus trop quoi faire",
            Level.HIGH,
        ),
        (
            "jai bien recu le mail pour la garantie jeunes merci, jai pas repondu parce que jai avalé tous les cachets "
            "de ma mere tout a lheure et jme sens bizarre",
            Level.CRITICAL,
        ),
    ],
)
def test_a_long_message_is_understood_whole(text: str, level: Level) -> None:
    (meaning,) = SentenceEncoder().read_now(text)
    assert meaning.whole
    assert check(text, meanings=[meaning]).level is level


REST = (
    "slt, jai vu votre affiche au tabac de fameck, jcherche un taf depuis lete, plutot dans la vente ou la logistique, "
    "jai le code mais pas encore le permis, jpeux bouger en bus, et jvoudrais aussi savoir pour la carte de bus. "
    "ma soeur a eu la garantie jeunes lan dernier, elle ma dit que cetait bien, et que la dame etait gentille"
)


@pytest.mark.parametrize("place", [0, 118, 230, len(REST)])
@pytest.mark.parametrize(
    ("danger", "level"),
    [
        ("mon copain me frappe tous les soirs.", Level.HIGH),
        ("jai avalé tous les cachets de ma mere et jme sens partir.", Level.CRITICAL),
        ("jveux plus vivre jpense a en finir.", Level.HIGH),
    ],
)
def test_danger_is_seen_anywhere_in_a_long_message(danger: str, level: Level, place: int) -> None:
    text = f"{REST[:place]} {danger} {REST[place:]}"
    meanings = SentenceEncoder().read_now(text)
    assert not any(meaning.whole for meaning in meanings)
    assert check(text, meanings=meanings).level >= level


@pytest.mark.parametrize(
    "text",
    [
        REST,
        "jai plein de trucs a dire " * 157,
        "On ma parlé de la formation de mediateur a Nancy, elle commence en octobre. Est-ce quelle est payée, y a-t-il "
        "un internat, et est-ce que mon experience danimateur au centre social compte pour la selection ?",
    ],
    ids=["a job", "a text that repeats itself", "a training"],
)
def test_a_long_harmless_message_is_no_danger(text: str) -> None:
    assert check(text, meanings=SentenceEncoder().read_now(text)).level is Level.NONE


def test_a_danger_beside_a_figure_of_speech_is_still_seen() -> None:
    assert check("mort de rire ton truc. sinon jveux mourir pour de vrai").level >= Level.HIGH


def test_laughing_lowers_certainty_not_the_level() -> None:
    reading = check("jveux mourir 😂")
    assert reading.level is Level.HIGH
    assert reading.sure is Sure.DOUBTFUL
    assert check("jveux mourir").sure is Sure.PLAIN


def test_who_is_in_danger() -> None:
    assert check("jveux mourir").who is Who.SELF
    assert check("mon frere parle de se suicider").who is Who.OTHER


def test_when_it_happened() -> None:
    assert check("il me frappe la maintenant aidez moi").when is When.NOW
    assert check("mon pere ma tapé hier").when is When.RECENT
    assert check("mon ex me frappait a lepoque mais c fini").when is When.PAST


def test_a_minors_past_abuse_is_graver_than_an_adults() -> None:
    said = "j'ai été violée quand j'avais 12 ans"
    assert check(f"j'ai 24 ans, {said}").level is Level.CONCERN
    assert check(f"j'ai 16 ans, {said}").level is Level.HIGH
    assert check(said).level is Level.HIGH


def test_someone_reading_the_phone_asks_for_discretion() -> None:
    assert check("mon mec lit mon tel").wants_discretion
    assert check("mon daron fouille mes messages, jveux un rdv").wants_discretion
    assert not check("jveux un rdv").wants_discretion


def test_the_messages_before_complete_this_one() -> None:
    assert check("ce soir").level is Level.NONE
    assert check("ce soir", recent=["jveux mourir"]).level is Level.CRITICAL
    assert check("jai 16 ans", recent=["jsuis a la rue"]).level is Level.CRITICAL
    assert check("nulle part ou dormir", recent=["slt", "jai 17 ans"]).level is Level.CRITICAL
    assert check("mourir", recent=["jveux"]).level is Level.HIGH
    assert check("adieu", recent=["jveux mourir"]).level is Level.CRITICAL
    assert check("merci", recent=["jveux mourir"]).level is Level.NONE


def test_a_long_message_is_read_to_its_end() -> None:
    filler = "jcherche un taf et un appart vers thionville. " * 86
    for place in (0, len(filler) // 2, len(filler)):
        text = f"{filler[:place]} je vais me suicider. {filler[place:]}"[:4096]
        assert check(text).level is Level.CRITICAL


def test_looking_only_where_a_rule_may_match_misses_nothing() -> None:
    for line in IN_DANGER:
        held = GATE.held(line.text)
        may = set(GATE.may_match(held))
        for place, rule in enumerate(RULES):
            if rule.first.search(line.text):
                assert place in may


LONG = {
    "ordinary": "slt jcherche un taf a metz, jai pas le permis mais jpeux venir en bus mardi ou jeudi aprem. " * 43,
    "one word": "a" * 4096,
    "dense": "je me tue il me frappe mourir " * 137,
    "pronouns": "je me m' il elle on va veut " * 147,
    "glued": "j " * 2048,
    "dead": "mort mourir suicide " * 205,
    "spaces": " " * 4096,
    "points": "." * 4096,
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", LONG)
def test_a_text_as_long_as_telegram_lets_it_be_is_read(name: str) -> None:
    """And never for minutes; how fast is for `make bench`."""
    assert (check(LONG[name][:4096]).level >= Level.HIGH) == (name in ("dense", "dead"))


def test_levels_compare_and_have_french_names() -> None:
    assert Level.NONE < Level.CONCERN < Level.HIGH < Level.CRITICAL
    assert max(Level.HIGH, Level.CRITICAL, Level.CONCERN) is Level.CRITICAL
    assert all(level.label for level in Level)
    assert len({kind.label for kind in Kind}) == 14
