"""What an adviser has at hand: notices, notes, texts ready to be sent, what they have read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bot.domain.team import NoticeKind
from bot.storage.tables.base import Base
from bot.storage.types import Named


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
