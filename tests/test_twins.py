"""twins: weights to torch and back; test_every_cell compares what they compute."""

import re

import numpy as np
import pytest
import torch
from judges import CELLS, NETWORKS, D, H, near, problem
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


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("both", [False, True], ids=["ahead", "both"])
def test_a_module_with_two_biases_has_the_outputs_of_our_twin(kind, layers, both):
    torch.manual_seed(0)
    module = kind(D, H, layers, bidirectional=both, dtype=torch.float64)
    xs = RNG.standard_normal((5, 3, D))
    with torch.no_grad():
        theirs = module(torch.from_numpy(xs))[0].numpy()
    assert near(forward(from_torch(module), xs).hs, theirs, 1e-14)


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
    assert near(p.run().hs, hs, 1e-13)
    assert theirs.xs is None
    assert max(report(p.gradients().cell, theirs.cell).values()) < 1e-12


def test_no_state_is_zeros_in_torch_too():
    for name in CELLS:
        p = problem(name)._replace(state=None)
        assert near(p.run().hs, p.torchs()[0], 1e-13), name


def first(kind, D, H, **given):
    """A cell with its first weights."""
    return kind.init(D, H, rng=RNG, **given)


ahead_and_back = bidirectional(first(RNN, 4, 3), first(RNN, 4, 3))  # 6 outputs
NO_MODULE = {
    "Clockwork(6)": first(Clockwork, 4, 6, periods=(1, 2)),
    "ResetBeforeGRU(6)": first(ResetBeforeGRU, 4, 6),
    "RNN(6), GRU(6)": stack(first(RNN, 4, 6), first(GRU, 6, 6)),
    "LSTM(6), LSTM(5)": stack(first(LSTM, 4, 6), first(LSTM, 6, 5)),
    "RNN(6) and RNN(5)": bidirectional(first(RNN, 4, 6), first(RNN, 4, 5)),
    "RNN(3) and RNN(3), RNN(3)": stack(ahead_and_back, first(RNN, 6, 3)),
    "RNN(4), RNN(3) and RNN(3)": stack(first(RNN, 5, 4), ahead_and_back),
    "Stack(6)": stack(stack(ahead_and_back)),
}
NO_TWIN = [
    (nn.Linear, {}),
    (nn.RNN, {"nonlinearity": "relu"}),
    (nn.LSTM, {"proj_size": 2}),
    (nn.GRU, {"bias": False}),
    (nn.RNNCell, {}),
]


@pytest.mark.parametrize("names", NO_MODULE)
def test_a_network_that_torch_has_no_module_for_is_named(names):
    message = f"torch has no module for {names}; expected RNN, LSTM or GRU"
    with pytest.raises(TypeError, match=re.escape(message)):
        to_torch(NO_MODULE[names])


@pytest.mark.parametrize(("kind", "how"), NO_TWIN)
def test_a_module_without_a_twin_is_named(kind, how):
    message = r"from_torch expects torch.nn.RNN with tanh, LSTM or GRU"
    with pytest.raises(TypeError, match=message):
        from_torch(kind(4, 6, **how))
