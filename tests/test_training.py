"""training: optimisers against torch's, the laws of clipping, and the loop."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from judges import near

from rnncourse import GRU, LSTM, RNN, SGD, Adagrad, Adam, Batch, Network, RMSProp, train
from rnncourse.arrays import Array, Record
from rnncourse.functions import squared_error
from rnncourse.network import at_the_end, objective
from rnncourse.training import clip_by_norm, clip_by_value, linear, norm, quarter_cosine


@dataclass(frozen=True, eq=False)
class Params(Record):
    """Two arrays to be learned."""

    W: Array
    b: Array


def same(one, other):
    """Whether two records are equal to the last bit."""
    pairs = zip(one.leaves().values(), other.leaves().values(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def drawn(rng):
    """Parameters at random."""
    return Params(rng.standard_normal((3, 4)), rng.standard_normal(4))


OPTIMISERS = {
    "SGD": SGD(0.1),
    "momentum": SGD(0.1, momentum=0.9),
    "Adagrad": Adagrad(0.1, epsilon=1e-3),
    "RMSProp": RMSProp(0.01, decay=0.9, epsilon=1e-3),
    "Adam": Adam(0.01, beta_1=0.8, beta_2=0.95, epsilon=1e-3),
}
TORCHS = {  # with the same equations
    "SGD": partial(torch.optim.SGD, lr=0.1),
    "momentum": partial(torch.optim.SGD, lr=0.1, momentum=0.9),
    "Adagrad": partial(torch.optim.Adagrad, lr=0.1, eps=1e-3),
    "RMSProp": partial(torch.optim.RMSprop, lr=0.01, alpha=0.9, eps=1e-3),
    "Adam": partial(torch.optim.Adam, lr=0.01, betas=(0.8, 0.95), eps=1e-3),
}
every_optimiser = pytest.mark.parametrize("name", OPTIMISERS)


@every_optimiser
def test_optimiser_is_torchs_step_by_step(name):
    ours, rng = OPTIMISERS[name], np.random.default_rng(0)
    params = drawn(rng)
    twins = [torch.nn.Parameter(torch.tensor(a)) for a in params.leaves().values()]
    theirs, memory = TORCHS[name](twins), ours.start(params)
    for k in range(20):
        gradient = drawn(rng)
        for twin, leaf in zip(twins, gradient.leaves().values(), strict=True):
            twin.grad = torch.tensor(leaf)
        theirs.step()
        params, memory = ours.step(params, gradient, memory)
        for twin, (leaf_name, leaf) in zip(twins, params.leaves().items(), strict=True):
            same_here = near(leaf, twin.detach().numpy(), 1e-12)
            assert same_here, f"{leaf_name} after update {k + 1}"


@every_optimiser
def test_optimiser_changes_nothing_that_it_was_given(name):
    ours, rng = OPTIMISERS[name], np.random.default_rng(0)
    params, gradient = drawn(rng), drawn(rng)
    before, slope = params.map(np.copy), gradient.map(np.copy)
    start = ours.start(params)
    first, memory = ours.step(params, gradient, start)
    again, _ = ours.step(params, gradient, start)
    ours.step(first, gradient, memory)
    for one, other in [(params, before), (gradient, slope), (first, again)]:
        assert same(one, other)


@every_optimiser
@pytest.mark.parametrize("rate", [0.1, np.float64(0.1)], ids=["float", "numpy float"])
def test_optimiser_keeps_float32(name, rate):
    ours, rng = type(OPTIMISERS[name])(rate), np.random.default_rng(0)
    params = drawn(rng).map(np.float32)
    memory = ours.start(params)
    for _ in range(3):
        params, memory = ours.step(params, drawn(rng).map(np.float32), memory)
    records = [params, *(m for m in memory if isinstance(m, Record))]
    dtypes = {a.dtype.name for r in records for a in r.leaves().values()}
    assert dtypes == {"float32"}


@every_optimiser
def test_optimiser_stays_where_the_gradient_is_zero(name):
    ours, params = OPTIMISERS[name], drawn(np.random.default_rng(0))
    after, _ = ours.step(params, params.map(np.zeros_like), ours.start(params))
    assert np.array_equal(after.W, params.W)


# Clipping

shapes = array_shapes(max_dims=2, max_side=3)
some_array = arrays(np.float64, shapes, elements=st.floats(-1e6, 1e6))
gradients = st.builds(Params, some_array, some_array)
limits = st.floats(1e-3, 1e7)


@given(gradients, limits)
def test_clipping_by_norm_shortens_to_the_limit_and_keeps_direction(gradient, limit):
    clipped, length = clip_by_norm(gradient, limit), norm(gradient)
    assert norm(clipped) <= limit * (1 + 1e-12)
    if length <= limit:
        assert clipped is gradient, "a gradient within the limit is not touched"
    else:
        assert norm(clipped) == pytest.approx(limit)
        for a, b in [(clipped.W, gradient.W), (clipped.b, gradient.b)]:
            assert np.allclose(a * length, b * limit, rtol=1e-12, atol=1e-300)


@given(gradients, limits)
def test_clipping_by_value_is_numpys_clip(gradient, limit):
    clipped = clip_by_value(gradient, limit)
    assert np.array_equal(clipped.W, np.clip(gradient.W, -limit, limit))
    assert np.array_equal(clipped.b, np.clip(gradient.b, -limit, limit))


@given(gradients, limits)
def test_clipping_twice_is_clipping_once(gradient, limit):
    for clip, tolerance in [(clip_by_value, 0), (clip_by_norm, 1e-12)]:
        once = clip(gradient, limit)
        assert np.allclose(clip(once, limit).W, once.W, rtol=tolerance, atol=0)


def test_clipping_by_norm_is_torchs():
    rng = np.random.default_rng(0)
    for limit in (0.1, 1.0, 100.0):
        gradient = drawn(rng)
        leaves = gradient.leaves().values()
        twins = [torch.nn.Parameter(torch.tensor(leaf)) for leaf in leaves]
        for twin, leaf in zip(twins, leaves, strict=True):
            twin.grad = torch.tensor(leaf)
        length = torch.nn.utils.clip_grad_norm_(twins, limit)
        assert norm(gradient) == pytest.approx(length.item(), rel=1e-12)
        clipped = clip_by_norm(gradient, limit).leaves().values()
        for twin, leaf in zip(twins, clipped, strict=True):
            # torch divides by the norm + 1e-6
            assert np.allclose(leaf, twin.grad.numpy(), rtol=2e-6, atol=0)


def test_the_two_clippings_differ_in_direction():
    gradient = Params(np.array([3.0, 40.0]), np.zeros(1))
    shorter = np.array([3, 40]) * 5 / np.hypot(3, 40)
    assert np.allclose(clip_by_norm(gradient, 5).W, shorter)
    assert np.array_equal(clip_by_value(gradient, 5).W, [3, 5])


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value])
@pytest.mark.parametrize("limit", [1, np.float64(1)], ids=["int", "numpy float"])
def test_clipping_keeps_float32(clip, limit):
    gradient = Params(np.full(3, 9, np.float32), np.zeros(1, np.float32))
    assert clip(gradient, limit).W.dtype == np.float32


# The loop


def one_number(value):
    """Parameters that are a single number."""
    return Params(np.array([float(value)]), np.zeros(1))


def bowl(params, batch, state):
    """A parabola, lowest at the target; the state counts a sequence's batches."""
    difference = params.W - batch.targets
    loss, slope = float(difference[0] ** 2), Params(2 * difference, np.zeros(1))
    return loss, slope, 1 if state is None else state + 1


