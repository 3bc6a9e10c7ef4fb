"""The kinds of action that are put through the chaos: a line each. A new kind of the executor is added by its line."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# What a mail is called where all else is called by a route of the shop.
MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Kind:
    """How often it is called for, who has to say yes, by which routes the shop does it, and where it may end."""

    weight: int  # 0: only in the runs that kill at every point
    is_by_people: bool = False
    acts: tuple[str, ...] = ()  # what judge.act_of calls its writes, one a write
    is_readable: bool = True  # False: no read shows whether it was done, so a lost answer is a person's to settle
    ends: frozenset[str] = frozenset({"done"})
    has_order: bool = True
    order: Mapping[str, str] = field(default_factory=dict)  # how the order was made at the shop
    analysis: Mapping[str, str] = field(default_factory=dict)  # what the call says besides; {name} is the caller's
    after: str = ""  # the kind that the caller called for before, and got


# What happens to an order behind our back may make any wish moot, impossible, or a matter for the shop's support.
KINDS: Mapping[str, Kind] = {
    "cancel_order": Kind(weight=5, is_by_people=True, acts=("cancel",)),
    "refund_order": Kind(weight=2, is_by_people=True, acts=("cancel",)),
    "extend_expiration": Kind(weight=5, acts=("update_expiration",)),
    "send_order": Kind(
        weight=2, is_by_people=True, acts=("order_batches",), has_order=False, analysis={"Product": "Cookies"}
    ),
    "change_address": Kind(
        weight=2,
        is_by_people=True,
        acts=("order_batches", "cancel"),
        order={"send_method": "direct_send"},
        analysis={"New Address": "5 New Street, Springfield, IL 62704"},
    ),
    # Of endpoints there are few, and each would be told of everything.
    "create_webhook": Kind(
        weight=0,
        is_by_people=True,
        acts=("webhooks",),
        is_readable=False,
        has_order=False,
        analysis={"New Value": "https://hooks.example.com/{name}", "Owner": "operations"},
    ),
    "delete_webhook": Kind(
        weight=0,
        is_by_people=True,
        acts=("DELETE webhooks",),
        is_readable=False,
        has_order=False,
        analysis={"Old Value": "https://hooks.example.com/{name}", "Owner": "operations"},
        after="create_webhook",
    ),
    # Its act is a mail, for which the storms have no server.
    "resend_gift_link": Kind(weight=0, acts=(MAIL,), is_readable=False),
    "order_status": Kind(weight=2),
    "route_buying_intent": Kind(weight=2, ends=frozenset({"handed_off"}), has_order=False, analysis={"product": "Tea"}),
}

# Those that are killed at every point of the way, one run a point.
KINDS_WITH_AN_ACT = tuple(name for name, kind in KINDS.items() if kind.acts)
# A call that nobody answered leads to no action at all.
HANGUP = "hangup"
HANGUP_WEIGHT = 1
