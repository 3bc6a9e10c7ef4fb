"""The only file that knows every part: from settings to a database, adapters and services that work together."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from app.adapters.dialnexa.client import connect as connect_dialnexa
from app.adapters.dialnexa.recordings import DialNexaRecordings
from app.adapters.dialnexa.sender import DialNexa
from app.adapters.goody.client import Goody
from app.adapters.goody.history import GoodyHistory
from app.adapters.goody.webhooks import GoodyWebhooks
from app.adapters.http import VendorHttp
from app.adapters.mapping_file import load_mapping, load_routing
from app.adapters.notify.mail import Mailer, MailServer
from app.adapters.notify.slack import SlackHooks
from app.adapters.notify.webhook import SignedWebhooks
from app.adapters.policy_file import DEFAULT_POLICY_FILE, load_policy, parse_policy
from app.adapters.recordings import RecordingFiles
from app.adapters.weights_file import load_weights
from app.core.actions import ActionWords
from app.core.alarms import AlarmTimes
from app.core.mapping import CallMapping
from app.core.policy import Policy
from app.core.routing import ChannelKind, Routing
from app.core.weights import Weights
from app.db.engine import Database
from app.db.master_keys import note_keys
from app.db.vault import Vault
from app.ports.clock import SystemClock
from app.ports.commerce import Commerce
from app.ports.history import OrderHistory
from app.ports.limits import Limits
from app.ports.notify import CallerMail, Notifier
from app.ports.senders import Sender
from app.services import schedule
from app.services.breaker import SharedLimits
from app.services.decide import decide_action
from app.services.execute import execute
from app.services.grant import grant_token
from app.services.keep_policy import keep_policy
from app.services.keep_recording import keep_recording
from app.services.match import match_call
from app.services.mirror import sync_orders_job
from app.services.notify import deliver, escalate
from app.services.observe import observe
from app.services.parts import Parts
from app.services.reconcile import reconcile_calls_job
from app.services.settle import settle_action
from app.services.understand import understand
from app.services.undo import back_out
from app.services.work import Handler
from app.settings import Settings, channel_variables


@dataclass(frozen=True, slots=True)
class Adapters:
    """What a deployment's settings and files make, before anything is connected."""

    calls: DialNexa
    senders: Mapping[str, Sender]
    shops: Mapping[str, Commerce]
    histories: Mapping[str, OrderHistory]
    policy: Policy
    policy_document: str  # what `policy` was read from
    words: ActionWords
    weights: Weights
    routing: Routing
    notifiers: Mapping[ChannelKind, Notifier]
    vault: Vault
    recordings: DialNexaRecordings
    recording_storage: RecordingFiles | None


def build_adapters(settings: Settings) -> Adapters:
    """Raises SettingError for the first setting or file that makes no sense, so that nothing half configured starts."""
    mapping = load_mapping(settings.mapping_file)
    dialnexa = build_dialnexa(settings, mapping)
    senders: dict[str, Sender] = {}
    if settings.dialnexa_webhook_secrets:
        senders[dialnexa.name] = dialnexa
    if settings.goody_webhook_secrets:
        webhooks = GoodyWebhooks([secret.get_secret_value() for secret in settings.goody_webhook_secrets])
        senders[webhooks.name] = webhooks
    return Adapters(
        calls=dialnexa,
        senders=senders,
        shops=build_shops(settings),
        histories=build_histories(settings),
        policy=load_policy(settings.policy_file),
        policy_document=(settings.policy_file or DEFAULT_POLICY_FILE).read_text("utf-8"),
        words=mapping.action_words,
        weights=load_weights(settings.weights_file),
        routing=load_routing(settings.mapping_file),
        notifiers=build_notifiers(settings),
        vault=Vault(settings.master_keys()),
        recordings=build_recordings(settings),
        recording_storage=build_recording_storage(settings),
    )


@asynccontextmanager
async def open_parts(
    settings: Settings, adapters: Adapters, url: str, *, keeps_policy: bool = True
) -> AsyncIterator[Parts]:
    """The parts of one process, closed in the end. An admin token given in the settings is valid from then on, and the
    policy counts that the settings name; a command that only looks at policies says that it keeps none.
    """
    async with AsyncExitStack() as stack:
        # Each job under way may hold one connection; requests take theirs from the same pool.
        database = Database(url, pool_size=settings.worker_concurrency + 8)
        stack.push_async_callback(database.close)
        stack.push_async_callback(adapters.calls.close)
        stack.push_async_callback(adapters.recordings.close)
        for shop in adapters.shops.values():
            stack.push_async_callback(shop.close)
        for history in adapters.histories.values():
            stack.push_async_callback(history.close)
        for notifier in adapters.notifiers.values():
            stack.push_async_callback(notifier.close)
        if settings.admin_token is not None:
            await grant_token(database, name="bootstrap", role="admin", token=settings.admin_token.get_secret_value())
        limits = SharedLimits(database, SystemClock(), _budgets_of(settings))
        _share(limits, adapters)
        parts = Parts(
            database=database,
            clock=SystemClock(),
            senders=adapters.senders,
            calls=adapters.calls,
            shops=adapters.shops,
            histories=adapters.histories,
            reconcile_every=timedelta(seconds=settings.reconcile_every_seconds),
            policy=adapters.policy,
            parse_policy=partial(parse_policy, name="document"),
            words=adapters.words,
            weights=adapters.weights,
            routing=adapters.routing,
            notifiers=adapters.notifiers,
            caller_mail=_find_caller_mail(adapters.notifiers),
            alarm_times=AlarmTimes(
                unknown=timedelta(minutes=settings.unknown_alarm_minutes),
                confirmation=timedelta(hours=settings.confirmation_alarm_hours),
            ),
            pause_before=limits.pause_before,
            public_url=settings.public_address(),
            vault=adapters.vault,
            recordings=adapters.recordings,
            recording_storage=adapters.recording_storage,
        )
        await _note_keys(database, adapters.vault)
        if keeps_policy:
            is_of_settings = settings.policy_file is not None
            await keep_policy(parts, adapters.policy, adapters.policy_document, is_of_settings=is_of_settings)
        yield parts


