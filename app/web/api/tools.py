"""What a voice agent may call while it speaks with somebody. A readable question is always answered: agents must not
stall.
"""

import json
import re
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from app.core.calls import Direction
from app.core.disclosure import Level
from app.db.tokens import TokenRecord
from app.errors import InputError
from app.services.lookup import HEARD_FIELDS, Question, look_up
from app.web.deps import PartsDep, bearer_with
from app.web.webhooks import read_body

router = APIRouter(prefix="/v1/tools", tags=["tools"])

Agent = Annotated[TokenRecord, Depends(bearer_with("agent", "admin"))]

# A few facts of one call; whole transcripts do not belong here.
MOST_BYTES = 16 * 1024
LONGEST_FACT = 300
LONGEST_CALL_ID = 200
MOST_DIGITS = 10**40
LONGEST_KEY_SHOWN = 64
MOST_KEYS_SHOWN = 20
# DialNexa documents no form of the body: the arguments may stand alone or in one of these.
WRAPPINGS = ("args", "arguments", "parameters")
ABOUT_THE_CALL = ("call_id", "caller_number", "direction")
# A variable without a value is sent as its own name.
UNRESOLVED = re.compile(r"\{\{.*?\}\}", re.DOTALL)
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class OrderTold(BaseModel):
    """Null is what may not be said at this level, or what the shop does not show."""

    status: str | None
    payment: str | None
    delivery_promise: str | None
    expires_on: str | None
    items: list[str] | None
    eligibility: dict[str, str] | None


class LookupAnswer(BaseModel):
    level: Level = Field(description="How sure we are who is calling about which order.")
    say: str = Field(description="May be read out as it stands.")
    order: OrderTold | None
    may_offer: list[str] = Field(description="Kinds of action that the agent may offer to take down.")
    ask_next: str | None = Field(description="The fact that would help most; null where none would.")
    ignored: list[str] = Field(description="Keys of the body that this tool does not read.")


TEXT = {"type": "string", "maxLength": LONGEST_FACT}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "properties": dict.fromkeys((*ABOUT_THE_CALL, *HEARD_FIELDS), TEXT)}
            }
        },
    }
}


@router.post("/order-lookup", summary="What an agent may say of the caller's order", openapi_extra=BODY)
async def post_order_lookup(request: Request, parts: PartsDep, agent: Agent) -> LookupAnswer:
    body = _read_object(await read_body(request, limit=MOST_BYTES))
    question = Question(
        call_id=_call_id(body),
        caller_number=_fact(body, "caller_number"),
        direction=next((each for each in Direction if each == (_fact(body, "direction") or "").lower()), None),
        heard={name: said for name in HEARD_FIELDS if (said := _fact(body, name))},
    )
    told = await look_up(parts, question, asked_by=agent.name)
    return LookupAnswer.model_validate({**asdict(told), "ignored": _ignored(body)})


def _read_object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise InputError("body", "is not JSON") from None
    if not isinstance(content, dict):
        raise InputError("body", "has to be an object")
    for wrapping in WRAPPINGS:
        inner = content.get(wrapping)
        if isinstance(inner, dict):
            rest = {key: value for key, value in content.items() if key != wrapping}
            return {**rest, **inner}
    return content


def _call_id(body: dict[str, Any]) -> str | None:
    call_id = _fact(body, "call_id")
    if call_id is not None and len(call_id) > LONGEST_CALL_ID:
        raise InputError("call_id", f"is longer than {LONGEST_CALL_ID} characters")
    return call_id


def _fact(body: dict[str, Any], name: str) -> str | None:
    """The value as text; None where absent, neither text nor number, or a variable that was not filled in."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = value.strip() if isinstance(value, str) else _number(value)
    if UNSTORABLE.search(text):
        raise InputError(name, "holds a character that cannot be stored, e.g. NUL")
    return None if not text or UNRESOLVED.search(text) else text[:LONGEST_FACT]


def _number(value: float) -> str:
    """Numbers of phones and orders may come as 1001.0; what has more digits than these is nobody's."""
    if not abs(value) < MOST_DIGITS:
        return ""
    return str(int(value)) if value == int(value) else str(value)


def _ignored(body: dict[str, Any]) -> list[str]:
    unknown = [key for key in body if key not in {*ABOUT_THE_CALL, *HEARD_FIELDS}]
    return [UNSTORABLE.sub("\ufffd", key)[:LONGEST_KEY_SHOWN] for key in unknown[:MOST_KEYS_SHOWN]]
