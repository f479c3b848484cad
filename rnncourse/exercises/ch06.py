"""The exercises of chapter 6, the GRU: right answers, and mistakes that are easily
made.
"""

import numpy as np

from rnncourse.arrays import Array, Float
from rnncourse.cells import GRU, ResetBeforeGRU
from rnncourse.exercises import Exercise, register
from rnncourse.functions import sigmoid
from rnncourse.recurrence import State

# keeping-bias


def keeping_bias(share: float, steps: int) -> float:
    """The bias b_z with which, all weights being 0, a state keeps `share` of itself
    after `steps` steps.
    """
    z = share ** (1 / steps)
    return float(np.log(z / (1 - z)))


register(
    Exercise(
        name="keeping-bias",
        reference=keeping_bias,
        inputs=lambda rng: [(0.5, 10), (1 / np.e, 50), (0.9, 3)],
        outputs=("the bias",),
        mistakes={
            "This is the gate's value; the bias is what the sigmoid turns into it": (
                lambda share, steps: float(share ** (1 / steps))
            ),
            "With this sign the state is overwritten: here z near 1 keeps": (
                lambda share, steps: -keeping_bias(share, steps)
            ),
            "The state is multiplied by z at every step: the share is a power of z": (
                lambda share, steps: float(np.log(share / (1 - share)) / steps)
            ),
            "This keeps 1/e whatever the share: where does the share come in?": (
                lambda share, steps: keeping_bias(1 / np.e, steps)
            ),
            "Does the number of steps matter? This keeps the share for a single step": (
                lambda share, steps: keeping_bias(share, 1)
            ),
            "This is ln z: the bias is the number whose sigmoid is z": (
                lambda share, steps: float(np.log(share) / steps)
            ),
            "This is the rule of thumb for 1/e and many steps: any share was asked for": lambda share, steps: (
                float(np.log(steps))
            ),
        },
    )
)

# gru-step


def gru_step(
    h_prev: Float[Array, "B H"],
    x: Float[Array, "B D"],
    W_x: Float[Array, "D G"],
    W_h: Float[Array, "H G"],
    b: Float[Array, " G"],
    b_n: Float[Array, " H"],
) -> Float[Array, "B H"]:
    """One step of torch's GRU, columns r, z, n."""
    state, _ = GRU(W_x, W_h, b, b_n).step(State(h_prev), x)
    return state.h


def summed(b: Array, b_n: Array) -> Array:
    """b with b_n added to the candidate's part."""
    return b + np.concatenate([np.zeros(2 * len(b_n)), b_n])


def reset_before(
    h_prev: Array, x: Array, W_x: Array, W_h: Array, b: Array, b_n: Array
) -> Array:
    """A mistake: the reset gate acts before the product."""
    state, _ = ResetBeforeGRU(W_x, W_h, summed(b, b_n)).step(State(h_prev), x)
    return state.h


def other_blocks(change, right=gru_step):
    """A mistake: the step with the blocks of columns read in another way."""

    def step(
        h_prev: Array, x: Array, W_x: Array, W_h: Array, b: Array, b_n: Array
    ) -> Array:
        W_x, W_h, b = (
            np.concatenate(change(*np.split(a, 3, axis=-1)), axis=-1)
            for a in (W_x, W_h, b)
        )
        return right(h_prev, x, W_x, W_h, b, b_n)

    return step


def turned(r: Array, z: Array, n: Array) -> tuple[Array, Array, Array]:
    """Blocks that give 1 - z for z."""
    return r, -z, n


def bias_outside(
    h_prev: Array, x: Array, W_x: Array, W_h: Array, b: Array, b_n: Array
) -> Array:
    """A mistake: b_n is added outside the reset."""
    return gru_step(h_prev, x, W_x, W_h, summed(b, b_n), np.zeros_like(b_n))


def bracket(
    h_prev: Array, x: Array, W_x: Array, W_h: Array, b: Array, b_n: Array
) -> Array:
    """A mistake: the reset gate scales the input's part, too."""
    (r, z, a_xn), (h_r, h_z, a_hn) = (
        np.split(a, 3, axis=1) for a in (x @ W_x + b, h_prev @ W_h)
    )
    r, z = sigmoid(r + h_r), sigmoid(z + h_z)
    return z * h_prev + (1 - z) * np.tanh(r * (a_xn + a_hn + b_n))


