"""Cells on top of each other, and in both directions: `forward` and `backward` take these as they take a cell."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncourse.arrays import Array, Float, Record
from rnncourse.recurrence import Cell, Gradients, Run, backward, forward


@dataclass(frozen=True, eq=False)
class Stack(Record):
    """Layers, the lowest first: each reads the outputs of the one below it."""

    layers: tuple[Any, ...]

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


@dataclass(frozen=True, eq=False)
class StackState(Record):
    """The state of each layer; `h` is the output of the highest."""

    layers: tuple[Any, ...]

    @property
    def h(self) -> Float[Array, "B H"]:
        """The output of the highest layer."""
        return self.layers[-1].h


@dataclass(frozen=True, eq=False)
class Bidirectional(Record):
    """Two layers over the same inputs, one of which reads them from the end; the output is both side by side."""

    ahead: Any
    back: Any

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


@dataclass(frozen=True, eq=False)
class BidirectionalState(Record):
    """Each direction's state after *its* last step: t = T for the one, t = 1 for the other."""

    ahead: Any
    back: Any

    @property
    def h(self) -> Float[Array, "B H"]:
        """Both directions after all inputs: the read-out of a whole sequence, which `hs[-1]` is not."""
        return np.concatenate([self.ahead.h, self.back.h], axis=1)


def stack(*layers: Cell | Stack | Bidirectional) -> Stack:
    """A network of layers, the lowest first. Raises ValueError where a layer does not fit the one below it."""
    if not layers:
        raise ValueError("stack got no layers; it expects one or more")
    for below, above in zip(layers, layers[1:], strict=False):
        if above.D != below.H:
            raise ValueError(f"a layer expects inputs of size {above.D}; the layer below it has {below.H} outputs")
    return Stack(layers)


def bidirectional(ahead: Cell | Stack, back: Cell | Stack) -> Bidirectional:
    """A network that reads in both directions (Schuster and Paliwal 1997). Raises ValueError for two input sizes."""
    if ahead.D != back.D:
        raise ValueError(f"the directions expect inputs of sizes {ahead.D} and {back.D}; both read the same inputs")
    return Bidirectional(ahead, back)


@forward.register(Stack)
def _forward_stack(net, xs, state=None):
    states = [None] * len(net.layers) if state is None else state.layers
    runs = []
    for layer, start in zip(net.layers, states, strict=True):
        runs.append(forward(layer, runs[-1].hs if runs else xs, start))
    return Run(runs[0].xs, runs[-1].hs, runs[-1].hs_prev, StackState(tuple(run.state for run in runs)), runs)


@backward.register(Stack)
def _backward_stack(net, dhs, run, dstate=None):
    dstates = [None] * len(net.layers) if dstate is None else dstate.layers
    above = []
    for layer, tape, dlast in reversed(list(zip(net.layers, run.tapes, dstates, strict=True))):
        above.append(backward(layer, above[-1].xs if above else dhs, tape, dlast))
    gradients = above[::-1]
    return Gradients(
        Stack(tuple(g.cell for g in gradients)),
        gradients[0].xs,
        StackState(tuple(g.state for g in gradients)),
        {f"layers.{i}.{name}": norms for i, g in enumerate(gradients) for name, norms in g.flow.items()},
    )


@forward.register(Bidirectional)
def _forward_bidirectional(net, xs, state=None):
    ahead = forward(net.ahead, xs, state.ahead if state else None)
    back = forward(net.back, xs[::-1], state.back if state else None)
    hs, hs_prev = (
        np.concatenate([one, other[::-1]], axis=2) for one, other in [(ahead.hs, back.hs), (ahead.hs_prev, back.hs_prev)]
    )
    return Run(ahead.xs, hs, hs_prev, BidirectionalState(ahead.state, back.state), [ahead, back])


@backward.register(Bidirectional)
def _backward_bidirectional(net, dhs, run, dstate=None):
    dahead, dback = np.split(dhs, [net.ahead.H], axis=2)
    ahead = backward(net.ahead, dahead, run.tapes[0], dstate.ahead if dstate else None)
    back = backward(net.back, dback[::-1], run.tapes[1], dstate.back if dstate else None)
    return Gradients(
        Bidirectional(ahead.cell, back.cell),
        None if ahead.xs is None else ahead.xs + back.xs[::-1],
        BidirectionalState(ahead.state, back.state),
        {f"ahead.{name}": norms for name, norms in ahead.flow.items()}
        | {f"back.{name}": norms[::-1] for name, norms in back.flow.items()},
    )
