"""What the DialNexa twin can be asked: the list of calls as documented, and its own ways to place and break calls."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.sandbox.dialnexa_bodies import Json, TranscriptForm
from app.sandbox.dialnexa_deliveries import Variant

Family = Literal["E", "U", "L"]
LONGEST_URL = 150  # of a webhook, by the vendor's limits page


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Webhook(_Strict):
    """Where deliveries go. The vendor takes https only; a twin also delivers to a laptop."""

    url: str = Field(max_length=LONGEST_URL, pattern=r"^https?://[^\s]+$")
    retries: int = Field(3, ge=0, le=3)
    timeout_ms: int = Field(10_000, ge=1_000, le=60_000)
    retry_delay_seconds: float = Field(0.05, ge=0, le=60)
    is_verification_signed: bool = True  # the documents do not say


class Faults(_Strict):
    """What goes wrong on the way. A dropped call is still there over REST."""

    drop: bool = False
    drop_probability: float = Field(0, ge=0, le=1)  # of each event for itself
    duplicates: int = Field(0, ge=0, le=20)  # how often the same bytes are posted once more
    delay_seconds: float = Field(0, ge=0, le=600)
    shuffle: bool = False  # the order of events is not promised


class Placement(_Strict):
    """A call to place. What is left out has the value of `TwinCall`."""

    families: tuple[Family, ...] = ("E",)
    events: tuple[str, ...] | None = None  # of the families' events, those that are sent; all that fit by default
    variant: Variant | None = None  # by default the one that the family's document names
    wait: bool = True  # answer when all is delivered
    faults: Faults = Faults()
    id: str | None = Field(None, pattern=r"^call_[A-Za-z0-9_-]{1,190}$")
    status: Literal["completed", "hangup", "initiated"] = "completed"
    direction: Literal["inbound", "outbound"] = "inbound"
    from_number: str | None = None
    to_number: str | None = None
    agent_id: str | None = None
    category: str | None = None
    category_id: str | None = None
    duration_seconds: float | None = Field(None, ge=0)
    reason: str | None = None
    said: tuple[tuple[str, str], ...] | None = None
    transcript_form: TranscriptForm = "json_string"
    summary: str | None = None
    sentiment: Literal["positive", "neutral", "negative", "unknown"] = "neutral"
    has_recording: bool = True
    analysis: Json = Field(default_factory=dict)
    metadata: Json = Field(default_factory=dict)
    transfer: Json | None = None
    is_foreign: bool = False


class RestFault(_Strict):
    """The next answers of the REST API are this error instead."""

    status: int = Field(ge=400, le=599)
    times: int = Field(1, ge=1, le=1000)
    retry_after_seconds: int | None = None


class ListQuery(BaseModel):
    """The documented filters that the twin honours; other parameters are ignored."""

    page: int = Field(1, ge=1)
    limit: int = Field(20, ge=1, le=200)
    call_id: str | None = None
    agent_id: str | None = None
    status: str | None = None
    call_direction: str | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    created_at: Literal["asc", "desc"] | None = None
    duration: Literal["asc", "desc"] | None = None
