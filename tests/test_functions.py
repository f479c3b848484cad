"""functions: no overflow for any finite input, values, derivatives and laws."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from judges import near

from rnncourse import cross_entropy, relu, sigmoid, softmax, squared_error, tanh
from rnncourse.functions import (
    glorot,
    orthogonal,
    relu_derivative,
    sigmoid_derivative,
    softmax_derivative,
    tanh_derivative,
)

both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
ACTIVATIONS = {
    sigmoid: (sigmoid_derivative, 0, 1),
    tanh: (tanh_derivative, -1, 1),
    relu: (relu_derivative, 0, np.inf),
}
every_activation = pytest.mark.parametrize("f", ACTIVATIONS, ids=lambda f: f.__name__)


def extremes(dtype):
    """Zero, both tiny, moderate and huge numbers, up to the largest that there are."""
    info = np.finfo(dtype)
    tiny = [info.smallest_subnormal, info.tiny, info.eps]
    positive = [*tiny, 1, 20, 90, 700, 750, 1e4, info.max / 2, info.max]
    positive = np.array(positive, dtype)
    return np.concatenate([-positive[::-1], np.zeros(1, dtype), positive])


def any_array(dtype):
    """Any array of finite numbers of a dtype."""
    shapes, bits = array_shapes(max_dims=3, max_side=4), np.finfo(dtype).bits
    finite = st.floats(width=bits, allow_nan=False, allow_infinity=False)
    return arrays(dtype, shapes, elements=finite)


# Never an overflow: a warning is an error in this test run


@every_activation
@both_dtypes
def test_activation_is_finite_monotone_and_in_range_from_end_to_end(f, dtype):
    derivative, low, high = ACTIVATIONS[f]
    value = f(extremes(dtype))
    slope = derivative(value)
    assert value.dtype == slope.dtype == dtype
    assert np.isfinite(value).all()
    assert (np.diff(value) >= 0).all(), f"{f.__name__} falls somewhere"
    assert ((value >= low) & (value <= high)).all()
    assert ((slope >= 0) & (slope <= 1)).all()


@every_activation
@both_dtypes
def test_activation_at_zero(f, dtype):
    value = f(np.zeros(1, dtype))[0]
    slope = ACTIVATIONS[f][0](np.array([value]))[0]
    assert (value, slope) == {sigmoid: (0.5, 0.25), tanh: (0, 1), relu: (0, 0)}[f]


@every_activation
@both_dtypes
def test_activation_never_warns_for_any_finite_array(f, dtype):
    @given(any_array(dtype))
    def holds(a):
        value = f(a.copy())
        assert np.isfinite(value).all()
        assert value.dtype == dtype and value.shape == a.shape
        assert np.isfinite(ACTIVATIONS[f][0](value)).all()

    holds()


@both_dtypes
def test_softmax_and_cross_entropy_are_finite_for_any_finite_logits(dtype):
    @given(any_array(dtype), st.data())
    def holds(logits, data):
        p = softmax(logits)
        assert p.dtype == dtype
        assert ((p >= 0) & (p <= 1)).all()
        assert np.allclose(p.sum(axis=-1), 1, rtol=0, atol=4 * np.finfo(dtype).eps)
        *shape, V = logits.shape
        symbols = st.integers(0, V - 1)
        targets = data.draw(arrays(np.int64, tuple(shape), elements=symbols))
        loss, dlogits = cross_entropy(logits, targets)
        assert math.isfinite(loss) and loss >= 0
        assert dlogits.dtype == dtype
        assert np.isfinite(dlogits).all()

    holds()


@both_dtypes
def test_softmax_and_cross_entropy_at_the_largest_floats(dtype):
    signs = [1, -1, 0], [-1, -1, 1], [1, 1, 1], [-1, -1, -1]
    for logits in np.finfo(dtype).max * np.array(signs, dtype):
        rows = np.array([logits] * 5)
        assert np.isfinite(softmax(rows)).all()
        for target in range(3):
            loss, dlogits = cross_entropy(rows, np.full(5, target))
            assert math.isfinite(loss), f"{loss} at logits {logits} and target {target}"
            assert np.isfinite(dlogits).all()


HUGE = [(np.float32, 1e4), (np.float32, 1e30), (np.float64, 1e4), (np.float64, 1e300)]


@pytest.mark.parametrize(("dtype", "size"), HUGE)
def test_cross_entropy_of_huge_logits_is_their_distance(dtype, size):
    logits = np.array([[size, 0, -size]], dtype)
    losses = [cross_entropy(logits, np.array([v]))[0] for v in range(3)]
    assert losses == pytest.approx([0, size, 2 * size], rel=1e-6)
    assert np.array_equal(cross_entropy(logits, np.array([2]))[1], [[1, 0, -1]])


def test_arguments_are_not_changed():
    a = np.linspace(-3, 3, 12).reshape(3, 4)
    before = a.copy()
    losses = lambda a: cross_entropy(a, np.arange(3)), lambda a: squared_error(a, a + 1)
    for f in (sigmoid, tanh, relu, softmax, *losses):
        f(a)
        assert np.array_equal(a, before), f


# Values


def test_sigmoid_and_tanh_are_those_of_longer_arithmetic():
    a = np.linspace(-40, 40, 4001)
    exact = np.exp(a.astype(np.longdouble))
    one_rounding = 2.3e-16
    assert np.abs(sigmoid(a) - exact / (1 + exact)).max() < one_rounding
    assert np.abs(tanh(a) - (exact**2 - 1) / (exact**2 + 1)).max() < one_rounding
    single = a.astype(np.float32)
    bound = 1.2e-7 + 0.25 * np.abs(single - a).max()
    assert np.abs(sigmoid(single) - sigmoid(a)).max() < bound


@pytest.mark.usefixtures("unchecked")
@every_activation
def test_activation_of_a_number_or_of_integers_is_that_of_floats(f):
    assert f(2.0) == f(np.array(2)) == f(np.array([2.0]))[0]
    assert np.array_equal(softmax(np.array([0, 0])), [0.5, 0.5])


@pytest.mark.parametrize("scale", [1, 30, 1e4])
def test_softmax_and_cross_entropy_are_torchs(scale):
    rng = np.random.default_rng(0)
    logits = scale * rng.standard_normal((5, 3, 7))
    targets = rng.integers(0, 7, (5, 3))
    twin = torch.tensor(logits, requires_grad=True)
    p = torch.softmax(twin, -1).detach().numpy()
    assert np.allclose(softmax(logits), p, rtol=1e-12, atol=1e-300)
    rows, symbols = twin.reshape(15, 7), torch.tensor(targets).reshape(15)
    theirs = torch.nn.functional.cross_entropy(rows, symbols)
    theirs.backward()
    loss, dlogits = cross_entropy(logits, targets)
    assert loss == pytest.approx(theirs.item(), rel=1e-13)
    assert near(dlogits, twin.grad.numpy(), 1e-15)


def test_cross_entropy_of_equal_logits_is_the_logarithm_of_their_number():
    loss, dlogits = cross_entropy(np.full((2, 3, 65), 7.0), np.zeros((2, 3), int))
    assert loss == pytest.approx(math.log(65)), "nats per symbol, a mean and not a sum"
    assert dlogits[0, 0, 0] == pytest.approx((1 / 65 - 1) / 6)


def test_squared_error_is_the_mean_of_the_squares():
    ys, targets = np.array([[[1.0, 2.0], [3.0, 4.0]], [[0.0, 2.0], [3.0, 6.0]]])
    loss, dys = squared_error(ys, targets)
    assert loss == 5 / 4
    assert np.array_equal(dys, [[0.5, 0], [0, -1]])


@pytest.mark.usefixtures("unchecked")
def test_squared_error_takes_targets_of_any_kind_of_real_numbers():
    ys = np.array([0.5, 1.5], np.float32)
    for targets in (np.array([0, 1]), np.array([False, True]), [0.0, 1.0]):
        loss, dys = squared_error(ys, targets)
        assert loss == 0.25
        assert dys.dtype == np.float32


# Derivatives and laws


@every_activation
def test_derivative_is_that_of_central_differences(f):
    a, step = np.random.default_rng(0).normal(0, 3, 200), 1e-5
    a = a[np.abs(a) > 1e-4]  # relu has no derivative at 0
    assert near(ACTIVATIONS[f][0](f(a)), (f(a + step) - f(a - step)) / (2 * step), 1e-9)


def gradient(loss, a, step=1e-5):
    """Central differences of a number by each entry of an array."""
    result = np.zeros_like(a)
    for index in np.ndindex(a.shape):
        there = np.zeros_like(a)
        there[index] = step
        result[index] = (loss(a + there) - loss(a - there)) / (2 * step)
    return result


def test_gradients_of_softmax_and_losses_are_those_of_central_differences():
    rng = np.random.default_rng(0)
    a, dp, ys = rng.standard_normal((3, 5, 3, 4))
    targets = rng.integers(0, 4, (5, 3))
    numeric = gradient(lambda a: (softmax(a) * dp).sum(), a)
    assert near(softmax_derivative(dp, softmax(a)), numeric, 1e-9)
    numeric = gradient(lambda a: cross_entropy(a, targets)[0], a)
    assert near(cross_entropy(a, targets)[1], numeric, 1e-9)
    numeric = gradient(lambda a: squared_error(a, ys)[0], a)
    assert near(squared_error(a, ys)[1], numeric, 1e-9)


shapes = array_shapes(max_dims=2, max_side=5)
moderate = arrays(np.float64, shapes, elements=st.floats(-50, 50))


@given(moderate, st.floats(-50, 50))
def test_softmax_does_not_feel_a_shift(a, shift):
    assert np.allclose(softmax(a + shift), softmax(a), rtol=1e-10, atol=0)


@given(moderate)
def test_softmax_keeps_the_order_of_the_logits(a):
    order = np.argsort(a, axis=-1, kind="stable")
    assert (np.diff(np.take_along_axis(softmax(a), order, axis=-1), axis=-1) >= 0).all()


@given(moderate)
def test_sigmoid_is_symmetric_and_a_softmax_of_two(a):
    assert near(sigmoid(-a), 1 - sigmoid(a), 2e-16)
    p = softmax(np.stack([a, np.zeros_like(a)], axis=-1))
    assert near(p[..., 0], sigmoid(a), 4e-16)


# First weights


def test_glorot_keeps_within_its_bound_and_fills_it():
    W, bound = glorot(40, 60, rng=np.random.default_rng(0)), math.sqrt(6 / 100)
    assert W.shape == (40, 60) and np.abs(W).max() <= bound
    # uniform: the variance is 2 / (D + H)
    assert W.std() == pytest.approx(bound / math.sqrt(3), rel=0.05)
    assert W.mean() == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("H", [1, 2, 30])
def test_orthogonal_keeps_lengths(H):
    W = orthogonal(H, rng=np.random.default_rng(0))
    assert near(W @ W.T, np.eye(H), 1e-14)


def test_orthogonal_has_no_preferred_direction():
    rng = np.random.default_rng(0)
    mean = np.mean([orthogonal(3, rng=rng) for _ in range(4000)], axis=0)
    assert near(mean, 0, 0.04), "the signs of QR are left as they come"


@pytest.mark.usefixtures("unchecked")
def test_a_masked_loss_is_the_loss_of_what_is_left():
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(size=(5, 3, 4)), rng.integers(0, 4, (5, 3))
    ys, mask = rng.normal(size=(5, 3, 4)), rng.random((5, 3)) < 0.6
    wrong, dirty = np.where(mask, targets, 99), np.where(mask[..., None], ys, np.nan)
    losses = [(cross_entropy, targets, wrong), (squared_error, ys, dirty)]
    for loss, clean, padded in losses:
        value, gradient = loss(logits, padded, mask)
        right, slope = loss(logits[mask], clean[mask])
        assert value == pytest.approx(right, rel=1e-14)
        assert np.allclose(gradient[mask], slope, rtol=0, atol=1e-16)
        assert not gradient[~mask].any()
        with pytest.raises(ValueError, match="no target is left"):
            loss(logits, clean, np.zeros((5, 3), bool))
        with pytest.raises(TypeError, match="mask has dtype int64"):
            loss(logits, clean, mask.astype(np.int64))


@pytest.mark.parametrize("loss", [cross_entropy, squared_error])
@pytest.mark.usefixtures("unchecked")
def test_losses_refuse_float16_whose_mean_over_many_has_no_gradient(loss):
    with pytest.raises(TypeError, match="have dtype float16"):
        loss(np.zeros((2, 3), np.float16), np.zeros(2, int))
