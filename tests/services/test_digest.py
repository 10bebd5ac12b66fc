"""The e-mail of what waits: for who wants it, in their hours, now and then, with counts and a link only."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.conversations import Author, IncomingKind
from bot.domain.mail import MailSecurity, MailServer
from bot.domain.safety import check
from bot.services import alerts, digest
from bot.storage.database import Database
from bot.storage.tables import Message
from tests.factories import NOW, adviser, handoff, paris, young_person
from tests.fakes.clock import FakeClock
from tests.fakes.smtp import MailBox

EVERY = timedelta(hours=1)
LINK = "https://promeneurs.test/console"


async def _waiting(database: Database, *wanting: str) -> None:
    """Two wait for someone, one for Sandra's answer, one is in danger; `wanting` asked for the e-mail."""
    async with database.unit_of_work() as session:
        for slug in wanting:
            who = await adviser(session, slug)
            who.email, who.wants_digest = f"{slug}@exemple.fr", True
        for _ in range(2):
            await handoff(session, await young_person(session))
        mine = await young_person(session)
        await handoff(session, mine, taken_by="sandra")
        later = NOW + timedelta(minutes=1)
        said = Message(
            conversation_id=mine.id, author=Author.YOUNG, kind=IncomingKind.TEXT, text="je m'appelle Léa", at=later
        )
        session.add(said)
        text = "mon père me frappe"
        await alerts.heard(session, await young_person(session), None, None, text, check(text), NOW)


async def _deliver(database: Database, box: MailBox, moment: FakeClock) -> int:
    server = MailServer("127.0.0.1", box.port, "promeneurs@exemple.fr", MailSecurity.NONE)
    return await digest.deliver(database, server, moment, EVERY, LINK)


async def test_it_counts_what_waits_and_names_nobody(database: Database) -> None:
    await _waiting(database, "sandra")
    async with MailBox() as box:
        assert await _deliver(database, box, FakeClock(NOW + timedelta(minutes=5))) == 1
    [letter] = box.letters
    assert letter["To"] == "sandra@exemple.fr"
    assert letter["Subject"] == "Promeneurs : 4 en attente"
    text = letter.get_content()
    assert "Alertes ouvertes : 1" in text
    assert "Personnes qui attendent quelqu'un : 2" in text
    assert "Tes conversations sans réponse : 1" in text
    assert LINK in text
    assert not [word for word in ("Léa", "père", "frappe", "violence") if word in letter.as_string()]


async def test_one_an_hour_at_most_and_each_their_own(database: Database) -> None:
    await _waiting(database, "sandra", "nadia")
    clock = FakeClock(NOW)
    async with MailBox() as box:
        assert await _deliver(database, box, clock) == 2
        clock.advance(minutes=59)
        assert await _deliver(database, box, clock) == 0
        clock.advance(minutes=1)
        assert await _deliver(database, box, clock) == 2
    mine = [letter.get_content().count("sans réponse : 1") for letter in box.letters if letter["To"].startswith("nad")]
    assert mine == [0, 0]


async def test_nothing_leaves_for_who_did_not_ask_or_is_not_there_or_of_another_structure(database: Database) -> None:
    await _waiting(database)
    async with database.unit_of_work() as session:
        karim = await adviser(session, "karim")
        karim.email, karim.wants_digest = "karim@exemple.fr", True
    async with MailBox() as box:
        assert await _deliver(database, box, FakeClock(NOW)) == 0
        async with database.unit_of_work() as session:
            sandra = await adviser(session, "sandra")
            sandra.email, sandra.wants_digest = "sandra@exemple.fr", True
        assert await _deliver(database, box, FakeClock(paris("2027-03-10T22:00"))) == 0
        assert await _deliver(database, box, FakeClock(paris("2027-03-14T10:00"))) == 0  # a Sunday
        assert await _deliver(database, box, FakeClock(paris("2027-03-11T10:00"))) == 1


async def test_a_server_that_refuses_or_is_away_stops_nothing(database: Database) -> None:
    await _waiting(database, "sandra")
    clock = FakeClock(paris("2027-03-10T09:30"))  # two hours before the break
    async with MailBox(refuses=True) as box:
        assert await _deliver(database, box, clock) == 0
    clock.advance(hours=1)
    assert await _deliver(database, box, clock) == 0  # nobody listens there any more
    clock.advance(hours=1)
    async with MailBox() as box:
        assert await _deliver(database, box, clock) == 1
