"""The sections of the mapping file that say who hears of what: `teams`, `records` and `escalate_after_minutes`.

A deployment's words are laid over those that ship, name by name: a team may be given its channels alone.
"""

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, StringConstraints, model_validator

from app.core.actions import ActionKind
from app.core.routing import Channel, ChannelKind, Hours, KindRoute, Team, template_problem
from app.settings import CHANNEL_PREFIX

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _check_mail(address: str) -> str:
    try:
        return validate_email(address, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        raise ValueError("is no mail address") from None


def _check_variable(name: str) -> str:
    if not name.startswith(CHANNEL_PREFIX) or name == CHANNEL_PREFIX or not name.replace("_", "").isalnum():
        raise ValueError(f"is no name of a variable that begins with {CHANNEL_PREFIX}; URLs and secrets stand there")
    return name


def _check_template(template: str) -> str:
    problem = template_problem(template)
    if problem:
        raise ValueError(problem)
    return template


def _read_zone(name: object) -> ZoneInfo:
    try:
        if isinstance(name, str):
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    raise ValueError("is no timezone; give one such as Europe/Berlin")


def _read_time(text: object) -> time:
    """Text alone: YAML makes a number of an unquoted 10:30, and that would be ten minutes past midnight."""
    try:
        if isinstance(text, str):
            return time.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError('is no time of day; give one such as "09:00", in quotation marks')


Line = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=300)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Variable = Annotated[Line, AfterValidator(_check_variable)]
TimeOfDay = Annotated[time, PlainValidator(_read_time)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Section = TypeVar("Section", bound=_Section)


class ChannelSection(_Section):
    mail: Annotated[Line, AfterValidator(_check_mail)] | None = None
    slack: Variable | None = None
    webhook: Variable | None = None
    secret: Variable | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "ChannelSection":
        if len([way for way in (self.mail, self.slack, self.webhook) if way]) != 1:
            raise ValueError("names none of mail, slack and webhook, or more than one")
        if bool(self.webhook) != bool(self.secret):
            raise ValueError("a webhook is signed: it has a secret, and nothing else has")
        return self

    def read(self) -> Channel:
        for kind in ChannelKind:
            target = getattr(self, kind.value)
            if target:
                return Channel(kind, target, self.secret)
        raise AssertionError("a channel of no kind")


class HoursSection(_Section):
    timezone: Annotated[ZoneInfo, PlainValidator(_read_zone)]
    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = Field(min_length=1)
    start: TimeOfDay = Field(alias="from")
    end: TimeOfDay = Field(alias="to")

    @model_validator(mode="after")
    def _is_a_span(self) -> "HoursSection":
        if self.start == self.end:
            raise ValueError("begins when it ends; leave the hours out where somebody is always there")
        return self

    def read(self) -> Hours:
        return Hours(self.timezone, frozenset(DAYS.index(day) for day in self.days), self.start, self.end)


class TeamSection(_Section):
    owner: Line | None = None
    channels: list[ChannelSection] | None = None
    hours: HoursSection | None = None
    on_call: list[ChannelSection] | None = None


class RecordSection(_Section):
    destination_object: Line | None = None
    status: Line | None = None
    next_step: Line | None = None
    record_url: Annotated[Line, AfterValidator(_check_template)] | None = None


def read_teams(shipped: Mapping[str, TeamSection], own: Mapping[str, TeamSection]) -> dict[str, Team]:
    return {
        name: _read_team(name, _overlay(TeamSection(), shipped.get(name), own.get(name)))
        for name in dict.fromkeys((*shipped, *own))
    }


def read_records(
    shipped: Mapping[ActionKind, RecordSection], own: Mapping[ActionKind, RecordSection]
) -> dict[ActionKind, KindRoute]:
    laid = {
        kind: _overlay(RecordSection(), shipped.get(kind), own.get(kind)) for kind in dict.fromkeys((*shipped, *own))
    }
    return {
        kind: KindRoute(each.destination_object or "", each.status or "", each.next_step or "", each.record_url)
        for kind, each in laid.items()
    }


def _overlay(nothing: Section, *layers: Section | None) -> Section:
    """What was written last wins, field by field."""
    written = {name: getattr(layer, name) for layer in layers if layer is not None for name in layer.model_fields_set}
    return nothing.model_copy(update=written)


def _read_team(name: str, section: TeamSection) -> Team:
    return Team(
        name=name,
        owner=section.owner or "",
        channels=tuple(channel.read() for channel in section.channels or ()),
        hours=section.hours.read() if section.hours else None,
        on_call=tuple(channel.read() for channel in section.on_call or ()),
    )
