"""Play a scene: who says what, what is answered, what is then true."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import texts
from bot.domain.appointments import AppointmentState
from bot.domain.calendar import PARIS
from bot.domain.handoffs import OPEN_STATES
from bot.domain.team import PresenceSaid
from bot.domain.written_hours import parse_clock
from bot.errors import AlreadyTaken
from bot.services import alerts, appointments, bus, handoffs, openings, partners, team, workshops
from bot.storage.tables import (
    Adviser,
    Alert,
    Appointment,
    BookingDraft,
    ChannelIdentity,
    Conversation,
    Handoff,
    InboxRow,
    Message,
    Milestone,
    Misread,
    Notice,
    Nudge,
    Opening,
    Person,
    Place,
    Registration,
    SourceTouch,
    WebSession,
    Workshop,
)
from tests.fakes.bot_api import User
from tests.visitor import Visitor
from tests.world import RasaProcess, Service

ON_THE_SITE = " sur le site"
PARTNER = "anne"
ADVISERS = ("karim", "sandra", "nadia", "claire")
MARKS = {
    "présent": AppointmentState.PRESENT,
    "absent": AppointmentState.ABSENT,
    "annulé par le jeune": AppointmentState.CANCELLED_BY_YOUNG,
    "annulé par la structure": AppointmentState.CANCELLED_BY_STRUCTURE,
}


class Scene:
    """One story on one service. The young people are met at their first line."""

    def __init__(self, service: Service, rasa: RasaProcess) -> None:
        self.service = service
        self.rasa = rasa
        self.people: dict[str, User | Visitor] = {}
        self.seen: dict[str, int] = {}
        self.phones: dict[str, User] = {}
        self.codes: dict[str, str] = {}
        self.speaker = ""
        self.line = ""
        self.took = 0.0

    async def play(self, story: dict[str, Any]) -> None:
        for part in ("web", "worker"):
            self.service.start(part)
        await self.service.web_ready()
        try:
            for number, step in enumerate(story["steps"], 1):
                ((who, what),) = step.items()
                self.line = f"step {number}, {who}: {what}"
                await self._step(who, what)
        finally:
            for user in self.people.values():
                if isinstance(user, Visitor):
                    await user.close()

    async def _step(self, who: str, what: Any) -> None:
        if who == "bot":
            await self._expect(what)
        elif who == "clock":
            self.service.clock.move_to(moment(what))
            await self.service.ticked()
        elif who == "rasa":
            await self._rasa(what)
        elif who == "then":
            await self._facts(what)
        elif who == PARTNER:
            await self._write(lambda session: self._partner_books(session, what))
        elif who in ADVISERS:
            await self._adviser(who, what)
        elif who.startswith("phone of "):
            await self._phone(who.removeprefix("phone of "), what)
        else:
            await self._young(who, what)

    # ── Young people ─────────────────────────────────────────────────────────────────────────

    async def _young(self, name: str, what: Any) -> None:
        self.speaker = name
        user = self.people.get(name)
        if user is None:
            user = self.people[name] = self._meet(name)
        self.seen[name] = len(user.received)
        began = time.monotonic()
        if isinstance(what, str):
            await user.says(what)
        else:
            ((verb, value),) = what.items()
            await self._does(user, verb, value)
        await self.service.quiet()
        self.took = time.monotonic() - began
        await self._look(user)

    def _meet(self, name: str) -> User | Visitor:
        if name.endswith(ON_THE_SITE):
            return Visitor(f"http://127.0.0.1:{self.service.port}")
        return self.service.api.user(name.capitalize())

    async def _look(self, user: User | Visitor) -> None:
        """Telegram shows by itself what comes; a page without script is loaded again."""
        if isinstance(user, Visitor):
            await user.looks()

    async def _does(self, user: User | Visitor, verb: str, value: Any) -> None:
        if verb == "opens the link of":
            value, verb = self._start_code(value), "starts"
        if isinstance(user, Visitor):
            await self._does_on_the_site(user, verb, value)
            return
        match verb:
            case "starts":
                await user.start(value or "")
            case "presses":
                await user.presses(self._title(user, value))
            case "forges":
                await user.presses(data=value, message=user.received[-1])
            case "in a row":
                for text in value:
                    await user.says(text)
            case "voice":
                await user.sends_voice(value)
            case "photo":
                await user.sends_photo(value)
            case "document":
                await user.sends_document(value)
            case "sticker":
                await user.sends_sticker()
            case "location":
                await user.sends_location(*value)
            case "contact":
                await user.sends_contact(value)
            case "edits":
                await user.edits("last", value)
            case "reacts":
                await user.reacts(value)
            case "long":
                await user.says((value + " ") * (4000 // (len(value) + 1)))
            case "blocks":
                await user.blocks()
            case "unblocks":
                await user.unblocks()
            case _:
                raise AssertionError(f"{self.line}: nobody knows how to « {verb} »")

    async def _does_on_the_site(self, visitor: Visitor, verb: str, value: Any) -> None:
        match verb:
            case "starts":
                await visitor.start(value or "")
            case "presses":
                await visitor.presses(self._title(visitor, value))
            case "quits":
                await visitor.quits()
            case _:
                raise AssertionError(f"{self.line}: nobody knows how to « {verb} » on the site")

    def _start_code(self, name: str) -> str:
        """What follows ?start= in the last link to Telegram on someone's page."""
        if name in self.codes:
            return self.codes[name]
        visitor = self.people[name]
        links = [
            data for message in visitor.received for _, data in message.buttons if data.startswith("https://t.me/")
        ]
        assert links, f"{self.line}: no link on {visitor.received}"
        return links[-1].partition("?start=")[2]

    def _title(self, user: User | Visitor, beginning: str) -> str:
        """The lowest button on screen that begins so."""
        for message in reversed(user.screen):
            for title, _ in message.buttons:
                if title.startswith(beginning):
                    return title
        raise AssertionError(f"{self.line}: no such button on {user.screen}")

    async def _expect(self, what: Any) -> None:
        """Each expectation is found in what came since the speaker's last line, in any bubble."""
        user = self.people[self.speaker]
        await self._look(user)
        came = user.received[self.seen[self.speaker] :]
        shown = "\n".join(f"    {message.text!r} {[title for title, _ in message.buttons]}" for message in came)
        if what == "nothing":
            assert not came, f"{self.line}: it should be silent, but said\n{shown}"
            return
        assert came, f"{self.line}: it said nothing\n{self.service.read_log('worker')}"
        for expected in what if isinstance(what, list) else [what]:
            if isinstance(expected, dict) and "within" in expected:
                assert self.took < expected["within"], f"{self.line}: it took {self.took:.1f} s"
                continue
            assert _found(expected, came), f"{self.line}: « {expected} » is not true of\n{shown}"
        self.seen[self.speaker] = len(user.received)

    # ── Advisers ─────────────────────────────────────────────────────────────────────────────

    async def _adviser(self, slug: str, what: Any) -> None:
        ((verb, value),) = what.items() if isinstance(what, dict) else ((what, None),)
        if verb == "links phone":
            user = self.phones[slug] = self.service.api.user(slug.capitalize())
            await self._write(lambda session: self._link(session, slug, str(user.chat_id)))
            return
        if self.speaker:
            self.seen[self.speaker] = len(self.people[self.speaker].received)
        await self._write(lambda session: self._adviser_does(session, slug, verb, value))
        await self.service.quiet()

    async def _link(self, session: AsyncSession, slug: str, chat: str) -> None:
        (await self._adviser_row(session, slug)).telegram_chat = chat

    async def _adviser_does(self, session: AsyncSession, slug: str, verb: str, value: Any) -> None:
        adviser = await self._adviser_row(session, slug)
        conversation = await self._conversation(session)
        now = self.service.clock.now()
        handoff = await handoffs.open_handoff(session, conversation)
        match verb:
            case "takes":
                assert handoff is not None, f"{self.line}: nobody waits"
                await handoffs.take(session, handoff, adviser, now)
            case "cannot take":
                assert handoff is not None, f"{self.line}: nobody waits"
                with pytest.raises(AlreadyTaken) as refusal:
                    await handoffs.take(session, handoff, adviser, now)
                assert refusal.value.values == {"name": value}, f"{self.line}: {refusal.value.values}"
            case "says":
                assert handoff is not None, f"{self.line}: the conversation is not taken"
                await handoffs.answer(session, handoff, adviser, value, now)
            case "gives back":
                assert handoff is not None, f"{self.line}: the conversation is not taken"
                await handoffs.give_back(session, handoff, adviser, now)
            case "transfers to":
                assert handoff is not None, f"{self.line}: the conversation is not taken"
                await handoffs.transfer(session, handoff, adviser, await self._adviser_row(session, value), now)
            case "is away until":
                await team.say_presence(session, adviser, PresenceSaid.AWAY, moment(value), now)
            case "marks":
                await appointments.mark(session, await self._appointment(session), MARKS[value], adviser, now)
            case "is late":
                await appointments.adviser_late(session, await self._appointment(session), adviser, value, now)
            case "moves to":
                await self._moves(session, adviser, moment(value), now)
            case "is late with the bus":
                await bus.late(session, await self._opening(session), value, adviser, now)
            case "breaks down with the bus":
                await bus.broken_down(session, await self._opening(session), adviser, now)
            case "cancels the bus":
                await bus.cancel(session, await self._opening(session), adviser, now)
            case "moves the bus to":
                await self._moves_bus(session, adviser, value, now)
            case "cancels the workshop":
                await workshops.cancel(session, await self._workshop(session, value), now)
            case "acknowledges":
                alert = await alerts.open_alert(session, conversation)
                assert alert is not None, f"{self.line}: no alert is open"
                await alerts.acknowledge(session, alert, adviser, now)
            case "closes the alert":
                alert = await alerts.open_alert(session, conversation)
                assert alert is not None, f"{self.line}: no alert is open"
                await alerts.close(session, alert, adviser, now)
            case _:
                raise AssertionError(f"{self.line}: nobody knows how to « {verb} »")

    async def _moves(self, session: AsyncSession, adviser: Adviser, at: datetime, now: datetime) -> None:
        appointment = await self._appointment(session)
        slots = await openings.free_slots(session, adviser.structure.territory_id, now, place_id=appointment.place_id)
        slot = next(slot for slot in slots if slot.starts_at == at)
        await appointments.move_by_structure(session, appointment, slot, adviser, now)

    async def _partner_books(self, session: AsyncSession, what: dict[str, str]) -> None:
        """Anne, of a town hall, books for someone; the code of their link is kept."""
        sandra, now = await self._adviser_row(session, "sandra"), self.service.clock.now()
        partner = await partners.create(session, sandra.structure, "Anne", "la mairie de Fameck")
        place = (await session.scalars(select(Place).where(Place.slug == what["at"]))).one()
        free = await openings.free_slots(session, sandra.structure.territory_id, now, place_id=place.id)
        slot = next(slot for slot in free if slot.starts_at == moment(what["when"]))
        booked = await partners.book(session, partner, slot, what["books for"], now, agreed=True)
        self.codes[PARTNER] = booked.code

    async def _moves_bus(self, session: AsyncSession, adviser: Adviser, hours: str, now: datetime) -> None:
        """Another hour, the same day: "15:00-17:00"."""
        opening = await self._opening(session)
        start, end = (parse_clock(hour) for hour in hours.split("-"))
        assert opening.on_date is not None
        when = bus.When(opening.place_id, opening.on_date, start.hour * 60 + start.minute, end.hour * 60 + end.minute)
        await bus.move(session, opening, when, adviser, now)

    async def _phone(self, slug: str, what: Any) -> None:
        """What an adviser's own phone shows; never what the young person wrote."""
        received = [message.text for message in self.phones[slug].received]
        if what == "nothing":
            assert not received, f"{self.line}: it shows {received}"
            return
        assert any(what in text for text in received), f"{self.line}: it shows {received}"
        async with self.service.database.read_only() as session:
            written = (await session.scalars(select(Message.text).where(Message.author == "young"))).all()
        for text in written:
            assert len(text) < 6 or not any(text in notice for notice in received), f"{self.line}: it shows a text"

    # ── Rasa ─────────────────────────────────────────────────────────────────────────────────

    async def _rasa(self, what: str) -> None:
        match what:
            case "is killed":
                self.rasa.kill()
            case "freezes":
                self.rasa.send(signal.SIGSTOP)
            case "thaws":
                self.rasa.send(signal.SIGCONT)
                await asyncio.sleep(1)
            case "comes back":
                self.rasa.start()
                await self.rasa.ready()
                await asyncio.sleep(1)

    # ── Facts ────────────────────────────────────────────────────────────────────────────────

    async def _facts(self, facts: dict[str, Any]) -> None:
        async with self.service.database.read_only() as session:
            for name, expected in facts.items():
                found = await FACTS[name](self, session)
                if isinstance(expected, dict) and isinstance(found, dict):
                    found = {key: found.get(key) for key in expected}
                assert found == expected, f"{self.line}: {name} is {found!r}"

    async def _appointments(self, session: AsyncSession) -> int:
        person = await self._person(session)
        rows = await session.scalars(
            select(Appointment.id).where(
                Appointment.person_id == person.id, Appointment.state == AppointmentState.BOOKED
            )
        )
        return len(rows.all())

    async def _appointment_fact(self, session: AsyncSession) -> dict[str, Any]:
        row = await self._appointment(session)
        return {
            "state": row.state.value,
            "at": f"{row.starts_at.astimezone(PARIS):%Y-%m-%dT%H:%M}",
            "place": row.place.slug,
            "mode": row.mode.value,
            "reason": row.reason,
            "coming": row.said_coming_at is not None,
            "late": row.late_minutes,
            "sequence": row.sequence,
            "phone": row.phone,
            "remind by": row.remind_by.value if row.remind_by else None,
            "remind phone": row.remind_phone,
        }

    async def _registration(self, session: AsyncSession) -> str:
        """What became of their last registration in a workshop."""
        person = await self._person(session)
        row = await session.scalar(
            select(Registration).where(Registration.person_id == person.id).order_by(Registration.id.desc()).limit(1)
        )
        return row.state.value if row else "none"

    async def _handoff_fact(self, session: AsyncSession) -> dict[str, Any] | str:
        conversation = await self._conversation(session)
        row = await session.scalar(
            select(Handoff).where(Handoff.conversation_id == conversation.id).order_by(Handoff.id.desc()).limit(1)
        )
        if row is None:
            return "none"
        return {
            "state": row.state.value,
            "reason": row.reason.value,
            "open": row.state in OPEN_STATES,
            "by": row.adviser.slug if row.adviser else None,
            "detail": row.detail,
        }

    async def _alert_fact(self, session: AsyncSession) -> dict[str, Any] | str:
        conversation = await self._conversation(session)
        row = await session.scalar(
            select(Alert).where(Alert.conversation_id == conversation.id).order_by(Alert.id.desc()).limit(1)
        )
        if row is None:
            return "none"
        return {
            "level": row.level.value,
            "kinds": row.kinds,
            "open": row.closed_at is None,
            "reached": row.reached,
            "notified": row.notified,
        }

    async def _nudges(self, session: AsyncSession) -> dict[str, str]:
        conversation = await self._conversation(session)
        rows = await session.scalars(select(Nudge).where(Nudge.conversation_id == conversation.id).order_by(Nudge.id))
        return {row.kind.value: row.state.value for row in rows}

    async def _source(self, session: AsyncSession) -> dict[str, Any]:
        row = await session.get(SourceTouch, (await self._person(session)).id)
        assert row is not None, f"{self.line}: no source is kept"
        return {
            "first": row.first_code,
            "first known": row.first_known,
            "last": row.last_code,
            "last known": row.last_known,
        }

    async def _milestones(self, session: AsyncSession) -> list[str]:
        person = await self._person(session)
        rows = await session.scalars(select(Milestone.kind).where(Milestone.person_id == person.id))
        return sorted(kind.value for kind in rows)

    async def _stopped(self, session: AsyncSession) -> bool:
        return (await self._person(session)).nudges_stopped_at is not None

    async def _draft(self, session: AsyncSession) -> str:
        conversation = await self._conversation(session)
        row = await session.scalar(
            select(BookingDraft)
            .where(BookingDraft.conversation_id == conversation.id)
            .order_by(BookingDraft.id.desc())
            .limit(1)
        )
        return row.state.value if row else "none"

    async def _discreet(self, session: AsyncSession) -> bool:
        return (await self._conversation(session)).discreet

    async def _unreachable(self, session: AsyncSession) -> bool:
        return (await self._conversation(session)).identity.unreachable_at is not None

    async def _notices(self, session: AsyncSession) -> list[str]:
        return [kind.value for kind in await session.scalars(select(Notice.kind).order_by(Notice.id))]

    async def _misread(self, session: AsyncSession) -> dict[str, str]:
        """What the coordinators will read of it, and why it is kept."""
        conversation = await self._conversation(session)
        rows = await session.scalars(select(Misread).where(Misread.conversation_id == conversation.id))
        return {row.text: row.cause.value for row in rows}

    async def _thread(self, session: AsyncSession) -> list[str]:
        """The young person's messages as the adviser reads them; an edit shows what it was."""
        conversation = await self._conversation(session)
        rows = await session.scalars(
            select(Message)
            .where(Message.conversation_id == conversation.id, Message.author == "young")
            .order_by(Message.id)
        )
        return [
            f"{row.text} (avant : {row.text_before_edit})" if row.edited_at else row.text or f"[{row.kind.value}]"
            for row in rows
        ]

    async def _set_aside(self, session: AsyncSession) -> int:
        return len((await session.scalars(select(InboxRow.id).where(InboxRow.set_aside.is_not(None)))).all())

    async def _screen(self, session: AsyncSession) -> int:
        """How many messages are left on the phone, both sides."""
        user = self.people[self.speaker]
        if isinstance(user, Visitor):
            await user.looks()
            return len(user.screen)
        return len([message for message in user.messages.values() if not message.deleted])

    # ── Rows ─────────────────────────────────────────────────────────────────────────────────

    async def _write(self, work: Callable[[AsyncSession], Awaitable[None]]) -> None:
        async with self.service.database.unit_of_work() as session:
            await work(session)

    async def _adviser_row(self, session: AsyncSession, slug: str) -> Adviser:
        row = await session.scalar(select(Adviser).where(Adviser.slug == slug))
        assert row is not None, f"no adviser {slug}"
        return row

    async def _conversation(self, session: AsyncSession) -> Conversation:
        user = self.people[self.speaker]
        if isinstance(user, Visitor):
            address = (await session.get_one(WebSession, user.token_hash)).address
        else:
            address = str(user.chat_id)
        row = await session.scalar(select(Conversation).join(ChannelIdentity).where(ChannelIdentity.address == address))
        assert row is not None, f"{self.line}: nobody wrote yet"
        return row

    async def _person(self, session: AsyncSession) -> Person:
        return (await self._conversation(session)).identity.person

    async def _opening(self, session: AsyncSession) -> Opening:
        return await session.get_one(Opening, (await self._appointment(session)).opening_id)

    async def _workshop(self, session: AsyncSession, key: str) -> Workshop:
        row = await session.scalar(select(Workshop).where(Workshop.key == key))
        assert row is not None, f"no workshop {key}"
        return row

    async def _appointment(self, session: AsyncSession) -> Appointment:
        person = await self._person(session)
        row = await session.scalar(
            select(Appointment).where(Appointment.person_id == person.id).order_by(Appointment.id.desc()).limit(1)
        )
        assert row is not None, f"{self.line}: no appointment"
        return row