def without_reset(
    h_prev: Array, x: Array, W_x: Array, W_h: Array, b: Array, b_n: Array
) -> Array:
    """A mistake: r is 1."""
    only = np.arange(W_h.shape[1]) >= len(b_n)  # the columns of z and n
    return gru_step(h_prev, x, only * W_x, only * W_h, np.where(only, b, 100.0), b_n)


def step_inputs(rng: np.random.Generator) -> list[tuple]:
    """A state and an input with weights, in three sizes."""
    sizes = [(3, 4, 5), (2, 3, 6), (5, 1, 2)]
    return [
        (
            np.tanh(rng.standard_normal((B, H))),
            rng.standard_normal((B, D)),
            rng.standard_normal((D, 3 * H)),
            rng.standard_normal((H, 3 * H)),
            rng.standard_normal(3 * H),
            rng.standard_normal(H),
        )
        for B, D, H in sizes
    ]


register(
    Exercise(
        name="gru-step",
        reference=gru_step,
        inputs=step_inputs,
        outputs=("h",),
        mistakes={
            "z and 1 - z have changed places: here z near 1 keeps the old state": (
                other_blocks(turned)
            ),
            "The reset gate acts before the product: that is the form of 2014, not torch's": (
                reset_before
            ),
            "This is the form of Chung et al. 2014: reset before the product, and z near 1 takes the new": other_blocks(
                turned, reset_before
            ),
            "r and z have changed places: torch's columns are r, z, n": other_blocks(
                lambda r, z, n: (z, r, n)
            ),
            "b_n stands inside the reset: it is scaled by r as the product is": (
                bias_outside
            ),
            "The reset gate scales what comes from the state, not what comes from the input": (
                bracket
            ),
            "Where is the reset gate? Here the candidate reads all of the state": (
                without_reset
            ),
            "b_n is missing": lambda h_prev, x, W_x, W_h, b, b_n: gru_step(
                h_prev, x, W_x, W_h, b, 0 * b_n
            ),
        },
    )
)

# gru-backward


def gru_backward(
    dh: Float[Array, "B H"],
    h_prev: Float[Array, "B H"],
    r: Float[Array, "B H"],
    z: Float[Array, "B H"],
    n: Float[Array, "B H"],
    W_hn: Float[Array, "H H"],
) -> tuple[
    Float[Array, "B H"], Float[Array, "B H"], Float[Array, "B H"], Float[Array, "B H"]
]:
    """da_r, da_z, da_n of the reset-before form, and dL/dh_prev but for what comes
    through the two gates.
    """
    return with_candidate(dh * (1 - z) * (1 - n**2), dh, h_prev, r, z, n, W_hn)


def with_candidate(
    da_n: Array, dh: Array, h_prev: Array, r: Array, z: Array, n: Array, W_hn: Array
) -> tuple:
    """The same, where da_n is given."""
    drh = da_n @ W_hn.T
    return (
        drh * h_prev * r * (1 - r),
        dh * (h_prev - n) * z * (1 - z),
        da_n,
        dh * z + drh * r,
    )


def changed(part: int, change):
    """A mistake in one of the four results: `change` sees all arguments and the right
    results.
    """

    def backward(
        dh: Array, h_prev: Array, r: Array, z: Array, n: Array, W_hn: Array
    ) -> tuple:
        results = list(gru_backward(dh, h_prev, r, z, n, W_hn))
        results[part] = change(dh, h_prev, r, z, n, W_hn, results)
        return tuple(results)

    return backward


def as_after(
    dh: Array, h_prev: Array, r: Array, z: Array, n: Array, W_hn: Array
) -> tuple:
    """A mistake: the derivative of the form that resets after the product."""
    da_r, da_z, da_n, _ = gru_backward(dh, h_prev, r, z, n, W_hn)
    da_r = da_n * (h_prev @ W_hn) * r * (1 - r)
    return da_r, da_z, da_n, dh * z + (da_n * r) @ W_hn.T


def without_slopes(
    dh: Array, h_prev: Array, r: Array, z: Array, n: Array, W_hn: Array
) -> tuple:
    """A mistake: the gates' sigmoids have no slopes."""
    _, _, da_n, dh_prev = gru_backward(dh, h_prev, r, z, n, W_hn)
    return da_n @ W_hn.T * h_prev, dh * (h_prev - n), da_n, dh_prev


