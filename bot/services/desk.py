"""What a structure's desk shows: alerts, who waits, who holds whom, the appointments, the calls to make.

Nothing here is a message's text: it is read in the conversation.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import communes
from bot.domain.appointments import AppointmentState, RemindBy
from bot.domain.calendar import day_bounds, in_paris, next_working_day
from bot.domain.conversations import Author
from bot.domain.handoffs import HELD_STATES
from bot.domain.outbox import OutboxState
from bot.domain.people import Channel
from bot.domain.safety import Kind
from bot.domain.team import NoticeKind, PresenceSaid
from bot.services import appointments, followups, handoffs, read_marks, team
from bot.storage.tables import (
    Adviser,
    Alert,
    Appointment,
    ChannelIdentity,
    Conversation,
    FollowUp,
    Handoff,
    Message,
    Notice,
    OutboxRow,
    PartnerBooking,
    Place,
    Reason,
    Structure,
)

# A handoff and an alert are in lists of their own.
IN_THE_NEWS = (
    NoticeKind.UNREACHABLE,
    NoticeKind.UNKNOWN_SEND,
    NoticeKind.LATE,
    NoticeKind.UNMARKED,
    NoticeKind.NO_SHOWS,
    NoticeKind.FALSE_ALARM,
    NoticeKind.TRANSFERRED,
    NoticeKind.TAKEN_OVER,
    NoticeKind.WOKEN,
    NoticeKind.REVIEWED,
)
NEWS_KEPT = timedelta(days=7)
# Of those the bot answers, the last to write, among the service's last messages: a desk is drawn often.
RECENT, LOOKED_AT = 12, 3000


@dataclass(frozen=True)
class Who:
    """A young person, as the team may see them in a list: a number that stays the same, and the name they were given
    by the team, if they were."""

    conversation_id: int
    number: int
    commune: str
    channel: Channel
    nickname: str = ""


@dataclass(frozen=True)
class Told:
    """Someone of the team an alert was told to; `on_phone` when it reached their own phone."""

    name: str
    at: datetime
    on_phone: bool


@dataclass(frozen=True)
class OpenAlert:
    """`returned`: somebody saw it, no word went to the young person, and the team was told again."""

    alert: Alert
    who: Who
    kinds: tuple[str, ...]
    told: tuple[Told, ...]
    acknowledged_by: str
    holder: Adviser | None
    next_reachable: datetime | None
    returned: bool

    @property
    def in_hand(self) -> bool:
        return self.alert.acknowledged_at is not None and not self.returned


@dataclass(frozen=True)
class Held:
    """A conversation somebody holds; `unanswered_since` when the young person wrote last."""

    handoff: Handoff
    who: Who
    alert: bool
    unanswered_since: datetime | None


@dataclass(frozen=True)
class Entry:
    """An appointment in a list; `who.conversation_id` is 0 when its conversation is another structure's.

    `ours` tells that the appointment is the structure's: an adviser may receive at another structure's place.
    `first_name` is the one a partner gave, if they booked.
    """

    appointment: Appointment
    who: Who
    first_name: str
    reason: str
    ours: bool
    begun: bool
    over: bool


@dataclass(frozen=True)
class News:
    notice: Notice
    who: Who | None


@dataclass(frozen=True)
class Task:
    """What a human still does after an alert; `late` once its day is over."""

    followup: FollowUp
    who: Who
    today: bool
    late: bool


@dataclass(frozen=True)
class Member:
    """Someone of the team, and whether they answer at this moment."""

    adviser: Adviser
    present: bool
    busy: bool
    on_call: bool
    said: PresenceSaid | None
    until: datetime | None
    returns: datetime | None


@dataclass(frozen=True)
class Desk:
    """`waiting` leaves out who is in an alert; `held`, `news` and `tasks` are by adviser.

    `recent` are those the bot answers; `read_by` tells who has read all of a conversation that waits or is held.
    """

    alerts: tuple[OpenAlert, ...]
    waiting: tuple[tuple[Handoff, Who], ...]
    held: dict[int, tuple[Held, ...]]
    news: dict[int, tuple[News, ...]]
    tasks: dict[int, tuple[Task, ...]]
    today: tuple[Entry, ...]
    unmarked: tuple[Entry, ...]
    calls: tuple[Entry, ...]
    team: tuple[Member, ...]
    recent: tuple[Who, ...]
    read_by: dict[int, frozenset[int]]


async def see(session: AsyncSession, structure: Structure, now: datetime) -> Desk:
    """Everything the desk of a structure shows at `now`."""
    members = await team_of(session, structure, now)
    above = await open_alerts(session, structure, now)
    in_alert = {one.alert.conversation_id for one in above}
    waiting = await handoffs.waiting(session, structure.id)
    held = await _held(session, structure, [member.adviser for member in members])
    owned = {one.conversation_id for one in waiting}
    owned |= {one.who.conversation_id for group in held.values() for one in group}
    return Desk(
        alerts=above,
        waiting=tuple((one, who(one.conversation)) for one in waiting if one.conversation_id not in in_alert),
        held=held,
        news=await _news(session, [member.adviser for member in members], now),
        tasks=await _tasks(session, structure, [member.adviser for member in members], now),
        today=await entries(session, structure, in_paris(now).date(), now),
        unmarked=await unmarked(session, structure, now),
        calls=await calls(session, structure, now),
        team=members,
        recent=await _recent(session, structure, owned | in_alert),
        read_by=await read_marks.readers(session, owned),
    )


def who(conversation: Conversation) -> Who:
    """How a conversation is called in the lists."""
    commune = communes.by_insee(conversation.commune).name if conversation.commune else ""
    identity = conversation.identity
    return Who(conversation.id, identity.person_id, commune, identity.channel, conversation.nickname or "")


def who_for(structure_id: str, conversation: Conversation) -> Who:
    """The same, without the way to a conversation that is another structure's, nor the name it gave."""
    named = who(conversation)
    return named if conversation.structure_id == structure_id else replace(named, conversation_id=0, nickname="")


