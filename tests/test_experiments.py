"""experiments: each runs in small, its result is its code's, their rules are kept."""

import importlib
import json
from functools import partial

import numpy as np
import pytest

import experiments
from experiments import (
    __main__,
    abreast,
    ch03_windows,
    ch07_next_year,
    fairness,
    harness,
    many,
)
from rnncourse import (
    GRU,
    LSTM,
    RNN,
    Adam,
    Batch,
    Clockwork,
    Network,
    at_the_end,
    backward,
    cross_entropy,
    forward,
    objective,
    train,
)
from rnncourse.functions import squared_error
from rnncourse.gradcheck import relative_error
from rnncourse.jacobians import norm_kept
from rnncourse.recurrence import State
from rnncourse.training import linear

ABOUT = {"command", "date", "machine", "versions", "seeds", "tuning_seeds", "minutes"}
TRIAL = """'What is it?'
import numpy as np
from experiments.helper import N
SEEDS = (0, 1)
SMOKE = {"SEEDS": (0,)}
def run():
    return {"sum": N + sum(SEEDS)}, {"seeds": np.array(SEEDS)}
"""


def stored_files():
    """Each stored file, and when it was written."""
    files = [*harness.FOLDER.glob("*.json"), *harness.FOLDER.glob("*.npz")]
    return {path.name: path.stat().st_mtime_ns for path in files}


@pytest.mark.parametrize("name", harness.NAMES)
def test_a_smoke_run_gives_what_is_stored_and_stores_nothing(name, unchecked):
    experiment, before = harness.find(name), stored_files()
    full = {constant: getattr(experiment, constant) for constant in experiment.SMOKE}
    result, arrays = harness.smoke(experiment)
    stored = harness.load(name).keys() - ABOUT - {"code"}
    assert json.loads(json.dumps(result)).keys() == stored
    if arrays:
        with np.load(harness.FOLDER / f"{name}.npz") as file:
            assert file.keys() == arrays.keys()
    assert stored_files() == before
    assert {constant: getattr(experiment, constant) for constant in full} == full


def test_every_result_has_an_experiment_and_every_experiment_a_result():
    assert {name.partition(".")[0] for name in stored_files()} == set(harness.NAMES)


@pytest.mark.parametrize("name", harness.NAMES)
def test_the_stored_result_has_the_constants_of_its_experiment(name):
    experiment, result = harness.find(name), harness.load(name)
    for key, value in result.items():
        if not key.islower():  # a name in the result, such as that of a cell
            continue
        constant = json.loads(json.dumps(getattr(experiment, key.upper(), value)))
        of_one_kind = type(constant) is type(value)  # UPDATES may be a list in a result
        assert constant == value or not of_one_kind, key


def test_the_list_says_which_results_are_older_than_their_code(capsys):
    __main__.main([])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == harness.NAMES
    for line, name in zip(lines, harness.NAMES, strict=True):
        assert harness.age(harness.find(name)) in line


@pytest.fixture
def trial(tmp_path, monkeypatch):
    """An experiment, alone in a folder."""
    monkeypatch.setattr(experiments, "__path__", [*experiments.__path__, str(tmp_path)])
    monkeypatch.setattr(harness, "FOLDER", tmp_path)
    (tmp_path / "helper.py").write_text("N = 1\n")
    (tmp_path / "trial.py").write_text(TRIAL)
    yield importlib.import_module("experiments.trial")
    for name in ("helper", "trial"):
        del harness.sys.modules[f"experiments.{name}"]


def test_a_new_experiment_is_listed_before_it_has_run(trial):
    assert harness.about(trial) == "no result yet"
    harness.run(trial)
    assert "current" in harness.about(trial)


def test_a_result_is_stored_with_what_made_it(trial, tmp_path):
    path = harness.run(trial)
    result = harness.load("trial")
    assert path == tmp_path / "trial.json"
    assert result["sum"] == 2 and result["seeds"] == [0, 1]
    assert result.keys() == (ABOUT - {"tuning_seeds"}) | {"code", "sum"}
    assert result["command"] == "python -m experiments trial"
    assert np.load(tmp_path / "trial.npz")["seeds"].tolist() == [0, 1]


