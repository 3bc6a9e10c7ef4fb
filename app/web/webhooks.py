"""Where vendors post. A 2xx is a receipt: the delivery is committed before it leaves."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from app.services.receive import receive
from app.web.deps import PartsDep
from app.web.errors import TooLargeError, problem
from app.web.metrics import DELIVERIES

router = APIRouter(tags=["webhooks"])

# A transcript of two hours with the time of every turn is about 1 MB; vendors document no bound of their own.
MOST_BYTES = 4 * 1024 * 1024


async def read_body(request: Request, *, limit: int = MOST_BYTES) -> bytes:
    """The raw bytes. Raises TooLargeError as soon as there are too many, without holding them."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise TooLargeError(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLargeError(limit)
    return bytes(body)


@router.post("/webhooks/dialnexa", summary="DialNexa posts a call event")
async def post_dialnexa(request: Request, parts: PartsDep) -> Response:
    refusal = await _take_in(request, parts, "dialnexa")
    return refusal or JSONResponse({"received": True})


@router.post("/webhooks/goody", summary="Goody posts an order event", status_code=204)
async def post_goody(request: Request, parts: PartsDep) -> Response:
    refusal = await _take_in(request, parts, "goody")
    return refusal or Response(status_code=204)


async def _take_in(request: Request, parts: PartsDep, name: str) -> Response | None:
    """None once it is stored, else the answer that says why it is not."""
    body = await read_body(request)
    sender = parts.senders.get(name)
    if sender is None:
        setting = f"HANDOFF_{name.upper()}_WEBHOOK_SECRETS"
        return problem(
            503, "This webhook is not configured", f"Set {setting}; without it nobody's signature can be checked."
        )
    # A header may come twice; joined as HTTP joins them, so that a second one cannot hide the first.
    headers: dict[str, str] = {}
    for key, value in request.headers.items():
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    receipt = await receive(parts, sender, headers, body)
    if receipt is None:
        DELIVERIES.labels(sender=name, outcome="bad_signature").inc()
        return problem(
            401,
            "The signature does not match",
            "It has to be made with one of the secrets of this endpoint over the raw body.",
        )
    outcome = "parked" if receipt.envelope.parked_reason else "accepted"
    DELIVERIES.labels(sender=name, outcome=outcome if receipt.is_new else "seen_before").inc()
    return None
