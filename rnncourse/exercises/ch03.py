"""The exercises of chapter 3, backpropagation through time."""

import numpy as np

from rnncourse.arrays import Array, Float
from rnncourse.exercises import edited, register
from rnncourse.exercises.ch01 import forward, weights

Sequence = Float[Array, "T B H"]
States = Float[Array, "B H"]
Square = Float[Array, "H H"]

# bptt-pairs


def pairs(T: int, k: int) -> int:
    """Pairs (loss at t, state at s <= t) with both in one of T / k stretches."""
    return T // k * (k * (k + 1) // 2)


register(
    "bptt-pairs",
    pairs,
    inputs=lambda rng: [(12, 3), (100, 25), (64, 4), (30, 10)],
    outputs=("the number of pairs",),
    mistakes={
        "A state has no gradient from a loss that came before it: half of these pairs do"
        " not exist": lambda T, k: T * k,
        "This is how many there are without truncation": lambda T, k: pairs(T, T),
        "This is one stretch: there are more of them": lambda T, k: pairs(k, k),
        "A loss has a gradient at the state of its own step, too": edited(
            pairs, "(k + 1)", "(k - 1)"
        ),
        "This is what was lost: the exercise asks for what is kept": lambda T, k: (
            pairs(T, T) - pairs(T, k)
        ),
        "This is the share that is kept: how many pairs is that?": lambda T, k: (
            pairs(T, k) / pairs(T, T)
        ),
        "Not every loss reaches k states: how far back can the first loss of a stretch"
        " go?": lambda T, k: sum(min(t, k) for t in range(1, T + 1)),
    },
)


# bptt-backward: h_t = tanh(x_t W_x + h_{t-1} W_h + b), and dhs[t] is the derivative of
# the loss at t by h_t


def backward(
    dhs: Sequence, hs: Sequence, h_0: States, xs: Float[Array, "T B D"], W_h: Square
) -> tuple[Float[Array, "D H"], Square, Float[Array, " H"], States]:
    """dL/dW_x, dL/dW_h, dL/db and dL/dh_0."""
    dW_x, dW_h = np.zeros((xs.shape[2], len(W_h))), np.zeros_like(W_h)
    db, dh_next = np.zeros(len(W_h)), np.zeros_like(h_0)
    before = np.concatenate([h_0[None], hs[:-1]])
    for t in reversed(range(len(dhs))):
        dh = dhs[t] + dh_next
        da = dh * (1 - hs[t] ** 2)
        dh_next = da @ W_h.T
        dW_x += xs[t].T @ da
        dW_h += before[t].T @ da
        db += da.sum(axis=0)
    return dW_x, dW_h, db, dh_next


def sequences(T: int, B: int, D: int, H: int, rng: np.random.Generator) -> tuple:
    """xs, h_0, the weights, and states and upstream gradients that belong to them."""
    W_x, W_h, b = weights(D, H, rng)
    xs, h_0 = rng.standard_normal((T, B, D)), rng.uniform(-1, 1, (B, H))
    hs = forward(xs, h_0, W_x, W_h, b)
    return xs, h_0, W_x, W_h, b, hs, rng.standard_normal((T, B, H))


def backward_inputs(rng: np.random.Generator) -> list[tuple]:
    """T, B, D and H all different, none of them 1."""
    cases = []
    for sizes in [(5, 3, 4, 6), (7, 2, 3, 5), (4, 5, 2, 3)]:
        xs, h_0, _, W_h, _, hs, dhs = sequences(*sizes, rng)
        cases.append((dhs, hs, h_0, xs, W_h))
    return cases


