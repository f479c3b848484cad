"""From logits to symbols: temperature, drawing, and a network that writes."""

from collections.abc import Iterator

import numpy as np

from rnncourse.arrays import Array, Float, Int, floats, require_shape
from rnncourse.functions import softmax
from rnncourse.network import Network
from rnncourse.recurrence import Run, forward


def tempered(
    logits: Float[Array, "*shape V"], temperature: int | float
) -> Float[Array, "*shape V"]:
    """The softmax of logits divided by a temperature, in float64.

        p_v = exp(a_v / temperature) / sum_w exp(a_w / temperature)

    Above 1 it evens the probabilities out (uniform at infinity), below 1 it favours the
    likely; 0 gives everything to the largest logit, to the first of equal ones. Raises
    ValueError for a temperature that is negative or NaN and for logits that are not
    finite.
    """
    if not temperature >= 0:
        raise ValueError(
            f"temperature is {temperature}; expected a number of 0 or more"
        )
    a = floats("logits", logits, np.dtype(np.float64))
    if a.ndim == 0 or a.shape[-1] == 0:
        raise ValueError(
            f"logits have shape {a.shape}; expected (V,) or (B, V) with V of 1 or more"
        )
    if temperature == 0:
        return (np.arange(a.shape[-1]) == a.argmax(axis=-1, keepdims=True)).astype(
            np.float64
        )
    with np.errstate(
        over="ignore", under="ignore"
    ):  # -inf is what a difference becomes that is too large: p = 0
        return softmax((a - a.max(axis=-1, keepdims=True)) / temperature)


def sample_symbol(
    logits: Float[Array, "*shape V"],
    *,
    temperature: int | float,
    rng: np.random.Generator,
) -> Int[Array, "*shape"]:
    """A symbol for each row of logits, drawn from `tempered(logits, temperature)`.

        the first v with u < p_0 + ... + p_v,  u uniform in [0, 1)

    It takes one number from `rng` for each symbol at any temperature. Raises what
    `tempered` raises.
    """
    P = tempered(logits, temperature).cumsum(axis=-1)
    u = rng.random(P.shape[:-1])
    return np.asarray((u[..., None] * P[..., -1:] < P).argmax(axis=-1))


def generate(
    net: Network,
    prompt: Int[Array, " P"],
    *,
    temperature: float = 1.0,
    rng: np.random.Generator,
) -> Iterator[tuple[int, Run]]:
    """Symbols without end: each is drawn from the softmax of the last output and
    becomes the next input.

    Yields each new symbol with the run that led to it, whose `hs` are the states on the
    way. When the first is asked for, raises ValueError for an empty prompt (the network
    needs a first input) and for a network with other outputs than inputs.
    """
    require_shape("the prompt", prompt, ("P",), "generate")
    if len(net.b_y) != net.cell.D:
        raise ValueError(
            f"the network has {len(net.b_y)} outputs and {net.cell.D} inputs; generate"
            " expects as many"
        )
    symbols, state = prompt, None
    while True:
        run = forward(net.cell, symbols[:, None], state)
        symbol = int(
            sample_symbol(net.outputs(run.hs[-1, 0]), temperature=temperature, rng=rng)
        )
        yield symbol, run
        symbols, state = np.array([symbol]), run.state
