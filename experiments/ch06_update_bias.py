"""What the update gate's first bias buys: temporal order with a GRU of 27 units,
learned as in ch04_long_dependency.py.

Chapter 4 found that a GRU that starts at z = 1/2 does not learn temporal order at T =
40 or 50 by gradient descent with momentum, where an LSTM does, and guessed that its
short reach at the start is the reason. Here the bias of z starts at 0, 1, 2 or 3 and
nothing else changes: momentum 0.9, clipping by norm at 1, batches of 20 new sequences,
at most 1,500 updates; a run ends when 99 % of 1,000 test sequences are right. Each bias
with the learning rate that did best at T = 30 on two tuning seeds, the grid made wider
as long as the best stands at its edge; five other seeds. T is 30 and 50. About four
minutes on one core. Tolerance: the number of seeds of five that succeed within one.
Result: ch06_update_bias.json.
"""

import time
from functools import partial

import numpy as np
from stored import save

from rnncourse import (
    GRU,
    SGD,
    Network,
    at_the_end,
    clip_by_norm,
    cross_entropy,
    forward,
    objective,
    train,
)
from rnncourse.tasks import ORDER_CLASSES, ORDER_SYMBOLS, temporal_order

BIASES, LENGTHS, SEEDS, TUNING_SEEDS, TUNING_LENGTH = (
    (0, 1, 2, 3),
    (30, 50),
    (0, 1, 2, 3, 4),
    (100, 101),
    30,
)
RATES, B, H, UPDATES, EVERY, TESTS = (0.03, 0.1, 0.3), 20, 27, 1500, 125, 1000


def learn(bias, T, rate, seed):
    """Accuracy on test sequences and the number of updates, at success or at the end."""
    rng = np.random.default_rng([seed, T])
    cell = GRU.init(ORDER_SYMBOLS, H, rng=rng, update_bias=bias, dtype=np.float32)
    net = Network.init(cell, ORDER_CLASSES, rng=rng)
    tests = temporal_order(T, TESTS, rng=rng)
    batches = (temporal_order(T, B, rng=rng) for _ in range(UPDATES))
    loss, clip = (
        partial(objective, loss=at_the_end(cross_entropy)),
        partial(clip_by_norm, limit=1.0),
    )
    for progress in train(net, batches, loss, SGD(rate, 0.9), clip=clip):
        if progress.step % EVERY == 0:
            ys = progress.params.outputs(forward(progress.params.cell, tests.xs).hs[-1])
            right = float((ys.argmax(axis=1) == tests.targets).mean())
            if right >= 0.99:
                break
    return round(right, 3), progress.step


def tune(bias):
    """The best rate, and what was tried: accuracies and updates, means over the tuning
    seeds.
    """
    tried = {}

    def score(rate):
        tried[rate] = np.mean(
            [learn(bias, TUNING_LENGTH, rate, seed) for seed in TUNING_SEEDS], axis=0
        ).tolist()

    def best():
        return max(tried, key=lambda rate: (min(tried[rate][0], 0.99), -tried[rate][1]))

    for rate in RATES:
        score(rate)
    while best() in (min(tried), max(tried)) and len(tried) < 6:
        score(round(best() / 3 if best() == min(tried) else best() * 3, 4))
    return best(), dict(sorted(tried.items()))


def main():
    """Tune, run, store."""
    began, results = time.process_time(), {}
    for bias in BIASES:
        rate, tried = tune(bias)
        runs = {T: [learn(bias, T, rate, seed) for seed in SEEDS] for T in LENGTHS}
        results[bias] = {
            "rate": rate,
            "tried": tried,
            "accuracy": {
                T: [right for right, _ in outcome] for T, outcome in runs.items()
            },
            "updates": {
                T: [step for _, step in outcome] for T, outcome in runs.items()
            },
        }
        print(bias, results[bias], round(time.process_time() - began), flush=True)
    minutes = round((time.process_time() - began) / 60, 1)
    save(
        __file__,
        seeds=SEEDS,
        lengths=LENGTHS,
        updates=UPDATES,
        batch=B,
        units=H,
        minutes=minutes,
        results=results,
    )


if __name__ == "__main__":
    main()
