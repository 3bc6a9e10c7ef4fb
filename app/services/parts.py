"""What the services work with; bootstrap fills it once a process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.core.actions import ActionWords
from app.core.policy import Policy
from app.core.routing import ChannelKind, Routing
from app.core.weights import Weights
from app.db.engine import Database
from app.ports.clock import Clock
from app.ports.commerce import Commerce
from app.ports.notify import CallerMail, Notifier
from app.ports.senders import CallSource, Sender


@dataclass(frozen=True)
class Parts:
    database: Database
    clock: Clock
    senders: Mapping[str, Sender]  # by name; one that is not configured is absent
    calls: CallSource
    shops: Mapping[str, Commerce]  # by name
    policy: Policy  # of the settings: what a database starts with that holds none yet
    parse_policy: Callable[[str], Policy]  # raises SettingError naming line and place
    words: ActionWords
    weights: Weights
    routing: Routing = field(default_factory=Routing)
    notifiers: Mapping[ChannelKind, Notifier] = field(default_factory=dict)  # one that is not configured is absent
    known_policies: dict[str, Policy] = field(default_factory=dict)  # by version; read once, since none ever changes
    caller_mail: CallerMail | None = None  # None where no mail is configured
    public_url: str = "http://127.0.0.1:8080"  # what links in handoffs begin with


# Machine actors, by the names the audit shows.
INTAKE = "system:intake"
UNDERSTANDER = "system:understander"
MATCHER = "system:matcher"
POLICY = "system:policy"
EXECUTOR = "system:executor"
MIRROR = "system:mirror"
SETTINGS = "system:settings"
RELEASE = "system:release"
NOTIFIER = "system:notifier"
