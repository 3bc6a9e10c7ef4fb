"""The HTTP client of every test process that talks to a service or a twin."""

from typing import Any

import httpx


def client_of(url: str, *, timeout: float = 30, **more: Any) -> httpx.Client:
    """Gives up an idle connection sooner than uvicorn, which closes it after five seconds: neither may think that it is
    open while the other closes it, or a request gets no answer where nobody is to blame.
    """
    limits = httpx.Limits(keepalive_expiry=2)
    return httpx.Client(base_url=url, timeout=timeout, limits=limits, trust_env=False, **more)
