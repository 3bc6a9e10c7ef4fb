"""Faults that a twin can be told to have: which request or event they hit, how often, and how a connection is cut.

Knows no vendor; a twin's front asks the board at every request, its webhook sender at every event.
"""

import re
from random import Random
from typing import Literal, Self

import httpx
from fastapi import status
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.types import Receive, Send

REQUEST_KINDS = frozenset({"latency", "status", "answer_lost", "status_after", "close"})


class Match(BaseModel):
    """What a fault hits; what is left out matches all. `path` and `event` are searched as regular expressions."""

    model_config = ConfigDict(extra="forbid")

    method: str | None = None
    path: str | None = None
    event: str | None = None

    @model_validator(mode="after")
    def _is_readable(self) -> Self:
        for pattern in (self.path, self.event):
            try:
                re.compile(pattern or "")
            except re.error as error:
                raise ValueError(f"not a regular expression: {pattern}") from error
        return self


class Fault(BaseModel):
    """
    latency            waits `ms` before the act; the request was read in full, so a client's giving up undoes nothing
    status             answers `status` instead of acting (with Retry-After, if `retry_after` is given)
    answer_lost        acts, then closes the connection without an answer
    status_after       acts, then answers `status`
    close              closes the connection without acting
    webhook_drop       the event is never sent
    webhook_delay      the event is sent `ms` later
    webhook_duplicate  the event is sent twice under one message id
    webhook_reorder    the event waits until a later one has been delivered
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal[
        "latency",
        "status",
        "answer_lost",
        "status_after",
        "close",
        "webhook_drop",
        "webhook_delay",
        "webhook_duplicate",
        "webhook_reorder",
    ]
    match: Match = Field(default_factory=Match)
    ms: int = Field(default=0, ge=0)
    status: int = Field(default=status.HTTP_500_INTERNAL_SERVER_ERROR, ge=400, le=599)
    retry_after: int | None = Field(default=None, ge=0)
    error: str = "Something went wrong"
    times: int | None = Field(default=None, ge=1)  # None: for ever
    probability: float = Field(default=1.0, ge=0, le=1)
    hits: int = Field(default=0, ge=0, le=0)  # counted by the board, not given

    @property
    def is_for_requests(self) -> bool:
        return self.kind in REQUEST_KINDS


class FaultBoard:
    """The faults in force, in the order they were set. Chances come from a seed, so that a run can be repeated."""

    def __init__(self, seed: int) -> None:
        self.faults: list[Fault] = []
        self._seed = seed
        self._dice = Random(f"{seed}:faults")

    def clear(self) -> None:
        self.faults.clear()
        self._dice = Random(f"{self._seed}:faults")

    def strike_request(self, method: str, path: str) -> tuple[float, Fault | None]:
        """Seconds to wait, and the first fault that decides about the answer; later ones keep their `times`."""
        seconds = 0.0
        for fault in self.faults:
            if not (fault.is_for_requests and _hits_request(fault.match, method, path) and self._fires(fault)):
                continue
            if fault.kind != "latency":
                return seconds, fault
            seconds += fault.ms / 1000
        return seconds, None

    def strike_webhook(self, event: str) -> dict[str, Fault]:
        """By kind: one event can be late and doubled."""
        return {
            fault.kind: fault
            for fault in self.faults
            if not fault.is_for_requests and re.search(fault.match.event or "", event) and self._fires(fault)
        }

    def _fires(self, fault: Fault) -> bool:
        is_spent = fault.times is not None and fault.hits >= fault.times
        if is_spent or self._dice.random() >= fault.probability:
            return False
        fault.hits += 1
        return True


async def cut_connection(receive: Receive, send: Send) -> None:
    """Closes the client's connection without a byte of answer, which no ASGI message can ask for.

    uvicorn's `send` is a method of the object that holds the socket's transport. Waiting for the disconnect lets
    uvicorn notice it before the app returns; otherwise it would complain that no answer was started.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        # Called in-process (httpx.ASGITransport): no socket is there to close, so the client's own error is raised.
        raise httpx.RemoteProtocolError("the twin closed the connection without an answer")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


def _hits_request(match: Match, method: str, path: str) -> bool:
    is_method = match.method is None or match.method.upper() == method
    return is_method and re.search(match.path or "", path) is not None
