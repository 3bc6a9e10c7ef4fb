"""The queue of people, and what they decide. Each verb is a POST on a noun; If-Match carries the version seen."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actions import ActionKind
from app.core.policy import Decision
from app.db import reviews as db_reviews
from app.db.actions import get_action
from app.db.reviews import ReviewRecord, list_approvals, list_notes
from app.db.tokens import TokenRecord
from app.errors import InputError
from app.services import review as people
from app.services.parts import Parts
from app.services.review import Decider, Word
from app.web.api.calls import show_actions
from app.web.api.views import show_review
from app.web.deps import DeciderToken, PartsDep, Reader
from app.web.errors import PreconditionRequiredError
from app.web.paging import Cursor, Limit, page, read_cursor, write_cursor

router = APIRouter(prefix="/v1/reviews", tags=["reviews"])

IfMatch = Annotated[
    str | None, Header(alias="If-Match", description='The `version` of the review you have seen, e.g. "3".')
]


class Reason(BaseModel):
    """Why, for the record."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason_code: str | None = Field(
        None, min_length=1, max_length=64, description="A short code of your own catalogue."
    )
    note: str | None = Field(None, min_length=1, max_length=4000)


class Rejection(Reason):
    reason_code: str = Field(min_length=1, max_length=64, description="A short code of your own catalogue.")


class WrittenNote(Reason):
    note: str = Field(min_length=1, max_length=4000)


@router.get("", summary="The queue, most urgent first")
async def list_reviews(
    parts: PartsDep,
    _reader: Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
    status: Annotated[Literal["open", "approved", "rejected", "lapsed"] | None, Query()] = None,
    kind: ActionKind | None = None,
    call_id: str | None = None,
    queue: Annotated[str | None, Query(max_length=60, description="A part of the queue, by the policy's word.")] = None,
) -> dict[str, Any]:
    after = read_cursor(cursor, int, datetime, UUID)
    async with parts.database.transaction() as conn:
        records = await db_reviews.list_reviews(
            conn,
            status=status,
            kind=kind,
            call_id=call_id,
            queue=queue,
            after=(after[0], after[1], after[2]) if after else None,
            limit=limit,
        )
        rows = await _show(conn, records)
    return page(
        rows, limit, write_cursor(records[-1].priority, records[-1].due_at, records[-1].id) if records else None
    )


@router.get("/{review_id}", summary="One review with all that is needed to decide it")
async def get_review(parts: PartsDep, _reader: Reader, review_id: UUID, response: Response) -> dict[str, Any]:
    return await _answer(parts, review_id, response)


@router.post("/{review_id}/claim", summary="Take it for 15 minutes")
async def post_claim(
    parts: PartsDep, by: DeciderToken, review_id: UUID, response: Response, if_match: IfMatch = None
) -> dict[str, Any]:
    await people.claim(parts, review_id, _decider(by), _version(if_match))
    return await _answer(parts, review_id, response)


@router.post("/{review_id}/release", summary="Give it back to the queue")
async def post_release(
    parts: PartsDep, by: DeciderToken, review_id: UUID, response: Response, if_match: IfMatch = None
) -> dict[str, Any]:
    await people.release(parts, review_id, _decider(by), _version(if_match))
    return await _answer(parts, review_id, response)


@router.post("/{review_id}/notes", summary="Note something for whoever decides")
async def post_note(
    parts: PartsDep, by: DeciderToken, review_id: UUID, note: WrittenNote, response: Response, if_match: IfMatch = None
) -> dict[str, Any]:
    await people.add_note(parts, review_id, _decider(by), Word(note.reason_code, note.note, _version(if_match)))
    return await _answer(parts, review_id, response)


@router.post("/{review_id}/approval", summary="Yes, to exactly what the review shows")
async def post_approval(
    parts: PartsDep,
    by: DeciderToken,
    review_id: UUID,
    response: Response,
    reason: Reason | None = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    await people.approve(parts, review_id, _decider(by), _word(reason, if_match))
    return await _answer(parts, review_id, response)


@router.post("/{review_id}/rejection", summary="No, with a reason code")
async def post_rejection(
    parts: PartsDep, by: DeciderToken, review_id: UUID, reason: Rejection, response: Response, if_match: IfMatch = None
) -> dict[str, Any]:
    await people.reject(parts, review_id, _decider(by), _word(reason, if_match))
    return await _answer(parts, review_id, response)


@router.post("/{review_id}/assistance", summary="Done, or asked for, at the shop by hand")
async def post_assistance(
    parts: PartsDep,
    by: DeciderToken,
    review_id: UUID,
    response: Response,
    reason: Reason | None = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    await people.say_assisted(parts, review_id, _decider(by), _word(reason, if_match))
    return await _answer(parts, review_id, response)


def _decider(token: TokenRecord) -> Decider:
    return Decider(name=token.name, role=token.role)


def _word(reason: Reason | None, if_match: str | None) -> Word:
    version = _version(if_match)
    if version is None:
        raise PreconditionRequiredError
    return Word(reason.reason_code if reason else None, reason.note if reason else None, version)


def _version(if_match: str | None) -> int | None:
    """The version an If-Match names, as an ETag or bare."""
    if if_match is None:
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if not text.isdecimal() or len(text) > 9:
        raise InputError("If-Match", 'has to be the version of the review, e.g. "3"')
    return int(text)


async def _answer(parts: Parts, review_id: UUID, response: Response) -> dict[str, Any]:
    async with parts.database.transaction() as conn:
        review = await db_reviews.get_review(conn, review_id)
        (row,) = await _show(conn, [review], with_notes=True)
    response.headers["ETag"] = f'"{review.version}"'
    return row


async def _show(
    conn: AsyncConnection, records: list[ReviewRecord], *, with_notes: bool = False
) -> list[dict[str, Any]]:
    decided = [await get_action(conn, record.action_id) for record in records]
    actions = await show_actions(conn, decided)
    approvals = await list_approvals(conn, [record.id for record in records])
    return [
        show_review(record, action, approvals[record.id], await list_notes(conn, record.id) if with_notes else ())
        | _asked_by(by.decision)
        for record, action, by in zip(records, actions, decided, strict=True)
    ]


def _asked_by(decision: Decision | None) -> dict[str, Any]:
    """Which part of the queue it waits in, and by which rules."""
    return {
        "queue": decision.queue if decision else None,
        "reason_codes": decision.reason_codes if decision else [],
    }
