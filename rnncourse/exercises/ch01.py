"""The exercises of chapter 1, the RNN API: right answers, and mistakes that are easily
made.
"""

import numpy as np

from rnncourse.arrays import Array, Float
from rnncourse.exercises import Exercise, Verdict, register

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
    sizes = [(3, 4, 6), (5, 3, 2), (2, 7, 5)]
    return [
        (rng.standard_normal((B, D)), rng.uniform(-1, 1, (B, H)), *weights(D, H, rng))
        for B, D, H in sizes
    ]


register(
    Exercise(
        name="rnn-step",
        reference=step,
        inputs=step_inputs,
        outputs=("h",),
        mistakes={
            "Every state should lie between -1 and 1: what is the last thing that the equation does?": (
                lambda x, h_prev, W_x, W_h, b: x @ W_x + h_prev @ W_h + b
            ),
            "W_h looks transposed: which of its axes belongs to the state before?": (
                lambda x, h_prev, W_x, W_h, b: np.tanh(x @ W_x + h_prev @ W_h.T + b)
            ),
            "Count the terms inside the tanh: one that needs neither x nor h_prev is missing": lambda x, h_prev, W_x, W_h, b: (
                np.tanh(x @ W_x + h_prev @ W_h)
            ),
            "The past makes no difference to this state: where does h_prev enter the equation?": lambda x, h_prev, W_x, W_h, b: (
                np.tanh(x @ W_x + b)
            ),
            "The input makes no difference to this state: where does x enter the equation?": lambda x, h_prev, W_x, W_h, b: (
                np.tanh(h_prev @ W_h + b)
            ),
            "h_prev is here twice: the equation has it only in a product with W_h": (
                lambda x, h_prev, W_x, W_h, b: (
                    h_prev + np.tanh(x @ W_x + h_prev @ W_h + b)
                )
            ),
            "Every state here is above 0: which function reaches from -1 to 1?": (
                lambda x, h_prev, W_x, W_h, b: (
                    1 / (1 + np.exp(-(x @ W_x + h_prev @ W_h + b)))
                )
            ),
            "The bias comes too late: look at what the parentheses of the tanh hold": (
                lambda x, h_prev, W_x, W_h, b: np.tanh(x @ W_x + h_prev @ W_h) + b
            ),
        },
    )
)


# count-parameters


def count(D: int, H: int, V: int) -> int:
    """Two layers of H units, the second on top of the first, and a linear read-out to V
    numbers.
    """
    first = D * H + H * H + H
    second = H * H + H * H + H
    readout = H * V + V
    return first + second + readout


register(
    Exercise(
        name="count-parameters",
        reference=count,
        inputs=lambda rng: [(4, 6, 9), (65, 100, 65), (28, 128, 10)],
        outputs=("the number of parameters",),
        mistakes={
            "Every layer and the read-out have a bias too": (
                lambda D, H, V: D * H + H * H + 2 * H * H + H * V
            ),
            "The read-out has a bias too": lambda D, H, V: count(D, H, V) - V,
            "The read-out has parameters too": (
                lambda D, H, V: count(D, H, V) - (H * V + V)
            ),
            "What does the second layer read? Not x, so its W_x has another shape than the first one's": (
                lambda D, H, V: 2 * (D * H + H * H + H) + H * V + V
            ),
            "This is one layer and the read-out: the exercise has two layers": (
                lambda D, H, V: D * H + H * H + H + H * V + V
            ),
            "The product of a state with W_h needs parameters in each layer": (
                lambda D, H, V: count(D, H, V) - 2 * H * H
            ),
            "Our equation has one bias for each unit (PyTorch stores two, and adds them)": (
                lambda D, H, V: count(D, H, V) + 2 * H
            ),
            "W_h links every unit with every unit: how many numbers are that?": (
                lambda D, H, V: count(D, H, V) - 2 * H * H + 2 * H
            ),
        },
    )
)


# last-output


def readout(hs: Float[Array, "T B columns"]) -> Float[Array, "B columns"]:
    """The state of each direction after all of the sequence: at the last t forwards, at
    the first t backwards.
    """
    H = hs.shape[2] // 2
    return np.concatenate([hs[-1, :, :H], hs[0, :, H:]], axis=1)


def readout_inputs(rng: np.random.Generator) -> list[tuple]:
    """T, B and 2H all different, none of them 1."""
    return [
        (np.tanh(rng.standard_normal((T, B, 2 * H))),)
        for T, B, H in [(5, 3, 4), (2, 5, 3), (7, 4, 1)]
    ]


def halves(hs: Float[Array, "T B columns"]) -> list[Array]:
    """The columns of the forward direction and those of the backward direction."""
    return np.split(hs, 2, axis=2)


