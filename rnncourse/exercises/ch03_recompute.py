"""An exercise of chapter 3: the backward pass with few states kept."""

from typing import Any

import numpy as np

from rnncourse.arrays import Array, Float
from rnncourse.exercises import Verdict, edited, peak_memory, register
from rnncourse.exercises.ch01 import forward, step
from rnncourse.exercises.ch03 import Sequence, Square, States, sequences


def recompute(
    xs: Float[Array, "T B D"],
    dhs: Sequence,
    h_0: States,
    W_x: Float[Array, "D H"],
    W_h: Square,
    b: Float[Array, " H"],
    k: int,
) -> Square:
    """dL/dW_h with every k-th state kept, and the k states after it computed again."""
    starts, h = [], h_0
    for t, x in enumerate(xs):
        if t % k == 0:
            starts.append(h)
        h = step(x, h, W_x, W_h, b)
    dW_h, dh = np.zeros_like(W_h), np.zeros_like(h_0)
    for i in reversed(range(len(starts))):
        part = slice(i * k, (i + 1) * k)
        hs = forward(xs[part], starts[i], W_x, W_h, b)
        for t in reversed(range(len(hs))):
            da = (dhs[part][t] + dh) * (1 - hs[t] ** 2)
            dW_h += (hs[t - 1] if t else starts[i]).T @ da
            dh = da @ W_h.T
    return dW_h


def recompute_inputs(rng: np.random.Generator) -> list[tuple]:
    """k divides T, and all sizes differ."""
    cases = []
    for (T, B, D, H), k in [((8, 3, 4, 6), 2), ((12, 2, 3, 5), 4)]:
        xs, h_0, W_x, W_h, b, _, dhs = sequences(T, B, D, H, rng)
        cases.append((xs, dhs, h_0, W_x, W_h, b, k))
    return cases


class Counted(np.ndarray):
    """Inputs that count how often one step of them is read."""

    reads = 0

    def __getitem__(self, place):
        part = super().__getitem__(place)
        Counted.reads += np.ndim(part) == 2
        return part


def judge_recompute(answer: Any, rng: np.random.Generator) -> Verdict | None:
    """A number of steps that is no T², and less than half of the memory of all states.

    Once forwards and once again makes 2 T steps; from the start for each of T / k
    stretches it would be T² / 2k, with T = 200 and k = 4 twelve times as many.
    """
    xs, h_0, W_x, W_h, b, hs, dhs = sequences(200, 8, 3, 32, rng)
    Counted.reads, T = 0, len(xs)
    answer(xs.view(Counted), dhs, h_0, W_x, W_h, b, 4)
    if Counted.reads > 3 * T:
        return Verdict(
            False,
            f"✗ right numbers, but {T} inputs are read {Counted.reads} times: each state"
            " should be computed twice",
        )
    peak = peak_memory(lambda: answer(xs, dhs, h_0, W_x, W_h, b, 10))
    if peak > hs.nbytes / 2:
        return Verdict(
            False,
            f"✗ right numbers, but the peak of memory is {peak / hs.nbytes:.0%} of what"
            " all states need. Of what grows with T, keep one state for each stretch,"
            " and no other array: no states, no das, no xs @ W_x",
        )
    return None


register(
    "bptt-recompute",
    recompute,
    inputs=recompute_inputs,
    outputs=("dW_h",),
    judge=judge_recompute,
    mistakes={
        "W_h looks transposed on the way back": edited(
            recompute, "da @ W_h.T", "da @ W_h"
        ),
        "The gradient stops at the border of a stretch: hand it on to the stretch"
        " before": edited(recompute, "da @ W_h.T", "da @ W_h.T * (t > 0)"),
        "The stretches are computed again from zeros, not from the states that were"
        " kept": edited(recompute, "starts.append(h)", "starts.append(0 * h)"),
        "This is divided by the number of stretches: the gradient of a shared weight is"
        " a sum": edited(recompute, "return dW_h", "return dW_h / (len(xs) // k)"),
        "In a stretch hs[t-1] is its own last state at t = 0: which state was kept from"
        " before"
        " it?": edited(recompute, "(hs[t - 1] if t else starts[i])", "hs[t - 1]"),
    },
)
