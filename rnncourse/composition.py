"""Cells on top of each other, and in both directions: `forward` and `backward` take these
as they take a cell.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncourse.arrays import Array, Float, Int, Record, frozen
from rnncourse.checks import require_kind, require_one_dtype
from rnncourse.recurrence import (
    Gradients,
    Recurrent,
    Run,
    backward,
    forward,
    require_recurrent,
)


@dataclass(frozen=True, eq=False)
class Stack(Recurrent):
    """Layers, the lowest first: each reads the outputs of the one below it."""

    layers: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("stack got no layers; it expects one or more")
        require_recurrent("stack", *self.layers)
        require_distinct("stack", *self.layers)
        for below, above in zip(self.layers, self.layers[1:], strict=False):
            if above.D != below.H:
                raise ValueError(
                    f"a layer expects inputs of size {above.D}; the layer below it has"
                    f" {below.H} outputs"
                )
        require_one_dtype(self)

    @property
    def D(self) -> int:
        """Input size of the lowest layer."""
        return self.layers[0].D

    @property
    def H(self) -> int:
        """Output size of the highest layer."""
        return self.layers[-1].H

    def zero_state(self, B: int) -> "StackState":
        """The state before the first step: zeros, for B sequences."""
        return StackState(tuple(layer.zero_state(B) for layer in self.layers))

    def forward(
        self, xs: Array, state: Any = None, lengths: Array | None = None
    ) -> Run:
        """One layer after the other, each over all steps."""
        runs = []
        for layer, start in zip(self.layers, self._parts("state", state), strict=True):
            runs.append(
                forward(layer, runs[-1].hs if runs else xs, start, lengths=lengths)
            )
        first, last = runs[0], runs[-1]
        after = StackState(tuple(run.state for run in runs))
        return Run(self, first.xs, last.hs, last.hs_prev, after, runs, first.lengths)

    def backward(self, dhs: Array, run: Run, dstate: Any = None) -> Gradients:
        """From the highest layer down: dL/dx of one is dL/dh of the one below it."""
        gradients, above = [], dhs
        parts = zip(self.layers, run.tapes, self._parts("dstate", dstate), strict=True)
        for layer, tape, dlast in reversed(list(parts)):
            gradients.insert(0, backward(layer, above, tape, dlast))
            above = gradients[0].xs
        return Gradients(
            Stack(tuple(g.cell for g in gradients)),
            above,
            StackState(tuple(g.state for g in gradients)),
            {
                f"layers.{i}.{name}": norms
                for i, g in enumerate(gradients)
                for name, norms in g.flow.items()
            },
        )

    def _parts(self, name: str, state: Any) -> tuple:
        if state is None:
            return (None,) * len(self.layers)
        require_kind(name, state, StackState, "a stack")
        if len(state.layers) != len(self.layers):
            raise ValueError(
                f"{name} has {len(state.layers)} layers; a stack of {len(self.layers)}"
                " expects as many"
            )
        return state.layers


@dataclass(frozen=True, eq=False)
class StackState(Record):
    """The state of each layer; `h` is the output of the highest."""

    layers: tuple[Any, ...]

    @property
    def h(self) -> Float[Array, "B H"]:
        """The output of the highest layer."""
        return self.layers[-1].h


@dataclass(frozen=True, eq=False)
class Bidirectional(Recurrent):
    """Two layers over the same inputs, one of which reads them from the end; the output
    is both side by side.
    """

    ahead: Any
    back: Any

    def __post_init__(self) -> None:
        require_recurrent("bidirectional", self.ahead, self.back)
        require_distinct("bidirectional", self.ahead, self.back)
        if self.ahead.D != self.back.D:
            raise ValueError(
                f"the directions expect inputs of sizes {self.ahead.D} and {self.back.D};"
                " both read the same inputs"
            )
        require_one_dtype(self)

    @property
    def D(self) -> int:
        """Input size."""
        return self.ahead.D

    @property
    def H(self) -> int:
        """Output size: that of both directions together."""
        return self.ahead.H + self.back.H

    def zero_state(self, B: int) -> "BidirectionalState":
        """The state of each direction before its first step: zeros, for B sequences."""
        return BidirectionalState(self.ahead.zero_state(B), self.back.zero_state(B))

    def forward(
        self, xs: Array, state: Any = None, lengths: Array | None = None
    ) -> Run:
        """Both directions, each over all steps; each sequence is turned round within its
        own length.
        """
        start, start_back = self._parts("state", state)
        ahead = forward(self.ahead, xs, start, lengths=lengths)
        back = forward(
            self.back, turned(ahead.xs, ahead.lengths), start_back, lengths=lengths
        )
        hs, hs_prev = (
            frozen(np.concatenate([one, turned(other, ahead.lengths)], axis=2))
            for one, other in [(ahead.hs, back.hs), (ahead.hs_prev, back.hs_prev)]
        )
        after = BidirectionalState(ahead.state, back.state)
        return Run(self, ahead.xs, hs, hs_prev, after, [ahead, back], ahead.lengths)

    def backward(self, dhs: Array, run: Run, dstate: Any = None) -> Gradients:
        """Each direction gets its own columns of dhs, in its own order of time."""
        d_ahead, d_back = np.split(dhs, [self.ahead.H], axis=2)
        dlast, dlast_back = self._parts("dstate", dstate)
        ahead = backward(self.ahead, d_ahead, run.tapes[0], dlast)
        back = backward(
            self.back, turned(d_back, run.lengths), run.tapes[1], dlast_back
        )
        dxs = ahead.xs
        if dxs is not None and back.xs is not None:
            dxs = dxs + turned(back.xs, run.lengths)
        return Gradients(
            Bidirectional(ahead.cell, back.cell),
            dxs,
            BidirectionalState(ahead.state, back.state),
            {f"ahead.{name}": norms for name, norms in ahead.flow.items()}
            | {f"back.{name}": norms[::-1] for name, norms in back.flow.items()},
        )

    def _parts(self, name: str, state: Any) -> tuple:
        if state is None:
            return None, None
        require_kind(name, state, BidirectionalState, "a bidirectional")
        return state.ahead, state.back


@dataclass(frozen=True, eq=False)
class BidirectionalState(Record):
    """Each direction's state after *its* last step: t = T for the one, t = 1 for the
    other.
    """

    ahead: Any
    back: Any

    @property
    def h(self) -> Float[Array, "B H"]:
        """Both directions after all inputs: the read-out of a whole sequence, which
        `hs[-1]` is not.
        """
        return np.concatenate([self.ahead.h, self.back.h], axis=1)


def stack(*layers: Recurrent) -> Stack:
    """A network of layers, the lowest first.

    Raises ValueError where a layer does not fit the one below it or stands there twice.
    """
    return Stack(layers)


def bidirectional(ahead: Recurrent, back: Recurrent) -> Bidirectional:
    """A network that reads in both directions (Schuster and Paliwal 1997).

    Raises ValueError for two input sizes, and for one cell in both directions.
    """
    return Bidirectional(ahead, back)


def turned(array: Array, lengths: Int[Array, " B"] | None) -> Array:
    """A sequence (T, B, ...) from its end to its start, each of the B within its own
    length; what lies beyond it stays where it is. Twice turned is not turned.
    """
    if lengths is None:
        return array[::-1]
    t = np.arange(len(array))[:, None]
    return array[np.where(t < lengths, lengths - 1 - t, t), np.arange(len(lengths))]


def reads_ahead(net: Recurrent) -> bool:
    """Whether an output depends on later inputs: a bidirectional is somewhere in it."""
    if isinstance(net, Stack):
        return any(map(reads_ahead, net.layers))
    return isinstance(net, Bidirectional)


def require_distinct(owner: str, *networks: object) -> None:
    """Raise ValueError where a network stands in two places: its weights would be
    counted twice, and be two after one update.
    """
    if len(set(map(id, networks))) < len(networks):
        raise ValueError(
            f"{owner} got the same network twice; it expects another one in each place"
            " (for equal first weights, a copy: cell.map(np.copy))"
        )
