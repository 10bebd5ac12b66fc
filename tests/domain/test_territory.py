"""A territory file is read whole, or refused with every mistake, its line and a French sentence."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from bot.domain import communes
from bot.domain.appointments import Mode
from bot.domain.calendar import PARIS, Window, next_opening
from bot.domain.territory import PlaceKind, Territory, production_refusals
from bot.domain.territory_file import TerritoryErrors, read
from tests.factories import paris

FILES = Path(__file__).parents[2] / "territories"

SOUND = """\
territory:
  id: essai
  name: Territoire d'essai
  mission_locales: [ml-nord-mosellan]
  holidays: "57"
  dpo_contact: dpo@example.org
  legal_basis: mission d'intérêt public
  on_call_decision: la coordinatrice jusqu'à 20 h, décision du 4 janvier 2027
  texts_validated: {by: Dr Exemple, on: 2027-01-05}
  helplines_checked_on: 2027-01-05
  retention: {alerts_months: 12}
structures:
  - id: ml
    name: Mission Locale d'essai
    short_name: Mission Locale
    kind: mission_locale
    phone: 0353010010
    verified_on: 2027-01-05
advisers:
  - id: sandra
    first_name: Sandra
    structure: ml
    presence: ["lun-mar 9h-12h, 13h30-17h"]
places:
  - id: thionville
    structure: ml
    name: Thionville
    commune: 57672
    kind: siege
    accessible: oui
    verified_on: 2027-01-05
openings:
  - {place: thionville, adviser: sandra, weekly: lun, from: 09:00, to: 12:00}
sources:
  - {code: affiche-gare, label: Affiche, kind: poster}
