"""One suite over all networks: what each must do, and only they may differ in."""

from operator import itemgetter

import numpy as np
import pytest
from judges import (
    CELLS,
    NETWORKS,
    B,
    D,
    H,
    T,
    alone,
    error,
    near,
    problem,
    ragged_error,
    variables,
)

from rnncourse import GRU, LSTM, RNN, Clockwork, Network, backward, forward, twins
from rnncourse.cells import NFG, NIG, NOG, CoupledLSTM, PeepholeLSTM, ResetBeforeGRU
from rnncourse.gradcheck import relative_error, report

ONE_WAY = [name for name in NETWORKS if "both" not in name and name != "mixed"]
NO_TWIN = [n for n in NETWORKS if n == "mixed" or ("Clockwork" in n and n not in CELLS)]
TORCH = [name for name in NETWORKS if name not in NO_TWIN]

every_network = pytest.mark.parametrize("name", NETWORKS)
every_one_way = pytest.mark.parametrize("name", ONE_WAY)
every_cell = pytest.mark.parametrize("name", CELLS)


def assert_same(ours, theirs, what, tolerance=1e-12):
    """Fail unless two records agree, with the arrays that do not."""
    sizes = report(ours, theirs)
    wrong = {name: size for name, size in sizes.items() if not size <= tolerance}
    assert not wrong, f"{what}: relative differences {wrong}"


def first(kind, D=D, H=H, seed=0, **given):
    """A cell with its first weights."""
    return kind.init(D, H, rng=np.random.default_rng(seed), **given)


# The gradients


def slow(name, given):
    """Whether central differences wait for the whole run: in the fast one all cells
    have them, with vectors as inputs; torch is compared with all networks.
    """
    return name not in CELLS or "symbols" in given


@pytest.mark.parametrize(
    ("given", "name"),
    [
        pytest.param(given, name, marks=[pytest.mark.slow] * slow(name, given))
        for given in ({}, {"symbols": True}, {"ragged": True})
        for name in NETWORKS
    ],
    ids=str,
)
def test_gradients_are_those_of_central_differences(name, given):
    assert error(name, **given) < 1e-7


@pytest.mark.parametrize("name", TORCH)
@pytest.mark.parametrize("ragged", [False, True], ids=["", "ragged"])
def test_outputs_and_gradients_are_those_of_torch(name, ragged):
    p = problem(name, ragged=ragged)
    hs, theirs = p.torchs()
    assert near(p.run().hs, hs, 1e-12), "the outputs differ from torch's"
    assert_same(p.ours(), variables(theirs), "gradients, ours and torch's")


@every_network
def test_a_gradient_has_a_number_for_each_parameter(name):
    p = problem(name)
    gradients = p.gradients()
    assert type(gradients.cell) is type(p.net)
    for ours, theirs in [(gradients.cell, p.net), (gradients.state, p.state)]:
        one, other = ours.leaves(), theirs.leaves()
        assert {k: one[k].shape for k in one} == {k: other[k].shape for k in other}
    assert gradients.xs.shape == p.xs.shape


@every_cell
def test_flow_is_the_norm_of_the_gradient_by_each_state(name):
    p = problem(name)
    flow = p.gradients().flow
    for t in range(len(p.xs) - 1):
        state = forward(p.net, p.xs[: t + 1], p.state).state
        after = slice(t + 1, None)
        _, later = twins.gradients(p.net, p.xs[after], p.dhs[after], state, p.dstate)
        by_state = later.state.leaves() | {"h": p.dhs[t] + later.state.h}
        for letter, gradient in by_state.items():
            norm = pytest.approx(np.linalg.norm(gradient))
            assert flow[letter][t] == norm, f"dL/d{letter} at t = {t}"
    last = np.linalg.norm(p.dhs[-1] + p.dstate.h)
    assert flow["h"][-1] == pytest.approx(last), "at the last step"


@every_network
def test_flow_has_a_norm_for_each_step_of_each_state(name):
    p = problem(name)
    flow = p.gradients().flow
    assert list(flow) == list(p.state.leaves())
    for norms in flow.values():
        assert norms.shape == (len(p.xs),) and (norms > 0).all(), flow


