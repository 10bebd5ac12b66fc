"""Tie a Telegram account to an adviser, or a private group to a structure: a link made in the console, used once."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.conversations import Incoming, IncomingKind, Say
from bot.domain.outbox import OutboxKind
from bot.domain.people import Channel
from bot.domain.team import Role
from bot.domain.topics import GroupKind
from bot.errors import LinkOver, NotAForum, NotYetLinked
from bot.services import accounts, outbox, topics
from bot.storage.tables import Adviser, TelegramLink, TopicGroup
from bot.texts import render

# What follows /start: of an account in private, of a group in the group. Telegram takes 64 characters of A-Za-z0-9_-.
ACCOUNT, GROUP = "lier_", "groupe_"
LIVES = timedelta(minutes=15)


def is_account_link(incoming: Incoming) -> bool:
    """Whether a private message opens an adviser's link: they are not a young person who comes."""
    return _starts(incoming, ACCOUNT)


def is_group_link(incoming: Incoming) -> bool:
    return bool(incoming.group) and _starts(incoming, GROUP)


async def offer_account(session: AsyncSession, adviser: Adviser, now: datetime) -> str:
    """What follows `?start=` in the link that ties an adviser's Telegram to their account; only a digest is kept."""
    return await _offer(session, adviser, ACCOUNT, now)


async def offer_group(session: AsyncSession, adviser: Adviser, now: datetime) -> str:
    """What follows `?startgroup=` in the link that makes a private group the structure's.

    Raises:
        NotYetLinked: the coordinator's own Telegram is not linked, so nothing of the group would be obeyed.
    """
    if adviser.telegram_chat is None:
        raise NotYetLinked
    return await _offer(session, adviser, GROUP, now)


async def link_account(session: AsyncSession, incoming: Incoming, now: datetime) -> None:
    """Use an account's link; what became of it is said in the chat. One Telegram account is one adviser's."""
    try:
        link = await _use(session, incoming.argument, now, for_group=False)
    except LinkOver as refusal:
        await _answer(session, incoming.address, Say(refusal.response), now)
        return
    await session.execute(update(Adviser).where(Adviser.telegram_chat == incoming.address).values(telegram_chat=None))
    link.adviser.telegram_chat = incoming.address
    await _answer(session, incoming.address, Say("utter_team_linked", {"name": link.adviser.first_name}), now)


async def is_linked(session: AsyncSession, adviser: Adviser) -> bool:
    return await session.scalar(select(Adviser.telegram_chat).where(Adviser.id == adviser.id)) is not None


async def unlink_account(session: AsyncSession, adviser: Adviser) -> None:
    """The adviser's Telegram is told nothing and obeyed in nothing any more."""
    adviser.telegram_chat = None
    await session.flush()


async def link_group(session: AsyncSession, incoming: Incoming, now: datetime) -> None:
    """Use a group's link, in the group; what became of it is said there, to who was given the link and nobody else."""
    chat_id = incoming.address.partition("/")[0]
    found = await session.get(TelegramLink, accounts.digest(incoming.argument))
    if found is None or found.adviser.telegram_chat != incoming.sender:
        return  # a stranger's group, or a stranger in it: not a word
    try:
        if incoming.group != GroupKind.FORUM:
            raise NotAForum
        link = await _use(session, incoming.argument, now, for_group=True)
        if link.adviser.role is not Role.COORDINATOR:
            raise LinkOver
        owner = await session.scalar(select(TopicGroup).where(TopicGroup.chat_id == chat_id))
        if owner is not None and owner.structure_id != link.adviser.structure_id:
            raise LinkOver
    except (LinkOver, NotAForum) as refusal:
        await _answer(session, chat_id, Say(refusal.response), now)
        return
    structure = link.adviser.structure
    await unlink_group(session, structure.id, now, but=chat_id)
    group = await session.get(TopicGroup, structure.id)
    if group is None:
        group = TopicGroup(structure_id=structure.id, chat_id=chat_id, made_by=link.adviser_id, made_at=now)
        session.add(group)
    group.trouble = None
    await session.flush()
    await _answer(session, chat_id, Say("utter_group_linked", {"structure": structure.name}), now)


async def unlink_group(session: AsyncSession, structure_id: str, now: datetime, *, but: str | None = None) -> None:
    """The structure's conversations leave its group, with all that was said there; unless the group is `but`."""
    group = await session.get(TopicGroup, structure_id)
    if group is None or group.chat_id == but:
        return
    await topics.leave_all(session, group.chat_id, now)
    await session.delete(group)
    await session.flush()


async def forget_old(session: AsyncSession, now: datetime) -> None:
    await session.execute(delete(TelegramLink).where(TelegramLink.expires_at <= now))


def _starts(incoming: Incoming, prefix: str) -> bool:
    is_start = incoming.kind is IncomingKind.COMMAND and incoming.text == "start"
    return is_start and incoming.argument.startswith(prefix)


async def _offer(session: AsyncSession, adviser: Adviser, prefix: str, now: datetime) -> str:
    """A new link; the unused one before it opens nothing any more."""
    code = f"{prefix}{secrets.token_urlsafe(32)}"
    for_group = prefix == GROUP
    await session.execute(
        delete(TelegramLink).where(TelegramLink.adviser_id == adviser.id, TelegramLink.for_group == for_group)
    )
    session.add(
        TelegramLink(
            token_hash=accounts.digest(code),
            adviser_id=adviser.id,
            for_group=for_group,
            made_at=now,
            expires_at=now + LIVES,
        )
    )
    await session.flush()
    return code


async def _use(session: AsyncSession, code: str, now: datetime, *, for_group: bool) -> TelegramLink:
    """The link, used from now on.

    Raises:
        LinkOver: it was used, is too old, was never made, or its adviser is gone.
    """
    link = await session.get(TelegramLink, accounts.digest(code), with_for_update={"of": TelegramLink})
    over = link is None or link.for_group != for_group or link.used_at is not None or link.expires_at <= now
    if link is None or over or not link.adviser.active or link.adviser.role is Role.PARTNER:
        raise LinkOver
    link.used_at = now
    return link


async def _answer(session: AsyncSession, address: str, say: Say, now: datetime) -> None:
    for bubble in render(say):
        await outbox.queue(
            session,
            Channel.TELEGRAM,
            address,
            OutboxKind.NOTICE,
            {"text": bubble.text, "buttons": [], "attachment": None},
            now,
        )
