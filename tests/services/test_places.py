"""Places where there is little room: a button says the whole of it, or a shorter name."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain import territory_file
from bot.domain.conversations import MAX_BUTTON
from bot.services import places, titles
from bot.storage.tables import Place
from tests.factories import paris

TERRITORIES = Path(__file__).parent.parent.parent / "territories"


@pytest.mark.parametrize(
    ("name", "insee", "title"),
    [
        ("Permanence de Fameck", "57206", "Permanence de Fameck"),
        ("Mission Locale, Belleville-sur-Meuse", "55043", "Belleville-sur-Meuse"),
        ("Maison des services du pays de Stenay", "55502", "Stenay"),
        ("Maison-de-la-jeunesse, deuxième étage", None, "Maison"),
        ("Pays Haut jeunesse et citoyenneté", None, "Pays Haut jeunesse et cit…"),
    ],
)
def test_a_place_on_a_button_keeps_a_name_that_can_be_said(name: str, insee: str | None, title: str) -> None:
    assert places.button_of(Place(name=name, insee=insee), "place:1").title == title


@pytest.mark.parametrize(
    ("insee", "at", "title"),
    [
        ("55029", "2027-03-10T11:40", "mer 10/03 11h40 Bar-le-Duc"),
        ("57106", "2027-03-10T11:40", "10/03 11h40 Bouzonville"),
        ("57650", "2027-03-17T14:00", "17/03 14h Sierck-les-Bains"),
        ("57650", "2027-03-17T14:20", "mer 17/03 14h20 Sierck"),
        ("55043", "2027-12-13T13:30", "lun 13/12 13h30 Belleville"),
    ],
)
def test_a_slot_on_a_button_says_when_and_where_whole(insee: str, at: str, title: str) -> None:
    assert titles.title_with_place(Place(name="Permanence", insee=insee), paris(at)) == title


@pytest.mark.parametrize("file", sorted(TERRITORIES.glob("*.yml")), ids=lambda file: file.stem)
def test_no_place_of_a_territory_is_cut_on_a_button(file: Path) -> None:
    for place in territory_file.read(file).places:
        row = Place(name=place.name, insee=place.commune)
        shown = [places.button_of(row, "place:1").title, titles.title_with_place(row, paris("2027-12-15T11:40"))]
        assert all(len(title) <= MAX_BUTTON and "…" not in title for title in shown), shown
