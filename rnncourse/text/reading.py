"""How well a network reads a text: nats per symbol, from zero states or from one that is
carried.
"""

from rnncourse.arrays import Array, Int
from rnncourse.checks import require_sizes
from rnncourse.functions import cross_entropy
from rnncourse.network import Network
from rnncourse.recurrence import forward
from rnncourse.text.sampling import require_reader
from rnncourse.text.vocabulary import require_symbols
from rnncourse.text.windows import stretches


def loss_on(
    net: Network,
    ids: Int[Array, " N"],
    *,
    T: int = 1000,
    B: int = 100,
    step: int | None = None,
) -> float:
    """The cross-entropy of a network on B `stretches` of T symbols, each from a zero
    state, in nats per symbol.

    The zero state costs something at the start of each stretch, so that this is above
    `loss_along`, for small T far above. Raises what `stretches` raises, and ValueError
    for a network that reads ahead.
    """
    require_reader(net, "loss_on")
    xs, targets = stretches(ids, T=T, B=B, step=step)
    return cross_entropy(net.outputs(forward(net.cell, xs).hs), targets)[0]


def loss_along(net: Network, ids: Int[Array, " N"], *, T: int = 10_000) -> float:
    """The cross-entropy of a network on a text that it reads from its start to its end
    with one state, in nats per symbol.

    The mean over the N - 1 symbols after the first. T is the length of the pieces in
    which it is read; it changes memory and time, not the result. Raises ValueError for
    a text of fewer than two symbols and for a network that reads ahead.
    """
    require_reader(net, "loss_along")
    require_sizes("loss_along", T=T)
    T, ids, state, total = int(T), require_symbols(ids), None, 0.0
    if len(ids) < 2:
        raise ValueError(
            f"the text has {len(ids)} symbols; loss_along expects 2 or more"
        )
    for start in range(0, len(ids) - 1, T):
        targets = ids[start + 1 : start + 1 + T, None]
        run = forward(net.cell, ids[start : start + len(targets), None], state)
        total += len(targets) * cross_entropy(net.outputs(run.hs), targets)[0]
        state = run.state
    return total / (len(ids) - 1)
