"""twins: weights to torch and back; that outputs and gradients agree is in
test_every_cell.
"""

import re

import numpy as np
import pytest
import torch
from judges import CELLS, NETWORKS, D, H, problem
from torch import nn

from rnncourse import GRU, LSTM, RNN, Clockwork, bidirectional, forward, stack
from rnncourse.cells import ResetBeforeGRU
from rnncourse.gradcheck import report
from rnncourse.twins import from_torch, to_torch

TORCH = [name for name in NETWORKS if name.split()[-1] in ("RNN", "LSTM", "GRU")]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("name", TORCH)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_there_and_back_is_the_same_network(name, dtype):
    net = problem(name).net.map(dtype)
    back = from_torch(to_torch(net))
    assert type(back) is type(net)
    assert set(report(back, net).values()) == {0}
    assert all(leaf.dtype == dtype for leaf in back.leaves().values())


@pytest.mark.parametrize(
    "kind", [nn.RNN, nn.LSTM, nn.GRU], ids=lambda kind: kind.__name__
)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["ahead", "both"])
def test_a_torch_module_with_two_biases_has_the_outputs_of_our_twin(
    kind, layers, bidirectional
):
    torch.manual_seed(0)
    module = kind(D, H, layers, bidirectional=bidirectional, dtype=torch.float64)
    xs = RNG.standard_normal((5, 3, D))
    with torch.no_grad():
        theirs = module(torch.from_numpy(xs))[0].numpy()
    assert np.allclose(forward(from_torch(module), xs).hs, theirs, rtol=0, atol=1e-14)


def test_weights_are_copies():
    module = nn.LSTM(D, H, dtype=torch.float64)
    cell = from_torch(module)
    W_x = cell.W_x.copy()
    again = to_torch(cell)
    with torch.no_grad():
        for parameter in [*module.parameters(), *again.parameters()]:
            parameter.zero_()
    assert np.array_equal(cell.W_x, W_x)


def test_gradients_leave_the_network_alone():
    p = problem("LSTM")
    before = p.net.map(np.copy)
    p.torchs()
    assert set(report(p.net, before).values()) == {0}


@pytest.mark.parametrize(
    "name", ["GRU", "two LSTM", "both RNN", "ResetBeforeGRU", "Clockwork 1 2 4"]
)
def test_symbols_go_to_torch_as_one_hot_vectors(name):
    p = problem(name, symbols=True)
    hs, theirs = p.torchs()
    assert np.allclose(p.run().hs, hs, rtol=0, atol=1e-13)
    assert theirs.xs is None
    assert max(report(p.gradients().cell, theirs.cell).values()) < 1e-12


def test_no_state_is_zeros_in_torch_too():
    for name in CELLS:
        p = problem(name)._replace(state=None)
        assert np.allclose(p.run().hs, p.torchs()[0], rtol=0, atol=1e-13), name


def both():
    """Both directions, whose output is of size 6."""
    return bidirectional(RNN.init(4, 3, rng=RNG), RNN.init(4, 3, rng=RNG))


@pytest.mark.parametrize(
    ("net", "names"),
    [
        (lambda: Clockwork.init(4, 6, periods=(1, 2), rng=RNG), "Clockwork(6)"),
        (lambda: ResetBeforeGRU.init(4, 6, rng=RNG), "ResetBeforeGRU(6)"),
        (
            lambda: stack(RNN.init(4, 6, rng=RNG), GRU.init(6, 6, rng=RNG)),
            "RNN(6), GRU(6)",
        ),
        (
            lambda: stack(LSTM.init(4, 6, rng=RNG), LSTM.init(6, 5, rng=RNG)),
            "LSTM(6), LSTM(5)",
        ),
        (
            lambda: bidirectional(RNN.init(4, 6, rng=RNG), RNN.init(4, 5, rng=RNG)),
            "RNN(6) and RNN(5)",
        ),
        (lambda: stack(both(), RNN.init(6, 3, rng=RNG)), "RNN(3) and RNN(3), RNN(3)"),
        (lambda: stack(RNN.init(5, 4, rng=RNG), both()), "RNN(4), RNN(3) and RNN(3)"),
        (lambda: stack(stack(both())), "Stack(6)"),
    ],
)
def test_a_network_that_torch_has_no_module_for_is_named(net, names):
    with pytest.raises(
        TypeError,
        match=re.escape(f"torch has no module for {names}; expected RNN, LSTM or GRU"),
    ):
        to_torch(net())


@pytest.mark.parametrize(
    "module",
    [
        lambda: nn.Linear(4, 6),
        lambda: nn.RNN(4, 6, nonlinearity="relu"),
        lambda: nn.LSTM(4, 6, proj_size=2),
        lambda: nn.GRU(4, 6, bias=False),
        lambda: nn.RNNCell(4, 6),
    ],
)
def test_a_module_without_a_twin_is_named(module):
    with pytest.raises(
        TypeError, match=r"from_torch expects torch.nn.RNN with tanh, LSTM or GRU"
    ):
        from_torch(module())
