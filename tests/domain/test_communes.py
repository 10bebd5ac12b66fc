"""Communes are found in messages as young people write them, and never where there is none."""

import csv
from pathlib import Path

import pytest

from bot.domain.communes import (
    MISSION_LOCALES,
    Mention,
    by_insee,
    epci_codes,
    find,
    insee_codes,
    who_receives,
)

HERE = Path(__file__).parent


def names(mentions: tuple[Mention, ...]) -> list[str]:
    return [mention.commune.name for mention in mentions]


# --- The table ---


def test_the_618_communes_and_who_receives_there() -> None:
    communes = [by_insee(code) for code in insee_codes()]
    count = {ml: sum(commune.mission_locale == ml for commune in communes) for ml in MISSION_LOCALES}
    assert count == {"ml-nord-mosellan": 119, "ml-nord-meusien": 254, "ml-sud-meusien": 245}
    assert all(commune.postcodes and len(commune.epci) == 9 for commune in communes)
    assert len(epci_codes()) == 22


@pytest.mark.parametrize(
    ("insee", "name", "mission"),
    [
        ("54580", "Villerupt", "ml-nord-mosellan"),
        ("54521", "Thil", "ml-nord-mosellan"),
        ("55063", "Bouligny", "ml-nord-meusien"),
        ("57672", "Thionville", "ml-nord-mosellan"),
        ("55029", "Bar-le-Duc", "ml-sud-meusien"),
    ],
)
def test_communes_on_the_edge(insee: str, name: str, mission: str) -> None:
    commune = by_insee(insee)
    assert (commune.name, commune.mission_locale) == (name, mission)


def test_bouligny_is_alone_of_its_epci() -> None:
    epci = by_insee("55063").epci
    assert [code for code in insee_codes() if by_insee(code).epci == epci] == ["55063"]


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(KeyError):
        by_insee("75056")


def test_who_receives_is_named_only_with_a_source() -> None:
    with (HERE.parents[1] / "bot" / "domain" / "data" / "neighbours.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert all(bool(row["receives"]) == bool(row["source"]) for row in rows)
    assert who_receives(by_insee("57463")) == "Mission Locale du Pays Messin"
    assert who_receives(by_insee("57227")) is None  # Forbach: no source read
    assert who_receives(by_insee("55502")) == "Mission Locale du Nord Meusien"


# --- Finding ---


def test_every_commune_is_found_by_its_own_name() -> None:
    for code in insee_codes():
        name = by_insee(code).name
        for text in (f"J'habite à {name}.", f"jhabite a {name.lower().replace('-', ' ')} depuis 2 ans"):
            mentions = find(text)
            assert mentions, text
            assert mentions[0].commune.insee == code, text
            assert mentions[0].score == 1.0


def test_misspelt_names_are_found() -> None:
    """Written by hand, or from edits heard and typed (sounds, doubled letters, neighbouring keys), then reviewed."""
    with (HERE / "communes_misspelt.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) >= 300
    assert len({row["insee"] for row in rows}) >= 300
    missed = []
    for row in rows:
        mentions = find(row["text"])
        if not mentions or mentions[0].commune.insee != row["insee"]:
            missed.append(row["text"])
    assert len(missed) / len(rows) <= 0.03, missed


def test_ordinary_texts_name_no_commune() -> None:
    texts = (HERE / "ordinary_texts.txt").read_text(encoding="utf-8").splitlines()
    assert len(texts) >= 200
    assert {text: names(find(text)) for text in texts if find(text)} == {}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("tionville", "Thionville"),
        ("thion", "Thionville"),
        ("hayenge", "Hayange"),
        ("fammeck", "Fameck"),
        ("bar le duc", "Bar-le-Duc"),
        ("bar", "Bar-le-Duc"),
        ("audun", "Audun-le-Tiche"),
        ("stenay", "Stenay"),
        ("st mihiel", "Saint-Mihiel"),
        ("clermont", "Clermont-en-Argonne"),
        ("jveux un rdv vers bouzonvile stp", "Bouzonville"),
        ("d'Étain", "Étain"),
        ("BAR-LE-DUC", "Bar-le-Duc"),
        ("jsuis a koeur la grande", "Kœur-la-Grande"),
        ("Kœnigsmacker", "Kœnigsmacker"),
    ],
)
def test_as_people_say_it(text: str, name: str) -> None:
    assert names(find(text))[0] == name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on est au bar", []),
        ("jhabite a bar", ["Bar-le-Duc"]),
        ("bar dans la meuse", ["Bar-le-Duc"]),
        ("papier d'étain", []),
        ("le bus passe a etain", ["Étain"]),
        ("ya thil un rdv", []),
        ("jhabite thil", ["Thil"]),
        ("jai perdu mon bonnet", []),
        ("jsuis de bonnet", ["Bonnet"]),
        ("bonnet", []),  # a village of 200: only where it was asked
        ("à bonnet", ["Bonnet"]),
        ("jai mal a mon bras", []),
    ],
)
def test_an_ordinary_word_needs_a_place_around_it(text: str, expected: list[str]) -> None:
    assert names(find(text)) == expected