FACTS: dict[str, Callable[[Scene, AsyncSession], Awaitable[Any]]] = {
    "appointments": Scene._appointments,
    "appointment": Scene._appointment_fact,
    "registration": Scene._registration,
    "handoff": Scene._handoff_fact,
    "alert": Scene._alert_fact,
    "nudges": Scene._nudges,
    "source": Scene._source,
    "milestones": Scene._milestones,
    "stopped": Scene._stopped,
    "draft": Scene._draft,
    "discreet": Scene._discreet,
    "unreachable": Scene._unreachable,
    "misread": Scene._misread,
    "notices": Scene._notices,
    "thread": Scene._thread,
    "set aside": Scene._set_aside,
    "screen": Scene._screen,
}


def moment(text: str) -> datetime:
    """A date of a scene, as `2027-03-09T10:00`, Paris time."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


def _found(expected: Any, came: list[Any]) -> bool:
    """A piece of text, `~name` for any variant of a response, `[title]` for a button, `file: name`,
    `without: text`."""
    if isinstance(expected, dict):
        ((what, name),) = expected.items()
        if what == "without":
            return not _found(name, came)
        return any(message.document and message.document.name == name for message in came)
    if expected.startswith("~"):
        said = "\n\n".join(message.text for message in came)
        return any(_pattern(variant).search(said) for variant in texts.all_variants(expected[1:]))
    if expected.startswith("[") and expected.endswith("]"):
        return any(title.startswith(expected[1:-1]) for message in came for title, _ in message.buttons)
    return any(expected in message.text for message in came)


def _pattern(variant: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}|\n\s*\n", variant.strip())
    return re.compile(r"[\s\S]*?".join(re.escape(part.strip()) for part in parts))
