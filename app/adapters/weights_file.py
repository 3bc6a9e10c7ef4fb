"""The weights of matching as JSON: what `handoff match train` writes, and what a deployment may put in its place."""

import json
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core.fellegi_sunter import Weight
from app.core.levels import Level
from app.core.weights import FS_0, Weights
from app.errors import SettingError

DEFAULT_WEIGHTS_FILE = Path(__file__).parents[1] / "weights" / "default.json"
SETTING = "HANDOFF_WEIGHTS_FILE"
_REMEDY = "Write it anew by `handoff match train`, or unset the variable to use the weights that ship."

Share = Annotated[float, Field(gt=0, le=1)]


class _Level(BaseModel):
    model_config = ConfigDict(extra="forbid")
    m: Share
    u: Share


class _WeightsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version: Annotated[str, Field(min_length=1, max_length=100)]
    in_mirror: Annotated[float, Field(gt=0, lt=1)]
    enough: Annotated[float, Field(ge=0.5, lt=1)]
    clear_of_next: Annotated[float, Field(ge=1)]
    levels: dict[Level, _Level]


def load_weights(path: Path | None) -> Weights:
    """Those of the file, or those that ship. Raises SettingError where it cannot be read or makes no sense.

    A level that the file does not name keeps the weight it has by judgement: a newer version may know more levels.
    """
    path = path or DEFAULT_WEIGHTS_FILE
    try:
        read = _WeightsFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise SettingError(SETTING, f"cannot be read ({error.strerror})", _REMEDY) from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SettingError(SETTING, f"is malformed at {place!r} ({first['msg']})", _REMEDY) from None
    levels = {level: Weight(weight.m, weight.u) for level, weight in read.levels.items()}
    return Weights(read.version, read.in_mirror, read.enough, read.clear_of_next, {**FS_0.levels, **levels})


def dump_weights(weights: Weights) -> str:
    """The text of such a file."""
    document = {
        "version": weights.version,
        "in_mirror": round(weights.in_mirror, 4),
        "enough": weights.enough,
        "clear_of_next": weights.clear_of_next,
        "levels": {
            str(level): {"m": float(f"{weight.m:.4g}"), "u": float(f"{weight.u:.4g}")}
            for level, weight in weights.levels.items()
        },
    }
    return json.dumps(document, indent=2) + "\n"
