"""The family tree of what can go wrong.

    HandoffError
    ├── SettingError             a setting is missing or malformed: named, with its remedy
    ├── InputError               somebody sent what cannot be read: names the field
    │   └── PayloadError         a vendor's body is not of any documented shape
    ├── NotFoundError
    ├── ConflictError            the record moved, or the state does not allow the verb
    │   └── TransitionError      core/lifecycle.py has no such transition
    ├── ForbiddenError           role or four-eyes forbids
    ├── LeaseLostError           another worker took the job over: complete nothing
    ├── DamagedError             what was kept is not what was stored: somebody changed it beside us
    └── DestinationError         a vendor's answer, translated once in its adapter
        ├── DestinationRefusedError      it said no: the act did not happen and will not by repeating
        ├── DestinationMissingError      no such record at the vendor
        ├── DestinationUnavailableError  certain that nothing happened; try again later
        │   └── DestinationPausedError       not even asked: it is down, or asked us to stay away
        └── DestinationUnknownError      the answer never came: the act may have happened

Texts carry ids and field names, never personal data.
"""


class HandoffError(Exception):
    """Base of every error that this product raises on purpose."""


class SettingError(HandoffError):
    """A setting is missing or malformed; `name` is the environment variable, `remedy` what to do."""

    def __init__(self, name: str, problem: str, remedy: str) -> None:
        super().__init__(f"{name} {problem}. {remedy}")
        self.name = name
        self.remedy = remedy


class InputError(HandoffError):
    """Somebody sent what cannot be read; `field` says where."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


class PayloadError(InputError):
    """A vendor's body is not of any documented shape; the delivery is parked, not lost."""


class NotFoundError(HandoffError):
    """No such record."""


class ConflictError(HandoffError):
    """The record moved since it was read, or its state does not allow what was asked."""


class TransitionError(ConflictError):
    """The status does not allow the verb."""


class ForbiddenError(HandoffError):
    """The actor's role, or the four-eyes rule, forbids it."""


class LeaseLostError(HandoffError):
    """The job's lease ran out and another worker holds it now; nothing may be completed under the old one."""


class DamagedError(HandoffError):
    """What was kept is not what was stored: it was changed or moved by somebody else than this program."""


class DestinationError(HandoffError):
    """A vendor's answer; `status_code` is its HTTP status where one came."""

    def __init__(
        self, problem: str, *, status_code: int | None = None, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(problem)
        self.status_code = status_code
        self.retry_after_seconds = retry_after_seconds


class DestinationRefusedError(DestinationError):
    """The vendor said no: the act did not happen, and repeating it will not help."""


class DestinationMissingError(DestinationError):
    """The vendor knows no such record, or the key may not see it."""


class DestinationUnavailableError(DestinationError):
    """Certain that nothing happened (not connected, 429, a failed read): may be tried again."""


class DestinationPausedError(DestinationUnavailableError):
    """Nothing was sent: the vendor has been down for all of us, asked us to stay away, or its budget is spent."""


class DestinationUnknownError(DestinationError):
    """A write's answer never came or says nothing (timeout, cut, 5xx): it may have happened."""
