"""attention and decoder: against central differences, against torch, and against each
sequence alone.
"""

from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
import torch
from judges import B, D, H, T, unannotated
from test_mutants import mutants, planted

from rnncourse import GRU, LSTM, RNN, Clockwork, backward, bidirectional, forward
from rnncourse.arrays import Record
from rnncourse.attention import (
    Additive,
    DotProduct,
    Score,
    attend,
    attend_backward,
    mean_backward,
    normalised,
)
from rnncourse.cells import PeepholeLSTM
from rnncourse.decoder import AttentionCell
from rnncourse.functions import softmax_derivative
from rnncourse.gradcheck import differences, relative_error

S, M, N, K = 9, 7, 8, 5
LENGTHS = (2, 7, 5)
SCORES = {"Additive": Additive, "DotProduct": DotProduct}
CELLS = {
    "RNN": RNN.init,
    "LSTM": LSTM.init,
    "GRU": GRU.init,
    "Clockwork": partial(Clockwork.init, periods=(1, 2)),
    "Peephole": PeepholeLSTM.init,
}
every_score = pytest.mark.parametrize("score", SCORES)
every_cell = pytest.mark.parametrize("cell", CELLS)


@dataclass(frozen=True, eq=False)
class Inputs(Record):
    """All that a look depends on."""

    score: Any
    queries: Any
    keys: Any
    values: Any


def look(score, seed=0):
    """Everything at random: a look into a memory of which two places are read by nobody,
    and the upstream gradients of both results.
    """
    rng = np.random.default_rng(seed)
    shapes = [(T, B, H), (S, B, M), (S, B, N)]
    arrays = [rng.standard_normal(shape) for shape in shapes]
    inputs = Inputs(SCORES[score].init(H, M, K, rng=rng), *arrays)
    mask = np.arange(S)[:, None] < np.array(LENGTHS)
    mask[1, 1] = False  # a hole
    return inputs, mask, rng.standard_normal((T, B, N)), rng.standard_normal((T, B, S))


def back(inputs, mask, dcontext, dweights):
    seen = attend(*vars(inputs).values(), mask)
    return Inputs(*attend_backward(dcontext, seen, dweights))


@cache
def look_numeric(score):
    inputs, mask, dcontext, dweights = look(score)

    def loss(at):
        context, weights, *_ = attend(*vars(at).values(), mask)
        return float(np.vdot(dcontext, context) + np.vdot(dweights, weights))

    with unannotated():
        return differences(loss, inputs)


def look_error(score):
    return relative_error(back(*look(score)), look_numeric(score))


@every_score
def test_a_look_equals_its_equations_and_torch(score):
    inputs, mask, dcontext, dweights = look(score)
    leaves = {name: torch.tensor(leaf) for name, leaf in inputs.leaves().items()}
    for leaf in leaves.values():
        leaf.requires_grad_()
    q = leaves["queries"] @ leaves["score.W_q"]
    k = leaves["keys"] @ leaves["score.W_k"]
    if score == "Additive":
        scores = (q[:, :, None] + k.swapaxes(0, 1)).tanh() @ leaves["score.v"]
    else:
        scores = torch.einsum("tbk,sbk->tbs", q, k) / K**0.5
    weights = scores.masked_fill(~torch.tensor(mask.T), -torch.inf).softmax(dim=2)
    context = torch.einsum("tbs,sbn->tbn", weights, leaves["values"])
    loss = (context * torch.tensor(dcontext)).sum()
    (loss + (weights * torch.tensor(dweights)).sum()).backward()
    seen = attend(*vars(inputs).values(), mask)
    for ours, theirs in [(seen.context, context), (seen.weights, weights)]:
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=1e-12)
    for name, ours in back(*look(score)).leaves().items():
        theirs = leaves[name].grad.numpy()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12 * abs(theirs).max())


def test_a_scaled_dot_product_is_torchs():
    inputs, mask, *_ = look("DotProduct")
    q, k = inputs.queries @ inputs.score.W_q, inputs.keys @ inputs.score.W_k
    q, k, v = (torch.tensor(a.swapaxes(0, 1)) for a in (q, k, inputs.values))
    allowed = torch.tensor(mask.T[:, None].repeat(T, axis=1))
    theirs = torch.nn.functional.scaled_dot_product_attention(q, k, v, allowed)
    ours = attend(*vars(inputs).values(), mask).context
    np.testing.assert_allclose(ours, theirs.numpy().swapaxes(0, 1), rtol=0, atol=1e-12)


