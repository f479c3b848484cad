"""Writing a wave without input: who should read whom, and is it the stairs or the clock?

Four networks of about 460 parameters, nine modules: `stairs` is the Clockwork network,
in which a module reads slower ones; in `dense` each module reads all, in `reversed`
faster ones, by the same clock (18 units in `dense`, which has 361 parameters, else 27);
`no clock` has the stairs, and all of its periods are 1. Four waves of 320 steps (the
sunspots: 309): the sum of sines of `ch07_waves`; `off beat`, sines of 7, 31, 83 and 157
steps, of which no period of the clock is a period; a tone; the sunspots. Adam with the
rate falling to 0 in a straight line, clipping by norm at 1, 1,000 updates. For each
place the rate is the one of four with the least error, geometric mean of three tuning
seeds; while it stands at an edge, a further one is tried, up to six. Then eight other
seeds. Error: mean squared error / variance of the wave. About five minutes on one core.
Tolerance: an error may change by a factor of two; the order stays.
"""

from functools import partial

import numpy as np

from experiments.common import rounded
from experiments.fairness import compare
from experiments.many import learn
from experiments.ticking import Ticking, no_input, silent_together
from rnncourse import Network
from rnncourse.tasks import scaled, sines, tone
from rnncourse.text import sunspots

NINE = (1, 2, 4, 8, 16, 32, 64, 128, 256)
WAVES = {
    "sines": sines(320),
    "off beat": sines(320, periods=(7, 31, 83, 157)),
    "tone": tone(320),
    "sunspots": scaled(sunspots()),
}
MATRICES = {
    "stairs": partial(Ticking.init, 1, 27, periods=NINE, reads="slower"),
    "dense": partial(Ticking.init, 1, 18, periods=NINE, reads="all"),
    "reversed": partial(Ticking.init, 1, 27, periods=NINE, reads="faster"),
    "no clock": partial(Ticking.init, 1, 27, periods=(1,) * 9, reads="slower"),
}
RATES, MOST, T, UPDATES = (0.003, 0.01, 0.03, 0.1), 6, 320, 1000
SEEDS, TUNING_SEEDS = (0, 1, 2, 3, 4, 5, 6, 7), (100, 101, 102)
SMOKE = {"UPDATES": 2, "MOST": 2, "RATES": (0.01,), "SEEDS": (0, 1)}


def start(name, seed):
    """A network before training."""
    rng = np.random.default_rng(seed)
    return Network.init(MATRICES[name](rng=rng), 1, rng=rng)


def errors(name, runs):
    """The error of one network for each (wave, rate, seed), all trained at once."""
    nets = silent_together([start(name, seed) for _, _, seed in runs])
    targets, weights = np.zeros((T, len(runs))), np.zeros((T, len(runs)))
    for s, (wave, _, _) in enumerate(runs):
        target = WAVES[wave]
        targets[: len(target), s] = target
        weights[: len(target), s] = 1 / len(target) / target.var()
    xs = no_input(T, len(runs))
    rates, how = (
        np.array([r for _, r, _ in runs]),
        {"updates": UPDATES, "every": UPDATES},
    )
    return learn(nets, xs, targets, weights, rates, **how)[1][-1][0]


def run():
    """Compare on each wave."""
    results = {wave: {} for wave in WAVES}
    for name in MATRICES:
        how = {"tuning_seeds": TUNING_SEEDS, "most": MOST, "at_once": True}
        found = compare(WAVES, partial(errors, name), RATES, SEEDS, **how)
        for wave, each in found.items():
            results[wave][name] = each.told(6) | {"errors": rounded(each.runs, ".3g")}
    nets = {name: start(name, 0) for name in MATRICES}
    sizes = {name: net.size - net.cell.D * net.cell.H for name, net in nets.items()}
    return {"updates": UPDATES, "parameters": sizes, "results": results}
