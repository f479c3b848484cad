"""jacobians: against autograd, differences and the backward pass; laws of Ω."""

import numpy as np
import pytest
import torch
from judges import CELLS, problem

from rnncourse import RNN, Clockwork, backward, forward
from rnncourse.functions import orthogonal
from rnncourse.jacobians import (
    norm_kept,
    parts,
    products,
    singular_values,
    spectral_radius,
    step_jacobians,
)
from rnncourse.twins import to_torch

every_cell = pytest.mark.parametrize("name", CELLS)


def flat(state):
    """The leaves of a state side by side, (B, S)."""
    return np.concatenate(list(state.leaves().values()), axis=1)


def unflat(state, s):
    """A state like the one given, with the numbers of s."""
    leaves = iter(np.split(s, len(state.leaves()), axis=1))
    return state.map(lambda leaf: next(leaves).copy())


@every_cell
def test_each_step_equals_central_differences(name):
    p = problem(name)
    Js = step_jacobians(p.net, p.run())
    state = p.state
    for x, J in zip(p.xs, Js, strict=True):
        s, step = flat(state), 1e-5
        numeric = np.empty_like(J)
        for j in range(s.shape[1]):
            nudge = step * np.eye(s.shape[1])[j]
            above, below = (unflat(state, s + sign * nudge) for sign in (1, -1))
            rise = flat(p.net.step(above, x)[0]) - flat(p.net.step(below, x)[0])
            numeric[:, :, j] = rise / (2 * step)
        assert np.abs(J - numeric).max() < 1e-9
        state, _ = p.net.step(state, x)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_the_whole_product_equals_torchs_autograd(name):
    p = problem(name)
    module = to_torch(p.net)
    Ps = products(step_jacobians(p.net, p.run()))
    for b in range(p.xs.shape[1]):
        x = torch.tensor(p.xs[:, b : b + 1])

        def run(s, x=x):
            halves = tuple(s.reshape(-1, 1, 1, p.net.H))
            last = module(x, halves if len(halves) == 2 else halves[0])[1]
            return torch.cat(last if len(halves) == 2 else (last,)).ravel()

        start = torch.tensor(flat(p.state)[b])
        theirs = torch.autograd.functional.jacobian(run, start).numpy()
        assert np.abs(Ps[-1, b] - theirs).max() < 1e-12


@every_cell
def test_a_gradient_times_the_product_is_the_backward_pass(name):
    p = problem(name)
    run = p.run()
    zero = np.zeros_like(p.dhs)
    ours = backward(p.net, zero, run, p.dstate).state
    product = products(step_jacobians(p.net, run))[-1]
    theirs = np.einsum("bi,bij->bj", flat(p.dstate), product)
    np.testing.assert_allclose(theirs, flat(ours), atol=1e-12)


def test_the_rnns_step_is_the_formula_of_the_book():
    p = problem("RNN")
    run = p.run()
    for t in range(len(run.hs)):
        for b in range(run.hs.shape[1]):
            book = np.diag(1 - run.hs[t, b] ** 2) @ p.net.W_h.T
            ours = step_jacobians(p.net, run)[t, b]
            np.testing.assert_allclose(ours, book, atol=1e-14)


def test_parts_say_where_h_and_c_are():
    assert parts(problem("RNN").net) == {"h": slice(0, 6)}
    assert parts(problem("LSTM").net) == {"h": slice(0, 6), "c": slice(6, 12)}


def test_what_a_clockwork_does_not_move_it_copies():
    cell = Clockwork.init(2, 6, periods=(1, 2, 4), rng=np.random.default_rng(0))
    xs = np.random.default_rng(1).standard_normal((4, 3, 2))
    Js = step_jacobians(cell, forward(cell, xs))
    assert (Js[1, :, 2:] == np.eye(6)[2:]).all(), "at t = 1 only the first module moves"
    assert not np.allclose(Js[2, 0, 2:4], np.eye(6)[2:4])