async def open_alerts(session: AsyncSession, structure: Structure, now: datetime) -> tuple[OpenAlert, ...]:
    """The open alerts: those nobody has in hand, the most critical, the oldest first."""
    found = (
        await session.scalars(select(Alert).where(Alert.structure_id == structure.id, Alert.closed_at.is_(None)))
    ).all()
    shown = [await describe(session, alert, now) for alert in found]
    return tuple(sorted(shown, key=lambda one: (one.in_hand, -one.alert.level.rank, one.alert.opened_at)))


async def describe(session: AsyncSession, alert: Alert, now: datetime) -> OpenAlert:
    """What is true of an alert: who was told, who has seen it, who holds the conversation."""
    rows = await session.execute(
        select(Adviser.first_name, func.max(Notice.at), func.max(OutboxRow.sent_at))
        .join(Adviser, Notice.adviser_id == Adviser.id)
        .outerjoin(OutboxRow, (Notice.outbox_id == OutboxRow.id) & (OutboxRow.state == OutboxState.SENT))
        .where(Notice.alert_id == alert.id)
        .group_by(Adviser.id, Adviser.first_name)
        .order_by(Adviser.id)
    )
    told = tuple(Told(name, at, sent is not None) for name, at, sent in rows)
    seen_by = await session.get(Adviser, alert.acknowledged_by) if alert.acknowledged_by else None
    holder = await handoffs.holder(session, alert.conversation)
    return OpenAlert(
        alert=alert,
        who=who(alert.conversation),
        kinds=tuple(Kind(kind).label for kind in alert.kinds),
        told=told,
        acknowledged_by=seen_by.first_name if seen_by else "",
        holder=holder.adviser if holder else None,
        returned=alert.acknowledged_at is not None and any(one.at > alert.acknowledged_at for one in told),
        next_reachable=None if told else await team.next_reachable(session, alert.structure_id, now),
    )


async def team_of(session: AsyncSession, structure: Structure, now: datetime) -> tuple[Member, ...]:
    """The team of a structure, as it truly is at `now`."""
    members = []
    advisers = await team.advisers_of(session, structure.id)
    on_calls = dict(await team.hours_of_each(session, advisers, on_call=True))
    for adviser, hours in await team.hours_of_each(session, advisers):
        on_call = on_calls[adviser]
        saying = adviser.presence_until is not None and now < adviser.presence_until
        present = hours.is_open(now)
        members.append(
            Member(
                adviser=adviser,
                present=present,
                busy=hours.is_busy(now),
                on_call=on_call.is_open(now),
                said=adviser.presence_said if saying else None,
                until=adviser.presence_until if saying else None,
                returns=None if present else hours.next_opening(now),
            )
        )
    return tuple(members)


