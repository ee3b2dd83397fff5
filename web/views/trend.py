"""A line of weekly shares, laid out for a drawing; the same numbers stand in a table beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import ceil

from processes.reporting.figures import Period
from processes.reporting.queries import Share
from web import wording

WIDTH, HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 12, 12, 28
_SCALES = ((0.25, 0.05), (0.5, 0.1), (1.0, 0.25))  # how far down a scale goes at most, and from line to line


@dataclass(frozen=True, slots=True)
class Dot:
    """A week: where it lies, and what it says."""

    x: int
    y: int | None
    label: str
    figure: str
    line: str
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Trend:
    """A drawing and its sentence for ears."""

    dots: Sequence[Dot]
    lines: Sequence[tuple[str, bool]]  # points of a line; whether it is of whole weeks
    scale: Sequence[tuple[int, str]]
    told: str
    width: int = WIDTH
    height: int = HEIGHT


def trend_of(weeks: Sequence[Period], shares: Sequence[Share], today: date) -> Trend | None:
    """None while no week has anything."""
    known = [share.ontime for share in shares if share.ontime is not None]
    if not known:
        return None
    lowest, marks = _scale(min(known))
    dots = [
        _dot(index, len(weeks), week, share, lowest, week.until <= today)
        for index, (week, share) in enumerate(zip(weeks, shares, strict=True))
    ]
    drawn = [dot for dot in dots if dot.y is not None]
    lines = [(f"{one.x},{one.y} {two.x},{two.y}", two.is_whole) for one, two in pairwise(drawn)]
    scale = [(_y(mark, lowest), wording.percent(mark, 0)) for mark in marks]
    told = f"Tỷ lệ đúng và trước hạn từng tuần, từ {drawn[0].figure} tuần {drawn[0].label} đến {drawn[-1].figure} tuần {drawn[-1].label}"
    return Trend(dots, lines, scale, told)


def _scale(least: float) -> tuple[float, list[float]]:
    """Round figures from below the least share, and never from above 90 %, to the whole; the lowest, and each line."""
    depth = max(0.1, 1 - least)
    step = next(step for deepest, step in _SCALES if depth <= deepest + 1e-9)
    count = ceil(depth / step - 1e-9)
    return 1 - count * step, [1 - n * step for n in reversed(range(count + 1))]


def _dot(index: int, count: int, week: Period, share: Share, lowest: float, is_whole: bool) -> Dot:
    x = _LEFT + round(index * (WIDTH - _LEFT - _RIGHT) / max(1, count - 1))
    figure = wording.percent(share.ontime) if share.ontime is not None else "chưa có"
    line = f"{wording.number(share.resolved - share.late)} trên {wording.number(share.resolved)}" if share.resolved else ""
    y = _y(share.ontime, lowest) if share.ontime is not None else None
    return Dot(x, y, f"{week.since:%d/%m}", figure, line if is_whole else f"{line}, tuần chưa hết" if line else "", is_whole)


def _y(share: float, lowest: float) -> int:
    return round(_TOP + (1 - share) / (1 - lowest) * (HEIGHT - _TOP - _BOTTOM))
