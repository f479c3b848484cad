"""The exercises of the appendix on activation functions: right answers, and mistakes
that are easily made.
"""

import numpy as np

from rnncourse.arrays import Array, Float
from rnncourse.exercises import Exercise, register
from rnncourse.exercises.ch01 import weights
from rnncourse.functions import softmax

# sigmoid-as-tanh


def as_tanh(
    W_x: Float[Array, "D H"], W_h: Float[Array, "H H"], b: Float[Array, " H"]
) -> tuple[Float[Array, "D H"], Float[Array, "H H"], Float[Array, " H"]]:
    """With s = (1 + h) / 2: s_t = sigmoid(a_t) is h_t = tanh(a_t / 2), a_t = x_t W_x +
    (1 + h_{t-1}) W_h / 2 + b.
    """
    return W_x / 2, W_h / 4, b / 2 + W_h.sum(axis=0) / 4


register(
    Exercise(
        name="sigmoid-as-tanh",
        reference=as_tanh,
        inputs=lambda rng: [weights(D, H, rng) for D, H in [(3, 4), (5, 2), (2, 6)]],
        outputs=("V_x", "V_h", "c"),
        mistakes={
            "Put s = (1 + h) / 2 into the equation: what becomes of the 1 in it?": (
                lambda W_x, W_h, b: (W_x / 2, W_h / 4, b / 2)
            ),
            "V_h is halved twice: once for the tanh, and once for the state that it multiplies": lambda W_x, W_h, b: (
                W_x / 2,
                W_h / 2,
                b / 2 + W_h.sum(axis=0) / 4,
            ),
            "V_h is halved twice, and the 1 in s = (1 + h) / 2 has a term of its own": (
                lambda W_x, W_h, b: (W_x / 2, W_h / 2, b / 2)
            ),
            "The state before multiplies W_h from the left: which sum of W_h does a row of ones make?": lambda W_x, W_h, b: (
                W_x / 2,
                W_h / 4,
                b / 2 + W_h.sum(axis=1) / 4,
            ),
            "All that stands in the tanh is halved, so what comes from the 1 is halved twice, like V_h": lambda W_x, W_h, b: (
                W_x / 2,
                W_h / 4,
                b / 2 + W_h.sum(axis=0) / 2,
            ),
            "The sigmoid of a is made of the tanh of a / 2: the whole of a is halved": (
                lambda W_x, W_h, b: (W_x, W_h / 2, b + W_h.sum(axis=0) / 2)
            ),
            "The input is halved too: it stands in the tanh": lambda W_x, W_h, b: (
                W_x,
                W_h / 4,
                b / 2 + W_h.sum(axis=0) / 4,
            ),
            "Multiplied where it should be divided: s is (1 + h) / 2, and h is 2 s - 1": lambda W_x, W_h, b: (
                2 * W_x,
                4 * W_h,
                2 * b - 2 * W_h.sum(axis=0),
            ),
        },
    )
)


# stable-sigmoid


def sigmoid(a: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """exp(min(a, 0)) / (1 + exp(-|a|)): no exponent is above 0, and nothing is
    subtracted.
    """
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1.0, e) / (1 + e)


def sigmoid_inputs(rng: np.random.Generator) -> list[tuple]:
    """Near 0, with a 0; where exp(-a) overflows and the sigmoid does not underflow; far
    on both sides; far left.
    """
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


def _folded(a):
    return np.exp(-np.abs(a))


register(
    Exercise(
        name="stable-sigmoid",
        reference=sigmoid,
        inputs=sigmoid_inputs,
        outputs=("s",),
        mistakes={
            "The exponential of -a is infinite far to the left: which exponent is never above 0?": (
                lambda a: 1 / (1 + np.exp(-a))
            ),
            "Far to the right this is infinity divided by infinity": (
                lambda a: np.exp(a) / (1 + np.exp(a))
            ),
            "Far to the left this is exactly 0, where the sigmoid is small but not 0": (
                lambda a: 0.5 * (1 + np.tanh(0.5 * a))
            ),
            "This is the sigmoid of -a: look at the sign of the exponent": (
                lambda a: 1 / (1 + np.exp(a))
            ),
            "Left of 0 you give the values that belong to the right of it": (
                lambda a: 1 / (1 + _folded(a))
            ),
            "Right of 0 you give the values that belong to the left of it": (
                lambda a: _folded(a) / (1 + _folded(a))
            ),
            "The value at 0 is missing: which of the two cases should hold it?": lambda a: (
                np.where(a == 0, 0.0, sigmoid(a))
            ),
        },
    )
)


# log-softmax


def log_softmax(a: Float[Array, "*shape V"]) -> Float[Array, "*shape V"]:
    """a - ln sum_w exp(a_w) over the last axis, with the largest logit taken out of the
    sum.
    """
    shifted = a - a.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def logits(rng: np.random.Generator) -> list[tuple]:
    """Small ones; then some that are a thousand apart in a row; then rows that are
    thousands apart.
    """
    apart = rng.standard_normal((3, 5)) + 1000 * (
        rng.permuted(np.tile(np.arange(5), (3, 1)), axis=1) - 2
    )
    rows = rng.standard_normal((2, 3, 4)) + np.array([-3000.0, 0.0, 3000.0])[:, None]
    return [(rng.standard_normal((5, 4)),), (apart,), (rows,)]


def _naive(a, axis):
    return a - np.log(np.exp(a).sum(axis=axis, keepdims=True))


register(
    Exercise(
        name="log-softmax",
        reference=log_softmax,
        inputs=logits,
        outputs=("log p",),
        mistakes={
            "A probability that is rounded to 0 has no logarithm: take the logarithm before you compute it": lambda a: (
                np.log(softmax(a))
            ),
            "The exponential of a large logit is infinite: what can you subtract from all of a row?": lambda a: (
                _naive(a, -1)
            ),
            "Each row has a largest logit of its own; with one for all rows, some rows are far below it": lambda a: (
                _naive(a - a.max(), -1)
            ),
            "Each row is a distribution of its own: which axis does the sum run over?": lambda a: (
                _naive(a - a.max(axis=0), 0)
            ),
            "Something is missing: the exponentials of a row should sum to 1": (
                lambda a: a - a.max(axis=-1, keepdims=True)
            ),
            "The largest logit was taken out of the sum and never put back": (
                lambda a: (
                    a
                    - np.log(
                        np.exp(a - a.max(axis=-1, keepdims=True)).sum(
                            axis=-1, keepdims=True
                        )
                    )
                )
            ),
            "These are probabilities: their logarithms are asked for": softmax,
        },
    )
)