# Time


@every_cell
def test_steps_one_by_one_are_forward(name):
    p = problem(name)
    state, run = p.state, p.run()
    for t, x in enumerate(p.xs):
        state, _ = p.net.step(state, x)
        assert near(state.h, run.hs[t], 1e-15), f"step and forward differ at t = {t}"
    assert_same(state, run.state, "the last state")


@every_one_way
def test_what_happens_at_t_does_not_change_what_came_before(name):
    p = problem(name)
    hs = p.run().hs
    for t in range(len(p.xs)):
        changed = p.xs.copy()
        changed[t] += 1
        new = forward(p.net, changed, p.state).hs
        assert np.array_equal(new[:t], hs[:t]), f"x at t = {t} changes outputs before t"
    assert not np.array_equal(forward(p.net, p.xs + 1, p.state).hs, hs)


@every_one_way
def test_a_loss_at_t_has_no_gradient_by_later_inputs(name):
    p = problem(name)
    for t in range(len(p.xs)):
        dhs = np.zeros_like(p.dhs)
        dhs[t] = p.dhs[t]
        dxs = backward(p.net, dhs, p.run()).xs
        assert not dxs[t + 1 :].any(), f"a loss at t = {t} has a gradient by later x"


CUTS = {"two halves": [2], "single steps": [1, 2, 3, 4]}


@every_one_way
@pytest.mark.parametrize("cuts", CUTS.values(), ids=CUTS)
def test_pieces_with_the_state_carried_are_one_run(name, cuts):
    p = problem(name)
    whole = p.gradients()
    state, runs = p.state, []
    for xs in np.split(p.xs, cuts):
        runs.append(forward(p.net, xs, state))
        state = runs[-1].state
    assert near(np.concatenate([run.hs for run in runs]), p.run().hs, 1e-14)
    assert_same(state, p.run().state, "the last state")

    dstate, parts = p.dstate, []
    for dhs, run in reversed(list(zip(np.split(p.dhs, cuts), runs, strict=True))):
        parts.insert(0, backward(p.net, dhs, run, dstate))
        dstate = parts[0].state
    total = parts[0].cell
    for part in parts[1:]:
        total = total.map(np.add, part.cell)
    assert_same(total, whole.cell, "gradients of the parameters: sums over time")
    assert_same(dstate, whole.state, "gradient of the first state")
    assert near(np.concatenate([part.xs for part in parts]), whole.xs, 1e-13)
    for letter, norms in whole.flow.items():
        ours = np.concatenate([part.flow[letter] for part in parts])
        assert np.allclose(ours, norms, rtol=1e-12), letter


# Batches, symbols, kinds of numbers


@every_network
def test_a_sequence_in_a_batch_is_as_if_alone(name):
    p = problem(name)
    together, run = p.gradients(), p.run()
    total = p.net.map(np.zeros_like)
    for b in range(B):
        one = alone(p, b)
        gradients, dstate = one.gradients(), together.state.map(itemgetter([b]))
        assert near(one.run().hs[:, 0], run.hs[:, b], 1e-13), f"outputs of {b}"
        assert near(gradients.xs[:, 0], together.xs[:, b], 1e-13), f"dxs of {b}"
        assert_same(gradients.state, dstate, f"state gradient of {b}")
        total = total.map(np.add, gradients.cell)
    assert_same(total, together.cell, "gradients of the parameters: batch sums")


@every_network
@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
def test_symbols_are_their_one_hot_vectors(name, dtype):
    symbols = problem(name, symbols=True)
    symbols = symbols._replace(xs=symbols.xs.astype(dtype))
    vectors = symbols._replace(xs=np.eye(D)[symbols.xs])
    assert near(symbols.run().hs, vectors.run().hs, 1e-15)
    ours, theirs = symbols.gradients(), vectors.gradients()
    assert ours.xs is None, "symbols have no gradient"
    assert_same(ours.cell, theirs.cell, "gradients of the parameters")
    assert_same(ours.state, theirs.state, "gradient of the first state")


