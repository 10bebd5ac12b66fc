"""The tables. Scope by structure from the first; alerts, milestones and appointments apart from messages."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from bot.domain.alerts import AlertEnd
from bot.domain.appointments import AppointmentState, DraftState, Mode, RemindBy
from bot.domain.conversations import Author, IncomingKind, Speaker
from bot.domain.encounters import EncounterTheme, NextStep
from bot.domain.files import FileKind, FileState
from bot.domain.handoffs import HandoffReason, HandoffState, Step
from bot.domain.misunderstandings import Cause, MisreadState
from bot.domain.nudges import NudgeKind, NudgeState
from bot.domain.outbox import OutboxKind, OutboxState
from bot.domain.people import Channel, MilestoneKind
from bot.domain.review import Mark
from bot.domain.safety import Level
from bot.domain.surveys import Face
from bot.domain.team import NoticeKind, PresenceSaid, Role
from bot.domain.topics import Trouble
from bot.domain.waiting import WaitingState
from bot.domain.wording import WordingState
from bot.domain.workshops import Attendance, RegistrationState, WorkshopKind
from bot.storage.types import Instant, Named


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Instant, dict[str, Any]: JSON, list[Any]: JSON}


# ── What a territory sets up (territories/*.yml) ─────────────────────────────────────────────


class TerritoryRow(Base):
    __tablename__ = "territory"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    # A regime of public holidays (domain/calendar).
    subdiv: Mapped[str | None] = mapped_column(String(40))
    fictional: Mapped[bool]
    neighbours: Mapped[list[Any]]
    bring: Mapped[list[Any]]
    loaded_at: Mapped[datetime]


class Structure(Base):
    __tablename__ = "structure"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    territory_id: Mapped[str] = mapped_column(ForeignKey("territory.id"))
    name: Mapped[str] = mapped_column(String(120))
    short_name: Mapped[str] = mapped_column(String(40))
    mission_locale: Mapped[str | None] = mapped_column(String(40))
    phone: Mapped[str | None] = mapped_column(String(20))
    position: Mapped[int] = mapped_column(default=0)
    territory: Mapped[TerritoryRow] = relationship(lazy="joined")


class Adviser(Base):
    """Someone who answers, or a partner who only books.

    `telegram_chat` is where notices go, if they linked their Telegram.
    """

    __tablename__ = "adviser"
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"))
    first_name: Mapped[str] = mapped_column(String(40))
    role: Mapped[Role] = mapped_column(Named(Role))
    # Of a partner: who they work for, which is not the structure they book with.
    organisation: Mapped[str | None] = mapped_column(String(80))
    email: Mapped[str | None] = mapped_column(String(200), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    must_change_password: Mapped[bool] = mapped_column(default=False)
    telegram_chat: Mapped[str | None] = mapped_column(String(40))
    # What they last said of themselves, which wins over their hours until then.
    presence_said: Mapped[PresenceSaid | None] = mapped_column(Named(PresenceSaid))
    presence_until: Mapped[datetime | None]
    # What a young person may wish for: a woman or a man (None where nobody said), and themes ("need_housing").
    woman: Mapped[bool | None]
    themes: Mapped[list[Any]] = mapped_column(default=list)
    # Whether they want an e-mail that counts what waits, and when they had the last one.
    wants_digest: Mapped[bool] = mapped_column(default=False)
    digest_at: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True)
    structure: Mapped[Structure] = relationship(lazy="joined")


class StructureSetting(Base):
    """What a structure decides of its delays, in minutes, and of what it uses; no row: what is written here."""

    __tablename__ = "structure_setting"
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"), primary_key=True)
    # The holder left the last message unanswered: it goes back to the queue. Minutes of their presence.
    unanswered_minutes: Mapped[int] = mapped_column(default=30)
    # Nobody took it though the team is there: the young person is told, once.
    tell_late_minutes: Mapped[int] = mapped_column(default=15)
    # The holder is off duty and a message waits: it is offered to who is there.
    offer_back_minutes: Mapped[int] = mapped_column(default=120)
    # How many conversations someone holds before the others are asked first.
    load_limit: Mapped[int] = mapped_column(default=8)
    surveys: Mapped[bool] = mapped_column(default=True)


class ConsoleSession(Base):
    """Someone of the team is logged in. Only a digest of their cookie is kept."""

    __tablename__ = "console_session"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    adviser_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    adviser: Mapped[Adviser] = relationship(lazy="joined")


class Invitation(Base):
    """A link that lets someone of the team choose their password, once."""

    __tablename__ = "invitation"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    adviser_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"), index=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class TelegramLink(Base):
    """A link that ties an adviser's Telegram to their account, or a group to their structure, once."""

    __tablename__ = "telegram_link"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    adviser_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"), index=True)
    for_group: Mapped[bool]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    adviser: Mapped[Adviser] = relationship(lazy="joined")


class Presence(Base):
    """When an adviser answers (presence) or can be called in an emergency (on call); Paris time, minutes."""

    __tablename__ = "presence"
    id: Mapped[int] = mapped_column(primary_key=True)
    adviser_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"), index=True)
    on_call: Mapped[bool] = mapped_column(default=False)
    weekday: Mapped[int]
    start_minute: Mapped[int]
    end_minute: Mapped[int]


