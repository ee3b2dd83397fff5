"""Moments as the command line reads and prints them."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.errors import InvalidError

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?")


def parse_moment(text: str, zone: ZoneInfo) -> datetime:
    """Read local time YYYY-MM-DDTHH:MM, or ISO 8601 with offset.

    Raises: InvalidError (moment_invalid).
    """
    try:
        moment = datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None:
        raise InvalidError(f"{text!r} is not a moment; write it like 2026-11-20T14:20.", code="moment_invalid", moment=text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def local_text(moment: datetime, zone: ZoneInfo) -> str:
    """A moment as local minutes: 2026-11-20T14:20."""
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def offset_text(moment: datetime, zone: ZoneInfo) -> str:
    """A moment as exports and --json have it: 2026-11-20T14:20:00+07:00."""
    return moment.astimezone(zone).isoformat(timespec="seconds")
