"""How many gates are enough? RNN, one gate, GRU, reset before, LSTM: two memory
tasks, about 5,000 parameters each.

"One gate" is a GRU whose reset gate is held open: its columns of W_x and W_h are 0 and
its bias is 100, so r is exactly 1 and its derivative exactly 0; these columns do not
count as parameters. Gates that keep (the LSTM's forget gate, the GRU's update gate)
start with a bias of 1. The tasks are adding and temporal order with T = 50; fresh
sequences at every update, so the loss of a batch, before its update, is a test loss.
Adam, clipping by norm at 1; each cell with the best of at least four learning rates, as
a mean of the logarithm over three tuning seeds, the grid made wider as long as the best
stands at its edge. Five other seeds. About ten minutes on one core. Tolerance: a median
final loss within a factor of three, a count of solved seeds within one.
"""

from functools import cache, partial

import numpy as np

from experiments.common import rounded
from experiments.fairness import compare, geometric_mean
from rnncourse import GRU, LSTM, RNN, Adam, Network, cross_entropy, forward
from rnncourse.cells import ResetBeforeGRU
from rnncourse.functions import squared_error
from rnncourse.network import at_the_end, objective
from rnncourse.tasks import ORDER_CLASSES, ORDER_SYMBOLS, adding, temporal_order
from rnncourse.training import train

T, B, UPDATES, EVERY, TESTS, PARAMETERS, MOST = 50, 32, 800, 20, 1000, 5000, 7
SEEDS, TUNING_SEEDS, RATES = (0, 1, 2, 3, 4), (100, 101, 102), (3e-3, 1e-2, 3e-2, 1e-1)
SMOKE = {"UPDATES": 2, "EVERY": 1, "TESTS": 50, "MOST": 1, "RATES": (1e-2,)}
SMOKE |= {"SEEDS": (0, 1), "TUNING_SEEDS": (100,)}


def one_gate(D, H, *, rng, dtype):
    """A GRU without a reset gate: r is 1, and stays 1."""
    cell = GRU.init(D, H, rng=rng, update_bias=1.0, dtype=dtype)
    cell.W_x[:, :H] = cell.W_h[:, :H] = 0
    cell.b[:H] = 100
    return cell


CELLS = {
    "RNN": RNN.init,
    "one gate": one_gate,
    "GRU": partial(GRU.init, update_bias=1.0),
    "reset before": partial(ResetBeforeGRU.init, update_bias=1.0),
    "LSTM": LSTM.init,
}


def size(name, D, H):
    """How many parameters of a cell training can change."""
    cell = CELLS[name](D, H, rng=np.random.default_rng(0), dtype=np.float32)
    return 2 * H * (D + H + 1) if name == "one gate" else cell.size


@cache
def units(name, D):
    """The number of units with which a cell is nearest to PARAMETERS."""
    return min(range(10, 100), key=lambda H: abs(size(name, D, H) - PARAMETERS))


def adding_batch(B, rng):
    """Adding, in single precision."""
    return adding(T, B, rng=rng, dtype=np.float32)


def order_batch(B, rng):
    """Temporal order."""
    return temporal_order(T, B, rng=rng)


TASKS = {  # batch, D, V, loss
    "adding": (adding_batch, 2, 1, squared_error),
    "temporal order": (order_batch, ORDER_SYMBOLS, ORDER_CLASSES, cross_entropy),
}


def start(task, name, rate, seed):
    """The network's training, update by update, and its random numbers."""
    batch, D, V, loss = TASKS[task]
    rng = np.random.default_rng(seed)
    cell = CELLS[name](D, units(name, D), rng=rng, dtype=np.float32)
    net = Network.init(cell, V, rng=rng)
    batches = (batch(B, rng) for _ in range(UPDATES))
    loss = partial(objective, loss=at_the_end(loss))
    return train(net, batches, loss, Adam(rate), clip=1.0), rng


def learn(task, name, rate, seed):
    """The losses, means of EVERY updates; and the loss and the share of right answers
    on 1,000 new sequences.
    """
    losses, (steps, rng) = [], start(task, name, rate, seed)
    try:
        for progress in steps:
            losses.append(progress.loss)
            net = progress.params
    except FloatingPointError:
        losses += [np.inf] * (UPDATES - len(losses))
    batch, _, _, loss = TASKS[task]
    tests = batch(TESTS, rng)
    ys = net.outputs(forward(net.cell, tests.xs).hs[-1])
    if task == "adding":
        right = np.abs(ys - tests.targets) < 0.04
    else:
        right = ys.argmax(axis=1) == tests.targets
    curve = np.reshape(losses, (-1, EVERY)).mean(axis=1)
    end = rounded(loss(ys, tests.targets)[0], ".4g")
    return rounded(curve, ".4g"), end, float(right.mean())


def run():
    """Compare on both tasks."""
    results = {}
    for task, (_, D, _, _) in TASKS.items():
        found = compare(
            CELLS,
            partial(learn, task),
            RATES,
            SEEDS,
            tuning_seeds=TUNING_SEEDS,
            score=lambda runs: geometric_mean([loss for _, loss, _ in runs]),
            most=MOST,
        )
        results[task] = {}
        for name, each in found.items():
            H = units(name, D)
            curves, losses, right = zip(*each.runs, strict=True)
            results[task][name] = each.told() | {
                "units": H,
                "parameters": size(name, D, H),
                "losses": losses,
                "right": right,
                "curves": curves,
            }
    about = {"T": T, "batch": B, "updates": UPDATES, "every": EVERY}
    return about | {"results": results}
