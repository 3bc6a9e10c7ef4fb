"""The key behind a secret of the Standard Webhooks scheme, which Svix uses as well: `whsec_` and base64."""

import base64
import binascii

SHORTEST_KEY_BYTES = 16  # Svix makes 24; a key that can be guessed proves nothing


def read_key(secret: str) -> bytes | None:
    """None where it is no such secret. The libraries drop characters that are not base64, and then use another key."""
    text = secret.strip().removeprefix("whsec_").rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) >= SHORTEST_KEY_BYTES else None
