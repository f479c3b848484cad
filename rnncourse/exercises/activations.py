"""The exercises of the appendix on activation functions."""

import numpy as np

from rnncourse.arrays import Array, Float
from rnncourse.exercises import edited, register
from rnncourse.exercises.ch01 import weights
from rnncourse.functions import softmax

# sigmoid-as-tanh


def as_tanh(
    W_x: Float[Array, "D H"], W_h: Float[Array, "H H"], b: Float[Array, " H"]
) -> tuple[Float[Array, "D H"], Float[Array, "H H"], Float[Array, " H"]]:
    """With s = (1 + h) / 2: sigmoid(a) is (1 + tanh(a / 2)) / 2, and s W_h has two terms."""
    return W_x / 2, W_h / 4, b / 2 + W_h.sum(axis=0) / 4


register(
    "sigmoid-as-tanh",
    as_tanh,
    inputs=lambda rng: [weights(D, H, rng) for D, H in [(3, 4), (5, 2), (2, 6)]],
    outputs=("V_x", "V_h", "c"),
    mistakes={
        "Put s = (1 + h) / 2 into the equation: what becomes of the 1 in it?": edited(
            as_tanh, " + W_h.sum(axis=0) / 4", ""
        ),
        "V_h is halved twice: once for the tanh, and once for the state that it"
        " multiplies": edited(as_tanh, "W_h / 4", "W_h / 2"),
        "V_h is halved twice, and the 1 in s = (1 + h) / 2 has a term of its"
        " own": edited(as_tanh, "W_h / 4", "W_h / 2", " + W_h.sum(axis=0) / 4", ""),
        "V_h is halved twice, and so is what comes from the 1 in s = (1 + h) / 2": edited(
            as_tanh, "W_h / 4", "W_h / 2", "sum(axis=0) / 4", "sum(axis=0) / 2"
        ),
        "The state before multiplies W_h from the left: which sum of W_h does a row of"
        " ones make?": edited(as_tanh, "axis=0", "axis=1"),
        "All that stands in the tanh is halved, so what comes from the 1 is halved"
        " twice, like V_h": edited(as_tanh, "sum(axis=0) / 4", "sum(axis=0) / 2"),
        "The sigmoid of a is made of the tanh of a / 2: the whole of a is"
        " halved": lambda W_x, W_h, b: as_tanh(2 * W_x, 2 * W_h, 2 * b),
        "The input is halved too: it stands in the tanh": edited(
            as_tanh, "W_x / 2", "W_x"
        ),
        "Multiplied where it should be divided: s is (1 + h) / 2, and h is 2 s"
        " - 1": lambda W_x, W_h, b: (2 * W_x, 4 * W_h, 2 * b - 2 * W_h.sum(axis=0)),
    },
)


# stable-sigmoid


def sigmoid(a: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """No exponent is above 0, and nothing is subtracted."""
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1, e) / (1 + e)


def sigmoid_inputs(rng: np.random.Generator) -> list[tuple]:
    """Near 0, with a 0; where exp(-a) overflows; far on both sides; far left."""
    near = rng.uniform(-4, 4, (3, 4))
    near[1, 2] = 0.0
    sides = rng.choice([-1e4, -1e3, 0.0, 1e3, 1e4], (4, 6), p=[0.1, 0.1, 0.6, 0.1, 0.1])
    sides[0] = [-1e4, 1e4, 1e3, -1e3, 0.0, -0.0]
    return [
        (near,),
        (rng.uniform(-715, -710, (2, 5)),),
        (sides,),
        (rng.uniform(-60, -40, (5, 3)),),
    ]


register(
    "stable-sigmoid",
    sigmoid,
    inputs=sigmoid_inputs,
    outputs=("s",),
    mistakes={
        "The exponential of -a is infinite far to the left: which exponent is never"
        " above 0?": lambda a: 1 / (1 + np.exp(-a)),
        "Far to the right this is infinity divided by infinity": lambda a: (
            np.exp(a) / (1 + np.exp(a))
        ),
        "Far to the left this is exactly 0, where the sigmoid is small but not"
        " 0": lambda a: 0.5 * (1 + np.tanh(0.5 * a)),
        "This is the sigmoid of -a: look at the sign of the exponent": lambda a: (
            1 / (1 + np.exp(a))
        ),
        "Left of 0 you give the values that belong to the right of it": edited(
            sigmoid, "np.where(a >= 0, 1, e)", "1"
        ),
        "Right of 0 you give the values that belong to the left of it": edited(
            sigmoid, "np.where(a >= 0, 1, e)", "e"
        ),
        "The value at 0 is missing: which of the two cases should hold it?": lambda a: (
            sigmoid(a) * (a != 0)
        ),
    },
)


