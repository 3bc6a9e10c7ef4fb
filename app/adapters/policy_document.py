"""The form of the policy document: its sections and keys, as pydantic checks them. What they mean is read elsewhere."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.core.actions import ActionKind
from app.core.entitlement import Entry
from app.core.identity import Role as CallerRole
from app.core.policy import Effect, Urgency, Verdict

MONEY_PATTERN = r"^[0-9]{1,9}(\.[0-9]{2})? [A-Z]{3}$"
DURATION_PATTERN = r"^[0-9]{1,6}[mhd]$"

Word = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Role = Annotated[str, StringConstraints(strict=True, pattern=r"^(reviewer|approver)$")]
Sentence = Annotated[str, StringConstraints(strict=True, min_length=10, max_length=200, pattern=r"\.$")]
Minutes = Annotated[int, Field(strict=True, gt=0, le=525_600)]
Days = Annotated[int, Field(strict=True, gt=0, le=3_650)]
Count = Annotated[int, Field(strict=True, ge=1, le=5)]
Probability = Annotated[float, Field(strict=True, gt=0.5, le=1)]
Amount = Annotated[str, StringConstraints(strict=True, pattern=MONEY_PATTERN)]
Clock = Annotated[str, StringConstraints(strict=True, pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Day = Annotated[str, StringConstraints(strict=True, pattern=r"^\d{4}-\d{2}-\d{2}$")]
Weekday = Annotated[str, StringConstraints(strict=True, pattern=r"^(mon|tues|wednes|thurs|fri|satur|sun)day$")]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Parameters(Section):
    """Three figures of the engine, and any number that rules refer to by name."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, int | str] = Field(init=False)

    identity_clear: Probability
    match_clear: Probability
    default_extension_days: Days


class BusinessHoursSection(Section):
    timezone: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=60)]
    days: Annotated[list[Weekday], Field(min_length=1)]
    opens: Clock = Field(alias="from")
    closes: Clock = Field(alias="to")
    holidays: list[Day] = []


class MistakeSection(Section):
    kinds: Annotated[list[ActionKind], Field(min_length=1)]
    costs: Amount
    share_of_order: Annotated[float, Field(strict=True, ge=0, le=10)] = 0
    floor: Probability


class LossesSection(Section):
    review: Amount
    mistakes: list[MistakeSection]


class EffectSection(Section):
    verdict: Verdict | None = None
    team: Word | None = None
    urgency: Urgency | None = None
    due_minutes: Minutes | None = None
    approvals_needed: Count | None = None
    approval_role: Role | None = None
    queue: Word | None = None
    reason_code: Word | None = None

    def to_effect(self) -> Effect:
        return Effect(**{name: getattr(self, name) for name in Effect.__dataclass_fields__})


class KindSection(EffectSection):
    verdict: Verdict
    team: Word
    when_identity_clear: Verdict | None = None


class OutcomeSection(Section):
    """What an example expects of the decision; what it does not name may be anything."""

    starts_at: Verdict | None = None  # the verdict of the kind, before any rule
    reason_code: Word | None = None  # one of them
    verdict: Verdict | None = None
    team: Word | None = None
    queue: Word | None = None
    urgency: Urgency | None = None
    due_minutes: Minutes | None = None
    approvals_needed: Count | None = None
    approval_role: Role | None = None

    def to_expected(self) -> dict[str, str | int]:
        return self.model_dump(mode="json", exclude_none=True)


class RuleExample(Section):
    """Beside its rule: that it fires, or does not, on these inputs."""

    given: dict[str, Any] = {}
    fires: bool = True
    gives: OutcomeSection = OutcomeSection()


class DocumentExample(Section):
    """Of the whole document; `fires` are then all the rules that fire."""

    says: Sentence
    given: dict[str, Any] = {}
    fires: list[Word] | None = None
    gives: OutcomeSection = OutcomeSection()


class RuleSection(Section):
    id: Word
    says: Sentence
    when: dict[str, Any]  # read by hand, as `given` is: what may stand there hangs on the catalogue of facts
    then: EffectSection
    examples: list[RuleExample] = []


class Document(Section):
    """What Handoff may do by itself, what waits for people, and what a team does."""

    version: Annotated[str, StringConstraints(strict=True, pattern=r"^[\w.\-]{1,40}$")]
    publish_needs_two: Annotated[bool, Field(strict=True)] = False  # whoever drafted or signed it does not publish it
    parameters: Parameters
    due_minutes: dict[Urgency, Minutes]
    business_hours: BusinessHoursSection | None = None
    losses: LossesSection | None = None
    kinds: dict[ActionKind, KindSection]
    entitlement: dict[ActionKind, dict[CallerRole, Entry]] = {}
    rules: list[RuleSection]
    examples: list[DocumentExample] = []
