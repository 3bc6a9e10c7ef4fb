"""The mapping file: YAML, checked against the canonical fields and action kinds, laid over the mapping that ships.

Every mistake stops the start: it is named with file, line and path.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from app.core.actions import ActionKind, ActionWords
from app.core.calls import CANONICAL_FIELDS
from app.core.mapping import CallMapping, canonical_names, find_kinds_without_team, normalise_field_name
from app.core.phrases import normalise_phrase
from app.errors import SettingError

DEFAULT_MAPPING_FILE = Path(__file__).parents[1] / "mappings" / "default.yaml"
SETTING = "HANDOFF_MAPPING_FILE"
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
    teams: dict[ActionKind, Words] = Field(default_factory=dict)


class _Problem(Exception):  # noqa: N818 - it never leaves this file
    """`line` is given where the place alone would lead to another one."""

    def __init__(self, place: Place, problem: str, *, line: int | None = None) -> None:
        super().__init__(problem)
        self.place = place
        self.problem = problem
        self.line = line


def load_mapping(path: Path | None = None) -> CallMapping:
    """The shipped mapping with the deployment's file laid over it. Raises SettingError naming file, line and path."""
    shipped = _load_one(DEFAULT_MAPPING_FILE)
    own = shipped if path is None else _load_one(path)
    teams = {**shipped.teams, **own.teams}
    missing = ", ".join(find_kinds_without_team(teams))
    if missing:
        raise SettingError(SETTING, f"names no team for {missing}", "Add them under teams.")
    return CallMapping(
        field_names={**shipped.field_names, **own.field_names},
        action_words=ActionWords(
            phrases={**shipped.action_words.phrases, **own.action_words.phrases},
            implied_by=own.action_words.implied_by or shipped.action_words.implied_by,
        ),
        teams=teams,
    )


def _load_one(path: Path) -> CallMapping:
    """What one file says by itself."""
    root = _compose(path)
    try:
        if root is not None:
            _refuse_repeated_keys(root, ())
        content = yaml.SafeLoader("").construct_document(root) if root is not None else {}
        file = _MappingFile.model_validate({} if content is None else content)
        return CallMapping(
            field_names=_field_names(file.fields),
            action_words=ActionWords(phrases=_phrases(file.actions.phrases), implied_by=_implied_by(file.actions)),
            teams=dict(file.teams),
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = tuple(part for part in first["loc"] if part != "[key]")
        raise _setting_error(path, root, place, first["msg"].removeprefix("Value error, ")) from None
    except _Problem as found:
        raise _setting_error(path, root, found.place, found.problem, line=found.line) from None
    except (yaml.YAMLError, ValueError):
        # A date no calendar has, a tag nobody knows: YAML reads more than plain words, this file does not.
        raise SettingError(SETTING, f"({path}) holds a value that is no plain word", _REMEDY) from None
    except RecursionError:
        raise SettingError(SETTING, f"({path}) refers to itself", _REMEDY) from None


def _compose(path: Path) -> yaml.Node | None:
    try:
        node: yaml.Node | None = yaml.compose(path.read_text("utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        problem = f"({path}) cannot be read: {type(error).__name__}"
        raise SettingError(SETTING, problem, "Give the path of a readable UTF-8 file.") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SettingError(SETTING, f"({path}, line {line}) is not YAML: {error.problem}", _REMEDY) from None
    except (yaml.YAMLError, RecursionError):
        raise SettingError(SETTING, f"({path}) is not YAML", _REMEDY) from None
    return node


def _refuse_repeated_keys(node: yaml.Node, place: Place) -> None:
    """PyYAML lets the last of two equal keys win, which would drop the first without a word."""
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _refuse_repeated_keys(item, (*place, index))
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise _Problem(place, "has a key that is no plain word", line=line)
            if key.value in seen:
                raise _Problem((*place, key.value), "stands here a second time", line=line)
            seen.add(key.value)
            _refuse_repeated_keys(value, (*place, key.value))


def _field_names(fields: Mapping[str, list[str]]) -> dict[str, str]:
    names = canonical_names()
    for field, own_names in fields.items():
        for index, own_name in enumerate(own_names):
            name = normalise_field_name(own_name)
            if names.get(name, field) != field:
                raise _Problem(("fields", field, index), f"means {names[name]} already")
            names[name] = field
    return names


def _phrases(phrases: Mapping[ActionKind, list[str]]) -> dict[str, ActionKind]:
    kinds: dict[str, ActionKind] = {}
    for kind, written in phrases.items():
        for index, words in enumerate(written):
            place = ("actions", "phrases", kind.value, index)
            phrase = normalise_phrase(words)
            if not phrase:
                raise _Problem(place, "holds no words")
            if kinds.get(phrase, kind) is not kind:
                raise _Problem(place, f"means {kinds[phrase]} already")
            kinds[phrase] = kind
    return kinds


def _implied_by(actions: _Actions) -> tuple[tuple[str, ActionKind], ...]:
    pairs: list[tuple[str, ActionKind]] = []
    for index, pair in enumerate(actions.implied_by or []):
        if len(pair) != 1:
            raise _Problem(("actions", "implied_by", index), "names more or less than one field")
        pairs.extend(pair.items())
    return tuple(pairs)


def _setting_error(
    path: Path, root: yaml.Node | None, place: Place, problem: str, *, line: int | None = None
) -> SettingError:
    written = ".".join(str(part) for part in place) or "the file"
    return SettingError(SETTING, f"({path}, line {line or _line_of(root, place)}) {written}: {problem}", _REMEDY)


def _line_of(root: yaml.Node | None, place: Place) -> int:
    """The line of the deepest part of the place that the file has."""
    node, line = root, 1
    for part in place:
        found = next((pair for pair in _children(node) if pair[0] == part), None)
        if found is None:
            break
        _, line, node = found
    return line


def _children(node: yaml.Node | None) -> Iterator[tuple[Any, int, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key.value, key.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield index, item.start_mark.line + 1, item
