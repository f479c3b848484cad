"""The exercises of chapter 3, backpropagation through time: right answers, and mistakes
that are easily made.
"""

import tracemalloc

import numpy as np

from rnncourse.arrays import Array, Float
from rnncourse.exercises import Exercise, Verdict, register
from rnncourse.exercises.ch01 import forward, weights

Sequence = Float[Array, "T B H"]
States = Float[Array, "B H"]
Square = Float[Array, "H H"]

# bptt-pairs


def pairs(T: int, k: int) -> int:
    """Of the pairs (loss at t, state at s <= t) those with both in one of the T / k
    stretches of k steps.
    """
    return T // k * (k * (k + 1) // 2)


register(
    Exercise(
        name="bptt-pairs",
        reference=pairs,
        inputs=lambda rng: [(12, 3), (100, 25), (64, 4), (30, 10)],
        outputs=("the number of pairs",),
        mistakes={
            "A state has no gradient from a loss that came before it: half of these pairs do not exist": (
                lambda T, k: T * k
            ),
            "This is how many there are without truncation": (
                lambda T, k: T * (T + 1) // 2
            ),
            "This is one stretch: there are more of them": (
                lambda T, k: k * (k + 1) // 2
            ),
            "A loss has a gradient at the state of its own step, too": (
                lambda T, k: T // k * (k * (k - 1) // 2)
            ),
            "This is what was lost: the exercise asks for what is kept": (
                lambda T, k: T * (T + 1) // 2 - pairs(T, k)
            ),
            "Not every loss reaches k states: how far back can the first loss of a stretch go?": lambda T, k: (
                sum(min(t, k) for t in range(1, T + 1))
            ),
        },
    )
)


# bptt-backward: h_t = tanh(x_t W_x + h_{t-1} W_h + b), and dhs[t] is the derivative of
# the loss at t by h_t


Four = tuple[Float[Array, "D H"], Square, Float[Array, " H"], States]


def backward(
    dhs: Sequence, hs: Sequence, h_0: States, xs: Float[Array, "T B D"], W_h: Square
) -> Four:
    """dL/dW_x, dL/dW_h, dL/db and dL/dh_0."""
    return backward_with("", dhs, hs, h_0, xs, W_h)


def backward_with(
    mistake: str,
    dhs: Sequence,
    hs: Sequence,
    h_0: States,
    xs: Float[Array, "T B D"],
    W_h: Square,
) -> Four:
    """The same, with one line wrong: `mistake` says which."""
    dW_x, dW_h, db = (
        np.zeros((xs.shape[2], len(W_h))),
        np.zeros_like(W_h),
        np.zeros(len(W_h)),
    )
    dh_next = np.zeros_like(h_0)
    before = np.concatenate([h_0[None] * (mistake != "zero"), hs[:-1]])
    if mistake == "late":
        before = hs
    for t in reversed(range(len(dhs))):
        dh = dhs[t] + (0 if mistake == "forget" else dh_next)
        if mistake == "assign" and t < len(dhs) - 1:
            dh = dh_next
        da = (
            dh
            if mistake == "linear"
            else dh * (1 - (before if mistake == "slope" else hs)[t] ** 2)
        )
        dh_next = da @ (W_h if mistake == "transpose" else W_h.T)
        if mistake == "overwrite":
            dW_x, db = np.zeros_like(dW_x), np.zeros_like(db)
        if mistake in ("overwrite", "overwrite dW_h"):
            dW_h = np.zeros_like(dW_h)
        dW_x += xs[t].T @ da
        dW_h += before[t].T @ da
        db += da.sum(axis=0)
    share = {"batch": dhs.shape[1], "time": len(dhs)}.get(mistake, 1)
    dh_0 = da if mistake == "da_1" else dh_next
    return (
        dW_x / share,
        (dW_h.T if mistake == "turned" else dW_h) / share,
        db / share,
        dh_0,
    )


def wrong(mistake: str):
    """The backward pass with one mistake."""
    return lambda dhs, hs, h_0, xs, W_h: backward_with(mistake, dhs, hs, h_0, xs, W_h)


def sequences(T: int, B: int, D: int, H: int, rng: np.random.Generator) -> tuple:
    """xs, h_0 and the weights, and the states and upstream gradients that belong to
    them.
    """
    W_x, W_h, b = weights(D, H, rng)
    xs, h_0 = rng.standard_normal((T, B, D)), rng.uniform(-1, 1, (B, H))
    return (
        xs,
        h_0,
        W_x,
        W_h,
        b,
        forward(xs, h_0, W_x, W_h, b),
        rng.standard_normal((T, B, H)),
    )


