"""Drawings of a network over time."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from rnncourse.plots.colours import BACK, INPUT, OUTPUT, STATE


def unrolled(
    steps: Sequence[tuple[str | None, str | None, str | None]],
    *,
    ax: Axes | None = None,
) -> Axes:
    """A drawing of a network over time: at each step an input, a state, an output.

    They stand above each other; None leaves one out. States that follow each other are
    joined by arrows, and so are input, state and output of one step.
    """
    ax = plt.gca() if ax is None else ax
    for t, (x, h, y) in enumerate(steps):
        for label, level, colour in ((x, 0, INPUT), (h, 1, STATE), (y, 2, OUTPUT)):
            if label is not None:
                box = FancyBboxPatch(
                    (t - 0.28, level - 0.25),
                    0.56,
                    0.5,
                    "round,pad=0,rounding_size=0.08",
                    facecolor=colour,
                    edgecolor="#333333",
                    linewidth=0.8,
                )
                ax.add_patch(box)
                ax.text(t, level, label, ha="center", va="center")
        if x is not None and h is not None:
            _arrow(ax, (t, 0.25), (t, 0.75))
        if h is not None and y is not None:
            _arrow(ax, (t, 1.25), (t, 1.75))
        if t and h is not None and steps[t - 1][1] is not None:
            _arrow(ax, (t - 0.72, 1), (t - 0.28, 1))
    ax.set(xlim=(-0.5, len(steps) - 0.5), ylim=(-0.35, 2.35), aspect="equal")
    ax.axis("off")
    return ax


def both_ways(
    steps: Sequence[tuple[str | None, str | None, str | None]],
    *,
    ax: Axes | None = None,
) -> Axes:
    """The drawing of `unrolled`, and in red the way of the gradient.

    It runs from output to state, and from each state to the one before.
    """
    ax = unrolled(steps, ax=ax)
    for t, (_, h, y) in enumerate(steps):
        if h is not None and y is not None:
            _arrow(ax, (t + 0.14, 1.75), (t + 0.14, 1.25), BACK)
        if t and h is not None and steps[t - 1][1] is not None:
            _arrow(ax, (t - 0.28, 0.86), (t - 0.72, 0.86), BACK)
    return ax


Point = tuple[float, float]


def _arrow(ax: Axes, start: Point, end: Point, colour: str = "#333333") -> None:
    style: dict[str, Any] = {"arrowstyle": "-|>", "shrinkA": 1, "shrinkB": 1}
    ax.annotate("", end, start, arrowprops=style | {"color": colour, "linewidth": 1})
