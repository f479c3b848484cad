"""A Clockwork's clock on other matrices, and networks of chapter 7 side by side."""

import numpy as np
import pytest
import torch

from experiments import ch07_endings, many, ticking
from rnncourse import (
    LSTM,
    Clockwork,
    Network,
    at_the_end,
    backward,
    cross_entropy,
    forward,
    objective,
)
from rnncourse.cells.clockwork import ClockworkState
from rnncourse.gradcheck import differences, relative_error

PERIODS = (1, 2, 4, 8)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def some(rng, reads, D=3, periods=PERIODS):
    W_h = rng.normal(size=(8, 8)) * ticking.mask(8, len(periods), reads)
    W_x, b = rng.normal(size=(D, 8)), rng.normal(size=8)
    return ticking.Ticking(W_x, W_h, b, periods, reads)


def test_with_the_stairs_it_is_the_clockwork(rng):
    cell, xs = some(rng, "slower"), rng.normal(size=(11, 2, 3))
    twin = Clockwork(cell.W_x, cell.W_h, cell.b, PERIODS)
    runs, dhs = (forward(cell, xs), forward(twin, xs)), rng.normal(size=(11, 2, 8))
    assert np.allclose(runs[0].hs, runs[1].hs, rtol=0, atol=1e-14)
    ours, theirs = backward(cell, dhs, runs[0]).cell, backward(twin, dhs, runs[1]).cell
    for name, leaf in ours.leaves().items():
        assert np.allclose(leaf, theirs.leaves()[name], rtol=0, atol=1e-12)
    assert cell.size == twin.size


@pytest.mark.parametrize("reads", ticking.READS)
def test_its_gradient_is_that_of_central_differences(rng, reads):
    cell, xs = some(rng, reads), rng.normal(size=(11, 2, 3))
    dhs, read = rng.normal(size=(11, 2, 8)), ticking.mask(8, 4, reads)

    def loss(c):
        own = ticking.Ticking(c.W_x, c.W_h * read, c.b, PERIODS, reads)
        return float(np.vdot(dhs, forward(own, xs).hs))

    ours = backward(cell, dhs, forward(cell, xs)).cell
    assert relative_error(ours, differences(loss, cell)) < 1e-7
    assert cell.size == 3 * 8 + read.sum() + 8


@pytest.mark.parametrize("name", [*ticking.READS, "LSTM"])
def test_a_silent_network_among_many_has_the_loss_and_gradient_that_it_has_alone(
    rng, name
):
    T, S = 9, 3
    if name == "LSTM":
        nets = [Network.init(LSTM.init(1, 4, rng=rng), 1, rng=rng) for _ in range(S)]
    else:
        cells = [some(rng, name, D=1) for _ in range(S)]
        nets = [Network.init(cell, 1, rng=rng) for cell in cells]
    nets = [n.map(lambda w: w + 0.1 * (w.ndim == 1)) for n in nets]
    targets, weights = rng.normal(size=(T, S)), np.full((T, S), 1 / T)
    given = ticking.no_input(T, S), targets, weights
    losses, gradient = many.losses(ticking.silent_together(nets), *given)
    for s, net in enumerate(nets):
        run = forward(net.cell, np.zeros((T, 1, 1)))
        ys = net.outputs(run.hs)[:, 0, 0]
        assert np.isclose(losses[s], np.mean((ys - targets[:, s]) ** 2))
        dys = 2 / T * (ys - targets[:, s])[:, None, None]
        own = net.gradient(dys, run)
        assert np.allclose(gradient.cell.W_h[s], own.cell.W_h, rtol=0, atol=1e-12)
        assert np.allclose(gradient.cell.W_x[2 * s], own.cell.b, rtol=0, atol=1e-12)
        assert np.allclose(gradient.W_y[s], own.W_y[:, 0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["LSTM, 5", "GRU, 0", "GRU, 4", "Clockwork"])
def test_the_losses_of_networks_side_by_side_are_the_packages(name):
    known = ch07_endings.some(ch07_endings.data("train", 1), np.arange(0, 270, 45))
    nets = [ch07_endings.start(name, seed) for seed in (0, 1)]
    cell, w = nets[0].cell, ch07_endings.together(nets)
    xs = torch.tensor(known.xs)[:, None].expand(-1, 2, -1, -1)
    speakers = torch.tensor(known.targets).long().expand(2, -1)
    for clock in (0, 5) if isinstance(cell, Clockwork) else (0,):
        answers = ch07_endings.logits(cell, ch07_endings.read(cell, w), xs, clock)
        losses = ch07_endings.losses(answers, speakers)
        gradient = torch.autograd.grad(losses.sum(), w.values())
        state = ClockworkState(np.zeros((6, cell.H), np.float32), clock)
        for s, net in enumerate(nets):
            first = state if isinstance(cell, Clockwork) else None
            loss = at_the_end(cross_entropy)
            value, own, _ = objective(net, known, first, loss=loss)
            assert abs(float(losses[s].detach()) - value) < 1e-5
            for g, leaf in zip(gradient, own.leaves().values(), strict=True):
                assert np.abs(g[s].numpy().reshape(leaf.shape) - leaf).max() < 1e-4
