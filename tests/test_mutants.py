"""Mistakes planted in every backward pass: the judge must see each of them."""

import ast
import inspect
from contextlib import contextmanager
from textwrap import dedent, indent
from typing import NamedTuple

import numpy as np
import pytest
from judges import B, T, error, numeric, problem, ragged_error, readout_error

from rnncourse import GRU, LSTM, RNN, Clockwork
from rnncourse.arrays import input_gradient
from rnncourse.cells import NOAF, CoupledLSTM, PeepholeLSTM, ResetBeforeGRU
from rnncourse.composition import Bidirectional, Stack
from rnncourse.functions import cross_entropy, squared_error
from rnncourse.gradcheck import relative_error
from rnncourse.network import Network, _at_the_end
from rnncourse.recurrence import Cell

# else an annotation may see a mistake before the judge does
pytestmark = pytest.mark.usefixtures("unchecked")


class Mutant(NamedTuple):
    """In a function, `right` becomes `wrong`; each of these networks must show it."""

    function: object
    networks: str  # separated by commas
    right: str  # as ast.unparse writes it: each statement on one line
    wrong: str
    given: dict  # to the judge: symbols, ragged


@contextmanager
def planted(mutant):
    """Inside, the function has the mistake: it is compiled with one fragment replaced."""
    function = inspect.unwrap(mutant.function)
    (tree,) = ast.parse(dedent(inspect.getsource(function))).body
    tree.decorator_list, tree.returns, tree.name = [], None, "mutant"
    for argument in [*tree.args.args, *tree.args.kwonlyargs]:
        argument.annotation = None
    source = ast.unparse(tree)
    times = source.count(mutant.right)
    assert times == 1, f"{mutant.right!r} occurs {times} times in\n{source}"
    # a function around it, for a method that says super()
    wrong = indent(source.replace(mutant.right, mutant.wrong), "    ")
    outer, inside = f"def outer(__class__):\n{wrong}", {}
    exec(f"{outer}\n    return mutant", function.__globals__, inside)
    right, function.__code__ = function.__code__, inside["outer"](None).__code__
    try:
        yield
    finally:
        function.__code__ = right


def mutants(function, networks, **given):
    """Makes, of pairs (right, wrong), several mistakes in one function."""
    return lambda *pairs: [Mutant(function, networks, *pair, given) for pair in pairs]


