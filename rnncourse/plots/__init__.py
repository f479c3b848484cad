"""The course's figures: data first, one Axes, nothing computed, nothing shown.

Only this folder needs matplotlib.

The book's look is a style sheet of the package: `plt.style.use("rnncourse.book")`.
"""

from rnncourse.plots.colours import (
    BACK,
    INPUT,
    MAGNITUDE,
    OUTPUT,
    SIGNED,
    STATE,
    WEIGHT,
)
from rnncourse.plots.drawings import both_ways, unrolled
from rnncourse.plots.lines import gradient_flow, learning_curves, name_ends
from rnncourse.plots.maps import (
    attention_map,
    coloured_text,
    gradient_pairs,
    hidden_states,
)

__all__ = [
    "BACK",
    "INPUT",
    "MAGNITUDE",
    "OUTPUT",
    "SIGNED",
    "STATE",
    "WEIGHT",
    "attention_map",
    "both_ways",
    "coloured_text",
    "gradient_flow",
    "gradient_pairs",
    "hidden_states",
    "learning_curves",
    "name_ends",
    "unrolled",
]