def batches(*fresh):
    """Batches whose target is 3."""
    return [Batch(np.zeros(1), np.full(1, 3.0), starts) for starts in fresh]


def test_train_gives_a_record_after_each_update():
    steps = list(train(one_number(0), batches(True, True), bowl, SGD(0.25)))
    assert [(p.step, p.loss, p.norm) for p in steps] == [(1, 9.0, 6.0), (2, 2.25, 3.0)]
    assert [p.params.W[0] for p in steps] == [1.5, 2.25]


def test_state_goes_on_unless_a_batch_is_fresh():
    given = batches(True, False, False, True, False)
    steps = train(one_number(0), given, bowl, SGD(0.1))
    assert [p.state for p in steps] == [1, 2, 3, 1, 2]


def test_train_waits_for_its_reader():
    asked = []

    def endless():
        while True:
            asked.append(1)
            yield batches(True)[0]

    for progress in train(one_number(0), endless(), bowl, SGD(0.1)):
        if progress.step == 3:
            break
    assert len(asked) == 3, "batches were drawn that nobody asked for"


def test_rate_of_each_update_can_be_given():
    given, rate = batches(True, True, True), [0.25, 0.0, 0.5].__getitem__
    steps = train(one_number(0), given, bowl, SGD(9.0), rate=rate)
    assert [p.params.W[0] for p in steps] == [1.5, 1.5, 3.0]


