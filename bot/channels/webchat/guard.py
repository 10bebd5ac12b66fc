"""What every route of the page keeps: its policy, its cookie, and no form of another site."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.routing import APIRoute

from bot.services import web_sessions
from bot.settings import Settings

COOKIE = "messagerie"


def route_class(settings: Settings) -> type[APIRoute]:
    """Routes that refuse what another site posts, and answer with the page's policy."""
    headers = {
        "Content-Security-Policy": policy(settings),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }

    class GuardedRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                foreign = request.method == "POST" and not _is_ours(request, settings)
                response = Response(status_code=403) if foreign else await handle(request)
                for name, value in headers.items():
                    response.headers.setdefault(name, value)
                return response

            return guarded

    return GuardedRoute


def policy(settings: Settings) -> str:
    """The page loads nothing but its own files; the sites of the settings may show it in a frame."""
    framers = " ".join(["'self'", *settings.embed_sites])
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        f"form-action 'self'; base-uri 'none'; frame-ancestors {framers}"
    )


def keep_cookie(response: Response, settings: Settings, token: str, *, framed: bool, lasts: bool) -> None:
    """Give the browser its token: for a week once it wrote, else until it is closed."""
    life = f"; Max-Age={int(web_sessions.LIVES.total_seconds())}" if lasts else ""
    _set_cookie(response, settings, token, life, framed)


def drop_cookie(response: Response, settings: Settings, *, framed: bool) -> None:
    """Have the browser forget its token, and what it kept of the page."""
    response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    _set_cookie(response, settings, "", "; Max-Age=0", framed)


def _set_cookie(response: Response, settings: Settings, value: str, life: str, framed: bool) -> None:
    # In another site's frame, only a partitioned cookie comes back; the standard library cannot write one.
    site = "SameSite=None; Partitioned" if framed and settings.secure else "SameSite=Lax"
    secure = "; Secure" if settings.secure else ""
    response.headers.append("Set-Cookie", f"{COOKIE}={value}; Path=/chat; HttpOnly; {site}{life}{secure}")


def is_framed(request: Request) -> bool:
    """Whether another site shows the page in a frame."""
    return "frame" in request.query_params or request.headers.get("sec-fetch-dest") == "iframe"


def _is_ours(request: Request, settings: Settings) -> bool:
    """Whether our own page sent the form. Browsers say so; the older ones name the page's site."""
    said = request.headers.get("sec-fetch-site")
    if said is not None:
        return said in ("same-origin", "none")
    origin = urlsplit(request.headers.get("origin", "")).netloc
    return bool(origin) and origin in (request.headers.get("host"), urlsplit(settings.public_url).netloc)