async def refuse_without_keys(url: str, vault: Vault) -> None:
    """Raises SettingError where stored data is sealed with a master key that is not given: before anything is begun."""
    database = Database(url, pool_size=1)
    try:
        await _note_keys(database, vault)
    finally:
        await database.close()


async def _note_keys(database: Database, vault: Vault) -> None:
    async with database.transaction() as conn:
        await note_keys(conn, vault)


def handlers_of(parts: Parts) -> dict[str, Handler]:
    """What is done with each kind of job."""
    return {
        schedule.UNDERSTAND: partial(understand, parts),
        schedule.MATCH: partial(match_call, parts),
        schedule.DECIDE: partial(decide_action, parts),
        schedule.EXECUTE: partial(execute, parts),
        schedule.SETTLE: partial(settle_action, parts),
        schedule.OBSERVE: partial(observe, parts),
        schedule.UNDO: partial(back_out, parts),
        schedule.SYNC_ORDERS: partial(sync_orders_job, parts),
        schedule.RECONCILE_CALLS: partial(reconcile_calls_job, parts),
        schedule.NOTIFY: partial(deliver, parts),
        schedule.ESCALATE: partial(escalate, parts),
        schedule.KEEP_RECORDING: partial(keep_recording, parts),
    }


def build_dialnexa(settings: Settings, mapping: CallMapping) -> DialNexa:
    key = settings.dialnexa_api_key
    http = connect_dialnexa(settings.dialnexa_base_url, key.get_secret_value()) if key else None
    return DialNexa([secret.get_secret_value() for secret in settings.dialnexa_webhook_secrets], mapping, http)


def build_recordings(settings: Settings) -> DialNexaRecordings:
    key = settings.dialnexa_api_key
    http = connect_dialnexa(settings.dialnexa_base_url, key.get_secret_value()) if key else None
    return DialNexaRecordings(settings.dialnexa_base_url, http, hosts=settings.recording_hosts)


def build_recording_storage(settings: Settings) -> RecordingFiles | None:
    url = settings.recordings_url
    return RecordingFiles(url.get_secret_value()) if url else None


def build_shops(settings: Settings) -> dict[str, Commerce]:
    key = settings.goody_api_key
    goody = Goody(settings.goody_base_url, api_key=key.get_secret_value()) if key else None
    return {goody.name: goody} if goody else {}


def _budgets_of(settings: Settings) -> dict[str, int]:
    """Requests a minute, of the vendors that were given a budget."""
    given = {"goody": settings.goody_requests_per_minute, "dialnexa": settings.dialnexa_requests_per_minute}
    return {vendor: per_minute for vendor, per_minute in given.items() if per_minute is not None}


def _share(limits: Limits, adapters: Adapters) -> None:
    """Adapters are built before a database is there; from here on their requests are reckoned with all others'."""
    for adapter in (adapters.calls, adapters.recordings, *adapters.shops.values(), *adapters.histories.values()):
        http = getattr(adapter, "http", None)
        if isinstance(http, VendorHttp):
            http.limits = limits


def build_histories(settings: Settings) -> dict[str, OrderHistory]:
    key = settings.goody_api_key
    history = GoodyHistory(settings.goody_base_url, api_key=key.get_secret_value()) if key else None
    return {history.name: history} if history else {}


def build_notifiers(settings: Settings) -> dict[ChannelKind, Notifier]:
    """Mail takes settings; a webhook, the variables that the mapping file names."""
    variables = channel_variables()
    notifiers: dict[ChannelKind, Notifier] = {
        ChannelKind.SLACK: SlackHooks(variables),
        ChannelKind.WEBHOOK: SignedWebhooks(variables, SystemClock()),
    }
    if settings.smtp_url is not None and settings.mail_from is not None:
        server = MailServer.of_url(settings.smtp_url.get_secret_value())
        notifiers[ChannelKind.MAIL] = Mailer(server, settings.mail_from)
    return notifiers


def _find_caller_mail(notifiers: Mapping[ChannelKind, Notifier]) -> CallerMail | None:
    mail = notifiers.get(ChannelKind.MAIL)
    return mail if isinstance(mail, Mailer) else None
