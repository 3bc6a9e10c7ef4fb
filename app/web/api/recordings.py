"""Listening to calls: a fresh link or the kept copy, what is kept of which call, and having it tried again.

Its routes go before those of calls, whose path would take them for the end of a call id.
"""

import base64
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse, StreamingResponse

from app.db.evidence import RecordingRecord
from app.db.evidence import list_recordings as db_list_recordings
from app.db.tokens import TokenRecord
from app.ports.recordings import RecordingLink
from app.services.keep_recording import await_recording_again
from app.services.recording_link import Absence, NotThere, find_link, open_kept
from app.web.api.views import recording_path, show_recording
from app.web.deps import PartsDep, Reader, bearer_with
from app.web.errors import problem
from app.web.paging import Cursor, Limit, page, read_cursor, write_cursor

router = APIRouter(prefix="/v1", tags=["recordings"])

Mender = Annotated[TokenRecord, Depends(bearer_with("approver", "admin"))]
# Whoever has a link or the bytes can listen: no proxy and no browser keeps them.
NOT_TO_BE_KEPT = {"Cache-Control": "no-store"}
_STATUS_OF = {
    Absence.NO_KEY: (503, "The link cannot be renewed"),
    Absence.GONE: (410, "The recording is gone"),
    Absence.UNAVAILABLE: (503, "DialNexa does not answer"),
}


@router.get("/recordings", summary="What is kept of which call, newest first; status=missing: what never came")
async def list_recordings(
    parts: PartsDep,
    _reader: Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
    status: Literal["awaited", "kept", "missing"] | None = None,
) -> dict[str, Any]:
    before = read_cursor(cursor, datetime, str)
    async with parts.database.transaction() as conn:
        records = await db_list_recordings(
            conn, status=status, before=(before[0], before[1]) if before else None, limit=limit
        )
    last = write_cursor(records[-1].awaited_since, records[-1].call_id) if records else None
    return page([show_recording(record) for record in records], limit, last)


@router.get("/calls/{call_id:path}/recording/audio", summary="The kept copy itself", response_class=StreamingResponse)
async def get_audio(parts: PartsDep, reader: Reader, call_id: str) -> StreamingResponse:
    """Checked against its hash before the first byte leaves. Who listens is in the audit."""
    kept, pieces = await open_kept(parts, call_id, by=reader.name)
    digest = base64.b64encode(kept.sha256 or b"").decode()
    headers = {
        "Content-Length": str(kept.size_bytes),
        "Repr-Digest": f"sha-256=:{digest}:",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(pieces, media_type=kept.media_type, headers=NOT_TO_BE_KEPT | headers)


@router.get("/calls/{call_id:path}/recording", summary="Where to listen to it now: the kept copy, or a fresh link")
async def get_recording(parts: PartsDep, reader: Reader, call_id: str) -> Response:
    """A link that DialNexa just renewed lives for about seven days. Who asks is in the audit, the link is not."""
    found = await find_link(parts, call_id, by=reader.name)
    match found:
        case NotThere():
            status, title = _STATUS_OF[found.why]
            wait = found.retry_after_seconds
            headers = {"Retry-After": str(round(wait))} if wait is not None else None
            return problem(status, title, found.says, headers=headers, why=found.why)
        case RecordingLink():
            return _show(call_id, "dialnexa", found.url)
        case RecordingRecord():
            return _show(call_id, "kept", f"{parts.public_url}{recording_path(call_id)}/audio", found)


@router.post("/calls/{call_id:path}/recording/retry", summary="Have a missing one fetched after all", status_code=202)
async def retry(parts: PartsDep, by: Mender, call_id: str) -> dict[str, str]:
    await await_recording_again(parts, call_id, by=by.name)
    return {"call_id": call_id, "status": "awaited"}


def _show(call_id: str, source: str, url: str, kept: RecordingRecord | None = None) -> Response:
    shown = {
        "call_id": call_id,
        "source": source,
        "url": url,
        "sha256": kept.sha256.hex() if kept and kept.sha256 else None,
        "size_bytes": kept.size_bytes if kept else None,
    }
    return JSONResponse(shown, headers=NOT_TO_BE_KEPT)
