"""What the services work with; bootstrap fills it once a process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from app.core.actions import ActionWords
from app.core.alarms import AlarmTimes
from app.core.policy import Policy
from app.core.routing import ChannelKind, Routing
from app.core.weights import Weights
from app.db.engine import Database
from app.db.vault import Vault
from app.ports.clock import Clock
from app.ports.commerce import Commerce
from app.ports.history import OrderHistory
from app.ports.notify import CallerMail, Notifier
from app.ports.recordings import NoRecordings, RecordingSource, RecordingStorage
from app.ports.senders import CallSource, Sender
from app.services.work import Pause, at_once


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
    vault: Vault = field(default_factory=Vault)  # without a key nothing is sealed
    recordings: RecordingSource = field(default_factory=NoRecordings)
    recording_storage: RecordingStorage | None = None  # None where no recordings are kept
    alarm_times: AlarmTimes = field(default_factory=AlarmTimes)
    pause_before: Pause = at_once  # seconds until a job is worth beginning: services/breaker.py
    histories: Mapping[str, OrderHistory] = field(default_factory=dict)  # of the shops, by name
    reconcile_every: timedelta = timedelta(minutes=5)  # webhooks tell at once; this is the net below them
    public_url: str = "http://127.0.0.1:8080"  # what links in handoffs begin with


# Machine actors, by the names the audit shows.
INTAKE = "system:intake"
UNDERSTANDER = "system:understander"
MATCHER = "system:matcher"
POLICY = "system:policy"
EXECUTOR = "system:executor"
MIRROR = "system:mirror"
RECONCILER = "system:reconciler"
SETTINGS = "system:settings"
RELEASE = "system:release"
NOTIFIER = "system:notifier"
ARCHIVIST = "system:archivist"
WATCHMAN = "system:watchman"
