"""The JSON Schema of the policy document, for editors: sections by pydantic, conditions by the catalogue of facts."""

from typing import Any

from app.adapters.policy_document import DURATION_PATTERN, MONEY_PATTERN, Document
from app.core.conditions import OPERATORS, Operator
from app.core.facts import CATALOGUE, DERIVED, FactSpec, FactType

Schema = dict[str, Any]
_PARAMETER = {"$ref": "#/$defs/parameter"}
_CONDITION = {"$ref": "#/$defs/condition"}
_CONDITIONS = {"type": "array", "minItems": 1, "items": _CONDITION}


def policy_schema() -> Schema:
    """JSON Schema 2020-12. What it lets pass may still be refused, where one part does not go with another."""
    schema = Document.model_json_schema(by_alias=True)
    for section, key, meant in (
        ("RuleSection", "when", "condition"),
        ("RuleExample", "given", "given"),
        ("DocumentExample", "given", "given"),
    ):
        schema["$defs"][section]["properties"][key] = {"$ref": f"#/$defs/{meant}"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Policy of Handoff",
        "$defs": {
            **schema["$defs"],
            "parameter": _object({"parameter": {"type": "string"}}, "A figure of the section parameters, by name."),
            "condition": {"anyOf": [*_combinations(), *(_tests(fact, spec) for fact, spec in CATALOGUE.items())]},
            "given": {
                "type": "object",
                "additionalProperties": False,
                "properties": {fact: _given(spec) for fact, spec in CATALOGUE.items() if fact not in DERIVED},
            },
        },
    }


def _object(properties: Schema, description: str) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(properties),
        "description": description,
    }


def _combinations() -> list[Schema]:
    return [
        _object({"all": _CONDITIONS}, "Holds where every part holds."),
        _object({"any": _CONDITIONS}, "Holds where one part holds."),
        _object({"not": _CONDITION}, "Holds where its part does not."),
    ]


def _tests(fact: str, spec: FactSpec) -> Schema:
    """One fact with exactly one of the operators that it can be asked by."""
    operators = {str(each): _operand(each, spec) for each in sorted(OPERATORS[spec.type])}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {"fact": {"const": fact}, **operators},
        "required": ["fact"],
        "minProperties": 2,
        "maxProperties": 2,
    }


def _operand(operator: Operator, spec: FactSpec) -> Schema:
    if operator is Operator.PRESENT:
        return {"type": "boolean"}
    if operator in {Operator.IN, Operator.CONTAINS_ANY}:
        return {"type": "array", "minItems": 1, "items": _value(spec)}
    return {"anyOf": [_value(spec), _PARAMETER]}


def _value(spec: FactSpec) -> Schema:
    match spec.type:
        case FactType.WORD | FactType.WORDS:
            return {"type": "string"} if spec.words is None else {"enum": sorted(spec.words)}
        case FactType.FLAG:
            return {"type": "boolean"}
        case FactType.NUMBER:
            return {"type": "number"}
        case FactType.MONEY:
            return {"type": "string", "pattern": MONEY_PATTERN}
        case FactType.DURATION:
            return {"type": "string", "pattern": DURATION_PATTERN}
        case FactType.TIME:
            return {"type": "string", "format": "date-time"}


def _given(spec: FactSpec) -> Schema:
    """One value, null, or a list that stands for each of its values."""
    one: Schema = _value(spec) if spec.type is not FactType.WORDS else {"type": "array", "items": _value(spec)}
    several = {"type": "array", "minItems": 1, "items": {"anyOf": [one, {"type": "null"}]}}
    return {"anyOf": [one, {"type": "null"}, several]}
