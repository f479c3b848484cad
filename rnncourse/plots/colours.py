"""The colours of the course's figures, and the bar that explains them."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.image import AxesImage

INPUT, STATE, OUTPUT, BACK = "#f0c987", "#a9cbe8", "#b5dcc3", "#c8402f"
SIGNED = LinearSegmentedColormap.from_list(
    "signed", ["#1f5fa8", "#7fb0d8", "#ffffff", "#eda08c", "#b3202e"]
)
MAGNITUDE = LinearSegmentedColormap.from_list(
    "magnitude", ["#dfe9f3", "#7fb0d8", "#1f6fb2", "#0c2c50"]
)
WEIGHT = LinearSegmentedColormap.from_list("weight", ["#ffffff", "#1f6fb2", "#0c2c50"])


def colour_bar(ax: Axes, image: AxesImage, label: str, ticks: Any = None) -> None:
    bar = ax.figure.colorbar(
        image, ax=ax, label=label, pad=0.02, aspect=30, ticks=ticks
    )
    bar.outline.set_visible(False)
