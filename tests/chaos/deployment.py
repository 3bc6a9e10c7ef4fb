"""The system under chaos: twins, Postgres behind a proxy, several `serve` and `worker` processes, one front door."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx

from app.db.migrate import migrate
from tests.chaos.cluster import Postgres
from tests.chaos.fleet import Fleet
from tests.chaos.proxy import Proxy, is_commit, is_write
from tests.clients import client_of
from tests.stories.running_service import free_port, wait_for

GOODY_KEY = "goody-key-of-the-chaos"
DIALNEXA_KEY = "key_chaos:secret"
DIALNEXA_SECRET = "dialnexa-secret-of-the-chaos"
GOODY_WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ADMIN_TOKEN = "admin-token-of-the-chaos-5a1c"
# Svix' waits between retries are minutes and hours; a run has seconds.
RETRY_SCALE = 0.02


@dataclass
class Deployment:
    """What a driver acts on. All traffic to Postgres, to the shop and to the service goes through a proxy of its own."""

    fleet: Fleet
    postgres: Postgres
    to_postgres: Proxy
    to_shop: Proxy
    front_door: Proxy
    goody: httpx.Client
    dialnexa: httpx.Client
    settings: dict[str, str]
    standby: Postgres | None = None
    serve_ports: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.front_door.port}"

    def client(self, token: str = ADMIN_TOKEN) -> httpx.Client:
        headers = {"authorization": f"Bearer {token}"}
        return client_of(self.url, headers=headers)

    def dsn(self) -> str:
        """Past the proxy: for those who look on."""
        return self.postgres.dsn("handoff", "handoff")

    def add_serves(self, number: int) -> None:
        for _ in range(number):
            port = free_port()
            self.serve_ports.append(port)
            settings = {**self.settings, "HANDOFF_PORT": str(port)}
            self.fleet.add(f"serve-{len(self.serve_ports)}", "app", "serve", "--no-worker", settings=settings)
        self.front_door.target = tuple(self.serve_ports)

    def open_for_business(self) -> None:
        """Once they all serve, both vendors' webhooks come to the front door."""
        for port in self.serve_ports:
            wait_for(partial(is_answered, f"http://127.0.0.1:{port}/readyz"), f"serve at {port}")
        endpoint = {"url": f"{self.url}/webhooks/goody"}
        self.goody.post("/_twin/webhooks", json=endpoint).raise_for_status()
        self.goody.post("/_twin/settings", json={"retry_scale": RETRY_SCALE}).raise_for_status()
        hook = {"url": f"{self.url}/webhooks/dialnexa", "retries": 3, "retry_delay_seconds": 0.5}
        self.dialnexa.post("/_twin/webhook", json=hook).raise_for_status()

    def add_workers(self, number: int) -> None:
        names = [f"worker-{n + 1}" for n in range(number)]
        for name in names:
            self.fleet.add(name, "app", "worker", settings=self.settings)
        for name in names:
            wait_for(lambda name=name: "handoff: working" in self.fleet.log(name), name)

    def place(self, order: dict[str, Any]) -> dict[str, Any]:
        return dict(self.goody.post("/_twin/orders", json=order).raise_for_status().json())

    def read_mirror(self) -> None:
        read = self.fleet.run("reconcile", settings=self.settings)
        assert read.returncode == 0, read.stderr

    def add_standby(self) -> None:
        """From now on a commit is acknowledged when two servers have it."""
        self.standby = Postgres(self.fleet.folder / "standby", self.fleet.let_watch)
        self.standby.copy_of(self.postgres)

    def fail_over(self) -> None:
        """The primary dies with SIGKILL, the standby is promoted, the address leads to it; nobody tells the service."""
        assert self.standby is not None
        self.postgres.kill()
        self.standby.promote()
        self.postgres, self.standby = self.standby, None
        self.to_postgres.target = self.postgres.socket

    def clear_faults(self) -> None:
        """The storm is over: what is left is up to the system."""
        self.goody.delete("/_twin/faults").raise_for_status()
        for proxy in (self.to_postgres, self.to_shop):
            proxy.calm()