# log-softmax


def log_softmax(a: Float[Array, "*shape V"]) -> Float[Array, "*shape V"]:
    """a - ln sum_w exp(a_w), with the largest logit taken out of the sum."""
    shifted = a - a.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def logits(rng: np.random.Generator) -> list[tuple]:
    """Small ones; some a thousand apart in a row; rows that are thousands apart."""
    steps = rng.standard_normal((3, 5))
    steps += 1000 * (rng.permuted(np.tile(np.arange(5), (3, 1)), axis=1) - 2)
    rows = rng.standard_normal((2, 3, 4)) + np.array([-3000.0, 0.0, 3000.0])[:, None]
    return [(rng.standard_normal((5, 4)),), (steps,), (rows,)]


register(
    "log-softmax",
    log_softmax,
    inputs=logits,
    outputs=("log p",),
    mistakes={
        "A probability that is rounded to 0 has no logarithm: take the logarithm before"
        " you compute it": lambda a: np.log(softmax(a)),
        "A small number beside p hides the infinity and makes each small log p wrong:"
        " take the logarithm first": lambda a: np.log(softmax(a) + 1e-12),
        "The exponential of a large logit is infinite: what can you subtract from all of"
        " a row?": edited(log_softmax, " - a.max(axis=-1, keepdims=True)", ""),
        "Each row has a largest logit of its own; with one for all rows, some rows are"
        " far below"
        " it": edited(log_softmax, "a.max(axis=-1, keepdims=True)", "a.max()"),
        "Each row is a distribution of its own: which axis does the sum run over?": edited(
            log_softmax, "max(axis=-1,", "max(axis=0,", "sum(axis=-1,", "sum(axis=0,"
        ),
        "Something is missing: the exponentials of a row should sum to 1": edited(
            log_softmax, " - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))", ""
        ),
        "The largest logit was taken out of the sum and never put back": edited(
            log_softmax, "return shifted", "return a"
        ),
        "These are probabilities: their logarithms are asked for": softmax,
    },
)


# scaled-tanh: f(a) = 1.7159 tanh(2 a / 3), as LeCun et al. (1998) recommend

register(
    "scaled-tanh",
    1.7159 * 2 / 3,
    outputs=("gamma",),
    tolerance=1e-3,
    mistakes={
        "That is the slope of the inner line alone: what does the factor in front do"
        " to it?": 2 / 3,
        "That is the height of the curve: a slope is asked for": 1.7159,
        "That is the plain tanh: both constants change the slope": 1.0,
        "Rounded too far: three decimals are asked for": 1.14,
        "That is a number of steps: the slope comes first": 18.0,
        "The two constants multiply; they do not add": 1.7159 + 2 / 3,
        "That is the slope where the input is 1: where is the curve steepest?": (
            1.7159 * 2 / 3 * (1 - np.tanh(2 / 3) ** 2)
        ),
    },
)


# leaky-share


def leaky_share(alpha: float) -> float:
    """Half of the squares are kept, the others are multiplied by alpha²."""
    return float(np.sqrt((1 + alpha**2) / 2))


register(
    "leaky-share",
    leaky_share,
    inputs=lambda rng: [(0.0,), (0.1,), (0.3,), (0.8,), (1.0,)],
    outputs=("share",),
    mistakes={
        "Lengths do not add up, their squares do": lambda alpha: (1 + alpha) / 2,
        "That is the share of the squared length": lambda alpha: (1 + alpha**2) / 2,
        "A slope of alpha multiplies a square by alpha²": edited(
            leaky_share, "alpha**2", "alpha"
        ),
        "That is the ReLU: the other half is not lost here": lambda alpha: np.sqrt(0.5),
        "Half of the units is on, and half is off: each half has its own"
        " weight": edited(leaky_share, " / 2", ""),
        "That is what the off half alone keeps": lambda alpha: np.sqrt(alpha**2 / 2),
    },
)
