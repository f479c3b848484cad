"""How many gates are enough? RNN, one gate, GRU, its form of 2014, LSTM: two memory
tasks, about 5,000 parameters each.

"One gate" is a GRU whose reset gate is held open: its columns of W_x and W_h are 0 and
its bias is 100, so r is exactly 1 and its derivative exactly 0; these columns do not
count as parameters. Gates that keep (the LSTM's forget gate, the GRU's update gate)
start with a bias of 1. The tasks are adding and temporal order with T = 50; fresh
sequences at every update, so the loss of a batch, before its update, is a test loss.
Adam, clipping by norm at 1; each cell with the best of at least four learning rates, as
a mean of the logarithm over three tuning seeds, the grid made wider as long as the best
stands at its edge. Five other seeds. About ten minutes on one core. Tolerance: a median
final loss within a factor of three, a count of solved seeds within one. Result:
ch06_memory.json.
"""

import time
from functools import partial

import numpy as np
from stored import save
from tuning import geometric_mean, tune

from rnncourse import (
    GRU,
    LSTM,
    RNN,
    Adam,
    Network,
    at_the_end,
    clip_by_norm,
    cross_entropy,
    forward,
    objective,
    squared_error,
    train,
)
from rnncourse.cells import ResetBeforeGRU
from rnncourse.tasks import ORDER_CLASSES, ORDER_SYMBOLS, adding, temporal_order

T, B, UPDATES, EVERY, PARAMETERS = 50, 32, 800, 20, 5000
SEEDS, TUNING_SEEDS, RATES = (0, 1, 2, 3, 4), (100, 101, 102), (3e-3, 1e-2, 3e-2, 1e-1)


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
    net = Network.init(
        CELLS[name](D, units(name, D), rng=rng, dtype=np.float32), V, rng=rng
    )
    batches = (batch(B, rng) for _ in range(UPDATES))
    clip = partial(clip_by_norm, limit=1.0)
    return (
        train(
            net,
            batches,
            partial(objective, loss=at_the_end(loss)),
            Adam(rate),
            clip=clip,
        ),
        rng,
    )


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
    tests = batch(1000, rng)
    ys = net.outputs(forward(net.cell, tests.xs).hs[-1])
    right = (
        np.abs(ys - tests.targets) < 0.04
        if task == "adding"
        else ys.argmax(axis=1) == tests.targets
    )
    curve = np.reshape(losses, (-1, EVERY)).mean(axis=1)
    return (
        [float(f"{v:.4g}") for v in curve],
        float(f"{loss(ys, tests.targets)[0]:.4g}"),
        float(right.mean()),
    )


def main():
    """Tune, run, store."""
    began, results = time.process_time(), {}
    for task in TASKS:
        D = TASKS[task][1]
        results[task] = {}
        for name in CELLS:

            def score(rate, task=task, name=name):
                return float(
                    geometric_mean(
                        [learn(task, name, rate, seed)[1] for seed in TUNING_SEEDS]
                    )
                )

            rate, tried = tune(score, RATES, factor=3, most=7)
            curves, losses, right = zip(
                *(learn(task, name, rate, seed) for seed in SEEDS), strict=True
            )
            results[task][name] = {
                "units": units(name, D),
                "parameters": size(name, D, units(name, D)),
                "tried": tried,
                "rate": rate,
                "losses": losses,
                "right": right,
                "curves": curves,
            }
            print(task, name, units(name, D), rate, tried, losses, right, flush=True)
            print(round(time.process_time() - began), flush=True)
    minutes = round((time.process_time() - began) / 60, 1)
    save(
        __file__,
        seeds=SEEDS,
        T=T,
        batch=B,
        updates=UPDATES,
        every=EVERY,
        minutes=minutes,
        results=results,
    )


if __name__ == "__main__":
    main()
