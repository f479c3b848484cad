"""What a reader is told: what was expected, and what came."""

import re

import numpy as np
import pytest

from rnncourse import GRU, LSTM, RNN, Clockwork, State, backward, forward, generate
from rnncourse.arrays import Batch
from rnncourse.cells import NIG, PeepholeLSTM
from rnncourse.cells.lstm import LSTMState
from rnncourse.composition import bidirectional, stack
from rnncourse.functions import cross_entropy, squared_error
from rnncourse.network import Network, at_the_end, objective
from rnncourse.training import SGD, Adam, clip_by_norm, clip_by_value, train

pytestmark = pytest.mark.usefixtures("unchecked")

T, B, D, H = 5, 3, 4, 6
rng = np.random.default_rng(0)
zeros = np.zeros
rnn, lstm, gru = (cell.init(D, H, rng=rng) for cell in (RNN, LSTM, GRU))
clockwork = Clockwork.init(D, H, periods=(1, 2, 4), rng=rng)
two = stack(lstm, LSTM.init(H, H, rng=rng))
both = bidirectional(lstm, LSTM.init(D, H, rng=rng))
net = Network.init(lstm, D, rng=rng)
xs, symbols = rng.standard_normal((T, B, D)), rng.integers(0, D, (T, B))
dhs = rng.standard_normal((T, B, H))
run, run_two, run_both = forward(lstm, xs), forward(two, xs), forward(both, xs)
state = lstm.zero_state(B)


def with_value(array, value):
    """A copy with a value at (1, 2, 3), or at the last place of a smaller array."""
    copy = np.array(array, float)
    copy[(1, 2, 3)[: copy.ndim]] = value
    return copy


