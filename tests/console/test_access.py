"""Every route of the service, and who may use it. A route that is not in the table fails the test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from starlette.routing import BaseRoute, Mount

from bot.domain.appointments import RemindBy
from bot.domain.conversations import Bubble
from bot.domain.files import CleanFile, FileKind
from bot.domain.handoffs import HandoffReason
from bot.domain.misunderstandings import Cause
from bot.domain.safety import check
from bot.domain.team import NoticeKind
from bot.services import accounts, alerts, canned, encounters, files, followups, outbox, partners, team, wording
from bot.services.encounters import Noted
from bot.services.feed import Feed
from bot.settings import Settings, TelegramMode
from bot.storage.database import Database
from bot.storage.tables import Absence, Misread, Notice, Opening, ReviewComment, Turn
from bot.web import make_app
from tests.console.desk import HASHED, PARTNER, Desk, email
from tests.console.test_groups import a_passage, a_workshop
from tests.factories import adviser, appointment_of, handoff, slot, young_person

LOGIN = 303  # to the log-in page
HOURS = itertools.cycle(("09:00", "09:30", "10:00", "10:30", "11:00", "11:30"))
# What a structure may say in its own words.
WORDED = "utter_goodbye"
ORIENTED = itertools.cycle(("09:00", "09:30", "10:00", "10:30", "11:00", "11:30"))
# A gate has no SQL of its own.
pytestmark = pytest.mark.parametrize("demo_url", ["sqlite"], indirect=True)


@dataclass(frozen=True)
class May:
    """What each gets: nobody logged in, an adviser, a coordinator, an adviser of another structure, a partner."""

    nobody: int
    adviser: int
    coordinator: int
    other: int
    form: tuple[tuple[str, str], ...] = ()
    partner: int = 403


PAGE = May(LOGIN, 200, 200, 200)
OURS = May(LOGIN, 200, 200, 404)


def does(status: int = 303, other: int = 404, **form: str) -> May:
    return May(LOGIN, status, status, other, tuple(form.items()))


def coordinators(status: int, other: int = 404, **form: str) -> May:
    return May(LOGIN, 403, status, other, tuple(form.items()))


CONSOLE: dict[tuple[str, str], May] = {
    ("GET", "/console/connexion"): May(200, 200, 200, 200, partner=200),
    ("POST", "/console/connexion"): May(403, 403, 403, 403),  # its own token: see test_login
    ("GET", "/console/invitation/{token}"): May(404, 404, 404, 404, partner=404),  # the token is the key
    ("POST", "/console/invitation/{token}"): May(403, 403, 403, 403),
    ("GET", "/console/static/{name}"): May(200, 200, 200, 200, partner=200),
    ("GET", "/console"): May(LOGIN, 200, 200, 200, partner=303),  # to their own pages
    ("GET", "/console/agenda"): PAGE,
    ("GET", "/console/appels"): PAGE,
    ("GET", "/console/equipe"): PAGE,
    ("GET", "/console/compte"): PAGE,
    ("GET", "/console/mot-de-passe"): May(LOGIN, 200, 200, 200, partner=200),
    ("POST", "/console/mot-de-passe"): May(LOGIN, 400, 400, 400, (("present", "x"), ("new", "y")), 400),
    ("POST", "/console/compte/presence"): does(303, 303, said="busy"),
    ("POST", "/console/compte/courriel"): does(303, 303),
    ("POST", "/console/deconnexion"): May(LOGIN, 303, 303, 303, partner=303),
    ("GET", "/console/events"): May(200, 0, 0, 0),  # endless once logged in: see test_live
    ("GET", "/console/conversations/{number}"): OURS,
    ("POST", "/console/conversations/{number}/prendre"): does(),
    ("POST", "/console/conversations/{number}/repondre"): does(409, text="Bonjour"),  # nobody has taken it
    ("POST", "/console/conversations/{number}/rendre"): does(),
    ("POST", "/console/conversations/{number}/separer"): does(),
    ("GET", "/console/conversations/{number}/fiche"): OURS,
    ("GET", "/console/conversations/{number}/suite"): does(),  # nobody has taken it
    ("GET", "/console/conversations/{number}/reprendre"): does(),
    ("POST", "/console/conversations/{number}/transferer"): does(to=""),
    ("POST", "/console/conversations/{number}/mettre-de-cote"): does(at="1"),
    ("POST", "/console/conversations/{number}/promettre"): does(at="1"),
    ("POST", "/console/conversations/{number}/terminer"): does(),
    ("GET", "/console/conversations/{number}/ecrire"): OURS,
    ("POST", "/console/conversations/{number}/ecrire"): May(LOGIN, 303, 409, 404, (("text", "Bonjour"),)),
    ("POST", "/console/conversations/{number}/lu"): does(204, last="1"),
    ("POST", "/console/conversations/{number}/note"): does(text="À rappeler"),
    ("POST", "/console/conversations/{number}/nom"): does(nickname="Léa"),
    ("GET", "/console/reponses"): PAGE,
    ("POST", "/console/reponses"): does(409, 409),  # an empty form
    ("POST", "/console/reponses/{number}"): May(LOGIN, 303, 404, 404, (("title", "Venir"), ("text", "Le bus 3."))),
    ("POST", "/console/reponses/{number}/enlever"): May(LOGIN, 303, 404, 404),  # one's own
    ("GET", "/console/recherche"): PAGE,
    ("POST", "/console/recherche"): does(200, 200, words="bus"),
    ("POST", "/console/conversations/{number}/fichier"): does(),  # it is not there
    ("POST", "/console/conversations/{number}/ecrit"): does(204),
    ("GET", "/console/fichiers/{number}"): OURS,
    ("POST", "/console/messages/{number}/modifier"): does(text="Bonjour"),
    ("POST", "/console/messages/{number}/retirer"): does(),
    ("POST", "/console/alertes/{number}/prendre"): does(),
    ("GET", "/console/alertes/{number}/clore"): OURS,
    ("POST", "/console/alertes/{number}/clore"): does(comme="over"),
    ("GET", "/console/alertes"): PAGE,
    ("GET", "/console/alertes/fiches"): PAGE,
    ("GET", "/console/alertes/{number}"): May(LOGIN, 404, 200, 404),  # who took care of it, or a coordinator
    ("POST", "/console/alertes/{number}/repondre"): does(text="Bonjour"),
    ("POST", "/console/alertes/{number}/relire"): coordinators(303, 403, fausse="oui"),
    ("GET", "/console/suivis"): PAGE,
    ("POST", "/console/suivis/{number}/fait"): does(),
    ("POST", "/console/suivis/{number}/donner"): coordinators(303, 403, to="2"),
    ("GET", "/console/rencontres"): PAGE,
    ("POST", "/console/rencontres"): does(400, 400),  # an empty form
    ("GET", "/console/rencontres/hors-ligne"): PAGE,
    ("GET", "/console/rencontres/etat"): PAGE,
    ("GET", "/console/rencontres/travailleur.js"): May(200, 200, 200, 200, partner=200),
    ("POST", "/console/rencontres/{number}/effacer"): May(LOGIN, 303, 404, 404),  # one's own
    ("GET", "/console/rencontres/bilan"): May(LOGIN, 403, 200, 403),
    ("GET", "/console/rencontres/bilan.csv"): May(LOGIN, 403, 200, 403),
    ("GET", "/console/code"): PAGE,
    ("POST", "/console/code"): does(303, 303),
    ("POST", "/console/code/retirer"): does(303, 303),
    ("GET", "/console/rendez-vous/{number}/annuler"): OURS,
    ("POST", "/console/rendez-vous/{number}"): does(state="cancelled_by_young"),
    ("POST", "/console/appels/{number}"): does(),
    ("GET", "/console/agenda/imprimer"): PAGE,
    ("GET", "/console/agenda/ajouter"): PAGE,
    ("POST", "/console/agenda/ajouter"): does(409, 409, jour="2027-03-11", mode="sur_place"),  # nobody chosen
    ("GET", "/console/agenda/flux"): PAGE,
    ("POST", "/console/agenda/flux"): does(200, 200),
    ("POST", "/console/agenda/flux/fermer"): does(303, 303),
    ("GET", "/console/flux/{token}.ics"): May(404, 404, 404, 404, partner=404),  # the token is the key
    ("GET", "/console/rendez-vous/{number}"): OURS,
    ("GET", "/console/rendez-vous/{number}/deplacer"): OURS,
    ("POST", "/console/rendez-vous/{number}/deplacer"): does(409, jour="2027-03-11"),  # no slot chosen
    ("GET", "/console/permanences"): PAGE,
    ("GET", "/console/permanences/ouvertures/nouvelle"): PAGE,
    ("POST", "/console/permanences/ouvertures/nouvelle"): does(400, 400),  # an empty form
    ("GET", "/console/permanences/ouvertures/{number}"): OURS,
    ("POST", "/console/permanences/ouvertures/{number}"): does(400),
    ("GET", "/console/permanences/ouvertures/{number}/retirer"): OURS,
    ("POST", "/console/permanences/ouvertures/{number}/retirer"): does(),
    ("GET", "/console/permanences/absences/nouvelle"): PAGE,
    ("POST", "/console/permanences/absences/nouvelle"): does(400, 400),
    ("GET", "/console/permanences/absences/{number}"): OURS,
    ("POST", "/console/permanences/absences/{number}"): does(400),
    ("POST", "/console/permanences/absences/{number}/retirer"): does(),
    ("GET", "/console/demande"): May(LOGIN, 403, 200, 403),  # Karim does not coordinate
    ("GET", "/console/trous"): May(LOGIN, 403, 200, 403),
    ("GET", "/console/ateliers"): PAGE,
    ("GET", "/console/ateliers/nouveau"): PAGE,
    ("POST", "/console/ateliers"): does(400, 400),  # an empty form
    ("GET", "/console/ateliers/{number}"): OURS,
    ("GET", "/console/ateliers/{number}/modifier"): OURS,
    ("POST", "/console/ateliers/{number}"): does(400),
    ("GET", "/console/ateliers/{number}/annuler"): OURS,
    ("POST", "/console/ateliers/{number}/annuler"): does(),
    ("POST", "/console/ateliers/{number}/presence"): May(LOGIN, 404, 404, 404),  # nobody is registered
    ("GET", "/console/bus"): PAGE,
    ("GET", "/console/bus/nouveau"): PAGE,
    ("POST", "/console/bus"): does(303, 303),
    ("GET", "/console/bus/{number}/modifier"): OURS,
    ("POST", "/console/bus/{number}"): does(place="1", day="2027-03-11", start="10:00", end="12:00"),
    ("GET", "/console/bus/{number}/annuler"): OURS,
    ("POST", "/console/bus/{number}/annuler"): does(),
    ("GET", "/console/bus/{number}/prevenir"): OURS,
    ("POST", "/console/bus/{number}/prevenir"): does(quoi="retard-15"),
    ("POST", "/console/bus/{number}/arrivee"): does(),
    ("POST", "/console/bus/{number}/de-passage"): does(),
    ("POST", "/console/avis/{number}"): May(LOGIN, 303, 404, 404),  # one's own
    ("POST", "/console/equipe/{number}/invitation"): May(LOGIN, 403, 200, 403),
    ("GET", "/console/relais"): May(LOGIN, 403, 200, 403),
    ("GET", "/console/relais/export.csv"): May(LOGIN, 403, 200, 403),
    ("GET", "/console/relais/export.xlsx"): May(LOGIN, 403, 200, 403),
    ("GET", "/console/relais/{number}"): May(LOGIN, 403, 200, 403),
    ("POST", "/console/relais/{number}/suivi"): coordinators(303, 403, mark="done"),
    ("POST", "/console/relais/{number}/etiquettes"): coordinators(303, 403, label="à revoir"),
    ("POST", "/console/relais/{number}/mot"): coordinators(409, 403),  # nobody to write to
    ("POST", "/console/relais/mots/{number}"): May(LOGIN, 303, 404, 404),  # one's own
    ("GET", "/console/chiffres"): May(LOGIN, 403, 200, 403),
    ("GET", "/console/reglages"): May(LOGIN, 403, 200, 403),
    ("POST", "/console/reglages"): coordinators(
        303, 403, unanswered_minutes="30", tell_late_minutes="15", offer_back_minutes="120", load_limit="8"
    ),
    ("POST", "/console/equipe/{number}/souhait"): coordinators(303, 403, who="femme"),
    ("GET", "/console/incompris"): May(LOGIN, 403, 200, 403),
    ("POST", "/console/incompris/{number}"): coordinators(
        303, 403, intent="ask_documents", sentence="il faut que je prenne quels papiers avec moi"
    ),
    ("POST", "/console/incompris/{number}/ignorer"): coordinators(303, 403),
    ("POST", "/console/incompris/{number}/retirer"): coordinators(303, 403),  # it was not put right: it says so
    ("GET", "/console/textes"): PAGE,
    ("GET", "/console/textes/{response}/{variant}"): PAGE,
    ("POST", "/console/textes/{response}/{variant}"): does(200, 200, text="À bientôt."),  # a preview
    ("POST", "/console/textes/{response}/{variant}/origine"): coordinators(303, 403),
    ("POST", "/console/textes/propositions/{number}/valider"): coordinators(303, 403),
    ("POST", "/console/textes/propositions/{number}/refuser"): coordinators(303, 403),
    ("GET", "/console/telegram"): PAGE,
    ("POST", "/console/telegram/lier"): does(303, 303),  # this service has no bot: it says so
    ("POST", "/console/telegram/delier"): does(303, 303),
    ("POST", "/console/telegram/groupe"): coordinators(303, 403),
    ("POST", "/console/telegram/groupe/fermer"): coordinators(303, 403),
    ("GET", "/console/partenaires"): May(LOGIN, 403, 200, 403),
    ("POST", "/console/partenaires"): coordinators(200, 403, first_name="Anne", organisation="Une mairie"),
    ("POST", "/console/partenaires/{number}/invitation"): coordinators(200, 403),
    ("POST", "/console/partenaires/{number}/retirer"): coordinators(303, 403),
    ("GET", "/console/orientations"): May(LOGIN, 403, 403, 403, partner=200),
    ("POST", "/console/orientations"): May(LOGIN, 403, 403, 403, partner=409),  # nothing chosen
    ("POST", "/console/orientations/{number}/lien"): May(LOGIN, 403, 403, 403, partner=200),
    ("POST", "/console/orientations/{number}/annuler"): May(LOGIN, 403, 403, 403, partner=303),
}
# The service's own; each has its test by name below.
SERVICE = {("GET", "/health"), ("GET", "/metrics"), ("POST", "/actions"), ("POST", "/telegram/webhook")}
# The young people's door: open to all, each with their own cookie; what it shows is tested in tests/channels.
CHAT = {
    ("GET", "/chat"),
    ("POST", "/chat/messages"),
    ("GET", "/chat/events"),
    ("POST", "/chat/quit"),
    ("GET", "/chat/files/{number}"),
    ("POST", "/chat/files"),
    ("POST", "/chat/typing"),
    ("GET", "/chat/static/{name}"),
}


def routes_of(app: FastAPI) -> Iterator[tuple[str, str]]:
    def walk(routes: list[BaseRoute], prefix: str) -> Iterator[tuple[str, str]]:
        for route in routes:
            if isinstance(route, Mount):
                yield from walk(route.routes, prefix + route.path)
                continue
            inner: Any = getattr(route, "original_router", None)
            if inner is not None:  # an included router, in recent versions of FastAPI
                yield from walk(inner.routes, prefix)
                continue
            for method in getattr(route, "methods", None) or {"?"}:
                yield method, prefix + getattr(route, "path", "?")

    yield from walk(app.routes, "")


async def test_every_route_is_in_the_table(database: Database) -> None:
    settings = Settings(  # type: ignore[call-arg]
        _env_file=None,
        telegram_bot_token="1:x",
        telegram_mode=TelegramMode.WEBHOOK,
        telegram_webhook_secret="s",
        public_url="https://desk.test",
    )
    found = {route for route in routes_of(make_app(settings, database, Feed(database))) if route[0] != "HEAD"}
    assert found == {*CONSOLE, *SERVICE, *CHAT}


@dataclass(frozen=True)
class Things:
    """A young person of Sandra's structure, with one of everything."""

    conversation: int
    alert: int
    appointment: int
    notice: int
    colleague: int
    partner: int
    orientation: int
    workshop: int
    passage: int
    opening: int
    absence: int
    canned: int
    file: int
    message: int
    followup: int
    encounter: int
    handoff: int
    comment: int
    misread: int
    proposal: int

    def path(self, template: str) -> str:
        number = {
            "conversations": self.conversation,
            "alertes": self.alert,
            "rendez-vous": self.appointment,
            "appels": self.appointment,
            "avis": self.notice,
            "equipe": self.colleague,
            "ouvertures": self.opening,
            "absences": self.absence,
            "reponses": self.canned,
            "partenaires": self.partner,
            "orientations": self.orientation,
            "ateliers": self.workshop,
            "bus": self.passage,
            "fichiers": self.file,
            "messages": self.message,
            "suivis": self.followup,
            "rencontres": self.encounter,
            "relais": self.handoff,
            "mots": self.comment,
            "incompris": self.misread,
            "propositions": self.proposal,
        }.get(template.split("/{")[0].split("/")[-1], 0)
        path = template.replace("{number}", str(number)).replace("{name}", "live.js").replace("{token}", "x")
        path = path.replace("{response}", WORDED).replace("{variant}", "0")
        if path.endswith("/prevenir"):
            return f"{path}?quoi=retard-15"
        return f"{path}?par=cancelled_by_young" if path.endswith("/annuler") else path


