"""The mapping file: YAML, checked against the canonical fields and action kinds, laid over the mapping that ships.

How calls are read stands in here, who hears of what in routing_file.py.

Every mistake stops the start: it is named with file, line and path.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.adapters.routing_file import Name, RecordSection, TeamSection, read_records, read_teams
from app.adapters.yaml_document import DocumentProblem, YamlDocument, load_document
from app.core.actions import ActionKind, ActionWords
from app.core.calls import CANONICAL_FIELDS
from app.core.mapping import CallMapping, canonical_names, normalise_field_name
from app.core.phrases import normalise_phrase
from app.core.routing import Routing

DEFAULT_MAPPING_FILE = Path(__file__).parents[1] / "mappings" / "default.yaml"
SETTING = "HANDOFF_MAPPING_FILE"
DEFAULT_MINUTES = Routing().escalate_after_minutes
_REMEDY = "Correct the file, or unset the variable to use the mapping that ships (app/mappings/default.yaml)."

Place = tuple[str | int, ...]


def _check_canonical(name: str) -> str:
    if name not in CANONICAL_FIELDS:
        raise ValueError("is no canonical field")
    return name


Words = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=200)]
Canonical = Annotated[str, AfterValidator(_check_canonical)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Actions(_Section):
    phrases: dict[ActionKind, list[Words]] = Field(default_factory=dict)
    implied_by: list[dict[Canonical, ActionKind]] | None = None


class _MappingFile(_Section):
    fields: dict[Canonical, list[Words]] = Field(default_factory=dict)
    actions: _Actions = Field(default_factory=_Actions)
    teams: dict[Name, TeamSection] = Field(default_factory=dict)
    records: dict[ActionKind, RecordSection] = Field(default_factory=dict)
    escalate_after_minutes: int | None = Field(None, ge=1, le=24 * 60)
    confirm_to_callers: bool | None = Field(None, strict=True)


def load_mapping(path: Path | None = None) -> CallMapping:
    """The shipped mapping with the deployment's file laid over it. Raises SettingError naming file, line and path."""
    shipped = _load_one(DEFAULT_MAPPING_FILE)
    own = shipped if path is None else _load_one(path)
    return CallMapping(
        field_names={**shipped.field_names, **own.field_names},
        action_words=ActionWords(
            phrases={**shipped.action_words.phrases, **own.action_words.phrases},
            implied_by=own.action_words.implied_by or shipped.action_words.implied_by,
        ),
    )


def load_routing(path: Path | None = None) -> Routing:
    """Teams, channels and records, of the same files and with the same errors."""
    shipped = load_document(DEFAULT_MAPPING_FILE, _read_file, setting=SETTING, remedy=_REMEDY)
    own = _MappingFile() if path is None else load_document(path, _read_file, setting=SETTING, remedy=_REMEDY)
    return Routing(
        teams=read_teams(shipped.teams, own.teams),
        kinds=read_records(shipped.records, own.records),
        escalate_after_minutes=own.escalate_after_minutes or shipped.escalate_after_minutes or DEFAULT_MINUTES,
        confirms_to_callers=bool(
            shipped.confirm_to_callers if own.confirm_to_callers is None else own.confirm_to_callers
        ),
    )


def _load_one(path: Path) -> CallMapping:
    """What one file says by itself."""
    return load_document(path, _to_mapping, setting=SETTING, remedy=_REMEDY)


def _read_file(document: YamlDocument) -> _MappingFile:
    return _MappingFile.model_validate({} if document.content is None else document.content)


def _to_mapping(document: YamlDocument) -> CallMapping:
    file = _read_file(document)
    return CallMapping(
        field_names=_field_names(file.fields),
        action_words=ActionWords(phrases=_phrases(file.actions.phrases), implied_by=_implied_by(file.actions)),
    )


def _field_names(fields: Mapping[str, list[str]]) -> dict[str, str]:
    names = canonical_names()
    for field, own_names in fields.items():
        for index, own_name in enumerate(own_names):
            name = normalise_field_name(own_name)
            if names.get(name, field) != field:
                raise DocumentProblem(("fields", field, index), f"means {names[name]} already")
            names[name] = field
    return names


def _phrases(phrases: Mapping[ActionKind, list[str]]) -> dict[str, ActionKind]:
    kinds: dict[str, ActionKind] = {}
    for kind, written in phrases.items():
        for index, words in enumerate(written):
            place = ("actions", "phrases", kind.value, index)
            phrase = normalise_phrase(words)
            if not phrase:
                raise DocumentProblem(place, "holds no words")
            if kinds.get(phrase, kind) is not kind:
                raise DocumentProblem(place, f"means {kinds[phrase]} already")
            kinds[phrase] = kind
    return kinds


def _implied_by(actions: _Actions) -> tuple[tuple[str, ActionKind], ...]:
    pairs: list[tuple[str, ActionKind]] = []
    for index, pair in enumerate(actions.implied_by or []):
        if len(pair) != 1:
            raise DocumentProblem(("actions", "implied_by", index), "names more or less than one field")
        pairs.extend(pair.items())
    return tuple(pairs)
