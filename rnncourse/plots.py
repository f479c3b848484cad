"""The course's figures: data first, one Axes, nothing computed, nothing shown. The only
module that needs matplotlib.

The book's look is a style sheet of the package: `plt.style.use("rnncourse.book")`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.ticker import MaxNLocator

from rnncourse.arrays import Array, Float

INPUT, STATE, OUTPUT, BACK = "#f0c987", "#a9cbe8", "#b5dcc3", "#c8402f"
SIGNED = LinearSegmentedColormap.from_list(
    "signed", ["#1f5fa8", "#7fb0d8", "#ffffff", "#eda08c", "#b3202e"]
)
MAGNITUDE = LinearSegmentedColormap.from_list(
    "magnitude", ["#dfe9f3", "#7fb0d8", "#1f6fb2", "#0c2c50"]
)


def hidden_states(
    hs: Float[Array, "T H"], *, text: str | None = None, ax: Axes | None = None
) -> Axes:
    """A heat map of states, units × time: red above 0, blue below, the page's colour at
    0, from -1 to 1.

    With `text`, its T characters stand under the steps at which they were read; a space
    is drawn as ·, a line end as ↵.
    """
    ax = plt.gca() if ax is None else ax
    image = ax.imshow(hs.T, cmap=SIGNED, vmin=-1, vmax=1, aspect="auto")
    ax.set(ylabel="unit", xlabel="step" if text is None else None)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    if text is not None:
        if len(text) != len(hs):
            raise ValueError(
                f"text has {len(text)} characters; hidden_states expects one for each"
                f" of {len(hs)} steps"
            )
        ax.set_xticks(
            range(len(text)),
            [_visible(character) for character in text],
            family="monospace",
        )
        ax.tick_params(axis="x", length=0)
    bar = ax.figure.colorbar(
        image, ax=ax, label="activation", pad=0.02, aspect=30, ticks=[-1, 0, 1]
    )
    bar.outline.set_visible(False)
    return ax


def coloured_text(
    text: str, values: Float[Array, " T"], *, width: int = 64, ax: Axes | None = None
) -> Axes:
    """Text on a ground coloured by one value for each character, from -1 (blue) over 0
    (the page's colour) to 1 (red).

    Lines break at `width` characters and at line ends, which are drawn as ↵.
    """
    ax = plt.gca() if ax is None else ax
    if len(text) != len(values):
        raise ValueError(
            f"there are {len(values)} values; coloured_text expects one for each of"
            f" {len(text)} characters"
        )
    colours = SIGNED(0.5 + 0.5 * np.clip(np.asarray(values, float), -1, 1))
    row = column = 0
    for character, colour in zip(text, colours, strict=True):
        ax.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, linewidth=0))
        ink = "white" if np.dot(colour[:3], (0.3, 0.59, 0.11)) < 0.5 else "#222222"
        shown = character.replace("\n", "↵")
        ax.text(
            column + 0.5,
            row + 0.54,
            shown,
            family="monospace",
            color=ink,
            ha="center",
            va="center",
        )
        column += 1
        if character == "\n" or column == width:
            row, column = row + 1, 0
    ax.set(xlim=(0, width), ylim=(row + (column > 0), 0))
    ax.axis("off")
    return ax


def gradient_flow(
    norms: Mapping[str, Float[Array, " K"]],
    *,
    floor: float = 1e-12,
    ax: Axes | None = None,
) -> Axes:
    """Norms of a gradient against the lag, steps back from the loss, on a log axis;
    each line is named at its end.

    `norms[name][k]` belongs to lag k. What is below `floor` is drawn at the floor.
    """
    ax = plt.gca() if ax is None else ax
    for values in norms.values():
        ax.plot(np.maximum(values, floor))
    ax.set(
        yscale="log",
        xlabel="lag $k$ (steps back from the loss)",
        ylabel="gradient norm",
    )
    ax.margins(x=0)
    _name_lines(ax, list(norms))
    return ax


def gradient_pairs(
    norms: Float[Array, "T T"],
    *,
    floor: float = 1e-9,
    top: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A heat map of gradients by pair: row t is the step of the loss, column k the step
    of the state; dark is large.

    Colours are logarithmic from `floor` to `top`, by default the largest value; what is
    below is drawn at the floor. Pairs with k > t are left white: a loss has no gradient
    at a later state.
    """
    ax = plt.gca() if ax is None else ax
    T = len(norms)
    shown = np.ma.masked_where(
        np.arange(T)[None, :] > np.arange(T)[:, None], np.maximum(norms, floor)
    )
    scale = LogNorm(floor, norms.max() if top is None else top)
    edges = (0.5, T + 0.5, T + 0.5, 0.5)  # steps count from 1
    image = ax.imshow(shown, cmap=MAGNITUDE, norm=scale, extent=edges)
    ax.set(xlabel="step $k$ of the state", ylabel="step $t$ of the loss")
    bar = ax.figure.colorbar(image, ax=ax, label="gradient norm", pad=0.02, aspect=30)
    bar.outline.set_visible(False)
    return ax


def learning_curves(
    curves: Mapping[str, tuple[Array, Array]],
    *,
    baselines: Mapping[str, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Losses against updates: for each name (x, y), a line named at its end; baselines
    are thin horizontal lines.

    y has the shape (N,), or (seeds, N): then the line is the median over seeds and the
    band reaches from the lowest to the highest.
    """
    ax = plt.gca() if ax is None else ax
    for x, y in curves.values():
        runs = np.atleast_2d(y)
        (line,) = ax.plot(x, np.median(runs, axis=0))
        ax.fill_between(
            x,
            runs.min(axis=0),
            runs.max(axis=0),
            color=line.get_color(),
            alpha=0.25,
            linewidth=0,
        )
    ax.set(xlabel="updates", ylabel="loss (nats per symbol)")
    ax.margins(x=0)
    for value in (baselines or {}).values():
        ax.axhline(
            value, color="#777777", linewidth=0.8, linestyle=(0, (4, 3)), zorder=0
        )
    _name_lines(ax, [*curves, *(baselines or {})])
    return ax


def unrolled(
    steps: Sequence[tuple[str | None, str | None, str | None]],
    *,
    ax: Axes | None = None,
) -> Axes:
    """A drawing of a network over time: for each step an input below, a state, an
    output above; None leaves one out.

    States that follow each other are joined by arrows, and so are input, state and
    output of one step.
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
    """The drawing of `unrolled`, and in red the way of the gradient: from output to
    state, from state to state before.
    """
    ax = unrolled(steps, ax=ax)
    for t, (_, h, y) in enumerate(steps):
        if h is not None and y is not None:
            _arrow(ax, (t + 0.14, 1.75), (t + 0.14, 1.25), BACK)
        if t and h is not None and steps[t - 1][1] is not None:
            _arrow(ax, (t - 0.28, 0.86), (t - 0.72, 0.86), BACK)
    return ax


def _arrow(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str = "#333333",
) -> None:
    style: dict[str, Any] = {
        "arrowstyle": "-|>",
        "color": colour,
        "linewidth": 1,
        "shrinkA": 1,
        "shrinkB": 1,
    }
    ax.annotate("", end, start, arrowprops=style)


def _visible(character: str) -> str:
    return {" ": "·", "\n": "↵", "\t": "→", "$": r"\$"}.get(character, character)


def name_ends(
    ends: Mapping[str, tuple[float, float]],
    colours: Mapping[str, Any],
    *,
    light: Collection[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Write each name beside its point (x, y), in its colour, moved up where two would
    overlap; bold but for the `light` ones.

    The axes must have their limits and scales by then.
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
