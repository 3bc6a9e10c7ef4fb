"""Who may ask for what: a table of the policy document, read by the role the caller has to the order.

It says what somebody in that role may ask for at all; whether it is then done alone is the rest of the policy's matter.
"""

from collections.abc import Mapping
from enum import StrEnum

from app.core.actions import ActionKind, touches_order
from app.core.identity import Role
from app.core.orders import OrderStage


class Entitlement(StrEnum):
    ALLOWED = "allowed"
    REVIEW = "review"  # a person looks first
    REFUSED = "refused"  # the other side of the gift decides about it: a person who looks has a reason to refuse


class Entry(StrEnum):
    """What the table may say of a kind and a role."""

    ALLOWED = "allowed"
    ALLOWED_WHILE_OPEN = "allowed_while_open"  # until the gift is accepted; a person looks afterwards
    REVIEW = "review"
    REFUSED = "refused"


EntitlementTable = Mapping[ActionKind, Mapping[Role, Entry]]


def entitlement_of(table: EntitlementTable, kind: ActionKind, role: Role, stage: OrderStage | None) -> Entitlement:
    """What the table does not say is for people; a kind that is about no order asks for no role to one."""
    if kind not in table:
        return Entitlement.REVIEW if touches_order(kind) else Entitlement.ALLOWED
    entry = table[kind].get(role, Entry.REVIEW)
    if entry is Entry.ALLOWED_WHILE_OPEN:
        return Entitlement.ALLOWED if stage is OrderStage.OPEN else Entitlement.REVIEW
    return Entitlement(entry)
