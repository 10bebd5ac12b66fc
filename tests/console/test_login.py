"""Who comes in, and how they leave."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from argon2 import Parameters, PasswordHasher, extract_parameters
from sqlalchemy import select

from bot import running
from bot.console.access import SESSION
from bot.errors import EmailTaken
from bot.services import accounts
from bot.settings import Environment, Settings
from bot.storage.tables import Adviser, ConsoleSession, Invitation
from tests.console.desk import PASSWORD, TEAM, Desk, email, hash_with
from tests.factories import adviser

NEW = "une phrase que je retiens"


async def test_the_password_opens_and_only_a_digest_of_the_cookie_is_kept(desk: Desk) -> None:
    browser = await desk.browser()
    answer = await browser.log_in(email("sandra").upper())
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith(f"{SESSION}="))
    for flag in ("HttpOnly", "Path=/console", "SameSite=lax", "Secure"):
        assert flag in cookie
    assert "Max-Age" not in cookie, "the cookie ends with the browser"
    async with desk.database.read_only() as session:
        row = (await session.scalars(select(ConsoleSession))).one()
    token = browser.http.cookies[SESSION]
    assert len(token) >= 43
    assert row.token_hash == accounts.digest(token) != token
    assert (await browser.get("/console")).status_code == 200


async def test_a_wrong_password_and_a_wrong_email_are_told_alike(desk: Desk) -> None:
    browser = await desk.browser()
    wrong = await browser.log_in(email("sandra"), "pas le bon mot de passe")
    unknown = await browser.log_in("personne@exemple.fr")
    assert wrong.status_code == unknown.status_code == 401
    assert "n&#39;est pas le bon" in wrong.text
    assert wrong.text.replace(email("sandra"), "") == unknown.text.replace("personne@exemple.fr", "")
    assert SESSION not in browser.http.cookies


async def test_an_unknown_email_costs_as_much_as_a_known_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly all of a login's time is the hash: one is verified either way, at the same price."""
    verified: list[Parameters] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            verified.append(extract_parameters(hash if isinstance(hash, str) else hash.decode()))
            return super().verify(hash, password)

    hash_with(monkeypatch, Counting())
    async with desk.database.unit_of_work() as session:
        hashed = await accounts.hash_password(PASSWORD)
        await accounts.set_up(session, await adviser(session, "sandra"), email("sandra"), hashed, must_change=False)
    for address in (email("sandra"), "personne@exemple.fr"):
        await (await desk.browser()).log_in(address, "pas le bon mot de passe")
    known, unknown = verified
    assert known == unknown


async def test_trying_too_often_is_refused_for_the_email_and_from_the_address(desk: Desk) -> None:
    browser = await desk.browser()
    for _ in range(8):
        assert (await browser.log_in(email("sandra"), "faux")).status_code == 401
    refused = await browser.log_in(email("sandra"))
    assert refused.status_code == 429
    assert "Réessaie dans" in refused.text
    assert (await (await desk.browser("192.0.2.99")).log_in(email("sandra"))).status_code == 429
    assert (await browser.log_in(email("nadia"))).status_code == 303, "a colleague is not locked out"
    desk.move_to(desk.now + timedelta(minutes=1))
    assert (await browser.log_in(email("sandra"))).status_code == 303

    burglar = await desk.browser("198.51.100.1")
    answers = [(await burglar.log_in(f"u{number}@exemple.fr", "faux")).status_code for number in range(45)]
    assert answers[0] == 401
    assert answers[-1] == 429


async def test_a_form_of_another_site_is_refused(desk: Desk) -> None:
    browser = await desk.browser()
    data = {"email": email("sandra"), "password": PASSWORD}
    assert (await browser.http.post("/console/connexion", data=data)).status_code == 403
    await browser.get("/console/connexion")
    assert (await browser.http.post("/console/connexion", data={**data, "csrf": "x"})).status_code == 403
    sandra, other = await desk.logged_in("sandra"), await desk.logged_in("nadia")
    theirs = re.search(r'name="csrf" value="([\w-]+)"', (await other.get("/console/compte")).text)
    assert theirs is not None
    for token in ("", "x", theirs[1]):
        answer = await sandra.http.post("/console/compte/presence", data={"csrf": token, "said": "away"})
        assert answer.status_code == 403
    async with desk.database.read_only() as session:
        assert (await adviser(session, "sandra")).presence_said is None