@every_score
def test_gradients_of_a_look_equal_central_differences(score):
    assert look_error(score) < 1e-7


@every_score
def test_what_is_masked_does_not_matter_to_the_last_bit(score):
    inputs, mask, dcontext, dweights = look(score)
    seen, gradients = attend(*vars(inputs).values(), mask), back(*look(score))
    assert (seen.weights[~np.broadcast_to(mask.T, (T, B, S))] == 0).all()
    np.testing.assert_allclose(seen.weights.sum(axis=2), 1, rtol=0, atol=1e-15)
    assert (gradients.keys[~mask] == 0).all()
    assert (gradients.values[~mask] == 0).all()

    def padded(array, value):
        filled = np.where(mask[..., None], array, value)
        return np.concatenate([filled, np.full((4, *array.shape[1:]), value)])

    longer = np.concatenate([mask, np.zeros((4, B), bool)])
    wide = np.concatenate([dweights, np.ones((T, B, 4))], axis=2)
    for value in (0.0, 1e300, np.nan):
        other = Inputs(
            inputs.score,
            inputs.queries,
            padded(inputs.keys, value),
            padded(inputs.values, value),
        )
        again = attend(*vars(other).values(), longer)
        np.testing.assert_array_equal(again.context, seen.context)
        np.testing.assert_array_equal(again.weights[..., :S], seen.weights)
        slopes = back(other, longer, dcontext, wide)
        for name, leaf in gradients.leaves().items():
            ours = slopes.leaves()[name]
            np.testing.assert_array_equal(
                ours[:S] if len(ours) == S + 4 else ours, leaf
            )


def test_one_place_is_read_whole_and_no_mask_reads_all():
    inputs, mask, *_ = look("Additive")
    mask[:] = np.arange(S)[:, None] == 4
    context, weights, *_ = attend(*vars(inputs).values(), mask)
    np.testing.assert_array_equal(weights[..., 4], 1)
    np.testing.assert_array_equal(context, np.repeat(inputs.values[4:5], T, axis=0))
    score, queries, keys, _ = vars(inputs).values()
    whole = attend(score, queries, keys, keys, np.ones((S, B), bool))
    np.testing.assert_array_equal(attend(score, queries, keys).context, whole.context)


def test_scores_far_apart_do_not_overflow():
    inputs, mask, *_ = look("DotProduct")
    inputs = Inputs(inputs.score, 1e150 * inputs.queries, inputs.keys, inputs.values)
    seen = attend(*vars(inputs).values(), mask)
    assert np.isfinite(seen.context).all()
    assert set(seen.weights.max(axis=2).ravel()) == {1.0}


# ---- A cell that reads


def reader(cell, score="Additive", *, ragged=False, symbols=False):
    """A cell with a memory, inputs, upstream gradients and first state, all random."""
    rng = np.random.default_rng(3)

    def noise(leaf):
        return rng.normal(0, 0.5, leaf.shape)

    net = AttentionCell(
        CELLS[cell](D + M, H, rng=rng).map(noise),
        SCORES[score].init(H, M, K, rng=rng).map(noise),
        rng.standard_normal((S, B, M)),
        LENGTHS,
    )
    xs = rng.integers(0, D, (T, B)) if symbols else rng.standard_normal((T, B, D))
    state = net.zero_state(B).map(noise)
    lengths = np.array([T, 1, T - 2]) if ragged else None
    return net, xs, rng.standard_normal((T, B, H)), state, state.map(noise), lengths


def loss_of(net, xs, dhs, state, dstate, lengths):
    run = forward(net, xs, state, lengths=lengths)
    ends = zip(dstate.leaves().values(), run.state.leaves().values(), strict=True)
    return float(np.vdot(dhs, run.hs) + sum(np.vdot(*pair) for pair in ends))


@cache
def reader_numeric(cell, score, **given):
    net, xs, *rest = reader(cell, score, **given)
    with unannotated():
        if xs.ndim == 2:
            return differences(lambda n: loss_of(n, xs, *rest), net)
        both = differences(lambda p: loss_of(p.net, p.xs, *rest), Pair(net, xs))
        return both.net, both.xs


@dataclass(frozen=True, eq=False)
class Pair(Record):
    """A network and its inputs."""

    net: Any
    xs: Any