LSTM_MUTANTS = mutants(LSTM.gates_backward, "LSTM")(
    ("dstate.c + ", ""),  # what comes back to c from t + 1
    (" + dstate.h * o * tanh_derivative(tanh_c)", ""),  # what reaches c through h
    ("dstate.h * o * tanh", "dstate.h * tanh"),
    ("dstate.h * o * tanh_derivative(tanh_c)", "dstate.h * o"),
    ("tanh_derivative(tanh_c)", "sigmoid_derivative(tanh_c)"),
    ("dc * g *", "dc * i *"),
    ("dc * g *", "dc *"),
    ("sigmoid_derivative(i)", "tanh_derivative(i)"),
    ("dc * c_prev *", "dc *"),
    ("dc * c_prev *", "dstate.c * c_prev *"),
    ("sigmoid_derivative(f)", "f"),
    ("dc * i *", "dc *"),
    ("tanh_derivative(g)", "sigmoid_derivative(g)"),
    ("da_o = dstate.h", "da_o = dc"),
    ("dstate.h * tanh_c *", "dstate.h *"),
    ("sigmoid_derivative(o)", "o * o"),
    ("da_f, da_g, da_o", "da_f, da_o, da_g"),  # the gate order of cs231n
    ("da_i, da_f", "da_f, da_i"),
    ("dc * f", "dc"),  # nothing is forgotten
    ("dc * f", "dc * i"),
    ("dc * f", "dstate.c * f"),  # the error that came through h does not go on along c
    # a path that is not there
    ("np.zeros(dc.shape, dc.dtype), dc * f", "dstate.h, dc * f"),
)
THROUGH_H = [  # of every LSTM with an output gate and a tanh
    ("dstate.c + ", ""),
    (" + dstate.h * o * tanh_derivative(tanh_c)", ""),
    ("dstate.h * o * tanh", "dstate.h * tanh"),
    ("dstate.h * tanh_c *", "dstate.h *"),
    ("da_o = dstate.h", "da_o = dc"),
]
VARIANT_MUTANTS = [
    *mutants(PeepholeLSTM.gates_backward, "Peephole")(
        *THROUGH_H[:-1],  # dc is not there yet
        (" + da_o * p_o", ""),  # the output gate sees c_t
        (" + da_i * p_i", ""),  # the others see c_{t-1}
        (" + da_f * p_f", ""),
        ("da_i * p_i + da_f * p_f", "da_i * p_f + da_f * p_i"),
        ("da_o * p_o", "da_o * p_i"),
        ("dc * c_prev *", "dc * _ *"),
        ("dc_prev = dc * f", "dc_prev = dstate.c * f"),
        ("da_f, da_g, da_o]", "da_f, da_o, da_g]"),
    ),
    *mutants(PeepholeLSTM.gradients, "Peephole")(
        ("da_os * cs", "da_os * c_prevs"),
        ("da_is * c_prevs", "da_is * cs"),
        ("da_fs * c_prevs", "da_fs * cs"),
        ("(da_is * c_prevs, da_fs * c_prevs,", "(da_fs * c_prevs, da_is * c_prevs,"),
        ("sum_of_rows(part)", "part.mean(axis=(0, 1))"),
        ("sum_of_rows(part)", "part[-1].sum(axis=0)"),
    ),
    *mutants(CoupledLSTM.gates_backward, "Coupled")(
        *THROUGH_H,
        ("(c_prev - g)", "c_prev"),  # the forget gate alone
        ("(c_prev - g)", "(g - c_prev)"),
        ("dc * (1 - f) *", "dc *"),
        ("dc * (1 - f) *", "dc * f *"),
        ("np.zeros(dc.shape, dc.dtype), dc * f", "np.zeros(dc.shape, dc.dtype), dc"),
    ),
    *mutants(NOAF.gates_backward, "No output activation")(
        ("dstate.c + ", ""),
        (" + dstate.h * o", ""),
        ("dstate.h * o", "dstate.h * o * tanh_derivative(c)"),  # as in an LSTM
        ("dstate.h * c *", "dstate.h * tanh(c) *"),
        ("dc * g *", "dc *"),
        ("dc * c_prev *", "dc *"),
        ("np.zeros(dc.shape, dc.dtype), dc * f", "np.zeros(dc.shape, dc.dtype), dc"),
    ),
]
RNN_MUTANTS = mutants(RNN.gates_backward, "RNN")(
    ("tanh_derivative(h)", "h * (1 - h)"),
    (" * tanh_derivative(h)", ""),
    # a path that is not there
    ("State(np.zeros(h.shape, h.dtype))", "State(dstate.h)"),
)
GRU_MUTANTS = [
    *mutants(GRU.gates_backward, "GRU")(
        ("(h_prev - n)", "(n - h_prev)"),  # the other convention for z
        ("(h_prev - n)", "h_prev"),
        ("sigmoid_derivative(z)", "tanh_derivative(z)"),
        ("sigmoid_derivative(z)", "sigmoid_derivative(r)"),
        ("dh * (1 - z) *", "dh *"),
        ("dh * (1 - z) *", "dh * z *"),
        ("tanh_derivative(n)", "sigmoid_derivative(n)"),
        ("da_n * a_hn *", "da_n *"),
        ("da_n * a_hn *", "dh * a_hn *"),
        ("sigmoid_derivative(r)", "tanh_derivative(r)"),
        ("da_x = np.concatenate([da_r, da_z", "da_x = np.concatenate([da_z, da_r"),
        ("da_n * r]", "da_n]"),  # as if there were no reset
        ("State(dh * z)", "State(dh)"),
        ("State(dh * z)", "State(dh * (1 - z))"),
        ("State(dh * z)", "State(np.zeros_like(dh))"),
    ),
    *mutants(GRU.gradients, "GRU")(
        ("(da_hs[", "(da_xs["),  # b_n is inside the reset, b is not
        ("2 * self.H:]", "2 * self.H:][:1]"),  # of one step instead of all
        ("sum_of_rows(", "1 / len(da_hs) * sum_of_rows("),
    ),
]
RESET_BEFORE_MUTANTS = [
    *mutants(ResetBeforeGRU.gates_backward, "ResetBeforeGRU")(
        ("(h_prev - n)", "(n - h_prev)"),  # the other convention for z
        ("sigmoid_derivative(z)", "sigmoid_derivative(r)"),
        ("dh * (1 - z) *", "dh * z *"),
        ("tanh_derivative(n)", "sigmoid_derivative(n)"),
        ("self.W_hn.T", "self.W_hn"),
        ("drh * h_prev *", "da_n * h_prev *"),  # no W_hn between r and n
        ("drh * h_prev *", "drh *"),
        ("sigmoid_derivative(r)", "tanh_derivative(r)"),
        ("da_r, da_z, da_n", "da_z, da_r, da_n"),
        (" + drh * r", ""),  # what reaches h through the candidate
        ("drh * r", "drh"),  # as if there were no reset
        ("dh * z + ", "dh + "),
    ),
    *mutants(ResetBeforeGRU.recurrent_backward, "ResetBeforeGRU")(
        ("self.W_hrz.T", "np.abs(self.W_hrz.T)"),
        ("da_h[:, :2 * self.H] @ self.W_hrz.T", "da_h @ self.W_h.T"),  # all read h
    ),
    *mutants(ResetBeforeGRU.recurrent_gradient, "ResetBeforeGRU")(
        ("rhs.T @ da_n", "rows(run.hs_prev).T @ da_n"),  # as if the reset came after
        ("run.tapes", "reversed(run.tapes)"),
        ("run.hs_prev", "run.hs"),
        ("rows(da_hs)", "rows(da_hs) / len(da_hs)"),  # a mean over time
    ),
]
CLOCKED = "dh[:, reads] += da_h[:, module] @ self.W_h[reads, module].T"
CLOCKWORK_MUTANTS = [
    *mutants(Clockwork.gates_backward, "Clockwork 1 2 4, Clockwork 2 4")(
        ("dstate.h.copy()", "np.zeros_like(dstate.h)"),  # who copies hands it on
        ("dh[:, :N] = 0", "dh[:, :N] *= 1"),  # who moves does not
        ("dh[:, :N] = 0", "dh[:, :] = 0"),
        ("tanh_derivative(h)", "h"),
        (" * tanh_derivative(h)", ""),
    ),
    *mutants(Clockwork.recurrent_backward, "Clockwork 1 2 4")(
        ("<=", "<"), ("+=", "="), (CLOCKED, "dh[:, module] += da_h[:, module]")
    ),
    *mutants(Clockwork.recurrent_gradient, "Clockwork 1 2 4, Clockwork 2 4")(
        ("-start % period", "start % period"),
        ("len(da_hs)", "len(da_hs) + 1"),  # the clock is off by one
        ("hs_prev", "hs"),
        ("(da_hs[moved, :, module])", "(da_hs[moved, :, module]) / period"),
    ),
]
BOTH = "both RNN, both LSTM, both GRU, both Clockwork 2 4, two_of_both LSTM"
EVERY_CELL = "RNN, LSTM, GRU, ResetBeforeGRU, Clockwork 1 2 4"
SHARED_MUTANTS = [
    # in the others W_h is not square: an error of shapes
    *mutants(Cell.recurrent_backward, "RNN")((".T", "")),
    *mutants(Cell.recurrent_backward, "RNN, LSTM, GRU")(
        ("da_h @", "-da_h @"), ("da_h @", "da_h[:1] @")
    ),
    *mutants(Cell.recurrent_gradient, "RNN, LSTM, GRU")(
        ("rows(run.hs_prev).T @ rows(da_hs)", "run.hs_prev[0].T @ da_hs[0]"),  # no sum
        ("rows(da_hs)", "rows(da_hs) / len(da_hs)"),  # a mean over time
        ("hs_prev", "hs"),  # h_t where h_{t-1} was read
        ("rows(da_hs)", "rows(da_hs.swapaxes(0, 1).copy())"),  # batch and time mixed up
    ),
    *mutants(Cell.gradients, EVERY_CELL)(
        ("sum_of_rows(da_xs)", "rows(da_xs).mean(axis=0)"),
        ("sum_of_rows(da_xs)", "da_xs[-1].sum(axis=0)"),
        ("sum_of_rows(da_xs)", "da_xs[:, 0].sum(axis=0)"),  # one sequence of the batch
        ("da_xs, self.D", "da_xs[::-1].copy(), self.D"),
    ),
    *mutants(Cell.gradients, "GRU")(
        ("run, da_hs)", "run, da_xs)"),  # only in a GRU are they not the same
        ("run.xs, da_xs", "run.xs, da_hs"),
        ("b=sum_of_rows(da_xs)", "b=sum_of_rows(da_hs)"),
    ),
    *mutants(input_gradient, EVERY_CELL)(
        ("rows(xs).T @ rows(da_xs)", "xs[0].T @ da_xs[0]"),
        ("rows(xs).T @ rows(da_xs)", "rows(xs).T @ rows(da_xs) / len(xs)"),
    ),
    *mutants(input_gradient, EVERY_CELL, symbols=True)(
        # = for +=
        (
            "np.add.reduceat(rows(da_xs)[order], starts, axis=0, dtype=np.float64)",
            "rows(da_xs)[order][starts]",
        ),
        ("rows(da_xs)[order]", "rows(da_xs)"),
        ("xs.ravel()[order]", "xs.ravel()[order][::-1]"),
    ),
    *mutants(Cell.backward, EVERY_CELL)(
        ("dhs[t] + (dstate.h + through)", "dhs[t]"),  # what comes back from t + 1
        ("dhs[t] + (", "("),  # what comes from the loss at t
        ("dhs[t] + (", "dhs[t - 1] + ("),
        ("(dstate.h + through)", "(dstate.h)"),  # the path through W_h
        ("h=dstate.h + through)", "h=dstate.h)"),  # to before the first step
        ("through = self", "through = through + self"),
        ("reversed(range(T))", "range(T)"),
        ("if dstate is None", "if True"),
        ("run.tapes[t]", "run.tapes[-1]"),
        ("times(da_xs, self.W_x.T)", "times(da_xs, np.abs(self.W_x.T))"),
        ("times(da_xs, self", "times(da_xs[:1].repeat(len(da_xs), 0), self"),
        ("da_hs), dxs, dstate,", "da_hs), dxs, run.state,"),
    ),
    *mutants(Cell.backward, "GRU, Clockwork 1 2 4")(
        ("(dstate.h + through)", "(through)"),  # the path around W_h
        ("h=dstate.h + through)", "h=through + 0 * dstate.h)"),
    ),
    *mutants(Cell.backward, "GRU")(
        ("recurrent_backward(da_h)", "recurrent_backward(da_x)"),
        ("if da_h is not da_x", "if False"),
        ("np.zeros_like(da_xs) if da_hs is da_xs else da_hs", "da_xs"),  # one for both
    ),
]
COMPOSITION_MUTANTS = [
    *mutants(Stack.backward, "two RNN, two LSTM, two GRU, two Clockwork 2 4")(
        ("backward(layer, above", "backward(layer, dhs"),  # every layer hears the loss
        ("tape, dlast)", "tape, None)"),
        ("g.state for g in gradients", "g.state for g in reversed(gradients)"),
    ),
    *mutants(Bidirectional.backward, BOTH)(
        ("turned(d_back, run.lengths)", "d_back"),
        ("turned(back.xs, run.lengths)", "back.xs"),
        ("dxs + turned(back.xs, run.lengths)", "dxs"),
        ("(ahead.cell, back.cell)", "(back.cell, ahead.cell)"),
        ("(ahead.state, back.state)", "(back.state, ahead.state)"),
        ("run.tapes[1], dlast_back", "run.tapes[1], None"),
        ("run.tapes[1], dlast_back", "run.tapes[1], dlast"),
    ),
]
RAGGED_MUTANTS = [
    *mutants(Cell.backward, EVERY_CELL, ragged=True)(
        ("dhs = np.where(alive[..., None], dhs, 0)", "pass"),  # outputs of padding
        ("chosen(alive[t], dstate, after)", "dstate"),  # the state goes on changing
        ("chosen(alive[t], after, after.map(np.zeros_like))", "after"),
    ),
    *mutants(Bidirectional.backward, BOTH, ragged=True)(
        ("turned(d_back, run.lengths)", "d_back[::-1]"),
        ("turned(back.xs, run.lengths)", "back.xs[::-1]"),
    ),
]
FORWARD_MUTANTS = [
    *mutants(Cell.forward, EVERY_CELL)(
        ("np.where(there(lengths, T)[..., None], hs, 0)", "hs.copy()"),
        ("chosen(t < lengths, state, before)", "chosen(t <= lengths, state, before)"),
        ("chosen(t < lengths, state, before)", "state"),
    ),
    *mutants(Bidirectional.forward, "both RNN, both GRU")(
        ("turned(ahead.xs, ahead.lengths)", "ahead.xs[::-1]"),
        ("turned(other, ahead.lengths)", "other[::-1]"),
    ),
]
MUTANTS = LSTM_MUTANTS + VARIANT_MUTANTS + RNN_MUTANTS + GRU_MUTANTS
MUTANTS += RESET_BEFORE_MUTANTS + CLOCKWORK_MUTANTS + SHARED_MUTANTS
MUTANTS += COMPOSITION_MUTANTS + RAGGED_MUTANTS


