"""An exercise of chapter 6: the weights of a GRU of Keras in the package's form."""

from collections.abc import Callable

import numpy as np

from rnncourse.arrays import Array, Float
from rnncourse.exercises import Exercise, register
from rnncourse.exercises.ch06 import summed


def gru_from_keras(
    kernel: Float[Array, "D G"],
    recurrent: Float[Array, "H G"],
    biases: Float[Array, "2 G"],
) -> tuple[
    Float[Array, "D G"], Float[Array, "H G"], Float[Array, " G"], Float[Array, " H"]
]:
    """Our W_x, W_h, b and b_n from the arrays that Keras' GRU with reset_after=True
    stores, in the order z, r, h.
    """
    return converted(kernel, recurrent, biases, in_our_order)


def converted(
    kernel: Array, recurrent: Array, biases: Array, arrange: Callable[[Array], Array]
) -> tuple:
    """The same with another arrangement of the columns."""
    W_x, W_h, of_x, of_h = (arrange(a) for a in (kernel, recurrent, *biases))
    H = len(recurrent)
    b = of_x.copy()
    b[: 2 * H] += of_h[: 2 * H]
    return W_x, W_h, b, of_h[2 * H :].copy()


def in_our_order(a: Array) -> Array:
    """Columns z, r, h as r, z, n."""
    z, r, n = np.split(a, 3, axis=-1)
    return np.concatenate([r, z, n], axis=-1)


def keras_summed(kernel: Array, recurrent: Array, biases: Array) -> tuple:
    """A mistake: both biases are added up in the candidate, too."""
    W_x, W_h, b, b_n = gru_from_keras(kernel, recurrent, biases)
    return W_x, W_h, summed(b, b_n), np.zeros_like(b_n)


def keras_dropped(kernel: Array, recurrent: Array, biases: Array) -> tuple:
    """A mistake: the gates lose their second bias."""
    W_x, W_h, _, b_n = gru_from_keras(kernel, recurrent, biases)
    return W_x, W_h, in_our_order(biases[0]), b_n


def keras_flipped(kernel: Array, recurrent: Array, biases: Array) -> tuple:
    """A mistake: the sign of z is turned."""
    signs = np.repeat([-1, 1, 1], len(recurrent))  # z, r, h
    return converted(kernel, recurrent, biases, lambda a: in_our_order(signs * a))


register(
    Exercise(
        name="gru-from-keras",
        reference=gru_from_keras,
        inputs=lambda rng: [
            (
                rng.standard_normal((D, 3 * H)),
                rng.standard_normal((H, 3 * H)),
                rng.standard_normal((2, 3 * H)),
            )
            for D, H in [(4, 5), (3, 2), (6, 3)]
        ],
        outputs=("W_x", "W_h", "b", "b_n"),
        mistakes={
            "The blocks stand as Keras has them, z first: here r is first": (
                lambda kernel, recurrent, biases: converted(
                    kernel, recurrent, biases, np.copy
                )
            ),
            "The candidate's second bias stands inside the reset: it must stay apart": (
                keras_summed
            ),
            "The gates have two biases in Keras and one here: what became of the second?": (
                keras_dropped
            ),
            "In Keras z near 1 keeps the old state, as here: no sign has to be turned": (
                keras_flipped
            ),
            "The two rows of biases have changed places: the first belongs to the input's product": lambda kernel, recurrent, biases: (
                gru_from_keras(kernel, recurrent, biases[::-1])
            ),
        },
    )
)