def test_clip_is_between_gradient_and_update_and_the_norm_is_that_before():
    clip = partial(clip_by_norm, limit=0.5)
    (step,) = train(one_number(0), batches(True), bowl, SGD(1.0), clip=clip)
    assert (step.params.W[0], step.norm) == (0.5, 6)


NOT_FINITE = [(np.nan, 1.0), (np.inf, 1.0), (1.0, np.nan), (1.0, np.inf)]


@pytest.mark.parametrize(("loss", "slope"), NOT_FINITE, ids=str)
def test_what_is_not_finite_stops_training_before_the_parameters_change(loss, slope):
    params = one_number(0)

    def diverges(params, batch, state):
        if state is None:
            return bowl(params, batch, state)
        return loss, Params(np.array([slope]), np.zeros(1)), None

    steps = train(params, batches(True, False), diverges, SGD(0.25))
    first, said = next(steps), r"^update 2: the loss is .* and its gradient's norm .*$"
    with pytest.raises(FloatingPointError, match=said):
        next(steps)
    assert (first.params.W[0], params.W[0]) == (1.5, 0)


FAST = [SGD(0.3, momentum=0.9), Adagrad(0.1), RMSProp(0.01), Adam(0.02)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [RNN, LSTM, GRU])
@pytest.mark.parametrize("optimiser", FAST, ids=lambda o: type(o).__name__)
def test_every_cell_learns_with_every_optimiser_what_came_first(kind, optimiser):
    rng = np.random.default_rng(0)
    xs = rng.integers(0, 3, (4, 16))
    net = Network.init(kind.init(3, 8, rng=rng), 3, rng=rng)
    learn = partial(objective, loss=at_the_end(squared_error))
    batch = Batch(xs, np.eye(3)[xs[0]])
    clip = partial(clip_by_norm, limit=1)
    steps = train(net, [batch] * 150, learn, optimiser, clip=clip)
    first, *_, last = [p.loss for p in steps]
    assert last < 0.02 < first, f"from {first:.3f} to {last:.3f}; variance {2 / 9:.3f}"


# Going on, clipping by a number, rates, and what can not be trained


@every_optimiser
def test_two_halves_of_a_training_are_one_to_the_last_bit(name):
    optimiser, rng = OPTIMISERS[name], np.random.default_rng(0)
    net = Network.init(LSTM.init(5, 4, rng=rng, dtype=np.float32), 5, rng=rng)
    symbols = rng.integers(0, 5, (12, 7, 3))
    every = [Batch(s[:-1], s[1:], fresh=i % 4 == 0) for i, s in enumerate(symbols)]
    how = {"clip": 0.5, "rate": linear(0.1, len(every))}
    *_, whole = train(net, every, objective, optimiser, **how)
    *_, half = train(net, every[:6], objective, optimiser, **how)
    *_, rest = train(half, every[6:], objective, optimiser, **how)
    assert rest.step == whole.step == 12
    assert same(rest.params, whole.params) and same(rest.state, whole.state)
    assert (rest.loss, rest.norm) == (whole.loss, whole.norm)


