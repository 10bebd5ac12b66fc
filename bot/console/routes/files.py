"""Files of a conversation: send one from its thread, open one that is there."""

from __future__ import annotations

from typing import Annotated

from fastapi import File, UploadFile
from fastapi.responses import Response

from bot.console.access import HOME, Actor, FormText, NotFound, Number, Reader, file_of, go, handoff_of
from bot.console.routes.edge import console_router
from bot.errors import NoFile
from bot.services import files

router = console_router()


@router.post("/conversations/{number}/fichier")
async def send(
    caller: Actor,
    number: Number,
    file: Annotated[UploadFile | None, File()] = None,
    text: FormText = "",
    once: FormText = "",
) -> Response:
    async with caller.reading() as session:
        await handoff_of(session, caller.adviser, number)
    content = await file.read() if file is not None else b""
    if not content:
        raise NoFile
    vault = caller.console.settings.vault
    cleaned = await files.sendable(vault, content)
    async with caller.acting() as (session, adviser):
        handoff = await handoff_of(session, adviser, number)
        await files.send(session, vault, handoff, adviser, cleaned, text, caller.now, once=once[:32] or None)
    return go(f"{HOME}/conversations/{number}#bas")


@router.get("/fichiers/{number}")
async def show(caller: Reader, number: Number) -> Response:
    """Always to be kept, never shown as a page: what a file holds is not ours."""
    vault = caller.console.settings.vault
    async with caller.reading() as session:
        opened = await files.read(session, vault, await file_of(session, caller.adviser, number))
    if opened is None:
        raise NotFound
    headers = {"Content-Disposition": f'attachment; filename="{opened.name}"'}
    return Response(opened.content, media_type=opened.kind.media_type, headers=headers)
