"""Someone may be in danger, and what a human does after it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.domain.alerts import AlertEnd
from bot.domain.safety import Level
from bot.storage.tables.base import Base
from bot.storage.tables.conversations import Conversation
from bot.storage.tables.team import Adviser
from bot.storage.types import Named


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
