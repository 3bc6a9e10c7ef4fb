"""The policy document: YAML, checked and made into core's Policy. A mistake is named with file, line and path."""

import hashlib
import json
from datetime import date, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.adapters.policy_document import BusinessHoursSection, Document, LossesSection, Parameters
from app.adapters.policy_rules import Figure, Figures, read_figure, read_rules
from app.adapters.policy_samples import read_examples
from app.adapters.policy_schema import policy_schema
from app.adapters.yaml_document import DocumentProblem, YamlDocument, load_document, parse_document
from app.core.business_hours import BusinessHours
from app.core.loss import Losses, Mistake
from app.core.policy import KindPolicy, Policy, PolicyParameters, Rule, Urgency
from app.core.quantities import Money, read_money

__all__ = ["DEFAULT_POLICY_FILE", "load_policy", "parse_policy", "policy_schema"]

DEFAULT_POLICY_FILE = Path(__file__).parents[1] / "policies" / "default.yaml"
SETTING = "HANDOFF_POLICY_FILE"
_REMEDY = "Correct the file, or unset the variable to use the policy that ships (app/policies/default.yaml)."
_DIGEST_LENGTH = 12  # 48 bits: enough to tell two versions of one deployment's document apart, short enough to read out


def load_policy(path: Path | None = None) -> Policy:
    """The deployment's policy, or the one that ships. Raises SettingError naming file, line and path."""
    return load_document(path or DEFAULT_POLICY_FILE, _to_policy, setting=SETTING, remedy=_REMEDY)


def parse_policy(text: str, *, name: str) -> Policy:
    """The policy of a text kept elsewhere than in a file. Raises SettingError naming it, line and path."""
    return parse_document(text, _to_policy, name=name, setting="The policy", remedy="Correct the document.")


def _to_policy(document: YamlDocument) -> Policy:
    read = Document.model_validate(document.content)
    for urgency in Urgency:
        if urgency not in read.due_minutes:
            raise DocumentProblem(("due_minutes",), f"says nothing of {urgency}")
    figures = Figures(_figures(read.parameters))
    rules = read_rules(read.rules, figures)
    _check_parameters(figures, read.parameters)
    losses = _losses(read.losses)
    kinds = {kind: KindPolicy(entry.to_effect(), entry.when_identity_clear) for kind, entry in read.kinds.items()}
    _check_prices(kinds, losses)
    hours = _hours(read.business_hours)
    _check_sections(rules, losses, hours)
    return Policy(
        version=f"{read.version}+{_digest(document.content)}",  # after all is checked: only then it is plain JSON
        parameters=PolicyParameters(
            read.parameters.identity_clear, read.parameters.match_clear, read.parameters.default_extension_days
        ),
        due_minutes=read.due_minutes,
        kinds=kinds,
        rules=rules,
        entitlement=read.entitlement,
        losses=losses,
        hours=hours,
        publish_needs_two=read.publish_needs_two,
        examples=read_examples(read),
    )


def _digest(content: Any) -> str:
    """Of what the document decides, not of its spaces, comments and examples: to explain a rule lapses no approval."""
    rules = [{key: value for key, value in rule.items() if key != "examples"} for rule in content["rules"]]
    decides = {key: value for key, value in content.items() if key != "examples"} | {"rules": rules}
    canonical = json.dumps(decides, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:_DIGEST_LENGTH]


def _figures(parameters: Parameters) -> dict[str, Figure]:
    return {name: read_figure(value, ("parameters", name)) for name, value in parameters.model_dump().items()}


def _check_parameters(figures: Figures, parameters: Parameters) -> None:
    """A figure that nobody reads is one whose name was mistyped."""
    for name in parameters.__pydantic_extra__ or {}:
        if name not in figures.used:
            raise DocumentProblem(("parameters", name), "is used by no rule")


def _losses(section: LossesSection | None) -> Losses | None:
    if section is None:
        return None
    review = _money(section.review)
    mistakes: dict[str, Mistake] = {}
    for index, group in enumerate(section.mistakes):
        place, costs = ("losses", "mistakes", index), _money(group.costs)
        if costs.currency != review.currency:
            raise DocumentProblem((*place, "costs"), f"is not in {review.currency}, as the cost of a review is")
        for kind in group.kinds:
            if kind in mistakes:
                raise DocumentProblem((*place, "kinds"), f"{kind} has a price already")
            mistakes[kind] = Mistake(costs, group.share_of_order, group.floor)
    return Losses(review, mistakes)


def _money(text: str) -> Money:
    money = read_money(text)
    if money is None:
        raise AssertionError("an amount passed its pattern and cannot be read")
    return money


def _check_prices(kinds: dict[Any, KindPolicy], losses: Losses | None) -> None:
    """Nothing is done alone of which nobody said what a mistake costs."""
    for kind, entry in kinds.items():
        if entry.when_identity_clear is not None and (losses is None or kind not in losses.mistakes):
            raise DocumentProblem(
                ("kinds", kind, "when_identity_clear"), "takes an entry in losses.mistakes: what would a mistake cost?"
            )


def _hours(section: BusinessHoursSection | None) -> BusinessHours | None:
    if section is None:
        return None
    try:
        zone = ZoneInfo(section.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DocumentProblem(
            ("business_hours", "timezone"), "is no time zone this machine knows, like America/New_York"
        ) from None
    opens, closes = time.fromisoformat(section.opens), time.fromisoformat(section.closes)
    if opens >= closes:
        raise DocumentProblem(("business_hours", "to"), "has to be later than from")
    return BusinessHours(
        zone, frozenset(section.days), opens, closes, frozenset(map(_day, enumerate(section.holidays)))
    )


def _day(numbered: tuple[int, str]) -> date:
    index, text = numbered
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DocumentProblem(("business_hours", "holidays", index), "is no day of the calendar") from None


def _check_sections(rules: tuple[Rule, ...], losses: Losses | None, hours: BusinessHours | None) -> None:
    """A rule that reads what no section gives could never be judged."""
    missing = {"time.": "business_hours" if hours is None else "", "confidence.": "losses" if losses is None else ""}
    for index, rule in enumerate(rules):
        for beginning, section in missing.items():
            if section and any(fact.startswith(beginning) and fact != "time.at" for fact in rule.facts):
                raise DocumentProblem(("rules", index, "when"), f"reads {beginning}*, which takes a section {section}")
