"""Which methods learn a dependency of which length: temporal order, six methods, four
lengths, five seeds.

A vanilla network of 50 units is trained by gradient descent with momentum 0.9, plain;
with clipping by norm at 1; with clipping and the regulariser Ω of Pascanu et al.
(2013), whose sum over steps is divided by T. An LSTM and a GRU of about as many
parameters (23 and 27 units) are trained with clipping, and the GRU once more with Adam
in place of momentum. All W_h begin orthogonal. Batches of 20 new sequences, at most
1,500 updates (30,000 sequences); a run has succeeded, and ends, when at least 99 % of
1,000 test sequences are right. All methods choose from the same six learning rates, Ω
also from four weights: the choice that did best at T = 40 (where none learns there, at
T = 30 or 20), in one run with a seed that is not used again; among equals, the one with
the fewest updates. About ten minutes on one core. Tolerance: a run's success may depend
on the machine, since rounding grows with training; the number of seeds of five that
succeed should come out within one. Result: ch04_long_dependency.json.
"""

import time
from functools import partial

import numpy as np
from stored import save

from rnncourse import (
    GRU,
    LSTM,
    RNN,
    SGD,
    Adam,
    Network,
    at_the_end,
    backward,
    clip_by_norm,
    cross_entropy,
    forward,
    train,
)
from rnncourse.jacobians import norm_kept
from rnncourse.recurrence import rows
from rnncourse.tasks import ORDER_CLASSES, ORDER_SYMBOLS, temporal_order

LENGTHS, SEEDS, TUNING_SEED, TUNING_LENGTHS = (
    (20, 30, 40, 50),
    (0, 1, 2, 3, 4),
    100,
    (40, 30, 20),
)
B, UPDATES, EVERY, TESTS = 20, 1500, 125, 1000
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
momentum = partial(SGD, momentum=0.9)
METHODS = {  # cell, units, optimiser, clip, weights of Ω
    "SGD": (RNN, 50, momentum, None, (0,)),
    "+ clipping": (RNN, 50, momentum, 1.0, (0,)),
    "+ clipping + Ω": (RNN, 50, momentum, 1.0, (0.5, 2, 8, 32)),
    "LSTM": (LSTM, 23, momentum, 1.0, (0,)),
    "GRU": (GRU, 27, momentum, 1.0, (0,)),
    "GRU, Adam": (GRU, 27, Adam, 1.0, (0,)),
}


def objective(net, batch, state=None, *, weight=0.0):
    """Cross entropy of the last output plus weight Ω / T, its gradient, and the state."""
    run = forward(net.cell, batch.xs)
    loss, dys = at_the_end(cross_entropy)(net.outputs(run.hs), batch.targets)
    dhs = dys @ net.W_y.T
    gradient = Network(
        backward(net.cell, dhs, run).cell,
        rows(run.hs).T @ rows(dys),
        rows(dys).sum(axis=0),
    )
    if weight:
        gradient.cell.W_h[...] += weight / len(dhs) * norm_kept(net.cell, dhs, run).dW_h
    return loss, gradient, run.state


def accuracy(net, batch):
    """The share of sequences whose class is right."""
    return float(
        (
            net.outputs(forward(net.cell, batch.xs).hs[-1]).argmax(axis=1)
            == batch.targets
        ).mean()
    )


def learn(method, T, rate, weight, seed):
    """Accuracy on test sequences and the number of updates, at success or at the end."""
    kind, H, optimiser, limit, _ = METHODS[method]
    rng = np.random.default_rng([seed, T])
    net = Network.init(
        kind.init(ORDER_SYMBOLS, H, rng=rng, dtype=np.float32), ORDER_CLASSES, rng=rng
    )
    tests = temporal_order(T, TESTS, rng=rng)
    batches = (temporal_order(T, B, rng=rng) for _ in range(UPDATES))
    clip = (
        (lambda gradient: clip_by_norm(gradient, limit))
        if limit
        else (lambda gradient: gradient)
    )
    right, step = 0.0, 0
    try:
        for progress in train(
            net, batches, partial(objective, weight=weight), optimiser(rate), clip=clip
        ):
            step = progress.step
            if (
                step % EVERY == 0
                and (right := accuracy(progress.params, tests)) >= 0.99
            ):
                break
    except FloatingPointError:
        right = 0.0
    return round(right, 3), step


def tune(method):
    """The best learning rate and weight of Ω, and all that was tried: at T = 40; if
    none learns there, at 30, then at 20.
    """
    tried = {}
    for T in TUNING_LENGTHS:
        choices = [(rate, weight) for rate in RATES for weight in METHODS[method][-1]]
        here = {choice: learn(method, T, *choice, TUNING_SEED) for choice in choices}
        tried[T] = [[*choice, *outcome] for choice, outcome in here.items()]
        best = max(
            here, key=lambda choice: (min(here[choice][0], 0.99), -here[choice][1])
        )
        if here[best][0] > 0.5:
            break
    return *best, tried


def measure(method):
    """Tuned, then run with every seed at every length."""
    rate, weight, tried = tune(method)
    runs = {
        T: [learn(method, T, rate, weight, seed) for seed in SEEDS] for T in LENGTHS
    }
    return {
        "rate": rate,
        "weight": weight,
        "tried": tried,
        "accuracy": {T: [right for right, _ in outcome] for T, outcome in runs.items()},
        "updates": {T: [step for _, step in outcome] for T, outcome in runs.items()},
    }


def main():
    """Measure each method, store."""
    started = time.process_time()
    results = {}
    for method in METHODS:
        results[method] = measure(method)
        print(method, results[method], round(time.process_time() - started), flush=True)
    minutes = round((time.process_time() - started) / 60, 1)
    save(
        __file__,
        seeds=SEEDS,
        lengths=LENGTHS,
        updates=UPDATES,
        batch=B,
        minutes=minutes,
        results=results,
    )


if __name__ == "__main__":
    main()
