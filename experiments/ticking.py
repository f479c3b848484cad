"""A Clockwork's clock on other matrices: who reads whom is free, when a module moves is
not. Alone, and many side by side.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from experiments.many import Many, ManyClockwork, ManyLSTM, together
from rnncourse import LSTM, RNN, Clockwork
from rnncourse.cells.clockwork import modules
from rnncourse.functions import glorot

READS = ("slower", "faster", "all")


@cache
def mask(H, g, reads):
    """True where the unit of a column reads that of a row, (H, H). Every module reads
    itself; "slower" is the Clockwork's own staircase.
    """
    module = np.arange(H) // (H // g)
    ahead, behind = module[:, None] >= module, module[:, None] <= module
    return {"slower": ahead, "faster": behind, "all": ahead | behind}[reads]


@dataclass(frozen=True, eq=False)
class Ticking(Clockwork):
    """A Clockwork whose modules read the ones that `reads` names."""

    reads: str

    @classmethod
    def init(cls, D, H, *, periods, reads, rng, dtype=np.float64):
        """Glorot weights, each module's by the number of units that it reads; b = 0."""
        W_h, read = np.zeros((H, H)), mask(H, len(periods), reads)
        for _, module in modules(H, len(periods)):
            n, k = read[:, module.start].sum(), module.stop - module.start
            W_h[read[:, module.start], module] = glorot(int(n), k, rng=rng)
        leaves = glorot(D, H, rng=rng), W_h, np.zeros(H)
        return cls(*(leaf.astype(dtype) for leaf in leaves), periods, reads)

    @property
    def size(self):
        """How many parameters there are."""
        read = int(mask(self.H, len(self.periods), self.reads).sum())
        return self.W_x.size + read + self.b.size

    def recurrent(self, state):
        """Of the units that move; W_h is zero where nothing is read."""
        return state.h @ self.W_h[:, : self.moving(state.t)]

    def recurrent_backward(self, da_h):
        """Its derivative."""
        return da_h @ self.W_h[:, : da_h.shape[1]].T

    def recurrent_gradient(self, run, da_hs):
        """The sum over time, where something is read."""
        dW_h = np.tensordot(run.hs_prev, da_hs, ((0, 1), (0, 1)))
        return dW_h * mask(self.H, len(self.periods), self.reads)


class Silent:
    """Mixed in before one of `many`, for inputs that are `no_input`."""

    def gradients(self, run, da_xs, da_hs):
        """Of the input's part only the biases can learn."""
        own = np.zeros_like(self.W_x)
        own[run.xs[0]] = da_xs.sum(axis=0)
        dW_h = self.over_time(run.hs_prev, da_hs)
        return replace(self, W_x=own, W_h=dW_h, b=np.zeros_like(self.b))


@dataclass(frozen=True, eq=False)
class SilentLSTM(Silent, ManyLSTM):
    """LSTMs without input."""


@dataclass(frozen=True, eq=False)
class SilentTicking(Silent, ManyClockwork):
    """Many `Ticking`, all of one `reads`."""

    reads: str

    def over_time(self, hs_prev, da_hs):
        """The sum over t of h_{t-1}^T da_t, where something is read."""
        dW_h = Many.over_time(self, hs_prev, da_hs)
        return dW_h * mask(self.H, len(self.periods), self.reads)


def no_input(T, S):
    """Zeros for T steps of S networks of one input: a symbol for each network, the row
    of its biases, which is all that `many.side_by_side` would have there.
    """
    return np.tile(2 * np.arange(S), (T, 1))


def silent_together(nets):
    """Networks of one shape, `Ticking` or LSTM, as one record, as `many.together`."""
    cell = nets[0].cell
    if isinstance(cell, LSTM):
        many = together(nets)
        return replace(many, cell=SilentLSTM(**many.cell.leaves()))
    plain = [replace(n, cell=RNN(n.cell.W_x, n.cell.W_h, n.cell.b)) for n in nets]
    many, own = together(plain), {"periods": cell.periods, "reads": cell.reads}
    return replace(many, cell=SilentTicking(**many.cell.leaves(), **own))
