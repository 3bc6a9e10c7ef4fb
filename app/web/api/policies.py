"""Versions of the policy: read by all who read, signed by approvers, drafted and published by admins."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from app.core.policy_replay import Flip, Report, show_flip, show_report
from app.db import policies as db_policies
from app.db.tokens import TokenRecord
from app.errors import InputError
from app.services import policy_lifecycle as lifecycle
from app.services.policy_lifecycle import Author, window_of_list
from app.services.replay_policy import Window
from app.web.deps import PartsDep, Reader, bearer_with
from app.web.paging import Cursor, Limit, page, read_cursor, write_cursor
from app.web.webhooks import read_body

router = APIRouter(prefix="/v1/policies", tags=["policies"])

Signer = Annotated[TokenRecord, Depends(bearer_with("approver", "admin"))]
Publisher = Annotated[TokenRecord, Depends(bearer_with("admin"))]

# The document that ships has some 40 kB; the reader of documents takes no more than this either.
MOST_DOCUMENT_BYTES = 1_000_000
# An answer shows so many of the decisions that would change, the dangerous ones first; the command shows all.
MOST_SHOWN = 1_000


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Draft(_Body):
    document: str = Field(min_length=1, max_length=MOST_DOCUMENT_BYTES, description="The YAML, as text.")
    note: str | None = Field(None, min_length=1, max_length=1000, description="Why, for whoever signs and publishes.")


class Span(_Body):
    """Which decisions are looked at; by default those of the last 30 days, from midnight UTC, until now."""

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class SignedList(Span):
    digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="`dangerous.digest` of the replay you have looked at.")


class Shadow(_Body):
    version: str = Field(min_length=1, max_length=100)


@router.get("", summary="Versions of the policy, newest first")
async def list_policies(parts: PartsDep, _reader: Reader, limit: Limit = 50, cursor: Cursor = None) -> dict[str, Any]:
    before = read_cursor(cursor, datetime, str)
    async with parts.database.transaction() as conn:
        records = await db_policies.list_versions(conn, before=(before[0], before[1]) if before else None, limit=limit)
    last = write_cursor(records[-1].drafted_at, records[-1].version) if records else None
    return page([asdict(record) for record in records], limit, last)


@router.get("/shadow/differences", summary="What the shadow would have decided otherwise, newest first")
async def list_shadow_differences(
    parts: PartsDep, _reader: Reader, limit: Limit = 50, cursor: Cursor = None
) -> dict[str, Any]:
    before = read_cursor(cursor, int)
    async with parts.database.transaction() as conn:
        shadow = (await db_policies.find_ruling(conn)).shadow
        if shadow is None:
            return page([], limit, None)
        records = await db_policies.list_differences(conn, shadow, before_id=before[0] if before else None, limit=limit)
    return page([asdict(record) for record in records], limit, write_cursor(records[-1].id) if records else None)


@router.get("/{version}", summary="One version with its document and the signatures under it")
async def get_policy(parts: PartsDep, _reader: Reader, version: str) -> dict[str, Any]:
    async with parts.database.transaction() as conn:
        record = await db_policies.get_version(conn, version)
        document = await db_policies.find_document(conn, version)
        signatures = await db_policies.list_signatures(conn, version)
    return {
        **asdict(record),
        "document": document,
        "signatures": [asdict(signature) for signature in signatures],
    }


@router.post("", summary="Keep a draft", status_code=201)
async def post_policy(request: Request, parts: PartsDep, by: Publisher, response: Response) -> dict[str, Any]:
    """JSON with `document` (the YAML as text) and `note`, or the YAML itself as `text/yaml`. 200 where it is kept
    already.
    """
    body = _read_draft(await read_body(request, limit=MOST_DOCUMENT_BYTES), request.headers.get("content-type", ""))
    record, is_new = await lifecycle.draft(parts, body.document, by=_author(by), note=body.note)
    if not is_new:
        response.status_code = 200
    return asdict(record)


@router.post("/{version}/replay", summary="What this version would decide otherwise than the live one")
async def post_replay(
    parts: PartsDep, _signer: Signer, version: str, span: Annotated[Span | None, Body()] = None
) -> dict[str, Any]:
    span = span or Span()
    now = parts.clock.now()
    window = Window(span.since or window_of_list(now).since, min(span.until or now, now))
    dangerous: list[Flip] = []
    others: list[Flip] = []

    def keep(flip: Flip) -> None:
        kept = dangerous if flip.dangers else others
        if len(kept) < MOST_SHOWN:
            kept.append(flip)

    report = await lifecycle.replay(parts, version, window, keep)
    shown = [*dangerous, *others][:MOST_SHOWN]
    return {**_show(report, version, window), "changes": [show_flip(flip) for flip in shown]}


@router.post("/{version}/signature", summary="Vouch for a list of decisions that would pass more easily")
async def post_signature(parts: PartsDep, by: Signer, version: str, body: SignedList) -> dict[str, Any]:
    window = window_of_list(parts.clock.now(), since=body.since, until=body.until)
    return asdict(await lifecycle.sign(parts, version, body.digest, by=_author(by), window=window))


@router.post("/{version}/publication", summary="Make it the live one, from the next decision on")
async def post_publication(
    parts: PartsDep, by: Publisher, version: str, span: Annotated[Span | None, Body()] = None
) -> dict[str, Any]:
    span = span or Span()
    window = window_of_list(parts.clock.now(), since=span.since, until=span.until)
    return asdict(await lifecycle.publish(parts, version, by=_author(by), window=window))


@router.post("/rollback", summary="Back to the version that was live before")
async def post_rollback(parts: PartsDep, by: Publisher) -> dict[str, Any]:
    return asdict(await lifecycle.roll_back(parts, by=_author(by)))


@router.put("/shadow", summary="Judge a version beside the live one, without effect")
async def put_shadow(parts: PartsDep, by: Publisher, body: Shadow) -> dict[str, Any]:
    await lifecycle.set_shadow(parts, body.version, by=_author(by))
    async with parts.database.transaction() as conn:
        return asdict(await db_policies.get_version(conn, body.version))


@router.delete("/shadow", summary="No shadow any more", status_code=204)
async def delete_shadow(parts: PartsDep, by: Publisher) -> None:
    await lifecycle.set_shadow(parts, None, by=_author(by))


def _author(token: TokenRecord) -> Author:
    return Author(token.name, token.role)


def _read_draft(body: bytes, content_type: str) -> Draft:
    try:
        if "yaml" in content_type:
            return Draft(document=body.decode())
        return Draft.model_validate_json(body)
    except UnicodeDecodeError as error:
        raise InputError("body", f"is not UTF-8 at byte {error.start}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "body"
        raise InputError(place, f"{first['msg']}; send the YAML itself with Content-Type: text/yaml") from None


def _show(report: Report, version: str, window: Window) -> dict[str, Any]:
    return {"version": version, "since": window.since, "until": window.until, **show_report(report)}