class Place(Base):
    __tablename__ = "place"
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"))
    name: Mapped[str] = mapped_column(String(120))
    insee: Mapped[str | None] = mapped_column(String(5))
    address: Mapped[str | None] = mapped_column(String(200))
    mobile: Mapped[bool] = mapped_column(default=False)
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    serves: Mapped[list[Any]]
    # None where nobody said.
    wheelchair: Mapped[bool | None]
    sign_language: Mapped[bool | None]
    calm: Mapped[bool | None]
    # A regime of public holidays (domain/calendar), where it is not the territory's.
    holidays: Mapped[str | None] = mapped_column(String(40))
    verified_on: Mapped[date | None] = mapped_column(Date)
    fictional: Mapped[bool] = mapped_column(default=False)
    structure: Mapped[Structure] = relationship(lazy="joined")


class Reason(Base):
    """What an appointment is for, in a structure. `minutes` None: as long as the opening's own slots.

    `modes` empty: those of the opening. `bookable_by`: who may book it (domain/reasons).
    """

    __tablename__ = "reason"
    __table_args__ = (UniqueConstraint("structure_id", "slug"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"))
    slug: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(26))  # a button's label
    minutes: Mapped[int | None]
    modes: Mapped[list[Any]] = mapped_column(default=list)
    shortest_notice_minutes: Mapped[int]
    longest_notice_days: Mapped[int]
    change_notice_minutes: Mapped[int]
    bookable_by: Mapped[list[Any]]
    documents: Mapped[list[Any]] = mapped_column(default=list)
    active: Mapped[bool] = mapped_column(default=True)


class Opening(Base):
    """When people are received, Paris time: a weekday every `every_weeks` weeks, the `nth` of a month, or one date.

    Weeks are counted from `first_date`; `nth` is 1 to 4, or -1 for the last. `reasons` empty: all of them.
    """

    __tablename__ = "opening"
    id: Mapped[int] = mapped_column(primary_key=True)
    # The same opening keeps its row, and its appointments, when the territory file is loaded again.
    key: Mapped[str] = mapped_column(String(120), unique=True)
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    adviser_id: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    # Who receives with them, educator and conseiller together.
    second_adviser_id: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    weekday: Mapped[int | None]
    on_date: Mapped[date | None] = mapped_column(Date)
    first_date: Mapped[date | None] = mapped_column(Date)
    last_date: Mapped[date | None] = mapped_column(Date)
    start_minute: Mapped[int]
    end_minute: Mapped[int]
    break_start_minute: Mapped[int | None]
    break_end_minute: Mapped[int | None]
    slot_minutes: Mapped[int]
    seats: Mapped[int]
    modes: Mapped[list[Any]]
    every_weeks: Mapped[int] = mapped_column(default=1)
    nth: Mapped[int | None]
    reasons: Mapped[list[Any]] = mapped_column(default=list)
    label: Mapped[str | None] = mapped_column(String(80))
    # Someone changed it in the console: the territory file does not change it any more.
    edited_at: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True)
    place: Mapped[Place] = relationship(lazy="joined")
    adviser: Mapped[Adviser | None] = relationship(lazy="joined", foreign_keys=[adviser_id])
    second_adviser: Mapped[Adviser | None] = relationship(lazy="joined", foreign_keys=[second_adviser_id])


class Absence(Base):
    """When an adviser, a place or a whole structure is away; both dates included.

    With `weekday`, only that day of each week; with minutes (Paris time), only those hours.
    """

    __tablename__ = "closure"
    id: Mapped[int] = mapped_column(primary_key=True)
    # As for an opening: what the territory file says is found again, and left alone once edited.
    key: Mapped[str | None] = mapped_column(String(160), unique=True)
    structure_id: Mapped[str | None] = mapped_column(ForeignKey("structure.id"))
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"))
    adviser_id: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    first_date: Mapped[date] = mapped_column(Date)
    last_date: Mapped[date] = mapped_column(Date)
    weekday: Mapped[int | None]
    start_minute: Mapped[int | None]
    end_minute: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(String(120))
    edited_at: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True)
    place: Mapped[Place | None] = relationship(lazy="joined")
    adviser: Mapped[Adviser | None] = relationship(lazy="joined")


class Source(Base):
    """A code in `t.me/<bot>?start=<code>`: which poster, market or partner."""

    __tablename__ = "source"
    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    territory_id: Mapped[str] = mapped_column(ForeignKey("territory.id"))
    label: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(40))
    structure_id: Mapped[str | None] = mapped_column(ForeignKey("structure.id"))


# ── Young people ─────────────────────────────────────────────────────────────────────────────


