"""The bus, and what is done in a group."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.domain.workshops import Attendance, RegistrationState, WorkshopKind
from bot.storage.tables.base import Base
from bot.storage.tables.places import Place
from bot.storage.types import Named


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
