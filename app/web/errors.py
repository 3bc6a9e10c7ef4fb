"""The one table that maps our families of errors to HTTP, and the one form an error has: RFC 9457 problem details."""

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from app.errors import (
    ConflictError,
    DamagedError,
    DestinationUnavailableError,
    ForbiddenError,
    HandoffError,
    InputError,
    NotFoundError,
    SettingError,
)
from app.web.deps import UnauthenticatedError

log = structlog.get_logger()

STATUS_OF = {
    InputError: (422, "What was sent cannot be read"),
    NotFoundError: (404, "No such record"),
    ForbiddenError: (403, "Not allowed"),
    ConflictError: (409, "The record moved or its state does not allow this"),
    DestinationUnavailableError: (503, "Somebody we need does not answer"),
    DamagedError: (500, "What was kept is not what was stored"),
    SettingError: (503, "A setting is missing or wrong"),
}


class TooLargeError(Exception):
    """The body is longer than this route takes; `limit` in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} bytes")
        self.limit = limit


class PreconditionRequiredError(Exception):
    """A decision without the version it is about."""


def problem(
    status: int, title: str, detail: str | None = None, *, headers: dict[str, str] | None = None, **more: Any
) -> JSONResponse:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(
        {name: value for name, value in body.items() if value is not None},
        status_code=status,
        headers=headers,
        media_type="application/problem+json",
    )


def install_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(HandoffError, _ours)
    app.add_exception_handler(UnauthenticatedError, _unauthenticated)
    app.add_exception_handler(TooLargeError, _too_large)
    app.add_exception_handler(PreconditionRequiredError, _precondition_required)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(PoolTimeoutError, _database)
    app.add_exception_handler(Exception, _unexpected)


def describe_errors(app: FastAPI) -> None:
    """Let the OpenAPI document tell of errors in the form they have."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        for operations in document["paths"].values():
            for operation in operations.values():
                for status, answer in operation["responses"].items():
                    if status.startswith("4") and "content" in answer:
                        answer["content"] = {"application/problem+json": {"schema": {"type": "object"}}}
        return document

    app.openapi = openapi  # type: ignore[method-assign]


async def _ours(_request: Request, error: Exception) -> JSONResponse:
    for family, (status, title) in STATUS_OF.items():
        if isinstance(error, family):
            field = error.field if isinstance(error, InputError) else None
            return problem(status, title, str(error), field=field)
    return await _unexpected(_request, error)


async def _unauthenticated(_request: Request, _error: Exception) -> JSONResponse:
    return problem(
        401,
        "A valid bearer token is needed",
        "Send Authorization: Bearer <token>; make one with: handoff token create",
        headers={"WWW-Authenticate": "Bearer"},
    )


async def _too_large(_request: Request, error: Exception) -> JSONResponse:
    return problem(413, "The body is too large", str(error))


async def _precondition_required(_request: Request, _error: Exception) -> JSONResponse:
    return problem(
        428, "If-Match is needed", 'Send the version of the review you decided upon, as its ETag says: If-Match: "3".'
    )


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    # Without the input: it may be personal data, and the client knows what it sent.
    problems = [{"field": ".".join(map(str, one["loc"])), "problem": one["msg"]} for one in error.errors()]
    first = problems[0]
    return problem(422, "What was sent cannot be read", f"{first['field']}: {first['problem']}", errors=problems)


async def _http(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers) if error.headers else None
    return problem(error.status_code, str(error.detail), headers=headers)


async def _database(_request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, DataError):
        return problem(422, STATUS_OF[InputError][1], "a text holds a character that cannot be stored, e.g. NUL")
    if isinstance(error, DBAPIError) and not error.connection_invalidated and not _is_outage(error):
        return await _unexpected(_request, error)
    log.error("database_unavailable", error=type(error).__name__)
    return problem(503, "The database is not available", "Try again shortly.", headers={"Retry-After": "2"})


def _is_outage(error: DBAPIError) -> bool:
    # Class 08 connection exception, 40 undone for the sake of another transaction, 53 insufficient resources, 57P
    # shutdown and start-up; no state: never connected.
    state = getattr(error.orig, "sqlstate", None)
    return state is None or state[:2] in {"08", "40", "53"} or state[:3] == "57P"


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    # The type alone: a message could quote what was sent.
    log.error("request_failed", route=getattr(request.scope.get("route"), "path", None), error=type(error).__name__)
    return problem(500, "Something broke on our side", "It is in the log; nothing was changed by this request.")
