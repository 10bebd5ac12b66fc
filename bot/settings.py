"""Settings, typed and read once from the environment and `.env`."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError as UnreadableSetting

from bot.clock import Clock, ShiftedClock, SystemClock
from bot.domain.files import MEGABYTE
from bot.domain.mail import MailSecurity, MailServer
from bot.errors import SettingsError
from bot.storage.vault import Vault


class Environment(StrEnum):
    DEMO = "demo"
    PRODUCTION = "production"


class TelegramMode(StrEnum):
    POLLING = "polling"
    WEBHOOK = "webhook"


class Settings(BaseSettings):
    """Every setting; its name in the environment is the attribute's name in capitals."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True)

    environment: Environment = Environment.DEMO
    var: Path = Field(Path("var"), description="Where the service keeps its files (database, models, logs).")
    database_url: str = Field("", description="sqlite:///… or postgresql+psycopg://…")
    territory_files: list[Path] = Field([Path("territories/demo.yml")])
    log_level: str = "INFO"

    telegram_bot_token: SecretStr | None = None
    telegram_api_base_url: str = "https://api.telegram.org"
    telegram_mode: TelegramMode = TelegramMode.POLLING
    telegram_webhook_secret: SecretStr | None = None
    telegram_bot_name: str = Field("", description="The bot's @name, without the @, for links that open Telegram.")
    public_url: str = Field("", description="The https address of the service: webhook, links sent to people.")

    embed_sites: list[str] = Field([], description="Sites that may show the chat in a frame: https://…")
    quit_url: str = Field("https://www.meteofrance.com", description="Where « Quitter » leaves the browser.")

    host: str = "127.0.0.1"
    port: int = 8010
    rasa_url: str = "http://127.0.0.1:5005"
    rasa_token: SecretStr = SecretStr("local")
    rasa_tracker_path: Path | None = Field(None, description="Rasa's own SQLite file.")
    actions_token: SecretStr = SecretStr("local")
    rasa_timeout_seconds: float = 3.0
    rasa_recovery_seconds: float = Field(0.5, description="Between two looks at a Rasa that is away.")

    files_key: SecretStr = Field(SecretStr("local"), description="Files sent and received are sealed with it.")
    largest_file_mb: int = Field(10, ge=1, le=20, description="Telegram lets a bot receive 20 at most.")

    smtp_host: str = Field("", description="The server of the e-mails that count what waits. Empty: there are none.")
    smtp_port: int = 587
    smtp_security: MailSecurity = MailSecurity.STARTTLS
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_sender: str = Field("", description="The address these e-mails come from.")
    digest_minutes: int = Field(60, ge=15, description="The least time between two e-mails to the same adviser.")

    gather_seconds: float = Field(0.3, description="Wait for the rest of a message sent in several.")
    lease_seconds: float = Field(15.0, description="After that, work a dead process held is taken again.")
    tick_seconds: float = 5.0
    clock_file: Path | None = Field(None, description="Tests only: seconds to add to the time.")

    @model_validator(mode="after")
    def fill_and_refuse(self) -> Settings:
        if not self.database_url:
            self.database_url = f"sqlite:///{self.var / 'promeneurs.db'}"
        if self.rasa_tracker_path is None:
            self.rasa_tracker_path = self.var / "rasa.db"
        if self.telegram_mode is TelegramMode.WEBHOOK and self.telegram_bot_token:
            if not self.public_url:
                raise ValueError("PUBLIC_URL : à définir, l'adresse https que Telegram appelle (webhook)")
            if not self.telegram_webhook_secret:
                raise ValueError("TELEGRAM_WEBHOOK_SECRET : à définir, un long mot de passe au hasard")
        if self.smtp_host:
            for name in ("smtp_sender", "public_url"):
                if not getattr(self, name):
                    raise ValueError(f"{name.upper()} : à définir, les e-mails en ont besoin")
        if self.environment is Environment.PRODUCTION:
            if self.clock_file:
                raise ValueError("CLOCK_FILE : interdit en production, à enlever")
            for name in ("rasa_token", "actions_token", "files_key"):
                if getattr(self, name).get_secret_value() == "local":
                    raise ValueError(f"{name.upper()} : à définir, un long mot de passe au hasard")
        return self

    @property
    def secure(self) -> bool:
        """Whether browsers reach the service over https: cookies then say so."""
        return self.public_url.startswith("https://")

    @property
    def mail_server(self) -> MailServer | None:
        """Where e-mails leave from; None if the service sends none."""
        if not self.smtp_host:
            return None
        password = self.smtp_password.get_secret_value()
        return MailServer(
            self.smtp_host, self.smtp_port, self.smtp_sender, self.smtp_security, self.smtp_user, password
        )

    @cached_property
    def vault(self) -> Vault:
        return Vault(self.files_key.get_secret_value(), self.largest_file_mb * MEGABYTE)

    @cached_property
    def clock(self) -> Clock:
        return ShiftedClock(self.clock_file) if self.clock_file else SystemClock()


def read_settings() -> Settings:
    """Read the settings.

    Raises:
        SettingsError: one or several are wrong; the message names each and says how to set it.
    """
    try:
        return Settings()
    except UnreadableSetting as error:
        name = str(error).split('"')[1].upper() if '"' in str(error) else ""
        raise SettingsError(f'{name} : à écrire comme une liste, par exemple ["territories/demo.yml"]') from error
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"]).upper()
            lines.append(f"{name} : {problem['msg']}" if name else problem["msg"].removeprefix("Value error, "))
        raise SettingsError("\n".join(lines)) from error
