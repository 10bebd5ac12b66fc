"""Young people, their channels, and how they came."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.domain.people import Channel, MilestoneKind
from bot.storage.tables.base import Base
from bot.storage.types import Named


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
