"""Where and when people are received, and what for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Float, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.storage.tables.base import Base
from bot.storage.tables.team import Adviser
from bot.storage.tables.territory import Structure


class Place(Base):
    __tablename__ = "place"
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"))
    name: Mapped[str] = mapped_column(String(120))
    insee: Mapped[str | None] = mapped_column(String(5))
    address: Mapped[str | None] = mapped_column(String(200))
    mobile: Mapped[bool] = mapped_column(default=False)
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    serves: Mapped[list[Any]]
    # None where nobody said.
    wheelchair: Mapped[bool | None]
    sign_language: Mapped[bool | None]
    calm: Mapped[bool | None]
    # A regime of public holidays (domain/calendar), where it is not the territory's.
    holidays: Mapped[str | None] = mapped_column(String(40))
    verified_on: Mapped[date | None] = mapped_column(Date)
    fictional: Mapped[bool] = mapped_column(default=False)
    structure: Mapped[Structure] = relationship(lazy="joined")


class Reason(Base):
    """What an appointment is for, in a structure. `minutes` None: as long as the opening's own slots.

    `modes` empty: those of the opening. `bookable_by`: who may book it (domain/reasons).
    """

    __tablename__ = "reason"
    __table_args__ = (UniqueConstraint("structure_id", "slug"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"))
    slug: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(26))  # a button's label
    minutes: Mapped[int | None]
    modes: Mapped[list[Any]] = mapped_column(default=list)
    shortest_notice_minutes: Mapped[int]
    longest_notice_days: Mapped[int]
    change_notice_minutes: Mapped[int]
    bookable_by: Mapped[list[Any]]
    documents: Mapped[list[Any]] = mapped_column(default=list)
    active: Mapped[bool] = mapped_column(default=True)


class Opening(Base):
    """When people are received, Paris time: a weekday every `every_weeks` weeks, the `nth` of a month, or one date.

    Weeks are counted from `first_date`; `nth` is 1 to 4, or -1 for the last. `reasons` empty: all of them.
    """

    __tablename__ = "opening"
    id: Mapped[int] = mapped_column(primary_key=True)
    # The same opening keeps its row, and its appointments, when the territory file is loaded again.
    key: Mapped[str] = mapped_column(String(120), unique=True)
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    adviser_id: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    # Who receives with them, educator and conseiller together.
    second_adviser_id: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    weekday: Mapped[int | None]
    on_date: Mapped[date | None] = mapped_column(Date)
    first_date: Mapped[date | None] = mapped_column(Date)
    last_date: Mapped[date | None] = mapped_column(Date)
    start_minute: Mapped[int]
    end_minute: Mapped[int]
    break_start_minute: Mapped[int | None]
    break_end_minute: Mapped[int | None]
    slot_minutes: Mapped[int]
    seats: Mapped[int]
    modes: Mapped[list[Any]]
    every_weeks: Mapped[int] = mapped_column(default=1)
    nth: Mapped[int | None]
    reasons: Mapped[list[Any]] = mapped_column(default=list)
    label: Mapped[str | None] = mapped_column(String(80))
    # Someone changed it in the console: the territory file does not change it any more.
    edited_at: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True)
    place: Mapped[Place] = relationship(lazy="joined")
    adviser: Mapped[Adviser | None] = relationship(lazy="joined", foreign_keys=[adviser_id])
    second_adviser: Mapped[Adviser | None] = relationship(lazy="joined", foreign_keys=[second_adviser_id])


class Absence(Base):
    """When an adviser, a place or a whole structure is away; both dates included.

    With `weekday`, only that day of each week; with minutes (Paris time), only those hours.
    """

    __tablename__ = "closure"
    id: Mapped[int] = mapped_column(primary_key=True)
    # As for an opening: what the territory file says is found again, and left alone once edited.
    key: Mapped[str | None] = mapped_column(String(160), unique=True)
    structure_id: Mapped[str | None] = mapped_column(ForeignKey("structure.id"))
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"))
    adviser_id: Mapped[int | None] = mapped_column(ForeignKey("adviser.id"))
    first_date: Mapped[date] = mapped_column(Date)
    last_date: Mapped[date] = mapped_column(Date)
    weekday: Mapped[int | None]
    start_minute: Mapped[int | None]
    end_minute: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(String(120))
    edited_at: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True)
    place: Mapped[Place | None] = relationship(lazy="joined")
    adviser: Mapped[Adviser | None] = relationship(lazy="joined")


class Unserved(Base):
    """How many times a commune that no place serves was asked for on a day; nothing of who asked."""

    __tablename__ = "unserved"
    structure_id: Mapped[str] = mapped_column(ForeignKey("structure.id"), primary_key=True)
    insee: Mapped[str] = mapped_column(String(5), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    asked: Mapped[int]
