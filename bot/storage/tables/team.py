"""Who answers: their account, their hours, and the links that let them in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.domain.team import PresenceSaid, Role
from bot.storage.tables.base import Base
from bot.storage.tables.territory import Structure
from bot.storage.types import Named


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


class Presence(Base):
    """When an adviser answers (presence) or can be called in an emergency (on call); Paris time, minutes."""

    __tablename__ = "presence"
    id: Mapped[int] = mapped_column(primary_key=True)
    adviser_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"), index=True)
    on_call: Mapped[bool] = mapped_column(default=False)
    weekday: Mapped[int]
    start_minute: Mapped[int]
    end_minute: Mapped[int]


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


class AgendaFeed(Base):
    """The private address at which an adviser's calendar reads their appointments. Only a digest of it is kept."""

    __tablename__ = "agenda_feed"
    adviser_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime]


class AdviserCode(Base):
    """A source that opens the conversation with one adviser. Revoked, it still brings to their structure."""

    __tablename__ = "adviser_code"
    code: Mapped[str] = mapped_column(ForeignKey("source.code"), primary_key=True)
    adviser_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"), index=True)
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