def backward_inputs(rng: np.random.Generator) -> list[tuple]:
    """An upstream gradient and what a step left, in three sizes."""
    cases = []
    for B, H in [(3, 4), (2, 5), (6, 3)]:
        r, z = sigmoid(rng.standard_normal((2, B, H)))
        h_prev, n = np.tanh(rng.standard_normal((2, B, H)))
        cases.append(
            (rng.standard_normal((B, H)), h_prev, r, z, n, rng.standard_normal((H, H)))
        )
    return cases


register(
    Exercise(
        name="gru-backward",
        reference=gru_backward,
        inputs=backward_inputs,
        outputs=("da_r", "da_z", "da_n", "dh_prev"),
        mistakes={
            "This is the derivative of the other form, where the reset comes after the product": (
                as_after
            ),
            "W_hn looks transposed: the gradient goes back through it": (
                lambda dh, h_prev, r, z, n, W_hn: gru_backward(
                    dh, h_prev, r, z, n, W_hn.T
                )
            ),
            "z multiplies the old state and 1 - z the candidate: the sign of da_z is turned": changed(
                1, lambda dh, h_prev, r, z, n, W_hn, results: -results[1]
            ),
            "The state reaches the candidate through the reset, too: this is the direct path only": changed(
                3, lambda dh, h_prev, r, z, n, W_hn, results: dh * z
            ),
            "The candidate reads r times the state: the reset is missing in dh_prev": (
                changed(
                    3,
                    lambda dh, h_prev, r, z, n, W_hn, results: (
                        dh * z + results[2] @ W_hn.T
                    ),
                )
            ),
            "The candidate is a tanh: its slope is missing": (
                lambda dh, h_prev, r, z, n, W_hn: with_candidate(
                    dh * (1 - z), dh, h_prev, r, z, n, W_hn
                )
            ),
            "The candidate enters with the weight 1 - z: where is it in da_n?": (
                lambda dh, h_prev, r, z, n, W_hn: with_candidate(
                    dh * (1 - n**2), dh, h_prev, r, z, n, W_hn
                )
            ),
            "The gates are sigmoids: their slopes are missing": without_slopes,
            "r is multiplied by the state, so dr has h_prev as a factor": changed(
                0,
                lambda dh, h_prev, r, z, n, W_hn, results: (
                    results[2] @ W_hn.T * r * (1 - r)
                ),
            ),
            "The direct path, what z keeps, is missing": changed(
                3, lambda dh, h_prev, r, z, n, W_hn, results: results[3] - dh * z
            ),
        },
    )
)

# time-constants


def time_constants(zs: Float[Array, "T B H"]) -> Float[Array, " H"]:
    """For each unit the number of steps after which its direct path has kept 1/e: -1 /
    mean of ln z.
    """
    return -1 / np.log(zs).mean(axis=(0, 1))


register(
    Exercise(
        name="time-constants",
        reference=time_constants,
        inputs=lambda rng: [
            (sigmoid(2 + 2 * rng.standard_normal((T, B, H))),)
            for T, B, H in [(7, 3, 4), (5, 2, 6), (20, 4, 3)]
        ],
        outputs=("tau",),
        mistakes={
            "Products have geometric means: take the mean of the logarithms, not the logarithm of the mean": (
                lambda zs: -1 / np.log(zs.mean(axis=(0, 1)))
            ),
            "This is the approximation for z near 1, and of the mean of z": (
                lambda zs: 1 / (1 - zs.mean(axis=(0, 1)))
            ),
            "This is the approximation for z near 1; the logarithm itself was asked for": (
                lambda zs: 1 / (1 - np.exp(np.log(zs).mean(axis=(0, 1))))
            ),
            "A mean of time constants is ruled by the few steps at which z is nearly 1": (
                lambda zs: (-1 / np.log(zs)).mean(axis=(0, 1))
            ),
            "This is how long half of it is kept; 1/e was asked for": (
                lambda zs: -np.log(2) / np.log(zs).mean(axis=(0, 1))
            ),
            "A time is positive, and ln z is negative": (
                lambda zs: 1 / np.log(zs).mean(axis=(0, 1))
            ),
            "The mean of the logarithms, not their sum": (
                lambda zs: -1 / np.log(zs).sum(axis=(0, 1))
            ),
            "One number for each unit: the mean is over steps and sequences": (
                lambda zs: np.full(zs.shape[2], -1 / np.log(zs).mean())
            ),
            "This reads z as the share of the new: here z near 1 keeps": (
                lambda zs: -1 / np.log(1 - zs).mean(axis=(0, 1))
            ),
        },
    )
)