workshops:
  - {id: cv, structure: ml, place: thionville, title: Atelier CV, seats: 8, sessions: ["2027-03-18 14:00-16:30"]}
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "essai.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def mistakes(path: Path) -> list[str]:
    with pytest.raises(TerritoryErrors) as refused:
        read(path)
    return [str(mistake) for mistake in refused.value.mistakes]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_a_sound_file_is_read(write: Write) -> None:
    territory = read(write(SOUND))
    assert territory.territory.holidays == "57"
    (sandra,) = territory.advisers
    assert sandra.presence == (
        Window(0, time(9), time(12)),
        Window(1, time(9), time(12)),
        Window(0, time(13, 30), time(17)),
        Window(1, time(13, 30), time(17)),
    )
    (place,) = territory.places
    assert (place.commune, place.kind, place.accessible) == ("57672", PlaceKind.SIEGE, True)
    (opening,) = territory.openings
    assert (opening.weekly, opening.start, opening.end) == ((0,), time(9), time(12))
    assert (opening.slot_minutes, opening.seats, opening.modes) == (30, 1, (Mode.ON_SITE,))
    (workshop,) = territory.workshops
    assert workshop.sessions == ((paris("2027-03-18T14:00"), paris("2027-03-18T16:30")),)
    assert territory.structures[0].phone == "0353010010"
    assert territory.territory.retention.messages_days == 90


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            "structure: ml\n    presence",
            "structure: mll\n    presence",
            "« mll » n'existe pas dans « structures »",
        ),
        ("{place: thionville, ad", "{place: thionvile, ad", "Peut-être « thionville » ?"),
        ("adviser: sandra,", "adviser: sandro,", "« sandro » n'existe pas dans « advisers »"),
        ("commune: 57672", "commune: 57999", "aucune commune des territoires"),
        ("commune: 57672", "commune: Thionville", "un code INSEE de commune"),
        (
            "accessible: oui",
            "acessible: oui",
            "« acessible » n'est pas un champ connu. Peut-être « accessible » ?",
        ),
        ("accessible: oui", "accessible: bof", "écrire oui ou non"),
        ("kind: siege", "kind: château", "Choisir : permanence, mobile_stop, siege"),
        ("from: 09:00", "from: 9 heures", "« 9 heures » n'est pas une heure"),
        ("from: 09:00", "from: 09:02", "de cinq minutes en cinq minutes"),
        ("to: 12:00}", "to: 08:00}", "La fin vient avant le début"),
        ("to: 12:00}", "to: 09:20}", "Un rendez-vous de 30 minutes n'y tient pas"),
        ("to: 12:00}", "to: 12:00, seats: 0}", "au moins 1"),
        ("to: 12:00}", "to: 12:00, slot_minutes: vingt}", "« vingt » n'est pas un nombre entier"),
        ("to: 12:00}", "to: 12:00, modes: [pigeon]}", "Choisir : sur_place, telephone, visio"),
        ("to: 12:00}", "to: 12:00, modes: []}", "La liste est vide"),
        ("to: 12:00}", "to: 12:00, dates: [2027-03-08]}", "Il faut « weekly » ou « dates »"),
        ("weekly: lun", "weekly: lundi", "« lundi » n'est pas un jour"),
        ("on: 2027-01-05}", "on: 2027-02-30}", "« 2027-02-30 » n'est pas une date"),
        ("lun-mar 9h-12h, 13h30-17h", "lun 9h-12h, 11h-17h", "Deux plages se chevauchent le lundi"),
        ("lun-mar 9h-12h, 13h30-17h", "mar-lun 9h-12h", "va à l'envers"),
        ("place: thionville, title", "place: thionvile, title", "Peut-être « thionville » ?"),
        ("2027-03-18 14:00-16:30", "18 mars 14:00-16:30", "écrire par exemple 2027-03-18 14:00-16:30"),
        ("2027-03-18 14:00-16:30", "2027-03-18 14:00", "écrire par exemple 2027-03-18 14:00-16:30"),
        ("2027-03-18 14:00-16:30", "2027-02-30 14:00-16:30", "écrire par exemple 2027-03-18 14:00-16:30"),
        ("2027-03-18 14:00-16:30", "2027-03-18 16:00-14:00", "la fin vient avant le début"),
        ('14:00-16:30"]', '14:00-16:30", "2027-03-18 16:00-17:00"]', "Deux séances se chevauchent le 18/03/2027"),
        ("seats: 8", "seats: 0", "au moins 1"),
        ("seats: 8", "seats: 8, pickup: devant la gare", "vont ensemble"),
        ("seats: 8", "seats: 8, kind: sortie", "Choisir : atelier, chantier"),
        ("code: affiche-gare", "code: affiche gare", "1 à 64 lettres sans accent"),
        ('holidays: "57"', "holidays: 99", "Choisir : france, 57, 57-sans-vendredi-saint"),
        ("[ml-nord-mosellan]", "[ml-nancy]", "« ml-nancy » est inconnue"),
        ("phone: 0353010010", "phone: au secours", "un numéro de téléphone"),
        ("first_name: Sandra", "first_name:", "Il manque « first_name »"),
        ("name: Thionville", "name: Thionville\n    name: Metz", "« name » est écrit deux fois"),
        ("- {code: affiche-gare, label: Affiche, kind: poster}", "rien", "Il faut une liste"),
    ],
)
def test_a_mistake_is_said_in_french_with_its_line(write: Write, right: str, wrong: str, said: str) -> None:
    assert SOUND.count(right) >= 1
    text = SOUND.replace(right, wrong, 1)
    (mistake,) = mistakes(write(text))
    assert said in mistake
    first, last = line_of(text, wrong), line_of(text, wrong) + wrong.count("\n")
    # What is missing is said at the line of the element it is missing from.
    near = range(first - (1 if "manque" in said or "liste" in said else 0), last + 1)
    assert int(mistake.split()[1]) in near


def test_a_stop_of_the_bus_is_given_by_its_dates(write: Write) -> None:
    text = SOUND.replace("kind: siege", "kind: mobile_stop")
    (mistake,) = mistakes(write(text))
    assert "un arrêt du bus s'écrit avec « dates »" in mistake
    assert int(mistake.split()[1]) == line_of(text, "weekly: lun")
    assert read(write(text.replace("weekly: lun", "dates: [2027-03-08]"))).openings


def test_every_mistake_is_listed_at_once(write: Write) -> None:
    text = (
        SOUND.replace("commune: 57672", "commune: 57999")
        .replace("structure: ml\n    presence", "structure: amp\n    presence")
        .replace("weekly: lun", "weekly: lundi")
        .replace("kind: poster", "kind: affiche")
        .replace("name: Thionville", "name: Thionville\n    name: Metz")
    )
    found = mistakes(write(text))
    assert len(found) == 5
    assert [int(mistake.split()[1]) for mistake in found] == sorted(int(m.split()[1]) for m in found)


