"""The course's figures: data first, one Axes, nothing computed, nothing shown.

Only this module needs matplotlib.

The book's look is a style sheet of the package: `plt.style.use("rnncourse.book")`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.image import AxesImage
from matplotlib.patches import FancyBboxPatch
from matplotlib.path import Path
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Affine2D

from rnncourse.arrays import Array, Float

INPUT, STATE, OUTPUT, BACK = "#f0c987", "#a9cbe8", "#b5dcc3", "#c8402f"
MONOSPACE = FontProperties(family="monospace")
SIGNED = LinearSegmentedColormap.from_list(
    "signed", ["#1f5fa8", "#7fb0d8", "#ffffff", "#eda08c", "#b3202e"]
)
MAGNITUDE = LinearSegmentedColormap.from_list(
    "magnitude", ["#dfe9f3", "#7fb0d8", "#1f6fb2", "#0c2c50"]
)


def hidden_states(
    hs: Float[Array, "T H"], *, text: str | None = None, ax: Axes | None = None
) -> Axes:
    """A heat map of states, units × time, from -1 (blue) over 0 (the page) to 1 (red).

    With `text`, its T characters stand under the steps at which they were read; a space
    is drawn as ·, a line end as ↵, a tab as →, what the font lacks as �.
    """
    ax = plt.gca() if ax is None else ax
    image = ax.imshow(hs.T, cmap=SIGNED, vmin=-1, vmax=1, aspect="auto")
    ax.set(ylabel="unit", xlabel="step" if text is None else None)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    if text is not None:
        if len(text) != len(hs):
            raise ValueError(
                f"text has {len(text)} characters;"
                f" hidden_states expects one for each of {len(hs)} steps"
            )
        signs = [{" ": "·", "$": r"\$"}.get(c, _visible(c)) for c in text]
        ax.set_xticks(range(len(text)), signs, family="monospace")
        ax.tick_params(axis="x", length=0)
    _colour_bar(ax, image, "activation", ticks=[-1, 0, 1])
    return ax


def coloured_text(
    text: str, values: Float[Array, " T"], *, width: int = 64, ax: Axes | None = None
) -> Axes:
    """Text on coloured ground: a value for each character, from -1 (blue) to 1 (red).

    0 has the page's colour. Lines break at `width` characters and at line ends, which
    are drawn as ↵; a tab is drawn as →, what the font lacks as �.
    """
    ax = plt.gca() if ax is None else ax
    if len(text) != len(values):
        raise ValueError(
            f"there are {len(values)} values;"
            f" coloured_text expects one for each of {len(text)} characters"
        )
    places, row, column = [], 0, 0
    for character in text:
        places.append((row, column))
        column += 1
        if character == "\n" or column == width:
            row, column = row + 1, 0
    rows, columns = np.array(places, int).reshape(-1, 2).T
    ground = np.full((row + (column > 0) or 1, width), np.nan)
    ground[rows, columns] = values = np.clip(values, -1, 1)
    image = ax.imshow(ground, cmap=SIGNED, vmin=-1, vmax=1, aspect="auto")
    image.set(extent=(0, width, len(ground), 0), interpolation="nearest")

    signs = [_visible(character) for character in text]
    paths = {sign: _letter(sign) for sign in set(signs)}
    bar = _letter("|").get_extents().get_points()  # as high as a line
    scale = plt.rcParams["font.size"] / text_to_path.FONT_SCALE / 72
    size = Affine2D().translate(*-bar.mean(axis=0)).scale(scale)
    lightness = image.to_rgba(np.nan_to_num(values))[:, :3] @ (0.3, 0.59, 0.11)
    letters = PathCollection(
        [paths[sign] for sign in signs],
        facecolors=np.where(lightness < 0.5, "white", "#222222"),
        linewidths=0,
        offsets=np.stack([columns + 0.5, rows + 0.54], axis=1),
        offset_transform=ax.transData,
        snap=False,  # else an I is one pixel wide
    )
    letters.set_transform(size + ax.figure.dpi_scale_trans)
    ax.add_collection(letters, autolim=False)
    ax.axis("off")
    return ax


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


def gradient_pairs(
    norms: Float[Array, "T T"],
    *,
    floor: float = 1e-9,
    top: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A heat map of gradients by pair, dark where they are large.

    Row t is the step of the loss, column k the step of the state. Colours are
    logarithmic from `floor` to `top`; what is below is drawn at the floor. Without
    `top` they reach to the largest value, or to ten floors where nothing is as large.
    Pairs with k > t are left white: a loss has no gradient at a later state.
    """
    ax = plt.gca() if ax is None else ax
    T = len(norms)
    future = np.triu(np.ones((T, T), bool), 1)
    shown = np.ma.masked_where(future, np.maximum(norms, floor))
    top = float(max(shown.max(), 10 * floor) if top is None else top)
    if not 0 < floor < top < np.inf:
        raise ValueError(
            f"floor is {floor} and top is {top};"
            " gradient_pairs expects 0 < floor < top < infinity"
        )
    edges = (0.5, T + 0.5, T + 0.5, 0.5)  # steps count from 1
    image = ax.imshow(shown, cmap=MAGNITUDE, norm=LogNorm(floor, top), extent=edges)
    ax.set(xlabel="step $k$ of the state", ylabel="step $t$ of the loss")
    _colour_bar(ax, image, "gradient norm")
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


def _colour_bar(ax: Axes, image: AxesImage, label: str, ticks: Any = None) -> None:
    bar = ax.figure.colorbar(
        image, ax=ax, label=label, pad=0.02, aspect=30, ticks=ticks
    )
    bar.outline.set_visible(False)


def _letter(sign: str) -> Path:
    vertices, codes = text_to_path.get_text_path(MONOSPACE, sign)
    return Path(np.reshape(vertices, (-1, 2)), codes if len(codes) else None)


def _visible(character: str) -> str:
    """What is drawn for a character; � for what the font lacks, a surrogate too."""
    sign = {"\n": "↵", "\t": "→"}.get(character, character)
    return sign if get_font(findfont(MONOSPACE)).get_char_index(ord(sign)) else "�"


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