@every_network
@pytest.mark.parametrize("given", [np.float32, np.float64])
def test_results_have_the_dtype_of_the_parameters(name, given):
    p = problem(name)
    single = p.net.map(np.float32)
    state, dstate = p.state.map(given), p.dstate.map(given)
    run = forward(single, p.xs.astype(given), state)
    gradients = backward(single, p.dhs.astype(given), run, dstate)
    arrays = {"hs": run.hs, "xs": gradients.xs} | gradients.flow
    for record in (run.state, gradients.cell, gradients.state):
        arrays |= record.leaves()
    wrong = {k: v.dtype.name for k, v in arrays.items() if v.dtype != np.float32}
    assert not wrong
    assert np.allclose(run.hs, p.run().hs, atol=1e-5), "float32 is not near float64"


@every_network
def test_no_state_is_zeros(name):
    p = problem(name)
    zeros = p.net.zero_state(B)
    assert not any(leaf.any() for leaf in zeros.leaves().values())
    run = forward(p.net, p.xs)
    assert np.array_equal(run.hs, forward(p.net, p.xs, zeros).hs)
    ours, theirs = (backward(p.net, p.dhs, run, dstate) for dstate in (None, zeros))
    assert_same(ours.cell, theirs.cell, "dstate None and zero", tolerance=0)


@every_network
def test_nothing_that_was_given_is_changed(name):
    p = problem(name)
    before = [part.copy() for part in _all_arrays(p)]
    run = p.run()
    first, second = (variables(backward(p.net, p.dhs, run, p.dstate)) for _ in range(2))
    assert_same(first, second, "a second backward pass over one run", tolerance=0)
    for had, has in zip(before, _all_arrays(p), strict=True):
        assert np.array_equal(had, has), "forward or backward wrote into its arguments"


def _all_arrays(p):
    records = p.net, p.state, p.dstate
    return [p.xs, p.dhs, *(leaf for r in records for leaf in r.leaves().values())]


# First weights


@every_cell
def test_init_draws_from_its_generator_alone_in_the_wanted_dtype(name):
    rngs = map(np.random.default_rng, (0, 0, 1))
    one, same, other = (CELLS[name](D, H, rng=rng) for rng in rngs)
    assert_same(one, same, "two cells from one seed", tolerance=0)
    assert relative_error(one, other) > 0.1
    assert (one.D, one.H) == (D, H)
    single = CELLS[name](D, H, rng=np.random.default_rng(0), dtype=np.float32)
    assert {leaf.dtype.name for leaf in single.leaves().values()} == {"float32"}


@every_cell
def test_init_has_no_bias_but_the_forget_gates(name):
    cell = CELLS[name](D, H, rng=np.random.default_rng(0))
    b = np.zeros_like(cell.b)
    second = ["LSTM", "Peephole", "No input gate", "No output gate"]
    forget = dict.fromkeys([*second, "No output activation"], 1) | {"Coupled": 0}
    if name in forget:
        b[forget[name] * H :][:H] = 1
    assert np.array_equal(cell.b, b)


BIASES = dict.fromkeys([LSTM, PeepholeLSTM, NIG, NOG], ("forget", "ifgo"))
BIASES |= {CoupledLSTM: ("forget", "fgo")}
BIASES |= dict.fromkeys([GRU, ResetBeforeGRU], ("update", "rzn"))


@pytest.mark.parametrize("kind", BIASES)
def test_forget_and_update_bias_stand_at_their_gates(kind):
    name, gates = BIASES[kind]
    bias = np.repeat([3 * (gate in "fz") for gate in gates], H)
    cell = first(kind, **{f"{name}_bias": 3})
    assert np.array_equal(cell.b, bias), f"gate order {gates}"


# Sequences of several lengths side by side


