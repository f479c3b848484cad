"""How far a gradient reaches, before and after training: RNN, LSTM, GRU and Clockwork
with about 5,000 parameters each.

The task is adding with T = 60. A loss at the last step alone; the norm of its gradient
by the whole state k steps earlier (h, for the LSTM h and c), over 200 test sequences,
divided by the one at lag 0. Also the share of gate values above 0.9, over steps,
sequences and units: of the LSTM's forget gate f and the GRU's update gate z, which both
keep the old where they are 1. Adam, clipping by norm at 1, 1,200 updates of 32 new
sequences. Each cell has the best of five learning rates, by the mean of two runs with
seeds that are not used again; then five seeds. About six minutes on one core.
Tolerance: before training, norms to 1 %; after it, the mean squared errors within a
factor of three and the median norms within a factor of ten, since rounding grows with
training.
"""

from functools import partial

import numpy as np

from experiments.common import last, rounded
from experiments.fairness import compare
from rnncourse import GRU, LSTM, RNN, Adam, Clockwork, Network, backward, forward
from rnncourse.functions import squared_error
from rnncourse.jacobians import reach
from rnncourse.network import at_the_end, objective
from rnncourse.tasks import adding
from rnncourse.training import train

T, B, UPDATES, SEEDS, TUNING_SEEDS = 60, 32, 1200, (0, 1, 2, 3, 4), (100, 101)
RATES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
CELLS = {
    "RNN": partial(RNN.init, 2, 69),
    "LSTM": partial(LSTM.init, 2, 34),
    "GRU": partial(GRU.init, 2, 39),
    "Clockwork": partial(Clockwork.init, 2, 91, periods=(1, 2, 4, 8, 16, 32, 64)),
}
SMOKE = {"UPDATES": 2, "RATES": (0.01, 0.03), "SEEDS": (0, 1), "TUNING_SEEDS": (100,)}
GATES = {"LSTM": "f", "GRU": "z"}  # each multiplies the old state
at_last = at_the_end(squared_error)


def reach_and_loss(net, batch):
    """The norm of dL/ds_{T-k} for k = 0, 1, ..., divided by the one at k = 0; and the
    loss.
    """
    run = forward(net.cell, batch.xs)
    loss, dys = at_last(net.outputs(run.hs), batch.targets)
    return reach(backward(net.cell, dys @ net.W_y.T, run).flow), loss


def kept(cell, net, batch):
    """The share of values above 0.9 of the gate that keeps the old state; None for a
    cell without one.
    """
    if cell not in GATES:
        return None
    tapes = forward(net.cell, batch.xs).tapes
    return rounded(np.mean([getattr(tape, GATES[cell]) > 0.9 for tape in tapes]))


def learn(cell, rate, seed):
    """Norms before and after training, the gates before and after, the test loss."""
    rng = np.random.default_rng(seed)
    net = Network.init(CELLS[cell](rng=rng, dtype=np.float32), 1, rng=rng)
    tests = adding(T, 200, rng=rng, dtype=np.float32)
    before, _ = reach_and_loss(net, tests)
    gates = [kept(cell, net, tests)]
    batches = (adding(T, B, rng=rng, dtype=np.float32) for _ in range(UPDATES))
    loss = partial(objective, loss=at_last)
    net = last(train(net, batches, loss, Adam(rate), clip=1.0))
    after, error = reach_and_loss(net, tests)
    gates.append(kept(cell, net, tests))
    return rounded(before, ".3g"), rounded(after, ".3g"), gates, rounded(error, ".5f")


def run():
    """Compare."""
    found = compare(
        CELLS,
        learn,
        RATES,
        SEEDS,
        tuning_seeds=TUNING_SEEDS,
        score=lambda outcomes: np.mean([error for *_, error in outcomes]),
        most=0,
    )
    results = {}
    for cell, each in found.items():
        before, after, gates, errors = zip(*each.runs, strict=True)
        results[cell] = each.told() | {
            "tried": {r: [error for *_, error in o] for r, o in each.outcomes.items()},
            "parameters": CELLS[cell](rng=np.random.default_rng(0)).size,
            "errors": errors,
            "gates": gates if cell in GATES else None,
            "before": before,
            "after": after,
        }
    return {"T": T, "updates": UPDATES, "batch": B, "results": results}
