"""Who signed a delivery: HMAC-SHA256 over the raw body, under either header name and with or without a prefix.

DialNexa's documents disagree on header and prefix, so both are accepted. A digest over the inner `payload` alone, which
one source reports, is refused: it would leave `event_type` unsigned.
"""

import hmac
import re
from collections.abc import Mapping, Sequence

HEADERS = ("x-dialnexa-signature", "x-nexa-signature")
_PREFIX = "sha256="
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> str | None:
    """The variant that matched, e.g. `x-nexa-signature sha256= secret#1` (counted from 1); None where none did."""
    expected = [(place, _sign(body, secret)) for place, secret in enumerate(secrets, start=1) if secret.strip()]
    for header in HEADERS:
        read = _read_digest(headers.get(header, ""))
        if read is None:
            continue
        form, digest = read
        # Every secret is compared, so that the time taken does not tell which one is in use.
        matched = [place for place, wanted in expected if hmac.compare_digest(wanted, digest)]
        if matched:
            return f"{header} {form} secret#{matched[0]}"
    return None


def _sign(body: bytes, secret: str) -> str:
    # An environment variable that is not UTF-8 reaches Python as surrogate escapes; this gives its bytes back.
    return hmac.digest(secret.encode("utf-8", "surrogateescape"), body, "sha256").hex()


def _read_digest(value: str) -> tuple[str, str] | None:
    """How the digest is written, and its hex in lower case."""
    text = value.strip()
    form = "bare"
    if text[: len(_PREFIX)].lower() == _PREFIX:
        form, text = _PREFIX, text[len(_PREFIX) :]
    digest = text.lower()
    return (form, digest) if _DIGEST.fullmatch(digest) else None
