"""The edge of every route: refusals become pages, once, and every answer has its headers."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from fastapi.routing import APIRoute

from bot.console import pages
from bot.console.access import (
    HOME,
    PARTNERS,
    Forbidden,
    ForTheTeam,
    MustChangePassword,
    NotFound,
    NotLoggedIn,
    go,
    own_path,
    say_next,
    the_console,
)
from bot.domain.conversations import Say
from bot.errors import Refusal

# 4,000 characters of four bytes, each written in a form as "%XX", and the rest of the form.
LARGEST_FORM = 64 * 1024
# A file may be somewhat larger than is taken: it is then refused with a sentence, not cut off.
LARGEST_WITH_FILE = 24 * 1024 * 1024
WITH_FILE = re.compile(rf"{HOME}/conversations/\d+/fichier")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self'; connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

Handle = Callable[[Request], Coroutine[Any, Any, Response]]


class Edge(APIRoute):
    """A route of the console."""

    def get_route_handler(self) -> Handle:
        handle = super().get_route_handler()

        async def at_the_edge(request: Request) -> Response:
            response = await _translate(request, handle)
            response.headers.update(HEADERS)
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return at_the_edge


def console_router() -> APIRouter:
    return APIRouter(prefix=HOME, route_class=Edge)


async def _translate(request: Request, handle: Handle) -> Response:
    if request.method == "POST" and not _has_a_fair_size(request):
        return problem(413)
    try:
        return await handle(request)
    except NotLoggedIn:
        if request.url.path.endswith("/events"):
            return Response("event: end\ndata:\n\n", media_type="text/event-stream")
        after = request.url.path if request.method == "GET" and request.url.path != HOME else ""
        return go(f"{HOME}/connexion?suite={quote(after)}" if after else f"{HOME}/connexion")
    except MustChangePassword:
        return go(f"{HOME}/mot-de-passe")
    except Refusal as refusal:
        form = await request.form() if request.method == "POST" else {}
        response = go(own_path(str(form.get("back", HOME))))
        say_next(the_console(request), response, Say(refusal.response, refusal.values))
        return response
    except NotFound:
        return problem(404)
    except ForTheTeam:
        return go(PARTNERS) if request.url.path == HOME else problem(403)
    except Forbidden:
        return problem(403)
    except RequestValidationError:
        return problem(404 if request.method == "GET" else 400)


def _has_a_fair_size(request: Request) -> bool:
    length = request.headers.get("Content-Length", "")
    largest = LARGEST_WITH_FILE if WITH_FILE.fullmatch(request.url.path) else LARGEST_FORM
    return length.isdecimal() and int(length) <= largest


def problem(status: int) -> Response:
    """The page that says why there is nothing else to see."""
    return HTMLResponse(pages.render("problem.html", status=status), status)
