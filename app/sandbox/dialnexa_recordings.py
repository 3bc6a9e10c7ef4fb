"""The DialNexa twin's store of recordings: it gives them to whoever has a signed link, for seven days by its clock.

As a customer observed them: links of a blob store, of which the REST API makes a new one whenever it is asked. The
store answers 403 to a dead or altered link and 404 where the recording was erased.
"""

import hmac
import random
from collections.abc import Callable, MutableMapping
from dataclasses import replace
from datetime import datetime

from fastapi import FastAPI, HTTPException, Response

from app.sandbox.dialnexa_bodies import TwinCall, sign_recording

_BYTES_A_SECOND = 2_000  # 16 kbit/s


def recording_of(call: TwinCall) -> bytes:
    """The same noise each time it is listened to, behind the first bytes of an MP3."""
    return b"ID3\x04" + random.Random(call.id).randbytes(int(call.duration_seconds * _BYTES_A_SECOND))


def add_recording_routes(app: FastAPI, calls: MutableMapping[str, TwinCall], clock: Callable[[], datetime]) -> None:
    @app.get("/recordings/{call_id}.mp3")
    async def get_recording(call_id: str, se: str = "", sig: str = "") -> Response:
        is_signed = hmac.compare_digest(sig.encode(), sign_recording(call_id, se).encode())
        if not is_signed or datetime.fromisoformat(se) < clock():
            raise HTTPException(403, "AuthenticationFailed")
        call = calls.get(call_id)
        if call is None or not call.has_recording:
            raise HTTPException(404, "BlobNotFound")
        return Response(recording_of(call), media_type="audio/mpeg")

    @app.delete("/_twin/calls/{call_id}/recording", status_code=204)
    async def erase_recording(call_id: str) -> None:
        calls[call_id] = replace(calls[call_id], has_recording=False)
