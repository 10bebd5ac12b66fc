"""What coordinators teach the bot: sentences it misread, and a structure's own words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.domain.misunderstandings import Cause, MisreadState
from bot.domain.wording import WordingState
from bot.storage.tables.base import Base
from bot.storage.tables.team import Adviser
from bot.storage.types import Named


class Misread(Base):
    """A message the bot did not understand well, names and numbers masked, and what a coordinator made of it.

    `text` is emptied after a while (domain/misunderstandings); `sentence` is the coordinator's own and stays.
    """

    __tablename__ = "misread"
    id: Mapped[int] = mapped_column(primary_key=True)
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"), index=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    turn_id: Mapped[int] = mapped_column(ForeignKey("turn.id"), unique=True)
    cause: Mapped[Cause] = mapped_column(Named(Cause))
    text: Mapped[str] = mapped_column(Text)
    read_as: Mapped[str | None] = mapped_column(String(60))
    confidence: Mapped[float | None] = mapped_column(Float)
    # What the young person said they meant, with a button.
    meant: Mapped[str | None] = mapped_column(String(60))
    at: Mapped[datetime]
    state: Mapped[MisreadState] = mapped_column(Named(MisreadState), default=MisreadState.WAITING)
    intent: Mapped[str | None] = mapped_column(String(60))
    sentence: Mapped[str | None] = mapped_column(String(200))
    # The passages of the sentence that say a place and a moment: {"commune": "fameck"}.
    entities: Mapped[dict[str, Any]] = mapped_column(default=dict)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    decided_at: Mapped[datetime | None]
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    withdrawn_at: Mapped[datetime | None]


class Wording(Base):
    """A response in a structure's own words: proposed, in force or not any more. Rows stay, as its history."""

    __tablename__ = "wording"
    __table_args__ = (
        Index(
            "uq_wording_in_force",
            "structure_id",
            "response",
            "variant",
            unique=True,
            postgresql_where=text("state = 'in_force'"),
            sqlite_where=text("state = 'in_force'"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"))
    response: Mapped[str] = mapped_column(String(80))
    variant: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[WordingState] = mapped_column(Named(WordingState))
    author_id: Mapped[int] = mapped_column(ForeignKey("adviser.id"))
    at: Mapped[datetime]
    # Who put it in force or refused it, and who took it out.
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    decided_at: Mapped[datetime | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    ended_at: Mapped[datetime | None]
    author: Mapped[Adviser] = relationship(lazy="joined", foreign_keys=[author_id])
    decider: Mapped[Adviser | None] = relationship(lazy="joined", foreign_keys=[decided_by])
