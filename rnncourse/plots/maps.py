"""Maps: states over time, text on coloured ground, gradients by pair."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import LogNorm
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.path import Path
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Affine2D

from rnncourse.arrays import Array, Float
from rnncourse.plots.colours import MAGNITUDE, SIGNED, WEIGHT, colour_bar

MONOSPACE = FontProperties(family="monospace")


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
    colour_bar(ax, image, "activation", ticks=[-1, 0, 1])
    return ax


def attention_map(
    weights: Float[Array, "T S"],
    read: Sequence[str],
    written: Sequence[str],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Where each step of a decoder looked: a row for each word that was written, a column
    for each that was read; white for 0, darkest for 1.
    """
    ax = plt.gca() if ax is None else ax
    if np.shape(weights) != (len(written), len(read)):
        raise ValueError(
            f"weights have shape {np.shape(weights)}; attention_map expects one for each of"
            f" {len(written)} words written and {len(read)} read"
        )
    image = ax.imshow(weights, cmap=WEIGHT, vmin=0, vmax=1, aspect="auto")
    ax.set_xticks(
        range(len(read)), read, rotation=45, ha="left", rotation_mode="anchor"
    )
    ax.set_yticks(range(len(written)), written)
    ax.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    colour_bar(ax, image, "weight", ticks=[0, 0.5, 1])
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
    colour_bar(ax, image, "gradient norm")
    return ax


def _letter(sign: str) -> Path:
    vertices, codes = text_to_path.get_text_path(MONOSPACE, sign)
    return Path(np.reshape(vertices, (-1, 2)), codes if len(codes) else None)


def _visible(character: str) -> str:
    """What is drawn for a character; � for what the font lacks, a surrogate too."""
    sign = {"\n": "↵", "\t": "→"}.get(character, character)
    return sign if get_font(findfont(MONOSPACE)).get_char_index(ord(sign)) else "�"
