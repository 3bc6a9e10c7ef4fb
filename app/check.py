"""Is this deployment fit to start? Every part is looked at by itself, so that one mistake hides no other.

Nothing is sent, nothing is changed but that an embedded Postgres is started, and no secret is shown.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from app.adapters.goody.webhooks import GoodyWebhooks
from app.adapters.mapping_file import load_mapping, load_routing
from app.adapters.policy_file import load_policy, parse_policy
from app.adapters.weights_file import load_weights
from app.bootstrap import build_dialnexa, build_notifiers, build_shops
from app.core.actions import ActionKind
from app.core.mapping import CallMapping
from app.core.policy import Policy, Urgency
from app.core.routing import Channel, ChannelKind, Routing
from app.db.engine import Database
from app.db.opening import open_database
from app.db.policies import find_document, find_ruling
from app.errors import DestinationError, DestinationMissingError, HandoffError, SettingError
from app.ports.notify import Notifier
from app.settings import PREFIX, REMEDIES, Settings, channel_variables, unknown_settings

# A signature's time may be five minutes off, and a call's "in an hour" must not be: half a minute is worth a word.
MOST_CLOCK_SECONDS = 30.0
# DialNexa makes its own secrets, longer than that; a shorter one was made up, and can be guessed.
SHORTEST_SECRET = 12
NAME_CHANNELS = (
    "Give each team channels in a mapping file of yours and name it by HANDOFF_MAPPING_FILE;"
    " app/mappings/default.yaml shows how."
)
Loaded = TypeVar("Loaded")


class State(StrEnum):
    OK = "ok"
    MISSING = "missing"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. What is not required hinders no start."""

    subject: str
    state: State
    says: str
    remedy: str = ""
    is_required: bool = True

    @property
    def stops_us(self) -> bool:
        return self.is_required and self.state is not State.OK


def check_deployment(settings: Settings) -> list[Check]:
    """All of it, in the order in which it is to be mended."""
    found = [*_check_settings(settings), *_check_secrets(settings)]
    mapping = _load(found, "mapping", lambda: load_mapping(settings.mapping_file))
    routing = _load(found, "teams and records", lambda: load_routing(settings.mapping_file))
    policy = _load(found, "policy", lambda: load_policy(settings.policy_file))
    _load(found, "weights", lambda: load_weights(settings.weights_file))
    live = _check_database(found, settings) or policy
    if routing is not None and live is not None:
        found += _check_kinds(routing, live)
        found += _check_teams(routing, live, is_given=settings.mapping_file is not None)
    return found + asyncio.run(_check_others(settings, mapping or load_mapping(), routing or Routing()))


def unconfigured(channel: Channel, notifier: Notifier | None) -> str | None:
    """What a channel of the mapping lacks in the settings; None where nothing does."""
    if notifier is None:
        return "HANDOFF_SMTP_URL and HANDOFF_MAIL_FROM are not both set, but a team is reached by mail"
    try:
        notifier.check(channel)
    except DestinationMissingError as error:
        return str(error)
    return None


def _check_settings(settings: Settings) -> Iterator[Check]:
    for field, why, is_required in (
        ("dialnexa_webhook_secrets", "DialNexa's calls cannot be taken", True),
        ("goody_api_key", "no order can be read", True),
        ("goody_webhook_secrets", "Goody's webhooks are refused; changes are seen by polling", False),
        ("dialnexa_api_key", "calls whose webhook brings no number cannot be read", False),
        ("public_url", f"links in handoffs lead to {settings.public_address()}", False),
    ):
        name = PREFIX + field.upper()
        if getattr(settings, field):
            yield Check(name, State.OK, "is set")
        else:
            yield Check(name, State.MISSING, why, REMEDIES[field], is_required)
    for name in unknown_settings():
        yield Check(name, State.WRONG, "nothing in this version reads it", "Is it misspelt?", is_required=False)


def _check_secrets(settings: Settings) -> Iterator[Check]:
    secrets = [secret.get_secret_value() for secret in settings.dialnexa_webhook_secrets]
    if secrets:
        is_short = any(len(secret) < SHORTEST_SECRET for secret in secrets)
        says = f"one of {len(secrets)} is shorter than {SHORTEST_SECRET} characters" if is_short else "long enough"
        remedy = REMEDIES["dialnexa_webhook_secrets"] if is_short else ""
        yield Check("DialNexa's webhook secrets", State.WRONG if is_short else State.OK, says, remedy)
    if settings.goody_webhook_secrets:
        try:
            GoodyWebhooks([secret.get_secret_value() for secret in settings.goody_webhook_secrets])
        except SettingError as error:
            yield Check("Goody's webhook secrets", State.WRONG, _problem_of(error), error.remedy)
        else:
            yield Check("Goody's webhook secrets", State.OK, "each can be read")


def _load(found: list[Check], subject: str, load: Callable[[], Loaded]) -> Loaded | None:
    try:
        loaded = load()
    except SettingError as error:
        found.append(Check(subject, State.WRONG, _problem_of(error), error.remedy))
        return None
    found.append(Check(subject, State.OK, "can be read"))
    return loaded


def _check_kinds(routing: Routing, policy: Policy) -> Iterator[Check]:
    """For every kind of action, what a handoff needs (H29)."""
    gaps = routing.record_problems(policy)
    for kind in ActionKind:
        own = [gap for gap in gaps if f".{kind}." in gap or f".{kind}:" in gap]
        entry, route = policy.kinds.get(kind), routing.route_of(kind)
        if own or entry is None or route is None:
            yield Check(f"kind {kind}", State.MISSING, "; ".join(own), "Say it in the mapping file or the policy.")
            continue
        team = entry.effect.team or policy.fallback_team
        urgency = entry.effect.urgency or Urgency.NORMAL
        owner = routing.owner_of(team) or "nobody"
        says = f"{route.destination_object} | {team}, {owner} | {urgency} | {route.status} | {route.record_url}"
        yield Check(f"kind {kind}", State.OK, says)


