"""A YAML document with the line of every value, so that a mistake in a file of ours can be named where it stands."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from app.errors import SettingError

T = TypeVar("T")

Place = tuple[str | int, ...]

# libyaml where it is there: in Python our longest document takes a second, at every start of a process.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_DEPTH = 100
MAX_LENGTH = 1_000_000  # our documents hold a few hundred lines; more is a wrong file, or one made to exhaust memory


class YamlError(Exception):
    """The document cannot be read as plain YAML; `line` counts from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line
        self.problem = problem


class DocumentProblem(Exception):  # noqa: N818 (it becomes a SettingError, below)
    """What is readable but makes no sense, at a place of the document."""

    def __init__(self, place: Place, problem: str) -> None:
        super().__init__(problem)
        self.place = place
        self.problem = problem


@dataclass(frozen=True, slots=True)
class YamlDocument:
    content: Any
    lines: dict[Place, int] = field(default_factory=dict)

    def line_of(self, place: Place) -> int:
        """The line of the place, or of the nearest part around it that stands in the document."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def load_document(path: Path, read: Callable[[YamlDocument], T], *, setting: str, remedy: str) -> T:
    """What `read` makes of the file. Every mistake is a SettingError that names file, line and place."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = f"({path}) cannot be read: {type(error).__name__}"
        raise SettingError(setting, problem, "Give the path of a readable UTF-8 file.") from None
    return parse_document(text, read, name=str(path), setting=setting, remedy=remedy)


def parse_document(text: str, read: Callable[[YamlDocument], T], *, name: str, setting: str, remedy: str) -> T:
    """The same of a text that is kept elsewhere than in a file; `name` is what a mistake calls it.

    `read` may raise pydantic's ValidationError and DocumentProblem.
    """
    try:
        document = read_yaml(text)
    except YamlError as error:
        raise SettingError(setting, f"({name}, line {error.line}) {error.problem}", remedy) from None
    try:
        return read(document)
    except DocumentProblem as found:
        place, problem = found.place, found.problem
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = tuple(part for part in first["loc"] if part != "[key]")
        problem = first["msg"].removeprefix("Value error, ")
    written = ".".join(str(part) for part in place) or "the document"
    raise SettingError(setting, f"({name}, line {document.line_of(place)}) {written}: {problem}", remedy)


def read_yaml(text: str) -> YamlDocument:
    """Plain YAML only: no repeated keys (YAML would let the last win), no aliases, no tags beyond the plain ones."""
    if len(text) > MAX_LENGTH:
        raise YamlError(1, f"is longer than {MAX_LENGTH:,} characters")
    try:
        _check_depth(text)
        node: yaml.Node | None = yaml.compose(text, Loader=LOADER)
        lines: dict[Place, int] = {}
        return YamlDocument(None if node is None else _read_node(node, (), lines, set()), lines)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise YamlError(line, f"is not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise YamlError(1, f"is not YAML: {error}") from None


def _check_depth(text: str) -> None:
    """Before anything is built: the parser in C has no bound of its own but the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise YamlError(event.start_mark.line + 1 if event.start_mark else 1, "is nested too deeply")


def _read_node(node: yaml.Node, place: Place, lines: dict[Place, int], seen: set[int]) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(place, line)
    if id(node) in seen:
        raise YamlError(line, "uses an alias, which hides what a reader should see")
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_read_node(item, (*place, index), lines, seen) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _read_mapping(node, place, lines, seen)
    return _read_scalar(node)


def _read_mapping(node: yaml.MappingNode, place: Place, lines: dict[Place, int], seen: set[int]) -> dict[Hashable, Any]:
    content: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        # A key is the word as it is written: YAML would make a truth value of `no`.
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
        if key is None or key == "<<":
            raise YamlError(line, "has a key that is no plain word")
        if key in content:
            raise YamlError(line, f"has the key {key} twice")
        lines[*place, key] = line
        content[key] = _read_node(value_node, (*place, key), lines, seen)
    return content


def _read_scalar(node: yaml.Node) -> Any:
    try:
        return yaml.constructor.SafeConstructor().construct_document(node)
    except (yaml.YAMLError, ValueError, OverflowError):
        raise YamlError(node.start_mark.line + 1, "holds a value that is no plain word or number") from None
