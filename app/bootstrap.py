"""The only file that knows every part: from settings to a database, adapters and services that work together."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from app.adapters.dialnexa.client import connect as connect_dialnexa
from app.adapters.dialnexa.sender import DialNexa
from app.adapters.goody.client import Goody
from app.adapters.goody.webhooks import GoodyWebhooks
from app.adapters.mapping_file import load_mapping, load_routing
from app.adapters.notify.mail import Mailer, MailServer
from app.adapters.notify.slack import SlackHooks
from app.adapters.notify.webhook import SignedWebhooks
from app.adapters.policy_file import DEFAULT_POLICY_FILE, load_policy, parse_policy
from app.adapters.weights_file import load_weights
from app.core.actions import ActionWords
from app.core.mapping import CallMapping
from app.core.policy import Policy
from app.core.routing import ChannelKind, Routing
from app.core.weights import Weights
from app.db.engine import Database
from app.ports.clock import SystemClock
from app.ports.commerce import Commerce
from app.ports.notify import CallerMail, Notifier
from app.ports.senders import Sender
from app.services import schedule
from app.services.decide import decide_action
from app.services.execute import execute
from app.services.grant import grant_token
from app.services.keep_policy import keep_policy
from app.services.match import match_call
from app.services.mirror import sync_orders_job
from app.services.notify import deliver, escalate
from app.services.observe import observe
from app.services.parts import Parts
from app.services.settle import settle_action
from app.services.understand import understand
from app.services.work import Handler
from app.settings import Settings, channel_variables


@dataclass(frozen=True, slots=True)
class Adapters:
    """What a deployment's settings and files make, before anything is connected."""

    calls: DialNexa
    senders: Mapping[str, Sender]
    shops: Mapping[str, Commerce]
    policy: Policy
    policy_document: str  # what `policy` was read from
    words: ActionWords
    weights: Weights
    routing: Routing
    notifiers: Mapping[ChannelKind, Notifier]


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
        policy=load_policy(settings.policy_file),
        policy_document=(settings.policy_file or DEFAULT_POLICY_FILE).read_text("utf-8"),
        words=mapping.action_words,
        weights=load_weights(settings.weights_file),
        routing=load_routing(settings.mapping_file),
        notifiers=build_notifiers(settings),
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
        for shop in adapters.shops.values():
            stack.push_async_callback(shop.close)
        for notifier in adapters.notifiers.values():
            stack.push_async_callback(notifier.close)
        if settings.admin_token is not None:
            await grant_token(database, name="bootstrap", role="admin", token=settings.admin_token.get_secret_value())
        parts = Parts(
            database=database,
            clock=SystemClock(),
            senders=adapters.senders,
            calls=adapters.calls,
            shops=adapters.shops,
            policy=adapters.policy,
            parse_policy=partial(parse_policy, name="document"),
            words=adapters.words,
            weights=adapters.weights,
            routing=adapters.routing,
            notifiers=adapters.notifiers,
            caller_mail=_find_caller_mail(adapters.notifiers),
            public_url=settings.public_address(),
        )
        if keeps_policy:
            is_of_settings = settings.policy_file is not None
            await keep_policy(parts, adapters.policy, adapters.policy_document, is_of_settings=is_of_settings)
        yield parts


def handlers_of(parts: Parts) -> dict[str, Handler]:
    """What is done with each kind of job."""
    return {
        schedule.UNDERSTAND: partial(understand, parts),
        schedule.MATCH: partial(match_call, parts),
        schedule.DECIDE: partial(decide_action, parts),
        schedule.EXECUTE: partial(execute, parts),
        schedule.SETTLE: partial(settle_action, parts),
        schedule.OBSERVE: partial(observe, parts),
        schedule.SYNC_ORDERS: partial(sync_orders_job, parts),
        schedule.NOTIFY: partial(deliver, parts),
        schedule.ESCALATE: partial(escalate, parts),
    }


def build_dialnexa(settings: Settings, mapping: CallMapping) -> DialNexa:
    key = settings.dialnexa_api_key
    http = connect_dialnexa(settings.dialnexa_base_url, key.get_secret_value()) if key else None
    return DialNexa([secret.get_secret_value() for secret in settings.dialnexa_webhook_secrets], mapping, http)


def build_shops(settings: Settings) -> dict[str, Commerce]:
    key = settings.goody_api_key
    goody = Goody(settings.goody_base_url, api_key=key.get_secret_value()) if key else None
    return {goody.name: goody} if goody else {}


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
