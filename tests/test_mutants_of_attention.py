"""Mistakes planted in the backward pass of a look, and of encoder and decoder: central
differences must see each of them.
"""

from functools import cache

import pytest
from judges import unannotated
from test_mutants import mutants, planted
from test_nets import make

from rnncourse import translation
from rnncourse.attention import Additive, DotProduct, attend_backward, mean_backward
from rnncourse.decoder import AttentionCell
from rnncourse.gradcheck import differences, relative_error
from rnncourse.translation import OneVector, WithAttention, answering

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("unchecked")]

READOUT = mutants(answering, "one, attention")(
    ("rows(decoded.hs).T @", "rows(decoded.hs[::-1]).T @"),  # another step's state
    ("sum_of_rows(dys)", "dys[0].sum(axis=0)"),
    ("dys @ net.W_y.T", "dys[::-1] @ net.W_y.T"),
)
VECTOR = mutants(OneVector.decode_backward, "one, one ahead")(
    ("back.xs[..., self.V:].sum(axis=0)", "back.xs[-1, :, self.V:]"),  # one step only
    ("back.xs[..., self.V:].sum(axis=0)", "back.xs[..., self.V:].mean(axis=0)"),
    (", dstate)", ")"),  # nothing for the encoder
)
DIRECTIONS = mutants(translation._as_state, "one")(("ahead, back = ", "back, ahead = "))
MEMORY = mutants(WithAttention.decode_backward, "attention")(
    ("back.memory", "0 * back.memory")
)
STEP = mutants(AttentionCell.gates_backward, "attention, attention dot")(
    ("dstate.h + dq[0] @ self.score.W_q.T", "dstate.h"),  # the query's way to h_{t-1}
    ("dstate.h + dq[0]", "dq[0]"),
    ("softmax_derivative(dweights, tape.weights[None])", "dweights"),
    (
        "softmax_derivative(dweights, tape.weights[None])",
        "tape.weights[None] * dweights",
    ),
)
OVER_TIME = mutants(AttentionCell.gradients, "attention, attention dot")(
    ("back.keys + back.values", "back.keys"),
    ("back.keys + back.values", "back.values"),
    ("rows(contexts).T", "rows(contexts[::-1]).T"),
    ("run.hs_prev", "run.hs"),  # the query is the state before
)
LOOK = mutants(attend_backward, "attention, attention dot")(
    ("softmax_derivative(dalphas, alphas)", "alphas * dalphas"),
    ("rows(queries).T @ rows(dq)", "rows(queries[::-1]).T @ rows(dq)"),
    ("rows(keys[:used]).T @ rows(dk)", "rows(values[:used][::-1]).T @ rows(dk)"),
)
MEAN = mutants(mean_backward, "attention")(
    ("weights.transpose(1, 2, 0) @ d", "0 * weights.transpose(1, 2, 0) @ d"),
    ("d @ values", "d[:, ::-1] @ values"),
)
ADDITIVE = mutants(Additive.compare_backward, "attention")(
    (" * tanh_derivative(u)", ""),
    ("d * self.v * ", "d * "),
    ("(d * u)", "(d * self.v)"),
    ("tanh_derivative(u)", "tanh_derivative(d * u)"),
)
DOT = mutants(DotProduct.compare_backward, "attention dot")(
    (" / np.sqrt(q.shape[-1]).astype(q.dtype)", ""),
    (
        "d.swapaxes(1, 2) @ q.swapaxes(0, 1)",
        "d.swapaxes(1, 2) @ q.swapaxes(0, 1)[:, ::-1]",
    ),
)
ALL = [
    *READOUT,
    *VECTOR,
    *DIRECTIONS,
    *MEMORY,
    *STEP,
    *OVER_TIME,
    *LOOK,
    *MEAN,
    *ADDITIVE,
    *DOT,
]


@cache
def numeric(name):
    """Central differences of the right network."""
    net, batch = make(name)
    with unannotated():
        return differences(lambda at: answering(at, batch)[0], net)


@pytest.mark.parametrize(
    "mutant", ALL, ids=lambda mutant: f"{mutant.function.__qualname__}: {mutant.wrong}"
)
def test_central_differences_see_the_mistake(mutant):
    for name in mutant.networks.split(", "):
        right = numeric(name)
        net, batch = make(name)
        assert relative_error(answering(net, batch)[1], right) < 1e-7
        with planted(mutant):
            seen = relative_error(answering(net, batch)[1], right)
        assert seen > 1e-7, f"with {mutant.wrong!r} the gradients of {name} pass"