async def things(desk: Desk) -> Things:
    async with desk.database.unit_of_work() as session:
        young = await young_person(session, with_appointment=f"2027-03-12T{next(HOURS)}")
        appointment = await appointment_of(session, young)
        appointment.remind_by, appointment.remind_phone = RemindBy.PHONE, "+33612345678"
        text = "mon père me frappe"
        await alerts.heard(session, young, None, None, text, check(text), desk.now)
        alert = await alerts.open_alert(session, young)
        waits = await handoff(session, young, reason=HandoffReason.SAFETY)
        sandra = await adviser(session, "sandra")
        claire = await adviser(session, "claire")
        comment = ReviewComment(handoff=waits, author=claire, adviser=sandra, text="À revoir", at=desk.now)
        session.add(comment)
        await team.tell(session, [sandra], NoticeKind.LATE, desk.now, conversation=young)
        notice = Notice(adviser_id=sandra.id, kind=NoticeKind.LATE, conversation_id=young.id, at=desk.now)
        session.add(notice)
        await session.flush()
        assert alert is not None
        nadia = await adviser(session, "nadia")
        hers = (
            await session.scalars(
                select(Opening).where(Opening.adviser_id == nadia.id, Opening.active).order_by(Opening.id)
            )
        ).first()
        assert hers is not None
        away = Absence(adviser_id=nadia.id, first_date=desk.now.date(), last_date=desk.now.date())
        session.add(away)
        await session.flush()
        workshop, opening = await a_workshop(session), await a_passage(session)
        oriented = await partners.book(
            session,
            await desk.partner(session),
            await slot(session, f"2027-03-19T{next(ORIENTED)}"),
            "Inès",
            desk.now,
            agreed=True,
        )
        other = await partners.create(session, sandra.structure, "Paul", "le PSAD")
        said = await outbox.say(session, young, [Bubble("Bonjour")], desk.now)
        file = await files.keep(session, desk.settings.vault, young, CleanFile(FileKind.PDF, b"%PDF-"), desk.now)
        followup = await followups.of_alert(session, alert)
        await encounters.note(session, sandra, Noted(str(uuid4()), "Gare", "2"), desk.now)
        [met, *_] = await encounters.mine(session, sandra)
        assert followup is not None
        turn = Turn(
            channel=young.identity.channel,
            address=young.identity.address,
            conversation_id=young.id,
            opened_at=desk.now,
            lease_until=desk.now,
            closed_at=desk.now,
        )
        session.add(turn)
        await session.flush()
        misread = Misread(
            structure_id=young.structure_id,
            conversation_id=young.id,
            turn_id=turn.id,
            cause=Cause.HESITATED,
            text="koi ramener",
            at=desk.now,
        )
        session.add(misread)
        proposal = await wording.propose(session, sandra, WORDED, 0, "À bientôt.", desk.now)
        return Things(
            young.id,
            alert.id,
            appointment.id,
            notice.id,
            nadia.id,
            other.id,
            oriented.booking.appointment_id,
            workshop.id,
            opening.id,
            hers.id,
            away.id,
            (await canned.add(session, sandra, "Venir", "Le bus 3.", shared=False)).id,
            file.id,
            said[0].payload["message"],
            followup.id,
            met.id,
            waits.id,
            comment.id,
            misread.id,
            proposal.id,
        )