register(
    "bptt-backward",
    backward,
    inputs=backward_inputs,
    outputs=("dW_x", "dW_h", "db", "dh_0"),
    mistakes={
        "The weights' gradients are those of the first step alone: each step adds its"
        " own": edited(
            backward, "dW_x += ", "dW_x = ", "dW_h += ", "dW_h = ", "db += ", "db = "
        ),
        "This dW_h is that of the first step alone: each step adds its own": edited(
            backward, "dW_h += ", "dW_h = "
        ),
        "What comes back from the step after is lost: two terms meet in dh": edited(
            backward, "dhs[t] + dh_next", "dhs[t]"
        ),
        "The losses before the last one have no effect: add the two terms of"
        " dh": edited(backward, "+ dh_next", "if t == len(dhs) - 1 else dh_next"),
        "What comes back passes through the tanh, too: first add, then"
        " multiply": edited(
            backward, "dh * (1 - hs[t] ** 2)", "dhs[t] * (1 - hs[t] ** 2) + dh_next"
        ),
        "The loop runs from the first step to the last: what comes back comes from the"
        " step after": edited(backward, "reversed(range(len(dhs)))", "range(len(dhs))"),
        "The slope of tanh is 1 - h², not (1 - h)²": edited(
            backward, "(1 - hs[t] ** 2)", "(1 - hs[t]) ** 2"
        ),
        "W_h looks transposed on the way back": edited(backward, "W_h.T", "W_h"),
        "This is divided by the batch size: the mean is in dhs already, if there is"
        " one": edited(
            backward,
            "W_x, dW_h, db,",
            "W_x / len(h_0), dW_h / len(h_0), db / len(h_0),",
        ),
        "This is divided by the number of steps: a shared weight has the sum": edited(
            backward, "W_x, dW_h, db,", "W_x / len(hs), dW_h / len(hs), db / len(hs),"
        ),
        "The slope of tanh is missing": edited(backward, " * (1 - hs[t] ** 2)", ""),
        "The slope of tanh belongs to the state after the tanh, not to the one"
        " before": edited(backward, "1 - hs[t]", "1 - before[t]"),
        "dW_h is transposed: which of its two indices is the state's, which that of"
        " a?": edited(backward, "dW_x, dW_h, db", "dW_x, dW_h.T, db"),
        "In dW_h the state before the first step looks like zeros: it was"
        " given": edited(backward, "h_0[None]", "0 * h_0[None]"),
        "What goes to the step before comes from da, after the tanh, not from"
        " dh": edited(backward, "da @ W_h.T", "dh @ W_h.T"),
        "From a_1 there is one product left to h_0": edited(
            backward, "db, dh_next\n", "db, da\n"
        ),
        "In dW_h the state should be the one that W_h multiplied: that is a step"
        " earlier": edited(backward, "before[t].T", "hs[t].T"),
        "At t = 0, hs[t-1] is the last state of all: which state came before the"
        " first?": edited(backward, "before[t].T", "hs[t - 1].T"),
    },
)


# bptt-truncated


def truncated(dhs: Sequence, hs: Sequence, h_0: States, W_h: Square, k: int) -> Square:
    """dL/dW_h with the gradient set to 0 between stretches of k steps.

    The states are those of the whole run.
    """
    dW_h, dh = np.zeros_like(W_h), np.zeros_like(h_0)
    before = np.concatenate([h_0[None], hs[:-1]])
    for t in reversed(range(len(dhs))):
        da = (dhs[t] + dh) * (1 - hs[t] ** 2)
        dW_h += before[t].T @ da
        dh = da @ W_h.T * (t % k > 0)
    return dW_h


def in_a_band(dhs: Sequence, hs: Sequence, h_0: States, W_h: Square, k: int) -> Square:
    """The same for an update after every step, k_1 = 1: each loss goes back k steps."""
    dW_h, before = np.zeros_like(W_h), np.concatenate([h_0[None], hs[:-1]])
    for last, dh in enumerate(dhs):
        for t in range(last, max(last - k, -1), -1):
            da = dh * (1 - hs[t] ** 2)
            dW_h += before[t].T @ da
            dh = da @ W_h.T
    return dW_h


def truncated_inputs(rng: np.random.Generator) -> list[tuple]:
    """k divides T, and all sizes differ."""
    cases = []
    for (T, B, H), k in [((6, 4, 5), 3), ((8, 3, 6), 2), ((12, 2, 3), 4)]:
        _, h_0, _, W_h, _, hs, dhs = sequences(T, B, 2, H, rng)
        cases.append((dhs, hs, h_0, W_h, k))
    return cases


register(
    "bptt-truncated",
    truncated,
    inputs=truncated_inputs,
    outputs=("dW_h",),
    mistakes={
        "This is the full gradient: nothing should come back over the border of a"
        " stretch": edited(truncated, " * (t % k > 0)", ""),
        "The stretches start from a zero state: the gradient is cut there, the state is"
        " not": edited(truncated, "before[t].T", "(t % k > 0) * before[t].T"),
        "After the first, the stretches start from a zero state: the gradient is cut"
        " there, the state is not": edited(
            truncated, "before[t].T", "(t % k > 0 or t == 0) * before[t].T"
        ),
        "This is the last stretch only: every stretch has losses": edited(
            truncated, "range(len(dhs))", "range(len(dhs) - k, len(dhs))"
        ),
        "This is a mean over stretches: the gradient of a shared weight is a"
        " sum": edited(truncated, "return dW_h", "return dW_h / (len(dhs) // k)"),
        "The first step of a stretch should hear from the second: cut what it hands on,"
        " not what it receives": edited(
            truncated,
            "(dhs[t] + dh)",
            "(dhs[t] + dh * (t % k > 0))",
            " * (t % k > 0)\n    return",
            "\n    return",
        ),
        "Each loss goes back k steps here; with windows, how far depends on where in its"
        " window it stands": in_a_band,
        "Only the first window begins at h_0: the others begin at the state that was"
        " carried": edited(truncated, "before[t].T", "(before[t] if t % k else h_0).T"),
        "The gradient is cut one step too late": edited(
            truncated, "t % k > 0", "(t + 1) % k > 0"
        ),
        "W_h looks transposed on the way back": edited(truncated, "W_h.T", "W_h"),
        "Every step is on its own, as if k were 1": edited(truncated, "t % k", "0"),
        "At t = 0, hs[t-1] is the last state of all: which state came before the"
        " first?": edited(truncated, "before[t].T", "hs[t - 1].T"),
    },
)