async def test_logging_out_ends_the_session_and_twelve_idle_hours_too(desk: Desk) -> None:
    browser = await desk.logged_in("sandra")
    kept = browser.http.cookies[SESSION]
    left = await browser.submit("/console/compte", "/console/deconnexion")
    assert left.headers["location"] == "/console/connexion"
    browser.http.cookies.set(SESSION, kept, domain="desk.test", path="/console")
    assert (await browser.get("/console/agenda")).headers["location"] == "/console/connexion?suite=/console/agenda"

    browser = await desk.logged_in("sandra")
    for _ in range(2):
        desk.move_to(desk.now + timedelta(hours=11))
        assert (await browser.get("/console")).status_code == 200
    desk.move_to(desk.now + timedelta(hours=12, minutes=1))
    assert (await browser.get("/console")).status_code == 303


async def test_someone_who_left_the_team_is_out_at_once(desk: Desk) -> None:
    browser = await desk.logged_in("sandra")
    async with desk.database.unit_of_work() as session:
        (await adviser(session, "sandra")).active = False
    assert (await browser.get("/console")).status_code == 303
    assert (await browser.log_in(email("sandra"))).status_code == 401


async def test_after_logging_in_one_comes_back_to_a_page_of_the_console_only(desk: Desk) -> None:
    for after, goes in (
        ("/console/agenda", "/console/agenda"),
        ("https://ailleurs.test/", "/console"),
        ("//ailleurs.test", "/console"),
        ("/console//ailleurs.test", "/console"),
        ("/consoleailleurs", "/console"),
    ):
        browser = await desk.browser()
        answer = await browser.submit(
            "/console/connexion", "/console/connexion", email=email("sandra"), password=PASSWORD, after=after
        )
        assert answer.headers["location"] == goes


async def test_a_password_given_by_someone_else_is_changed_before_anything_is_shown(desk: Desk) -> None:
    async with desk.database.unit_of_work() as session:
        (await adviser(session, "sandra")).must_change_password = True
    browser = await desk.browser()
    assert (await browser.log_in(email("sandra"))).headers["location"] == "/console/mot-de-passe"
    for path in ("/console", "/console/agenda", "/console/events"):
        assert (await browser.get(path)).headers["location"] == "/console/mot-de-passe"
    page = "/console/mot-de-passe"
    short = await browser.submit(page, page, present=PASSWORD, new="court")
    assert short.status_code == 400
    assert "12 caractères" in short.text
    assert (await browser.submit(page, page, present=PASSWORD, new=PASSWORD)).status_code == 400
    assert (await browser.submit(page, page, present="faux", new=NEW)).status_code == 400
    changed = await browser.submit(page, page, present=PASSWORD, new=NEW)
    assert changed.headers["location"] == "/console"
    shown = await browser.get("/console")
    assert "Ton mot de passe est changé." in shown.text
    assert "Ton mot de passe est changé." not in (await browser.get("/console")).text
    assert (await (await desk.browser()).log_in(email("sandra"), NEW)).status_code == 303


async def test_changing_the_password_ends_the_other_sessions(desk: Desk) -> None:
    here, elsewhere = await desk.logged_in("sandra"), await desk.logged_in("sandra")
    await here.submit("/console/mot-de-passe", "/console/mot-de-passe", present=PASSWORD, new=NEW)
    assert (await here.get("/console")).status_code == 200
    assert (await elsewhere.get("/console")).status_code == 303