INPUTS = [
    lambda: forward(lstm, xs.tolist()),
    "TypeError: xs is a list; LSTM with D = 4 expects an array of shape (T, B, 4)",
    lambda: forward(lstm, None),
    "TypeError: xs is a NoneType; LSTM with D = 4 expects an array",
    lambda: forward(lstm, xs[0]),
    "ValueError: xs has shape (3, 4); LSTM with D = 4 expects (T, B, 4)",
    lambda: forward(gru, xs[..., :3]),
    "ValueError: xs has shape (5, 3, 3); GRU with D = 4 expects (T, B, 4)",
    lambda: forward(rnn, xs[:0]),
    "ValueError: xs has shape (0, 3, 4); RNN with D = 4 expects (T, B, 4)",
    lambda: forward(clockwork, xs[:, :0]),
    "ValueError: xs has shape (5, 0, 4); Clockwork with D = 4 expects (T, B, 4)",
    lambda: forward(lstm, xs.astype(complex)),
    "TypeError: xs has dtype complex128; real numbers were expected",
    lambda: forward(lstm, xs.astype(object)),
    "TypeError: xs has dtype object; real numbers were expected",
    lambda: forward(lstm, xs.astype(str)),
    "TypeError: xs has dtype <U32; real numbers were expected",
    lambda: forward(lstm, with_value(xs, np.nan)),
    "ValueError: xs is nan at (1, 2, 3); every value must be finite",
    lambda: forward(lstm, with_value(xs, -np.inf)),
    "ValueError: xs is -inf at (1, 2, 3); every value must be finite",
    lambda: forward(lstm.map(np.float32), with_value(xs, 1e300)),
    "ValueError: xs is inf at (1, 2, 3)",
    lambda: forward(two, xs[:0]),
    "ValueError: xs has shape (0, 3, 4); LSTM with D = 4 expects (T, B, 4)",
    lambda: forward(both, xs.tolist()),
    "TypeError: xs is a list; LSTM with D = 4 expects an array of shape (T, B, 4)",
    lambda: forward(3, xs),
    "TypeError: forward got a int; it expects a cell, a stack or a bidirectional",
    lambda: forward(LSTM, xs),
    "TypeError: forward got a type; it expects a cell, a stack or a bidirectional",
    lambda: lstm.step(state, xs),
    "ValueError: x has shape (5, 3, 4); LSTM.step expects (B, 4)",
    lambda: lstm.step(state, xs[0].tolist()),
    "TypeError: x is a list; LSTM.step expects an array of shape (B, 4)",
    lambda: lstm.step(state, with_value(xs[0], np.nan)),
    "ValueError: x is nan at (1, 2); every value must be finite",
]
SYMBOLS = [
    lambda: forward(lstm, symbols + 4),
    "ValueError: ; LSTM with D = 4 expects 0 to 3",
    lambda: forward(lstm, zeros((T, B), int) + 4),
    "ValueError: xs contain symbol 4; LSTM with D = 4 expects 0 to 3",
    lambda: forward(lstm, zeros((T, B), int) - 1),
    "ValueError: xs contain symbol -1; LSTM with D = 4 expects 0 to 3",
    lambda: forward(lstm, symbols[0]),
    "ValueError: xs of symbols has shape (3,); LSTM with D = 4 expects (T, B)",
    lambda: forward(lstm, symbols[:0]),
    "ValueError: xs of symbols has shape (0, 3); LSTM with D = 4 expects (T, B)",
    lambda: forward(lstm, symbols[..., None]),
    "TypeError: xs has dtype int64 and shape (5, 3, 1); LSTM with D = 4 expects vectors"
    " as floats",
    lambda: forward(lstm, symbols * 1.0),
    "ValueError: xs has shape (5, 3); LSTM with D = 4 expects (T, B, 4)",
]
STATES = [
    lambda: forward(lstm, xs, State(zeros((B, H)))),
    "TypeError: state is a State; LSTM expects a LSTMState",
    lambda: forward(rnn, xs, state),
    "TypeError: state is a LSTMState; RNN expects a State",
    lambda: forward(clockwork, xs, State(zeros((B, H)))),
    "TypeError: state is a State; Clockwork expects a ClockworkState",
    lambda: forward(lstm, xs, zeros((B, H))),
    "TypeError: state is a ndarray; LSTM expects a LSTMState",
    lambda: forward(lstm, xs, (zeros((B, H)),) * 2),
    "TypeError: state is a tuple; LSTM expects a LSTMState",
    lambda: forward(lstm, xs, lstm.zero_state(2)),
    "ValueError: state.h has shape (2, 6); LSTM expects (3, 6)",
    lambda: forward(lstm, xs, LSTMState(zeros((B, H)), zeros((B, 5)))),
    "ValueError: state.c has shape (3, 5); LSTM expects (3, 6)",
    lambda: forward(lstm, xs, LSTMState(zeros((B, H)), None)),
    "TypeError: state.c is a NoneType; LSTM expects an array",
    lambda: forward(rnn, xs, State(with_value(zeros((B, H)), np.nan))),
    "ValueError: state is nan at (1, 2); every value",
    lambda: forward(rnn, xs, State(zeros((B, H), complex))),
    "TypeError: state has dtype complex128; real numbers were expected",
    lambda: lstm.step(None, xs[0]),
    "TypeError: state is a NoneType; LSTM expects a LSTMState",
    lambda: lstm.step(lstm.zero_state(2), xs[0]),
    "ValueError: state.h has shape (2, 6); LSTM expects (3, 6)",
    lambda: forward(two, xs, state),
    "TypeError: state is a LSTMState; a stack expects a StackState",
    lambda: forward(two, xs, (state, state)),
    "TypeError: state is a tuple; a stack expects a StackState",
    lambda: forward(two, xs, stack(lstm).zero_state(B)),
    "ValueError: state has 1 layers; a stack of 2 expects as many",
    lambda: forward(two, xs, two.zero_state(2)),
    "ValueError: state.h has shape (2, 6); LSTM expects (3, 6)",
    lambda: forward(both, xs, state),
    "TypeError: state is a LSTMState; a bidirectional expects a BidirectionalState",
]
UPSTREAM = [
    lambda: backward(lstm, dhs[:4], run),
    "ValueError: dhs has shape (4, 3, 6); backward expects (5, 3, 6)",
    lambda: backward(lstm, dhs.tolist(), run),
    "TypeError: dhs is a list; backward expects an array of shape (5, 3, 6)",
    lambda: backward(lstm, dhs.astype(complex), run),
    "TypeError: dhs has dtype complex128; real numbers were expected",
    lambda: backward(lstm, dhs.astype(object), run),
    "TypeError: dhs has dtype object; real numbers were expected",
    lambda: backward(two, dhs[:4], run_two),
    "ValueError: dhs has shape (4, 3, 6); backward expects (5, 3, 6)",
    lambda: backward(both, dhs, run_both),
    "ValueError: dhs has shape (5, 3, 6); backward expects (5, 3, 12)",
    lambda: backward(lstm, dhs, run, State(zeros((B, H)))),
    "TypeError: dstate is a State; LSTM expects a LSTMState",
    lambda: backward(lstm, dhs, run, zeros((B, H))),
    "TypeError: dstate is a ndarray; LSTM expects a LSTMState",
    lambda: backward(lstm, dhs, run, lstm.zero_state(1)),
    "ValueError: dstate.h has shape (1, 6); LSTM expects (3, 6)",
    lambda: backward(two, dhs, run_two, state),
    "TypeError: dstate is a LSTMState; a stack expects a StackState",
    lambda: backward(both, zeros((T, B, 2 * H)), run_both, state),
    "TypeError: dstate is a LSTMState; a bidirectional expects",
    lambda: backward(3, dhs, run),
    "TypeError: backward got a int; it expects a cell, a stack or a bidirectional",
]
PARAMETERS = [
    lambda: LSTM(zeros((4, 24)), zeros((6, 24)), zeros((1, 6))),
    "ValueError: b has shape (1, 6); LSTM expects (24,)",
    lambda: LSTM(zeros((4, 24)), zeros((6, 18)), zeros(24)),
    "ValueError: W_h has shape (6, 18); LSTM expects (6, 24)",
    lambda: GRU(zeros((4, 24)), zeros((6, 18)), zeros(18), zeros(6)),
    "ValueError: W_x has shape (4, 24); GRU expects (D, 18)",
    lambda: GRU(zeros((4, 18)), zeros((6, 18)), zeros(18), zeros(18)),
    "ValueError: b_n has shape (18,); GRU expects (6,)",
    lambda: RNN([[0.0]], zeros((1, 1)), zeros(1)),
    "TypeError: W_x is a list; RNN expects an array of shape (D, 1)",
    lambda: RNN(zeros((4, 6)), zeros(6), zeros(6)),
    "ValueError: W_h has shape (6,); RNN expects (H, G)",
    lambda: rnn.map(lambda w: w.astype(int)),
    "TypeError: W_x has dtype int64; RNN expects floats",
    lambda: rnn.map(lambda w: w.astype(complex)),
    "TypeError: W_x has dtype complex128; RNN expects floats",
    lambda: RNN(rnn.W_x, rnn.W_h, rnn.b.astype(np.float32)),
    "TypeError: b has dtype float32, W_x has float64; RNN expects one dtype",
    lambda: RNN.init(0, 6, rng=rng),
    "ValueError: D is 0; an initialiser expects 1 or more",
    lambda: LSTM.init(4, 0, rng=rng),
    "ValueError: H is 0; LSTM expects 1 or more",
    lambda: PeepholeLSTM(lstm.W_x, lstm.W_h, lstm.b, zeros((4, 6))),
    "ValueError: p has shape (4, 6); PeepholeLSTM expects (3, 6)",
    lambda: NIG(lstm.W_x[:, :18], lstm.W_h[:, :18], lstm.b[:18]),
    "ValueError: W_h has shape (6, 18); NIG expects (6, 24)",
    lambda: RNN.init(4, 6),
    "TypeError: missing 1 required keyword-only argument: 'rng'",
]
TUPLE = "Clockwork expects a tuple of positive integers, fast to slow"
PERIODS = [
    ((), 6, f"periods are (); {TUPLE}"),
    ([1, 2], 6, f"periods are [1, 2]; {TUPLE}"),
    ((0, 2), 6, f"periods are (0, 2); {TUPLE}"),
    ((1.0, 2), 6, f"periods are (1.0, 2); {TUPLE}"),
    ((1, 3, 4), 6, "periods are (1, 3, 4); each must divide the next"),
    ((4, 2, 1), 6, "periods are (4, 2, 1); each must divide the next"),
    ((1, 2, 4, 8), 6, "H is 6; 4 modules of equal size expect a multiple of 4"),
    ((1, 2, 4), 2, "H is 2; 3 modules of equal size expect a multiple of 3"),
    ((1, 2), 0, "H is 0; Clockwork expects 1 or more"),
]
NETWORKS = [
    lambda: stack(),
    "ValueError: stack got no layers; it expects one or more",
    lambda: stack(lstm, lstm.map(np.copy)),
    "ValueError: a layer expects inputs of size 4; the layer below it has 6 outputs",
    lambda: stack([lstm, lstm]),
    "TypeError: stack got a list; it expects a cell, a stack or a bidirectional",
    lambda: stack(lstm, 3),
    "TypeError: stack got a int; it expects a cell, a stack or a bidirectional",
    lambda: bidirectional(lstm, LSTM.init(5, 6, rng=rng)),
    "ValueError: the directions expect inputs of sizes 4 and 5",
    lambda: bidirectional(lstm, LSTM),
    "TypeError: bidirectional got a type; it expects a cell, a stack or a bidirectional",
    lambda: Network(3, zeros((6, 3)), zeros(3)),
    "TypeError: Network got a int; it expects a cell, a stack or a bidirectional",
    lambda: Network(lstm, zeros((5, 3)), zeros(3)),
    "ValueError: W_y has shape (5, 3); Network expects (6, V)",
    lambda: Network(lstm, zeros((6, 3)), zeros(4)),
    "ValueError: b_y has shape (4,); Network expects (3,)",
    lambda: Network(lstm, zeros((6, 3), np.float32), zeros(3)),
    "TypeError: W_y has dtype float32, cell.W_x has float64; Network",
    lambda: stack(lstm, LSTM.init(6, 6, rng=rng, dtype=np.float32)),
    "TypeError: layers.1.W_x has dtype float32, layers.0.W_x has float64",
    lambda: bidirectional(lstm, lstm.map(np.float32)),
    "TypeError: back.W_x has dtype float32, ahead.W_x has float64",
]
LOSSES = [
    lambda: cross_entropy(zeros((T, B, 4)), zeros((T, B))),
    "TypeError: targets have dtype float64; cross_entropy expects integers",
    lambda: cross_entropy(zeros((1, 4)), [np.nan]),
    "TypeError: targets have dtype float64; cross_entropy expects integers",
    lambda: cross_entropy(zeros((1, 4)), np.array([True])),
    "TypeError: targets have dtype bool; cross_entropy expects integers",
    lambda: cross_entropy(zeros((T, B, 4)), zeros(T, int)),
    "ValueError: targets have shape (5,); logits (5, 3, 4) expect (5, 3)",
    lambda: cross_entropy(zeros((1, 4)), [4]),
    "ValueError: targets contain 4; cross_entropy expects 0 to 3 for 4 logits",
    lambda: cross_entropy(zeros((1, 4)), [-1]),
    "ValueError: targets contain -1; cross_entropy expects 0 to 3 for 4 logits",
    lambda: cross_entropy(zeros((0, 4)), zeros(0, int)),
    "ValueError: no target is left; cross_entropy expects one symbol",
    lambda: cross_entropy([[0.0, 1.0]], [1]),
    "TypeError: logits are a list; cross_entropy expects an array of floats",
    lambda: cross_entropy(zeros((1, 4), complex), [1]),
    "TypeError: logits have dtype complex128; cross_entropy expects float32 or float64",
    lambda: squared_error(zeros((T, 3)), zeros(T)),
    "ValueError: targets have shape (5,); outputs of shape (5, 3) expect",
    lambda: squared_error(zeros((T, 3)), with_value(zeros((T, 3)), np.nan)),
    "ValueError: targets is nan at (1, 2); every value",
    lambda: squared_error(zeros((T, 3)), zeros((T, 3), complex)),
    "TypeError: targets has dtype complex128; real numbers",
    lambda: squared_error(zeros((T, 3), int), zeros((T, 3))),
    "TypeError: outputs have dtype int64; squared_error expects float32 or float64",
    lambda: squared_error(zeros((0, 3)), zeros((0, 3))),
    "ValueError: no target is left; squared_error expects one number",
    lambda: objective(net, Batch(xs, symbols[0])),
    "ValueError: targets have shape (3,); logits (5, 3, 4) expect (5, 3)",
    lambda: objective(net, Batch(xs, symbols), loss=at_the_end(cross_entropy)),
    "ValueError: targets have shape (5, 3); logits (3, 4) expect (3,)",
]
GENERATION = [
    lambda: next(generate(net, zeros(0, int), rng=rng)),
    "ValueError: the prompt has shape (0,); generate expects (P,)",
    lambda: next(generate(net, zeros((1, 2), int), rng=rng)),
    "ValueError: the prompt has shape (1, 2); generate expects (P,)",
    lambda: next(generate(net, "hello", rng=rng)),
    "TypeError: the prompt is a str; generate expects an array of shape (P,)",
    lambda: next(generate(net, np.array([1, 7]), rng=rng)),
    "ValueError: xs contain symbol 7; LSTM with D = 4 expects 0 to 3",
    lambda: next(generate(Network.init(lstm, 9, rng=rng), np.array([1]), rng=rng)),
    "ValueError: the network has 9 outputs and 4 inputs; generate expects as many",
]
TRAINING = [
    lambda: clip_by_norm(lstm, 0),
    "ValueError: limit is 0.0; clipping expects a number above 0",
    lambda: clip_by_norm(lstm, np.nan),
    "ValueError: limit is nan; clipping expects a number above 0",
    lambda: clip_by_value(lstm, -1),
    "ValueError: limit is -1.0; clipping expects a number above 0",
    lambda: SGD(-0.1),
    "ValueError: rate is -0.1; SGD expects a finite number of 0 or more",
    lambda: Adam(0.1, beta_2=np.nan),
    "ValueError: beta_2 is nan; Adam expects a number of 0 or more and below 1",
    lambda: SGD("fast"),
    "TypeError: rate is 'fast'; SGD expects a number",
    lambda: next(train(net, [Batch(xs, symbols)], lambda *_: (np.nan, net, 0), SGD(1))),
    "FloatingPointError: update 1: the loss is nan and its gradient's norm",
]


