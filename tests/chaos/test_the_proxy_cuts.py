"""The proxy does to connections what it was told to, and nothing else."""

import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from tests.chaos.proxy import TORN_BYTES, Proxy, is_commit, is_write


class Server(socketserver.ThreadingTCPServer):
    """Answers each request with itself, and remembers it."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Echo)
        self.heard: list[bytes] = []
        self.has_heard = threading.Semaphore(0)


class Echo(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        try:
            while request := self.request.recv(1000):
                self.server.heard.append(request)
                self.server.has_heard.release()
                self.request.sendall(request)
        except ConnectionError:
            return


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def port_of(server: Server) -> int:
    return int(server.server_address[1])


def ask(proxy: Proxy, request: bytes) -> bytes:
    """The whole answer; what came of it where the connection is cut."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as client:
        client.sendall(request)
        answer = b""
        try:
            while len(answer) < len(request) and (part := client.recv(1000)):
                answer += part
        except ConnectionError:
            pass
        return answer


def test_what_is_not_planned_passes(server):
    with Proxy((port_of(server),), is_write, {2: "unsent"}) as proxy:
        assert ask(proxy, b"POST one") == b"POST one"
        assert ask(proxy, b"GET two") == b"GET two"


def test_a_request_that_is_not_sent_never_arrives(server):
    with Proxy((port_of(server),), is_write, {1: "unsent"}) as proxy:
        assert ask(proxy, b"POST one") == b""
        assert server.heard == []
        assert ask(proxy, b"POST two") == b"POST two"


@pytest.mark.parametrize(("cut", "come"), [("unanswered", 0), ("torn", TORN_BYTES)])
def test_a_lost_answer_is_that_of_a_request_that_arrived(server, cut, come):
    with Proxy((port_of(server),), is_write, {1: cut}) as proxy:
        assert ask(proxy, b"POST one") == b"POST one"[:come]
        assert server.heard == [b"POST one"]
        assert proxy.made == [(1, cut)]


def test_all_connections_are_cut_at_once(server):
    with Proxy((port_of(server),)) as proxy, socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as client:
        client.sendall(b"one")
        assert client.recv(10) == b"one"
        proxy.cut_all()
        with pytest.raises(ConnectionError):
            raise_at_end(client)


def raise_at_end(client: socket.socket) -> None:
    if client.recv(10) == b"":
        raise ConnectionResetError


def test_a_port_where_nobody_listens_is_passed_over(server):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        dead = taken.getsockname()[1]
    with Proxy((dead, port_of(server))) as proxy:
        assert [ask(proxy, b"one") for _ in range(3)] == [b"one"] * 3


def test_a_commit_is_told_from_other_statements():
    assert is_commit(b"Q\x00\x00\x00\x0bCOMMIT\x00")
    assert not is_commit(b"Q\x00\x00\x00\x0aBEGIN\x00")
