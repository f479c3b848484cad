"""From logits to symbols: temperature, the unlikely left out, drawing, and a network
that writes.
"""

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np

from rnncourse.arrays import Array, Float, Int
from rnncourse.checks import floats, require_rng, require_shape, require_sizes
from rnncourse.composition import reads_ahead
from rnncourse.functions import softmax
from rnncourse.network import Network
from rnncourse.recurrence import Run, forward
from rnncourse.text.vocabulary import Vocabulary, require_symbols


def tempered(
    logits: Float[Array, "*shape V"], temperature: int | float
) -> Float[Array, "*shape V"]:
    """The softmax of logits divided by a temperature, in float64.

        p_v = exp(a_v / temperature) / sum_w exp(a_w / temperature)

    Above 1 it evens the probabilities out (uniform at infinity), below 1 it favours the
    likely; 0 gives everything to the largest logit, to the first of equal ones. Raises
    ValueError for a temperature that is negative or NaN and for logits that are not
    finite, TypeError for what are no numbers.
    """
    if not isinstance(temperature, int | float | np.integer | np.floating):
        raise TypeError(
            f"temperature is a {type(temperature).__name__}; expected a number of 0 or"
            " more"
        )
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
    # -inf is what a difference becomes that is too large: p = 0
    with np.errstate(over="ignore", under="ignore"):
        return softmax((a - a.max(axis=-1, keepdims=True)) / temperature)


def top_k(p: Float[Array, "*shape V"], k: int) -> Float[Array, "*shape V"]:
    """Each row's k largest probabilities, divided by their sum; the others are 0.

    Of equal ones the first are kept; all, where k is V or more. Raises ValueError for k
    below 1 and for rows that are not probabilities. (Fan, Lewis and Dauphin 2018)
    """
    require_sizes("top_k", k=k)
    return _kept(_probabilities(p), lambda ordered: np.arange(ordered.shape[-1]) < k)


def nucleus(p: Float[Array, "*shape V"], mass: int | float) -> Float[Array, "*shape V"]:
    """The fewest of each row's largest probabilities that together have this mass,
    divided by their sum; the others are 0. Also called top-p.

        v stays where  sum of p_u over the u that come before v in order  <  mass

    The largest always stays; at a mass of 1 all that are not 0. Of equal ones the first
    come first. Raises ValueError for a mass that is not above 0 and at most 1, and for
    rows that are not probabilities. (Holtzman et al. 2020)
    """
    if not isinstance(mass, int | float | np.integer | np.floating):
        raise TypeError(f"mass is a {type(mass).__name__}; expected a number up to 1")
    if not 0 < mass <= 1:
        raise ValueError(f"mass is {mass}; expected a number above 0 and at most 1")
    if mass == 1:
        return _kept(_probabilities(p), lambda ordered: ordered > 0)
    return _kept(
        _probabilities(p), lambda ordered: ordered.cumsum(axis=-1) - ordered < mass
    )


def _probabilities(p: object) -> Float[Array, "*shape V"]:
    p = floats("p", p, np.dtype(np.float64))
    if p.ndim == 0 or p.shape[-1] == 0:
        raise ValueError(
            f"p has shape {p.shape}; expected (V,) or (B, V) with V of 1 or more"
        )
    if (p < 0).any() or (np.abs(p.sum(axis=-1) - 1) > 1e-3).any():
        raise ValueError("p has a row that is negative somewhere or does not sum to 1")
    return p


def _kept(
    p: Float[Array, "*shape V"], rule: Callable[[Array], Array]
) -> Float[Array, "*shape V"]:
    """The probabilities that a rule keeps of each row in descending order, rescaled."""
    order = np.argsort(-p, axis=-1, kind="stable")
    ordered = np.take_along_axis(p, order, axis=-1)
    kept = np.zeros_like(p)
    np.put_along_axis(kept, order, np.where(rule(ordered), ordered, 0.0), axis=-1)
    return kept / kept.sum(axis=-1, keepdims=True)


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
    require_rng(rng, "sample_symbol")
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
    needs a first input), for a network with other outputs than inputs, and for one that
    reads ahead.
    """
    require_reader(net, "generate")
    require_rng(rng, "generate")
    require_shape("the prompt", prompt, ("P",), "generate")
    symbols, state = require_symbols(prompt), None
    if len(net.b_y) != net.cell.D:
        raise ValueError(
            f"the network has {len(net.b_y)} outputs and {net.cell.D} inputs; generate"
            " expects as many"
        )
    while True:
        run = forward(net.cell, symbols[:, None], state)
        logits = net.outputs(run.hs[-1, 0])
        symbol = int(sample_symbol(logits, temperature=temperature, rng=rng))
        yield symbol, run
        symbols, state = np.array([symbol]), run.state


def write(
    net: Network,
    vocabulary: Vocabulary,
    prompt: str,
    *,
    length: int,
    temperature: float = 1.0,
    rng: np.random.Generator,
) -> str:
    """The text of `length` symbols that a network writes after a prompt, the prompt not
    among them.

    Raises what `generate` raises, and ValueError for a symbol of the prompt that the
    vocabulary does not have and for a vocabulary of another size than the network's.
    """
    require_reader(net, "write")
    if not isinstance(vocabulary, Vocabulary):
        kind = type(vocabulary).__name__
        raise TypeError(f"vocabulary is a {kind}; write expects a Vocabulary")
    require_rng(rng, "write")
    require_sizes("write", least=0, length=length)
    if len(vocabulary) != net.cell.D:
        raise ValueError(
            f"the vocabulary has {len(vocabulary)} symbols and the network"
            f" {net.cell.D} inputs; write expects as many"
        )
    endless = generate(net, vocabulary.encode(prompt), temperature=temperature, rng=rng)
    drawn = [symbol for symbol, _ in islice(endless, length)]
    return vocabulary.decode(np.array(drawn, dtype=np.int64))


def require_reader(net: object, owner: str) -> None:
    """Raise TypeError unless `net` is a Network, ValueError where it reads ahead: its
    output at a symbol depends on the symbols after it, which it is to predict.
    """
    if not isinstance(net, Network):
        raise TypeError(f"net is a {type(net).__name__}; {owner} expects a Network")
    if reads_ahead(net.cell):
        raise ValueError(
            f"the network reads ahead (a bidirectional is in it), so it sees the symbol"
            f" that it is to predict; {owner} expects one that reads forward only"
        )