def clocks(periods, hidden):
    """The two ways to make a Clockwork."""
    yield lambda: Clockwork.init(D, hidden, periods=periods, rng=rng)
    if hidden == H:
        yield lambda: Clockwork(clockwork.W_x, clockwork.W_h, clockwork.b, periods)


BAD_CLOCKS = [
    part
    for periods, hidden, message in PERIODS
    for call in clocks(periods, hidden)
    for part in (call, f"ValueError: {message}")
]
CALLS = [*INPUTS, *SYMBOLS, *STATES, *UPSTREAM, *PARAMETERS, *BAD_CLOCKS, *NETWORKS]
CALLS += [*LOSSES, *GENERATION, *TRAINING]
PAIRS = list(zip(CALLS[::2], CALLS[1::2], strict=True))  # a call, and what it raises


@pytest.mark.parametrize(("call", "told"), PAIRS, ids=CALLS[1::2])
def test_error_says_what_was_expected_and_what_came(call, told):
    before = [part.copy() for part in everything()]
    kind, _, message = told.partition(": ")
    with pytest.raises(Exception, match=re.escape(message)) as caught:
        call()
    assert caught.typename == kind
    for had, has in zip(before, everything(), strict=True):
        assert np.array_equal(had, has), "something was changed before the error"


def everything():
    """All arrays that the calls share."""
    records = [net, two, both, rnn, gru, clockwork]
    leaves = [leaf for record in records for leaf in record.leaves().values()]
    return [xs, symbols, dhs, run.hs, run_two.hs, *leaves]
