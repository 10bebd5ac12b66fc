"""Appointments, the slots they hold, the line for an earlier one, and the reminders."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.domain.appointments import AppointmentState, DraftState, Mode, RemindBy
from bot.domain.nudges import NudgeKind, NudgeState
from bot.domain.waiting import WaitingState
from bot.storage.tables.base import Base
from bot.storage.tables.places import Place
from bot.storage.tables.team import Adviser
from bot.storage.types import Named


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
