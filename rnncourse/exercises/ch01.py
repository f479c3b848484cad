"""The exercises of chapter 1, the RNN API."""

import numpy as np

from rnncourse.arrays import Array, Float, Int
from rnncourse.exercises import edited, register

# h_t = tanh(x_t W_x + h_{t-1} W_h + b)


def weights(D: int, H: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """W_x, W_h and b, so small that tanh does not saturate."""
    return (
        0.4 * rng.standard_normal((D, H)),
        0.4 * rng.standard_normal((H, H)),
        0.4 * rng.standard_normal(H),
    )


# rnn-step


def step(
    x: Float[Array, "B D"],
    h_prev: Float[Array, "B H"],
    W_x: Float[Array, "D H"],
    W_h: Float[Array, "H H"],
    b: Float[Array, " H"],
) -> Float[Array, "B H"]:
    """One step for B sequences."""
    return np.tanh(x @ W_x + h_prev @ W_h + b)


def step_inputs(rng: np.random.Generator) -> list[tuple]:
    """B, D and H all different, none of them 1."""
    return [
        (rng.standard_normal((B, D)), rng.uniform(-1, 1, (B, H)), *weights(D, H, rng))
        for B, D, H in [(3, 4, 6), (5, 3, 2), (2, 7, 5)]
    ]


register(
    "rnn-step",
    step,
    inputs=step_inputs,
    outputs=("h",),
    mistakes={
        "Every state should lie between -1 and 1: what is the last thing that the"
        " equation does?": edited(step, "np.tanh", ""),
        "W_h looks transposed: which of its axes belongs to the state before?": edited(
            step, "@ W_h", "@ W_h.T"
        ),
        "Count the terms inside the tanh: one that needs neither x nor h_prev is"
        " missing": edited(step, " + b", ""),
        "The past makes no difference to this state: where does h_prev enter the"
        " equation?": edited(step, " + h_prev @ W_h", ""),
        "The input makes no difference to this state: where does x enter the"
        " equation?": edited(step, "x @ W_x + ", ""),
        "h_prev is here twice: the equation has it only in a product with W_h": edited(
            step, "np.tanh", "h_prev + np.tanh"
        ),
        "Every state here is above 0: which function reaches from -1 to 1?": edited(
            step, "np.tanh(", "1 / (1 + np.exp(-(", " + b)", " + b)))"
        ),
        "The bias comes too late: look at what the parentheses of the tanh"
        " hold": edited(step, " + b)", ") + b"),
    },
)


# count-parameters


def count(D: int, H: int, V: int) -> int:
    """Two layers of H units, one on top of the other, and a linear read-out to V."""
    first = D * H + H * H + H
    second = H * H + H * H + H
    readout = H * V + V
    return first + second + readout


register(
    "count-parameters",
    count,
    inputs=lambda rng: [(4, 6, 9), (65, 100, 65), (28, 128, 10)],
    outputs=("the number of parameters",),
    mistakes={
        "Every layer and the read-out have a bias too": lambda D, H, V: (
            count(D, H, V) - 2 * H - V
        ),
        "The read-out has a bias too": edited(count, "H * V + V", "H * V"),
        "The read-out has parameters too": edited(count, " + readout", ""),
        "What does the second layer read? Not x, so its W_x has another shape than the"
        " first one's": edited(count, "first + second", "first + first"),
        "This is one layer and the read-out: the exercise has two layers": edited(
            count, "first + second", "first"
        ),
        "The second layer has a W_x of its own, for the states of the first": edited(
            count, "second = H * H + H * H", "second = H * H"
        ),
        "The product of a state with W_h needs parameters in each"
        " layer": lambda D, H, V: count(D, H, V) - 2 * H * H,
        "Our equation has one bias for each unit (PyTorch stores two, and adds"
        " them)": lambda D, H, V: count(D, H, V) + 2 * H,
        "W_h links every unit with every unit: how many numbers are"
        " that?": lambda D, H, V: count(D, H, V) - 2 * H * H + 2 * H,
    },
)


# last-output


def readout(hs: Float[Array, "T B columns"]) -> Float[Array, "B columns"]:
    """The state of each direction after all of its way: forwards at the last t."""
    H = hs.shape[2] // 2
    return np.concatenate([hs[-1, :, :H], hs[0, :, H:]], axis=1)


def readout_inputs(rng: np.random.Generator) -> list[tuple]:
    """T, B and 2H all different, none of them 1."""
    return [
        (np.tanh(rng.standard_normal((T, B, 2 * H))),)
        for T, B, H in [(5, 3, 4), (2, 5, 3), (7, 4, 1)]
    ]


register(
    "last-output",
    readout,
    inputs=readout_inputs,
    outputs=("the read-out",),
    mistakes={
        "At the last t the backward direction has read one step only: where has it read"
        " them all?": lambda hs: hs[-1],
        "At the first t the forward direction has read one step only: where has it read"
        " them all?": lambda hs: hs[0],
        "A mean over time mixes in states that have read only a part of the"
        " sequence": lambda hs: hs.mean(axis=0),
        "A maximum over time mixes in states that have read only a part of the"
        " sequence": lambda hs: hs.max(axis=0),
        "Both states are right, but the halves are swapped: the forward direction has"
        " the first H columns": edited(
            readout, "hs[-1, :, :H], hs[0, :, H:]", "hs[0, :, H:], hs[-1, :, :H]"
        ),
        "Each direction is taken where it has read one step only: that is the other end"
        " of its way": edited(readout, "-1, :, :H], hs[0,", "0, :, :H], hs[-1,"),
        "The states stand one under the other: side by side they have B rows": edited(
            readout, ", axis=1", ""
        ),
        "This is one direction only: the read-out has 2H columns": edited(
            readout, ", hs[0, :, H:]", ""
        ),
        "The two directions have columns of their own: they stand side by side and are"
        " not added": edited(readout, ":H], hs[0, :, H:]", ":H] + hs[0, :, H:]"),
    },
)


# last-of-each


def last_of_each(
    hs: Float[Array, "T B H"], lengths: Int[Array, " B"]
) -> Float[Array, "B H"]:
    """The state of each sequence after its own last step."""
    return hs[lengths - 1, np.arange(len(lengths))]


def last_of_each_inputs(rng: np.random.Generator) -> list[tuple]:
    """T, B and H all different; one sequence fills all steps, another only one."""
    return [
        (np.tanh(rng.standard_normal((T, len(lengths), H))), np.array(lengths))
        for T, H, lengths in [
            (5, 4, [2, 5, 1]),
            (6, 3, [6, 3, 1, 4, 2]),
            (3, 5, [1, 3]),
        ]
    ]


register(
    "last-of-each",
    last_of_each,
    inputs=last_of_each_inputs,
    outputs=("the last states",),
    mistakes={
        "This is the last row for all: where a sequence is shorter, it has read"
        " padding": lambda hs, lengths: hs[-1],
        "One step too late: at which index is the state after n steps?": edited(
            last_of_each, "lengths - 1", "np.minimum(lengths, len(hs) - 1)"
        ),
        "All are taken at the same step: each sequence has its own length": edited(
            last_of_each, "lengths - 1", "lengths.min() - 1"
        ),
        "Every length is here with every sequence: which column belongs to which"
        " length?": lambda hs, lengths: hs[lengths - 1],
        "A mean over the steps mixes in states that have read only a part of the"
        " sequence": lambda hs, lengths: np.stack(
            [hs[:n, b].mean(axis=0) for b, n in enumerate(lengths)]
        ),
    },
)


# any-length


def forward(
    xs: Float[Array, "T B D"],
    h: Float[Array, "B H"],
    W_x: Float[Array, "D H"],
    W_h: Float[Array, "H H"],
    b: Float[Array, " H"],
) -> Float[Array, "T B H"]:
    """The states after each of T steps, from the state h."""
    hs = []
    for x in xs:
        h = step(x, h, W_x, W_h, b)
        hs.append(h)
    return np.stack(hs)


def forward_inputs(rng: np.random.Generator) -> list[tuple]:
    """All sizes different; then T = 1, as when a model generates symbol by symbol."""
    return [
        (
            rng.standard_normal((T, B, D)),
            rng.uniform(-1, 1, (B, H)),
            *weights(D, H, rng),
        )
        for T, B, D, H in [(5, 3, 4, 6), (1, 2, 5, 3), (4, 6, 3, 2)]
    ]


register(
    "any-length",
    forward,
    inputs=forward_inputs,
    outputs=("hs",),
    mistakes={
        "Every step seems to start from the same state: what should the next step find"
        " in h?": edited(forward, "h = step", "now = step", "append(h)", "append(now)"),
        "This is the state after the last step: keep the one after every step": edited(
            forward, "np.stack(hs)", "h"
        ),
        "Every row is the state after the last step: was one array changed in place, and"
        " kept T times?": edited(forward, "stack(hs)", "stack([h] * len(hs))"),
        "The sequence seems to be read from its end: which x comes first?": edited(
            forward, "in xs", "in xs[::-1]"
        ),
        "The first input is never read: where does the loop over time begin?": edited(
            forward, "in xs", "in xs[1:]", "hs = []", "hs = [h]"
        ),
        "The states are right, but in reverse order: hs[t] belongs to xs[t]": edited(
            forward, "stack(hs)", "stack(hs[::-1])"
        ),
        "The first step starts from zeros: the given state is not used. (At t = 0,"
        " hs[t-1] is the last one)": edited(forward, "hs = []", "hs, h = [], 0 * h"),
        "The state that is given is not a result: T inputs make T states": edited(
            forward, "hs = []", "hs = [h]"
        ),
        "hs is one step late: hs[t] is the state after xs[t] has been read": edited(
            forward, "hs = []", "hs = [h]", "stack(hs)", "stack(hs[:-1])"
        ),
        "Time comes first: the axes of hs are T, B, H": edited(
            forward, "stack(hs)", "stack(hs, axis=1)"
        ),
    },
)
