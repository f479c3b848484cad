"""The same weights in torch, both ways: a judge that knows nothing of our algebra.

Rows here are columns there (torch multiplies by transposed weights), and one bias here
is the sum of two there. The gate orders are the same. Needs torch.
"""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils import rnn

from rnncourse.arrays import Array, Float, Int, Record
from rnncourse.cells import GRU, LSTM, RNN, Clockwork
from rnncourse.cells.clockwork import ClockworkState
from rnncourse.checks import shown
from rnncourse.composition import Bidirectional, Stack
from rnncourse.recurrence import Gradients, require_recurrent
from rnncourse.twins.steps import STEPS

KINDS: dict[Any, Any] = {RNN: nn.RNN, LSTM: nn.LSTM, GRU: nn.GRU}


def to_torch(net: Any) -> Any:
    """The torch.nn.RNN, LSTM or GRU with this network's weights, in its dtype.

    A stack becomes `num_layers`, a bidirectional `bidirectional=True`. Our b goes to
    torch's first bias and the second is zero, but for the GRU's b_n, which is the
    candidate's part of the second. Raises TypeError for a network that torch has no
    module for: any other cell, or layers of several classes, sizes or directions.
    """
    require_recurrent("to_torch", net)
    layers = net.layers if isinstance(net, Stack) else (net,)
    directions = [
        (layer.ahead, layer.back) if isinstance(layer, Bidirectional) else (layer,)
        for layer in layers
    ]
    cells = [cell for cells in directions for cell in cells]
    kinds = {(type(cell), cell.H) for cell in cells}
    kind, H = next(iter(kinds))
    if (
        len(kinds) > 1
        or kind not in KINDS
        or len({len(cells) for cells in directions}) > 1
    ):
        names = ", ".join(
            " and ".join(f"{type(cell).__name__}({cell.H})" for cell in cells)
            for cells in directions
        )
        raise TypeError(
            f"torch has no module for {names}; expected RNN, LSTM or GRU, layers of one"
            " class, size and kind"
        )
    both = len(directions[0]) == 2
    module = KINDS[kind](
        net.D,
        H,
        len(layers),
        bidirectional=both,
        dtype=torch.from_numpy(cells[0].b).dtype,
    )
    with torch.no_grad():
        for cell, suffix in zip(cells, _suffixes(module), strict=True):
            second = np.zeros_like(cell.b)
            if kind is GRU:
                second[2 * H :] = cell.b_n
            values = {
                "weight_ih": cell.W_x.T,
                "weight_hh": cell.W_h.T,
                "bias_ih": cell.b,
                "bias_hh": second,
            }
            for name, value in values.items():
                getattr(module, name + suffix).copy_(torch.tensor(value))
    return module


def from_torch(module: nn.Module) -> Any:
    """The cell, stack or bidirectional with a torch module's weights; its two biases are
    added up.

    Raises TypeError for any other module than torch.nn.RNN with tanh, LSTM or GRU, each
    with biases and no proj_size; and for `batch_first` and `dropout`, which the result
    would not have.
    """
    m: Any = module
    kind = {twin: kind for kind, twin in KINDS.items()}.get(type(m))
    tanh = getattr(m, "nonlinearity", "tanh") == "tanh"
    if kind is None or not tanh or m.proj_size or not m.bias:
        raise TypeError(
            f"module is {shown(module)}; from_torch expects torch.nn.RNN with tanh, LSTM or"
            " GRU, with biases, no proj_size"
        )
    if m.batch_first or m.dropout:
        raise TypeError(
            f"module has batch_first={m.batch_first} and dropout={m.dropout}; its twin"
            " reads (T, B, D) and drops nothing: set them to False and 0 first"
        )
    cells = []
    for suffix in _suffixes(m):
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        W_x, W_h, first, second = (
            getattr(m, name + suffix).detach().numpy().T.copy() for name in names
        )
        own = []
        if kind is GRU:
            n = slice(2 * m.hidden_size, None)
            own, second[n] = [second[n].copy()], 0
        cells.append(kind(W_x, W_h, first + second, *own))
    layers = (
        [Bidirectional(*pair) for pair in zip(cells[::2], cells[1::2], strict=True)]
        if m.bidirectional
        else cells
    )
    return layers[0] if len(layers) == 1 else Stack(tuple(layers))


