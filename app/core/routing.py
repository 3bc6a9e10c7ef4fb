"""Who hears of what, and where: teams with their channels and hours, and the record each kind of action is about.

All of it is a deployment's to say (the mapping file). An address that is a secret is named here, never written out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum
from urllib.parse import quote

from app.core.actions import ActionKind
from app.core.orders import Order
from app.core.policy import Policy, Urgency

TEMPLATE_NAMES = ("order_id", "reference_id", "destination", "call_id")
_NAMED = re.compile(r"\{(" + "|".join(TEMPLATE_NAMES) + r")\}")

NOBODY = "nobody"
"""The team of what makes no task: nothing is delivered to it, and so it needs no channel."""


CALLER = "caller"
"""Not a team: the person who called, at the address on file."""


class ChannelKind(StrEnum):
    MAIL = "mail"
    SLACK = "slack"  # and whatever takes Slack's incoming webhooks
    WEBHOOK = "webhook"  # signed by the Standard Webhooks scheme


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to a team. `target` is a mail address, else the name of the environment variable that holds the URL."""

    kind: ChannelKind
    target: str
    secret: str | None = None  # the name of the variable that holds what a signed webhook is signed with

    @property
    def name(self) -> str:
        """What tells the channel from all others."""
        return f"{self.kind}:{self.target}"


TO_CALLER = Channel(ChannelKind.MAIL, CALLER)
"""By its name in place of an address, which is looked up when it is sent and kept nowhere else."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When a team works. `days` counts from Monday, 0; a shift that ends before it begins ends on the next day."""

    timezone: tzinfo
    days: frozenset[int]
    start: time
    end: time

    def are_on(self, now: datetime) -> bool:
        local = now.astimezone(self.timezone)
        clock, today, yesterday = local.time(), local.weekday(), (local - timedelta(days=1)).weekday()
        if self.start < self.end:
            return today in self.days and self.start <= clock < self.end
        return (today in self.days and clock >= self.start) or (yesterday in self.days and clock < self.end)


@dataclass(frozen=True, slots=True)
class Team:
    """`channels`: the first is the one in use, the others are taken in order when it fails. No hours: always there."""

    name: str
    owner: str
    channels: tuple[Channel, ...] = ()
    hours: Hours | None = None
    on_call: tuple[Channel, ...] = ()  # for what is urgent, outside the hours


@dataclass(frozen=True, slots=True)
class KindRoute:
    """What a kind of action is about. `record_url` may hold {order_id}, {reference_id}, {destination} and {call_id}."""

    destination_object: str  # "gift order", "booking", "subscriber channel"
    status: str  # what the record waits for, in the team's words
    next_step: str  # what the team does where neither the call nor the verdict says more
    record_url: str | None


@dataclass(frozen=True, slots=True)
class Routing:
    teams: Mapping[str, Team] = field(default_factory=dict)
    kinds: Mapping[ActionKind, KindRoute] = field(default_factory=dict)
    escalate_after_minutes: int = 5  # an urgent handoff that no channel took by then goes to the next channel
    confirms_to_callers: bool = False  # by mail to the address on file, where the handoff's kind has such a word

    def route_of(self, kind: ActionKind) -> KindRoute | None:
        return self.kinds.get(kind)

    def record_url(self, kind: ActionKind, order: Order | None, call_id: str) -> str | None:
        """Where the record is seen; a path (it begins with a slash) is one of ours. None where that is not known."""
        route = self.kinds.get(kind)
        if route is None or route.record_url is None:
            return None
        known = {"call_id": call_id} | (
            {
                "order_id": order.external_id,
                "reference_id": order.reference_id,
                "destination": order.destination,
            }
            if order
            else {}
        )
        return fill_template(route.record_url, known)

    def owner_of(self, team: str) -> str | None:
        found = self.teams.get(team)
        return found.owner or None if found else None

    def channels_of(self, team: str, urgency: Urgency, now: datetime) -> tuple[Channel, ...]:
        """In the order in which they are to be tried; each once."""
        found = self.teams.get(team)
        if found is None or team == NOBODY:
            return ()
        if urgency is not Urgency.URGENT:
            return found.channels
        is_away = found.hours is not None and not found.hours.are_on(now)
        ways = (*found.on_call, *found.channels) if is_away else (*found.channels, *found.on_call)
        return tuple(dict.fromkeys(ways))

    def line_to(self, team: str, urgency: Urgency, now: datetime, *, fallback_team: str) -> tuple[Channel, ...]:
        """All ways to make sure that somebody hears: the team's own, and at last those of the fallback team."""
        if team == NOBODY:
            return ()
        own, last = (self.channels_of(name, urgency, now) for name in (team, fallback_team))
        return tuple(dict.fromkeys((*own, *last)))

    def find_channel(self, name: str) -> Channel | None:
        return next((channel for channel in self.channels() if channel.name == name), None)

    def channels(self) -> tuple[Channel, ...]:
        """Of all teams, each once."""
        return tuple(dict.fromkeys(way for team in self.teams.values() for way in (*team.channels, *team.on_call)))

    def has_channels(self) -> bool:
        return bool(self.channels())

    def problems(self, policy: Policy) -> tuple[str, ...]:
        """What the mapping does not say, each with where to say it. Empty where a handoff of any kind finds its way."""
        return (*self.record_problems(policy), *self.channel_problems(policy))

    def record_problems(self, policy: Policy) -> tuple[str, ...]:
        """What is missing of teams and kinds, channels aside."""
        return (*self._kind_problems(policy), *self._team_problems(policy))

    def channel_problems(self, policy: Policy) -> tuple[str, ...]:
        teams = [self.teams[name] for name in teams_of(policy) if name in self.teams and name != NOBODY]
        return tuple(
            f"teams.{team.name}.channels: the team has no channel, so its handoffs are only read over REST"
            for team in teams
            if not team.channels
        )

    def _kind_problems(self, policy: Policy) -> Iterator[str]:
        for kind in ActionKind:
            route = self.kinds.get(kind)
            for name in ("destination_object", "status", "next_step", "record_url"):
                if route is None or not getattr(route, name):
                    yield f"records.{kind}.{name}: is missing"
            if kind not in policy.kinds:
                yield f"the policy's kinds.{kind}: is missing, so its team and urgency are not known"

    def _team_problems(self, policy: Policy) -> Iterator[str]:
        for name in teams_of(policy):
            if name not in self.teams:
                yield f"teams.{name}: is missing, but the policy sends handoffs to it"
            elif not self.teams[name].owner:
                yield f"teams.{name}.owner: is missing"


def teams_of(policy: Policy) -> tuple[str, ...]:
    """Every team the policy names, in the order in which it does."""
    named = [entry.effect.team for entry in policy.kinds.values()] + [rule.effect.team for rule in policy.rules]
    return tuple(dict.fromkeys(name for name in (*named, policy.fallback_team) if name))


def fill_template(template: str, known: Mapping[str, str]) -> str | None:
    """The address with every value escaped; None where it needs a value that is not known."""
    if not all(known.get(name) for name in _NAMED.findall(template)):
        return None
    return _NAMED.sub(lambda found: quote(known[found[1]], safe="", errors="replace"), template)


def template_problem(template: str) -> str | None:
    """Why this cannot be a record's address; None where it can."""
    if not template.startswith(("https://", "http://", "/")) or template.startswith("//"):
        return "is neither an http(s) address nor a path of this service"
    if "{" in (rest := _NAMED.sub("", template)) or "}" in rest:
        return "holds a name in braces that is none of: " + ", ".join(TEMPLATE_NAMES)
    return None
