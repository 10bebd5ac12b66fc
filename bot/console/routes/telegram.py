"""My Telegram, and the structure's group: links that work once, made here and nowhere else."""

from __future__ import annotations

from fastapi.responses import Response

from bot.console.access import HOME, Actor, Caller, Coordinator, Reader, go
from bot.console.routes.edge import console_router
from bot.errors import NoTelegram
from bot.services import linking, topics

PAGE = f"{HOME}/telegram"
# What the robot must be allowed in the group: to make, name and close topics, and to delete them with what they hold.
RIGHTS = "manage_topics+delete_messages"

router = console_router()


@router.get("/telegram")
async def show(caller: Reader) -> Response:
    return await _page(caller)


@router.post("/telegram/lier")
async def link(caller: Actor) -> Response:
    """The link is shown once, in the answer itself: only its digest is kept."""
    bot = _bot(caller)
    async with caller.acting() as (session, adviser):
        code = await linking.offer_account(session, adviser, caller.now)
    return await _page(caller, mine=f"{bot}?start={code}")


@router.post("/telegram/delier")
async def unlink(caller: Actor) -> Response:
    async with caller.acting() as (session, adviser):
        await linking.unlink_account(session, adviser)
    return go(PAGE)


@router.post("/telegram/groupe")
async def link_group(caller: Coordinator) -> Response:
    bot = _bot(caller)
    async with caller.acting() as (session, adviser):
        code = await linking.offer_group(session, adviser, caller.now)
    return await _page(caller, ours=f"{bot}?startgroup={code}&admin={RIGHTS}")


@router.post("/telegram/groupe/fermer")
async def unlink_group(caller: Coordinator) -> Response:
    async with caller.acting() as (session, adviser):
        await linking.unlink_group(session, adviser.structure_id, caller.now)
    return go(PAGE)


def _bot(caller: Caller) -> str:
    name = caller.console.settings.telegram_bot_name
    if not name:
        raise NoTelegram
    return f"https://t.me/{name}"


async def _page(caller: Caller, *, mine: str = "", ours: str = "") -> Response:
    async with caller.reading() as session:
        group = await topics.group_of(session, caller.adviser.structure_id)
        linked = await linking.is_linked(session, caller.adviser)
    return await caller.page("telegram.html", linked=linked, group=group, mine=mine, ours=ours)
