"""The HTTP server and what a test holds of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from aiohttp import web

from tests.fakes.bot_api.chats import JSON, Chat, Message, User
from tests.fakes.bot_api.errors import ApiError, bad_request, too_many_requests
from tests.fakes.bot_api.limits import Limits, Throttle
from tests.fakes.bot_api.methods import METHODS, Upload
from tests.fakes.bot_api.updates import Delivery, UpdateQueue, Webhook

T = TypeVar("T")
Hook = Callable[[str, JSON], Awaitable[None]]

MAX_BODY = 50 * 2**20
_IDS = {"chat_id", "from_chat_id", "message_id", "message_thread_id"}
_NUMBERS = _IDS | {"offset", "limit", "timeout", "max_connections"}
_STRUCTURES = {"reply_markup", "allowed_updates", "message_ids", "commands", "scope"}
_FLAGS = {"drop_pending_updates", "show_alert", "disable_notification", "protect_content"}
_DESCRIPTIONS = {403: "Forbidden: bot was blocked by the user", 502: "Bad Gateway"}


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one call: an error instead of the effect, a delay, or a cut connection.

    `delay` in seconds. `cut="after"`: the effect took place, the caller never knows.
    """

    status: int | None = None
    retry_after: int | None = None
    delay: float = 0.0
    cut: Literal["before", "after"] | None = None
    description: str | None = None

    def error(self) -> ApiError:
        assert self.status is not None
        if self.status == 429:
            return too_many_requests(self.retry_after or 1)
        text = self.description or _DESCRIPTIONS.get(self.status, "Internal Server Error")
        return ApiError(self.status, text, self.retry_after)


@dataclass
class Call:
    """A call that reached the API; `at` monotonic, `status` None while unanswered or when it was cut."""

    method: str
    params: JSON
    at: float
    status: int | None = None


@dataclass(frozen=True)
class Query:
    """A pressed button that waits for its answer."""

    query_id: str
    user: User
    at: datetime


@dataclass(frozen=True)
class StoredFile:
    path: str
    content: bytes
    description: JSON


class _Cut(Exception):
    """The connection ends here, without an answer."""