async def _held(
    session: AsyncSession, structure: Structure, advisers: Sequence[Adviser]
) -> dict[int, tuple[Held, ...]]:
    """What each adviser holds: who waits for an answer first."""
    wrote = (
        select(func.max(Message.at))
        .where(Message.conversation_id == Handoff.conversation_id, Message.author == Author.YOUNG)
        .scalar_subquery()
    )
    in_alert = select(Alert.id).where(Alert.conversation_id == Handoff.conversation_id, Alert.closed_at.is_(None))
    rows = await session.execute(
        select(Handoff, wrote, in_alert.exists()).where(
            Handoff.structure_id == structure.id, Handoff.state.in_(HELD_STATES)
        )
    )
    held: dict[int, list[Held]] = {adviser.id: [] for adviser in advisers}
    for handoff, wrote_at, alert in rows:
        answered = handoff.last_human_at is not None and wrote_at is not None and wrote_at <= handoff.last_human_at
        since = None if wrote_at is None or answered else wrote_at
        held.setdefault(handoff.adviser_id or 0, []).append(Held(handoff, who(handoff.conversation), alert, since))
    for group in held.values():
        group.sort(key=lambda one: (one.unanswered_since is None, one.unanswered_since or one.handoff.taken_at))
    return {number: tuple(group) for number, group in held.items()}


async def _recent(session: AsyncSession, structure: Structure, elsewhere: Collection[int]) -> tuple[Who, ...]:
    """Who wrote last among those the bot answers: a human may read, or write first."""
    newest = select(func.coalesce(func.max(Message.id), 0)).scalar_subquery()
    last = func.max(Message.id)
    wrote = (
        select(Message.conversation_id)
        .join(Conversation, Message.conversation_id == Conversation.id)
        .where(
            Message.id > newest - LOOKED_AT,
            Message.author == Author.YOUNG,
            Conversation.structure_id == structure.id,
            Conversation.id.not_in(elsewhere),
        )
        .group_by(Message.conversation_id)
        .order_by(last.desc())
        .limit(RECENT)
    )
    order = {number: place for place, number in enumerate(await session.scalars(wrote))}
    rows = await session.scalars(select(Conversation).where(Conversation.id.in_(order)))
    return tuple(sorted(map(who, rows), key=lambda one: order[one.conversation_id]))


async def _news(session: AsyncSession, advisers: Sequence[Adviser], now: datetime) -> dict[int, tuple[News, ...]]:
    """What each adviser was told and has not ticked off, the newest first; once for one conversation."""
    rows = await session.execute(
        select(Notice, Conversation)
        .outerjoin(Handoff, Notice.handoff_id == Handoff.id)
        .outerjoin(Conversation, Conversation.id == func.coalesce(Notice.conversation_id, Handoff.conversation_id))
        .where(
            Notice.adviser_id.in_([adviser.id for adviser in advisers]),
            Notice.kind.in_(IN_THE_NEWS),
            Notice.seen_at.is_(None),
            Notice.at > now - NEWS_KEPT,
        )
        .order_by(Notice.id.desc())
    )
    structures = {adviser.id: adviser.structure_id for adviser in advisers}
    news: dict[int, dict[tuple[NoticeKind, int | None], News]] = {adviser.id: {} for adviser in advisers}
    for notice, conversation in rows:
        ours = conversation is not None and conversation.structure_id == structures[notice.adviser_id]
        about = News(notice, who(conversation) if ours else None)
        key = (notice.kind, conversation.id if conversation is not None else None)
        news[notice.adviser_id].setdefault(key, about)
    return {number: tuple(group.values()) for number, group in news.items()}


async def _tasks(
    session: AsyncSession, structure: Structure, advisers: Sequence[Adviser], now: datetime
) -> dict[int, tuple[Task, ...]]:
    """What each adviser has to come back to, the earliest first."""
    rows = await followups.to_do(session, structure.id)
    return {adviser.id: tuple(task(row, now) for row in rows if followups.is_for(row, adviser)) for adviser in advisers}


def task(followup: FollowUp, now: datetime) -> Task:
    today = in_paris(now).date()
    about = who(followup.alert.conversation)
    return Task(followup, about, today=followup.due_date == today, late=followup.due_date < today)


