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
training. Result: ch04_gradient_reach.json.
"""

import time
from functools import partial

import numpy as np
from stored import save

from rnncourse import (
    GRU,
    LSTM,
    RNN,
    Adam,
    Clockwork,
    Network,
    at_the_end,
    backward,
    clip_by_norm,
    forward,
    objective,
    squared_error,
    train,
)
from rnncourse.tasks import adding

T, B, UPDATES, SEEDS, TUNING_SEEDS = 60, 32, 1200, (0, 1, 2, 3, 4), (100, 101)
RATES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
CELLS = {
    "RNN": partial(RNN.init, 2, 69),
    "LSTM": partial(LSTM.init, 2, 34),
    "GRU": partial(GRU.init, 2, 39),
    "Clockwork": partial(Clockwork.init, 2, 91, periods=(1, 2, 4, 8, 16, 32, 64)),
}
GATES = {"LSTM": "f", "GRU": "z"}  # each multiplies the old state
last = at_the_end(squared_error)


def reach(net, batch):
    """The norm of dL/ds_{T-k} for k = 0, 1, ..., divided by the one at k = 0; and the
    loss.
    """
    run = forward(net.cell, batch.xs)
    loss, dys = last(net.outputs(run.hs), batch.targets)
    flow = backward(net.cell, dys @ net.W_y.T, run).flow
    norms = np.sqrt(sum(part.astype(float) ** 2 for part in flow.values()))[::-1]
    return norms / norms[0], loss


def kept(cell, net, batch):
    """The share of values above 0.9 of the gate that keeps the old state; None for a
    cell without one.
    """
    if cell not in GATES:
        return None
    tapes = forward(net.cell, batch.xs).tapes
    return round(
        float(np.mean([getattr(tape, GATES[cell]) > 0.9 for tape in tapes])), 4
    )


def learn(cell, seed, rate):
    """Norms before and after training, the gates before and after, the test loss, the
    cell's size.
    """
    rng = np.random.default_rng(seed)
    net = Network.init(CELLS[cell](rng=rng, dtype=np.float32), 1, rng=rng)
    tests = adding(T, 200, rng=rng, dtype=np.float32)
    before, _ = reach(net, tests)
    gates = [kept(cell, net, tests)]
    batches = (adding(T, B, rng=rng, dtype=np.float32) for _ in range(UPDATES))
    loss = partial(objective, loss=last)
    for progress in train(
        net,
        batches,
        loss,
        Adam(rate),
        clip=lambda gradient: clip_by_norm(gradient, 1.0),
    ):
        net = progress.params
    after, error = reach(net, tests)
    return before, after, [*gates, kept(cell, net, tests)], error, net.cell.size


def main():
    """Tune, run, store."""
    results, started = {}, time.process_time()
    for cell in CELLS:
        tried = {
            rate: [round(learn(cell, seed, rate)[3], 5) for seed in TUNING_SEEDS]
            for rate in RATES
        }
        rate = min(tried, key=lambda rate: np.mean(tried[rate]))
        before, after, gates, errors, sizes = zip(
            *(learn(cell, seed, rate) for seed in SEEDS), strict=True
        )
        results[cell] = {
            "parameters": sizes[0],
            "tried": tried,
            "rate": rate,
            "errors": [round(error, 5) for error in errors],
            "gates": gates if cell in GATES else None,
            "before": [[float(f"{norm:.3g}") for norm in run] for run in before],
            "after": [[float(f"{norm:.3g}") for norm in run] for run in after],
        }
        print(
            cell,
            tried,
            results[cell]["errors"],
            gates,
            round(time.process_time() - started),
            flush=True,
        )
    minutes = round((time.process_time() - started) / 60, 1)
    save(
        __file__,
        seeds=SEEDS,
        T=T,
        updates=UPDATES,
        batch=B,
        minutes=minutes,
        results=results,
    )


if __name__ == "__main__":
    main()