def test_a_mention_keeps_the_words_as_they_were_typed() -> None:
    (mention,) = find("slt, jsuis à St-Mihiel là")
    assert mention.text == "St-Mihiel"


def test_several_communes_come_best_first() -> None:
    found = find("jsuis de vaucouleurs ou faut aller a comercy")
    assert names(found) == ["Vaucouleurs", "Commercy"]
    assert found[0].score > found[1].score


def test_close_communes_are_all_given() -> None:
    assert names(find("audun")) == ["Audun-le-Tiche", "Audun-le-Roman"]
    assert set(names(find("jhabite a brabant"))) == {
        "Brabant-le-Roi",
        "Brabant-en-Argonne",
        "Brabant-sur-Meuse",
    }


def test_within_keeps_the_territory() -> None:
    assert names(find("audun", within=["ml-nord-mosellan"])) == ["Audun-le-Tiche"]
    assert find("verdun", within=["ml-nord-mosellan"]) == ()
    # Metz stays Metz: it does not become the nearest village of the territory.
    assert find("jhabite a metz", within=["ml-nord-mosellan"]) == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("jvis a metz", "Metz"),
        ("longwi", "Longwy"),
        ("je bosse au luxembourg", "Luxembourg"),
        ("briey", "Val de Briey"),
    ],
)
def test_towns_outside_are_known_as_outside(text: str, name: str) -> None:
    mention = find(text)[0]
    assert (mention.commune.name, mention.commune.mission_locale) == (name, "")


# --- Postcodes ---


def test_a_postcode_gives_one_or_several_communes() -> None:
    assert names(find("57100")) == ["Thionville", "Manom"]
    (alone,) = find("jsuis dans le 54190")
    assert (alone.commune.name, alone.score) == ("Villerupt", 1.0)
    assert len(find("55300")) > 20


def test_a_name_and_a_postcode_agree() -> None:
    assert names(find("manom 57100")) == ["Manom"]
    assert names(find("55190 void")) == ["Void-Vacon"]
    assert names(find("brabant 55100")) == ["Brabant-sur-Meuse"]


@pytest.mark.parametrize("text", ["57100 euros", "55 000 €", "0657100574", "57100€", "99999"])
def test_a_number_is_not_always_a_postcode(text: str) -> None:
    assert find(text) == ()


def test_a_commune_is_found_in_a_long_message() -> None:
    text = (
        "slt jsuis a la recherche dun taf depuis 3 mois jai pas le permis et jhabite pres de bouzonvile chez mes "
        "parents jpeux venir vous voir quand svp jai vraiment besoin daide pr mon cv et tt merci"
    )
    assert names(find(text)) == ["Bouzonville"]
