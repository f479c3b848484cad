"""network: the objective against torch, generation against the whole prefix."""

from functools import partial
from itertools import islice
from operator import itemgetter

import numpy as np
import pytest
import torch
from judges import LOSSES, B, D, T, near, problem, readout_error, readout_problem

from rnncourse import Batch, Network, at_the_end, forward, generate, objective, twins
from rnncourse.functions import cross_entropy, squared_error

V = 7


@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_of_the_objective_is_that_of_central_differences(loss):
    assert readout_error(loss) < 1e-7


def test_objective_is_that_of_torch():
    net, batch, _, loss = readout_problem("cross_entropy")
    value, gradient, _ = objective(net, batch, loss=loss)
    module, W_y = twins.to_torch(net.cell), torch.tensor(net.W_y, requires_grad=True)
    logits = module(torch.tensor(batch.xs))[0] @ W_y + torch.tensor(net.b_y)
    rows, symbols = logits.reshape(T * B, V), torch.tensor(batch.targets).reshape(T * B)
    theirs = torch.nn.functional.cross_entropy(rows, symbols)
    theirs.backward()
    assert value == pytest.approx(theirs.item(), rel=1e-13)
    assert near(gradient.W_y, W_y.grad.numpy(), 1e-14)
    assert near(gradient.cell.W_x, module.weight_ih_l0.grad.numpy().T, 1e-14)


@pytest.mark.parametrize("loss", LOSSES)
def test_objective_returns_the_loss_of_the_run_and_the_state_after_it(loss):
    net, batch, state, function = readout_problem(loss)
    value, gradient, after = objective(net, batch, state, loss=function)
    run = forward(net.cell, batch.xs, state)
    assert value == function(net.outputs(run.hs), batch.targets)[0]
    assert np.array_equal(after.h, run.state.h)
    assert type(gradient) is Network
    ours, theirs = ([a.shape for a in r.leaves().values()] for r in (gradient, net))
    assert ours == theirs and gradient.leaves().keys() == net.leaves().keys()


def test_outputs_are_linear_in_any_number_of_states():
    net, batch, _, _ = readout_problem("cross_entropy")
    hs = forward(net.cell, batch.xs).hs
    ys = net.outputs(hs)
    assert ys.shape == (T, B, V) and near(ys[2, 1], net.outputs(hs[2, 1]), 1e-14)
    assert near(ys[2, 1], hs[2, 1] @ net.W_y + net.b_y, 1e-14)


def test_a_loss_at_the_end_is_the_loss_of_the_last_output_alone():
    ys = np.random.default_rng(0).standard_normal((T, B, V))
    losses = {cross_entropy: np.arange(B), squared_error: np.ones((B, V))}
    for loss, targets in losses.items():
        value, dys = at_the_end(loss)(ys, targets)
        last, dlast = loss(ys[-1], targets)
        assert value == last
        assert np.array_equal(dys[-1], dlast)
        assert not dys[:-1].any(), "gradient at an earlier step"


def test_init_has_the_dtype_of_its_cell_and_no_bias():
    for dtype in (np.float32, np.float64):
        cell = problem("two LSTM").net.map(dtype)
        net = Network.init(cell, V, rng=np.random.default_rng(0))
        assert {leaf.dtype for leaf in net.leaves().values()} == {np.dtype(dtype)}
        assert not net.b_y.any()


@pytest.fixture(params=["LSTM", "two GRU", "Clockwork 1 2 4"])
def speaker(request):
    """A network whose outputs are its inputs, with decided opinions."""
    cell = problem(request.param).net
    return Network.init(cell, D, rng=np.random.default_rng(0)).map(lambda w: 3 * w)


def symbols(net, prompt, n, seed, temperature):
    """n generated symbols."""
    how = {"temperature": temperature, "rng": np.random.default_rng(seed)}
    return [symbol for symbol, _ in islice(generate(net, np.array(prompt), **how), n)]


def test_generation_without_temperature_is_the_largest_output(speaker):
    text = [1, 3, 0]
    for symbol in symbols(speaker, text, 12, seed=0, temperature=0):
        ys = speaker.outputs(forward(speaker.cell, np.array(text)[:, None]).hs)
        assert symbol == ys[-1, 0].argmax(), f"after {text}"
        text.append(symbol)
    again = symbols(speaker, [1, 3, 0], 12, seed=1, temperature=0)
    assert again == text[3:], "T = 0 does not depend on the rng"


def test_generation_is_drawn_from_its_generator_alone(speaker):
    first, again, other = (symbols(speaker, [2], 60, seed, 3.0) for seed in (0, 0, 1))
    assert first == again != other
    assert set(first) == set(range(D)), "at a high temperature every symbol comes up"


def test_generated_runs_are_those_of_one_run_over_all_symbols(speaker):
    prompt = np.array([1, 3, 0])
    steps = list(islice(generate(speaker, prompt, rng=np.random.default_rng(0)), 8))
    text = np.append(prompt, [symbol for symbol, _ in steps[:-1]])
    hs = np.concatenate([run.hs for _, run in steps])
    assert near(hs, forward(speaker.cell, text[:, None]).hs, 1e-14)
    assert [len(run.hs) for _, run in steps] == [3] + [1] * 7


def test_a_network_reads_out_what_a_bidirectional_has_read():
    p = problem("both GRU")
    net = Network.init(p.net, V, rng=np.random.default_rng(0))
    _, gradient, _ = objective(net, Batch(p.xs, np.zeros((T, B), int)))
    assert net.W_y.shape == (p.net.ahead.H + p.net.back.H, V)
    assert all(a.any() for a in gradient.leaves().values()), "one has no gradient"


# Several lengths, and networks that read ahead


@pytest.mark.parametrize("loss", LOSSES)
def test_objective_of_several_lengths_is_that_of_each_sequence_alone(loss):
    net, batch, state, function = readout_problem(loss)
    objective_of, lengths = partial(objective, loss=function), np.array([T, 1, 3])
    several = batch._replace(lengths=lengths)
    value, gradient, after = objective_of(net, several, state)
    total, whole = 0.0, net.map(np.zeros_like)
    for b, steps in enumerate(lengths):
        one = slice(b, b + 1)
        many = batch.targets.ndim == 1
        targets = batch.targets[one] if many else batch.targets[:steps, one]
        alone, start = Batch(batch.xs[:steps, one], targets), state.map(itemgetter(one))
        own, slope, last = objective_of(net, alone, start)
        share = 1 / B if many else steps / lengths.sum()
        total += share * own
        whole = whole.map(lambda w, s, share=share: w + share * s, slope)
        assert near(after.h[one], last.h, 1e-15)
    assert value == pytest.approx(total, rel=1e-13)
    for name, leaf in gradient.leaves().items():
        assert near(leaf, whole.leaves()[name], 1e-14), name


@pytest.mark.parametrize("name", ["both GRU", "two_of_both RNN", "mixed"])
def test_a_language_model_that_reads_ahead_is_refused(name):
    net = Network.init(problem(name).net, D, rng=np.random.default_rng(0))
    text = np.random.default_rng(1).integers(0, D, (T + 1, B))
    batch = Batch(text[:-1], text[1:])
    message = "the targets are the next inputs, which a bidir"
    with pytest.raises(ValueError, match=message):
        objective(net, batch)
    same = Batch(text, text)  # to say again what is read: allowed
    _, _, state = objective(net, same)
    message = "its state can not go on to the next window"
    for goes_on in [(same, state), (same._replace(fresh=False),)]:
        with pytest.raises(ValueError, match=message):
            objective(net, *goes_on)