READOUT_MUTANTS = [
    *mutants(Network.gradient, "cross_entropy, squared_error, at_the_end")(
        ("dys @ self.W_y.T", "dys[::-1] @ self.W_y.T"),
        ("rows(run.hs)", "rows(run.hs_prev)"),
        ("sum_of_rows(dys)", "rows(dys).mean(axis=0)"),
        ("sum_of_rows(dys)", "dys[0].sum(axis=0)"),
    ),
    *mutants(cross_entropy, "cross_entropy, at_the_end")(
        ("dlogits /= count", "dlogits /= 1"), (", axis=-1) - 1", ", axis=-1)")
    ),
    *mutants(squared_error, "squared_error")(
        ("difference * (2 /", "difference * (1 /")
    ),
    *mutants(_at_the_end, "at_the_end")(
        ("dys[ends] = dy", "dys[:] = dy"), ("dys[ends] = dy", "dys[0] = dy")
    ),
]


def every_mutant(mutants):
    names = [f"{m.function.__qualname__}: {m.right} -> {m.wrong}" for m in mutants]
    deep = [
        "two_of" in m.networks for m in mutants
    ]  # their central differences take long
    cases = [
        pytest.param(m, marks=[pytest.mark.slow] * slow)
        for m, slow in zip(mutants, deep, strict=True)
    ]
    return pytest.mark.parametrize("mutant", cases, ids=names)


