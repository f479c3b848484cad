"""Lines: gradients against the lag, losses against updates; named at their ends."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from rnncourse.arrays import Array, Float


def gradient_flow(
    norms: Mapping[str, Float[Array, " K"]],
    *,
    floor: float = 1e-12,
    ax: Axes | None = None,
) -> Axes:
    """Norms of a gradient against the lag, on a log axis; lines are named at their ends.

    `norms[name][k]` belongs to lag k. What is below `floor` is drawn at the floor.
    """
    ax = plt.gca() if ax is None else ax
    for values in norms.values():
        ax.plot(np.maximum(values, floor))
    ax.set(yscale="log", ylabel="gradient norm")
    ax.set_xlabel("lag $k$ (steps back from the loss)")
    ax.margins(x=0)
    _name_lines(ax, list(norms))
    return ax


def learning_curves(
    curves: Mapping[str, tuple[Array, Array]],
    *,
    baselines: Mapping[str, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Losses against updates: for each name (x, y), a line that is named at its end.

    y has the shape (N,), or (seeds, N): then the line is the median over seeds and the
    band reaches from the lowest to the highest. Baselines are thin horizontal lines.
    """
    ax = plt.gca() if ax is None else ax
    for x, y in curves.values():
        runs = np.atleast_2d(y)
        (line,) = ax.plot(x, np.median(runs, axis=0))
        low, high = runs.min(axis=0), runs.max(axis=0)
        ax.fill_between(x, low, high, color=line.get_color(), alpha=0.25, linewidth=0)
    ax.set(xlabel="updates", ylabel="loss (nats per symbol)")
    ax.margins(x=0)
    dashes = (0, (4, 3))
    for value in (baselines or {}).values():
        ax.axhline(value, color="#777777", linewidth=0.8, linestyle=dashes, zorder=0)
    _name_lines(ax, [*curves, *(baselines or {})])
    return ax


def name_ends(
    ends: Mapping[str, tuple[float, float]],
    colours: Mapping[str, Any],
    *,
    light: Collection[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Write each name beside its point (x, y), in its colour, bold but for the `light`.

    Names that would overlap are moved up. The axes must have their limits and scales
    by then.
    """
    ax = plt.gca() if ax is None else ax
    heights = {name: ax.transData.transform(end)[1] for name, end in ends.items()}
    space, last = 13 / 72 * ax.figure.dpi, -np.inf  # a line of text, in pixels
    for name in sorted(ends, key=lambda name: heights[name]):
        last = max(heights[name], last + space)
        ax.annotate(
            name,
            ends[name],
            xytext=(6, (last - heights[name]) * 72 / ax.figure.dpi),
            textcoords="offset points",
            color=colours[name],
            va="center",
            annotation_clip=False,
            weight="normal" if name in light else "bold",
        )
    return ax


def _name_lines(ax: Axes, names: Sequence[str]) -> None:
    """Write each line's name beside its right end; those of dashed lines are light."""
    right = ax.get_xlim()[1]
    lines: dict[str, Any] = dict(zip(names, ax.get_lines(), strict=False))
    name_ends(
        {name: (right, line.get_ydata()[-1]) for name, line in lines.items()},
        {name: line.get_color() for name, line in lines.items()},
        light=[name for name, line in lines.items() if line.get_linestyle() != "-"],
        ax=ax,
    )