def backward_inputs(rng: np.random.Generator) -> list[tuple]:
    """T, B, D and H all different, none of them 1."""
    cases = []
    for sizes in [(5, 3, 4, 6), (7, 2, 3, 5), (4, 5, 2, 3)]:
        xs, h_0, _, W_h, _, hs, dhs = sequences(*sizes, rng)
        cases.append((dhs, hs, h_0, xs, W_h))
    return cases


register(
    Exercise(
        name="bptt-backward",
        reference=backward,
        inputs=backward_inputs,
        outputs=("dW_x", "dW_h", "db", "dh_0"),
        mistakes={
            "The weights' gradients are those of the first step alone: each step adds its own": wrong(
                "overwrite"
            ),
            "This dW_h is that of the first step alone: each step adds its own": wrong(
                "overwrite dW_h"
            ),
            "What comes back from the step after is lost: two terms meet in dh": wrong(
                "forget"
            ),
            "The losses before the last one have no effect: add the two terms of dh": (
                wrong("assign")
            ),
            "W_h looks transposed on the way back": wrong("transpose"),
            "This is divided by the batch size: the mean is in dhs already, if there is one": wrong(
                "batch"
            ),
            "This is divided by the number of steps: a shared weight has the sum": (
                wrong("time")
            ),
            "The slope of tanh is missing": wrong("linear"),
            "The slope of tanh belongs to the state after the tanh, not to the one before": wrong(
                "slope"
            ),
            "dW_h is transposed: which of its two indices is the state's, which that of a?": wrong(
                "turned"
            ),
            "In dW_h the state before the first step looks like zeros: it was given": (
                wrong("zero")
            ),
            "From a_1 there is one product left to h_0": wrong("da_1"),
            "In dW_h the state should be the one that W_h multiplied: that is a step earlier": wrong(
                "late"
            ),
        },
    )
)


# bptt-truncated


def truncated(dhs: Sequence, hs: Sequence, h_0: States, W_h: Square, k: int) -> Square:
    """dL/dW_h with the gradient set to 0 between stretches of k steps; the states are
    those of the whole run.
    """
    return truncated_with(dhs, hs, h_0, W_h, k)


def truncated_with(
    dhs: Sequence,
    hs: Sequence,
    h_0: States,
    W_h: Square,
    k: int,
    *,
    zero: bool = False,
    cut: int = 0,
    turn: bool = False,
) -> Square:
    """The same, with stretches that start from zeros, with the cut at another step, or
    with W_h not transposed.
    """
    dW_h, dh = np.zeros_like(W_h), np.zeros_like(h_0)
    before = np.concatenate([h_0[None], hs[:-1]])
    for t in reversed(range(len(dhs))):
        da = (dhs[t] + dh) * (1 - hs[t] ** 2)
        dh = da @ (W_h if turn else W_h.T) * ((t - cut) % k != 0)
        dW_h += before[t].T @ da * (not (zero and t % k == 0))
    return dW_h


def truncated_inputs(rng: np.random.Generator) -> list[tuple]:
    """k divides T, and all sizes differ."""
    cases = []
    for (T, B, H), k in [((6, 4, 5), 3), ((8, 3, 6), 2), ((12, 2, 3), 4)]:
        _, h_0, _, W_h, _, hs, dhs = sequences(T, B, 2, H, rng)
        cases.append((dhs, hs, h_0, W_h, k))
    return cases


