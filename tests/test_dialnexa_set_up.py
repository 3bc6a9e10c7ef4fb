"""What deploy/dialnexa tells people to enter at DialNexa is understood by the mapping that ships."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.adapters.dialnexa.analysis import read_fields
from app.adapters.mapping_file import load_mapping
from app.core.actions import ActionKind
from app.core.calls import CANONICAL_FIELDS, FieldType
from app.core.claims import RISK_FLAGS
from app.core.identity import Role
from app.services.lookup import HEARD_FIELDS
from app.web.api.tools import ABOUT_THE_CALL

FOLDER = Path(__file__).parents[1] / "deploy/dialnexa"
FIELDS: list[dict[str, Any]] = json.loads((FOLDER / "post-call-analysis.json").read_text())
BY_NAME = {field["field_name"]: field for field in FIELDS}
MAPPING = load_mapping()


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field["field_name"])
def test_a_field_of_the_recommended_set_is_understood(field: dict[str, Any]) -> None:
    canonical = MAPPING.find_field(field["field_name"])
    assert canonical == field["field_name"]
    assert field["field_type"] in {"TEXT", "SELECTOR", "BOOLEAN"}, "what DialNexa's dashboard and its API both know"
    assert field["field_description"]
    assert (field["field_type"] == "SELECTOR") == ("additional_fields" in field)
    assert (CANONICAL_FIELDS[canonical] is FieldType.FLAG) == (field["field_type"] == "BOOLEAN")


def test_the_set_is_in_order_and_names_nothing_twice() -> None:
    assert [field["display_order"] for field in FIELDS] == list(range(len(FIELDS)))
    assert len(BY_NAME) == len(FIELDS)


@pytest.mark.parametrize("name", [name for name, field in BY_NAME.items() if field["field_type"] == "SELECTOR"])
def test_every_option_is_read_and_the_way_out_is_read_as_nothing(name: str) -> None:
    options = BY_NAME[name]["additional_fields"]
    assert "unknown" in options
    for option in options:
        read = read_fields({"post_call_analysis": {name: option}}, None, MAPPING)
        assert read.unread == {}
        assert set(read.fields) == (set() if option == "unknown" else {name})


def test_the_words_that_the_descriptions_give_are_ours() -> None:
    wanted = set(re.findall(r"[a-z]+(?:_[a-z]+)+", BY_NAME["requested_action"]["field_description"]))
    assert wanted | {"escalate", "none"} == {kind.value for kind in ActionKind} - {"create_webhook", "delete_webhook"}
    flags = set(re.findall(r"[a-z]+(?:_[a-z]+)+|\bchargeback\b", BY_NAME["risk_flags"]["field_description"]))
    assert flags | {"other"} == RISK_FLAGS
    assert set(BY_NAME["caller_role"]["additional_fields"]) == {role.value for role in Role}


def test_the_arguments_of_the_lookup_are_those_it_reads() -> None:
    schema = json.loads((FOLDER / "order-lookup.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    assert set(schema["properties"]) == {"call_id", "caller_number", *HEARD_FIELDS}
    assert set(schema["required"]) <= set(ABOUT_THE_CALL)
