"""In `ch07_direction` the network in which any module reads any has 18 units and the
Clockwork network 27: is it behind for that?

The same waves, updates and seeds, `dense` with 27 units, which have 784 parameters to
the 460 of the stairs; at 0.03, the best rate of the smaller one on every wave. Error:
mean squared error / variance of the wave. About one minute on one core. Tolerance: an
error may change by a factor of two; that the stairs stay ahead in the median stays.
"""

from functools import partial

from experiments import ch07_direction
from experiments.common import rounded
from experiments.harness import constants
from experiments.ticking import Ticking

RATE, SEEDS, UPDATES = 0.03, (0, 1, 2, 3, 4, 5, 6, 7), 1000
LARGER = partial(Ticking.init, 1, 27, periods=ch07_direction.NINE, reads="all")
SMOKE = {"SEEDS": (0, 1), "UPDATES": 2}


def run():
    """Every wave."""
    matrices = ch07_direction.MATRICES | {"larger": LARGER}
    runs = [(wave, RATE, seed) for wave in ch07_direction.WAVES for seed in SEEDS]
    with constants(ch07_direction, {"MATRICES": matrices, "UPDATES": UPDATES}):
        found = ch07_direction.errors("larger", runs).reshape(-1, len(SEEDS))
        net = ch07_direction.start("larger", 0)
    errors = {
        wave: rounded(each, ".3g")
        for wave, each in zip(ch07_direction.WAVES, found, strict=True)
    }
    return {"rate": RATE, "parameters": net.size - net.cell.H, "errors": errors}