register(
    Exercise(
        name="last-output",
        reference=readout,
        inputs=readout_inputs,
        outputs=("the read-out",),
        mistakes={
            "At the last t the backward direction has read one step only: where has it read them all?": lambda hs: (
                hs[-1]
            ),
            "At the first t the forward direction has read one step only: where has it read them all?": lambda hs: (
                hs[0]
            ),
            "A mean over time mixes in states that have read only a part of the sequence": lambda hs: (
                hs.mean(axis=0)
            ),
            "A maximum over time mixes in states that have read only a part of the sequence": lambda hs: (
                hs.max(axis=0)
            ),
            "Both states are right, but the halves are swapped: the forward direction has the first H columns": lambda hs: (
                np.concatenate([halves(hs)[1][0], halves(hs)[0][-1]], axis=1)
            ),
            "Each direction is taken where it has read one step only: that is the other end of its way": lambda hs: (
                np.concatenate([halves(hs)[0][0], halves(hs)[1][-1]], axis=1)
            ),
            "The states stand one under the other: side by side they have B rows": (
                lambda hs: np.concatenate([halves(hs)[0][-1], halves(hs)[1][0]])
            ),
            "This is one direction only: the read-out has 2H columns": (
                lambda hs: halves(hs)[0][-1]
            ),
            "The two directions have columns of their own: they stand side by side and are not added": (
                lambda hs: halves(hs)[0][-1] + halves(hs)[1][0]
            ),
        },
    )
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
    """T, B, D and H all different; then T = 1, as it is when a model generates one
    symbol at a time.
    """
    sizes = [(5, 3, 4, 6), (1, 2, 5, 3), (4, 6, 3, 2)]
    return [
        (
            rng.standard_normal((T, B, D)),
            rng.uniform(-1, 1, (B, H)),
            *weights(D, H, rng),
        )
        for T, B, D, H in sizes
    ]


register(
    Exercise(
        name="any-length",
        reference=forward,
        inputs=forward_inputs,
        outputs=("hs",),
        mistakes={
            "Every step seems to start from the same state: what should the next step find in h?": lambda xs, h, W_x, W_h, b: (
                np.tanh(xs @ W_x + h @ W_h + b)
            ),
            "This is the state after the last step: keep the one after every step": (
                lambda xs, h, W_x, W_h, b: forward(xs, h, W_x, W_h, b)[-1]
            ),
            "The sequence seems to be read from its end: which x comes first?": (
                lambda xs, h, W_x, W_h, b: forward(xs[::-1], h, W_x, W_h, b)
            ),
            "The first input is never read: where does the loop over time begin?": (
                lambda xs, h, W_x, W_h, b: np.stack(
                    [h, *forward(xs[1:], h, W_x, W_h, b)] if len(xs) > 1 else [h]
                )
            ),
            "The states are right, but in reverse order: hs[t] belongs to xs[t]": (
                lambda xs, h, W_x, W_h, b: forward(xs, h, W_x, W_h, b)[::-1]
            ),
            "The first step starts from zeros: the state that is given is not used": (
                lambda xs, h, W_x, W_h, b: forward(xs, np.zeros_like(h), W_x, W_h, b)
            ),
            "The state that is given is not a result: T inputs make T states": (
                lambda xs, h, W_x, W_h, b: np.concatenate(
                    [h[None], forward(xs, h, W_x, W_h, b)]
                )
            ),
            "hs is one step late: hs[t] is the state after xs[t] has been read": (
                lambda xs, h, W_x, W_h, b: np.concatenate(
                    [h[None], forward(xs, h, W_x, W_h, b)[:-1]]
                )
            ),
            "Time comes first: the axes of hs are T, B, H": (
                lambda xs, h, W_x, W_h, b: forward(xs, h, W_x, W_h, b).swapaxes(0, 1)
            ),
        },
    )
)


# latch


def latch_states(
    latch: tuple[float, float, float], xs: Float[Array, " T"]
) -> Float[Array, " T"]:
    """h_t = tanh(w_x x_t + w_h h_{t-1} + b) from h_0 = 0, for one unit."""
    w_x, w_h, b = latch
    hs, h = [], 0.0
    for x in xs:
        h = np.tanh(w_x * x + w_h * h + b)
        hs.append(h)
    return np.array(hs)


def judge_latch(latch: object, rng: np.random.Generator) -> Verdict | None:
    """h_t > 0.5 from the first one on, h_t < 0.5 before it, in sequences of up to 300
    zeros and ones.
    """
    for length, first in [(6, 2), (40, 0), (300, 20), (300, 150), (300, 300)]:
        xs = np.where(np.arange(length) < first, 0.0, rng.random(length) < 0.1)
        xs[first : first + 1] = 1.0
        states = latch_states(latch, xs)  # type: ignore[arg-type]
        seen = np.arange(length) >= first
        if (states[~seen] >= 0.5).any():
            return Verdict(
                False,
                f"✗ h is above 0.5 after {np.argmax(states >= 0.5) + 1} zeros: nothing"
                " was to be remembered yet",
            )
        if seen.any() and states[first] <= 0.5:
            return Verdict(
                False,
                f"✗ a one after {first} zeros leaves h at 0.5 or below: the input must"
                " lift the state further",
            )
        if seen.any() and (states[seen] <= 0.5).any():
            lag = int(np.argmax(states[seen] <= 0.5))
            return Verdict(
                False,
                f"✗ the one is forgotten {lag} steps later: where does tanh(w_h h + b)"
                " cross the diagonal?",
            )
    return None


register(
    Exercise(
        name="latch",
        reference=(8.0, 3.0, -1.0),
        outputs=("w_x", "w_h", "b"),
        judge=judge_latch,
        mistakes={
            "Without w_h the unit answers to the present only": (8.0, 0.0, -1.0),
            "With w_h below 1 there is only one resting place": (8.0, 0.5, 0.0),
            "The bias is so low that the upper resting place is gone": (8.0, 3.0, -4.0),
        },
    )
)
