"""The document that describes the REST API: it is valid, it is true, and every route in it asks who is there."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi.openapi.models import OpenAPI
from jsonschema import Draft202012Validator

METHODS = ("get", "put", "post", "delete", "patch")


@pytest.fixture
async def document(bearer) -> dict[str, Any]:
    answer = await bearer(None).get("/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def routes_of_the_api(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Each with something in the places of its parameters."""
    found = [
        (method, re.sub(r"\{[^}]*\}", str(uuid4()), path))
        for method, path, _ in operations(document)
        if path.startswith("/v1/")
    ]
    assert len(found) >= 15
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


async def test_the_document_is_valid(document):
    OpenAPI.model_validate(document)
    assert document["openapi"].startswith("3.1")
    assert document["info"].keys() >= {"title", "version", "description"}
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for reference in references(document):
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))


async def test_every_parameter_in_a_path_is_described_and_every_route_says_what_it_does(document):
    for method, path, operation in operations(document):
        described = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
        assert described == set(re.findall(r"\{([^}:]*)", path)), f"{method} {path}"
        assert operation["summary"], f"{method} {path}"


async def test_every_route_of_the_contract_is_in_the_document(document):
    known = {f"{method} {re.sub(r'{[^}]*}', '{}', path)}" for method, path, _ in operations(document)}
    assert known >= {
        "POST /webhooks/dialnexa", "POST /webhooks/goody", "GET /v1/calls", "GET /v1/calls/{}", "GET /v1/actions",
        "GET /v1/actions/{}", "GET /v1/reviews", "GET /v1/reviews/{}", "POST /v1/reviews/{}/claim",
        "POST /v1/reviews/{}/release", "POST /v1/reviews/{}/approval", "POST /v1/reviews/{}/rejection",
        "POST /v1/reviews/{}/notes", "POST /v1/reviews/{}/assistance", "GET /v1/orders", "PUT /v1/contacts/{}",
        "POST /v1/contacts:import", "GET /v1/links", "DELETE /v1/links/{}", "POST /v1/tools/order-lookup",
        "GET /v1/policies", "GET /v1/policies/{}", "POST /v1/policies", "POST /v1/policies/{}/replay",
        "POST /v1/policies/{}/signature", "POST /v1/policies/{}/publication", "POST /v1/policies/rollback",
        "PUT /v1/policies/shadow", "DELETE /v1/policies/shadow", "GET /v1/policies/shadow/differences",
        "GET /v1/audit", "GET /livez", "GET /readyz",
    }  # fmt: skip


async def test_the_document_says_that_the_api_needs_a_token(document):
    schemes = document["components"]["securitySchemes"]
    assert any(scheme.get("scheme", "").lower() == "bearer" for scheme in schemes.values())
    for method, path, operation in operations(document):
        assert bool(operation.get("security")) == path.startswith("/v1/"), f"{method} {path}"


async def test_errors_are_described_in_the_form_they_have(document):
    """RFC 9457: a client made from this document must not look for another."""
    for method, path, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status.startswith(("4", "5")):
                assert set(answer.get("content", ())) <= {"application/problem+json"}, f"{method} {path} {status}"


@pytest.mark.parametrize("authorization", [None, "Bearer nobodys", "Basic YWRtaW46YWRtaW4=", "admin", "Bearer"])
async def test_every_route_of_the_api_needs_a_token(bearer, document, authorization):
    headers = {"authorization": authorization} if authorization else {}
    for method, path in routes_of_the_api(document):
        for body in (None, {}, {"reason_code": "x", "note": "x"}):
            answer = await bearer(None).request(method, path, headers=headers, json=body)
            assert answer.status_code == 401, f"{method} {path}"
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"].startswith("Bearer")


# What a role may try at all; whether it succeeds is another matter.
async def test_every_role_may_do_what_it_is_for_and_nothing_else(bearer, document):
    for method, path in routes_of_the_api(document):
        if "/tools/" in path:
            continue
        is_directory = "/contacts" in path
        allowed = {"admin"}
        if "/jobs/" in path:
            pass
        elif method == "GET":
            allowed |= {"viewer", "reviewer", "approver"}
        elif is_directory:
            allowed |= {"ingest"}
        elif any(part in path for part in ("/links", "/switches", "/notifications", "/recording/")) or path.endswith(
            ("/replay", "/signature", "/settlement", "/undoing")
        ):
            allowed |= {"approver"}
        elif "/policies" in path:
            pass
        else:
            allowed |= {"reviewer", "approver"}
        for role in ("viewer", "reviewer", "approver", "admin", "agent", "ingest"):
            answer = await bearer(role).request(method, path, json={"note": "x", "reason_code": "x"})
            assert answer.status_code < 500, f"{method} {path} as {role}: {answer.text}"
            assert (answer.status_code != 403) == (role in allowed), f"{method} {path} as {role}: {answer.status_code}"
            if not answer.is_success:
                assert answer.headers["content-type"] == "application/problem+json"


async def test_whether_it_lives_and_can_work_is_told_to_anybody(bearer):
    for path in ("/livez", "/readyz", "/metrics"):
        assert (await bearer(None).get(path)).status_code == 200
