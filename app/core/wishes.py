"""What a caller wants, as the end of a sentence that begins with "The caller"."""

from collections.abc import Mapping

from app.core.actions import ActionKind

K = ActionKind
WANTS: Mapping[ActionKind, str] = {
    K.ORDER_STATUS: "asks where the order is",
    K.EXTEND_EXPIRATION: "wants more time to accept the gift",
    K.RESEND_GIFT_LINK: "wants the gift link again",
    K.CANCEL_ORDER: "wants the order cancelled",
    K.REFUND_ORDER: "wants a refund",
    K.CHANGE_ADDRESS: "wants another delivery address",
    K.REPORT_DAMAGE: "reports a damaged item",
    K.REPORT_MISSING_ITEM: "reports a missing item",
    K.RETURN_ORDER: "wants to return the order",
    K.SUBSTITUTE_ITEM: "wants another item instead",
    K.SEND_ORDER: "wants a gift sent",
    K.CREATE_WEBHOOK: "asks for a new webhook",
    K.DELETE_WEBHOOK: "asks to remove a webhook",
    K.ROUTE_BUYING_INTENT: "is interested in buying",
    K.CHANGE_BOOKING: "wants to change a booking",
    K.FOLLOW_UP: "expects somebody to come back",
    K.ESCALATE: "asks for somebody in charge",
    K.CREATE_SUBSCRIBER_CHANNEL: "wants to be told by a new channel",
    K.UPDATE_SUBSCRIBER_CHANNEL: "changes how we may contact them",
    K.UPDATE_CONTACT: "changes their contact details",
    K.NONE: "asked for nothing",
}
