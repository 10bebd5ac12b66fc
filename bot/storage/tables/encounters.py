"""Who the team meets in the street."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.domain.encounters import EncounterTheme, NextStep
from bot.storage.tables.base import Base
from bot.storage.tables.team import Adviser
from bot.storage.types import Named


class Encounter(Base):
    """A *rencontre* in the street: where and how many. Nobody is named, unless by the nickname they gave."""

    __tablename__ = "encounter"
    __table_args__ = (
        # Made by the phone: sent twice after a lost network, it is one row.
        UniqueConstraint("adviser_id", "uuid"),
        Index("ix_encounter_at", "structure_id", "at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36))
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"))
    adviser_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"))
    place: Mapped[str] = mapped_column(String(80))
    people: Mapped[int]
    nickname: Mapped[str | None] = mapped_column(String(40))
    # As the gazetteer writes it, or as it was typed.
    commune: Mapped[str | None] = mapped_column(String(80))
    theme: Mapped[EncounterTheme | None] = mapped_column(Named(EncounterTheme))
    next_step: Mapped[NextStep | None] = mapped_column(Named(NextStep))
    at: Mapped[datetime]
    sent_at: Mapped[datetime]
    adviser: Mapped[Adviser] = relationship(lazy="joined")
