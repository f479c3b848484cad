"""Clockwork predicts next year's sunspots worse than an RNN (`ch07_next_year`): is it
what its fast module can not hear, or the clock?

The same series, years, grid of rates and updates, tuning seeds and seeds. Clockwork
with periods 1 to 16, as there; `no clock`, the same stairs with all periods 1; and an
RNN of two units, as many as the Clockwork's fastest module has. `learned`: the error on
the years up to 1920. `other_clock`: the error of the trained Clockwork networks on the
tested years where the clock of the whole run is set forward by 1, 4, 7, 10 or 13 years,
mean of the five. `long`: autoregression on 20 years. Error: mean squared error /
variance of the years. About three minutes on one core. Tolerance: an error may change
by 0.03.
"""

from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np

from experiments.ch07_next_year import (
    EARLY,
    LATE,
    SERIES,
    TEST,
    autoregression,
    error,
    trained,
)
from experiments.common import rounded
from experiments.fairness import compare, geometric_mean
from experiments.harness import watch
from experiments.many import alone
from rnncourse import RNN, Clockwork, Network, forward

CELLS = {
    "Clockwork": partial(Clockwork.init, 1, 10, periods=(1, 2, 4, 8, 16)),
    "no clock": partial(Clockwork.init, 1, 10, periods=(1, 1, 1, 1, 1)),
    "RNN of 2 units": partial(RNN.init, 1, 2),
}
RATES, UPDATES = (0.001, 0.003, 0.01, 0.03, 0.1), (30, 100, 300, 1000)
SEEDS, TUNING_SEEDS = (0, 1, 2, 3, 4, 5, 6, 7), (100, 101, 102)
SMOKE = {"RATES": (0.01, 0.03), "UPDATES": (2, 3)}


def start(name, seed):
    """A network before training."""
    rng = np.random.default_rng(seed)
    return Network.init(CELLS[name](rng=rng), 1, rng=rng)


def outcomes(runs, learned, tested):
    """(The error on the years of `tested`, that on those of `learned`, the network) for
    each run.
    """
    found = {}
    for these, ys, nets in trained(runs, learned, start):
        own = [alone(nets, s) for s in range(len(these))]
        told = error(ys, tested), error(ys, learned), own
        found |= zip(these, zip(*told, strict=True), strict=True)
    return [found[run] for run in runs]


def measure(name):
    """Tuned, then run with every seed."""
    found = compare(
        [name],
        outcomes,
        tuple(product(UPDATES, RATES)),
        SEEDS,
        tuning_seeds=TUNING_SEEDS,
        data=((EARLY, LATE), (EARLY | LATE, TEST)),
        score=lambda runs: geometric_mean([tested for tested, *_ in runs]),
        most=0,
        at_once=True,
    )[name]
    updates, rate = found.rate
    tested, learned, nets = zip(*found.runs, strict=True)
    result = {
        "parameters": start(name, 0).size,
        "rate": rate,
        "updates": updates,
        "ties": found.ties,
        "tried": [[r, u, rounded(score)] for (u, r), score in found.scores.items()],
        "errors": rounded(tested),
        "learned": rounded(learned),
    }
    if name == "Clockwork":
        result["other_clock"] = rounded([other_clock(net) for net in nets])
    return result


def other_clock(net):
    """The error on the tested years where the clock is another one, the mean of five."""
    xs, found = SERIES[:-1, None, None], []
    for t in (1, 4, 7, 10, 13):
        run = forward(net.cell, xs, replace(net.cell.zero_state(1), t=t))
        found.append(error(net.outputs(run.hs)[:, 0], TEST)[0])
    return np.mean(found)


def run():
    """Measure each network."""
    results = {name: measure(name) for name in watch(CELLS, "networks")}
    return {"long": rounded(autoregression(20)), "results": results}