class Person(Base):
    """A young person: no name, no number; what they choose to say lives in their conversation."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    nudges_stopped_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]


class ChannelIdentity(Base):
    __tablename__ = "channel_identity"
    __table_args__ = (UniqueConstraint("channel", "address"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    channel: Mapped[Channel] = mapped_column(Named(Channel))
    address: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    unreachable_at: Mapped[datetime | None]
    # Who they were counted as before a link joined them to another identity; parting gives it back.
    person_before_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    person: Mapped[Person] = relationship(lazy="joined", foreign_keys=[person_id])


class WebSession(Base):
    """A browser that opened the web chat. Only a digest of its cookie is kept."""

    __tablename__ = "web_session"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    address: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    # /cacher: what came before is not shown on this screen any more.
    hidden_before: Mapped[datetime | None]


class JoinLink(Base):
    """A link that carries a person from the web chat to Telegram, once."""

    __tablename__ = "join_link"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SourceTouch(Base):
    """How a person came: the first and the last code, each with its date; unknown codes are kept."""

    __tablename__ = "source_touch"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    first_code: Mapped[str] = mapped_column(String(64))
    first_at: Mapped[datetime]
    first_known: Mapped[bool]
    last_code: Mapped[str] = mapped_column(String(64))
    last_at: Mapped[datetime]
    last_known: Mapped[bool]


class Milestone(Base):
    __tablename__ = "milestone"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    kind: Mapped[MilestoneKind] = mapped_column(Named(MilestoneKind), primary_key=True)
    at: Mapped[datetime]


# ── Conversations ────────────────────────────────────────────────────────────────────────────


class Conversation(Base):
    """One per channel identity. `rasa_key` is all Rasa knows of it, and changes often."""

    __tablename__ = "conversation"
    id: Mapped[int] = mapped_column(primary_key=True)
    identity_id: Mapped[int] = mapped_column(ForeignKey("channel_identity.id"), unique=True)
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"), index=True)
    rasa_key: Mapped[str] = mapped_column(String(40), unique=True)
    rasa_turns: Mapped[int] = mapped_column(default=0)
    rasa_booking: Mapped[bool] = mapped_column(default=False)
    misunderstood: Mapped[int] = mapped_column(default=0)
    pending: Mapped[dict[str, Any] | None]
    commune: Mapped[str | None] = mapped_column(String(5))
    discreet: Mapped[bool] = mapped_column(default=False)
    # The first name or nickname that someone of the team wrote; no other structure reads it.
    nickname: Mapped[str | None] = mapped_column(String(40))
    greeted_at: Mapped[datetime | None]
    identity: Mapped[ChannelIdentity] = relationship(lazy="joined")
    structure: Mapped[Structure] = relationship(lazy="joined")


class OldRasaKey(Base):
    """A key that was thrown away, until Rasa's own rows of it are deleted."""

    __tablename__ = "old_rasa_key"
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    since: Mapped[datetime]


