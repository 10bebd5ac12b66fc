"""What coordinators read again: handoffs, and judgements of the service."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.domain.review import Mark
from bot.storage.tables.base import Base
from bot.storage.tables.handoffs import Handoff
from bot.storage.tables.team import Adviser
from bot.storage.types import Named


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


class Feedback(Base):
    """A judgement of the bot or the service; the coordinator reads it, not the person it is about."""

    __tablename__ = "feedback"
    id: Mapped[int] = mapped_column(primary_key=True)
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"), index=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    turn_id: Mapped[int] = mapped_column(ForeignKey("turn.id"))
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]
