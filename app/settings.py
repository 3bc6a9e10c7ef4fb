"""What a deployment sets, read once from the environment (prefix HANDOFF_) and an optional .env file.

A secret has no default. What is missing or malformed is named together with its remedy.
"""

import base64
import binascii
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.errors import SettingError

PREFIX = "HANDOFF_"
# Variables that a mapping file names: URLs and secrets of the channels to teams.
CHANNEL_PREFIX = "HANDOFF_CHANNEL_"

# What somebody has to do about a setting that is missing or malformed, by field name.
REMEDIES = {
    "database_url": (
        "Give a URL such as postgresql://user:password@host:5432/handoff, or unset it to use the embedded Postgres."
    ),
    "data_dir": "Give a folder this user may write to.",
    "port": "Give a free TCP port between 1 and 65535, e.g. 8080.",
    "dialnexa_webhook_secrets": (
        "Copy the webhook secret from DialNexa's Keys page; of several, separated by commas, each is accepted."
    ),
    "dialnexa_api_key": "Create a key in DialNexa under Workspace settings > Developer; it reads key_id:secret.",
    "dialnexa_base_url": "Give an http(s) URL, e.g. https://api.dialnexa.com.",
    "goody_api_key": "Create a key in Goody under Account > API Keys (or copy the commerce app's key).",
    "goody_base_url": "Give an http(s) URL, e.g. https://api.ongoody.com or https://api.sandbox.ongoody.com.",
    "goody_webhook_secrets": (
        "Copy the endpoint's signing secret (whsec_...) from Goody's dashboard; of several, by commas, any fits."
    ),
    "log_level": "Give one of debug, info, warning, error.",
    "worker_concurrency": "Give a whole number between 1 and 64.",
    "reconcile_every_seconds": "Give a whole number between 1 and 86400; vendors limit how often one may ask.",
    "admin_token": "Give at least 20 characters, e.g. from: openssl rand -base64 32",
    "policy_file": "Give the path of a policy document, or unset it to keep the live one, at first the one that ships.",
    "mapping_file": "Give the path of a mapping file, or unset it to use the one that ships.",
    "smtp_url": (
        "Give smtps://user:password@host, smtp+starttls://user:password@host, or smtp://host for a relay beside it;"
        " a port and what has to be escaped in a URL as usual."
    ),
    "mail_from": "Give the plain address that handoffs are sent from, e.g. handoff@example.com.",
    "public_url": "Give the http(s) URL under which people reach this service, e.g. https://handoff.example.com.",
    "master_key": (
        "Give the base64 of 32 bytes, e.g. from: openssl rand -base64 32; of several, separated by commas,"
        " the first seals and each opens."
    ),
    "recordings_url": (
        "Give where recordings are kept, e.g. file:///srv/recordings or s3://bucket/prefix, or unset it to keep none."
    ),
    "recording_hosts": "Give host names, separated by commas; *.example.com stands for every host below example.com.",
    "goody_requests_per_minute": "Give a whole number of at least 1, or unset it: no budget but Goody's Retry-After.",
    "dialnexa_requests_per_minute": "Give a whole number of at least 1, or unset it: no budget but their Retry-After.",
    "unknown_alarm_minutes": "Give a whole number of minutes between 1 and 10080.",
    "confirmation_alarm_hours": "Give a whole number of hours between 1 and 2160.",
    "weights_file": "Give the path of a file that `handoff match train` wrote, or unset it to use the one that ships.",
}


