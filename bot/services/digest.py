"""An e-mail that counts what waits, for who wants one: in their hours of presence, no more often than it is set.

It has counts and a link; never a name, a text or a kind of danger. A letter that could not leave is not sent again:
the next one counts better.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from datetime import datetime, timedelta
from email.message import EmailMessage

import structlog
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import texts
from bot.clock import Clock
from bot.domain.conversations import Say
from bot.domain.mail import Letter, MailSecurity, MailServer
from bot.domain.team import Role
from bot.services import desk, team
from bot.services.desk import Desk
from bot.storage.database import Database
from bot.storage.tables import Adviser

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 20.0


async def deliver(database: Database, server: MailServer, clock: Clock, every: timedelta, link: str) -> int:
    """Send the letters that are due; how many left."""
    async with database.unit_of_work() as session:
        letters = await due(session, clock.now(), every, link)
    left = 0
    for letter in letters:
        try:
            await asyncio.to_thread(send, server, letter)
        except (OSError, smtplib.SMTPException) as error:
            log.warning("letter failed", error=type(error).__name__)
        else:
            left += 1
    return left


async def due(session: AsyncSession, now: datetime, every: timedelta, link: str) -> list[Letter]:
    """The letters to send at `now`, noted as sent; `every` is the least time between two to the same adviser."""
    advisers = await session.scalars(
        select(Adviser)
        .where(
            Adviser.wants_digest,
            Adviser.active,
            Adviser.role != Role.PARTNER,
            Adviser.email.is_not(None),
            or_(Adviser.digest_at.is_(None), Adviser.digest_at <= now - every),
        )
        .order_by(Adviser.id)
        .with_for_update(skip_locked=True, of=Adviser)
    )
    desks: dict[str, Desk] = {}
    letters = []
    for adviser in advisers.all():
        if not (await team.hours_of(session, adviser)).is_open(now):
            continue
        if adviser.structure_id not in desks:
            desks[adviser.structure_id] = await desk.see(session, adviser.structure, now)
        letter = _letter(adviser, desks[adviser.structure_id], link)
        if letter is not None:
            adviser.digest_at = now
            letters.append(letter)
    return letters


def _letter(adviser: Adviser, seen: Desk, link: str) -> Letter | None:
    """What waits, for one adviser; None if nothing does."""
    mine = [held for held in seen.held.get(adviser.id, ()) if held.unanswered_since is not None]
    counts = {"alerts": len(seen.alerts), "waiting": len(seen.waiting), "mine": len(mine)}
    total = sum(counts.values())
    if not total or adviser.email is None:
        return None
    values = {name: str(count) for name, count in counts.items()} | {"total": str(total), "link": link}
    subject, text = (texts.render(Say(name, values)) for name in ("utter_digest_subject", "utter_digest"))
    return Letter(adviser.email, subject[0].text, "\n\n".join(bubble.text for bubble in text))


def send(server: MailServer, letter: Letter) -> None:
    """Hand a letter to the mail server; takes as long as the server does.

    Raises:
        OSError, smtplib.SMTPException: it is away, or it refuses.
    """
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = server.sender, letter.to, letter.subject
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    safe = ssl.create_default_context()
    if server.security is MailSecurity.TLS:
        opened: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=safe)
    else:
        opened = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
    with opened:
        if server.security is MailSecurity.STARTTLS:
            opened.starttls(context=safe)
        if server.user:
            opened.login(server.user, server.password)
        opened.send_message(message)
