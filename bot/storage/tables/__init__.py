"""The tables. Scope by structure from the first; alerts, milestones and appointments apart from messages."""

from bot.storage.tables.alerts import Alert, FollowUp, SecondLook
from bot.storage.tables.appointments import Appointment, BookingDraft, Nudge, PartnerBooking, SlotSlice, Waiting
from bot.storage.tables.base import Base
from bot.storage.tables.conversations import Change, Conversation, InboxRow, OldRasaKey, Turn, TurnEffect
from bot.storage.tables.desk import CannedReply, Note, Notice, ReadMark
from bot.storage.tables.encounters import Encounter
from bot.storage.tables.groups import BusPassage, Registration, Workshop, WorkshopAttendance, WorkshopSession
from bot.storage.tables.handoffs import Handoff, HandoffEvent, SurveyAnswer
from bot.storage.tables.learning import Misread, Wording
from bot.storage.tables.messages import Message, OutboxRow, SealedContent, SendBudget, StoredFile
from bot.storage.tables.people import ChannelIdentity, JoinLink, Milestone, Person, SourceTouch, WebSession
from bot.storage.tables.places import Absence, Opening, Place, Reason, Unserved
from bot.storage.tables.review import Feedback, ReviewComment, ReviewMark, ReviewTag
from bot.storage.tables.team import Adviser, AdviserCode, AgendaFeed, ConsoleSession, Invitation, Presence, TelegramLink
from bot.storage.tables.territory import Source, Structure, StructureSetting, TerritoryRow
from bot.storage.tables.topics import Topic, TopicGroup, TopicGuest, TopicLine

__all__ = [
    "Absence",
    "Adviser",
    "AdviserCode",
    "AgendaFeed",
    "Alert",
    "Appointment",
    "Base",
    "BookingDraft",
    "BusPassage",
    "CannedReply",
    "Change",
    "ChannelIdentity",
    "ConsoleSession",
    "Conversation",
    "Encounter",
    "Feedback",
    "FollowUp",
    "Handoff",
    "HandoffEvent",
    "InboxRow",
    "Invitation",
    "JoinLink",
    "Message",
    "Milestone",
    "Misread",
    "Note",
    "Notice",
    "Nudge",
    "OldRasaKey",
    "Opening",
    "OutboxRow",
    "PartnerBooking",
    "Person",
    "Place",
    "Presence",
    "ReadMark",
    "Reason",
    "Registration",
    "ReviewComment",
    "ReviewMark",
    "ReviewTag",
    "SealedContent",
    "SecondLook",
    "SendBudget",
    "SlotSlice",
    "Source",
    "SourceTouch",
    "StoredFile",
    "Structure",
    "StructureSetting",
    "SurveyAnswer",
    "TelegramLink",
    "TerritoryRow",
    "Topic",
    "TopicGroup",
    "TopicGuest",
    "TopicLine",
    "Turn",
    "TurnEffect",
    "Unserved",
    "Waiting",
    "WebSession",
    "Wording",
    "Workshop",
    "WorkshopAttendance",
    "WorkshopSession",
]
