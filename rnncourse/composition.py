"""Cells on top of each other, and in both directions: `forward` and `backward` take
these as they take a cell.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncourse.arrays import Array, Float, Record, require_one_dtype, require_shape
from rnncourse.recurrence import Cell, Gradients, Run, backward, forward, require_kind


@dataclass(frozen=True, eq=False)
class Stack(Record):
    """Layers, the lowest first: each reads the outputs of the one below it."""

    layers: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("stack got no layers; it expects one or more")
        require_networks("stack", *self.layers)
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
    """Two layers over the same inputs, one of which reads them from the end; the output
    is both side by side.
    """

    ahead: Any
    back: Any

    def __post_init__(self) -> None:
        require_networks("bidirectional", self.ahead, self.back)
        if self.ahead.D != self.back.D:
            sizes = f"{self.ahead.D} and {self.back.D}"
            raise ValueError(
                f"the directions expect inputs of sizes {sizes}; both read the same"
                " inputs"
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


def stack(*layers: Cell | Stack | Bidirectional) -> Stack:
    """A network of layers, the lowest first. Raises ValueError where a layer does not
    fit the one below it.
    """
    return Stack(layers)


def bidirectional(ahead: Cell | Stack, back: Cell | Stack) -> Bidirectional:
    """A network that reads in both directions (Schuster and Paliwal 1997). Raises
    ValueError for two input sizes.
    """
    return Bidirectional(ahead, back)


def require_networks(owner: str, *networks: object) -> None:
    """Raise TypeError unless each is something that `forward` runs."""
    for network in networks:
        if not isinstance(network, Cell | Stack | Bidirectional):
            raise TypeError(
                f"{owner} got a {type(network).__name__}; it expects cells, stacks or"
                " bidirectionals"
            )


def _layers(name: str, state: Any, net: Stack) -> tuple:
    if state is None:
        return (None,) * len(net.layers)
    require_kind(name, state, StackState, "a stack")
    if len(state.layers) != len(net.layers):
        raise ValueError(
            f"{name} has {len(state.layers)} layers; a stack of {len(net.layers)}"
            " expects as many"
        )
    return state.layers


def _directions(name: str, state: Any) -> tuple:
    if state is None:
        return None, None
    require_kind(name, state, BidirectionalState, "a bidirectional")
    return state.ahead, state.back


@forward.register(Stack)
def _forward_stack(net, xs, state=None):
    states = _layers("state", state, net)
    runs = []
    for layer, start in zip(net.layers, states, strict=True):
        runs.append(forward(layer, runs[-1].hs if runs else xs, start))
    return Run(
        runs[0].xs,
        runs[-1].hs,
        runs[-1].hs_prev,
        StackState(tuple(run.state for run in runs)),
        runs,
    )


@backward.register(Stack)
def _backward_stack(net, dhs, run, dstate=None):
    dstates = _layers("dstate", dstate, net)
    above = []
    for layer, tape, dlast in reversed(
        list(zip(net.layers, run.tapes, dstates, strict=True))
    ):
        above.append(backward(layer, above[-1].xs if above else dhs, tape, dlast))
    gradients = above[::-1]
    return Gradients(
        Stack(tuple(g.cell for g in gradients)),
        gradients[0].xs,
        StackState(tuple(g.state for g in gradients)),
        {
            f"layers.{i}.{name}": norms
            for i, g in enumerate(gradients)
            for name, norms in g.flow.items()
        },
    )


@forward.register(Bidirectional)
def _forward_bidirectional(net, xs, state=None):
    start_ahead, start_back = _directions("state", state)
    ahead = forward(net.ahead, xs, start_ahead)
    back = forward(net.back, xs[::-1], start_back)
    hs, hs_prev = (
        np.concatenate([one, other[::-1]], axis=2)
        for one, other in [(ahead.hs, back.hs), (ahead.hs_prev, back.hs_prev)]
    )
    return Run(
        ahead.xs,
        hs,
        hs_prev,
        BidirectionalState(ahead.state, back.state),
        [ahead, back],
    )


@backward.register(Bidirectional)
def _backward_bidirectional(net, dhs, run, dstate=None):
    require_shape("dhs", dhs, run.hs.shape, "backward")
    dahead, dback = np.split(dhs, [net.ahead.H], axis=2)
    dstate_ahead, dstate_back = _directions("dstate", dstate)
    ahead = backward(net.ahead, dahead, run.tapes[0], dstate_ahead)
    back = backward(net.back, dback[::-1], run.tapes[1], dstate_back)
    return Gradients(
        Bidirectional(ahead.cell, back.cell),
        None if ahead.xs is None or back.xs is None else ahead.xs + back.xs[::-1],
        BidirectionalState(ahead.state, back.state),
        {f"ahead.{name}": norms for name, norms in ahead.flow.items()}
        | {f"back.{name}": norms[::-1] for name, norms in back.flow.items()},
    )
