"""The page's routes: translate, call one verb, translate back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from sse_starlette import EventSourceResponse

from bot.channels.webchat import page, reading, thread
from bot.channels.webchat.guard import COOKIE, drop_cookie, is_framed, keep_cookie, route_class
from bot.channels.webchat.intake import Intake, Stored
from bot.channels.webchat.page import Look, View
from bot.channels.webchat.reading import Sent
from bot.channels.webchat.stream import Shown, Stream, ping
from bot.domain.conversations import Author
from bot.domain.files import MEGABYTE, CleanFile
from bot.errors import FileNotTaken, FileTooBig, MessageTooLong, NoFile, TooFast
from bot.services import files, handoffs, web_sessions
from bot.services.feed import Feed
from bot.settings import Environment, Settings
from bot.storage.database import Database
from bot.storage.tables import WebSession

PING_SECONDS = 15
FOR_A_YEAR = {"Cache-Control": "public, max-age=31536000, immutable"}


def chat_router(settings: Settings, database: Database, feed: Feed, on_stored: Callable[[], None]) -> APIRouter:
    """Everything under /chat; `on_stored` is called when something that came in was committed."""
    router = APIRouter(prefix="/chat", route_class=route_class(settings))
    look = Look(
        settings.environment is Environment.DEMO,
        settings.quit_url,
        settings.telegram_bot_name,
        settings.vault.largest // MEGABYTE,
    )
    intake = Intake(database, settings.clock, settings.actions_token.get_secret_value(), settings.vault)
    stream = Stream(database, feed, settings.clock, look.telegram)

    @router.get("")
    async def show(request: Request) -> Response:
        """The page. It makes nothing: someone who only looks leaves no trace."""
        token, now, framed = request.cookies.get(COOKIE), settings.clock.now(), is_framed(request)
        async with database.read_only() as session:
            row = await web_sessions.find(session, token, now)
        if row is not None and web_sessions.is_stale(row, now):
            async with database.unit_of_work() as session:
                await web_sessions.see(session, row, now)
        # Back from the first message, and the cookie it gave did not come.
        blocked = row is None and "c" in request.query_params
        notice = page.words("utter_web_no_cookie") if blocked else []
        view = View(source=request.query_params.get("s", "")[:64], framed=framed, notice=notice)
        response = await shown(row, view)
        if row is not None and token is not None:
            keep_cookie(response, settings, token, framed=framed, lasts=True)
        else:
            keep_cookie(response, settings, web_sessions.new_token(), framed=framed, lasts=False)
        return response

    @router.post("/messages")
    async def take(request: Request) -> Response:
        """Acknowledged once it is stored: as JSON to the page's script, else by the page with the answer."""
        body = await reading.read_body(request.stream())
        if body is None:
            return await refused(request, MessageTooLong.response, 413, None)
        sent = reading.read_form(body)
        if sent is None:
            return await refused(request, "utter_web_unreadable", 400, None)
        return await store(request, sent)

    @router.post("/files")
    async def take_file(request: Request) -> Response:
        """A file of the young person's, checked before it is stored."""
        try:
            upload = await reading.read_upload(request, settings.vault.largest)
            if upload is None:
                return await refused(request, "utter_web_unreadable", 400, None)
            sent, content = upload
            if not content:
                raise NoFile
            return await store(request, sent, await files.sendable(settings.vault, content))
        except (FileTooBig, FileNotTaken, NoFile) as refusal:
            status = 413 if isinstance(refusal, FileTooBig) else 415
            return await refused(request, refusal.response, status, None, refusal.values)

    async def store(request: Request, sent: Sent, cleaned: CleanFile | None = None) -> Response:
        try:
            client = request.client.host if request.client else ""
            stored = await intake.store(sent, request.cookies.get(COOKIE), client, cleaned)
        except MessageTooLong as refusal:
            return await refused(request, refusal.response, 413, sent)
        except TooFast as refusal:
            response = await refused(request, refusal.response, 429, sent)
            response.headers["Retry-After"] = str(int(refusal.seconds) + 1)
            return response
        on_stored()
        response = await acknowledged(request, stored, sent.framed)
        if stored.token:
            keep_cookie(response, settings, stored.token, framed=sent.framed, lasts=True)
        return response

    @router.post("/typing")
    async def write(request: Request) -> Response:
        """They write: shown to who holds the conversation, if somebody does, and kept nowhere."""
        async with database.read_only() as session:
            row = await web_sessions.find(session, request.cookies.get(COOKIE), settings.clock.now())
            conversation = await web_sessions.conversation_of(session, row) if row is not None else None
            held = await handoffs.holder(session, conversation) if conversation is not None else None
        if conversation is not None and held is not None:
            feed.types(conversation.id, Author.YOUNG)
        return Response(status_code=204)

    @router.get("/events")
    async def listen(request: Request) -> Response:
        """What an open page misses, then what comes."""
        query = request.query_params
        after = int(query["after"][:15]) if query.get("after", "").isdecimal() else 0
        shown = Shown(after, query.get("epoch", ""))
        events = stream.events(request.cookies.get(COOKIE), shown, framed=is_framed(request))
        return EventSourceResponse(events, ping=PING_SECONDS, ping_message_factory=ping)

    @router.get("/files/{number}")
    async def show_file(request: Request, number: int) -> Response:
        """A file that was sent in this session, by the bot or by the team."""
        async with database.read_only() as session:
            row = await web_sessions.find(session, request.cookies.get(COOKIE), settings.clock.now())
            found = await thread.outbox_row(session, row, number) if row is not None else None
            file = found.payload.get("file") if found is not None else None
            opened = await files.opened(session, settings.vault, file) if file else None
        if opened is not None:
            headers = {"Content-Disposition": f'attachment; filename="{opened.name}"'}
            return Response(opened.content, media_type=opened.kind.media_type, headers=headers)
        if found is None or not found.payload["attachment"]:
            return Response(status_code=404)
        name, content = found.payload["attachment"]
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)

    @router.post("/quit")
    async def leave(request: Request) -> Response:
        """End the session, and have the browser forget it was there."""
        framed = is_framed(request)
        async with database.unit_of_work() as session:
            row = await web_sessions.find(session, request.cookies.get(COOKIE), settings.clock.now())
            if row is not None:
                await web_sessions.end(session, row, settings.clock.now())
        # Not a redirection: a form may only lead to our own site, and the other redirects in its turn.
        response = HTMLResponse(page.render_bye(look, framed=framed))
        drop_cookie(response, settings, framed=framed)
        return response

    @router.get("/static/{name}")
    async def show_static(name: str) -> Response:
        try:
            return Response(page.static_file(name), media_type=page.STATIC[name], headers=FOR_A_YEAR)
        except KeyError:
            return Response(status_code=404)

    async def shown(row: WebSession | None, view: View, status: int = 200) -> Response:
        if row is not None:
            async with database.read_only() as session:
                lines = await thread.lines(session, row, look.telegram)
                view = view.with_thread(lines, await thread.epoch(session, row))
        return HTMLResponse(page.render_page(look, view), status)

    async def acknowledged(request: Request, stored: Stored, framed: bool) -> Response:
        if _is_scripted(request):
            return JSONResponse({"epoch": stored.epoch, "cookie": COOKIE in request.cookies})
        if stored.update_id is not None:
            await intake.answered(stored)
        query = "&".join(name for name, is_set in (("frame=1", framed), ("c=1", stored.token)) if is_set)
        return RedirectResponse(f"/chat?{query}#end" if query else "/chat#end", 303)

    async def refused(
        request: Request, response: str, status: int, sent: Sent | None, values: Mapping[str, str] | None = None
    ) -> Response:
        """A clear sentence; what was typed stays where it was."""
        said = page.words(response, values)
        if _is_scripted(request):
            return JSONResponse({"say": " ".join(said)}, status)
        async with database.read_only() as session:
            row = await web_sessions.find(session, request.cookies.get(COOKIE), settings.clock.now())
        if sent is None:
            return await shown(row, View(framed=is_framed(request), notice=said), status)
        return await shown(row, View(source=sent.source, framed=sent.framed, draft=sent.text, notice=said), status)

    return router


def _is_scripted(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")
