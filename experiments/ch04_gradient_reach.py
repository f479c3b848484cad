"""How far a gradient reaches, before and after training: RNN, LSTM, GRU and Clockwork
with about 5,000 parameters each, along the loss's own direction and along a random one.

The task is adding with T = 60. A loss at the last step alone; the norm of its gradient
by the whole state k steps earlier (h, for the LSTM h and c), over 200 test sequences,
divided by the one at lag 0. The gradient at the last step is that of the squared error,
or one random vector for all sequences. Also the share of gate values above 0.9, over
steps, sequences and units: of the LSTM's forget gate f and the GRU's update gate z,
which both keep the old where they are 1. Adam, clipping by norm at 1, 1,000 updates of
20 new sequences. Each cell has the best of three learning rates or more, on a grid that
grows at its edge (to at most five), by the geometric mean of three runs with seeds that
are not used again; then five seeds. About four minutes on one core. Tolerance: before
training, norms to 1 %; after it, the mean squared errors within a factor of three and
the median norms within a factor of ten, since rounding grows with training.
"""

from functools import partial

import numpy as np

from experiments import abreast
from experiments.common import rounded
from experiments.fairness import compare, geometric_mean
from rnncourse import GRU, LSTM, RNN, Adam, Clockwork, Network, backward, forward
from rnncourse.functions import squared_error
from rnncourse.jacobians import reach
from rnncourse.network import at_the_end
from rnncourse.tasks import adding

T, B, UPDATES, SEEDS, TUNING_SEEDS = 60, 20, 1000, (0, 1, 2, 3, 4), (100, 101, 102)
RATES, MOST = (3e-3, 1e-2, 3e-2), 5
CELLS = {
    "RNN": partial(RNN.init, 2, 69),
    "LSTM": partial(LSTM.init, 2, 34),
    "GRU": partial(GRU.init, 2, 39),
    "Clockwork": partial(Clockwork.init, 2, 91, periods=(1, 2, 4, 8, 16, 32, 64)),
}
SMOKE = {"UPDATES": 2, "RATES": (0.01, 0.03), "SEEDS": (0, 1), "TUNING_SEEDS": (100,)}
SMOKE |= {"MOST": 2}
GATES = {"LSTM": "f", "GRU": "z"}  # each multiplies the old state
at_last = at_the_end(squared_error)


def reaches_and_loss(net, batch, direction):
    """How far two gradients reach, the loss's and one along `direction`; the loss."""
    run = forward(net.cell, batch.xs)
    loss, dys = at_last(net.outputs(run.hs), batch.targets)
    along, random = dys @ net.W_y.T, np.zeros_like(run.hs)
    random[-1] = direction
    both = [reach(backward(net.cell, dhs, run).flow) for dhs in (along, random)]
    return *(rounded(each, ".3g") for each in both), rounded(loss, ".5f")


def kept(cell, net, batch):
    """The share of values above 0.9 of the gate that keeps the old state; None for a
    cell without one.
    """
    if cell not in GATES:
        return None
    tapes = forward(net.cell, batch.xs).tapes
    return rounded(np.mean([getattr(tape, GATES[cell]) > 0.9 for tape in tapes]))


def learn(runs):
    """For each (cell, rate, seed), all of one cell at once: both reaches and the gates,
    each before and after training, and the test loss.
    """
    done = {}
    for cell in dict.fromkeys(run[0] for run in runs):
        own = [run for run in runs if run[0] == cell]
        rngs = [np.random.default_rng(seed) for _, _, seed in own]
        nets = [
            Network.init(CELLS[cell](rng=rng, dtype=np.float32), 1, rng=rng)
            for rng in rngs
        ]
        tests = [adding(T, 200, rng=rng, dtype=np.float32) for rng in rngs]
        directions = [rng.normal(size=nets[0].cell.H) for rng in rngs]

        def looks(nets, cell=cell, tests=tests, directions=directions):
            return [
                (*reaches_and_loss(net, test, direction), kept(cell, net, test))
                for net, test, direction in zip(nets, tests, directions, strict=True)
            ]

        rates = np.array([rate for _, rate, _ in own])
        trained, left, _ = abreast.learn(
            abreast.together(nets),
            abreast.drawing(partial(adding, T, B, dtype=np.float32), rngs),
            abreast.squared_error,
            Adam(1.0),
            rates,
            updates=UPDATES,
            limit=1.0,
            look=lambda at, nets, k: np.zeros(len(at), bool),
            every=UPDATES,
        )
        if len(left) < len(own):
            raise FloatingPointError(f"{cell}: a training is not finite")
        after = [abreast.alone(trained, s) for s in range(len(own))]
        done |= dict(zip(own, zip(looks(nets), looks(after), strict=True), strict=True))
    return [done[run] for run in runs]


def run():
    """Compare."""
    found = compare(
        CELLS,
        learn,
        RATES,
        SEEDS,
        tuning_seeds=TUNING_SEEDS,
        score=lambda pairs: geometric_mean([after[2] for _, after in pairs]),
        most=MOST,
        at_once=True,
    )
    results = {}
    for cell, each in found.items():
        before, after = (
            list(zip(*looks, strict=True)) for looks in zip(*each.runs, strict=True)
        )
        errors = {r: [pair[1][2] for pair in o] for r, o in each.outcomes.items()}
        results[cell] = each.told() | {
            "tried": errors,
            "parameters": CELLS[cell](rng=np.random.default_rng(0)).size,
            "errors": after[2],
            "gates": list(zip(before[3], after[3], strict=True)),
            "before": before[0],
            "before, random": before[1],
            "after": after[0],
            "after, random": after[1],
        }
    return {"T": T, "updates": UPDATES, "batch": B, "results": results}
