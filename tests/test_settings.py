"""Settings that must not be left as they are say so, and how to set them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bot.domain.mail import MailSecurity
from bot.settings import Settings

READY = {"environment": "production", "rasa_token": "r", "actions_token": "a", "files_key": "f"}
MAIL = {"smtp_host": "mail.test", "smtp_sender": "promeneurs@exemple.fr", "public_url": "https://p.test"}


def read(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


@pytest.mark.parametrize("name", ["rasa_token", "actions_token", "files_key"])
def test_production_does_not_start_with_a_key_that_everyone_knows(name: str) -> None:
    read(**READY)
    with pytest.raises(ValidationError, match=f"{name.upper()} : à définir"):
        read(**READY | {name: "local"})


def test_no_server_no_letters() -> None:
    assert read().mail_server is None


@pytest.mark.parametrize("name", ["smtp_sender", "public_url"])
def test_letters_say_who_they_are_from_and_where_to_go(name: str) -> None:
    server = read(**MAIL).mail_server
    assert server is not None
    assert (server.host, server.port, server.security) == ("mail.test", 587, MailSecurity.STARTTLS)
    with pytest.raises(ValidationError, match=f"{name.upper()} : à définir"):
        read(**MAIL | {name: ""})


def test_a_key_is_not_written_by_accident() -> None:
    assert "secret-of-mine" not in repr(read(files_key="secret-of-mine", smtp_password="secret-of-mine"))
    assert "secret-of-mine" not in repr(read(**MAIL | {"smtp_password": "secret-of-mine"}).mail_server)
