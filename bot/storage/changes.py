"""Note which conversations a unit of work changed, in the same transaction, so that open pages look again.

It hangs on the session itself: a service that changes a conversation cannot forget to say so.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from bot.domain.outbox import OutboxState
from bot.storage.tables import (
    Alert,
    Appointment,
    Change,
    Conversation,
    Handoff,
    Message,
    Note,
    Notice,
    OutboxRow,
    StoredFile,
)

CHANGED = "changed conversations"
# Written by the connection, not by the session: nobody needs the rows back.
WRITTEN = insert(Change)


class NotingSession(Session):
    """The session of every unit of work."""


def note(session: Session, conversation_id: int) -> None:
    """Note a change that no row of the session shows."""
    session.info.setdefault(CHANGED, set()).add(conversation_id)


@event.listens_for(NotingSession, "before_flush")
def _note_flushed(session: Session, *_: Any) -> None:
    for row in (*session.new, *session.dirty):
        if isinstance(row, Message | Note | Handoff | Alert | Appointment | StoredFile):
            note(session, row.conversation_id)
        elif isinstance(row, Notice):
            if row.conversation_id is not None:
                note(session, row.conversation_id)
        elif isinstance(row, OutboxRow):
            # What waits to be sent is in the thread already; the page is told when it left, or could not.
            if row.conversation_id is not None and row.state not in (OutboxState.WAITING, OutboxState.SENDING):
                note(session, row.conversation_id)
        elif isinstance(row, Conversation) and row.id is not None and session.is_modified(row):
            note(session, row.id)


@event.listens_for(NotingSession, "before_commit")
def _write(session: Session) -> None:
    if session.in_nested_transaction():
        return  # a savepoint: the unit of work goes on
    session.flush()
    changed = session.info.pop(CHANGED, None)
    if changed:
        session.connection().execute(WRITTEN, [{"conversation_id": number} for number in sorted(changed)])


@event.listens_for(NotingSession, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(CHANGED, None)