def test_the_dtype_is_kept():
    cell = RNN.init(2, 3, rng=np.random.default_rng(0), dtype=np.float32)
    Js = step_jacobians(cell, forward(cell, np.ones((4, 2, 2), np.float32)))
    assert Js.dtype == products(Js).dtype == np.float32


def test_products_go_back_from_the_end():
    A, B, C = np.random.default_rng(0).standard_normal((3, 1, 2, 2))
    Ps = products(np.stack([A, B, C]))
    for product, right in zip(Ps, [np.eye(2)[None], C, C @ B, C @ B @ A], strict=True):
        np.testing.assert_allclose(product, right, atol=1e-14)


def test_orthogonal_symmetric_and_triangular_matrices():
    Q = 1.5 * orthogonal(5, rng=np.random.default_rng(0))
    np.testing.assert_allclose(singular_values(Q), 1.5)
    assert spectral_radius(Q) == pytest.approx(1.5)
    shear = np.array([[0.9, 5.0], [0.0, -0.9]])
    assert spectral_radius(shear) == pytest.approx(0.9)
    assert singular_values(shear)[0] > 5
    assert spectral_radius(np.stack([Q, 2 * Q])).tolist() == pytest.approx([1.5, 3.0])


# ---- Ω


@pytest.fixture
def omega_problem():
    p = problem("RNN")
    run = p.run()
    dh, dhs = np.zeros_like(p.dhs[0]), []
    for t in reversed(range(len(p.dhs))):
        dhs.append(p.dhs[t] + dh)
        dh = (dhs[-1] * (1 - run.hs[t] ** 2)) @ p.net.W_h.T
    return p, run, np.array(dhs[::-1])


def immediate(W_h, dh, hs):
    """Ω with every dh_t and h_t held fixed."""
    earlier, later = (dh * (1 - hs**2)) @ W_h.T, dh
    ratio = np.linalg.norm(earlier, axis=2) / np.linalg.norm(later, axis=2)
    return np.sum((ratio - 1) ** 2) / dh.shape[1]


def test_omega_and_its_immediate_derivative(omega_problem):
    p, run, dh = omega_problem
    value, dW_h = norm_kept(p.net, p.dhs, run)
    assert value == pytest.approx(immediate(p.net.W_h, dh, run.hs), rel=1e-12)
    step = 1e-6
    for i, j in np.ndindex(dW_h.shape):
        nudge = np.zeros_like(dW_h)
        nudge[i, j] = step
        above, below = p.net.W_h + nudge, p.net.W_h - nudge
        rise = immediate(above, dh, run.hs) - immediate(below, dh, run.hs)
        assert dW_h[i, j] == pytest.approx(rise / (2 * step), abs=1e-8)


def test_omega_is_zero_where_lengths_are_kept():
    Q = orthogonal(4, rng=np.random.default_rng(0))
    cell = RNN(np.zeros((2, 4)), Q, np.zeros(4))
    run = forward(cell, np.zeros((5, 3, 2)))  # all states are 0, every slope is 1
    dhs = np.random.default_rng(1).standard_normal(run.hs.shape)
    value, dW_h = norm_kept(cell, dhs, run)
    assert value < 1e-28 and np.abs(dW_h).max() < 1e-14


def test_a_step_without_gradient_counts_nothing():
    cell = RNN.init(2, 4, rng=np.random.default_rng(0))
    run = forward(cell, np.random.default_rng(1).standard_normal((5, 3, 2)))
    dhs = np.zeros_like(run.hs)
    assert norm_kept(cell, dhs, run).value == 0
    dhs[1] = 1  # nothing comes from later steps
    value, dW_h = norm_kept(cell, dhs, run)
    short = norm_kept(cell, dhs[:2], forward(cell, run.xs[:2]))
    assert value == pytest.approx(short.value)
    assert np.isfinite(dW_h).all()
