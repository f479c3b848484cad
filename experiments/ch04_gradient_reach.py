"""How far a gradient reaches, before and after training: RNN, LSTM, GRU and Clockwork with about 5,000 parameters each.

The task is adding with T = 60. A loss at the last step alone; the norm of its gradient by the whole state k steps earlier
(h, for the LSTM h and c), over 200 test sequences, divided by the one at lag 0. Adam, clipping by norm at 1, 1,200 updates
of 32 new sequences; each cell with the better of two learning rates, chosen with a seed that is not used again. Five seeds.
About three minutes on one core. Tolerance: before training, norms to 1 %; after it, the mean squared errors within a factor
of three and the median norms within a factor of ten, since rounding grows with training. Result: ch04_gradient_reach.json.
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

T, B, UPDATES, SEEDS, TUNING_SEED, RATES = 60, 32, 1200, (0, 1, 2, 3, 4), 100, (3e-3, 1e-2)
CELLS = {
    "RNN": partial(RNN.init, 2, 69),
    "LSTM": partial(LSTM.init, 2, 34),
    "GRU": partial(GRU.init, 2, 39),
    "Clockwork": partial(Clockwork.init, 2, 91, periods=(1, 2, 4, 8, 16, 32, 64)),
}
last = at_the_end(squared_error)


def reach(net, batch):
    """The norm of dL/ds_{T-k} for k = 0, 1, ..., divided by the one at k = 0; and the loss."""
    run = forward(net.cell, batch.xs)
    loss, dys = last(net.outputs(run.hs), batch.targets)
    flow = backward(net.cell, dys @ net.W_y.T, run).flow
    norms = np.sqrt(sum(part.astype(float) ** 2 for part in flow.values()))[::-1]
    return norms / norms[0], loss


def learn(cell, seed, rate):
    """Norms before and after training, the test loss, the cell's size."""
    rng = np.random.default_rng(seed)
    net = Network.init(CELLS[cell](rng=rng, dtype=np.float32), 1, rng=rng)
    tests = adding(T, 200, rng=rng, dtype=np.float32)
    before, _ = reach(net, tests)
    batches = (adding(T, B, rng=rng, dtype=np.float32) for _ in range(UPDATES))
    loss = partial(objective, loss=last)
    for progress in train(net, batches, loss, Adam(rate), clip=lambda gradient: clip_by_norm(gradient, 1.0)):
        net = progress.params
    after, error = reach(net, tests)
    return before, after, error, net.cell.size


def main():
    """Tune, run, store."""
    results, started = {}, time.process_time()
    for cell in CELLS:
        tried = {rate: round(learn(cell, TUNING_SEED, rate)[2], 5) for rate in RATES}
        rate = min(tried, key=tried.get)
        runs = [learn(cell, seed, rate) for seed in SEEDS]
        results[cell] = {
            "parameters": runs[0][3],
            "tried": tried,
            "rate": rate,
            "errors": [round(error, 5) for _, _, error, _ in runs],
            "before": [[float(f"{norm:.3g}") for norm in before] for before, _, _, _ in runs],
            "after": [[float(f"{norm:.3g}") for norm in after] for _, after, _, _ in runs],
        }
        print(cell, tried, results[cell]["errors"], round(time.process_time() - started), flush=True)
        print(
            [f"{np.median(results[cell][w], axis=0)[k]:.1e}" for w in ("before", "after") for k in (10, 30, 59)],
            flush=True,
        )
    minutes = round((time.process_time() - started) / 60, 1)
    save(__file__, seeds=SEEDS, T=T, updates=UPDATES, batch=B, minutes=minutes, results=results)


if __name__ == "__main__":
    main()
