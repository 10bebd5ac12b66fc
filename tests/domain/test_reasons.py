"""What an appointment is for, in the words of who asks."""

from __future__ import annotations

import pytest

from bot.domain.reasons import read_reason
from bot.domain.replies import plain

OFFERED = (
    ("first_meeting", "Un premier rendez-vous"),
    ("follow_up", "Un suivi"),
    ("cv", "Mon CV"),
    ("driving", "Le permis"),
)


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("jveux un rdv pour mon cv", "cv"),
        ("g besoin daide pr une lettre de motivation", "cv"),
        ("un rdv de suivi", "follow_up"),
        ("c'est pour le permis", "driving"),
        ("jveux un rdv", None),
        ("mon premier rendez-vous", None),
        ("j'ai suivi une formation", None),
        ("un rdv pour un logement", None),
    ],
)
def test_a_reason_is_read_among_those_that_are_offered(text: str, slug: str | None) -> None:
    assert read_reason(plain(text), OFFERED) == slug