def reader_error(cell, score="Additive", **given):
    net, xs, dhs, state, dstate, lengths = reader(cell, score, **given)
    run = forward(net, xs, state, lengths=lengths)
    gradients = backward(net, dhs, run, dstate)
    numeric = reader_numeric(cell, score, **given)
    if xs.ndim == 2:
        return relative_error(gradients.cell, numeric)
    return relative_error(Pair(gradients.cell, gradients.xs), Pair(*numeric))


@pytest.mark.slow
@every_cell
@every_score
@pytest.mark.parametrize("given", [{}, {"ragged": True}, {"symbols": True}], ids=str)
def test_gradients_of_a_reader_equal_central_differences(cell, score, given):
    assert reader_error(cell, score, **given) < 1e-7


@every_score
def test_a_reader_equals_torchs_own_cell_fed_with_the_context(score):
    net, xs, dhs, state, dstate, _ = reader("LSTM", score)
    w = {name: torch.tensor(leaf) for name, leaf in net.leaves().items()}
    for leaf in w.values():
        leaf.requires_grad_()
    h, c = torch.tensor(state.h), torch.tensor(state.c)
    hidden = torch.arange(S)[:, None] >= torch.tensor(LENGTHS)
    hs, looks = [], []
    for x in torch.tensor(xs):
        q, k = h @ w["score.W_q"], w["memory"] @ w["score.W_k"]
        together = (q + k).tanh() @ w["score.v"] if score == "Additive" else None
        scores = (q * k).sum(dim=2) / K**0.5 if together is None else together
        looks.append(scores.masked_fill(hidden, -torch.inf).softmax(dim=0))
        context = (looks[-1][..., None] * w["memory"]).sum(dim=0)
        a = torch.cat([x, context], dim=1) @ w["cell.W_x"] + h @ w["cell.W_h"]
        i, f, g, o = (a + w["cell.b"]).chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        hs.append(h)
    last = (h * torch.tensor(dstate.h)).sum() + (c * torch.tensor(dstate.c)).sum()
    ((torch.stack(hs) * torch.tensor(dhs)).sum() + last).backward()
    run = forward(net, xs, state)
    theirs = torch.stack(hs).detach().numpy()
    np.testing.assert_allclose(run.hs, theirs, rtol=0, atol=1e-12)
    weights = torch.stack(looks).detach().numpy().swapaxes(1, 2)
    np.testing.assert_allclose(net.weights(run), weights[..., :7], rtol=0, atol=1e-12)
    for name, ours in backward(net, dhs, run, dstate).cell.leaves().items():
        theirs = w[name].grad.numpy()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12 * abs(theirs).max())


@every_cell
def test_each_sequence_alone_gives_the_same(cell):
    net, xs, dhs, state, dstate, lengths = reader(cell, ragged=True)
    run = forward(net, xs, state, lengths=lengths)
    gradients = backward(net, dhs, run, dstate)
    memory, total = np.zeros_like(net.memory), 0
    for b, (steps, places) in enumerate(zip(lengths, LENGTHS, strict=True)):
        one = slice(b, b + 1)
        alone = AttentionCell(net.cell, net.score, net.memory[:places, one].copy())
        start, end = (s.map(lambda leaf, o=one: leaf[o]) for s in (state, dstate))
        own = forward(alone, xs[:steps, one], start)
        np.testing.assert_allclose(run.hs[:steps, one], own.hs, rtol=0, atol=1e-14)
        if cell == "Clockwork":
            continue  # whose clock is one for all
        back = backward(alone, dhs[:steps, one], own, end).cell
        memory[:places, one] = back.memory
        total = total + back.score.W_k
        np.testing.assert_allclose(
            gradients.cell.memory[:places, one], back.memory, rtol=0, atol=1e-14
        )
    if cell != "Clockwork":
        np.testing.assert_array_equal(gradients.cell.memory == 0, memory == 0)
        np.testing.assert_allclose(gradients.cell.score.W_k, total, rtol=0, atol=1e-13)


def test_steps_of_a_reader_are_its_run_and_its_parameters_may_change():
    net, xs, _, state, *_ = reader("GRU")
    run, now = forward(net, xs, state), state
    for x, h in zip(xs, run.hs, strict=True):
        now, _ = net.step(now, x)
        np.testing.assert_allclose(now.h, h, rtol=0, atol=1e-14)
    net.score.W_k[:] *= 2  # in place, as central differences do
    assert np.abs(forward(net, xs, state).hs - run.hs).max() > 1e-3


