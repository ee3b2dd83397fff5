"""What every operation of the engine works with; handed in once, in processes.wiring."""

from dataclasses import dataclass

from engine.clock import Clock
from engine.definitions import Definitions
from engine.events import Subscribers
from engine.ids import Ids
from engine.performers import Calendars, Performers


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Time, ids, calendars, who does what, who listens, and the models."""

    clock: Clock
    ids: Ids
    calendars: Calendars
    performers: Performers
    subscribers: Subscribers
    definitions: Definitions
