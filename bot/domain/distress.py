"""What is said after a danger is seen: the first answer, then a small fixed script until a human answers.

The script understands a few replies whatever their spelling, asks nothing twice, never repeats a text, never says
it did not understand, and sends nothing into silence. It says of the team only what `TeamStatus` holds. Nothing
here lowers an alert: a human does. Texts are the `utter_safety_…` responses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

from bot.domain.helplines import Line
from bot.domain.safety import DISCREET_KINDS, Kind, Level, SafetyReading, Who
from nlu.langue import fold, normalise


@dataclass(frozen=True)
class TeamStatus:
    """What is true of the team at this minute.

    `reached`: first name of someone present or on call whom the alert has reached. `reopens`: the next opening in
    French ("mardi à 9 h"), None when unknown.
    """

    reached: str | None = None
    open_now: bool = False
    reopens: str | None = None


@dataclass(frozen=True)
class Script:
    """What has been said and asked since the alert opened; `waiting` is the question still unanswered."""

    asked: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    waiting: str | None = None
    level: Level = Level.NONE
    kinds: tuple[Kind, ...] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Script:
        """The script `to_json` wrote.

        Raises:
            KeyError, ValueError: `text` is not a script.
        """
        raw = json.loads(text)
        return cls(
            asked=tuple(raw["asked"]),
            said=tuple(raw["said"]),
            waiting=raw["waiting"],
            level=Level(raw["level"]),
            kinds=tuple(Kind(kind) for kind in raw["kinds"]),
        )


@dataclass(frozen=True)
class Say:
    """A response to send, by name, with the values its text needs; its buttons are in the response."""

    response: str
    values: dict[str, str] = field(default_factory=dict)


class Reply(StrEnum):
    """What the young person's answer comes to."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"
    CAN_READ = "can_read"
    LATER = "later"
    SILENCE = "silence"
    SOMEONE = "someone"  # "oui ma mère"
    NO_CALL = "no_call"  # "appelle personne"
    DROP = "drop"  # "laisse tomber"
    FINE = "fine"  # "tkt c bon"
    JOKE = "joke"
    CANNOT_SPEAK = "cannot_speak"
    ROBOT = "robot"
    THANKS = "thanks"
    OTHER = "other"


_BUTTONS = {
    "safe:yes": Reply.YES,
    "safe:no": Reply.NO,
    "safe:unsure": Reply.UNSURE,
    "safe:can_read": Reply.CAN_READ,
    "safe:later": Reply.LATER,
}


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


