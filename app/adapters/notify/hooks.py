"""Where a channel's URL and secret come from: environment variables, by the names that the mapping file gives them."""

from collections.abc import Mapping

from app.adapters.http import is_web_address
from app.errors import DestinationMissingError


def address_of(variables: Mapping[str, str], name: str) -> str:
    """Raises DestinationMissingError, naming the variable and never what it holds."""
    url = variables.get(name)
    if url is None:
        raise DestinationMissingError(f"{name} is not set")
    if not is_web_address(url):
        raise DestinationMissingError(f"{name} holds no http(s) address")
    return url
