"""A woman or a man, where it is said; nothing where it is not."""

import pytest

from bot.domain.wishes import wish_of


@pytest.mark.parametrize(
    ("text", "woman"),
    [
        ("je veux parler a une femme", True),
        ("ya moyen d'avoir une meuf stp", True),
        ("pas un homme svp", True),
        ("jve pas parler avec un mec", True),
        ("jpréfère un mec", False),
        ("un homme, pas une femme", False),
    ],
)
def test_who_is_wished_for(text: str, woman: bool) -> None:
    assert wish_of(text) == {"woman": woman}


@pytest.mark.parametrize(
    "text",
    [
        "je veux parler à quelqu'un",
        "ma femme est enceinte",
        "jsuis une fille de 17 ans jveux parler a qqn",
        "c'est pour un garçon de mon quartier",
        "la dame de la mission locale",
        "une femme ou un homme je m'en fiche",
        "plutôt une dame qu'un monsieur",  # a human reads it
        "",
    ],
)
def test_nothing_is_wished_for(text: str) -> None:
    assert wish_of(text) is None
