"""Refusals. Each knows the response that says it in plain French; each edge maps it once."""

from __future__ import annotations

from bot.domain.conversations import Say


class Refusal(Exception):
    """Something asked for cannot be done; expected, so never an alarm.

    `response` names the text in data/responses that says so; `values` fill its variables.
    """

    response = "utter_error"

    def __init__(self, **values: str) -> None:
        super().__init__(self.response)
        self.values = values


class SlotTaken(Refusal):
    """Somebody else booked this slot first."""

    response = "utter_slot_taken"


class SlotGone(Refusal):
    """The slot is over, or the permanence no longer exists."""

    response = "utter_slot_gone"


class OfferGone(Refusal):
    """The slot offered to someone in line is not held for them any more."""

    response = "utter_waiting_offer_gone"


class AlreadyBooked(Refusal):
    """The person already has an appointment to come for this reason."""

    response = "utter_already_booked"


class SomeoneBooked(Refusal):
    """An adviser books for a young person who already has an appointment to come for this reason."""

    response = "utter_team_already_booked"


class NobodyChosen(Refusal):
    """An adviser books for nobody, or for a number that is nobody's in the structure."""

    response = "utter_team_nobody_chosen"


class NoPhone(Refusal):
    """An appointment by telephone has no number to call."""

    response = "utter_team_no_phone"


class NoMeetingPoint(Refusal):
    """An adviser goes to a young person, and nobody said where."""

    response = "utter_team_no_meeting_point"


class FormMistake(Refusal):
    """A form about openings or absences holds something that cannot be; `response` says what."""

    def __init__(self, response: str) -> None:
        super().__init__()
        self.response = response


class AlreadyDecided(Refusal):
    """A colleague decided of it meanwhile."""

    response = "utter_already_decided"


class OwnProposal(Refusal):
    """A text that needs two people was proposed by the very one who validates it."""

    response = "utter_wording_own_proposal"


class BadWording(Exception):
    """A text may not stand for another; `faults` say why."""

    def __init__(self, faults: list[Say]) -> None:
        super().__init__("bad wording")
        self.faults = faults


class NotChangeable(Exception):
    """There is no such text, or no structure may change it."""


class NoAppointment(Refusal):
    """The person has no appointment to come."""

    response = "utter_no_appointment"


class TooLateToChange(Refusal):
    """The appointment is over or begins too soon to be changed here."""

    response = "utter_too_late_to_change"


class WorkshopGone(Refusal):
    """The workshop is cancelled, has begun, or never was."""

    response = "utter_workshop_gone"


class WorkshopFull(Refusal):
    """No seat is left in the workshop, or others wait for one."""

    response = "utter_workshop_full"


class AlreadyRegistered(Refusal):
    """The person has a seat in the workshop, or is in line for one."""

    response = "utter_workshop_already"


class BusGone(Refusal):
    """The bus does not stop there any more, or it has left."""

    response = "utter_bus_gone"


class FormIncomplete(Refusal):
    """A form of the console lacks something, or says something impossible."""

    response = "utter_form_incomplete"


class EncounterCounts(Refusal):
    """An encounter was noted more than a day ago: it counts."""

    response = "utter_encounter_counts"


class NeedsAnotherCoordinator(Refusal):
    """Who closed an alert as false is not who reads it again."""

    response = "utter_needs_another_coordinator"


class AlreadyTaken(Refusal):
    """Another adviser took the conversation first."""

    response = "utter_already_taken"


class NotYourStructure(Refusal):
    """The row belongs to a structure the adviser is not in."""

    response = "utter_not_your_structure"


class NotTheHolder(Refusal):
    """Only who holds the conversation may answer in it or give it back."""

    response = "utter_not_the_holder"


class NotYours(Refusal):
    """A ready reply is its owner's to change, and the structure's are its coordinators'."""

    response = "utter_not_yours"


class TooManyCanned(Refusal):
    """There are as many ready replies as a page can show."""

    response = "utter_too_many_canned"


class SearchTooShort(Refusal):
    """Too few letters to look for."""

    response = "utter_search_too_short"


class NotAColleague(Refusal):
    """A conversation is given only to someone else of the same team, who answers."""

    response = "utter_not_a_colleague"