def breaks_off():
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "run", [breaks_off, lambda: ({"no JSON": object()}, {"seeds": np.zeros(1)})]
)
def test_a_run_that_breaks_off_leaves_the_old_result_whole(trial, tmp_path, run):
    harness.run(trial)
    before = {path: path.read_bytes() for path in tmp_path.glob("trial.*")}
    trial.run = run
    with pytest.raises((KeyboardInterrupt, TypeError)):
        harness.run(trial)
    assert {path: path.read_bytes() for path in tmp_path.glob("trial.*")} == before


def test_a_file_that_is_written_in_part_is_not_the_result(trial, tmp_path, monkeypatch):
    harness.run(trial)
    before = (tmp_path / "trial.json").read_bytes()

    def write(path, data):
        with path.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError("the disk is full")

    monkeypatch.setattr(harness.Path, "write_bytes", write)
    with pytest.raises(OSError, match="full"):
        harness.run(trial)
    assert (tmp_path / "trial.json").read_bytes() == before


CHANGES = {  # of the code, and whether they count
    "a number": ("N + sum", "N + 2 * sum", True),
    "a constant": ("SEEDS = (0, 1)", "SEEDS = (0, 2)", True),
    "a comment": ("SEEDS = (0, 1)", "SEEDS = (0, 1)  # two", False),
    "a docstring": ("run():\n", 'run():\n    """Run."""\n', False),
    "the layout": ("(0, 1)", "(\n    0,\n    1,\n)", False),
    "the smoke run": ('{"SEEDS": (0,)}', '{"SEEDS": (1,)}', False),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_result_is_older_than_code_that_counts(trial, tmp_path, change):
    old, new, counts = CHANGES[change]
    harness.run(trial)
    assert harness.age(trial) == "current"
    path = tmp_path / "trial.py"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert harness.age(trial) == ("older than its code" if counts else "current")


def test_a_result_is_older_than_code_that_its_experiment_takes(trial, tmp_path):
    harness.run(trial)
    (tmp_path / "helper.py").write_text("N = 2\n")
    assert harness.age(trial) == "older than its code"
    path = tmp_path / "trial.json"
    path.write_text(path.read_text().replace('"code"', '"mode"'))
    assert harness.age(trial) == "age not known"


def test_the_digest_follows_names_to_where_they_are_written():
    tree = harness.ast.parse("from rnncourse import GRU\nfrom experiments import many")
    assert set(harness.sources(tree)) == {"rnncourse.cells.gru", "experiments.many"}


def bowl(best):
    """A `learn` whose loss is least at one rate for each contestant, for each seed."""

    def learn(contestant, rate, seed):
        return 1 + seed / 1000 + np.log(rate / best[contestant]) ** 2

    return learn


def test_each_contestant_runs_at_the_best_rate_of_a_grid_that_grows_at_its_edge():
    best, rates = {"low": 0.001, "middle": 0.03, "high": 0.9}, (0.01, 0.03, 0.1)
    learn = bowl(best)
    found = fairness.compare(list(best), learn, rates, (0, 1))
    assert {c: list(f.scores) for c, f in found.items()} == {
        "low": [0.00037, 0.00111, 0.00333, 0.01, 0.03, 0.1],
        "middle": [0.01, 0.03, 0.1],
        "high": [0.01, 0.03, 0.1, 0.3, 0.9, 2.7],
    }
    assert [f.rate for f in found.values()] == [0.00111, 0.03, 0.9]
    assert found["high"].runs == [learn("high", 0.9, seed) for seed in (0, 1)]
    most = fairness.tune(["low"], learn, rates, most=4)["low"]
    assert list(most.scores) == [0.00333, 0.01, 0.03, 0.1] and most.rate == 0.00333


def test_all_at_once_is_the_same_as_one_by_one():
    learn, rule = bowl({"low": 0.001, "middle": 0.03}), ((0.01, 0.03, 0.1), (0, 1))

    def learn_all(runs):
        return [learn(*run) for run in runs]

    together = fairness.compare(["low", "middle"], learn_all, *rule, at_once=True)
    assert together == fairness.compare(["low", "middle"], learn, *rule)


def test_rates_that_are_as_good_on_a_tuning_seed_are_told():
    losses = {0.1: (3, 3, 1), 0.2: (1, 1, 1.5), 0.3: (1.1, 1.1, 1.6), 0.4: (1, 2, 2)}

    def learn(_, rate, seed):
        return losses[rate][seed - 100]

    found = fairness.tune(["it"], learn, list(losses))["it"]
    assert (found.rate, found.ties) == (0.2, [0.1, 0.4])
    tried = {0.1: 2.08, 0.2: 1.14, 0.3: 1.25, 0.4: 1.59}
    assert found.told(2) == {"rate": 0.2, "ties": [0.1, 0.4], "tried": tried}


def test_a_run_that_fails_on_a_tuning_seed_is_not_chosen():
    def learn(_, rate, seed):
        return np.inf if rate == 0.2 and seed == 101 else 1 / rate

    assert fairness.tune(["it"], learn, (0.05, 0.1, 0.2), most=0)["it"].rate == 0.1


def test_tuning_sees_neither_the_seeds_nor_the_data_of_the_test():
    learned, validate, test, seen = "learned", "validate", "test", []

    def learn(_, rate, seed, *data):
        seen.append((seed, *data))
        return rate

    rule = {"data": ((learned, validate), (learned, test)), "most": 0}
    fairness.compare(["it"], learn, (0.1,), (0, 1), **rule)
    tuning = [(seed, learned, validate) for seed in (100, 101, 102)]
    assert seen == tuning + [(seed, learned, test) for seed in (0, 1)]
    with pytest.raises(ValueError, match=r"seeds \[101\] are tuning seeds, too"):
        fairness.compare(["it"], learn, (0.1,), (0, 101), **rule)
    data = (learned, test), (validate, test)
    with pytest.raises(ValueError, match="measured on the same data"):
        fairness.compare(["it"], learn, (0.1,), (0,), data=data)


CELLS = {
    "RNN": partial(RNN.init, 3, 4),
    "LSTM": partial(LSTM.init, 3, 4, forget_bias=5.0),
    "GRU": partial(GRU.init, 3, 4),
    "Clockwork": partial(Clockwork.init, 3, 6, periods=(1, 2, 4)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS)
def test_a_network_among_many_learns_as_it_does_alone(name):
    rng = np.random.default_rng(0)
    T, S, updates, rates = 20, 3, 10, np.array([0.01, 0.02, 0.03])
    nets = [Network.init(CELLS[name](rng=rng), 1, rng=rng) for _ in range(S)]

    def noisy(leaf):
        return leaf + 0.1 * (leaf != 0) * rng.normal(size=leaf.shape)

    nets = [net.map(noisy) for net in nets]
    loss_of = partial(objective, loss=squared_error)
    xs, targets = rng.normal(size=(T, S, 3)), rng.normal(size=(T, S))
    given = many.side_by_side(xs), targets, np.full((T, S), 1 / T)
    losses, gradient = many.losses(many.together(nets), *given)
    how = {"updates": updates, "every": 5, "limit": 0.5}
    after, seen = many.learn(many.together(nets), *given, rates, **how)
    assert len(seen) == 3
    for s, net in enumerate(nets):
        batch = Batch(xs[:, s : s + 1], targets[:, s : s + 1, None])
        loss, own, _ = loss_of(net, batch)
        assert losses[s] == pytest.approx(loss)
        assert relative_error(many.alone(gradient, s), own) < 1e-12
        assert relative_error(many.alone(many.together(nets), s), net) == 0
        how = {"clip": 0.5, "rate": linear(rates[s], updates)}
        *_, last = train(net, [batch] * updates, loss_of, Adam(rates[s]), **how)
        assert relative_error(many.alone(after, s), last.params) < 1e-9


@pytest.mark.parametrize("name", sorted(CELLS))
def test_a_network_abreast_of_others_learns_as_it_does_alone(name):
    rng = np.random.default_rng(0)
    S, T, B, rates = 3, 9, 4, np.array([0.01, 0.02, 0.03])
    nets = [Network.init(CELLS[name](rng=rng), 5, rng=rng) for _ in range(S)]
    nets = [
        net.map(lambda leaf: leaf + 0.1 * (leaf != 0) * rng.normal(size=leaf.shape))
        for net in nets
    ]
    xs, targets = rng.normal(size=(S, T, B, 3)), rng.integers(0, 5, (S, B))
    run = abreast.Pass(abreast.together(nets), xs)
    losses, dys = abreast.cross_entropy(run.ys, targets)
    gradient, looks = run.gradient(dys), []

    def look(at, nets, k):
        looks.append((list(at), k))
        return at == (1 if k == 2 else -1)  # the second is done after two updates

    after, left, norms = abreast.learn(
        abreast.together(nets),
        lambda at: (xs[at], targets[at]),
        abreast.cross_entropy,
        Adam(1.0),
        rates,
        updates=4,
        limit=0.5,
        look=look,
        every=2,
    )
    assert looks == [([0, 1, 2], 2), ([0, 2], 4)] and list(left) == [0, 2]
    assert [len(each) for each in norms] == [4, 2, 4]
    loss = partial(objective, loss=at_the_end(cross_entropy))
    for s, net in enumerate(nets):
        batch = Batch(xs[s], targets[s])
        value, own, _ = loss(net, batch)
        assert losses[s] == pytest.approx(value)
        assert relative_error(abreast.alone(gradient, s), own) < 1e-12
        assert relative_error(abreast.alone(abreast.together(nets), s), net) == 0
        *_, last = train(net, [batch] * 4, loss, Adam(rates[s]), clip=0.5)
        assert norms[s][-1] == pytest.approx(last.norm) or s == 1
        if s in left:
            one = abreast.alone(after, list(left).index(s))
            assert relative_error(one, last.params) < 1e-9


def test_omega_abreast_is_that_of_one_network():
    rng = np.random.default_rng(0)
    nets = [Network.init(RNN.init(3, 6, rng=rng), 2, rng=rng) for _ in range(2)]
    xs, targets = rng.normal(size=(2, 7, 4, 3)), rng.normal(size=(2, 4, 2))
    run, weights = abreast.Pass(abreast.together(nets), xs), np.array([0.0, 3.0])
    _, dys = abreast.squared_error(run.ys, targets)
    plain, both = run.gradient(dys), run.gradient(dys, weights)
    assert (plain.W_h[0] == both.W_h[0]).all()
    alone = forward(nets[1].cell, xs[1])
    _, dys = at_the_end(squared_error)(nets[1].outputs(alone.hs), targets[1])
    omega = norm_kept(nets[1].cell, dys @ nets[1].W_y.T, alone)
    assert both.W_h[1] - plain.W_h[1] == pytest.approx(3 / 7 * omega.dW_h)


def test_a_network_abreast_whose_gradient_is_not_finite_leaves():
    rng = np.random.default_rng(0)
    nets = [Network.init(RNN.init(3, 6, rng=rng), 2, rng=rng) for _ in range(2)]
    xs, targets = rng.normal(size=(2, 7, 4, 3)), rng.integers(0, 2, (2, 4))
    rates = np.array([0.1, np.inf])
    _, left, norms = abreast.learn(
        abreast.together(nets),
        lambda at: (xs[at], targets[at]),
        abreast.cross_entropy,
        Adam(1.0),
        rates,
        updates=3,
        look=lambda at, nets, k: np.zeros(len(at), bool),
        every=1,
    )
    assert list(left) == [0] and [len(each) for each in norms] == [3, 1]


def test_the_plain_predictions_of_the_sunspots_are_the_stored_ones():
    stored = harness.load("ch07_next_year")["baselines"]
    for p in (2, 9):
        error = ch07_next_year.autoregression(p)
        assert error == pytest.approx(stored[f"autoregression on {p}"], abs=1e-4)


@pytest.mark.slow
def test_a_cut_gradient_has_the_pairs_it_should_and_one_cut_at_random_is_right_on_average():
    rng = np.random.default_rng(0)
    cell = RNN.init(5, 4, rng=rng)
    xs, dhs = rng.normal(size=(12, 3, 5)), rng.normal(size=(12, 3, 4))
    run = forward(cell, xs)
    full = backward(cell, dhs, run).cell
    for k1 in (1, 4, 12):
        whole = ch03_windows.overlapping(cell, dhs, run, k1, 12)
        assert relative_error(whole, full) < 1e-12
    at_9 = np.where(np.arange(12)[:, None, None] == 9, dhs, 0)
    for k1, k2, begin in ((1, 4, 6), (2, 4, 6), (4, 4, 8), (4, 6, 6)):
        window = forward(cell, xs[begin:], State(run.hs_prev[begin]))
        right = backward(cell, at_9[begin:], window).cell
        cut = ch03_windows.overlapping(cell, at_9, run, k1, k2)
        assert relative_error(cut, right) < 1e-12
    draws = [ch03_windows.at_random(cell, dhs, run, 4, rng) for _ in range(3000)]
    mean = full.map(lambda _, *each: np.mean(each, axis=0), *draws)
    assert relative_error(mean, full) < 0.03
