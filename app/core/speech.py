"""What people said, as candidates of what they may have meant: one reader for each kind of thing.

Speech is never normalised into one form here: a reader gives the plausible readings, most plausible first and bounded,
and the orders on file decide between them. Nothing is invented, and prose gives nothing.
"""

from app.core.spoken_amounts import read_amount_cents
from app.core.spoken_codes import CodePart, SpokenCode, read_codes
from app.core.spoken_dates import read_date, read_full_date
from app.core.spoken_emails import read_emails
from app.core.spoken_names import read_names
from app.core.spoken_phones import read_phones

__all__ = [
    "CodePart",
    "SpokenCode",
    "read_amount_cents",
    "read_codes",
    "read_date",
    "read_emails",
    "read_full_date",
    "read_names",
    "read_phones",
]
