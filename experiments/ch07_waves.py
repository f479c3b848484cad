"""Writing a wave without input: RNN, LSTM and Clockwork at three sizes, and an RNN that
is told the time.

The experiment of Koutník, Greff, Gomez and Schmidhuber (2014) in a size for two cores.
Three waves of 320 steps (the sunspots: 309) from -1 to 1; no input, zero initial state.
Every contestant starts from the package's `init` (LSTM: forget bias 5, as there),
learns by Adam with the rate falling to 0 in a straight line, clipping by norm at 1,
1,000 updates. "RNN + ticks" is a vanilla network whose inputs say which of the
Clockwork's modules move now. For each wave, contestant and size the learning rate is
the one of eight that did best with two tuning seeds; then eight other seeds. Error:
mean squared error / variance of the wave. Weights W_x that never see an input are not
counted. `patience`: the RNN of the middle size on the sines with ten times the updates,
at its rate and at the next lower one of the grid. About a quarter of an hour on one
core. Stored, too: the networks of the middle size with the median error and, for
the sines, those of all eight seeds (`all/...`). Tolerance: an error may change by a
factor of two, since rounding grows with training; the order stays.
"""

from functools import partial

import numpy as np

from experiments.common import rounded
from experiments.fairness import compare, geometric_mean
from experiments.harness import watch
from experiments.many import alone, learn, side_by_side, together
from rnncourse import LSTM, RNN, Clockwork, Network
from rnncourse.tasks import scaled, sines, tone
from rnncourse.text import sunspots

PERIODS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
WAVES = {"sines": sines(320), "tone": tone(320), "sunspots": scaled(sunspots())}
RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
SEEDS, TUNING_SEEDS, T = (0, 1, 2, 3, 4, 5, 6, 7), (100, 101), 320
UPDATES, PATIENT_UPDATES, EVERY = 1000, 10_000, 20
CELLS = {  # and three sizes
    "RNN": (partial(RNN.init, 1), (14, 20, 34)),
    "RNN + ticks": (partial(RNN.init, len(PERIODS) - 1), (11, 17, 30)),
    "LSTM": (partial(LSTM.init, 1, forget_bias=5.0), (7, 10, 17)),
    "Clockwork": (partial(Clockwork.init, 1, periods=PERIODS), (18, 27, 45)),
}
SMOKE = {"UPDATES": 2, "PATIENT_UPDATES": 2, "EVERY": 1, "RATES": (0.003, 0.01)}
SMOKE |= {"SEEDS": (0, 1), "TUNING_SEEDS": (100,)}


def start(name, H, seed):
    """A network before training, and the number of its parameters that can matter."""
    rng = np.random.default_rng([seed, H])
    net = Network.init(CELLS[name][0](H, rng=rng), 1, rng=rng)
    return net, net.size - (0 if name == "RNN + ticks" else net.cell.W_x.size)


def inputs(name):
    """Nothing, (T, 1), or at each step which of the periods above 1 divide it, (T, 8)."""
    ticks = np.arange(T)[:, None] % np.array(PERIODS[1:]) == 0
    return ticks.astype(float) if name == "RNN + ticks" else np.zeros((T, 1))


def train(name, H, updates, runs):
    """One network for each (wave, rate, seed), all at once: for each its errors, one
    for each look, and itself.
    """
    nets = together([start(name, H, seed)[0] for _, _, seed in runs])
    targets, weights = np.zeros((T, len(runs))), np.zeros((T, len(runs)))
    for s, (wave, _, _) in enumerate(runs):
        target = WAVES[wave]
        targets[: len(target), s] = target
        weights[: len(target), s] = 1 / len(target) / target.var()
    xs = side_by_side(np.repeat(inputs(name)[:, None], len(runs), axis=1))
    rates, how = np.array([r for _, r, _ in runs]), {"updates": updates, "every": EVERY}
    nets, seen = learn(nets, xs, targets, weights, rates, **how)
    errors = np.transpose([losses for losses, _ in seen])
    return [(errors[s], alone(nets, s)) for s in range(len(runs))]


def run():
    """Compare on each wave at each size; then be patient."""
    results = {wave: {name: [] for name in CELLS} for wave in WAVES}
    kept = {}
    for size, name in watch(
        [(size, name) for size in range(3) for name in CELLS], "all"
    ):
        H = CELLS[name][1][size]
        found = compare(
            WAVES,
            partial(train, name, H, UPDATES),
            RATES,
            SEEDS,
            tuning_seeds=TUNING_SEEDS,
            score=lambda runs: geometric_mean([errors[-1] for errors, _ in runs]),
            most=0,
            at_once=True,
        )
        for wave, each in found.items():
            errors = np.array([errors for errors, _ in each.runs])
            nets = [net.leaves() for _, net in each.runs]
            results[wave][name].append(
                {
                    "H": H,
                    "parameters": int(start(name, H, 0)[1]),
                    "rate": each.rate,
                    "ties": each.ties,
                    "tried": rounded(list(each.scores.values()), ".3g"),
                    "errors": rounded(errors[:, -1], ".4g"),
                    "curve": rounded(np.median(errors, axis=0), ".3g"),
                }
            )
            if size == 1:
                net = nets[np.argsort(errors[:, -1])[(len(SEEDS) - 1) // 2]]
                kept |= {f"{wave}/{name}/{leaf}": array for leaf, array in net.items()}
            if size == 1 and wave == "sines":
                for leaf in net:
                    kept[f"all/{name}/{leaf}"] = np.stack([one[leaf] for one in nets])
    return {
        "rates": RATES,
        "updates": UPDATES,
        "every": EVERY,
        "periods": PERIODS,
        "results": results,
        "patience": patience(results["sines"]["RNN"][1]),
    }, kept


def patience(found):
    """Errors after ten times the updates, at the best rate and at the next lower one."""
    rates = [RATES[RATES.index(found["rate"]) - 1], found["rate"]]
    runs = [("sines", rate, seed) for rate in rates for seed in SEEDS]
    done = iter(train("RNN", found["H"], PATIENT_UPDATES, runs))
    return {rate: [rounded(next(done)[0][-1], ".4g") for _ in SEEDS] for rate in rates}