@every_network
@pytest.mark.parametrize("symbols", [False, True], ids=["vectors", "symbols"])
def test_each_of_several_lengths_is_as_it_is_alone(name, symbols):
    assert ragged_error(name, symbols=symbols) < 1e-14
    p = problem(name, symbols=symbols, ragged=True)
    gradients, total = p.gradients(), p.net.map(np.zeros_like)
    for column, steps in enumerate(p.lengths):
        own = alone(p, column).gradients()
        part = gradients.state.map(itemgetter([column]))
        assert_same(part, own.state, f"first state of {column}", tolerance=1e-13)
        if not symbols:
            dxs = gradients.xs[:, column]
            assert near(dxs[:steps], own.xs[:, 0], 1e-14)
            assert not dxs[steps:].any(), "a gradient beyond the end"
        total = total.map(np.add, own.cell)
    assert_same(gradients.cell, total, "the gradient is not the sum", tolerance=1e-13)


@every_network
def test_what_stands_beyond_the_end_is_never_read(name):
    p = problem(name, ragged=True)
    padded = np.arange(len(p.xs))[:, None] >= p.lengths
    dirty, dhs = p.xs.copy(), p.dhs.copy()
    dirty[padded], dhs[padded] = np.nan, np.inf
    more = [np.concatenate([a, np.full_like(a[:2], np.nan)]) for a in (dirty, dhs)]
    clean = p.gradients()
    for given, upstream in ((dirty, dhs), more):
        other = p._replace(xs=given, dhs=upstream)
        assert near(other.run().hs[: len(p.xs)], p.run().hs, 1e-15)
        assert_same(other.gradients().cell, clean.cell, "gradients", tolerance=1e-14)
        assert not other.gradients().xs[len(p.xs) :].any()


# What belongs to one cell


@pytest.mark.parametrize("k", range(1, T))
def test_lstm_with_open_forget_gate_and_closed_input_keeps_its_memory(k):
    b = np.repeat([-1e4, 1e4, 0, 0], H)
    cell = LSTM(np.zeros((D, 4 * H)), np.zeros((H, 4 * H)), b)
    state = forward(cell, np.ones((k, B, D)), problem("LSTM").state).state
    assert np.array_equal(state.c, problem("LSTM").state.c)


def lstm_with(**biases):
    """An LSTM with random weights, but for the named gates, which have a bias only."""
    rng = np.random.default_rng(4)
    weights = [rng.normal(0, 0.5, shape) for shape in [(D, 4, H), (H, 4, H), (4, H)]]
    for gate, bias in biases.items():
        for w in weights:
            w[..., "ifgo".index(gate), :] = 0
        weights[2]["ifgo".index(gate)] = bias
    return LSTM(*(w.reshape(*w.shape[:-2], 4 * H) for w in weights))


@pytest.mark.parametrize(("kind", "gate"), [(NIG, "i"), (NFG, "f"), (NOG, "o")])
def test_a_gate_that_is_left_out_is_a_gate_that_is_open(kind, gate):
    lstm, p = lstm_with(**{gate: 1e4}), problem("LSTM")
    theirs = forward(lstm, p.xs, p.state)
    held = np.repeat(list("ifgo"), H) == gate
    for weights in (lstm, lstm.map(lambda w: w + held)):
        cell = kind(weights.W_x, weights.W_h, weights.b)  # what is held is not read
        ours = forward(cell, p.xs, p.state)
        assert near(ours.hs, theirs.hs, 1e-14)
        assert_same(ours.state, theirs.state, "the last state", tolerance=1e-14)
        gradients = backward(cell, p.dhs, ours).cell
        assert not any(leaf[..., held].any() for leaf in gradients.leaves().values())
        assert cell.size == lstm.size - (D + H + 1) * H


def test_a_held_gate_has_no_first_weights():
    for kind, held in ((NIG, 0), (NFG, 1), (NOG, 3)):
        cell, free = first(kind), np.arange(4 * H) // H != held
        masked = first(LSTM).map(lambda w, free=free: w * free).leaves()
        for ours, theirs in zip(cell.leaves().values(), masked.values(), strict=True):
            assert np.array_equal(ours, theirs)


