"""Log events: a fixed name plus fields, one JSON object a line. Ids, never personal data."""

import logging
import sys

import structlog


def configure_logging(level: str) -> None:
    """Sends our events, and the warnings of libraries, to standard error."""
    number = getattr(logging, level.upper())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries log URLs and SQL parameters at lower levels; those could carry personal data.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