def gradients(
    net: Any,
    xs: Float[Array, "T B D"] | Int[Array, "T B"],
    dhs: Float[Array, "T B H"],
    state: Any = None,
    dstate: Any = None,
    *,
    lengths: Int[Array, " B"] | None = None,
) -> tuple[Float[Array, "T B H"], Gradients]:
    """torch's outputs, and torch's gradients for the upstream gradient dhs, in our
    shapes; the flow is empty.

    Symbols are given to torch as one-hot vectors, sequences of several lengths as a
    packed sequence. For Clockwork and the cells of `steps`, autograd runs through their
    recurrence written in torch.
    """
    symbols = xs.ndim == 2
    x = _leaf(np.eye(net.D, dtype=dhs.dtype)[xs] if symbols else xs)
    state = net.zero_state(xs.shape[1]) if state is None else state
    dstate = state.map(np.zeros_like) if dstate is None else dstate
    run = _run_module
    if isinstance(net, Clockwork) or type(net) in STEPS:
        run = _run_steps
    ends = None if lengths is None else torch.tensor(lengths)
    hs, starts, lasts, read = run(net, x, state, ends)
    loss = (hs * torch.tensor(dhs)).sum()
    for last, upstream in zip(lasts, _by_letter(dstate), strict=True):
        loss = loss + (last * torch.tensor(upstream)).sum()
    loss.backward()
    pairs = zip(*(start.grad for start in starts), strict=True)
    slopes = iter([slope.numpy() for pair in pairs for slope in pair])
    dxs = None if symbols else x.grad.numpy()
    dstart = state.map(lambda leaf: next(slopes))
    return hs.detach().numpy(), Gradients(read(), dxs, dstart, {})


def _run_module(net: Any, x: torch.Tensor, state: Record, lengths: Any) -> tuple:
    module = to_torch(net)
    starts = [_leaf(start) for start in _by_letter(state)]
    start = tuple(starts) if len(starts) == 2 else starts[0]
    if lengths is None:
        hs, last = module(x, start)
    else:
        packed = rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
        hs, last = module(packed, start)
        hs, _ = rnn.pad_packed_sequence(hs, total_length=len(x))

    def read() -> Any:
        weights = gradient_of(module)
        alone = isinstance(net, Stack) and len(net.layers) == 1
        return Stack((weights,)) if alone else weights

    return hs, starts, last if len(starts) == 2 else [last], read


def gradient_of(module: nn.Module) -> Any:
    """What a module's backward pass left, in an object of its twin's class."""
    # the gradients stand in for the weights, and from_torch reads them; b has one
    # gradient, not two
    m: Any = deepcopy(module)
    own = 2 * m.hidden_size if isinstance(m, nn.GRU) else None
    pairs = zip(m.named_parameters(), module.parameters(), strict=True)
    with torch.no_grad():
        for (name, copied), parameter in pairs:
            copied.copy_(torch.as_tensor(parameter.grad))
            if name.startswith("bias_hh"):
                copied[:own] = 0
    return from_torch(m)


def _run_steps(net: Any, x: torch.Tensor, state: Record, lengths: Any) -> tuple:
    w = {name: _leaf(leaf) for name, leaf in net.leaves().items()}
    starts = [_leaf(start) for start in _by_letter(state)]
    parts, hs = [start[0] for start in starts], []
    for t, x_t in enumerate(x):
        if isinstance(net, Clockwork) and isinstance(state, ClockworkState):
            after = _clockwork(net, state.t + t, w, parts[0], x_t)
        else:
            after = STEPS[type(net)](w, *parts, x_t)
        h = after[0]
        if lengths is not None:
            alive = (t < lengths)[:, None]
            h = h * alive
            after = [
                torch.where(alive, *pair) for pair in zip(after, parts, strict=True)
            ]
        parts = list(after)
        hs.append(h)

    def read() -> Any:
        return replace(net, **{name: leaf.grad.numpy() for name, leaf in w.items()})

    return torch.stack(hs), starts, [part[None] for part in parts], read


def _clockwork(
    net: Clockwork, t: int, w: Any, h: torch.Tensor, x: torch.Tensor
) -> list[torch.Tensor]:
    k = net.H // len(net.periods)
    period = torch.tensor(np.repeat(net.periods, k))
    module = torch.arange(net.H) // k
    reads = module[:, None] >= module[None, :]  # row j, column i: unit i reads unit j
    moved = torch.tanh(x @ w["W_x"] + h @ (w["W_h"] * reads) + w["b"])
    return [torch.where(t % period == 0, moved, h)]


def _leaf(array: Array) -> Any:
    return torch.tensor(array, requires_grad=True)


def _suffixes(module: Any) -> list[str]:
    ends = ["", "_reverse"] if module.bidirectional else [""]
    return [f"_l{layer}{end}" for layer in range(module.num_layers) for end in ends]


def _by_letter(state: Record) -> list[Array]:
    """All h of a state, and all c where there are any, each stacked in torch's order:
    (layers and directions, B, H).
    """
    leaves = state.leaves()
    letters = dict.fromkeys(name.split(".")[-1] for name in leaves)
    return [
        np.stack(
            [leaf for name, leaf in leaves.items() if name.split(".")[-1] == letter]
        )
        for letter in letters
    ]
