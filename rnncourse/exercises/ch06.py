"""The exercises of chapter 6, the GRU."""

from itertools import chain, combinations

import numpy as np

from rnncourse.arrays import Array, Float
from rnncourse.exercises import edited, register
from rnncourse.functions import sigmoid

States = Float[Array, "B H"]

# keeping-bias


def keeping_bias(share: float, steps: int) -> float:
    """The b_z with which a state keeps `share` of itself, all weights being 0."""
    z = share ** (1 / steps)
    return float(np.log(z / (1 - z)))


register(
    "keeping-bias",
    keeping_bias,
    inputs=lambda rng: [(0.5, 10), (1 / np.e, 50), (0.9, 3)],
    outputs=("the bias",),
    mistakes={
        "This is the gate's value; the bias is what the sigmoid turns into it": edited(
            keeping_bias, "float(np.log(z / (1 - z)))", "z"
        ),
        "With this sign the state is overwritten: here z near 1 keeps": edited(
            keeping_bias, "np.log", "-np.log"
        ),
        "The state is multiplied by z at every step: the share is a power of z": edited(
            keeping_bias,
            "share ** (1 / steps)",
            "share",
            "(1 - z))",
            "(1 - z)) / steps",
        ),
        "The state is multiplied by z at every step: its share does not fall by an equal"
        " amount": edited(
            keeping_bias, "share ** (1 / steps)", "1 - (1 - share) / steps"
        ),
        "After k steps z to the power k is left: the share is the power, z its root": edited(
            keeping_bias, "1 / steps", "steps"
        ),
        "This keeps 1/e whatever the share: where does the share come in?": edited(
            keeping_bias, "share ** (1", "np.exp(-1) ** (1"
        ),
        "Does the number of steps matter? This keeps the share for a single"
        " step": edited(keeping_bias, "1 / steps", "1"),
        "This is ln z: the bias is the number whose sigmoid is z": edited(
            keeping_bias, "z / (1 - z)", "z"
        ),
        "This is the rule of thumb for 1/e and many steps: any share was asked"
        " for": edited(keeping_bias, "z / (1 - z)", "steps"),
    },
)

# gru-step


def gru_step(
    h_prev: States,
    x: Float[Array, "B D"],
    W_x: Float[Array, "D G"],
    W_h: Float[Array, "H G"],
    b: Float[Array, " G"],
    b_n: Float[Array, " H"],
) -> States:
    """One step of torch's GRU."""
    a_xr, a_xz, a_xn = np.split(x @ W_x + b, 3, axis=1)
    a_hr, a_hz, a_hn = np.split(h_prev @ W_h, 3, axis=1)
    r, z = sigmoid(a_xr + a_hr), sigmoid(a_xz + a_hz)
    n = np.tanh(a_xn + r * (a_hn + b_n))
    return z * h_prev + (1 - z) * n


def step_inputs(rng: np.random.Generator) -> list[tuple]:
    """A state and an input with weights, in three sizes."""
    return [
        (
            np.tanh(rng.standard_normal((B, H))),
            rng.standard_normal((B, D)),
            rng.standard_normal((D, 3 * H)),
            rng.standard_normal((H, 3 * H)),
            rng.standard_normal(3 * H),
            rng.standard_normal(H),
        )
        for B, D, H in [(3, 4, 5), (2, 3, 6), (5, 1, 2)]
    ]


# What can be chosen wrongly: pieces of the reference, and for each hint what stands there
# instead. A mistake is one of these, or one in each of two pieces
EARLY = "(r * h_prev) @ np.split(W_h, 3, axis=1)[2]"
CHOICES = {
    "a_xn + r * (a_hn + b_n)": {
        "The reset gate acts before the product: the published form": f"a_xn + {EARLY} + b_n",
        "The reset gate acts before the product, and b_n is missing": f"a_xn + {EARLY}",
        "b_n stands inside the reset: it is scaled by r as the product"
        " is": "a_xn + r * a_hn + b_n",
        "b_n is missing": "a_xn + r * a_hn",
        "The reset gate scales what comes from the state, not the input's"
        " part": "r * (a_xn + a_hn + b_n)",
        "The reset gate must not scale the input's part, and b_n is"
        " missing": "r * (a_xn + a_hn)",
        "Where is the reset gate? Here the candidate reads all of the"
        " state": "a_xn + a_hn + b_n",
        "The reset gate and b_n are missing": "a_xn + a_hn",
    },
    "z * h_prev + (1 - z) * n": {
        "z near 1 keeps the old: z and 1 - z are swapped": ("(1 - z) * h_prev + z * n")
    },
    "np.tanh": {"The candidate is a tanh": "sigmoid"},
    "r, z =": {"torch's columns are r, z, n: r and z are swapped": "z, r ="},
    "sigmoid(a_xr + a_hr), sigmoid(a_xz + a_hz)": {
        "A gate lies between 0 and 1: sigmoids are missing": "a_xr + a_hr, a_xz + a_hz"
    },
}


def one_or_two(choices: dict[str, dict[str, str]]) -> dict:
    """The mistakes that are one of the choices, or two that do not exclude each other."""
    rows = [
        (right, wrong, hint)
        for right, wrongs in choices.items()
        for hint, wrong in wrongs.items()
    ]
    pairs = [(a, b) for a, b in combinations(rows, 2) if a[0] != b[0]]
    return {
        ". ".join(hint for _, _, hint in some): edited(
            gru_step, *chain(*((right, wrong) for right, wrong, _ in some))
        )
        for some in [*combinations(rows, 1), *pairs]
    }


