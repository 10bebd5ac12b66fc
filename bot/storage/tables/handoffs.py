"""A human is asked for: each step of it, and what the young person said of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.domain.handoffs import HandoffReason, HandoffState, Step
from bot.domain.surveys import Face
from bot.storage.tables.base import Base
from bot.storage.tables.conversations import Conversation
from bot.storage.tables.team import Adviser
from bot.storage.types import Named


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
