"""What young people type becomes readable French, and every character can be traced back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu.langue import _LEXICON as LEXICON
from nlu.langue import AMBIGUOUS, fold, normalise

READABLE = [
    # abbreviations
    ("slt", "salut"),
    ("bjr jcherche un taf", "bonjour je cherche un travail"),
    ("jsuis pas bi1 mtn", "je suis pas bien maintenant"),
    ("g pa de rdv ajd", "j'ai pas de rendez-vous aujourd'hui"),
    ("tjr rien", "toujours rien"),
    ("pk pcq g pa envi de venir", "pourquoi parce que j'ai pas envie de venir"),
    ("tkt c bon", "t'inquiète c'est bon"),
    ("ct b1", "c'était bien"),
    ("jsp", "je sais pas"),
    ("dsl chui en retard", "désolé je suis en retard"),
    ("qqn peut maider", "quelqu'un peut m'aider"),
    # glued words
    ("jtaffe", "je travaille"),
    ("jsais pas", "je sais pas"),
    ("jveux", "je veux"),
    ("jpeu", "je peux"),
    ("j'sais", "je sais"),
    ("j sais", "je sais"),
    ("j ai", "j'ai"),
    ("jai 17 ans", "j'ai 17 ans"),
    ("jhabite a stenay", "j'habite a stenay"),
    ("jattends", "j'attends"),
    ("jaime pas", "j'aime pas"),
    ("jmen sors pas", "je m'en sors pas"),
    ("jdors dehor", "je dors dehors"),
    ("jetais la", "j'étais la"),
    ("kil vienne", "qu'il vienne"),
    # words that start with j and hold no "je"
    ("jamais jeudi, jeune, jardin, jouer, juin", "jamais jeudi, jeune, jardin, jouer, juin"),
    # stretched letters
    ("merciiii", "merci"),
    ("ouiiiii", "oui"),
    ("nooooon", "non"),
    ("mdrrrrr", "mdr"),
    ("elllle", "elle"),
    ("2000 euros", "2000 euros"),
    # phonetic
    ("koi", "quoi"),
    ("jvoudré un rdv", "je voudrais un rendez-vous"),
    ("c koi", "c'est quoi"),
    ("kel jour", "quel jour"),
    ("pourkoi", "pourquoi"),
    # digits as sounds
    ("2m1", "demain"),
    ("a2m1", "à demain"),
    ("b1", "bien"),
    ("ri1", "rien"),
    ("jsuis 2 trop", "je suis de trop"),
    # back slang
    ("cimer", "merci"),
    ("mon reup et ma reum", "mon père et ma mère"),
    ("chelou ton truc", "louche ton truc"),
    # upper case, accents, apostrophes, spaces
    ("JE VEUX UN RDV", "je veux un rendez-vous"),
    ("J’ARRIVE", "j'arrive"),
    ("j`arrive", "j'arrive"),
    ("e\u0301cole", "école"),
    ("  a\u00a0 b \n c'est  ", "a b c'est"),
    ("ma sœur", "ma soeur"),
    ("a\u200bide", "aide"),
    # emoji: the name of the picture, once
    ("jsuis mort 💀💀", "je suis mort crâne"),
    ("😭😂lol", "larmes rire mdr"),
    ("🔪", "couteau"),
    # letters that are not verbs
    ("permis c", "permis c"),
    ("500 g", "500 g"),
    ("va-t-il", "va-t-il"),
    ("c'est", "c'est"),
    # addresses
    ("https://ex.fr/c/g", "https://ex.fr/c/g"),
    ("lea.g@mail.fr", "lea.g@mail.fr"),
    ("", ""),
    ("   ", ""),
]


@pytest.mark.parametrize(("typed", "readable"), READABLE)
def test_text_message_french_becomes_readable(typed: str, readable: str) -> None:
    assert normalise(typed).text == readable


@pytest.mark.parametrize("form", ["cv", "ts", "tt", "as", "ml", "inch", "jpp", "bail", "bsr", "avc", "js"])
def test_ambiguous_forms_are_never_resolved(form: str) -> None:
    assert form in AMBIGUOUS
    assert normalise(f"mon {form} la").text == f"mon {form} la"


def test_every_ambiguous_form_stays_as_typed() -> None:
    for form in AMBIGUOUS:
        assert normalise(form).text == form


def test_a_replaced_word_is_traced_to_the_word_typed() -> None:
    typed = "slt jpeu venir 2m1"
    got = normalise(typed)
    at = got.text.index("demain")
    assert {typed[got.offsets[i]] for i in range(at, at + len("demain"))} <= set("2m1")
    assert got.offsets[at] == typed.index("2m1")
    assert typed[got.offsets[got.text.index("venir")]] == "v"


def test_the_lexicon_never_grows_a_word_past_the_bound() -> None:
    for form, standard in (LEXICON.anywhere | LEXICON.after_je).items():
        assert len(standard) <= 3 * len(form) + 2, form


def test_fold_keeps_the_length() -> None:
    assert fold("où ça, l'été") == "ou ca, l'ete"


words = st.sampled_from(
    sorted(
        [
            *LEXICON.anywhere,
            *LEXICON.after_je,
            *AMBIGUOUS,
            *(p for c in LEXICON.phrases.values() for p, _ in c),
        ]
    )
    + sorted(set(LEXICON.anywhere.values()))
    + [
        "j",
        "je",
        "j'",
        "va",
        "2",
        "trop",
        "a",
        "permis",
        "😭",
        "💀",
        "jjj",
        "a+",
        "@",
        "https://a.b",
        "y",
        "est",
        "ce",
    ]
)
joins = st.sampled_from([" ", "  ", "", ", ", "'", "-", "…", "\n", "’", "\u200b", "\u0301", "İ"])
typed_like_a_phone = st.lists(st.tuples(words, joins), max_size=12).map(
    lambda pairs: "".join(part for pair in pairs for part in pair)
)
anything = st.one_of(st.text(max_size=80), typed_like_a_phone, typed_like_a_phone.map(str.upper))


@settings(max_examples=600, deadline=None)
@given(anything)
def test_normalising_twice_changes_nothing(typed: str) -> None:
    once = normalise(typed).text
    assert normalise(once).text == once


@settings(max_examples=400, deadline=None)
@given(anything)
def test_the_output_is_bounded_and_traced(typed: str) -> None:
    got = normalise(typed)
    assert len(got.text) <= 3 * len(typed) + 64
    assert len(got.offsets) == len(got.text)
    assert list(got.offsets) == sorted(got.offsets)
    assert all(0 <= at < len(typed) for at in got.offsets)