async def _answer(desk: Desk, slug: str, method: str, path: str, may: May) -> int:
    browser = await (desk.logged_in(slug) if slug else desk.browser())
    if method == "GET":
        return (await browser.get(path)).status_code
    if not slug:
        return (await browser.http.post(path, data=dict(may.form))).status_code
    if may.nobody == 403:
        return (await browser.http.post(path, data={"csrf": "x"})).status_code
    page = "/console/orientations" if slug == PARTNER else "/console/compte"
    return (await browser.submit(page, path, **dict(may.form))).status_code


@pytest.mark.parametrize(("method", "template"), CONSOLE)
async def test_who_may(desk: Desk, method: str, template: str) -> None:
    may, found = CONSOLE[method, template], await things(desk)
    for slug, expected in (
        ("", may.nobody),
        ("karim", may.other),
        ("sandra", may.adviser),
        ("claire", may.coordinator),
        (PARTNER, may.partner),
    ):
        if expected == 0:
            continue
        assert await _answer(desk, slug, method, found.path(template), may) == expected, slug or "nobody"
        if slug and method == "POST" and expected not in (403, 404):
            found = await things(desk)  # what was done cannot be done again


@pytest.mark.parametrize(("method", "template"), [key for key in CONSOLE if "{number}" in key[1]])
async def test_what_does_not_exist_is_told_like_what_is_anothers(desk: Desk, method: str, template: str) -> None:
    found = await things(desk)
    may = CONSOLE[method, template]
    who = PARTNER if "orientations" in template else "claire" if may.adviser == 403 else "karim"
    karim = await desk.logged_in(who)
    page = "/console/orientations" if who == PARTNER else "/console/compte"

    async def text(path: str) -> tuple[int, str]:
        if method == "GET":
            answer = await karim.get(path)
        else:
            answer = await karim.submit(page, path, **dict(may.form))
        return answer.status_code, answer.text

    real = found.path(template)
    nothing = Things(*([2**31 - 2] * len(fields(Things)))).path(template)
    assert (await text(nothing))[0] == 404
    if who == "karim":
        assert await text(real) == await text(nothing)
    assert (await text(nothing.replace(str(2**31 - 2), str(2**63))))[0] in (400, 404)