class BadMoment(Refusal):
    """A moment is over already, or too far away."""

    response = "utter_bad_moment"


class NoteTooLong(Refusal):
    """A note for the colleagues is longer than 500 characters."""

    response = "utter_note_too_long"


class StillWaiting(Refusal):
    """The team wrote first and the young person has not answered: it does not write again."""

    response = "utter_wrote_first_already"


class NotKnownYet(Refusal):
    """The team writes first only to someone it talked to or receives."""

    response = "utter_not_known_yet"


class NothingToDo(Refusal):
    """The row is already in a final state."""

    response = "utter_nothing_to_do"


class LinkGone(Refusal):
    """The link to Telegram was used, is too old, or never existed."""

    response = "utter_join_gone"


class LinkOver(Refusal):
    """The link that ties a Telegram account or a group to the team was used, is too old, or never was."""

    response = "utter_team_link_over"


class NotAForum(Refusal):
    """The team's group must be private, and have topics."""

    response = "utter_group_not_a_forum"


class NotYetLinked(Refusal):
    """A coordinator links their own Telegram before a group."""

    response = "utter_group_link_yourself_first"


class NoTelegram(Refusal):
    """The service has no robot on Telegram, or its name is not set."""

    response = "utter_team_no_telegram"


class NeedsAgreement(Refusal):
    """A partner books with the young person's agreement and their first name, or not at all."""

    response = "utter_partner_needs_agreement"


class NoWayToCall(Refusal):
    """The number given for the young person is not one."""

    response = "utter_partner_bad_number"


class TwoAppointments(Refusal):
    """The two who would become one person each have an appointment to come."""

    response = "utter_join_two_appointments"


class MessageTooLong(Refusal):
    """A text is longer than a channel takes."""

    response = "utter_web_too_long"


class TooFast(Refusal):
    """Too many messages in too little time; `seconds` says when to try again."""

    response = "utter_web_too_fast"

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class NothingWritten(Refusal):
    """An answer has no words."""

    response = "utter_nothing_written"


class AnswerTooLong(Refusal):
    """An answer is longer than a message may be."""

    response = "utter_answer_too_long"


class FileTooBig(Refusal):
    """A file has more bytes than may be kept; `most` in megabytes."""

    response = "utter_file_too_big"


class FileNotTaken(Refusal):
    """A file is of a kind that is not taken, or is broken."""

    response = "utter_file_not_taken"


class NoFile(Refusal):
    """A form that sends a file holds none."""

    response = "utter_no_file"


class NotYourMessage(Refusal):
    """Only who wrote a message may change it or take it back."""

    response = "utter_not_your_message"


class TooLateToTakeBack(Refusal):
    """Messages are taken back within two days; later, the channel keeps them."""

    response = "utter_too_late_to_take_back"


class WrongPassword(Refusal):
    """The e-mail is nobody's, or the password is not theirs; which of the two is not said."""

    response = "utter_wrong_password"


class TooManyTries(Refusal):
    """Too many log-ins were tried with this e-mail or from this address."""

    response = "utter_too_many_tries"


class PasswordTooShort(Refusal):
    """A new password is shorter than twelve characters, or so long that it is not one."""

    response = "utter_password_too_short"


class SamePassword(Refusal):
    """The new password is the old one."""

    response = "utter_same_password"


class InvitationOver(Refusal):
    """The link was used, is too old, or was never made."""

    response = "utter_invitation_over"


class EmailTaken(Refusal):
    """Somebody else of the team logs in with this e-mail, or it is not one."""

    response = "utter_email_taken"


class ClosedTurn(Exception):
    """An action came for a turn that is closed: its effects are refused."""


class AssistantAway(Exception):
    """Rasa is starting, slow or dead, or answered with nothing."""


class SettingsError(Exception):
    """A setting is missing or wrong; the message says which and how to set it."""


class BadTag(Refusal):
    """A tag is empty or longer than 24 characters, or there are eight already."""

    response = "utter_review_bad_tag"


class NobodyToTell(Refusal):
    """Nobody of the team had this conversation: there is no one to write to about it."""

    response = "utter_review_nobody_to_tell"
