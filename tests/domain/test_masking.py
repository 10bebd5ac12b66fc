"""What a coordinator may read of a message, and what may be learnt from one."""

from __future__ import annotations

import pytest

from bot.domain.masking import mask, names_someone
from bot.domain.misunderstandings import dislikes, is_theirs
from bot.domain.replies import plain


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("je m'appelle Kévin et mon num 06 12 34 56 78", "je m'appelle [prénom] et mon num [numéro]"),
        ("jhabite 12 bis rue des Lilas à Thionville", "jhabite [adresse] à Thionville"),
        ("ecris moi sur toto.t@mail.fr ou @kev57 stp", "ecris moi sur [adresse] ou [adresse] stp"),
        ("c koi ça https://exemple.fr/x?y=1", "c koi ça [adresse]"),
        ("karim ma dit de venir avec jean-marc", "[prénom] ma dit de venir avec [prénom]"),
        ("mon éduc Zoltan répond pas", "mon éduc [prénom] répond pas"),
        ("moi c'est zbigniew", "moi c'est [prénom]"),
        ("rdv le 12/03 à 14h30 avec Madame Dupont", "rdv le [numéro] à [numéro]h[numéro] avec [prénom] [prénom]"),
        ("L'ami d'Inès veut venir", "L'ami [prénom] veut venir"),
    ],
)
def test_names_numbers_and_addresses_are_hidden(written: str, shown: str) -> None:
    assert mask(written) == shown


@pytest.mark.parametrize(
    "written",
    ["JE VEUX UN RDV A FAMECK", "La Mission Locale de Hayange ouvre Mardi ? Je peux venir ?", "jveux mon permis stp"],
)
def test_what_names_nobody_is_shown(written: str) -> None:
    assert mask(written) == written


def test_names_around_the_conversation_are_hidden() -> None:
    assert mask("je cherche clairette", {"Clairette"}) == "je cherche [prénom]"


@pytest.mark.parametrize(
    "sentence", ["je veux voir Karim", "appelle au 0612345678", "je suis au 3 rue des lilas", "ecris à a@b.fr"]
)
def test_a_sentence_to_learn_names_nobody(sentence: str) -> None:
    assert names_someone(sentence)


def test_an_hour_and_a_place_may_be_learnt() -> None:
    assert not names_someone("un rendez-vous à Fameck vers 14h30, le 12 mars")


ORIGINAL = "wsh je pe pa venir a mon rdv jeudi g pa de voiture et ma mere travaille"


@pytest.mark.parametrize(
    ("sentence", "theirs"),
    [
        (ORIGINAL, True),
        (ORIGINAL.upper() + " !", True),
        (ORIGINAL.replace("voiture", "voitur"), True),
        ("je pe pa venir a mon rdv jeudi", True),
        ("sans voiture je n'arriverai pas jeudi, on peut décaler ?", False),
        ("je peux pas venir", False),
    ],
)
def test_a_sentence_is_theirs_when_it_is_nearly_the_same(sentence: str, theirs: bool) -> None:
    assert is_theirs(sentence, ORIGINAL) is theirs


@pytest.mark.parametrize(
    "text", ["👎", "t'as rien compris", "tu reponds a coté", "c pas ca que jai demandé", "rien à voir"]
)
def test_a_message_that_says_the_answer_was_beside_the_point(text: str) -> None:
    assert dislikes(plain(text), text)


@pytest.mark.parametrize("text", ["non c'est bon", "j'ai rien compris à la fac", "👍", "c'est pas mal"])
def test_a_message_that_does_not(text: str) -> None:
    assert not dislikes(plain(text), text)
