"""The parties of the demo as HTTP clients: DialNexa's telephone, the people at Goody, and who uses Handoff's REST API.

They know only what a stranger could know: documented routes, and the stand-ins' own paths under /_twin.
"""

import hmac
import json
from collections.abc import Collection, Mapping
from typing import Any

import httpx

Json = dict[str, Any]

REQUEST_SECONDS = 20.0  # a placed call answers only after its deliveries are through
MOST_ENTRIES = 200  # the longest page; a story makes about twenty


class Party:
    """Somebody with an address to talk to. An answer that is no success is a mistake of the story."""

    def __init__(self, base_url: str, *, token: str | None = None) -> None:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=REQUEST_SECONDS, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def _get(self, path: str, **params: str | int) -> Any:
        return self._http.get(path, params=params).raise_for_status().json()

    def _post(self, path: str, body: object = None) -> Any:
        return self._http.post(path, json=body).raise_for_status().json()


class DialNexa(Party):
    """The telephone: places calls and delivers their webhooks, signed by the vendor's rules."""

    def place(self, call_id: str, placement: Mapping[str, Any]) -> list[Json]:
        """The delivery log of the call, once all is delivered."""
        attempts: list[Json] = self._post("/_twin/calls", {"id": call_id, **placement})["attempts"]
        return attempts


class Goody(Party):
    """The shop's side: people who accept gifts, its support that refunds, its failures, and its ledger of writes."""

    def make_order(self, fields: Mapping[str, Any]) -> Json:
        order: Json = self._post("/_twin/orders", dict(fields))
        return order

    def accept(self, order_id: str) -> None:
        """The recipient accepts the gift and enters an address."""
        self._post(f"/_twin/orders/{order_id}/advance", {"to": "accepted"})

    def refund(self, order_id: str) -> None:
        self._post(f"/_twin/orders/{order_id}/refund")

    def read_order(self, order_id: str) -> Json:
        order: Json = self._get(f"/v1/orders/{order_id}")
        return order

    def break_down(self, kind: str, *, method: str | None = None, path: str, times: int | None = None) -> None:
        self._post("/_twin/faults", [{"kind": kind, "match": {"method": method, "path": path}, "times": times}])

    def recover(self) -> None:
        self._http.delete("/_twin/faults").raise_for_status()

    def list_writes(self, call_id: str, order_ids: Collection[str]) -> list[Json]:
        """Every write that arrived about these orders or under the call's idempotency keys."""
        entries: list[Json] = self._get("/_twin/ledger")["data"]
        return [
            entry
            for entry in entries
            if entry["order_id"] in order_ids or (entry["idempotency_key"] or "").startswith(f"{call_id}:")
        ]


class Colleague(Party):
    """Somebody who uses Handoff's REST API under a token of their own."""

    def __init__(self, base_url: str, name: str, token: str) -> None:
        super().__init__(base_url, token=token)
        self.name = name

    def find_call(self, call_id: str) -> Json | None:
        response = self._http.get(f"/v1/calls/{call_id}")
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        call: Json = response.raise_for_status().json()
        return call

    def list_entries(self, call_id: str) -> list[Json]:
        """The call's lines of the audit, oldest first."""
        entries: list[Json] = self._get("/v1/audit", call_id=call_id, limit=MOST_ENTRIES)["data"]
        return entries

    def count_deliveries(self, call_id: str) -> int:
        rows: list[Json] = self._get("/v1/deliveries", limit=100)["data"]
        return sum(row["subject"] == call_id for row in rows)

    def count_orders(self) -> int:
        return len(self._get("/v1/orders", limit=100)["data"])

    def find_order(self, reference: str) -> Json | None:
        """The order as Handoff's mirror shows it."""
        rows: list[Json] = self._get("/v1/orders", reference=reference)["data"]
        return rows[0] if rows else None

    def read_review(self, review_id: str) -> Json:
        review: Json = self._get(f"/v1/reviews/{review_id}")
        return review

    def decide(self, review: Json, verb: str, body: Mapping[str, str] | None = None) -> httpx.Response:
        """POST a decision upon exactly this version of the review; the answer may well be a refusal."""
        headers = {"If-Match": f'"{review["version"]}"'}
        return self._http.post(f"/v1/reviews/{review['id']}/{verb}", json=body, headers=headers)

    def import_contacts(self, contacts: list[Json]) -> int:
        imported: int = self._post("/v1/contacts:import", contacts)["imported"]
        return imported


class Stranger(Party):
    """Whoever knows the address of the webhook, but not its secret."""

    def post_call(self, body: Json, *, secret: str | None) -> int:
        """The status of the answer; without a secret the body goes out unsigned."""
        content = json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        if secret is not None:
            headers["x-dialnexa-signature"] = hmac.digest(secret.encode(), content, "sha256").hex()
        return self._http.post("/webhooks/dialnexa", content=content, headers=headers).status_code
