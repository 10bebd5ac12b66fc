"""The bus: when our own is asked for, and which stops are good for a commune."""

from __future__ import annotations

import pytest

from bot.domain import bus, communes


@pytest.mark.parametrize(
    "text",
    [
        "il passe quand le bus à sierck",
        "le camion passe quand a bouzonville",
        "la camionnette elle est ou ajd",
        "c'est toujours au même endroit le bus ?",
        "prochain arrêt du bus emploi",
        "le minibus passe encore chez nous cet hiver ?",
        "la mission locale mobile elle passe dans mon bled ?",
        "le truc itinérant, il s'arrête où à Bouligny ?",
        "où s'arrête le bus",
        "votre bus il sarrete devant le carrefour ou la mairie ?",
        "le camping-car là il revient quand sur la place du marché ?",
    ],
)
def test_our_bus_is_asked_for(text: str) -> None:
    assert bus.asked(text)


@pytest.mark.parametrize(
    "text",
    [
        "quel bus pour venir chez vous",
        "on peut venir en tram ou en bus ?",
        "combien de minutes en bus depuis Terville",
        "quel arrêt de bus pr descendre",
        "y a un bus pour venir chez vous",
        "la perm de fameck c kel jour",
        "comment jy vais",
    ],
)
def test_the_towns_bus_is_not_ours(text: str) -> None:
    assert not bus.asked(text)


@pytest.mark.parametrize(
    "text",
    [
        "le bus",
        "bus",
        "au camion plutot",
        "dans le bus si possible",
        "la mission mobile",
        "rdv au bus mardi",
        "le mobile",
        "a la mobile rurale",
    ],
)
def test_our_bus_is_a_place_to_go(text: str) -> None:
    assert bus.meant(text)


@pytest.mark.parametrize(
    "text",
    [
        "mdr jsuis mort jai raté le bus",
        "jai loupé mon bus",
        "jprends le bus demain matin",
        "jsuis dans le bus la",
        "ya plus de bus le soir",
        "jai plus de mobile",
        "mon mobile est cassé jpeux venir a thionville ?",
        "appelle moi sur mon mobile",
        "jviens en bus",
        "j'attends le bus",
        "mon portable est mort",
    ],
)
def test_the_bus_they_take_or_miss_is_no_place_to_go(text: str) -> None:
    assert not bus.meant(text)


def test_a_stop_is_for_its_commune_then_its_intercommunalite_then_what_it_serves() -> None:
    sierck, bouzonville = communes.by_insee("57650"), communes.by_insee("57106")
    thionville = communes.by_insee("57672")
    assert bus.nearness(sierck, [], sierck) == bus.IN_IT
    assert bus.nearness(bouzonville, [sierck.epci], sierck) == bus.IN_ITS_EPCI
    assert bus.nearness(thionville, [sierck.epci], sierck) == bus.SERVES_IT
    assert bus.nearness(thionville, [], sierck) is None
