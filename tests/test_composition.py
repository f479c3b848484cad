"""What belongs to stacks and both directions alone, not to every network."""

from functools import partial

import numpy as np
import pytest
import torch
from judges import D, H, near, problem

from rnncourse import GRU, LSTM, RNN, backward, bidirectional, forward, stack, twins

every_kind = pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])


@every_kind
def test_state_of_both_directions_is_torchs_last_state_and_the_last_output_is_not(kind):
    p = problem(f"both {kind}")
    run = forward(p.net, p.xs)
    with torch.no_grad():
        out, last = twins.to_torch(p.net)(torch.from_numpy(p.xs))
    h_n = (last[0] if kind == "LSTM" else last).numpy()
    assert near(run.state.h, np.concatenate([h_n[0], h_n[1]], axis=1), 1e-14)
    assert near(run.hs[-1], out[-1].numpy(), 1e-14)
    ahead, back = np.split(run.state.h, [p.net.ahead.H], axis=1)
    hs_ahead, hs_back = np.split(run.hs, [p.net.ahead.H], axis=2)
    assert np.array_equal(ahead, hs_ahead[-1]), "ahead ends at the last step"
    assert np.array_equal(back, hs_back[0]), "back ends at the first step"
    gap = np.abs(back - hs_back[-1]).min()
    assert gap > 1e-3, "hs[-1] has the back direction's first step"


def test_back_direction_is_a_run_over_reversed_inputs():
    p = problem("both LSTM")
    run = p.run()
    ahead = forward(p.net.ahead, p.xs, p.state.ahead)
    back = forward(p.net.back, p.xs[::-1], p.state.back)
    assert np.array_equal(run.hs, np.concatenate([ahead.hs, back.hs[::-1]], axis=2))
    before = np.concatenate([ahead.hs_prev, back.hs_prev[::-1]], axis=2)
    assert np.array_equal(run.hs_prev, before)


def test_stack_is_its_layers_one_after_the_other():
    p = problem("mixed")
    hs = p.xs
    for layer, start in zip(p.net.layers, p.state.layers, strict=True):
        hs = forward(layer, hs, start).hs
    assert np.array_equal(p.run().hs, hs)


def test_stack_of_one_layer_is_that_layer():
    p = problem("LSTM")
    one = stack(p.net)
    run, alone = forward(one, p.xs), forward(p.net, p.xs)
    assert np.array_equal(run.hs, alone.hs)
    ours, theirs = backward(one, p.dhs, run), backward(p.net, p.dhs, alone)
    assert np.array_equal(ours.xs, theirs.xs)
    assert np.array_equal(ours.cell.layers[0].W_h, theirs.cell.W_h)
    assert (one.D, one.H, one.size) == (p.net.D, p.net.H, p.net.size)


def test_flow_of_a_layer_is_that_of_the_layer_alone_below_the_gradient_of_the_next():
    p = problem("two LSTM")
    lower, upper = p.net.layers
    below = forward(lower, p.xs, p.state.layers[0])
    start, dlast = p.state.layers[1], p.dstate.layers[1]
    _, above = twins.gradients(upper, below.hs, p.dhs, start, dlast)
    alone = backward(lower, above.xs, below, p.dstate.layers[0]).flow
    flow = p.gradients().flow
    for letter in "hc":
        lower_flow = flow[f"layers.0.{letter}"]
        assert np.allclose(lower_flow, alone[letter], rtol=1e-12, atol=0), letter


def test_flow_of_the_back_direction_is_in_the_order_of_time():
    p = problem("both RNN")
    dhs = np.zeros_like(p.dhs)
    dhs[2] = p.dhs[2]  # a loss at t = 2 alone
    flow = backward(p.net, dhs, p.run()).flow
    assert flow["ahead.h"][:3].all(), "ahead: the past of t = 2"
    assert not flow["ahead.h"][3:].any(), "ahead: nothing of its future"
    assert flow["back.h"][2:].all(), "back: the future of t = 2"
    assert not flow["back.h"][:2].any(), "back: nothing of its past"


@pytest.mark.parametrize("kind", [RNN, LSTM, GRU])
def test_size_counts_every_parameter_once(kind):
    init = partial(kind.init, rng=np.random.default_rng(0))
    net = stack(bidirectional(init(D, H), init(D, H)), init(2 * H, H))
    modules = [twins.to_torch(layer) for layer in net.layers]
    theirs = sum(p.numel() for module in modules for p in module.parameters())
    second_biases = {RNN: H, LSTM: 4 * H, GRU: 2 * H}[kind] * 3
    assert net.size == theirs - second_biases, "torch has two biases where we have one"
    assert (net.D, net.H) == (D, H)