def test_clip_may_be_a_number():
    rng = np.random.default_rng(0)
    net = Network.init(RNN.init(2, 3, rng=rng), 1, rng=rng)
    batch = Batch(rng.normal(size=(4, 2, 2)), 9 + rng.normal(size=(4, 2, 1)))
    loss = partial(objective, loss=squared_error)
    (one,) = train(net, [batch], loss, SGD(0.1), clip=0.25)
    (two,) = train(net, [batch], loss, SGD(0.1), clip=partial(clip_by_norm, limit=0.25))
    (free,) = train(net, [batch], loss, SGD(0.1))
    assert same(one.params, two.params)
    assert not same(one.params, free.params)


def test_rates_fall_to_zero():
    for fall, middle in ((linear, 0.5), (quarter_cosine, np.sqrt(0.5))):
        rate = fall(0.2, 100)
        assert rate(0) == 0.2
        assert rate(50) == pytest.approx(0.2 * middle)
        assert rate(100) == pytest.approx(0, abs=1e-15)
        assert all(rate(k) > rate(k + 1) for k in range(100))


@pytest.mark.parametrize("size", [3e-200, 1e-20, 3e200])
def test_norms_and_clipping_at_the_ends_of_the_range(size):
    gradient = Params(np.full((3, 3), size), np.zeros(4))
    assert norm(gradient) == pytest.approx(3 * size)
    clipped = clip_by_norm(gradient, size)
    assert norm(clipped) == pytest.approx(size)
    assert pytest.approx(np.full((3, 3), size / 3)) == clipped.W


def test_clipping_a_large_single_precision_gradient_keeps_its_direction():
    gradient = Params(np.full((1, 2), 1e38, np.float32), np.array([2e38], np.float32))
    clipped = clip_by_norm(gradient, 1e-3)
    assert clipped.W.dtype == np.float32
    assert clipped.b[0] / clipped.W[0, 0] == pytest.approx(2)
    assert norm(clipped) == pytest.approx(1e-3)
    gradient = Params(np.full(4, 1e30, np.float32), np.zeros(1, np.float32))
    assert norm(gradient) == pytest.approx(2e30), "the norm does not overflow"


def test_float16_is_refused_before_an_update():
    rng = np.random.default_rng(0)
    net = Network.init(RNN.init(2, 3, rng=rng, dtype=np.float16), 1, rng=rng)
    with pytest.raises(TypeError, match="W_x has dtype float16; train expects float32"):
        next(train(net, batches(True), bowl, Adam(0.1)))


@np.errstate(over="ignore")
def test_a_parameter_that_became_infinite_is_not_handed_out():
    with pytest.raises(FloatingPointError, match="update 1 made W infinite or NaN"):
        next(train(one_number(1e100), batches(True), bowl, SGD(1e300)))


def test_a_first_batch_that_goes_on_from_nothing_is_refused():
    said = "the first batch is not fresh, and there is no"
    with pytest.raises(ValueError, match=said):
        next(train(one_number(0), batches(False), bowl, SGD(0.1)))
    *_, before = train(one_number(0), batches(True, False), bowl, SGD(0.1))
    (after,) = train(before, batches(False), bowl, SGD(0.1))
    assert (after.state, after.step) == (3, 3)


CONSTANTS = [
    (Adam, {"epsilon": 0.0}, "epsilon is 0.0; Adam expects a finite"),
    (Adam, {"beta_1": 1.0}, "beta_1 is 1.0; Adam expects a number of 0 or more"),
    (RMSProp, {"decay": 1.0}, "decay is 1.0; RMSProp expects a number of 0"),
]


@pytest.mark.parametrize(("kind", "constant", "said"), CONSTANTS)
def test_constants_that_end_in_nan_are_refused(kind, constant, said):
    with pytest.raises(ValueError, match=said):
        kind(0.1, **constant)