@every_mutant(MUTANTS)
def test_the_judge_sees_the_mistake(mutant):
    for name in mutant.networks.split(", "):
        numeric(name, **mutant.given)  # of the right function
        with planted(mutant):
            seen = error(name, **mutant.given)
        assert seen > 1e-7, f"with {mutant.wrong!r} the gradients of {name} pass"


@every_mutant(FORWARD_MUTANTS)
def test_the_judge_of_several_lengths_sees_the_mistake(mutant):
    for name in mutant.networks.split(", "):
        with planted(mutant):
            assert ragged_error(name) > 1e-7, f"with {mutant.wrong!r} {name} passes"


@pytest.mark.slow
@every_mutant(READOUT_MUTANTS)
def test_the_judge_of_the_readout_sees_the_mistake(mutant):
    for loss in mutant.networks.split(", "):
        with planted(mutant):
            seen = readout_error(loss)
        assert seen > 1e-7, f"with {mutant.wrong!r} the gradients of {loss} pass"


def missed(steps, batch, change=lambda problem: problem):
    """What a usual check of an LSTM's parameters, from zeros, does not see."""
    p = problem("LSTM", steps=steps, batch=batch)
    zeros = p.state.map(np.zeros_like)
    p = change(p._replace(state=zeros, dstate=zeros))
    right = p.numeric().net
    assert relative_error(p.ours().net, right) < 1e-7
    missed = set()
    for number, mutant in enumerate(MUTANTS):
        if "LSTM" in mutant.networks.split(", ") and not mutant.given:
            with planted(mutant):
                if relative_error(p.ours().net, right) < 1e-7:
                    missed.add(number)
    return missed


@pytest.mark.slow
def test_a_check_of_one_step_or_one_sequence_or_a_sum_misses_mistakes():
    usual = missed(T, B)
    assert len(missed(1, B) - usual) >= 10, "all that needs a second step"
    assert len(missed(T, 1) - usual) >= 1, "all that mixes sequences"
    ones = missed(T, B, lambda p: p._replace(dhs=np.ones_like(p.dhs)))
    assert len(ones - usual) >= 1, "one upstream gradient for another"