# Tried in this order, on text without accents; "non, laisse tomber" is a "laisse tomber".
_REPLIES: tuple[tuple[Reply, re.Pattern[str]], ...] = (
    (
        Reply.CANNOT_SPEAK,
        _any(
            r"(?:peux|veux|arrive|ose|sais) (?:pas|plus) (?:a |te |leur |lui |vous )?(?:parler|appeler|telephoner)",
            r"\bpas (?:parler|appeler|telephoner)\b",
            r"(?:il|elle|ils|on) (?:va|vont|peut) m'entendre",
            r"(?:plus|pas) de (?:credit|forfait|batterie|reseau)",
            r"\b(?:sourde?|malentendante?)\b",
        ),
    ),
    (
        Reply.NO_CALL,
        _any(
            r"\b(?:appell?ez?|appeller?|previen\w*|contacte\w?|alerte\w?) (?:personne|pas|surtout pas|rien)",
            r"\b(?:dis|dites|raconte|repete)\w* (?:rien|pas|le a personne|a personne)",
            r"faut (?:le dire a personne|rien dire)",
            r"(?:pas|aucun) (?:de |la |les |mes )?(?:police|flics?|policiers?|pompiers?|parents|secours|ambulance)",
            r"(?:sans|pas) (?:prevenir|appeler) (?:mes|ma|mon|la|les|personne)",
            r"reste entre nous|veux pas que (?:\w+ ){0,3}(?:sache|appell?e|prevenne|previenne)",
        ),
    ),
    (
        Reply.JOKE,
        _any(
            r"\b(?:rigol|deconn|plaisant|blagu|mythonn)\w*",
            r"\bpour rire\b|\btroll\w*|c'etait faux",
            r"^(?:mdr|rire|haha\w*|hihi\w*|xd|\W)+$",
        ),
    ),
    (
        Reply.DROP,
        _any(
            r"laisse[zs]? ?(?:tomber|beton|moi$|moi tranquille|la$)|lache[- ]moi|fous[- ]moi la paix",
            r"\boubli\w* ?(?:c'est|ca|moi|ce que|tout|$)|^(?:c'est |non )?rien\b|\btant pis\b|\bosef\b",
            r"on s'en fou\w*|c'est pas grave|\btg\b|ta gueule|\bstop\b",
            r"veux (?:pas|plus) (?:en |t'en )?(?:parler|repondre)",
        ),
    ),
    (
        Reply.FINE,
        _any(
            r"t'inquiete|c'est bon\b|fausse alerte|je gere\b|c'est passe\b",
            r"ca va (?:mieux|aller|maintenant)|^(?:oui |non )?ca va\b(?! pas)|je vais (?:mieux|bien)",
            r"je suis (?:en securite|safe|calm\w+)",
        ),
    ),
    (
        Reply.SOMEONE,
        _any(
            r"\b(?:ma|mon|mes|une?) (?:petite? |grande? |meilleure? )?(?:mere|pere|maman|papa|soeur|frere|potes?|"
            r"amie?s?|copine|copain|tante|oncle|cousine?|grand-? ?mere|grand-? ?pere|mamie|papi|educat\w+|voisine?|"
            r"coloc|prof|psy|medecin|parents)\b(?! (?:me|m'|a |va|veut|ne|il|elle))",
        ),
    ),
    (Reply.ROBOT, _any(r"\b(?:robot|bot|machine|ia)\b", r"\bvraie? personne|(?:tu es|t'es|c'est) qui\b|un humain")),
    (
        Reply.UNSURE,
        _any(
            r"sais (?:pas|plus|meme pas)|aucune idee|peut-? ?etre|\bbof\b|^je crois\b",
            r"^un peu\b|^pas (?:vraiment|sure?)\b|^\?+$",
        ),
    ),
    (Reply.THANKS, _any(r"^\W*(?:ok |oui |d'accord )?merci\b")),
    (
        Reply.LATER,
        _any(r"^(?:non )?pas (?:maintenant|la|tout de suite|ce soir)\b", r"\bplus tard\b|\btout a l'heure\b"),
    ),
    (Reply.NO, _any(r"^\W*(?:non|na|pas du tout|jamais)\b")),
    (Reply.YES, _any(r"^\W*(?:oui|ouais|ok|d'accord|vas-y|grave|carrement|exact\w*|voila)\b")),
)

_EMERGENCY = frozenset({Kind.EMERGENCY, Kind.OVERDOSE})
_QUESTIONS = {
    Kind.EMERGENCY: "utter_safety_ask_help_called",
    Kind.OVERDOSE: "utter_safety_ask_help_called",
    Kind.CHILD_IN_DANGER: "utter_safety_ask_child",
    Kind.THREAT_TO_OTHERS: "utter_safety_ask_step_away",
    Kind.HOMELESS_TONIGHT: "utter_safety_ask_shelter",
    Kind.RUNAWAY: "utter_safety_ask_shelter",
    Kind.HARASSMENT: "utter_safety_ask_threat",
    Kind.CONFUSION: "utter_safety_ask_danger",
    Kind.SUICIDE: "utter_safety_ask_danger",
    Kind.SELF_HARM: "utter_safety_ask_danger",
}
_CAN_READ = "utter_safety_ask_can_read"
_OTHER_PERSON = "utter_safety_ask_other_where"
_LIFE_QUESTIONS = frozenset({"utter_safety_ask_danger", "utter_safety_ask_threat", "utter_safety_ask_child"})
_LISTENING = tuple(f"utter_safety_listen_{n}" for n in range(1, 13))  # each shorter than the one before
_LAST = "utter_safety_last"
# Who answers, said last in the very first exchange: the lines come before it.
ROBOT_FIRST = "utter_safety_robot_first"


