"""Deployments for the stories: one beside the Goody twin, one beside a shop that knows nothing of our code.

Both live as long as the pytest process, because a start takes seconds; every story brings people and orders of its own.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from foreign_client import Person, VoiceAgents
from foreign_shop import Shop, ShopWebhooks, open_shop
from running_service import DIALNEXA_SECRETS, GOODY_KEY, GOODY_WEBHOOK_SECRET, RunningService
from twin_server import Twin, running_twin


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest story first, so that processes which share the work end at the same time."""
    items.sort(key=lambda item: "nothing_is_lost_when_everything_is_killed" not in item.nodeid)


@pytest.fixture(scope="session")
def twin() -> Iterator[Twin]:
    with running_twin(key=GOODY_KEY, webhook_secret=GOODY_WEBHOOK_SECRET, orders=60) as running:
        yield running


@pytest.fixture(scope="session")
def service(twin: Twin) -> Iterator[RunningService]:
    """A deployment whose Goody is the twin, which tells it of everything."""
    with RunningService(HANDOFF_GOODY_BASE_URL=twin.url) as running:
        twin.tell(running.url)
        yield running


@pytest.fixture(scope="session")
def agents(service: RunningService) -> VoiceAgents:
    """The voice agents that call the deployment beside the twin."""
    return VoiceAgents(service.client(), DIALNEXA_SECRETS[0])


Place = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def place(service: RunningService, twin: Twin) -> Place:
    """An order at the twin that a person receives, once its webhook has told of it."""

    def place_one(person: Person, **fields: Any) -> dict[str, Any]:
        order = twin.place_for(person, is_told=True, **fields)
        service.knows(order)
        return order

    return place_one


@pytest.fixture(scope="session")
def shop() -> Iterator[Shop]:
    with open_shop(GOODY_KEY) as running:
        yield running


@pytest.fixture(scope="session")
def service_at_shop(shop: Shop) -> Iterator[RunningService]:
    """A deployment whose Goody is the foreign shop."""
    with RunningService(HANDOFF_GOODY_BASE_URL=shop.url) as running:
        yield running


@pytest.fixture(scope="session")
def agents_at_shop(service_at_shop: RunningService) -> VoiceAgents:
    return VoiceAgents(service_at_shop.client(), DIALNEXA_SECRETS[0])


@pytest.fixture(scope="session")
def shop_webhooks(service_at_shop: RunningService) -> ShopWebhooks:
    return ShopWebhooks(service_at_shop.client(), GOODY_WEBHOOK_SECRET)


@pytest.fixture(scope="session")
def place_at_shop(service_at_shop: RunningService, shop: Shop, shop_webhooks: ShopWebhooks) -> Place:
    """An order at the foreign shop that a person receives, once its webhook has told of it."""

    def place_one(person: Person, **fields: Any) -> dict[str, Any]:
        order = shop.place_for(person, **fields)
        assert shop_webhooks.tell("order.created", order).status_code == 204
        service_at_shop.knows(order)
        return order

    return place_one