async def _invite(desk: Desk, slug: str) -> str:
    """The path of a link that Claire makes for someone."""
    claire = await desk.logged_in("claire")
    async with desk.database.read_only() as session:
        number = (await adviser(session, slug)).id
    shown = await claire.submit("/console/equipe", f"/console/equipe/{number}/invitation")
    link = re.search(r"https://desk\.test(/console/invitation/[\w-]{43})", shown.text)
    assert link is not None, shown.text
    return link[1]


async def test_an_invitation_opens_once(desk: Desk) -> None:
    path = await _invite(desk, "sandra")
    first, second = await desk.browser(), await desk.browser()
    assert "Bienvenue, Sandra" in (await first.get(path)).text
    short = await first.submit(path, path, email=email("sandra"), password="court")
    assert short.status_code == 400, "the link can still be used"
    taken = await first.submit(path, path, email=email("nadia"), password=NEW)
    assert taken.status_code == 400, "the e-mail is a colleague's"

    answers = await asyncio.gather(
        *(one.submit(path, path, email="s@exemple.fr", password=NEW) for one in (first, second))
    )
    assert sorted(answer.status_code for answer in answers) == [303, 404]
    winner = (first, second)[[answer.status_code for answer in answers].index(303)]
    assert "Sandra" in (await winner.get("/console")).text
    assert (await (await desk.browser()).get(path)).status_code == 404
    async with desk.database.read_only() as session:
        assert (await session.scalars(select(Invitation))).one().token_hash not in path


async def test_an_invitation_lasts_seven_days_and_a_new_one_replaces_it(desk: Desk) -> None:
    old = await _invite(desk, "sandra")
    new = await _invite(desk, "sandra")
    browser = await desk.browser()
    assert (await browser.get(old)).status_code == 404
    assert (await browser.get(new)).status_code == 200
    desk.move_to(desk.now + timedelta(days=7, minutes=1))
    assert (await browser.get(new)).status_code == 404
    assert (await browser.get("/console/invitation/inconnu")).status_code == 404


async def test_what_is_over_is_forgotten(desk: Desk) -> None:
    await desk.logged_in("sandra")
    await _invite(desk, "nadia")
    async with desk.database.unit_of_work() as session:
        await accounts.forget_old(session, desk.now + timedelta(days=8))
    async with desk.database.read_only() as session:
        assert (await session.scalars(select(ConsoleSession))).all() == []
        assert (await session.scalars(select(Invitation))).all() == []
        assert set(TEAM) <= set((await session.scalars(select(Adviser.slug))).all())


async def test_a_form_too_large_is_not_read(desk: Desk) -> None:
    browser = await desk.browser()
    await browser.get("/console/connexion")
    assert (await browser.http.post("/console/connexion", data={"email": "x" * 70_000})).status_code == 413


@pytest.mark.parametrize("environment", ["demo", "production"])
async def test_a_password_given_on_the_command_line_is_changed_outside_the_demo(
    desk: Desk, tmp_path: Path, environment: str
) -> None:
    settings = Settings(  # type: ignore[call-arg]
        _env_file=None,
        environment=Environment(environment),
        var=tmp_path,
        database_url=desk.database.url.render_as_string(hide_password=False),
        rasa_token="r",
        files_key="f",
        actions_token="a",
        public_url="https://desk.test/",
    )
    desk.move_to(settings.clock.now())  # production has no clock but the true one
    assert await running.create_account(settings, "sandra", "Sandra.M@Exemple.fr ", NEW)
    assert not await running.create_account(settings, "inconnu", "x@exemple.fr", NEW)
    with pytest.raises(EmailTaken):
        await running.create_account(settings, "nadia", "sandra.m@exemple.fr", NEW)
    answer = await (await desk.browser()).log_in("sandra.m@exemple.fr", NEW)
    assert answer.headers["location"] == ("/console" if environment == "demo" else "/console/mot-de-passe")

    link = await running.invite(settings, "nadia")
    assert link is not None
    assert "Bienvenue, Nadia" in (await (await desk.browser()).get(link.removeprefix("https://desk.test"))).text
    assert await running.invite(settings, "inconnu") is None
