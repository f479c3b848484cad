"""One step of each cell that torch has no module for, written in torch: autograd
differentiates it for `twins`.

Each takes the parameters by name, the parts of the state, and x, and gives the next
parts. Gates are in the order of the cell's columns.
"""

from collections.abc import Callable
from typing import Any

import torch

from rnncourse.cells import (
    NFG,
    NIG,
    NOAF,
    NOG,
    CoupledLSTM,
    PeepholeLSTM,
    ResetBeforeGRU,
)

Step = Callable[..., tuple[torch.Tensor, ...]]


def _pre_activations(w: Any, h: torch.Tensor, x: torch.Tensor, gates: int) -> Any:
    return (x @ w["W_x"] + h @ w["W_h"] + w["b"]).chunk(gates, dim=1)


def _peephole(w, h, c, x):
    a_i, a_f, a_g, a_o = _pre_activations(w, h, x, 4)
    i, f = (a_i + w["p"][0] * c).sigmoid(), (a_f + w["p"][1] * c).sigmoid()
    c = f * c + i * a_g.tanh()
    return (a_o + w["p"][2] * c).sigmoid() * c.tanh(), c


def _coupled(w, h, c, x):
    a_f, a_g, a_o = _pre_activations(w, h, x, 3)
    c = torch.lerp(a_g.tanh(), c, a_f.sigmoid())
    return a_o.sigmoid() * c.tanh(), c


def _no_input_gate(w, h, c, x):
    _, a_f, a_g, a_o = _pre_activations(w, h, x, 4)
    c = a_f.sigmoid() * c + a_g.tanh()
    return a_o.sigmoid() * c.tanh(), c


def _no_forget_gate(w, h, c, x):
    a_i, _, a_g, a_o = _pre_activations(w, h, x, 4)
    c = c + a_i.sigmoid() * a_g.tanh()
    return a_o.sigmoid() * c.tanh(), c


def _no_output_gate(w, h, c, x):
    a_i, a_f, a_g, _ = _pre_activations(w, h, x, 4)
    c = a_f.sigmoid() * c + a_i.sigmoid() * a_g.tanh()
    return c.tanh(), c


def _no_output_activation(w, h, c, x):
    a_i, a_f, a_g, a_o = _pre_activations(w, h, x, 4)
    c = a_f.sigmoid() * c + a_i.sigmoid() * a_g.tanh()
    return a_o.sigmoid() * c, c


def _reset_before(w, h, x):
    (W_xr, W_xz, W_xn), (W_hr, W_hz, W_hn) = w["W_x"].chunk(3, 1), w["W_h"].chunk(3, 1)
    b_r, b_z, b_n = w["b"].chunk(3)
    r = torch.sigmoid(x @ W_xr + h @ W_hr + b_r)
    z = torch.sigmoid(x @ W_xz + h @ W_hz + b_z)
    return (z * h + (1 - z) * torch.tanh(x @ W_xn + (r * h) @ W_hn + b_n),)


STEPS: dict[Any, Step] = {
    PeepholeLSTM: _peephole,
    CoupledLSTM: _coupled,
    NIG: _no_input_gate,
    NFG: _no_forget_gate,
    NOG: _no_output_gate,
    NOAF: _no_output_activation,
    ResetBeforeGRU: _reset_before,
}
