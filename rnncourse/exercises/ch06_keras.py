"""An exercise of chapter 6: the weights of a GRU of Keras in the package's form."""

import numpy as np

from rnncourse.arrays import Array, Float
from rnncourse.exercises import edited, register


def gru_from_keras(
    kernel: Float[Array, "D G"],
    recurrent: Float[Array, "H G"],
    biases: Float[Array, "2 G"],
) -> tuple[
    Float[Array, "D G"], Float[Array, "H G"], Float[Array, " G"], Float[Array, " H"]
]:
    """W_x, W_h, b and b_n from what Keras' GRU with reset_after=True stores."""
    W_x, W_h, b, of_h = (in_our_order(a) for a in (kernel, recurrent, *biases))
    H = len(recurrent)
    b[: 2 * H] += of_h[: 2 * H]
    return W_x, W_h, b, of_h[2 * H :]


def in_our_order(a: Array) -> Array:
    """Columns z, r, h as r, z, n."""
    z, r, n = np.split(a, 3, axis=-1)
    return np.concatenate([r, z, n], axis=-1)


register(
    "gru-from-keras",
    gru_from_keras,
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
        "The blocks stand as Keras has them, z first: here r is first": edited(
            gru_from_keras, "in_our_order(a)", "a.copy()"
        ),
        "The biases are in our order, but the columns of both matrices still stand as"
        " Keras has"
        " them": edited(gru_from_keras, "return W_x, W_h", "return kernel, recurrent"),
        "The columns of W_h are in our order, those of W_x still as Keras has"
        " them": edited(gru_from_keras, "return W_x", "return kernel"),
        "The columns of W_x are in our order, those of W_h still as Keras has"
        " them": edited(gru_from_keras, "return W_x, W_h", "return W_x, recurrent"),
        "Keras has z, r, h: which of its blocks is our first, which our last?": edited(
            gru_from_keras, "in_our_order(a)", "np.roll(a, -len(recurrent), axis=-1)"
        ),
        "The candidate's second bias stands inside the reset: it must stay"
        " apart": edited(
            gru_from_keras,
            "b[: 2 * H] += of_h[: 2 * H]",
            "b += of_h",
            "of_h[2 * H :]",
            "0 * of_h[2 * H :]",
        ),
        "The candidate's second bias is counted twice: it belongs inside the reset"
        " only": edited(gru_from_keras, "b[: 2 * H] += of_h[: 2 * H]", "b += of_h"),
        "The gates have two biases in Keras and one here: what became of the"
        " second?": edited(gru_from_keras, "+= of_h", "+= 0 * of_h"),
        "In Keras z near 1 keeps the old state, as here: no sign has to be"
        " turned": edited(
            gru_from_keras,
            "order(a)",
            "order(a * np.repeat([-1, 1, 1], len(recurrent)))",
        ),
        "The two rows of biases have changed places: the first belongs to the input's"
        " product": edited(gru_from_keras, "*biases)", "*biases[::-1])"),
    },
)
