"""What a territory sets up (territories/*.yml): its structures, what each decides of itself, its posters' codes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.storage.tables.base import Base


class TerritoryRow(Base):
    __tablename__ = "territory"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    # A regime of public holidays (domain/calendar).
    subdiv: Mapped[str | None] = mapped_column(String(40))
    fictional: Mapped[bool]
    neighbours: Mapped[list[Any]]
    bring: Mapped[list[Any]]
    loaded_at: Mapped[datetime]


class Structure(Base):
    __tablename__ = "structure"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    territory_id: Mapped[str] = mapped_column(ForeignKey("territory.id"))
    name: Mapped[str] = mapped_column(String(120))
    short_name: Mapped[str] = mapped_column(String(40))
    mission_locale: Mapped[str | None] = mapped_column(String(40))
    phone: Mapped[str | None] = mapped_column(String(20))
    position: Mapped[int] = mapped_column(default=0)
    territory: Mapped[TerritoryRow] = relationship(lazy="joined")


class StructureSetting(Base):
    """What a structure decides of its delays, in minutes, and of what it uses; no row: what is written here."""

    __tablename__ = "structure_setting"
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"), primary_key=True)
    # The holder left the last message unanswered: it goes back to the queue. Minutes of their presence.
    unanswered_minutes: Mapped[int] = mapped_column(default=30)
    # Nobody took it though the team is there: the young person is told, once.
    tell_late_minutes: Mapped[int] = mapped_column(default=15)
    # The holder is off duty and a message waits: it is offered to who is there.
    offer_back_minutes: Mapped[int] = mapped_column(default=120)
    # How many conversations someone holds before the others are asked first.
    load_limit: Mapped[int] = mapped_column(default=8)
    surveys: Mapped[bool] = mapped_column(default=True)


class Source(Base):
    """A code in `t.me/<bot>?start=<code>`: which poster, market or partner."""

    __tablename__ = "source"
    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    territory_id: Mapped[str] = mapped_column(ForeignKey("territory.id"))
    label: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(40))
    structure_id: Mapped[str | None] = mapped_column(ForeignKey("structure.id"))