def test_through_an_encoder_in_both_directions():
    """Sequences of several lengths side by side give what each gives alone: the gradient
    of the encoder's parameters is the sum.
    """
    rng = np.random.default_rng(4)
    encoder = bidirectional(*(GRU.init(D, 3, rng=rng) for _ in range(2)))
    cell, score = LSTM.init(D + 6, H, rng=rng), Additive.init(H, 6, K, rng=rng)
    sources, xs = rng.standard_normal((S, B, D)), rng.standard_normal((T, B, D))
    dhs, steps = rng.standard_normal((T, B, H)), np.array([T, 2, 3])

    def gradient(sources, xs, dhs, places, steps):
        coded = forward(encoder, sources, lengths=np.array(places))
        decoder = AttentionCell(cell, score, coded.hs, tuple(places))
        back = backward(decoder, dhs, forward(decoder, xs, lengths=np.array(steps)))
        return backward(encoder, back.cell.memory, coded).cell

    whole, total = gradient(sources, xs, dhs, list(LENGTHS), steps), None
    for b, (s, t) in enumerate(zip(LENGTHS, steps, strict=True)):
        parts = sources[:s, b : b + 1], xs[:t, b : b + 1], dhs[:t, b : b + 1]
        one = gradient(*parts, [s], [t])
        total = one if total is None else total.map(np.add, one)
    assert relative_error(whole, total) < 1e-13


# ---- Mistakes, planted


LOOK_MUTANTS = [
    *mutants(attend_backward, "Additive, DotProduct")(
        ("rows(queries).T @ rows(dq)", "rows(queries).T @ rows(dq) / len(queries)"),
        ("rows(keys[:used]).T @ rows(dk)", "0 * score.W_k"),
        ("times(dk, score.W_k.T)", "dk[..., :1] * keys[:used]"),
        ("times(dq, score.W_q.T)", "times(dq[::-1], score.W_q.T)"),
        ("dalphas + reals", "0 * dalphas + reals"),
        ("softmax_derivative(dalphas, alphas)", "dalphas * alphas"),
    ),
    *mutants(mean_backward, "Additive, DotProduct")(
        (
            "dvalues = weights.transpose(1, 2, 0) @ d",
            "dvalues = 0 * values.swapaxes(0, 1)",
        )
    ),
    *mutants(softmax_derivative, "Additive, DotProduct")(
        ("(dp * p).sum(axis=-1, keepdims=True)", "dp.sum(axis=-1, keepdims=True)")
    ),
    *mutants(Additive.compare_backward, "Additive")(
        ("d * self.v * tanh_derivative(u)", "d * self.v"),
        ("da.sum(axis=1)", "da.mean(axis=1)"),
        ("da.sum(axis=0)", "da[0]"),
        ("(d * u).sum", "u.sum"),
    ),
    *mutants(DotProduct.compare_backward, "DotProduct")(
        ("dscores.swapaxes(0, 1) / np.sqrt", "dscores.swapaxes(0, 1) * np.sqrt"),
        ("dq = d @ k", "dq = -d @ k"),
    ),
]
READER_MUTANTS = [
    *mutants(AttentionCell.gates_backward, "RNN, LSTM, GRU")(
        ("dstate.h + dq[0] @ self.score.W_q.T", "dstate.h"),
        ("da_x @ self.W_c[:, :da_x.shape[1]].T", "da_x[::-1] @ self.W_c.T"),
        ("softmax_derivative(dweights, tape.weights[None])", "dweights"),
    ),
    *mutants(AttentionCell.gradients, "RNN, LSTM, GRU")(
        ("back.keys + back.values", "back.keys"),
        ("back.keys + back.values", "back.values"),
        ("run.hs_prev", "run.hs"),
        ("rows(contexts).T @ rows(da_xs)", "rows(contexts[::-1]).T @ rows(da_xs)"),
    ),
]


def every(planted_ones):
    ids = [f"{m.function.__qualname__}: {m.wrong}" for m in planted_ones]
    return pytest.mark.parametrize("mutant", planted_ones, ids=ids)


@every(LOOK_MUTANTS)
@pytest.mark.usefixtures("unchecked")
def test_the_judge_of_a_look_sees_the_mistake(mutant):
    for score in mutant.networks.split(", "):
        look_numeric(score)
        with planted(mutant):
            assert look_error(score) > 1e-7


