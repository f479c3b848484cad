"""The exercises of chapter 4, vanishing and exploding gradients: right answers, and
mistakes that are easily made.
"""

from typing import Any

import numpy as np

from rnncourse.arrays import Array, Float
from rnncourse.exercises import Exercise, Verdict, register

# guaranteed-lag


def guaranteed_lag(sigma: float, gamma: float, share: float) -> int:
    """The smallest k with (gamma sigma)^k < share."""
    return int(np.floor(np.log(share) / np.log(gamma * sigma))) + 1


register(
    Exercise(
        name="guaranteed-lag",
        reference=guaranteed_lag,
        inputs=lambda rng: [(0.9, 1.0, 1e-3), (3.0, 0.25, 1e-6), (1.2, 0.5, 0.02)],
        outputs=("the lag",),
        mistakes={
            "One step passes on gamma times sigma at most: one of the two is missing": (
                lambda sigma, gamma, share: (
                    int(np.floor(np.log(share) / np.log(sigma))) + 1
                )
            ),
            "A step multiplies by gamma and by sigma: their sum is no bound": (
                lambda sigma, gamma, share: (
                    int(abs(np.log(share) / np.log((gamma + sigma) / 2))) + 1
                )
            ),
            "The quotient is upside down: how many factors does the share hold?": (
                lambda sigma, gamma, share: (
                    int(np.floor(np.log(gamma * sigma) / np.log(share))) + 1
                )
            ),
            "At this lag the bound is still above the share: round the other way": (
                lambda sigma, gamma, share: guaranteed_lag(sigma, gamma, share) - 1
            ),
            "Lags are whole numbers: the first one at which the bound is below the share": (
                lambda sigma, gamma, share: np.log(share) / np.log(gamma * sigma)
            ),
        },
    )
)

# step-jacobian


def step_jacobian(
    h: Float[Array, "B H"], W_h: Float[Array, "H H"]
) -> Float[Array, "B H H"]:
    """J[b, i, j] = dh_t[b, i] / dh_{t-1}[b, j] of h_t = tanh(x_t W_x + h_{t-1} W_h +
    b).
    """
    return (1 - h**2)[:, :, None] * W_h.T


register(
    Exercise(
        name="step-jacobian",
        reference=step_jacobian,
        inputs=lambda rng: [
            (np.tanh(rng.standard_normal((B, H))), rng.standard_normal((H, H)))
            for B, H in [(3, 4), (2, 6), (5, 1)]
        ],
        outputs=("J",),
        mistakes={
            "W_h looks transposed: its rows belong to h at t-1, and those are the columns of J": (
                lambda h, W_h: (1 - h**2)[:, :, None] * W_h
            ),
            "The slope of the tanh belongs to the unit at t, and so to a row of J": (
                lambda h, W_h: (1 - h**2)[:, None, :] * W_h.T
            ),
            "Both at once: W_h is transposed and the slope stands at the wrong axis": (
                lambda h, W_h: (1 - h**2)[:, None, :] * W_h
            ),
            "The slope of tanh by its value h has a square in it": (
                lambda h, W_h: (1 - h)[:, :, None] * W_h.T
            ),
            "h is the value of the tanh already: no second tanh is needed": (
                lambda h, W_h: (1 - np.tanh(h) ** 2)[:, :, None] * W_h.T
            ),
            "The slope of the tanh is missing": lambda h, W_h: np.repeat(
                W_h.T[None], len(h), axis=0
            ),
        },
    )
)

# clip-together


def clip_together(
    dW: Float[Array, "D H"], db: Float[Array, " H"], limit: float
) -> tuple[Float[Array, "D H"], Float[Array, " H"]]:
    """Both scaled by one number where their common norm is above the limit."""
    length = np.sqrt(np.sum(dW**2) + np.sum(db**2))
    scale = min(1.0, limit / length)
    return dW * scale, db * scale


def each_alone(dW: Array, db: Array, limit: float) -> tuple[Array, Array]:
    """A mistake: each array clipped by a norm of its own."""
    dW, db = (g * min(1.0, limit / np.linalg.norm(g)) for g in (dW, db))
    return dW, db


def clip_inputs(rng: np.random.Generator) -> list[tuple]:
    """Long, long, and short enough to be left alone."""
    sizes = [(3, 4, 1.0), (5, 2, 0.5), (4, 6, 100.0)]
    return [
        (rng.standard_normal((D, H)), rng.standard_normal(H), limit)
        for D, H, limit in sizes
    ]