async def entries(session: AsyncSession, structure: Structure, day: date, now: datetime) -> tuple[Entry, ...]:
    """The appointments of a day, cancelled ones included, in time order."""
    start, end = day_bounds(day)
    rows = await session.scalars(
        select(Appointment)
        .where(
            Appointment.structure_id == structure.id,
            Appointment.starts_at >= start,
            Appointment.starts_at < end,
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    return await show(session, structure, rows.all(), now)


async def unmarked(session: AsyncSession, structure: Structure, now: datetime) -> tuple[Entry, ...]:
    """The appointments that are over and that nobody marked; those of the day from 17:00."""
    return await show(session, structure, await appointments.unmarked(session, now, structure.id), now)


async def calls(session: AsyncSession, structure: Structure, now: datetime) -> tuple[Entry, ...]:
    """Who is to be called: the appointments up to the next working day, with a number given for it.

    On a Friday, that is Saturday's, Sunday's and Monday's; those of the day nobody called are still there.
    """
    today = in_paris(now).date()
    _, end = day_bounds(next_working_day(today, structure.territory.subdiv))
    rows = await session.scalars(
        select(Appointment)
        .where(
            Appointment.structure_id == structure.id,
            Appointment.state == AppointmentState.BOOKED,
            Appointment.remind_by == RemindBy.PHONE,
            Appointment.remind_phone.is_not(None),
            Appointment.starts_at > now,
            Appointment.starts_at < end,
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    return await show(session, structure, rows.all(), now)


async def entry(session: AsyncSession, appointment: Appointment, now: datetime) -> Entry:
    structure = await session.get_one(Structure, appointment.structure_id)
    [shown] = await show(session, structure, [appointment], now)
    return shown


async def next_entry(session: AsyncSession, conversation: Conversation, now: datetime) -> Entry | None:
    """The next appointment of a young person in the conversation's structure."""
    found = await session.scalar(
        select(Appointment)
        .where(
            Appointment.person_id == conversation.identity.person_id,
            Appointment.structure_id == conversation.structure_id,
            Appointment.state == AppointmentState.BOOKED,
        )
        .order_by(Appointment.starts_at)
        .limit(1)
    )
    return await entry(session, found, now) if found is not None else None


async def others_of(session: AsyncSession, conversation: Conversation) -> tuple[Who, ...]:
    """The other conversations of the same young person, in the same structure: another channel, joined by a link."""
    rows = await session.scalars(
        select(Conversation)
        .join(ChannelIdentity, Conversation.identity_id == ChannelIdentity.id)
        .where(
            ChannelIdentity.person_id == conversation.identity.person_id,
            Conversation.id != conversation.id,
            Conversation.structure_id == conversation.structure_id,
        )
        .order_by(Conversation.id)
    )
    return tuple(who(one) for one in rows)


async def show(
    session: AsyncSession, structure: Structure, rows: Sequence[Appointment], now: datetime
) -> tuple[Entry, ...]:
    """Appointments as the lists of a structure show them."""
    conversations = {
        one.id: one
        for one in await session.scalars(
            select(Conversation).where(Conversation.id.in_([row.conversation_id for row in rows]))
        )
    }
    names = {
        (reason.structure_id, reason.slug): reason.name
        for reason in await session.scalars(
            select(Reason).where(Reason.structure_id.in_([row.structure_id for row in rows]))
        )
    }
    partners = {
        booking.appointment_id: booking.first_name
        for booking in await session.scalars(
            select(PartnerBooking).where(PartnerBooking.appointment_id.in_([row.id for row in rows]))
        )
    }
    shown = []
    for row in rows:
        conversation = conversations[row.conversation_id]
        shown.append(
            Entry(
                row,
                who_for(structure.id, conversation),
                first_name=partners.get(row.id, "") if row.structure_id == structure.id else "",
                reason=names.get((row.structure_id, row.reason), ""),
                ours=row.structure_id == structure.id,
                begun=row.starts_at <= now,
                over=row.ends_at <= now,
            )
        )
    return tuple(shown)


async def places_of(session: AsyncSession, structure: Structure) -> Sequence[Place]:
    """The places of a structure, by name."""
    rows = await session.scalars(select(Place).where(Place.structure_id == structure.id).order_by(Place.name, Place.id))
    return rows.all()


async def tick_off(session: AsyncSession, notice: Notice, now: datetime) -> None:
    """An adviser has read a notice; the older ones of the same kind about the same conversation go with it."""
    notices = await session.scalars(
        select(Notice).where(
            Notice.adviser_id == notice.adviser_id,
            Notice.kind == notice.kind,
            Notice.conversation_id == notice.conversation_id,
            Notice.handoff_id == notice.handoff_id,
            Notice.seen_at.is_(None),
        )
    )
    for one in notices:
        one.seen_at = now
    await session.flush()