def first_answer(
    reading: SafetyReading, lines: Sequence[Line], status: TeamStatus, script: Script, *, late: bool = False
) -> tuple[list[Say], Script]:
    """Heard, the lines that answer now, the true state of the team, one question; critical: the lines first.

    `late`: the answer leaves more than two minutes after the message. When discretion is due, it then only says
    hello, and names nothing before the young person says they can read.
    """
    kind = reading.kinds[0] if reading.kinds else None
    turn = _Turn(replace(script, level=reading.level, kinds=reading.kinds))
    if late and reading.discreet:
        turn.say("utter_safety_discreet_hello")
        turn.wait("utter_safety_discreet_hello")
        return turn.done()
    if reading.level is Level.CONCERN:
        turn.say("utter_safety_heard_concern")
        turn.line(lines[:1])
        return turn.done()
    heard = f"utter_safety_heard_{kind.value if kind else 'concern'}"
    if reading.discreet:
        heard = "utter_safety_heard_discreet"
    if reading.level is Level.CRITICAL:
        turn.line(lines)
        turn.say(heard)
    else:
        turn.say(heard)
        turn.line(lines)
    turn.status(status, lines)
    turn.ask(_question(reading))
    return turn.done()


def next_answer(
    text_or_button: str, reading: SafetyReading, lines: Sequence[Line], status: TeamStatus, script: Script
) -> tuple[list[Say], Script]:
    """The answer to one message while the alert is open; `reading` is that message's own.

    `lines` are those that answer now for the alert. An empty list of answers means nothing is sent. The script's
    level rises to critical when the young person says there is danger to life; nothing here lowers it.
    """
    reply = understood(text_or_button)
    if reply is Reply.SILENCE:
        return [], script
    if reading.level > script.level or (reading.level >= Level.HIGH and not set(reading.kinds) <= set(script.kinds)):
        return _graver(reading, lines, status, script)
    if reading.level >= Level.HIGH:
        reply = Reply.OTHER  # "c'est bon, je veux mourir": the danger said again matters more than its "c'est bon"
    question = script.waiting
    turn = _Turn(script if reply is Reply.OTHER else replace(script, waiting=None))
    if question == "utter_safety_discreet_hello":
        _after_hello(turn, reply, lines, status)
    elif reply in _ALONE:
        turn.say(_ALONE[reply])
        if reply is Reply.CANNOT_SPEAK:
            turn.line([line for line in lines if line.written])
    elif reply is Reply.SOMEONE:
        # Whoever is there may be the danger: nothing is said of them then.
        turn.say("utter_safety_yes" if _discreet(script) else "utter_safety_someone")
    else:
        _answered(turn, question, reply, lines)
    if status.reached:
        turn.status(status, lines)
    if not turn.says:
        turn.listen(lines, script)
    return turn.done()


def understood(text_or_button: str) -> Reply:
    """What a typed answer or a button comes to, whatever its spelling."""
    if text_or_button in _BUTTONS:
        return _BUTTONS[text_or_button]
    text = fold(normalise(text_or_button).text)
    if not text:
        return Reply.SILENCE
    return next((reply for reply, pattern in _REPLIES if pattern.search(text)), Reply.OTHER)


_ALONE = {
    Reply.CANNOT_SPEAK: "utter_safety_cannot_speak",
    Reply.NO_CALL: "utter_safety_no_call",
    Reply.JOKE: "utter_safety_joke",
    Reply.DROP: "utter_safety_drop",
    Reply.FINE: "utter_safety_fine",
    Reply.ROBOT: "utter_safety_robot",
    Reply.THANKS: "utter_safety_thanks",
}


def _question(reading: SafetyReading) -> str:
    kind = reading.kinds[0] if reading.kinds else Kind.SUICIDE
    if not DISCREET_KINDS.isdisjoint(reading.kinds) and kind not in _EMERGENCY:
        return _CAN_READ
    if reading.who is Who.OTHER and kind in (Kind.SUICIDE, Kind.SELF_HARM):
        return _OTHER_PERSON
    return _QUESTIONS.get(kind, _CAN_READ)