def _check_teams(routing: Routing, policy: Policy, *, is_given: bool) -> Iterator[Check]:
    """Without a mapping of its own a deployment starts all the same: its handoffs are read over REST."""
    gaps = [gap for gap in routing.record_problems(policy) if gap.startswith("teams.")]
    for gap in gaps:
        yield Check("teams", State.MISSING, gap, "Name the team in the mapping file.")
    without = routing.channel_problems(policy)
    if without and not routing.has_channels():
        says = "no team has a channel: handoffs are only read over REST"
        yield Check("channels", State.MISSING, says, NAME_CHANNELS, is_required=is_given)
        return
    for gap in without:
        yield Check("channels", State.MISSING, gap, NAME_CHANNELS)


def _check_database(found: list[Check], settings: Settings) -> Policy | None:
    """The policy that was published there, which decides instead of the file's; None where none was."""
    where = "the embedded Postgres" if settings.database_url is None else "Postgres"
    try:
        with open_database(settings) as database:
            found.append(Check("database", State.OK, f"{where} answers, with the present schema"))
            published = asyncio.run(_find_published(database.url))
        if published is None:
            return None
        version, document = published
        policy = parse_policy(document, name=f"version {version}")
    except SettingError as error:
        subject = "database" if error.name.startswith(PREFIX) else "published policy"
        found.append(Check(subject, State.WRONG, _problem_of(error), error.remedy))
        return None
    except (HandoffError, OSError) as error:
        says = f"{where} cannot be opened: {type(error).__name__}"
        found.append(Check("database", State.WRONG, says, REMEDIES["data_dir"]))
        return None
    found.append(Check("published policy", State.OK, f"version {version} decides"))
    return policy


async def _find_published(url: str) -> tuple[str, str] | None:
    database = Database(url, pool_size=1)
    try:
        async with database.transaction() as conn:
            ruling = await find_ruling(conn)
            document = await find_document(conn, ruling.live) if ruling.live is not None else None
    finally:
        await database.close()
    return None if ruling.live is None or document is None else (ruling.live, document)


def _problem_of(error: SettingError) -> str:
    """Without the remedy, which has a column of its own."""
    return str(error).removesuffix(error.remedy).strip()


async def _check_others(settings: Settings, mapping: CallMapping, routing: Routing) -> list[Check]:
    """All that is asked over a network, at the same time."""
    notifiers = build_notifiers(settings)
    try:
        channels = [_check_channel(each, notifiers.get(each.kind)) for each in routing.channels()]
        reached = await asyncio.gather(*channels)
    finally:
        for notifier in notifiers.values():
            await notifier.close()
    return [*await _check_vendors(settings, mapping), *reached, *_check_variables(routing)]


async def _check_vendors(settings: Settings, mapping: CallMapping) -> list[Check]:
    found: list[Check] = []
    try:
        shops, calls = build_shops(settings), build_dialnexa(settings, mapping)
    except SettingError as error:
        return [Check("vendors", State.WRONG, _problem_of(error), error.remedy)]
    times: dict[str, datetime] = {}
    asked = [(name, shop.check_key, f"{name}_api_key", shop.close) for name, shop in shops.items()]
    if settings.dialnexa_api_key:
        asked.append(("dialnexa", calls.check_key, "dialnexa_api_key", calls.close))
    for name, check_key, field, close in asked:
        try:
            theirs = await check_key()
        except DestinationError as error:
            found.append(Check(f"{name}'s API", State.WRONG, str(error), REMEDIES[field]))
        else:
            found.append(Check(f"{name}'s API", State.OK, "takes the key"))
            times |= {name: theirs} if theirs else {}
            found += _check_clock(name, theirs) if theirs else []
        finally:
            await close()
    return found


def _check_clock(name: str, theirs: datetime) -> list[Check]:
    off = (datetime.now(UTC) - theirs).total_seconds()
    if abs(off) <= MOST_CLOCK_SECONDS:
        return [Check(f"clock, by {name}'s", State.OK, f"within {MOST_CLOCK_SECONDS:.0f} seconds")]
    says = f"{abs(off):.0f} seconds {'ahead' if off > 0 else 'behind'}"
    return [
        Check(f"clock, by {name}'s", State.WRONG, says, "Let this machine keep its time by NTP.", is_required=False)
    ]


async def _check_channel(channel: Channel, notifier: Notifier | None) -> Check:
    subject = f"channel {channel.name}"
    lacking = unconfigured(channel, notifier)
    if lacking is not None or notifier is None:
        remedy = "Set it, or take the channel out of the mapping."
        return Check(subject, State.MISSING, lacking or "", remedy)
    try:
        await notifier.reach(channel)
    except DestinationError as error:
        host = "HANDOFF_SMTP_URL" if channel.kind is ChannelKind.MAIL else channel.target
        return Check(subject, State.WRONG, str(error), f"Does {host} hold the right address, and does it answer?")
    return Check(subject, State.OK, "can be reached; nothing was sent")


def _check_variables(routing: Routing) -> Iterator[Check]:
    named = {name for channel in routing.channels() for name in (channel.target, channel.secret)}
    for name in sorted(set(channel_variables()) - named):
        yield Check(name, State.WRONG, "no channel of the mapping names it", "Is it misspelt?", is_required=False)
