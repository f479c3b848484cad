"""A cell that reads a memory at every step: the decoder of a network with attention."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np

from rnncourse.arrays import Array, Bool, Float, input_gradient, rows, there, times
from rnncourse.attention import (
    Attended,
    Score,
    attend_backward,
    last_used,
    mean,
    mean_backward,
    normalised,
)
from rnncourse.checks import require_lengths, require_one_dtype, require_shape, shown
from rnncourse.functions import softmax_derivative
from rnncourse.recurrence import Cell, Gradients, Recurrent, Run


class Tape(NamedTuple):
    """What the derivative of a step reads."""

    q: Float[Array, "B K"]  # h_{t-1} W_q
    weights: Float[Array, "B S"]
    context: Float[Array, "B M"]
    inner: Any  # the tape of the cell


@dataclass(frozen=True, eq=False)
class AttentionCell(Recurrent):
    """A cell that reads a memory at every step: its input is x_t and, beside it, the
    context that the query h_{t-1} finds.

    The memory (S, B, M), of which sequence b has the first lengths[b] places, is a field
    as the weights are, so its gradient comes back in the same field: for the decoder of
    one batch, `AttentionCell(cell, score, encoded.hs, lengths)`, it is what `backward` of
    the encoder expects. The cell has D + M inputs. (Bahdanau, Cho and Bengio 2015)
    """

    cell: Cell
    score: Score
    memory: Float[Array, "S B M"]
    lengths: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        for name, kind in (("cell", Cell), ("score", Score)):
            if not isinstance(value := getattr(self, name), kind):
                raise TypeError(
                    f"{name} is {shown(value)}; AttentionCell expects a {kind.__name__}"
                )
        require_shape("memory", self.memory, ("S", "B", self.score.M), "AttentionCell")
        if self.score.Q != self.cell.H:
            raise ValueError(
                f"score expects queries of size {self.score.Q}; those of the cell have"
                f" {self.cell.H}"
            )
        if self.D < 1:
            raise ValueError(
                f"the cell has {self.cell.D} inputs; AttentionCell expects more than the"
                f" {self.score.M} of the context"
            )
        require_one_dtype(self)
        if self.lengths is not None:
            S, B, _ = self.memory.shape
            checked = require_lengths(self.lengths, S, B, "AttentionCell")
            object.__setattr__(self, "lengths", tuple(checked.tolist()))

    @property
    def D(self) -> int:
        """Input size, without the context."""
        return self.cell.D - self.score.M

    @property
    def H(self) -> int:
        """Hidden size."""
        return self.cell.H

    # Its linear map is the cell's, of which the rows below D read the context

    @property
    def W_x(self) -> Float[Array, "D G"]:
        """The rows that read x."""
        return self.cell.W_x[: self.D]

    @property
    def W_c(self) -> Float[Array, "M G"]:
        """The rows that read the context."""
        return self.cell.W_x[self.D :]

    @property
    def W_h(self) -> Float[Array, "H G"]:
        """The cell's own."""
        return self.cell.W_h

    @property
    def b(self) -> Float[Array, " G"]:
        """The cell's own."""
        return self.cell.b

    @cached_property
    def mask(self) -> Bool[Array, "S B"]:
        """True where there is something to read."""
        S, B, _ = self.memory.shape
        if self.lengths is None:
            return np.ones((S, B), bool)
        return there(np.array(self.lengths), S)

    @cached_property
    def read(self) -> Float[Array, "S B M"]:
        """The memory up to the last place that any sequence has, zeros beyond each."""
        used = slice(last_used(self.mask))
        return np.where(self.mask[used, :, None], self.memory[used], 0)

    @cached_property
    def keys(self) -> Float[Array, "S B K"]:
        """What queries are compared with: one product, since no step changes it."""
        return times(self.read, self.score.W_k)

    def zero_state(self, B: int) -> Any:
        """The cell's, for as many sequences as the memory has."""
        state = self.cell.zero_state(B)
        if self.memory.shape[1] != B:
            raise ValueError(
                f"there are {B} sequences; a memory of shape {self.memory.shape} expects"
                f" {self.memory.shape[1]}"
            )
        return state

    # The loop over time is that of every cell

    def _anew(self) -> Any:
        """A copy for one pass: what it computes once, `read` and `keys`, is then never
        older than the parameters.
        """
        return replace(self)

    def step(self, state: Any, x: Float[Array, "B D"]) -> tuple[Any, Any]:
        """As `Cell.step`; the keys are computed anew."""
        return Cell.step(self._anew(), state, x)

    def forward(
        self, xs: Array, state: Any = None, lengths: Array | None = None
    ) -> Run:
        """As `Cell.forward`; `lengths` are those of the inputs, not of the memory."""
        return Cell.forward(self._anew(), xs, state, lengths)._replace(cell=self)

    def backward(self, dhs: Array, run: Run, dstate: Any = None) -> Gradients:
        """As `Cell.backward`."""
        return Cell.backward(self._anew(), dhs, run, dstate)

    def recurrent(self, state: Any) -> Float[Array, "B N"]:
        """a_h = h W_h."""
        return self.cell.recurrent(state)

    def recurrent_backward(self, da_h: Float[Array, "B N"]) -> Float[Array, "B H"]:
        """dL/dh = da_h W_h^T."""
        return self.cell.recurrent_backward(da_h)

    def gates(
        self, state: Any, a_x: Float[Array, "B G"], a_h: Float[Array, "B N"]
    ) -> tuple[Any, Tape]:
        """Look into the memory, then the gates of the cell."""
        q = state.h @ self.score.W_q
        scores = self.score.compare(q[None], self.keys)
        weights = normalised(scores, self.mask[: len(self.read)])
        (context,) = mean(weights, self.read)
        state, inner = self.cell.gates(state, a_x + context @ self.W_c, a_h)
        return state, Tape(q, weights[0], context, inner)

    def gates_backward(
        self, dstate: Any, tape: Tape
    ) -> tuple[Any, Float[Array, "B N"], Float[Array, "B N"]]:
        """The gates of the cell, then what the query did."""
        dstate, da_x, da_h = self.cell.gates_backward(dstate, tape.inner)
        dcontext = da_x @ self.W_c[:, : da_x.shape[1]].T
        dweights, _ = mean_backward(dcontext[None], tape.weights[None], self.read)
        dscores = softmax_derivative(dweights, tape.weights[None])
        _, dq, _ = self.score.compare_backward(dscores, tape.q[None], self.keys)
        return replace(dstate, h=dstate.h + dq[0] @ self.score.W_q.T), da_x, da_h

    def gradients(
        self, run: Run, da_xs: Float[Array, "T B G"], da_hs: Float[Array, "T B G"]
    ) -> Self:
        """The gradient of every parameter, and of the memory: each is used at every
        step, so each gradient is a sum over time.
        """
        inner = run._replace(cell=self.cell, tapes=[tape.inner for tape in run.tapes])
        cell = self.cell.gradients(inner, da_xs, da_hs)
        contexts = np.stack([tape.context for tape in run.tapes])
        W_x = input_gradient(run.xs, da_xs, self.D), rows(contexts).T @ rows(da_xs)
        q, weights = np.stack([tape.q for tape in run.tapes]), self.weights(run)
        read = self.read, self.read  # keys and values
        looks = Attended(
            contexts, weights, self.score, run.hs_prev, *read, q, self.keys
        )
        back = attend_backward(times(da_xs, self.W_c.T), looks)
        memory = np.zeros_like(self.memory)
        memory[: len(self.read)] = back.keys + back.values
        return replace(
            self,
            cell=replace(cell, W_x=np.concatenate(W_x)),
            score=back.score,
            memory=memory,
        )

    def weights(self, run: Run) -> Float[Array, "T B S"]:
        """Where each step of a run looked, up to the last place that is read."""
        return np.stack([tape.weights for tape in run.tapes])
