"""recurrence: whose a run is, what can be changed in it, and norms at the ends."""

import numpy as np
import pytest
from judges import CELLS, NETWORKS, problem

from rnncourse import LSTM, RNN, backward, bidirectional, forward, stack
from rnncourse.arrays import length, sum_of_rows
from rnncourse.recurrence import Run

every_network = pytest.mark.parametrize("name", NETWORKS)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "two GRU", "both LSTM", "mixed"])
def test_backward_refuses_the_run_of_another(name):
    p = problem(name)
    twin = p.net.map(np.copy)
    others = {type(twin).__name__: twin, "Peephole": problem("Peephole").net}
    for what, other in others.items():
        run = forward(other, np.zeros((2, 3, other.D)))
        with pytest.raises(ValueError, match=rf"run is that of another {what}"):
            backward(p.net, np.zeros((2, 3, p.net.H)), run)


@pytest.mark.usefixtures("unchecked")
def test_backward_refuses_what_is_no_run():
    p = problem("LSTM")
    message = "run is a ndarray; backward expects what forward"
    with pytest.raises(TypeError, match=message):
        backward(p.net, p.dhs, p.xs)


def arrays(part):
    """Every array that a run hands out, at any depth; the weights are the caller's."""
    if isinstance(part, Run):
        part = part._replace(cell=None, lengths=None)
    if isinstance(part, np.ndarray):
        yield part
    elif hasattr(part, "leaves"):
        yield from part.leaves().values()
    elif isinstance(part, list | tuple):
        for item in part:
            yield from arrays(item)


@every_network
def test_what_a_run_hands_out_can_not_be_changed(name):
    for ragged in (False, True):
        run = problem(name, ragged=ragged).run()
        assert len(list(arrays(run))) > 4
        for array in arrays(run):
            assert not array.flags.writeable
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 1


@every_network
@pytest.mark.parametrize("symbols", [False, True], ids=["vectors", "symbols"])
def test_what_the_caller_changes_after_forward_changes_nothing(name, symbols):
    p = problem(name, symbols=symbols, ragged=True)
    right, run = p.gradients(), p.run()
    for array in (p.xs, p.lengths, *p.state.leaves().values()):
        assert array.flags.writeable, "what came in is still the caller's"
        array[...] = 1
    ours = backward(p.net, p.dhs, run, p.dstate)
    for one, other in ((ours.cell, right.cell), (ours.state, right.state)):
        for a, b in zip(one.leaves().values(), other.leaves().values(), strict=True):
            assert np.array_equal(a, b)


@every_network
def test_the_parts_of_a_first_state_are_arrays_of_their_own(name):
    leaves = list(problem(name).net.zero_state(3).leaves().values())
    for i, leaf in enumerate(leaves):
        leaf[...] = i + 1
    assert [int(leaf.flat[0]) for leaf in leaves] == list(range(1, len(leaves) + 1))


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("scale", [1e-170, 1e170])
def test_flow_is_right_where_squares_leave_the_range(name, scale):
    p = problem(name)
    plain = p.gradients().flow
    dstate = p.dstate.map(lambda leaf: leaf * scale)
    scaled = backward(p.net, p.dhs * scale, p.run(), dstate).flow
    for letter in plain:
        assert np.allclose(scaled[letter] / scale, plain[letter], rtol=1e-12, atol=0)


def test_flow_of_single_precision_reaches_down_to_1e_38():
    p = problem("RNN")
    net = p.net.map(np.float32)
    run = forward(net, p.xs.astype(np.float32))
    small = backward(net, (p.dhs * 1e-30).astype(np.float32), run).flow["h"]
    plain = backward(net, p.dhs.astype(np.float32), run).flow["h"]
    assert np.allclose(small.astype(float) * 1e30, plain, rtol=1e-4, atol=0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_length_is_that_of_the_numbers_at_every_scale(dtype, size):
    numbers = np.random.default_rng(0).standard_normal(size)
    low, high = np.log10(np.finfo(dtype).tiny), np.log10(np.finfo(dtype).max)
    for exponent in np.linspace(low + 2, high - 4, 30):
        scaled = (numbers * 10.0**exponent).astype(dtype)
        right = float(np.sqrt(np.square(scaled.astype(np.longdouble)).sum()))
        assert length(scaled) == pytest.approx(right, rel=1e-5 if size > 9 else 1e-6)
    assert length(np.zeros(size, dtype)) == 0


def test_a_sum_of_a_million_rows_keeps_its_digits():
    rows = np.full((1_000_000, 2), 0.1, np.float32)
    total = sum_of_rows(rows)
    assert total.dtype == np.float32
    assert total == pytest.approx([1e6 * float(np.float32(0.1))] * 2, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("symbols", [False, True], ids=["vectors", "symbols"])
def test_gradients_of_a_bias_and_of_a_symbol_are_sums_in_double(symbols):
    T, B = 2000, 100
    cell = RNN(*(np.zeros(shape, np.float32) for shape in [(2, 1), (1, 1), 1]))
    xs = np.zeros((T, B), int) if symbols else np.ones((T, B, 2), np.float32)
    dhs = np.full((T, B, 1), 0.1, np.float32)
    gradient = backward(cell, dhs, forward(cell, xs)).cell
    right = T * B * float(np.float32(0.1))
    assert gradient.b[0] == pytest.approx(right, rel=1e-6)
    assert gradient.W_x[0, 0] == pytest.approx(right, rel=1e-6 if symbols else 1e-3)


def test_one_network_can_not_stand_in_two_places():
    cell = LSTM.init(4, 4, rng=np.random.default_rng(0))
    for build in (stack, bidirectional):
        with pytest.raises(ValueError, match="got the same network twice"):
            build(cell, cell)
    assert stack(cell, cell.map(np.copy)).size == 2 * cell.size