class BotApi:
    """One bot's Telegram. Not for use from another thread than its event loop's.

    Args:
        token: the bot's; any other is answered 401.
        clock: aware instants for dates, the 48 hours of deletion, the day updates are kept. Settable.
        limits: how fast the bot may send; None for no limit.
        webhook_delays: seconds between attempts to deliver an update, the last one repeated.
        webhook_patience: seconds left to the webhook to answer.
        query_lifetime: how long a pressed button may be answered.
    """

    def __init__(
        self,
        token: str = "123:abc",
        clock: Callable[[], datetime] | None = None,
        *,
        limits: Limits | None = Limits(),
        webhook_delays: Sequence[float] = (0.05, 0.1, 0.2, 0.4),
        webhook_patience: float = 10.0,
        query_lifetime: timedelta = timedelta(seconds=15),
    ) -> None:
        self.token = token
        self.clock = clock or (lambda: datetime.now(UTC))
        self.account: JSON = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Promeneurs",
            "username": "promeneurs_bot",
        }
        self.url = ""
        self.on_call: Hook | None = None
        self.after_call: Hook | None = None
        self.calls: list[Call] = []
        self.delivered: list[Delivery] = []
        self.profile: dict[str, Any] = {}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, StoredFile] = {}
        self.queries: dict[str, Query] = {}
        self.queue = UpdateQueue(self.now)
        self.throttle = Throttle(limits)
        self.query_lifetime = query_lifetime
        self.webhook: Webhook | None = None
        self._webhook_delays = webhook_delays
        self._webhook_patience = webhook_patience
        self._deliveries: asyncio.Task[None] | None = None
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._changed = asyncio.Event()
        self._crashes: list[Exception] = []
        self._ids = 0

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_get("/file/bot{token:[^/]+}/{path:.+}", self._download)
        app.router.add_route("*", "/bot{token:[^/]+}/{method}", self._respond)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop_deliveries()
        self.queue.end_poll("the end of the test")
        await self._runner.cleanup()
        if self._crashes and error is None:
            raise self._crashes[0]  # a hook's failed assertion, or a mistake of the fake, fails the test

    # People and their updates

    def user(self, first_name: str = "Léa", id: int | None = None) -> User:
        """A person the bot may write to, who has not said anything yet."""
        user = User(self, first_name, id or 7_000_000_000 + self._new_id())  # real ids exceed 32 bits
        self.chats[user.chat_id] = user
        return user

    def group(self, title: str = "Équipe", *, forum: bool = False, username: str | None = None) -> Chat:
        """A supergroup the bot is in; a `forum` has topics, one with a `username` is public."""
        about = ({"is_forum": True} if forum else {}) | ({"username": username} if username else {})
        chat = Chat(self, -1_001_000_000_000 - self._new_id(), {"type": "supergroup", "title": title, **about})
        self.chats[chat.chat_id] = chat
        return chat

    def publish(self, kind: str, body: JSON) -> None:
        self.queue.add(kind, body)

    def push_raw(self, update: JSON) -> int:
        """Queue any JSON as an update, even malformed; returns its update_id, given if it has none."""
        return self.queue.add_raw(update)

    def shuffle_next(self, count: int) -> None:
        """The next `count` updates wait for one another, then come out in reverse."""
        self.queue.shuffle_next(count)

    @property
    def pending_updates(self) -> int:
        """How many updates are not confirmed yet."""
        return len(self.queue)

    # What a test scripts and waits for

    def script(self, method: str, fault: Fault, times: int = 1) -> None:
        """The next `times` calls of `method` ("*": of any) meet `fault`, after those already scripted."""
        self._faults[method].extend([fault] * times)

    async def until(self, condition: Callable[[], T | None], seconds: float = 60.0) -> T:
        """Wait until `condition` is true; asked again when a call comes or ends, and after a delivery.

        Raises:
            TimeoutError: it was not within `seconds`.
        """
        async with asyncio.timeout(seconds):
            while not (met := condition()):
                await self._changed.wait()
        return met

    # For the chats and the methods

    def now(self) -> datetime:
        return self.clock()

    def keep_file(self, folder: str, extension: str, content: bytes) -> JSON:
        number = self._new_id()
        description = {
            "file_id": f"file-{number}",
            "file_unique_id": f"unique-{number}",
            "file_size": len(content),
        }
        self.files[f"file-{number}"] = StoredFile(f"{folder}/file_{number}.{extension}", content, description)
        return description

    def ask(self, user: User, message: Message, data: str) -> str:
        """Queue the callback query of a pressed button; returns its id."""
        query = Query(str(4_000_000_000_000_000_000 + self._new_id()), user, self.now())
        self.queries[query.query_id] = query
        gone = {"chat": message.chat.description, "message_id": message.message_id, "date": 0}
        self.publish(
            "callback_query",
            {
                "id": query.query_id,
                "from": user.account,
                "message": gone if message.deleted else message.json(),
                "chat_instance": str(message.chat.chat_id),
                "data": data,
            },
        )
        return query.query_id

    async def point_webhook(self, url: str, secret: str | None, max_connections: int) -> None:
        """Deliver to `url` from now on, or nowhere when it is empty."""
        await self._stop_deliveries()
        if not url:
            return
        self.queue.end_poll("setWebhook request")
        self.webhook = Webhook(
            url, secret, max_connections, delays=self._webhook_delays, patience=self._webhook_patience
        )
        self._deliveries = asyncio.create_task(self.webhook.deliver(self.queue, self.now, self._note_delivery))

    async def _stop_deliveries(self) -> None:
        self.webhook = None
        if self._deliveries is not None:
            self._deliveries.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._deliveries
            self._deliveries = None

    def _note_delivery(self, delivery: Delivery) -> None:
        self.delivered.append(delivery)
        self._tell_waiters()

    def _tell_waiters(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _new_id(self) -> int:
        self._ids += 1
        return self._ids

    # HTTP

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        call: Call | None = None
        status: int | None = None
        try:
            if request.match_info["token"] != self.token:
                raise ApiError(401, "Unauthorized")
            method = request.match_info["method"]
            if method not in METHODS:
                raise ApiError(404, "Not Found: method not found")
            call = Call(method, await _params(request), asyncio.get_running_loop().time())
            self.calls.append(call)
            self._tell_waiters()
            status, answer = 200, {"ok": True, "result": await self._perform(call)}
        except _Cut:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        except ApiError as error:
            status, answer = error.code, error.json()
        except Exception as error:
            self._crashes.append(error)
            status, answer = 500, ApiError(500, f"fake: {error!r}").json()
        finally:
            if call is not None:
                call.status = status
            self._tell_waiters()
        return web.json_response(answer, status=status)

    async def _perform(self, call: Call) -> Any:
        """The hooks and the fault around the effect, in the order a test may count on."""
        if self.on_call is not None:
            await self.on_call(call.method, call.params)
        scripted = self._faults[call.method] or self._faults["*"]
        fault = scripted.popleft() if scripted else Fault()
        await asyncio.sleep(fault.delay)
        if fault.cut == "before":
            raise _Cut
        if fault.status is not None:
            raise fault.error()
        result = await METHODS[call.method](self, call.params)
        if self.after_call is not None:
            await self.after_call(call.method, call.params)
        if fault.cut == "after":
            raise _Cut
        return result

    async def _download(self, request: web.Request) -> web.StreamResponse:
        kept = next((kept for kept in self.files.values() if kept.path == request.match_info["path"]), None)
        if request.match_info["token"] != self.token:
            return web.json_response(ApiError(401, "Unauthorized").json(), status=401)
        if kept is None:
            return web.json_response(ApiError(404, "Not Found").json(), status=404)
        return web.Response(body=kept.content)


async def _params(request: web.Request) -> JSON:
    """The parameters of a call, from its address and its body, as Python values."""
    params: JSON = dict(request.query)
    files: dict[str, Upload] = {}
    try:
        if request.content_type == "application/json":
            body = await request.json()
            if not isinstance(body, dict):
                raise bad_request("can't parse JSON object")
            params |= body
        else:
            for name, value in (await request.post()).items():
                if isinstance(value, web.FileField):
                    with value.file:
                        files[name] = Upload(value.filename, value.file.read(), value.content_type)
                else:
                    params[name] = value
    except json.JSONDecodeError:
        raise bad_request("can't parse JSON object") from None
    except web.HTTPRequestEntityTooLarge:
        raise ApiError(413, "Request Entity Too Large") from None
    params = {name: _value(name, value) for name, value in params.items() if value is not None} | files
    for name, value in params.items():
        if isinstance(value, str) and value.startswith("attach://"):
            params[name] = files.get(value.removeprefix("attach://"))
    return params


def _value(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if name in _NUMBERS and re.fullmatch(r"-?\d+", value):
        return int(value)
    if name in _FLAGS:
        return value.casefold() == "true" or value == "1"
    if name in _STRUCTURES and value:
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            raise bad_request(f"can't parse {name.replace('_', ' ')} JSON object") from None
    return value
