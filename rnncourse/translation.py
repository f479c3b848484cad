"""An encoder that reads a sequence, and a decoder that writes another one.

    S symbols read   T symbols written   M size of a state of the encoder
    V symbols that can be written: the last one ends an answer, and begins it

With one vector between the two, or with attention. `train` takes `answering` as it takes
`objective`.
"""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from rnncourse.arrays import Array, Batch, Bool, Float, Int, Record, rows, sum_of_rows
from rnncourse.attention import Additive, Score
from rnncourse.cells import GRU
from rnncourse.checks import (
    require_one_dtype,
    require_rng,
    require_shape,
    require_sizes,
    shown,
)
from rnncourse.composition import Bidirectional, BidirectionalState, bidirectional
from rnncourse.decoder import AttentionCell
from rnncourse.functions import cross_entropy, glorot
from rnncourse.recurrence import Cell, Run, backward, forward


@dataclass(frozen=True, eq=False)
class OneVector(Record):
    """All that the decoder hears of the source is one vector, the encoder's last state,
    which is part of its input at every step.

    The cell reads the symbol before and the vector: it has V + M inputs. Its first state
    is zeros. (Cho et al. 2014)
    """

    encoder: Any
    cell: Cell
    W_y: Float[Array, "H V"]
    b_y: Float[Array, " V"]

    def __post_init__(self) -> None:
        name = type(self).__name__
        if not isinstance(self.encoder, Bidirectional | Cell):
            raise TypeError(
                f"encoder is {shown(self.encoder)}; {name} expects a cell or a bidirectional"
            )
        if not isinstance(self.cell, Cell):
            raise TypeError(f"cell is {shown(self.cell)}; {name} expects a cell")
        require_shape("W_y", self.W_y, (self.cell.H, "V"), name)
        require_shape("b_y", self.b_y, (self.V,), name)
        if self.cell.D != self.V + self.encoder.H:
            raise ValueError(
                f"the cell has {self.cell.D} inputs; {name} expects V + M ="
                f" {self.V} + {self.encoder.H}"
            )
        require_one_dtype(self)

    @property
    def V(self) -> int:
        """How many symbols there are to write."""
        return self.W_y.shape[1]

    @classmethod
    def init(
        cls,
        D: int,
        V: int,
        H: int,
        *,
        rng: np.random.Generator,
        both: bool = True,
        dtype: type = np.float64,
    ) -> Self:
        """GRUs of H units: an encoder of D symbols, in both directions or in one, and a
        decoder.
        """
        require_rng(rng, cls.__name__)
        require_sizes(cls.__name__, D=D, V=V, H=H)
        encoder: Any = GRU.init(D, H, rng=rng, dtype=dtype)
        if both:
            encoder = bidirectional(encoder, GRU.init(D, H, rng=rng, dtype=dtype))
        cell = GRU.init(V + encoder.H, H, rng=rng, dtype=dtype)
        W_y = glorot(H, V, rng=rng).astype(dtype)
        own = cls._own(cell.H, encoder.H, rng, dtype)
        return cls(encoder, cell, W_y, np.zeros(V, dtype), *own)

    @classmethod
    def _own(cls, H: int, M: int, rng: np.random.Generator, dtype: type) -> list:
        return []

    def outputs(self, hs: Float[Array, "*shape H"]) -> Float[Array, "*shape V"]:
        """y = h W_y + b_y."""
        return hs @ self.W_y + self.b_y

    def decode(
        self, encoded: Run, symbols: Int[Array, "T B"], state: Any = None
    ) -> Run:
        """The decoder's run over the symbols that were written before each step."""
        T, (B, M) = len(symbols), encoded.state.h.shape
        before = np.eye(self.V, dtype=self.W_y.dtype)[symbols]
        vector = np.broadcast_to(encoded.state.h, (T, B, M))
        return forward(self.cell, np.concatenate([before, vector], axis=2), state)

    def decode_backward(
        self, dhs: Float[Array, "T B H"], decoded: Run, encoded: Run
    ) -> tuple[dict[str, Any], Any]:
        """The gradients of the decoder's own parameters, by name, and the encoder's
        `Gradients`.
        """
        back = backward(self.cell, dhs, decoded)
        dvector = back.xs[..., self.V :].sum(axis=0)  # type: ignore[index]
        dstate = _as_state(dvector, encoded.state)
        nothing = np.zeros_like(encoded.hs)
        return {"cell": back.cell}, backward(self.encoder, nothing, encoded, dstate)