@pytest.mark.parametrize("section", ["structures", "advisers", "places"])
def test_an_identifier_is_taken_once(write: Write, section: str) -> None:
    identifier = {"structures": "ml", "advisers": "sandra", "places": "thionville"}[section]
    start = SOUND.index(f"  - id: {identifier}")
    end = SOUND.index("\n", SOUND.index("verified_on" if section != "advisers" else "presence", start)) + 1
    element = SOUND[start:end]
    (mistake,) = mistakes(write(SOUND[:end] + element + SOUND[end:]))
    assert f"« {identifier} » est déjà pris, ligne {line_of(SOUND, element)}." in mistake


SAME_TIME = "  - {place: thionville, adviser: sandra, from: 11:00, to: 12:00, "


@pytest.mark.parametrize(
    ("other", "clash"),
    [
        ("weekly: lun}", True),
        ("weekly: [mar, lun-mer]}", True),
        ("weekly: mar}", False),
        ("dates: [2027-03-09, 2027-03-08]}", True),  # the 8th is a Monday
        ("dates: [2027-03-09]}", False),
        ("weekly: lun, first_date: 2027-03-09, last_date: 2027-03-14}", False),  # no Monday in between
        ("weekly: lun, first_date: 2027-03-09, last_date: 2027-03-15}", True),
    ],
)
def test_an_adviser_is_not_in_two_openings_at_once(write: Write, other: str, clash: bool) -> None:
    path = write(SOUND.replace("sources:", f"{SAME_TIME}{other}\nsources:"))
    if not clash:
        assert len(read(path).openings) == 2
        return
    (mistake,) = mistakes(path)
    first = line_of(SOUND, "  - {place: thionville")
    assert mistake.startswith(f"ligne {first + 1} : openings : « sandra » a déjà une ouverture le ")
    assert mistake.endswith(f"ligne {first}.")


def test_openings_that_touch_do_not_overlap(write: Write) -> None:
    after = "  - {place: thionville, adviser: sandra, weekly: lun, from: 12:00, to: 13:00}\nsources:"
    assert len(read(write(SOUND.replace("sources:", after))).openings) == 2


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("territory: [1, 2\nplaces: 3\n", 2, "Le fichier n'est plus lisible"),
        ("territory:\n\t- id: x\n", 2, "Il y a une tabulation"),
        ("territory: 1\nplaces: \x07\n", 2, "Un caractère invisible"),
        ("", 1, "Il faut des rubriques"),
        ("- un\n- deux\n", 1, "Il faut des rubriques"),
    ],
)
def test_an_unreadable_file_says_where(write: Write, text: str, line: int, said: str) -> None:
    (mistake,) = mistakes(write(text))
    assert mistake.startswith(f"ligne {line} : {said}")


def test_a_missing_or_foreign_file_is_said(tmp_path: Path) -> None:
    (missing,) = mistakes(tmp_path / "absent.yml")
    assert "est introuvable" in missing
    latin = tmp_path / "latin.yml"
    latin.write_bytes("territory: é".encode("latin-1"))
    assert mistakes(latin) == ["Le fichier n'est pas enregistré en UTF-8."]


# --- Production ---

TODAY = date(2027, 2, 1)


def test_production_accepts_what_is_settled(write: Write) -> None:
    assert production_refusals(read(write(SOUND)), TODAY) == []


