"""What a message may want beside its first intent: a second want, or one of two close meanings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

JOINT = re.compile(
    r"[\n?!;]+|\.{1,3}(?=\s)|,?\s+(?:et(?: puis| aussi| sinon)?|puis|aussi|sinon|ensuite|en plus|par contre)\s+|\s\+\s",
    re.IGNORECASE,
)
MAX_PIECES = 4
# How sure each piece must be: of messages of one want, one in two hundred is then cut (decision 0014).
SURE = 0.7
# Two meanings are worth asking about when, together, they are more likely than all the others.
LIKELY_TOGETHER = 0.5
# Beside a want, they call for no answer of their own.
NO_WANT = frozenset(
    (
        "abandon_step",
        "affirm",
        "chitchat",
        "deny",
        "give_feedback",
        "goodbye",
        "greet",
        "inform",
        "insult",
        "nlu_fallback",
        "out_of_scope",
        "thank",
    )
)
APPOINTMENT = frozenset(
    (
        "ask_my_appointment",
        "book_appointment",
        "cancel_appointment",
        "confirm_attendance",
        "join_waiting_list",
        "move_appointment",
        "report_late",
    )
)
PERSON = frozenset(("ask_for_someone_else", "ask_my_adviser", "request_callback", "request_human"))
DATA = frozenset(("ask_my_data", "erase_my_data"))
# These end with a question of their own: it is the last thing said.
ASKING_LAST = frozenset(("book_appointment", "move_appointment"))


def pieces(text: str) -> list[str]:
    """The text cut at its clear joints; empty if it has none, or so many that it is a story."""
    found = [piece.strip(" ,.") for piece in JOINT.split(text)]
    found = [piece for piece in found if piece]
    return found if 1 < len(found) <= MAX_PIECES else []


def two_wants(read: Sequence[tuple[str, str, float]], *, booking: bool) -> list[str]:
    """The two pieces to answer, in that order; empty if the message is of one want.

    `read` is (piece, intent, confidence) of each. With a `booking` open, an answer to it comes first, and what is
    about appointments is its own.
    """
    sure = {intent: piece for piece, intent, confidence in reversed(read) if confidence >= SURE}
    answer = sure.get("inform") if booking else None
    wants = [intent for intent in reversed(sure) if intent not in NO_WANT and not (booking and intent in APPOINTMENT)]
    if answer is not None and wants:
        return [answer, sure[wants[0]]]
    second = next((intent for intent in wants[1:] if not _one_story((wants[0], intent))), None)
    if second is None:
        return []
    return [sure[intent] for intent in sorted((wants[0], second), key=ASKING_LAST.__contains__)]


def _one_story(intents: Iterable[str]) -> bool:
    """Whether they are two ways to say one thing: "je peux pas venir, mets-moi jeudi" is a move."""
    return any(family.issuperset(intents) for family in (APPOINTMENT, PERSON, DATA))


def close_meanings(ranking: Sequence[tuple[str, float]]) -> tuple[str, str] | None:
    """The two intents to ask about, of (intent, confidence) in order; None if the text is simply not understood."""
    (first, one), (second, two) = ranking[0], ranking[1]
    clear = one + two >= LIKELY_TOGETHER and not {first, second} & NO_WANT
    return (first, second) if clear else None