def test_peepholes_of_zero_are_an_lstm():
    p = problem("LSTM")
    peephole = PeepholeLSTM(p.net.W_x, p.net.W_h, p.net.b, np.zeros((3, H)))
    assert near(forward(peephole, p.xs, p.state).hs, p.run().hs, 1e-15)


def test_coupled_gates_are_an_lstm_whose_input_gate_is_one_minus_its_forget_gate():
    p = problem("Coupled")
    weights = p.net.W_x, p.net.W_h, p.net.b  # 1 - σ(a) = σ(-a)
    lstm = LSTM(*(np.concatenate([-w[..., :H], w], axis=-1) for w in weights))
    assert near(p.run().hs, forward(lstm, p.xs, p.state).hs, 1e-14)


def test_gru_with_z_at_one_keeps_its_state():
    p, b = problem("GRU"), np.repeat([0, 1e4, 0], H)
    cell = GRU(np.zeros((D, 3 * H)), np.zeros((H, 3 * H)), b, np.zeros(H))
    assert np.array_equal(forward(cell, p.xs, p.state).state.h, p.state.h)


def test_reset_before_or_after_is_the_same_where_the_candidates_weights_are_diagonal():
    p = problem("ResetBeforeGRU")
    diagonal = p.net.W_h.copy()
    diagonal[:, 2 * H :] *= np.eye(H)

    def gap(W_h):
        before = ResetBeforeGRU(p.net.W_x, W_h, p.net.b)
        after = GRU(p.net.W_x, W_h, p.net.b, np.zeros(H))
        one, other = (forward(cell, p.xs, p.state).hs for cell in (before, after))
        return np.abs(one - other).max()

    assert gap(p.net.W_h) > 0.01, "in general they are two functions"
    assert gap(diagonal) < 1e-14


def test_clockwork_of_one_module_with_period_1_is_an_rnn():
    p = problem("RNN")
    clockwork = Clockwork(p.net.W_x, p.net.W_h, p.net.b, (1,))
    zero = clockwork.zero_state(B)
    start, dstate = (zero.map(lambda _, h=h: h) for h in (p.state.h, p.dstate.h))
    ours = p._replace(net=clockwork, state=start, dstate=dstate)
    assert np.array_equal(ours.run().hs, p.run().hs)
    assert_same(ours.ours(), p.ours(), "Clockwork with period 1, and RNN", tolerance=0)


def test_clockwork_never_reads_a_faster_module():
    p = problem("Clockwork 1 2 4")
    module = np.arange(H) // 2
    # the column's unit would read the row's, which is faster
    masked = module[:, None] < module
    W_h = np.where(masked, np.nan, p.net.W_h)
    poisoned = Clockwork(p.net.W_x, W_h, p.net.b, p.net.periods)
    hs = forward(poisoned, p.xs, p.state).hs
    assert np.array_equal(hs, p.run().hs), "a masked weight changes the outputs"
    assert not p.gradients().cell.W_h[masked].any(), "a masked weight has a gradient"
    assert p.gradients().cell.W_h[~masked].all(), "a weight has no gradient"
    assert not first(Clockwork, periods=p.net.periods).W_h[masked].any()


def test_clockwork_moves_a_module_only_where_its_period_divides_t():
    p = problem("Clockwork 1 2 4")
    run = p.run()
    steps = zip(run.hs_prev, run.hs, strict=True)
    for t, (h_prev, h) in enumerate(steps, start=p.state.t):
        for i, period in enumerate(p.net.periods):
            module = slice(2 * i, 2 * i + 2)
            copied = np.array_equal(h[:, module], h_prev[:, module])
            assert copied == (t % period > 0), f"module of period {period} at t = {t}"
    assert run.state.t == p.state.t + len(p.xs)


def test_clockwork_counts_only_the_weights_that_it_reads():
    clockwork = first(Clockwork, 1, 64, periods=tuple(2**i for i in range(8)))
    for cell, size in [(clockwork, 2497), (first(RNN, 1, 64), 4289)]:
        net = Network.init(cell, 1, rng=np.random.default_rng(0))
        assert net.size == size, "8 modules of 8 units, D = 1, V = 1"
