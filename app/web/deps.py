"""What a route may ask for: the parts of the process, and the bearer of a token."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.db.tokens import TokenRecord, find_token
from app.errors import ForbiddenError
from app.services.parts import Parts

READERS = ("viewer", "reviewer", "approver", "admin")
DECIDERS = ("reviewer", "approver", "admin")
DIRECTORS = ("ingest", "admin")  # those who keep the contacts directory

_bearer = HTTPBearer(auto_error=False, description="A token made by `handoff token create`.")


class UnauthenticatedError(Exception):
    """No token, or one that nobody bears."""


def get_parts(request: Request) -> Parts:
    return cast("Parts", request.app.state.parts)


PartsDep = Annotated[Parts, Depends(get_parts)]


async def get_bearer(
    parts: PartsDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> TokenRecord:
    if credentials is None:
        raise UnauthenticatedError
    async with parts.database.reading() as conn:
        token = await find_token(conn, credentials.credentials)
    if token is None:
        raise UnauthenticatedError
    return token


def bearer_with(*roles: str) -> Callable[[TokenRecord], Coroutine[Any, Any, TokenRecord]]:
    """A dependency that lets these roles pass."""

    async def check(token: Annotated[TokenRecord, Depends(get_bearer)]) -> TokenRecord:
        if token.role not in roles:
            raise ForbiddenError(f"the role {token.role} may not do this; it takes one of: {', '.join(roles)}")
        return token

    return check


Reader = Annotated[TokenRecord, Depends(bearer_with(*READERS))]
Approver = Annotated[TokenRecord, Depends(bearer_with("approver", "admin"))]
DeciderToken = Annotated[TokenRecord, Depends(bearer_with(*DECIDERS))]
Director = Annotated[TokenRecord, Depends(bearer_with(*DIRECTORS))]