@contextmanager
def deployed(*, seed: int = 1, is_pooled: bool = False, **settings: str) -> Iterator[Deployment]:
    """Everything but `serve` and `worker`, which are added by those who need them.

    Pooled, all of the service goes through PgBouncer in transaction mode, the command that migrates as well.
    """
    with ExitStack() as stack:
        fleet = stack.enter_context(Fleet())
        goody_port, dialnexa_port = free_port(), free_port()
        fleet.add(
            "goody",
            *("app", "sandbox", "goody", "--port", str(goody_port), "--api-key", GOODY_KEY, "--orders", "0"),
            *("--webhook-secret", GOODY_WEBHOOK_SECRET, "--seed", str(seed)),
            settings={},
        )
        fleet.add(
            "dialnexa",
            *("app", "sandbox", "dialnexa", "--port", str(dialnexa_port), "--api-key", DIALNEXA_KEY),
            *("--secret", DIALNEXA_SECRET),
            settings={},
        )
        postgres = Postgres(fleet.folder / "primary", fleet.let_watch)
        postgres.create()
        to_postgres = stack.enter_context(Proxy(postgres.socket, is_commit))
        to_shop = stack.enter_context(Proxy((goody_port,), is_write))
        front_door = stack.enter_context(Proxy((), lambda _: False))
        goody = stack.enter_context(_client(goody_port))
        dialnexa = stack.enter_context(_client(dialnexa_port))
        wait_for(lambda: is_answered(f"http://127.0.0.1:{goody_port}/_twin/ledger"), "the Goody twin")
        wait_for(lambda: is_answered(f"http://127.0.0.1:{dialnexa_port}/_twin/deliveries"), "the DialNexa twin")
        port = _add_pgbouncer(fleet, to_postgres.port) if is_pooled else to_postgres.port
        url = f"postgresql://handoff@127.0.0.1:{port}/handoff?sslmode=disable&gssencmode=disable"
        deployment = Deployment(
            fleet=fleet,
            postgres=postgres,
            to_postgres=to_postgres,
            to_shop=to_shop,
            front_door=front_door,
            goody=goody,
            dialnexa=dialnexa,
            settings={
                "HANDOFF_DATABASE_URL": f"{url}&pgbouncer=true" if is_pooled else url,
                "HANDOFF_DATA_DIR": str(fleet.folder / "data"),
                "HANDOFF_DIALNEXA_WEBHOOK_SECRETS": DIALNEXA_SECRET,
                "HANDOFF_DIALNEXA_API_KEY": DIALNEXA_KEY,
                "HANDOFF_DIALNEXA_BASE_URL": f"http://127.0.0.1:{dialnexa_port}",
                "HANDOFF_GOODY_API_KEY": GOODY_KEY,
                "HANDOFF_GOODY_BASE_URL": f"http://127.0.0.1:{to_shop.port}",
                "HANDOFF_GOODY_WEBHOOK_SECRETS": GOODY_WEBHOOK_SECRET,
                "HANDOFF_ADMIN_TOKEN": ADMIN_TOKEN,
                "HANDOFF_LOG_LEVEL": "warning",
                **settings,
            },
        )
        migrate(deployment.settings["HANDOFF_DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:"))
        try:
            yield deployment
        finally:
            deployment.postgres.kill()
            if deployment.standby is not None:
                deployment.standby.kill()


# Fewer connections than the service has, so that transactions of one client do go over several of them.
PGBOUNCER = """
[databases]
handoff = host=127.0.0.1 port={postgres_port} dbname=handoff user=handoff
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = any
pool_mode = transaction
max_client_conn = 200
default_pool_size = 6
server_login_retry = 1
{as_user}
"""


def _add_pgbouncer(fleet: Fleet, postgres_port: int) -> int:
    port = free_port()
    file = fleet.folder / "pgbouncer.ini"
    as_user = "user = nobody" if os.geteuid() == 0 else ""
    file.write_text(PGBOUNCER.format(port=port, postgres_port=postgres_port, as_user=as_user))
    fleet.add_program("pgbouncer", "pgbouncer", str(file), settings={})
    wait_for(lambda: _accepts(port), "PgBouncer")
    return port


def _accepts(port: int) -> bool:
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    return False


def is_answered(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(url, trust_env=False, timeout=5).status_code == 200
    return False


def _client(port: int) -> httpx.Client:
    return client_of(f"http://127.0.0.1:{port}")