class InboxRow(Base):
    """One update as it came, stored before it is acknowledged."""

    __tablename__ = "inbox"
    __table_args__ = (
        # A browser counts its own messages, so the number is unique within an address.
        UniqueConstraint("channel", "address", "update_id"),
        Index(
            "ix_inbox_waiting",
            "channel",
            "address",
            postgresql_where=text("turn_id IS NULL"),
            sqlite_where=text("turn_id IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[Channel] = mapped_column(Named(Channel))
    update_id: Mapped[int] = mapped_column(BigInteger)
    address: Mapped[str] = mapped_column(String(64))
    kind: Mapped[IncomingKind | None] = mapped_column(Named(IncomingKind))
    payload: Mapped[dict[str, Any]]
    urgent: Mapped[bool] = mapped_column(default=False)
    received_at: Mapped[datetime]
    turn_id: Mapped[int | None] = mapped_column(ForeignKey("turn.id"), index=True)
    set_aside: Mapped[str | None] = mapped_column(String(120))


class Turn(Base):
    """What is answered at once: one or several waiting messages of one address, under a lease."""

    __tablename__ = "turn"
    __table_args__ = (
        Index(
            "uq_turn_open",
            "channel",
            "address",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
            sqlite_where=text("closed_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[Channel] = mapped_column(Named(Channel))
    address: Mapped[str] = mapped_column(String(64))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"), index=True)
    opened_at: Mapped[datetime]
    lease_until: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=1)
    speaker: Mapped[Speaker | None] = mapped_column(Named(Speaker))
    text: Mapped[str | None] = mapped_column(Text)
    # What the model read in it, where an action was told; and whether it may be shown to teach the bot: only where
    # nothing of distress was read.
    intent: Mapped[str | None] = mapped_column(String(60))
    confidence: Mapped[float | None] = mapped_column(Float)
    teachable: Mapped[bool] = mapped_column(default=False)
    before: Mapped[list[Any] | None]
    rasa_key: Mapped[str | None] = mapped_column(String(40))
    asked_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class TurnEffect(Base):
    """What an action did in a turn, so that the same turn sent twice does it once and says the same."""

    __tablename__ = "turn_effect"
    turn_id: Mapped[int] = mapped_column(ForeignKey("turn.id"), primary_key=True)
    action: Mapped[str] = mapped_column(String(60), primary_key=True)
    says: Mapped[list[Any]]
    outcome: Mapped[dict[str, Any]]


class Message(Base):
    __tablename__ = "message"
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    inbox_id: Mapped[int | None] = mapped_column(ForeignKey("inbox.id"), unique=True)
    turn_id: Mapped[int | None] = mapped_column(ForeignKey("turn.id"))
    author: Mapped[Author] = mapped_column(Named(Author))
    adviser_id: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    kind: Mapped[IncomingKind] = mapped_column(Named(IncomingKind))
    text: Mapped[str] = mapped_column(Text)
    reference: Mapped[str | None] = mapped_column(String(64))
    file_reference: Mapped[str | None] = mapped_column(String(200))
    at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    text_before_edit: Mapped[str | None] = mapped_column(Text)
    # An adviser took it back: it left the young person's screen, and the team still reads it.
    withdrawn_at: Mapped[datetime | None]


class StoredFile(Base):
    """A file of a conversation: `inbox_id` of what the young person sent, `message_id` of what an adviser did.

    `reference` is the channel's, until the file is here. `not_before`: when to fetch it, or to try again.
    """

    __tablename__ = "stored_file"
    __table_args__ = (
        Index(
            "ix_stored_file_waiting",
            "not_before",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    inbox_id: Mapped[int | None] = mapped_column(ForeignKey("inbox.id"), unique=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), unique=True)
    state: Mapped[FileState] = mapped_column(Named(FileState))
    kind: Mapped[FileKind | None] = mapped_column(Named(FileKind))
    size: Mapped[int | None]  # bytes
    at: Mapped[datetime]
    reference: Mapped[str | None] = mapped_column(String(200))
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime]


class SealedContent(Base):
    """What a file holds, sealed (vault.py); apart, so that no list of files reads it."""

    __tablename__ = "sealed_content"
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class OutboxRow(Base):
    """One message to send. `chat` groups the rows that must leave in order."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_due", "state", "not_before"),
        Index("ix_outbox_order", "channel", "address", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[Channel] = mapped_column(Named(Channel))
    address: Mapped[str] = mapped_column(String(64))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"), index=True)
    turn_id: Mapped[int | None] = mapped_column(ForeignKey("turn.id"))
    kind: Mapped[OutboxKind] = mapped_column(Named(OutboxKind))
    once_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    payload: Mapped[dict[str, Any]]
    not_before: Mapped[datetime]
    created_at: Mapped[datetime]
    state: Mapped[OutboxState] = mapped_column(Named(OutboxState), default=OutboxState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    reference: Mapped[str | None] = mapped_column(String(64))
    error: Mapped[str | None] = mapped_column(String(120))


class SendBudget(Base):
    """A bucket of what may still be sent, shared by all processes: one for all, one a chat."""

    __tablename__ = "send_budget"
    scope: Mapped[str] = mapped_column(String(80), primary_key=True)
    tokens: Mapped[float] = mapped_column(Float)
    at: Mapped[datetime]


class Change(Base):
    """A conversation changed: open pages look at it again. Written with the change itself (changes.py).

    A number is never given twice, even when old rows are thrown away.
    """

    __tablename__ = "change"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))


# ── Appointments ─────────────────────────────────────────────────────────────────────────────


class Appointment(Base):
    __tablename__ = "appointment"
    __table_args__ = (
        Index(
            "uq_appointment_open",
            "person_id",
            "reason",
            unique=True,
            postgresql_where=text("state = 'booked'"),
            sqlite_where=text("state = 'booked'"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"), index=True)
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    opening_id: Mapped[int] = mapped_column(ForeignKey("opening.id"))
    adviser_id: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    second_adviser_id: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    reason: Mapped[str] = mapped_column(String(40), default="first_meeting")
    mode: Mapped[Mode] = mapped_column(Named(Mode))
    # Where they meet when the adviser comes to them: "devant la gare", in the young person's words.
    meeting_point: Mapped[str | None] = mapped_column(String(120))
    phone: Mapped[str | None] = mapped_column(String(20))
    remind_by: Mapped[RemindBy | None] = mapped_column(Named(RemindBy))
    remind_phone: Mapped[str | None] = mapped_column(String(20))
    called_at: Mapped[datetime | None]
    called_by: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime]
    state: Mapped[AppointmentState] = mapped_column(Named(AppointmentState), default=AppointmentState.BOOKED)
    uid: Mapped[str] = mapped_column(String(64), unique=True)
    sequence: Mapped[int] = mapped_column(default=0)
    booked_at: Mapped[datetime]
    said_coming_at: Mapped[datetime | None]
    late_minutes: Mapped[int | None]
    marked_at: Mapped[datetime | None]
    marked_by: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    place: Mapped[Place] = relationship(lazy="joined")
    adviser: Mapped[Adviser | None] = relationship(lazy="joined", foreign_keys=[adviser_id])
    second_adviser: Mapped[Adviser | None] = relationship(lazy="joined", foreign_keys=[second_adviser_id])


class PartnerBooking(Base):
    """An appointment that a partner booked for a young person, with their agreement and no more than a first name.

    `opened_at` is when the young person opened their link; until then, nobody reads the conversation it is in.
    """

    __tablename__ = "partner_booking"
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"), primary_key=True)
    partner_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"), index=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), unique=True)
    first_name: Mapped[str] = mapped_column(String(40))
    agreed_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    appointment: Mapped[Appointment] = relationship(lazy="joined")
    partner: Mapped[Adviser] = relationship(lazy="joined")


class SlotSlice(Base):
    """Five minutes of a resource that nobody else can have: the last word on double bookings (law 4).

    `run` is for reading fast: how many slices are taken together from this one on, 0 on those that follow it.
    """

    __tablename__ = "slot_slice"
    __table_args__ = (
        Index(
            "ix_slot_slice_run",
            "slice",
            "resource",
            "run",
            "held_until",
            "draft_id",
            postgresql_where=text("run > 0"),
            sqlite_where=text("run > 0"),
        ),
    )
    resource: Mapped[str] = mapped_column(String(60), primary_key=True)
    slice: Mapped[int] = mapped_column(Integer, primary_key=True)
    run: Mapped[int] = mapped_column(default=1)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"), index=True)
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("booking_draft.id"), index=True)
    waiting_id: Mapped[int | None] = mapped_column(ForeignKey("waiting.id"), index=True)
    held_until: Mapped[datetime | None]


class Waiting(Base):
    """Someone in line for an earlier appointment; `offer` is the slot held for them, once one is freed.

    `place_id` and `mode` None: anywhere, anyhow. `seen` are the slots offered before, which are not offered again.
    """

    __tablename__ = "waiting"
    __table_args__ = (
        Index(
            "uq_waiting_open",
            "person_id",
            "reason",
            unique=True,
            postgresql_where=text("state IN ('waiting', 'offered')"),
            sqlite_where=text("state IN ('waiting', 'offered')"),
        ),
        Index("ix_waiting_line", "state", "joined_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    reason: Mapped[str] = mapped_column(String(40))
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"))
    mode: Mapped[Mode | None] = mapped_column(Named(Mode))
    phone: Mapped[str | None] = mapped_column(String(20))
    state: Mapped[WaitingState] = mapped_column(Named(WaitingState), default=WaitingState.WAITING)
    joined_at: Mapped[datetime]
    offer: Mapped[dict[str, Any] | None]
    told_at: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    seen: Mapped[list[Any]] = mapped_column(default=list)
    missed: Mapped[int] = mapped_column(default=0)


class BookingDraft(Base):
    """A booking that is being made: what is known, what was proposed, what is chosen."""

    __tablename__ = "booking_draft"
    __table_args__ = (
        Index(
            "uq_booking_draft_open",
            "conversation_id",
            unique=True,
            postgresql_where=text("state = 'open'"),
            sqlite_where=text("state = 'open'"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    state: Mapped[DraftState] = mapped_column(Named(DraftState), default=DraftState.OPEN)
    moving_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"))
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"))
    anywhere: Mapped[bool] = mapped_column(default=False)
    mode: Mapped[Mode | None] = mapped_column(Named(Mode))
    phone: Mapped[str | None] = mapped_column(String(20))
    # None while it is asked what it is for.
    reason: Mapped[str | None] = mapped_column(String(40))
    meeting_point: Mapped[str | None] = mapped_column(String(120))
    # The communes that were asked about, by INSEE code.
    communes: Mapped[list[Any]] = mapped_column(default=list)
    wanted: Mapped[list[Any]]
    excluded: Mapped[list[Any]]
    # Minutes of any day: "le matin plutôt", "pas le matin".
    hours: Mapped[list[Any]] = mapped_column(default=list)
    excluded_hours: Mapped[list[Any]] = mapped_column(default=list)
    offered: Mapped[list[Any]]
    seen: Mapped[list[Any]]
    chosen: Mapped[dict[str, Any] | None]
    unanswered: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[datetime]
    touched_at: Mapped[datetime]


class Nudge(Base):
    """One reminder or nudge, planned once for what it is about."""

    __tablename__ = "nudge"
    __table_args__ = (UniqueConstraint("kind", "about", "version"), Index("ix_nudge_due", "state", "due_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    kind: Mapped[NudgeKind] = mapped_column(Named(NudgeKind))
    about: Mapped[int]
    version: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    too_late_at: Mapped[datetime]
    state: Mapped[NudgeState] = mapped_column(Named(NudgeState), default=NudgeState.PLANNED)
    why: Mapped[str | None] = mapped_column(String(60))


# ── The bus, and what is done in a group ─────────────────────────────────────────────────────


class BusPassage(Base):
    """What became of a dated opening at a stop of the bus: late, there, broken down, cancelled, who just came."""

    __tablename__ = "bus_passage"
    opening_id: Mapped[int] = mapped_column(ForeignKey("opening.id"), primary_key=True)
    late_minutes: Mapped[int] = mapped_column(default=0)
    arrived_at: Mapped[datetime | None]
    broken_down_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    walk_ins: Mapped[int] = mapped_column(default=0)


class Workshop(Base):
    """An *atelier*, or a *chantier jeunes* over several half-days. One registration holds for all of them."""

    __tablename__ = "workshop"
    id: Mapped[int] = mapped_column(primary_key=True)
    # The same workshop keeps its row, and who is registered, when the territory file is loaded again.
    key: Mapped[str] = mapped_column(String(60), unique=True)
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"), index=True)
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    kind: Mapped[WorkshopKind] = mapped_column(Named(WorkshopKind))
    title: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str | None] = mapped_column(String(40))
    seats: Mapped[int]
    documents: Mapped[list[Any]]
    minor_papers: Mapped[list[Any]]
    pickup: Mapped[str | None] = mapped_column(String(120))
    pickup_minute: Mapped[int | None]
    cancelled_at: Mapped[datetime | None]
    # Set when a person changed it in the console: the territory file no longer does.
    edited_at: Mapped[datetime | None]
    place: Mapped[Place] = relationship(lazy="joined")
    sessions: Mapped[list[WorkshopSession]] = relationship(
        lazy="selectin", order_by="WorkshopSession.starts_at", cascade="all, delete-orphan"
    )


class WorkshopSession(Base):
    """A half-day of a workshop."""

    __tablename__ = "workshop_session"
    id: Mapped[int] = mapped_column(primary_key=True)
    workshop_id: Mapped[int] = mapped_column(ForeignKey("workshop.id"), index=True)
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime]


class Registration(Base):
    """Someone in a workshop, or in line for it. `seat` is the last word on how many there are (law 4)."""

    __tablename__ = "registration"
    __table_args__ = (
        UniqueConstraint("workshop_id", "seat"),
        Index(
            "uq_registration_open",
            "workshop_id",
            "person_id",
            unique=True,
            postgresql_where=text("state IN ('registered', 'waiting', 'offered')"),
            sqlite_where=text("state IN ('registered', 'waiting', 'offered')"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    workshop_id: Mapped[int] = mapped_column(ForeignKey("workshop.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    state: Mapped[RegistrationState] = mapped_column(Named(RegistrationState))
    seat: Mapped[int | None]
    offered_until: Mapped[datetime | None]
    said_coming_at: Mapped[datetime | None]
    uid: Mapped[str] = mapped_column(String(64), unique=True)
    sequence: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime]
    workshop: Mapped[Workshop] = relationship(lazy="joined")


class WorkshopAttendance(Base):
    """Who came to a half-day."""

    __tablename__ = "workshop_attendance"
    registration_id: Mapped[int] = mapped_column(ForeignKey("registration.id"), primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("workshop_session.id"), primary_key=True)
    state: Mapped[Attendance] = mapped_column(Named(Attendance))
    marked_at: Mapped[datetime]
    marked_by: Mapped[int] = mapped_column(ForeignKey("adviser.id"))


# ── Humans ───────────────────────────────────────────────────────────────────────────────────


class Handoff(Base):
    """A human is asked for. `adviser` holds it, or held it last when it came back to the queue.

    `wish`: {"woman": true}, {"adviser": id} or {"theme": name}. `return_to_id` has it again at `return_at`, after a
    transfer for a time. `promised_at` is when an answer was announced to the young person.
    """

    __tablename__ = "handoff"
    __table_args__ = (
        Index(
            "uq_handoff_open",
            "conversation_id",
            unique=True,
            postgresql_where=text("state IN ('asked', 'taken', 'snoozed')"),
            sqlite_where=text("state IN ('asked', 'taken', 'snoozed')"),
        ),
        Index("ix_handoff_structure_id_asked_at", "structure_id", "asked_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"), index=True)
    reason: Mapped[HandoffReason] = mapped_column(Named(HandoffReason))
    state: Mapped[HandoffState] = mapped_column(Named(HandoffState), default=HandoffState.ASKED)
    priority: Mapped[int]
    detail: Mapped[str | None] = mapped_column(String(120))
    asked_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    told_all_at: Mapped[datetime | None]
    wish: Mapped[dict[str, Any] | None]
    adviser_id: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    taken_at: Mapped[datetime | None]
    last_human_at: Mapped[datetime | None]
    off_duty_told_at: Mapped[datetime | None]
    late_told_at: Mapped[datetime | None]
    promised_at: Mapped[datetime | None]
    snoozed_until: Mapped[datetime | None]
    return_to_id: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    return_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None] = mapped_column(index=True)
    # For the figures, which outlive the messages: the need they had asked about ("need_housing"), whether the team
    # was there, and when a human first wrote.
    theme: Mapped[str | None] = mapped_column(String(40))
    in_hours: Mapped[bool | None]
    first_answer_at: Mapped[datetime | None]
    adviser: Mapped[Adviser | None] = relationship(lazy="joined", foreign_keys=[adviser_id])
    conversation: Mapped[Conversation] = relationship(lazy="joined")


class HandoffEvent(Base):
    """A step of a handoff. `adviser_id` did it; None: the young person or the service.

    `from_adviser_id` had it before, `to_adviser_id` has it after. `note` is for the colleagues.
    """

    __tablename__ = "handoff_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    handoff_id: Mapped[int] = mapped_column(ForeignKey("handoff.id"), index=True)
    state: Mapped[HandoffState] = mapped_column(Named(HandoffState))
    event: Mapped[Step] = mapped_column(Named(Step))
    adviser_id: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    from_adviser_id: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    to_adviser_id: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    note: Mapped[str | None] = mapped_column(String(500))
    until: Mapped[datetime | None]
    at: Mapped[datetime]


class SurveyAnswer(Base):
    """What a young person said of a handoff, with one of three faces."""

    __tablename__ = "survey_answer"
    handoff_id: Mapped[int] = mapped_column(ForeignKey("handoff.id"), primary_key=True)
    face: Mapped[Face] = mapped_column(Named(Face))
    at: Mapped[datetime] = mapped_column(index=True)


class ReviewMark(Base):
    """Where a coordinator is with a handoff; the last mark, who set it and when."""

    __tablename__ = "review_mark"
    handoff_id: Mapped[int] = mapped_column(ForeignKey("handoff.id"), primary_key=True)
    mark: Mapped[Mark] = mapped_column(Named(Mark))
    marked_by: Mapped[int] = mapped_column(ForeignKey("adviser.id"))
    at: Mapped[datetime]


class ReviewTag(Base):
    """A word a coordinator puts on a handoff, in their own words, to find it again."""

    __tablename__ = "review_tag"
    handoff_id: Mapped[int] = mapped_column(ForeignKey("handoff.id"), primary_key=True)
    label: Mapped[str] = mapped_column(String(24), primary_key=True)
    tagged_by: Mapped[int] = mapped_column(ForeignKey("adviser.id"))
    at: Mapped[datetime]


class ReviewComment(Base):
    """What a coordinator writes to an adviser about a handoff, and when they said they read it."""

    __tablename__ = "review_comment"
    __table_args__ = (Index("ix_review_comment_adviser_id_seen_at", "adviser_id", "seen_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    handoff_id: Mapped[int] = mapped_column(ForeignKey("handoff.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"))
    adviser_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    author: Mapped[Adviser] = relationship(lazy="joined", foreign_keys=[author_id])
    adviser: Mapped[Adviser] = relationship(lazy="joined", foreign_keys=[adviser_id])
    handoff: Mapped[Handoff] = relationship(lazy="joined")


class Alert(Base):
    """Someone may be in danger. Its own table, with its own access; never the message's text."""

    __tablename__ = "alert"
    __table_args__ = (
        Index(
            "uq_alert_open",
            "conversation_id",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
            sqlite_where=text("closed_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"), index=True)
    level: Mapped[Level] = mapped_column(Named(Level))
    kinds: Mapped[list[Any]]
    who: Mapped[str] = mapped_column(String(20))
    happens: Mapped[str] = mapped_column(String(20))
    sure: Mapped[str] = mapped_column(String(20))
    script: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime]
    raised_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    speak_after: Mapped[datetime | None]
    notify_at: Mapped[datetime | None]
    notified: Mapped[int] = mapped_column(default=0)
    reached: Mapped[str | None] = mapped_column(String(40))
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    closed_as: Mapped[AlertEnd | None] = mapped_column(Named(AlertEnd))
    conversation: Mapped[Conversation] = relationship(lazy="joined")


class Feedback(Base):
    """A judgement of the bot or the service; the coordinator reads it, not the person it is about."""

    __tablename__ = "feedback"
    id: Mapped[int] = mapped_column(primary_key=True)
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"), index=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    turn_id: Mapped[int] = mapped_column(ForeignKey("turn.id"))
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class Notice(Base):
    """An adviser is told that something waits: the kind, the delay and a link, never a text or a name."""

    __tablename__ = "notice"
    id: Mapped[int] = mapped_column(primary_key=True)
    adviser_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"), index=True)
    kind: Mapped[NoticeKind] = mapped_column(Named(NoticeKind))
    handoff_id: Mapped[int | None] = mapped_column(ForeignKey("handoff.id"), index=True)
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"), index=True)
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"), index=True)
    outbox_id: Mapped[int | None] = mapped_column(ForeignKey("outbox.id"), index=True)
    at: Mapped[datetime]
    seen_at: Mapped[datetime | None]


class Note(Base):
    """What the team writes to itself in a conversation. It is never sent."""

    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"), index=True)
    adviser_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class CannedReply(Base):
    """A text ready to be sent: of the whole structure, or of one adviser (`adviser_id`)."""

    __tablename__ = "canned_reply"
    id: Mapped[int] = mapped_column(primary_key=True)
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"), index=True)
    adviser_id: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"), index=True)
    title: Mapped[str] = mapped_column(String(60))
    text: Mapped[str] = mapped_column(Text)


class ReadMark(Base):
    """The last thing a young person sent that an adviser has seen, by its row of the inbox."""

    __tablename__ = "read_mark"
    adviser_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), primary_key=True, index=True)
    inbox_id: Mapped[int]


class TopicGroup(Base):
    """The private Telegram group in which a structure's team may answer too. Without a row, it has none.

    `trouble`: why nothing arrives there at the moment.
    """

    __tablename__ = "topic_group"
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"), primary_key=True)
    chat_id: Mapped[str] = mapped_column(String(40), unique=True)
    made_by: Mapped[int] = mapped_column(ForeignKey("adviser.id"))
    made_at: Mapped[datetime]
    trouble: Mapped[Trouble | None] = mapped_column(Named(Trouble))


class Topic(Base):
    """A conversation's topic in the group. `thread_id` None: it is not made yet, or somebody deleted it.

    `name` and `open` are what it should be, `name_sent` and `open_sent` what Telegram was told. Lines of the thread
    are shown there from `since` on.
    """

    __tablename__ = "topic"
    __table_args__ = (Index("ix_topic_thread", "chat_id", "thread_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), unique=True)
    chat_id: Mapped[str] = mapped_column(String(40))
    thread_id: Mapped[int | None] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(128))
    open: Mapped[bool]
    name_sent: Mapped[str | None] = mapped_column(String(128))
    open_sent: Mapped[bool | None]
    since: Mapped[datetime]


class TopicLine(Base):
    """A line of the thread that was given to the topic. `shown` is a digest of its words then, `failed` whether it
    was said not to have arrived; `reference` is the adviser's own message, for a line written there."""

    __tablename__ = "topic_line"
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"), primary_key=True)
    line: Mapped[str] = mapped_column(String(24), primary_key=True)
    shown: Mapped[str] = mapped_column(String(16))
    failed: Mapped[bool] = mapped_column(default=False)
    reference: Mapped[str | None] = mapped_column(String(20))


class TopicGuest(Base):
    """Someone who wrote in a group without being linked, as a digest: they are told how, once."""

    __tablename__ = "topic_guest"
    chat_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    who: Mapped[str] = mapped_column(String(64), primary_key=True)
    told_at: Mapped[datetime]


class AgendaFeed(Base):
    """The private address at which an adviser's calendar reads their appointments. Only a digest of it is kept."""

    __tablename__ = "agenda_feed"
    adviser_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime]


class Unserved(Base):
    """How many times a commune that no place serves was asked for on a day; nothing of who asked."""

    __tablename__ = "unserved"
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"), primary_key=True)
    insee: Mapped[str] = mapped_column(String(5), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    asked: Mapped[int]


# ── What coordinators teach the bot ──────────────────────────────────────────────────────────


class Misread(Base):
    """A message the bot did not understand well, names and numbers masked, and what a coordinator made of it.

    `text` is emptied after a while (domain/misunderstandings); `sentence` is the coordinator's own and stays.
    """

    __tablename__ = "misread"
    id: Mapped[int] = mapped_column(primary_key=True)
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"), index=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    turn_id: Mapped[int] = mapped_column(ForeignKey("turn.id"), unique=True)
    cause: Mapped[Cause] = mapped_column(Named(Cause))
    text: Mapped[str] = mapped_column(Text)
    read_as: Mapped[str | None] = mapped_column(String(60))
    confidence: Mapped[float | None] = mapped_column(Float)
    # What the young person said they meant, with a button.
    meant: Mapped[str | None] = mapped_column(String(60))
    at: Mapped[datetime]
    state: Mapped[MisreadState] = mapped_column(Named(MisreadState), default=MisreadState.WAITING)
    intent: Mapped[str | None] = mapped_column(String(60))
    sentence: Mapped[str | None] = mapped_column(String(200))
    # The passages of the sentence that say a place and a moment: {"commune": "fameck"}.
    entities: Mapped[dict[str, Any]] = mapped_column(default=dict)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    decided_at: Mapped[datetime | None]
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    withdrawn_at: Mapped[datetime | None]


class Wording(Base):
    """A response in a structure's own words: proposed, in force or not any more. Rows stay, as its history."""

    __tablename__ = "wording"
    __table_args__ = (
        Index(
            "uq_wording_in_force",
            "structure_id",
            "response",
            "variant",
            unique=True,
            postgresql_where=text("state = 'in_force'"),
            sqlite_where=text("state = 'in_force'"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"))
    response: Mapped[str] = mapped_column(String(80))
    variant: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[WordingState] = mapped_column(Named(WordingState))
    author_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"))
    at: Mapped[datetime]
    # Who put it in force or refused it, and who took it out.
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    decided_at: Mapped[datetime | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    ended_at: Mapped[datetime | None]
    author: Mapped[Adviser] = relationship(lazy="joined", foreign_keys=[author_id])
    decider: Mapped[Adviser | None] = relationship(lazy="joined", foreign_keys=[decided_by])


# ── After an alert, and in the street ────────────────────────────────────────────────────────


class FollowUp(Base):
    """What a human still does after an alert, with a name on it. Nobody's: the coordinators'."""

    __tablename__ = "followup"
    __table_args__ = (Index("ix_followup_open", "structure_id", "done_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"), unique=True)
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"))
    adviser_id: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"), index=True)
    due_date: Mapped[date] = mapped_column(Date)
    made_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    note: Mapped[str] = mapped_column(String(400), default="")
    alert: Mapped[Alert] = relationship(lazy="joined")
    adviser: Mapped[Adviser | None] = relationship(lazy="joined", foreign_keys=[adviser_id])


class SecondLook(Base):
    """A coordinator read again an alert to life that was closed as false. `false_alarm`: it was one."""

    __tablename__ = "second_look"
    id: Mapped[int] = mapped_column(primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"), index=True)
    # Closed as false at that moment: reopened and closed again, it is read again.
    closed_at: Mapped[datetime]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    adviser_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"))
    at: Mapped[datetime]
    false_alarm: Mapped[bool]


class Encounter(Base):
    """A *rencontre* in the street: where and how many. Nobody is named, unless by the nickname they gave."""

    __tablename__ = "encounter"
    __table_args__ = (
        # Made by the phone: sent twice after a lost network, it is one row.
        UniqueConstraint("adviser_id", "uuid"),
        Index("ix_encounter_at", "structure_id", "at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36))
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"))
    adviser_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"))
    place: Mapped[str] = mapped_column(String(80))
    people: Mapped[int]
    nickname: Mapped[str | None] = mapped_column(String(40))
    # As the gazetteer writes it, or as it was typed.
    commune: Mapped[str | None] = mapped_column(String(80))
    theme: Mapped[EncounterTheme | None] = mapped_column(Named(EncounterTheme))
    next_step: Mapped[NextStep | None] = mapped_column(Named(NextStep))
    at: Mapped[datetime]
    sent_at: Mapped[datetime]
    adviser: Mapped[Adviser] = relationship(lazy="joined")


class AdviserCode(Base):
    """A source that opens the conversation with one adviser. Revoked, it still brings to their structure."""

    __tablename__ = "adviser_code"
    code: Mapped[str] = mapped_column(ForeignKey("source.code"), primary_key=True)
    adviser_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"), index=True)
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