class Settings(BaseSettings):
    """Field names are those of the environment variables without their prefix, in lower case."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    database_url: SecretStr | None = None
    data_dir: Path = Path(".handoff")
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=1, le=65535)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    worker_concurrency: int = Field(8, ge=1, le=64)
    reconcile_every_seconds: int = Field(300, ge=1, le=86400)

    dialnexa_webhook_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    dialnexa_api_key: SecretStr | None = None
    dialnexa_base_url: str = Field("https://api.dialnexa.com", pattern=r"^https?://[^/\s]+")

    goody_api_key: SecretStr | None = None
    goody_base_url: str = Field("https://api.ongoody.com", pattern=r"^https?://[^/\s]+")
    goody_webhook_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = ()

    goody_requests_per_minute: int | None = Field(None, ge=1, le=100_000)
    dialnexa_requests_per_minute: int | None = Field(None, ge=1, le=100_000)

    unknown_alarm_minutes: int = Field(15, ge=1, le=10_080)
    confirmation_alarm_hours: int = Field(48, ge=1, le=2_160)

    policy_file: Path | None = None
    mapping_file: Path | None = None
    weights_file: Path | None = None
    admin_token: SecretStr | None = Field(None, min_length=20)

    smtp_url: SecretStr | None = None
    mail_from: str | None = Field(None, pattern=r"^[^@\s<>,;\"]+@[^@\s<>,;\"]+$", max_length=254)
    public_url: str | None = Field(None, pattern=r"^https?://[^/\s?#]+[^\s?#]*$")

    master_key: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    recordings_url: SecretStr | None = None  # some kinds of storage carry a password in it
    recording_hosts: Annotated[tuple[str, ...], NoDecode] = ()

    @field_validator(
        "dialnexa_webhook_secrets", "goody_webhook_secrets", "master_key", "recording_hosts", mode="before"
    )
    @classmethod
    def _split_commas(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator(
        "database_url",
        "dialnexa_api_key",
        "goody_api_key",
        "goody_requests_per_minute",
        "dialnexa_requests_per_minute",
        "admin_token",
        "policy_file",
        "mapping_file",
        "weights_file",
        "smtp_url",
        "mail_from",
        "public_url",
        "recordings_url",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(
            ("postgresql://", "postgres://", "postgresql+psycopg://")
        ):
            raise ValueError("is not a postgresql:// URL")
        try:
            # The part that names the host may be absent (a socket in ?host=); the port is what cannot be any text.
            _ = urlsplit(value.get_secret_value()).port if value is not None else None
        except ValueError:
            raise ValueError("has a port that is no number, or is no URL at all") from None
        return value

    @field_validator("smtp_url")
    @classmethod
    def _is_smtp(cls, value: SecretStr | None) -> SecretStr | None:
        try:
            parts = urlsplit(value.get_secret_value()) if value is not None else None
            _ = parts.port if parts else None
        except ValueError:
            raise ValueError("has a port that is no number, or is no URL at all") from None
        if parts is not None and (parts.scheme not in {"smtp", "smtps", "smtp+starttls"} or not parts.hostname):
            raise ValueError("is no smtp://, smtps:// or smtp+starttls:// URL")
        return value

    @field_validator("master_key")
    @classmethod
    def _are_keys(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for key in value:
            _read_key(key)
        return value

    @field_validator("recordings_url")
    @classmethod
    def _is_storage(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.match(r"[a-z][a-z0-9+.-]*://[^\s]*$", value.get_secret_value()):
            raise ValueError("is no URL of a folder or bucket")
        return value

    @field_validator("recording_hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if not re.fullmatch(r"(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", host):
                raise ValueError("holds something that is no host name")
        return tuple(host.casefold() for host in value)

    def master_keys(self) -> list[bytes]:
        """The first one seals."""
        return [_read_key(key) for key in self.master_key]

    def public_address(self) -> str:
        """What links to this service begin with; without a slash in the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @classmethod
    def load(cls) -> Self:
        """Raises SettingError for the first malformed setting, never showing its value."""
        try:
            return cls()
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            field = str(first["loc"][0])
            message = first["msg"].removeprefix("Value error, ")
            raise SettingError(
                PREFIX + field.upper(), f"is malformed ({message})", REMEDIES.get(field, "See the README.")
            ) from None

    def require(self, *fields: str) -> None:
        """Raises SettingError naming every one of the fields that is not set, with its remedy."""
        missing = [field for field in fields if not getattr(self, field)]
        if missing:
            first, *others = missing
            also = "".join(f"\n{PREFIX}{field.upper()} is not set. {REMEDIES[field]}" for field in others)
            raise SettingError(PREFIX + first.upper(), "is not set", REMEDIES[first] + also)

    def sqlalchemy_url(self) -> str | None:
        """The database URL with its driver named; None means: the embedded Postgres."""
        if self.database_url is None:
            return None
        scheme_and_rest = self.database_url.get_secret_value().split("://", 1)
        return "postgresql+psycopg://" + scheme_and_rest[1]


def _read_key(key: SecretStr) -> bytes:
    try:
        read = base64.b64decode(key.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("holds something that is no base64") from None
    if len(read) != 32:  # AES-256
        raise ValueError("holds a key that is not 32 bytes long")
    return read


def unknown_settings(environment: Iterable[str] = os.environ) -> list[str]:
    """Variables with our prefix that nothing reads: mostly misspelt ones, which would otherwise be silently ignored."""
    known = {PREFIX + field.upper() for field in Settings.model_fields}
    ours = [name for name in environment if name.upper().startswith(PREFIX)]
    return sorted(name for name in ours if name.upper() not in known and not name.startswith(CHANNEL_PREFIX))


def channel_variables() -> dict[str, str]:
    """Every variable a mapping file may name, from the environment and .env; an empty one counts as not set."""
    written = {**dotenv_values(".env", interpolate=False), **os.environ}
    return {
        name: value.strip()
        for name, value in written.items()
        if name.startswith(CHANNEL_PREFIX) and value and value.strip()
    }
