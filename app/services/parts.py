"""What the services work with; bootstrap fills it once a process."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.core.actions import ActionWords
from app.core.policy import Policy
from app.core.weights import Weights
from app.db.engine import Database
from app.ports.clock import Clock
from app.ports.commerce import Commerce
from app.ports.senders import CallSource, Sender


@dataclass(frozen=True)
class Parts:
    database: Database
    clock: Clock
    senders: Mapping[str, Sender]  # by name; one that is not configured is absent
    calls: CallSource
    shops: Mapping[str, Commerce]  # by name
    policy: Policy
    words: ActionWords
    weights: Weights


# Machine actors, by the names the audit shows.
INTAKE = "system:intake"
UNDERSTANDER = "system:understander"
MATCHER = "system:matcher"
POLICY = "system:policy"
EXECUTOR = "system:executor"
MIRROR = "system:mirror"