@dataclass(frozen=True, eq=False)
class WithAttention(OneVector):
    """At every step the decoder looks into all states of the encoder, with its own state
    as the query. (Bahdanau, Cho and Bengio 2015)
    """

    score: Score

    @classmethod
    def _own(cls, H: int, M: int, rng: np.random.Generator, dtype: type) -> list:
        return [Additive.init(H, M, H, rng=rng, dtype=dtype)]

    def decode(
        self, encoded: Run, symbols: Int[Array, "T B"], state: Any = None
    ) -> Run:
        """The same; the run's cell is an `AttentionCell`, which has its `weights`."""
        lengths = None if encoded.lengths is None else tuple(encoded.lengths.tolist())
        cell = AttentionCell(self.cell, self.score, encoded.hs, lengths)
        return forward(cell, symbols, state)

    def decode_backward(
        self, dhs: Float[Array, "T B H"], decoded: Run, encoded: Run
    ) -> tuple[dict[str, Any], Any]:
        """The same."""
        back = backward(decoded.cell, dhs, decoded).cell
        own = {"cell": back.cell, "score": back.score}
        return own, backward(self.encoder, back.memory, encoded)


def _as_state(dvector: Float[Array, "B M"], state: Any) -> Any:
    """A gradient by `state.h` as one by the state."""
    if not isinstance(state, BidirectionalState):
        return replace(state.map(np.zeros_like), h=dvector)
    ahead, back = np.split(dvector, [state.ahead.h.shape[1]], axis=1)
    return BidirectionalState(
        _as_state(ahead, state.ahead), _as_state(back, state.back)
    )


def before(targets: Int[Array, "T B"], V: int) -> Int[Array, "T B"]:
    """What was written before each step: the answer, one step later."""
    return np.concatenate([np.full_like(targets[:1], V - 1), targets[:-1]])


def counted(targets: Int[Array, "T B"], V: int) -> Bool[Array, "T B"]:
    """True up to the first end of each answer, that one included."""
    ended = np.cumsum(targets == V - 1, axis=0)
    return ended - (targets == V - 1) == 0


def answering(
    net: OneVector, batch: Batch, state: Any = None
) -> tuple[float, OneVector, None]:
    """The loss of the right answers, in nats per symbol, and its gradient; the right
    symbols before each step are given ("teacher forcing").
    """
    encoded = forward(net.encoder, batch.xs, lengths=batch.lengths)
    decoded = net.decode(encoded, before(batch.targets, net.V))
    mask = counted(batch.targets, net.V)
    loss, dys = cross_entropy(net.outputs(decoded.hs), batch.targets, mask)
    own, back = net.decode_backward(dys @ net.W_y.T, decoded, encoded)
    dW_y = rows(decoded.hs).T @ rows(dys)
    return (
        loss,
        replace(net, encoder=back.cell, W_y=dW_y, b_y=sum_of_rows(dys), **own),
        None,
    )


def exact(net: OneVector, batch: Batch) -> Bool[Array, " B"]:
    """Whether the whole answer is right, symbol for symbol, when at each step the most
    probable one is written.

    As long as all were right, what was written before is what should have been: so one
    pass over the right answers tells it.
    """
    encoded = forward(net.encoder, batch.xs, lengths=batch.lengths)
    decoded = net.decode(encoded, before(batch.targets, net.V))
    right = net.outputs(decoded.hs).argmax(axis=2) == batch.targets
    return (right | ~counted(batch.targets, net.V)).all(axis=0)


def answer(
    net: OneVector,
    xs: Int[Array, "S B"],
    lengths: Int[Array, " B"] | None = None,
    *,
    longest: int,
) -> tuple[Int[Array, "T B"], list[Run]]:
    """What the network writes, the most probable symbol at each step, at most `longest`
    of them; and the run of each step. Ends fill up what has ended.
    """
    require_sizes("answer", longest=longest)
    encoded = forward(net.encoder, xs, lengths=lengths)
    last, state = np.full(xs.shape[1], net.V - 1), None
    written: list[Array] = []
    runs: list[Run] = []
    while len(runs) < longest and not (runs and (last == net.V - 1).all()):
        ended = (last == net.V - 1) & bool(runs)
        runs.append(net.decode(encoded, last[None], state))
        state = runs[-1].state
        best = net.outputs(runs[-1].hs[0]).argmax(axis=1)
        last = np.where(ended, net.V - 1, best)
        written.append(last)
    return np.stack(written), runs