register(
    Exercise(
        name="bptt-truncated",
        reference=truncated,
        inputs=truncated_inputs,
        outputs=("dW_h",),
        mistakes={
            "This is the full gradient: nothing should come back over the border of a stretch": lambda dhs, hs, h_0, W_h, k: (
                truncated(dhs, hs, h_0, W_h, len(dhs))
            ),
            "The stretches start from a zero state: the gradient is cut there, the state is not": lambda dhs, hs, h_0, W_h, k: (
                truncated_with(dhs, hs, h_0, W_h, k, zero=True)
            ),
            "This is the last stretch only: every stretch has losses": (
                lambda dhs, hs, h_0, W_h, k: truncated(
                    dhs[-k:], hs[-k:], hs[-k - 1], W_h, k
                )
            ),
            "This is a mean over stretches: the gradient of a shared weight is a sum": (
                lambda dhs, hs, h_0, W_h, k: (
                    truncated(dhs, hs, h_0, W_h, k) / (len(dhs) // k)
                )
            ),
            "The gradient is cut one step too late": (
                lambda dhs, hs, h_0, W_h, k: truncated_with(
                    dhs, hs, h_0, W_h, k, cut=k - 1
                )
            ),
            "W_h looks transposed on the way back": (
                lambda dhs, hs, h_0, W_h, k: truncated_with(
                    dhs, hs, h_0, W_h, k, turn=True
                )
            ),
            "Every step is on its own, as if k were 1": lambda dhs, hs, h_0, W_h, k: (
                truncated(dhs, hs, h_0, W_h, 1)
            ),
        },
    )
)


# bptt-recompute


def recompute(
    xs: Float[Array, "T B D"],
    dhs: Sequence,
    h_0: States,
    W_x: Float[Array, "D H"],
    W_h: Square,
    b: Float[Array, " H"],
    k: int,
) -> Square:
    """dL/dW_h with every k-th state kept, and the k states of one stretch at a time
    computed again.
    """
    starts, h = [], h_0
    for t, x in enumerate(xs):
        if t % k == 0:
            starts.append(h)
        h = np.tanh(x @ W_x + h @ W_h + b)
    dW_h, dh = np.zeros_like(W_h), np.zeros_like(h_0)
    for i in reversed(range(len(starts))):
        part = slice(i * k, (i + 1) * k)
        hs = forward(xs[part], starts[i], W_x, W_h, b)
        for t in reversed(range(len(hs))):
            da = (dhs[part][t] + dh) * (1 - hs[t] ** 2)
            dW_h += (hs[t - 1] if t else starts[i]).T @ da
            dh = da @ W_h.T
    return dW_h


def kept_all(xs, dhs, h_0, W_x, W_h, b, k):
    """The gradient from a list of all states."""
    return backward(dhs, forward(xs, h_0, W_x, W_h, b), h_0, xs, W_h)[1]


def cut_off(xs, dhs, h_0, W_x, W_h, b, k):
    """The gradient of each stretch on its own."""
    return truncated(dhs, forward(xs, h_0, W_x, W_h, b), h_0, W_h, k)


def from_zero(xs, dhs, h_0, W_x, W_h, b, k):
    """The stretches computed again from a zero state."""
    zeros, dW_h, dh = np.zeros_like(h_0), np.zeros_like(W_h), np.zeros_like(h_0)
    for start in reversed(range(0, len(xs), k)):
        part = slice(start, start + k)
        hs, own = forward(xs[part], zeros, W_x, W_h, b), dhs[part].copy()
        own[-1] += dh
        _, dW, _, dh = backward(own, hs, zeros, xs[part], W_h)
        dW_h += dW
    return dW_h


def recompute_inputs(rng: np.random.Generator) -> list[tuple]:
    """k divides T, and all sizes differ."""
    cases = []
    for (T, B, D, H), k in [((8, 3, 4, 6), 2), ((12, 2, 3, 5), 4)]:
        xs, h_0, W_x, W_h, b, _, dhs = sequences(T, B, D, H, rng)
        cases.append((xs, dhs, h_0, W_x, W_h, b, k))
    return cases


def judge_recompute(answer: object, rng: np.random.Generator) -> Verdict | None:
    """Right values; and on 400 steps in stretches of 20 a peak of less than half of
    what all states need.
    """
    for args in recompute_inputs(rng):
        want, got = recompute(*args), answer(*args)  # type: ignore[operator]
        if np.abs(want - got).max() > 1e-9 * np.abs(want).max():
            return Verdict(
                False, "✗ dW_h differs from the gradient over the whole sequence"
            )
    xs, h_0, W_x, W_h, b, hs, dhs = sequences(400, 8, 3, 32, rng)
    tracing = tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        start, _ = tracemalloc.get_traced_memory()
        answer(xs, dhs, h_0, W_x, W_h, b, 20)  # type: ignore[operator]
        peak = tracemalloc.get_traced_memory()[1] - start
    finally:
        if not tracing:
            tracemalloc.stop()
    if peak > hs.nbytes / 2:
        share = peak / hs.nbytes
        return Verdict(
            False,
            f"✗ right numbers, but the peak of memory is {share:.0%} of what all states"
            " need",
        )
    return None


register(
    Exercise(
        name="bptt-recompute",
        reference=recompute,
        inputs=recompute_inputs,
        outputs=("dW_h",),
        judge=judge_recompute,
        mistakes={
            "Which arrays are there for all steps at once? Keep one state for each stretch": (
                kept_all
            ),
            "The gradient stops at the border of a stretch: hand it on to the stretch before": (
                cut_off
            ),
            "The stretches are computed again from zeros, not from the states that were kept": (
                from_zero
            ),
            "This is divided by the number of stretches: the gradient of a shared weight is a sum": (
                lambda xs, dhs, h_0, W_x, W_h, b, k: (
                    recompute(xs, dhs, h_0, W_x, W_h, b, k) / (len(xs) // k)
                )
            ),
        },
    )
)