def _discreet(script: Script) -> bool:
    return not DISCREET_KINDS.isdisjoint(script.kinds)


def _graver(
    reading: SafetyReading, lines: Sequence[Line], status: TeamStatus, script: Script
) -> tuple[list[Say], Script]:
    """A new danger, or a graver one: its lines first, then what was not said yet."""
    kinds = (*reading.kinds, *(kind for kind in script.kinds if kind not in reading.kinds))
    turn = _Turn(replace(script, waiting=None, level=max(reading.level, script.level), kinds=kinds))
    turn.line(lines)
    turn.say("utter_safety_heard_more")
    turn.status(status, lines)
    turn.ask(_question(reading))
    if not turn.says:
        turn.listen(lines, script)
    return turn.done()


def _after_hello(turn: _Turn, reply: Reply, lines: Sequence[Line], status: TeamStatus) -> None:
    if reply in (Reply.LATER, Reply.NO):
        turn.say("utter_safety_later")
        return
    turn.say("utter_safety_heard_discreet")
    turn.line(lines)
    turn.status(status, lines)


def _answered(turn: _Turn, question: str | None, reply: Reply, lines: Sequence[Line]) -> None:
    """An answer to the question asked; without a question, a plain yes or no is only received."""
    if reply in (Reply.CAN_READ, Reply.YES) and question == _CAN_READ:
        turn.say("utter_safety_can_read")
    elif reply is Reply.LATER or (reply is Reply.NO and question == _CAN_READ):
        turn.say("utter_safety_later")
    elif question in _LIFE_QUESTIONS and reply in (Reply.YES, Reply.UNSURE):
        turn.say("utter_safety_danger_yes" if reply is Reply.YES else "utter_safety_danger_unsure")
        if reply is Reply.YES:
            turn.script = replace(turn.script, level=Level.CRITICAL)
    elif question in _LIFE_QUESTIONS and reply is Reply.NO:
        turn.say("utter_safety_danger_no")
    elif question and question != _CAN_READ and reply in (Reply.YES, Reply.NO, Reply.UNSURE):
        turn.say(f"{question.replace('_ask_', '_answer_')}_{'yes' if reply is Reply.YES else 'no'}")
    elif reply is Reply.UNSURE:
        turn.say("utter_safety_unsure")
    elif reply is Reply.NO:
        turn.say("utter_safety_no")
    elif reply is Reply.YES:
        turn.say("utter_safety_yes")


class _Turn:
    """One answer being put together: nothing in it has been said before."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.says: list[Say] = []

    def say(self, response: str, **values: str) -> None:
        if response not in self.script.said:
            self.says.append(Say(response, values))
            self.script = replace(self.script, said=(*self.script.said, response))

    def line(self, lines: Sequence[Line]) -> None:
        for line in lines:
            self.say(f"utter_safety_line_{line.id}")

    def status(self, status: TeamStatus, lines: Sequence[Line]) -> None:
        """What is true of the team now; each of these sentences once."""
        meanwhile = lines[0].said if lines else "114"
        if status.reached:
            self.say("utter_safety_status_reached", name=status.reached)
        elif status.open_now:
            self.say("utter_safety_status_open", line=meanwhile)
        elif status.reopens:
            self.say("utter_safety_status_closed", reopens=status.reopens, line=meanwhile)
        else:
            self.say("utter_safety_status_unknown", line=meanwhile)

    def ask(self, question: str) -> None:
        if question not in self.script.asked:
            self.say(question)
            self.wait(question)

    def wait(self, question: str) -> None:
        self.script = replace(self.script, asked=(*self.script.asked, question), waiting=question)

    def listen(self, lines: Sequence[Line], before: Script) -> None:
        """A kind sentence not said yet, ever shorter; at the very end, that a human will read, and the line."""
        left = next((response for response in _LISTENING if response not in before.said), None)
        if left:
            self.say(left)
        else:
            self.says.append(Say(_LAST, {"line": lines[0].said if lines else "114"}))

    def done(self) -> tuple[list[Say], Script]:
        return self.says, self.script