register(
    "gru-step",
    gru_step,
    inputs=step_inputs,
    outputs=("h",),
    mistakes=one_or_two(CHOICES),
)

# gru-backward


def gru_backward(
    dh: States,
    h_prev: States,
    r: States,
    z: States,
    n: States,
    W_hn: Float[Array, "H H"],
) -> tuple[States, States, States, States]:
    """da_r, da_z, da_n and dL/dh_prev where the reset comes before the product.

    But for what reaches h_prev through the two gates.
    """
    da_n = dh * (1 - z) * (1 - n**2)
    drh = da_n @ W_hn.T
    da_r = drh * h_prev * r * (1 - r)
    da_z = dh * (h_prev - n) * z * (1 - z)
    dh_prev = dh * z + drh * r
    return da_r, da_z, da_n, dh_prev


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
    "gru-backward",
    gru_backward,
    inputs=backward_inputs,
    outputs=("da_r", "da_z", "da_n", "dh_prev"),
    mistakes={
        "This is the derivative of the other form, where the reset comes after the"
        " product": edited(
            gru_backward,
            "drh * h_prev",
            "da_n * (h_prev @ W_hn)",
            "drh * r",
            "(da_n * r) @ W_hn.T",
        ),
        "W_hn looks transposed: the gradient goes back through it": edited(
            gru_backward, "W_hn.T", "W_hn"
        ),
        "z multiplies the old state and 1 - z the candidate: the sign of da_z is"
        " turned": edited(gru_backward, "h_prev - n", "n - h_prev"),
        "The state reaches the candidate through the reset, too: this is the direct path"
        " only": edited(gru_backward, " + drh * r", ""),
        "The candidate reads r times the state: the reset is missing in"
        " dh_prev": edited(gru_backward, "+ drh * r", "+ drh"),
        "The candidate is a tanh: its slope is missing": edited(
            gru_backward, " * (1 - n**2)", ""
        ),
        "The candidate enters with the weight 1 - z: where is it in da_n?": edited(
            gru_backward, "dh * (1 - z) * (1", "dh * (1"
        ),
        "The gates are sigmoids: their slopes are missing": edited(
            gru_backward, " * r * (1 - r)", "", " * z * (1 - z)", ""
        ),
        "r is multiplied by the state, so dr has h_prev as a factor": edited(
            gru_backward, "drh * h_prev", "drh"
        ),
        "This is the convention of Chung et al.: here z near 1 keeps": edited(
            gru_backward,
            "dh * (1 - z) * (1",
            "dh * z * (1",
            "h_prev - n",
            "n - h_prev",
            "dh * z + ",
            "dh * (1 - z) + ",
        ),
        "The direct path, what z keeps, is missing": edited(
            gru_backward, "dh * z + ", ""
        ),
        "z multiplies the old state: with that share dh goes straight back": edited(
            gru_backward, "dh * z + ", "dh * (1 - z) + "
        ),
        "Four things are returned, and that of r is the first": edited(
            gru_backward, "return da_r, da_z", "return da_z, da_r"
        ),
    },
)

# time-constants


def time_constants(zs: Float[Array, "T B H"]) -> Float[Array, " H"]:
    """For each unit the steps after which its direct path has kept 1/e."""
    return -1 / np.log(zs).mean(axis=(0, 1))


register(
    "time-constants",
    time_constants,
    inputs=lambda rng: [
        (sigmoid(2 + 2 * rng.standard_normal((T, B, H))),)
        for T, B, H in [(7, 3, 4), (5, 2, 6), (20, 4, 3)]
    ],
    outputs=("tau",),
    mistakes={
        "Products have geometric means: take the mean of the logarithms, not the"
        " logarithm of the mean": lambda zs: -1 / np.log(zs.mean(axis=(0, 1))),
        "This is the approximation for z near 1, and of the mean of z": lambda zs: (
            1 / (1 - zs.mean(axis=(0, 1)))
        ),
        "This is a better approximation for z near 1, but again of the mean of"
        " z": lambda zs: 1 / (1 - zs.mean(axis=(0, 1))) - 0.5,
        "This is the approximation for z near 1; the logarithm itself was asked"
        " for": lambda zs: 1 / (1 - np.exp(np.log(zs).mean(axis=(0, 1)))),
        "This is a better approximation for z near 1; the logarithm itself was asked"
        " for": lambda zs: 1 / (1 - np.exp(np.log(zs).mean(axis=(0, 1)))) - 0.5,
        "A mean of time constants is ruled by the few steps at which z is nearly"
        " 1": lambda zs: (-1 / np.log(zs)).mean(axis=(0, 1)),
        "This is the mean of z by which a unit keeps: after how many steps is 1/e"
        " left?": lambda zs: np.exp(np.log(zs).mean(axis=(0, 1))),
        "The mean of the logarithms is over steps and sequences: this is a mean of time"
        " constants, one for each sequence": lambda zs: (
            -1 / np.log(zs).mean(axis=0)
        ).mean(axis=0),
        "This is how long half of it is kept; 1/e was asked for": edited(
            time_constants, "-1", "-np.log(2)"
        ),
        "A time is positive, and ln z is negative": edited(time_constants, "-1", "1"),
        "The mean of the logarithms, not their sum": edited(
            time_constants, "mean", "sum"
        ),
        "One number for each unit: the mean is over steps and sequences": lambda zs: (
            np.full(zs.shape[2], -1 / np.log(zs).mean())
        ),
        "This reads z as the share of the new: here z near 1 keeps": edited(
            time_constants, "log(zs)", "log(1 - zs)"
        ),
    },
)