@pytest.mark.slow
@every(READER_MUTANTS)
@pytest.mark.usefixtures("unchecked")
def test_the_judge_of_a_reader_sees_the_mistake(mutant):
    for cell in mutant.networks.split(", "):
        reader_numeric(cell, "Additive")
        with planted(mutant):
            assert reader_error(cell) > 1e-7


# ---- What a reader is told


def sizes(**other):
    inputs, mask, *_ = look("Additive")
    given = dict(
        zip(["score", "queries", "keys", "values"], vars(inputs).values(), strict=True)
    )
    return {**given, "mask": mask, **other}


ERRORS = [
    lambda: attend(**sizes(mask=np.zeros((S, B), bool))),
    "ValueError: the mask of sequence 0 is False everywhere; attend with Additive expects",
    lambda: attend(**sizes(mask=np.ones((S, B)))),
    "TypeError: mask has dtype float64; attend with Additive expects bool",
    lambda: attend(**sizes(queries=np.zeros((T, B, H + 1)))),
    "ValueError: queries has shape (5, 3, 7); attend with Additive expects (T, B, 6)",
    lambda: attend(**sizes(keys=np.zeros((S, B + 1, M)))),
    "ValueError: keys has shape (9, 4, 7); attend with Additive expects (S, 3, 7)",
    lambda: attend(**sizes(values=np.full((S, B, N), np.nan))),
    "ValueError: values is nan at (0, 0, 0); every value must be finite",
    lambda: attend(**sizes(score=None)),
    "TypeError: score is None; attend expects a score, as Additive",
    lambda: attend_backward(np.zeros((T, B, N + 1)), attend(**sizes())),
    "ValueError: dcontext has shape (5, 3, 9); attend_backward expects (5, 3, 8)",
    lambda: attend_backward(np.zeros((T, B, N)), None),
    "TypeError: attended is None; attend_backward expects what attend gave",
    lambda: Additive.init(H, M, K, rng=3),
    "TypeError: rng is a int; Additive expects a numpy.random.Generator",
    lambda: Additive(np.zeros((H, K)), np.zeros((M, K)), np.zeros(K + 1)),
    "ValueError: v has shape (6,); Additive expects (5,)",
    lambda: AttentionCell(None, DotProduct.init(H, M, K, rng=rng), np.zeros((S, B, M))),
    "TypeError: cell is None; AttentionCell expects a Cell",
    lambda: AttentionCell(LSTM.init(M, H, rng=rng), SCORE, np.zeros((S, B, M))),
    "ValueError: the cell has 7 inputs; AttentionCell expects more than the 7 of the context",
    lambda: AttentionCell(LSTM.init(M + 1, 3, rng=rng), SCORE, np.zeros((S, B, M))),
    "ValueError: score expects queries of size 6; those of the cell have 3",
    lambda: AttentionCell(LSTM.init(M + 1, H, rng=rng), SCORE, np.zeros((S, B, 2))),
    "ValueError: memory has shape (9, 3, 2); AttentionCell expects (S, B, 7)",
    lambda: AttentionCell(LSTM.init(M + 1, H, rng=rng), SCORE, MEMORY, (0, 1, 2)),
    "ValueError: lengths contain 0; 9 steps expect 1 to 9",
    lambda: forward(reader("RNN")[0], np.zeros((T, B + 1, D))),
    "ValueError: there are 4 sequences; a memory of shape (9, 3, 7) expects 3",
]
rng = np.random.default_rng(0)
SCORE, MEMORY = DotProduct.init(H, M, K, rng=rng), np.zeros((S, B, M))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("index", range(0, len(ERRORS), 2))
def test_wrong_calls_are_told_what_was_expected(index):
    call, expected = ERRORS[index : index + 2]
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    assert f"{caught.typename}: {caught.value}".startswith(expected)


def test_a_score_is_a_record_in_the_dtype_of_its_init():
    score = Additive.init(H, M, K, rng=rng, dtype=np.float32)
    assert {leaf.dtype for leaf in score.leaves().values()} == {np.dtype("f4")}
    seen = attend(score, np.ones((T, B, H)), np.ones((S, B, M)))
    assert seen.context.dtype == seen.weights.dtype == np.float32
    with pytest.raises(NotImplementedError):
        Score.init(H, M, K, rng=rng).compare(np.ones((1, 1, K)), np.ones((1, 1, K)))
    mask = np.ones((S, B), bool)
    assert normalised(np.zeros((T, B, S)), mask).sum() == pytest.approx(T * B)
