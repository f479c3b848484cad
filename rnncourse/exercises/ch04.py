"""The exercises of chapter 4, vanishing and exploding gradients."""

from fractions import Fraction
from typing import Any

import numpy as np

from rnncourse.arrays import Array, Float
from rnncourse.exercises import Verdict, edited, register

# guaranteed-lag


def guaranteed_lag(sigma: float, gamma: float, share: float) -> int:
    """The smallest k with (gamma sigma)^k < share."""
    return int(np.floor(np.log(share) / np.log(gamma * sigma))) + 1


register(
    "guaranteed-lag",
    guaranteed_lag,
    inputs=lambda rng: [(0.9, 1.0, 1e-3), (3.0, 0.25, 1e-6), (1.2, 0.5, 0.02)],
    outputs=("the lag",),
    mistakes={
        "One step passes on gamma times sigma at most: one of the two is"
        " missing": edited(guaranteed_lag, "gamma * sigma", "sigma"),
        "A step multiplies by gamma and by sigma: their sum is no bound": edited(
            guaranteed_lag,
            "np.floor(np.log(share) / np.log(gamma * sigma))",
            "abs(np.log(share) / np.log((gamma + sigma) / 2))",
        ),
        "The quotient is upside down: how many factors does the share hold?": edited(
            guaranteed_lag, "np.log(share) /", "1 / np.log(share) *"
        ),
        "At this lag the bound is still above the share: round the other way": edited(
            guaranteed_lag, " + 1", ""
        ),
        "Lags are whole numbers: the first one at which the bound is below the"
        " share": lambda sigma, gamma, share: np.log(share) / np.log(gamma * sigma),
    },
)

# step-jacobian


def step_jacobian(
    h: Float[Array, "B H"], W_h: Float[Array, "H H"]
) -> Float[Array, "B H H"]:
    """J[b, i, j] = dh_t[b, i] / dh_{t-1}[b, j] of h_t = tanh(... + h_{t-1} W_h)."""
    return (1 - h**2)[:, :, None] * W_h.T


register(
    "step-jacobian",
    step_jacobian,
    inputs=lambda rng: [
        (np.tanh(rng.standard_normal((B, H))), rng.standard_normal((H, H)))
        for B, H in [(3, 4), (2, 6), (5, 1)]
    ],
    outputs=("J",),
    mistakes={
        "W_h looks transposed: its rows belong to h at t-1, and those are the columns of"
        " J": edited(step_jacobian, "W_h.T", "W_h"),
        "The slope of the tanh belongs to the unit at t, and so to a row of J": edited(
            step_jacobian, ":, :, None", ":, None, :"
        ),
        "Both at once: W_h is transposed and the slope stands at the wrong"
        " axis": edited(step_jacobian, ":, :, None", ":, None, :", "W_h.T", "W_h"),
        "The slope of tanh by its value h has a square in it": edited(
            step_jacobian, "h**2", "h"
        ),
        "h is the value of the tanh already: no second tanh is needed": edited(
            step_jacobian, "h**2", "np.tanh(h) ** 2"
        ),
        "The slope of the tanh is missing": edited(step_jacobian, "1 - h**2", "h**0"),
    },
)

# clip-together


def clip_together(
    dW: Float[Array, "D H"], db: Float[Array, " H"], limit: float
) -> tuple[Float[Array, "D H"], Float[Array, " H"]]:
    """Both scaled by one number where their common norm is above the limit."""
    length = np.sqrt(np.sum(dW**2) + np.sum(db**2))
    scale = min(1.0, limit / length)
    return dW * scale, db * scale


def clip_inputs(rng: np.random.Generator) -> list[tuple]:
    """Long, long, and short enough to be left alone."""
    return [
        (rng.standard_normal((D, H)), rng.standard_normal(H), limit)
        for D, H, limit in [(3, 4, 1.0), (5, 2, 0.5), (4, 6, 100.0)]
    ]


register(
    "clip-together",
    clip_together,
    inputs=clip_inputs,
    outputs=("dW", "db"),
    mistakes={
        "Each array has a norm of its own here: then the direction of the whole gradient"
        " changes": edited(
            clip_together,
            "dW * scale, db * scale",
            "tuple(g * min(1.0, limit / np.linalg.norm(g)) for g in (dW, db))",
        ),
        "Numbers are cut off one by one: this is clipping by value": edited(
            clip_together,
            "dW * scale, db * scale",
            "np.clip(dW, -limit, limit), np.clip(db, -limit, limit)",
        ),
        "A gradient shorter than the limit must stay as it is": edited(
            clip_together, "min(1.0, limit / length)", "limit / length"
        ),
        "The length is the square root of the sum of squares": edited(
            clip_together, "np.sqrt", ""
        ),
        "The two norms do not add up to the norm of both": edited(
            clip_together, "(dW**2) + np.sum", "(dW**2)) + np.sqrt(np.sum"
        ),
    },
)

