"""experiments: what their scripts share, and that a stored result is the one that its
script describes.
"""

import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from rnncourse import (
    GRU,
    LSTM,
    RNN,
    Adam,
    Batch,
    Clockwork,
    Network,
    clip_by_norm,
    objective,
    squared_error,
    train,
)
from rnncourse.gradcheck import relative_error

FOLDER = Path(__file__).parent.parent / "experiments"
CELLS = {
    "RNN": partial(RNN.init, 3, 4),
    "LSTM": partial(LSTM.init, 3, 4, forget_bias=5.0),
    "GRU": partial(GRU.init, 3, 4),
    "Clockwork": partial(Clockwork.init, 3, 6, periods=(1, 2, 4)),
}


@pytest.fixture
def script(monkeypatch):
    """Imports a script of the folder by name, as if it were run there."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(FOLDER)
    yield __import__
    for name in set(sys.modules) - before:
        if (FOLDER / f"{name}.py").exists():
            del sys.modules[name]


@pytest.mark.parametrize("name", CELLS)
def test_a_network_among_many_learns_as_it_does_alone(name, script):
    many = script("many")
    rng = np.random.default_rng(0)
    T, S, updates, rates = 20, 3, 10, np.array([0.01, 0.02, 0.03])
    nets = [Network.init(CELLS[name](rng=rng), 1, rng=rng) for _ in range(S)]
    nets = [
        net.map(lambda leaf: leaf + 0.1 * (leaf != 0) * rng.normal(size=leaf.shape))
        for net in nets
    ]
    xs, targets = rng.normal(size=(T, S, 3)), rng.normal(size=(T, S))
    given = many.side_by_side(xs), targets, np.full((T, S), 1 / T)
    losses, gradient = many.losses(many.together(nets), *given)
    after, seen = many.learn(
        many.together(nets), *given, rates, updates=updates, every=5, limit=0.5
    )
    assert len(seen) == 3
    for s, net in enumerate(nets):
        batch = Batch(xs[:, s : s + 1], targets[:, s : s + 1, None])
        loss, own, _ = objective(net, batch, loss=squared_error)
        assert losses[s] == pytest.approx(loss)
        assert relative_error(many.alone(gradient, s), own) < 1e-12
        assert relative_error(many.alone(many.together(nets), s), net) == 0
        *_, last = train(
            net,
            [batch] * updates,
            partial(objective, loss=squared_error),
            Adam(rates[s]),
            clip=partial(clip_by_norm, limit=0.5),
            rate=lambda k, top=rates[s]: top * (1 - k / updates),
        )
        assert relative_error(many.alone(after, s), last.params) < 1e-9


STORED = {  # a constant of the script, and where it is stored
    "ch07_waves": {
        "SEEDS": "seeds",
        "TUNING_SEEDS": "tuning_seeds",
        "RATES": "rates",
        "UPDATES": "updates",
    },
    "ch07_endings": {
        "SEEDS": "seeds",
        "TUNING_SEEDS": "tuning_seeds",
        "RATES": "rates",
        "PASSES": "passes",
    },
    "ch07_recall": {
        "SEEDS": "seeds",
        "TUNING_SEEDS": "tuning_seeds",
        "UPDATES": "updates",
    },
    "ch07_next_year": {"SEEDS": "seeds", "TUNING_SEEDS": "tuning_seeds"},
}


@pytest.mark.parametrize("name", STORED)
def test_the_stored_result_has_the_constants_of_its_script(name, script):
    module, result = script(name), script("stored").load(name)
    assert result["command"] == f"python experiments/{name}.py"
    for constant, key in STORED[name].items():
        assert np.array_equal(getattr(module, constant), result[key]), constant


def test_the_plain_predictions_of_the_sunspots_are_the_stored_ones(script):
    module, result = script("ch07_next_year"), script("stored").load("ch07_next_year")
    for p in (2, 9):
        assert module.autoregression(p) == pytest.approx(
            result["baselines"][f"autoregression on {p}"], abs=1e-4
        )
