"""translation and twins.nets: encoder and decoder against central differences, against
torch, and against each pair of sequences alone.
"""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from judges import unannotated

from rnncourse import GRU, LSTM, RNN, Adam, Batch, forward, train
from rnncourse.attention import DotProduct
from rnncourse.gradcheck import differences, relative_error
from rnncourse.translation import (
    OneVector,
    WithAttention,
    answer,
    answering,
    before,
    counted,
    exact,
)
from rnncourse.twins.nets import Translation

D, V, H = 5, 4, 3
LENGTHS = np.array([3, 6, 1])
TARGETS = np.array([[0, 2, 3], [1, 0, 3], [3, 1, 3], [3, 2, 3], [3, 3, 3]])


def dot(net, rng):
    """The same network with the other score."""
    return replace(net, score=DotProduct.init(net.cell.H, net.encoder.H, 3, rng=rng))


def make(name, seed=0):
    """A network with noise in every parameter, and a batch of several lengths."""
    rng = np.random.default_rng(seed)
    kind = OneVector if name.startswith("one") else WithAttention
    net = kind.init(D, V, H, rng=rng, both="ahead" not in name)
    if "dot" in name:
        net = dot(net, rng)
    if "lstm" in name:
        net = replace(
            OneVector.init(D, V, H, rng=rng, both=False),
            encoder=LSTM.init(D, H, rng=rng),
            cell=LSTM.init(V + H, H, rng=rng),
        )
    net = net.map(lambda leaf: rng.standard_normal(leaf.shape))
    xs = rng.integers(0, D, (6, 3))
    return net, Batch(xs, TARGETS, lengths=LENGTHS)


NAMES = [
    "one",
    "one ahead",
    "one lstm",
    "attention",
    "attention ahead",
    "attention dot",
]
every = pytest.mark.parametrize("name", NAMES)


@pytest.mark.slow
@every
def test_its_gradient_is_that_of_central_differences(name):
    net, batch = make(name)
    _, gradient, _ = answering(net, batch)
    with unannotated():
        numeric = differences(lambda at: answering(at, batch)[0], net)
    assert relative_error(gradient, numeric) < 1e-7


@every
def test_torch_has_the_same_outputs_and_gradients(name):
    net, batch = make(name)
    twin = Translation(net)
    encoded = forward(net.encoder, batch.xs, lengths=LENGTHS)
    decoded = net.decode(encoded, before(TARGETS, V))
    given = (batch.xs, LENGTHS, before(TARGETS, V))
    logits, weights = twin(*map(torch.as_tensor, given))
    assert np.allclose(logits.detach(), net.outputs(decoded.hs), rtol=0, atol=1e-12)
    if weights is not None:
        ours = decoded.cell.weights(decoded)
        assert np.allclose(weights.detach(), ours, rtol=0, atol=1e-12)
    loss, gradient, _ = answering(net, batch)
    theirs = twin.loss(batch)
    theirs.backward()
    assert abs(theirs.item() - loss) < 1e-12
    assert relative_error(gradient, twin.gradient()) < 1e-11


@every
def test_weights_come_back_as_they_went(name):
    net, _ = make(name)
    back = Translation(net).weights()
    assert type(back) is type(net)
    for key, leaf in net.leaves().items():
        assert np.array_equal(back.leaves()[key], leaf), key


@every
def test_a_batch_of_several_lengths_is_each_pair_alone(name):
    net, batch = make(name)
    loss, gradient, _ = answering(net, batch)
    total, sizes = None, []
    for b, length in enumerate(LENGTHS):
        ends = int(counted(TARGETS, V)[:, b].sum())
        own = Batch(batch.xs[:length, [b]], TARGETS[:ends, [b]])
        alone, part, _ = answering(net, own)
        sizes.append(ends)
        part = part.map(lambda leaf, n=ends: leaf * n)
        total = part if total is None else total.map(np.add, part)
        loss -= alone * ends / counted(TARGETS, V).sum()
    assert abs(loss) < 1e-12
    mean = total.map(lambda leaf: leaf / sum(sizes))
    assert relative_error(gradient, mean) < 1e-11


@every
def test_what_lies_beyond_a_source_does_not_matter(name):
    net, batch = make(name)
    other = batch.xs.copy()
    other[np.arange(6)[:, None] >= LENGTHS] = D - 1
    one, two = (answering(net, batch._replace(xs=xs))[1] for xs in (batch.xs, other))
    for key, leaf in one.leaves().items():
        assert np.array_equal(leaf, two.leaves()[key]), key


def test_what_counts_of_an_answer_ends_with_its_first_end():
    assert counted(TARGETS, V).sum(axis=0).tolist() == [3, 5, 1]
    assert before(TARGETS, V)[:, 1].tolist() == [3, 2, 0, 1, 2]


@pytest.mark.parametrize("name", ["one", "attention"])
def test_an_answer_is_exact_where_what_is_written_is_the_target(name):
    net, batch = make(name)
    written, runs = answer(net, batch.xs, LENGTHS, longest=9)
    assert len(runs) == len(written) <= 9
    ends = (written == V - 1).argmax(axis=0)
    full = np.pad(written, ((0, 1), (0, 0)), constant_values=V - 1)
    assert exact(net, batch._replace(targets=full)).all() or (ends == 0).any()
    wrong = full.copy()
    wrong[0] = (wrong[0] + 1) % V
    assert not exact(net, batch._replace(targets=wrong)).any()


@pytest.mark.parametrize("kind", [OneVector, WithAttention])
def test_it_learns(kind, unchecked):
    rng = np.random.default_rng(0)
    net = kind.init(D, V, 8, rng=rng)
    batch = make("one")[1]
    for progress in train(net, [batch] * 80, answering, Adam(0.03)):
        net = progress.params
    assert progress.loss < 0.05 and exact(net, batch).all()


def test_dtype_is_kept():
    rng = np.random.default_rng(0)
    net = WithAttention.init(D, V, H, rng=rng, dtype=np.float32)
    _, gradient, _ = answering(net, make("one")[1])
    assert {leaf.dtype for leaf in gradient.leaves().values()} == {np.dtype("f4")}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cell": 1}, "cell is 1; OneVector expects a cell"),
        ({"encoder": 1}, "encoder is 1; OneVector expects a cell or a bidirectional"),
        (
            {"cell": RNN.init(3, H, rng=np.random.default_rng(0))},
            "expects V . M = 4 . 6",
        ),
        ({"b_y": np.zeros(3)}, r"b_y has shape \(3,\)"),
    ],
)
def test_what_does_not_fit_is_named(change, message, unchecked):
    with pytest.raises((TypeError, ValueError), match=message):
        replace(make("one")[0], **change)


def test_a_network_that_torch_has_not_is_refused(unchecked):
    cell = GRU.init(D, H, rng=np.random.default_rng(0))
    with pytest.raises(TypeError, match="Translation expects a OneVector"):
        Translation(cell)
    init = partial(WithAttention.init, D, V, H, rng=np.random.default_rng(0))
    object.__setattr__(net := init(), "score", None)
    with pytest.raises(TypeError, match="score is None; Translation expects"):
        Translation(net)
