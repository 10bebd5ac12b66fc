"""The private Telegram group in which a structure's team may answer too."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.domain.topics import Trouble
from bot.storage.tables.base import Base
from bot.storage.types import Named


class TopicGroup(Base):
    """The private Telegram group in which a structure's team may answer too. Without a row, it has none.

    `trouble`: why nothing arrives there at the moment.
    """

    __tablename__ = "topic_group"
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"), primary_key=True)
    chat_id: Mapped[str] = mapped_column(String(40), unique=True)
    made_by: Mapped[int] = mapped_column(ForeignKey("adviser.id"))
    made_at: Mapped[datetime]
    trouble: Mapped[Trouble | None] = mapped_column(Named(Trouble))


class Topic(Base):
    """A conversation's topic in the group. `thread_id` None: it is not made yet, or somebody deleted it.

    `name` and `open` are what it should be, `name_sent` and `open_sent` what Telegram was told. Lines of the thread
    are shown there from `since` on.
    """

    __tablename__ = "topic"
    __table_args__ = (Index("ix_topic_thread", "chat_id", "thread_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), unique=True)
    chat_id: Mapped[str] = mapped_column(String(40))
    thread_id: Mapped[int | None] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(128))
    open: Mapped[bool]
    name_sent: Mapped[str | None] = mapped_column(String(128))
    open_sent: Mapped[bool | None]
    since: Mapped[datetime]


class TopicLine(Base):
    """A line of the thread that was given to the topic. `shown` is a digest of its words then, `failed` whether it
    was said not to have arrived; `reference` is the adviser's own message, for a line written there."""

    __tablename__ = "topic_line"
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"), primary_key=True)
    line: Mapped[str] = mapped_column(String(24), primary_key=True)
    shown: Mapped[str] = mapped_column(String(16))
    failed: Mapped[bool] = mapped_column(default=False)
    reference: Mapped[str | None] = mapped_column(String(20))


class TopicGuest(Base):
    """Someone who wrote in a group without being linked, as a digest: they are told how, once."""

    __tablename__ = "topic_guest"
    chat_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    who: Mapped[str] = mapped_column(String(64), primary_key=True)
    told_at: Mapped[datetime]