register(
    Exercise(
        name="clip-together",
        reference=clip_together,
        inputs=clip_inputs,
        outputs=("dW", "db"),
        mistakes={
            "Each array has a norm of its own here: then the direction of the whole gradient changes": (
                each_alone
            ),
            "Numbers are cut off one by one: this is clipping by value": (
                lambda dW, db, limit: (
                    np.clip(dW, -limit, limit),
                    np.clip(db, -limit, limit),
                )
            ),
            "A gradient shorter than the limit must stay as it is": (
                lambda dW, db, limit: tuple(
                    g * limit / np.sqrt(np.sum(dW**2) + np.sum(db**2)) for g in (dW, db)
                )
            ),
            "The length is the square root of the sum of squares": (
                lambda dW, db, limit: tuple(
                    g * min(1.0, limit / (np.sum(dW**2) + np.sum(db**2)))
                    for g in (dW, db)
                )
            ),
            "The two norms do not add up to the norm of both": lambda dW, db, limit: (
                tuple(
                    g * min(1.0, limit / (np.linalg.norm(dW) + np.linalg.norm(db)))
                    for g in (dW, db)
                )
            ),
        },
    )
)

# norm-kept


def norm_kept(
    dh: Float[Array, "B H"], h: Float[Array, "B H"], W_h: Float[Array, "H H"]
) -> float:
    """One term of Ω: the mean over the batch of (‖dh J‖ / ‖dh‖ - 1)²."""
    return float(np.mean((ratio(dh, h, W_h) - 1) ** 2))


def ratio(dh: Array, h: Array, W_h: Array) -> Array:
    """By how much one step back changes the length of each row of dh."""
    return np.linalg.norm((dh * (1 - h**2)) @ W_h.T, axis=1) / np.linalg.norm(
        dh, axis=1
    )


register(
    Exercise(
        name="norm-kept",
        reference=norm_kept,
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
            "Lengths that stay as they are should cost nothing: compare the ratio with 1": lambda dh, h, W_h: (
                float(np.mean(ratio(dh, h, W_h) ** 2))
            ),
            "Too long and too short should cost alike: the square is missing": (
                lambda dh, h, W_h: float(np.mean(ratio(dh, h, W_h) - 1))
            ),
            "The step back passes through the tanh before it meets W_h": (
                lambda dh, h, W_h: norm_kept(dh, np.zeros_like(h), W_h)
            ),
            "The slope of the tanh comes before the product with W_h, not after it": (
                lambda dh, h, W_h: float(
                    np.mean(
                        (
                            np.linalg.norm((dh @ W_h.T) * (1 - h**2), axis=1)
                            / np.linalg.norm(dh, axis=1)
                            - 1
                        )
                        ** 2
                    )
                )
            ),
            "Square first, then take the mean: long and short must not cancel": (
                lambda dh, h, W_h: float((np.mean(ratio(dh, h, W_h)) - 1) ** 2)
            ),
            "W_h looks transposed: the gradient goes from t back to t-1": (
                lambda dh, h, W_h: norm_kept(dh, h, W_h.T)
            ),
            "A mean over the sequences is wanted, not their sum": (
                lambda dh, h, W_h: float(np.sum((ratio(dh, h, W_h) - 1) ** 2))
            ),
            "Each sequence has a ratio of its own: take norms along the units only": lambda dh, h, W_h: (
                float(
                    (np.linalg.norm((dh * (1 - h**2)) @ W_h.T) / np.linalg.norm(dh) - 1)
                    ** 2
                )
            ),
        },
    )
)

# transient


def judge_transient(W: Any, rng: np.random.Generator) -> Verdict | None:
    """The spectral radius is at most 0.9, and some power of W stretches a vector more
    than a hundred times.
    """
    matrix = np.array(W, float).reshape(2, 2)
    rho = np.abs(np.linalg.eigvals(matrix)).max()
    if rho > 0.9 + 1e-9:
        return Verdict(
            False, f"✗ the spectral radius is {rho:.3g}: it must not be above 0.9"
        )
    if np.array_equal(matrix, matrix.T):
        return Verdict(
            False,
            "✗ W is symmetric: its k-th power stretches no vector more than ρ^k times",
        )
    power, peak = np.eye(2), 0.0
    for _ in range(200):
        power = power @ matrix
        peak = max(peak, np.linalg.norm(power, 2))
    if peak < 100:
        return Verdict(
            False, f"✗ the powers of W stretch no vector more than {peak:.1f} times"
        )
    return None


register(
    Exercise(
        name="transient",
        reference=(0.9, 60.0, 0.0, 0.9),
        outputs=("w_11", "w_12", "w_21", "w_22"),
        judge=judge_transient,
        mistakes={
            "A symmetric matrix can not do it: its singular values are the sizes of its eigenvalues": (
                0.5,
                0.4,
                0.4,
                0.5,
            ),
            "The number beside the diagonal does not change the eigenvalues: how large may it be?": (
                0.9,
                1.0,
                0.0,
                0.9,
            ),
            "A matrix that grows for ever is another thing": (1.1, 60.0, 0.0, 0.9),
        },
    )
)
