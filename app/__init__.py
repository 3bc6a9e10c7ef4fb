"""Handoff: from the end of a voice call to a safe, reviewed and provable action on a commerce order."""

__version__ = "0.1.0"
