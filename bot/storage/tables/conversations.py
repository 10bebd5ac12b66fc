"""Conversations, what comes in, and the turns in which it is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Float, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.domain.conversations import IncomingKind, Speaker
from bot.domain.people import Channel
from bot.storage.tables.base import Base
from bot.storage.tables.people import ChannelIdentity
from bot.storage.tables.territory import Structure
from bot.storage.types import Named


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


class Change(Base):
    """A conversation changed: open pages look at it again. Written with the change itself (changes.py).

    A number is never given twice, even when old rows are thrown away.
    """

    __tablename__ = "change"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