@pytest.mark.parametrize(
    ("right", "wrong", "reason"),
    [
        ("name: Territoire d'essai", "name: Territoire d'essai\n  fictional: oui", "est fictif"),
        ("first_name: Sandra", "first_name: Sandra\n    fictional: oui", "personne fictive"),
        ("kind: siege", "kind: siege\n    fictional: oui", "« thionville » est fictif"),
        ("kind: mission_locale", "kind: mission_locale\n    fictional: oui", "est fictive"),
        (
            "accessible: oui\n    verified_on: 2027-01-05",
            "accessible: oui",
            "« thionville » n'ont pas été vérifiés",
        ),
        (
            "accessible: oui\n    verified_on: 2027-01-05",
            "accessible: oui\n    verified_on: 2027-02-02",
            "« thionville » n'ont pas été vérifiés",
        ),
        ("phone: 0353010010\n    verified_on: 2027-01-05", "phone: 0353010010", "Le téléphone de"),
        ("dpo_contact: dpo@example.org", "dpo_contact:", "protection des données"),
        ("legal_basis: mission d'intérêt public", "legal_basis:", "base légale"),
        ("retention: {alerts_months: 12}", "retention:", "conservation des alertes"),
        ("texts_validated: {by: Dr Exemple, on: 2027-01-05}", "texts_validated:", "psychologue"),
        ("helplines_checked_on: 2027-01-05", "helplines_checked_on:", "numéros d'aide"),
        ("helplines_checked_on: 2027-01-05", "helplines_checked_on: 2027-02-02", "numéros d'aide"),
        ('    presence: ["lun-mar 9h-12h, 13h30-17h"]\n', "", "Aucun horaire de présence"),
    ],
)
def test_production_refuses_with_a_reason(write: Write, right: str, wrong: str, reason: str) -> None:
    assert SOUND.count(right) == 1
    (refusal,) = production_refusals(read(write(SOUND.replace(right, wrong))), TODAY)
    assert reason in refusal


def test_production_refuses_without_an_on_call_decision(write: Write) -> None:
    kept = [line for line in SOUND.splitlines(keepends=True) if "on_call_decision" not in line]
    (refusal,) = production_refusals(read(write("".join(kept))), TODAY)
    assert "alertes hors horaires" in refusal


def test_helplines_are_good_for_183_days(write: Write) -> None:
    territory = read(write(SOUND))
    checked = date(2027, 1, 5)
    assert production_refusals(territory, checked + timedelta(days=183)) == []
    (refusal,) = production_refusals(territory, checked + timedelta(days=184))
    assert "plus de six mois, le 05/01/2027" in refusal


# --- The files we ship ---


@pytest.fixture(scope="module")
def demo() -> Territory:
    return read(FILES / "demo.yml")


@pytest.mark.parametrize("name", ["demo", "nord-mosellan", "meuse"])
def test_what_we_ship_is_readable_and_refused_by_production(name: str) -> None:
    territory = read(FILES / f"{name}.yml")
    assert territory.territory.id == name
    assert production_refusals(territory, date(2027, 2, 1))


def test_everything_in_the_demo_says_it_is_fictional(demo: Territory) -> None:
    assert demo.territory.fictional
    assert all(structure.fictional for structure in demo.structures)
    assert all(adviser.fictional for adviser in demo.advisers)
    assert all(place.fictional for place in demo.places)


def test_the_demo_team_reopens_on_tuesday_after_easter(demo: Territory) -> None:
    thursday = datetime(2027, 3, 25, 18, 30, tzinfo=PARIS)
    for adviser in demo.advisers:
        opening = next_opening(adviser.presence, [], demo.territory.holidays, thursday)
        assert opening == datetime(2027, 3, 30, 9, tzinfo=PARIS)


@pytest.mark.parametrize("name", ["demo", "nord-mosellan", "meuse"])
def test_every_commune_has_a_place_to_go(name: str) -> None:
    territory = read(FILES / f"{name}.yml")
    served = {area for place in territory.places for area in (place.commune, *place.serves)}
    inside = [
        commune
        for commune in map(communes.by_insee, communes.insee_codes())
        if commune.mission_locale in territory.territory.mission_locales
    ]
    assert len(inside) in (618, 119, 499)
    assert [c.name for c in inside if c.insee not in served and c.epci not in served] == []


def test_the_demo_receives_every_weekday_and_the_bus_stops(demo: Territory) -> None:
    week = [date(2027, 3, 8) + timedelta(days=n) for n in range(5)]
    for day in week:
        assert sum(opening.holds_on(day) for opening in demo.openings) >= 4
    stops = {place.id for place in demo.places if place.kind is PlaceKind.MOBILE_STOP}
    assert stops == {"bus-bouzonville", "bus-sierck"}
    for stop in stops:
        dates = [day for opening in demo.openings if opening.place == stop for day in opening.dates]
        assert {day.month for day in dates if day.year == 2027} == set(range(1, 13))


def test_real_territories_hold_no_invented_hours() -> None:
    for name in ("nord-mosellan", "meuse"):
        territory = read(FILES / f"{name}.yml")
        assert territory.openings == ()
        assert territory.advisers == ()
        assert not any(place.verified_on for place in territory.places)