# norm-kept


def norm_kept(
    dh: Float[Array, "B H"], h: Float[Array, "B H"], W_h: Float[Array, "H H"]
) -> float:
    """One term of Ω: the mean over the batch of (‖dh J‖ / ‖dh‖ - 1)²."""
    dh_prev = (dh * (1 - h**2)) @ W_h.T
    ratio = np.linalg.norm(dh_prev, axis=1) / np.linalg.norm(dh, axis=1)
    return float(np.mean((ratio - 1) ** 2))


register(
    "norm-kept",
    norm_kept,
    inputs=lambda rng: [
        (
            rng.standard_normal((B, H)),
            np.tanh(rng.standard_normal((B, H))),
            rng.standard_normal((H, H)),
        )
        for B, H in [(3, 4), (5, 2), (2, 7)]
    ],
    outputs=("Ω",),
    mistakes={
        "Lengths that stay as they are should cost nothing: compare the ratio with"
        " 1": edited(norm_kept, "ratio - 1", "ratio"),
        "Too long and too short should cost alike: the square is missing": edited(
            norm_kept, "(ratio - 1) ** 2", "ratio - 1"
        ),
        "This is the distance from 1 itself: its square was asked for": edited(
            norm_kept, "(ratio - 1) ** 2", "abs(ratio - 1)"
        ),
        "A length is compared with another by their ratio, not by their"
        " difference": edited(norm_kept, " / np", " - np", "ratio - 1", "ratio"),
        "These are squares of lengths: take the roots before you divide": edited(
            norm_kept, "ratio - 1", "ratio**2 - 1"
        ),
        "The step back passes through the tanh before it meets W_h": edited(
            norm_kept, " * (1 - h**2)", ""
        ),
        "The slope of the tanh comes before the product with W_h, not after it": edited(
            norm_kept, "(dh * (1 - h**2)) @ W_h.T", "(dh @ W_h.T) * (1 - h**2)"
        ),
        "Square first, then take the mean: long and short must not cancel": edited(
            norm_kept, "np.mean((ratio - 1) ** 2)", "np.mean(ratio - 1) ** 2"
        ),
        "W_h looks transposed: the gradient goes from t back to t-1": edited(
            norm_kept, "W_h.T", "W_h"
        ),
        "A mean over the sequences is wanted, not their sum": edited(
            norm_kept, "np.mean", "np.sum"
        ),
        "Each sequence has a ratio of its own: take norms along the units only": edited(
            norm_kept, "prev, axis=1", "prev", "(dh, axis=1", "(dh"
        ),
    },
)

# transient


def four_numbers(W: Any) -> tuple[float, ...]:
    """w_11, w_12, w_21, w_22 of a 2 × 2 array or of two rows, too."""
    return tuple(float(w) for w in np.reshape(W, 4))


def judge_transient(W: tuple[float, ...], rng: np.random.Generator) -> Verdict | None:
    """A spectral radius of at most 0.9, and a power that stretches by more than 100.

    No eigenvalue is above r in size where |det| <= r² and r |tr| <= r² + det. Both are
    as exact as the entries are, where the eigenvalues of a matrix that is nearly
    defective have only half of the digits. Entries may be off by the rounding of a
    number as large as they are, or as the largest is (up to 1000), as in a rotation.
    """
    a, b, c, d = map(Fraction, W)  # exact, however large
    det, r = a * d - b * c, Fraction(9, 10)
    largest = min(max(map(abs, W)), 1000)
    rounding = Fraction(2) ** -48 * (abs(a * d) + abs(b * c) + Fraction(largest) ** 2)
    small = abs(det) <= r * r + rounding
    if not (small and r * abs(a + d) <= r * r + det + rounding):
        return Verdict(False, "✗ the spectral radius is above 0.9")
    if b == c:
        return Verdict(
            False,
            "✗ W is symmetric: its k-th power stretches no vector more than ρ^k times",
        )
    matrix = power = np.reshape(W, (2, 2))
    peak = 0.0
    for _ in range(200):
        peak = max(peak, np.linalg.norm(power, 2))
        if peak > 100 * (1 + 1e-12):
            return None
        power = power @ matrix
    return Verdict(
        False, f"✗ the powers of W stretch no vector more than {peak:.6g} times"
    )


register(
    "transient",
    (0.9, 60.0, 0.0, 0.9),
    outputs=("w_11", "w_12", "w_21", "w_22"),
    canonical=four_numbers,
    judge=judge_transient,
    tolerance=np.inf,
    mistakes={
        "A symmetric matrix can not do it: its singular values are the sizes of its"
        " eigenvalues": (0.5, 0.4, 0.4, 0.5),
        "The number beside the diagonal does not change the eigenvalues: how large may"
        " it be?": (0.9, 1.0, 0.0, 0.9),
        "A matrix that grows for ever is another thing": (1.1, 60.0, 0.0, 0.9),
    },
)