async def test_a_route_sends_its_headers_whatever_it_answers(desk: Desk) -> None:
    sandra = await desk.logged_in("sandra")
    for path in ("/console", "/console/connexion", "/console/conversations/999", "/console/static/live.js"):
        headers = (await sandra.get(path)).headers
        assert headers["content-security-policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            "media-src 'self'; connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; "
            "base-uri 'none'"
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        cached = "immutable" if "static" in path else "no-store"
        assert cached in headers["cache-control"]


async def test_a_partner_sees_only_what_they_booked(desk: Desk) -> None:
    await things(desk)
    async with desk.database.unit_of_work() as session:
        other = await partners.create(session, (await adviser(session, "sandra")).structure, "Paul", "le PSAD")
        await accounts.set_up(session, other, email("paul"), HASHED, must_change=False)
        theirs = await partners.book(
            session, other, await slot(session, "2027-03-22T09:00", "verdun"), "Nassim", desk.now, agreed=True
        )
    anne, paul = await desk.logged_in(PARTNER), await desk.logged_in("paul")
    assert "Inès" in (await anne.get("/console/orientations")).text
    assert "Nassim" not in (await anne.get("/console/orientations")).text
    assert "Inès" not in (await paul.get("/console/orientations")).text
    number = theirs.booking.appointment_id
    for action in ("lien", "annuler"):
        refused = await anne.submit("/console/orientations", f"/console/orientations/{number}/{action}")
        assert refused.status_code == 404


async def test_another_structures_page_says_nothing_of_a_young_person(desk: Desk) -> None:
    await things(desk)
    karim, sandra = await desk.logged_in("karim"), await desk.logged_in("sandra")
    for path in ("/console", "/console/agenda", "/console/appels"):
        assert "Jeune " not in (await karim.get(path)).text
        assert "Jeune " in (await sandra.get(path)).text


# ── The service's own routes ─────────────────────────────────────────────────────────────────


async def test_health_is_for_anyone_and_says_nothing(desk: Desk) -> None:
    assert (await (await desk.browser()).get("/health")).json() == {"ok": True}


async def test_metrics_and_actions_want_the_token(desk: Desk) -> None:
    outside = await desk.browser("127.0.0.1")
    assert (await outside.get("/metrics")).status_code == 401
    wrong = await outside.http.get("/metrics", headers={"Authorization": "Bearer faux"})
    assert wrong.status_code == 401
    right = await outside.http.get("/metrics", headers={"Authorization": "Bearer local"})
    assert "promeneurs_inbox_waiting" in right.text
    assert (await outside.http.post("/actions", json={})).status_code == 401
    assert (await outside.http.post("/actions?token=faux", json={})).status_code == 401


async def test_the_webhook_wants_its_secret(database: Database) -> None:
    settings = Settings(  # type: ignore[call-arg]
        _env_file=None,
        telegram_bot_token="1:x",
        telegram_mode=TelegramMode.WEBHOOK,
        telegram_webhook_secret="s",
        public_url="https://desk.test",
    )
    transport = httpx.ASGITransport(make_app(settings, database, Feed(database)))
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.test") as http:
        assert (await http.post("/telegram/webhook", json={})).status_code in (401, 403, 404)


async def test_an_invitation_link_of_the_command_line_opens(desk: Desk) -> None:
    async with desk.database.unit_of_work() as session:
        token = await accounts.invite(session, await adviser(session, "karim"), desk.now)
    assert (await (await desk.browser()).get(f"/console/invitation/{token}")).status_code == 200
