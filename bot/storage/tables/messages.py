"""What was said, its files, and what is to be sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.domain.conversations import Author, IncomingKind
from bot.domain.files import FileKind, FileState
from bot.domain.outbox import OutboxKind, OutboxState
from bot.domain.people import Channel
from bot.storage.tables.base import Base
from bot.storage.types import Named


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
