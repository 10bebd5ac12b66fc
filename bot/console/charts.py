"""Charts as SVG, drawn on the server: crisp at any size, with a name and a description for those who do not see them.

A chart never stands alone: the page gives the same figures as a table. Colours are those of the style sheet, by class,
since a page of the console carries no style of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

# What fits a phone without the letters getting too small, in the units of the drawing.
WIDTH, HEIGHT = 400, 200
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 12, 26
LABELS = 7
# What a scale counts by: units; minutes, hours and days for delays in minutes.
COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
DELAYS = (5, 10, 15, 30, 60, 120, 240, 480, 720, 1440, 2880, 5760, 11520, 23040, 46080)


@dataclass(frozen=True)
class Column:
    """A step of time: its name under the axis, its parts from the bottom, and what is said when pointed at."""

    label: str
    parts: tuple[float, ...]
    said: str


@dataclass(frozen=True)
class Span:
    """A step of time with a middle and an end (a median and a 90th percentile); None where nothing can be said."""

    label: str
    middle: float | None
    end: float | None
    said: str


def columns(name: str, title: str, description: str, steps: Sequence[Column], classes: Sequence[str]) -> Markup:
    """Stacked columns; `classes` style the parts, from the bottom."""
    top = _top(max((sum(step.parts) for step in steps), default=0), COUNTS)
    drawn = [_scale(top, COUNTS, lambda value: f"{value:g}")]
    room = (WIDTH - LEFT - RIGHT) / max(1, len(steps))
    wide = max(1.0, min(36.0, room * 0.72))
    for number, step in enumerate(steps):
        x = LEFT + room * number + (room - wide) / 2
        y = float(HEIGHT - BOTTOM)
        parts = []
        for part, style in zip(step.parts, classes, strict=True):
            tall = part / top * (HEIGHT - TOP - BOTTOM)
            y -= tall
            if part:
                parts.append(_rectangle(style, x, y, wide, tall))
        drawn.append(Markup("<g><title>{}</title>{}</g>").format(step.said, Markup("").join(parts)))
    drawn.append(_names([step.label for step in steps], room))
    return _svg(name, title, description, drawn)


def spans(name: str, title: str, description: str, steps: Sequence[Span], said: Callable[[float], str]) -> Markup:
    """A dot at the middle and a line up to the end, for each step; `said` writes the minutes of the scale."""
    top = _top(max((step.end or step.middle or 0 for step in steps), default=0), DELAYS)
    drawn = [_scale(top, DELAYS, said)]
    room = (WIDTH - LEFT - RIGHT) / max(1, len(steps))

    def height(value: float) -> float:
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    for number, step in enumerate(steps):
        if step.middle is None or step.end is None:
            continue
        x = LEFT + room * (number + 0.5)
        drawn.append(
            Markup(
                '<g><title>{}</title><path class="reach" d="M{:.1f} {:.1f}V{:.1f}m-4 0h8"/>'
                '<circle class="middle" cx="{:.1f}" cy="{:.1f}" r="4.5"/></g>'
            ).format(step.said, x, height(step.middle), height(step.end), x, height(step.middle))
        )
    drawn.append(_names([step.label for step in steps], room))
    return _svg(name, title, description, drawn)


def bar(value: float, most: float) -> Markup:
    """A bar beside a figure that is written: nothing to read in it."""
    return Markup(
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<rect class="inside" width="{:.1f}" height="10"/></svg>'
    ).format(100 * value / max(most, 1))


def _top(most: float, steps: Sequence[int]) -> float:
    """The end of the scale: the first multiple of its step that holds everything."""
    step = _step(most, steps)
    return max(step, -(-most // step) * step)


def _step(most: float, steps: Sequence[int]) -> int:
    return next((step for step in steps if most <= 4 * step), steps[-1])


def _scale(top: float, steps: Sequence[int], said: Callable[[float], str]) -> Markup:
    step = _step(top, steps)
    lines = []
    for number in range(int(top // step) + 1):
        y = round(HEIGHT - BOTTOM - number * step / top * (HEIGHT - TOP - BOTTOM)) + 0.5
        lines.append(
            Markup('<path class="grid" d="M{} {:g}H{}"/><text class="scale" x="{}" y="{:g}">{}</text>').format(
                LEFT, y, WIDTH - RIGHT, LEFT - 6, y + 4, said(number * step)
            )
        )
    return Markup("").join(lines)


def _rectangle(style: str, x: float, y: float, wide: float, tall: float) -> Markup:
    return Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
        style, x, y, wide, tall
    )


def _names(labels: Sequence[str], room: float) -> Markup:
    """The names of the steps, as many as there is room for."""
    every = max(1, -(-len(labels) // LABELS))
    return Markup("").join(
        Markup('<text class="step" x="{:.1f}" y="{}">{}</text>').format(LEFT + room * (number + 0.5), HEIGHT - 8, label)
        for number, label in enumerate(labels)
        if number % every == 0
    )


def _svg(name: str, title: str, description: str, drawn: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title {}-said">'
        '<title id="{}-title">{}</title><desc id="{}-said">{}</desc>{}</svg>'
    ).format(WIDTH, HEIGHT, name, name, name, escape(title), name, escape(description), Markup("").join(drawn))
