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
core. Results: ch07_waves.json, and in ch07_waves.npz the networks of the middle size
with the median error and, for the sines, those of all eight seeds (`all/...`).
Tolerance: an error may change by a factor of two, since rounding grows with training;
the order stays.
"""

import time
from functools import partial
from pathlib import Path

import numpy as np
from many import alone, learn, side_by_side, together
from stored import save
from tuning import geometric_mean

from rnncourse import LSTM, RNN, Clockwork, Network
from rnncourse.tasks import scaled, sines, tone
from rnncourse.text import sunspots

PERIODS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
WAVES = {"sines": sines(320), "tone": tone(320), "sunspots": scaled(sunspots())}
RATES, TUNING_SEEDS, SEEDS = (
    (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3),
    (100, 101),
    (0, 1, 2, 3, 4, 5, 6, 7),
)
UPDATES, EVERY, T = 1000, 20, 320
SIZES = {
    "RNN": (14, 20, 34),
    "RNN + ticks": (11, 17, 30),
    "LSTM": (7, 10, 17),
    "Clockwork": (18, 27, 45),
}


def start(name, H, seed):
    """A network before training, and the number of its parameters that can matter."""
    rng = np.random.default_rng([seed, H])
    cells = {
        "RNN": partial(RNN.init, 1),
        "RNN + ticks": partial(RNN.init, len(PERIODS) - 1),
        "LSTM": partial(LSTM.init, 1, forget_bias=5.0),
        "Clockwork": partial(Clockwork.init, 1, periods=PERIODS),
    }
    net = Network.init(cells[name](H, rng=rng), 1, rng=rng)
    return net, net.size - (0 if name == "RNN + ticks" else net.cell.W_x.size)


def inputs(name):
    """Nothing, (T, 1), or at each step which of the periods above 1 divide it, (T, 8)."""
    ticks = np.arange(T)[:, None] % np.array(PERIODS[1:]) == 0
    return ticks.astype(float) if name == "RNN + ticks" else np.zeros((T, 1))


def run(name, H, runs, updates=UPDATES):
    """Train one network for each (wave, rate, seed) of `runs`, all at once: the
    networks and their errors, (looks, S).
    """
    nets = together([start(name, H, seed)[0] for _, _, seed in runs])
    targets, weights = np.zeros((T, len(runs))), np.zeros((T, len(runs)))
    for s, (wave, _, _) in enumerate(runs):
        target = WAVES[wave]
        targets[: len(target), s] = target
        weights[: len(target), s] = 1 / len(target) / target.var()
    xs = side_by_side(np.repeat(inputs(name)[:, None], len(runs), axis=1))
    rates = np.array([rate for _, rate, _ in runs])
    nets, seen = learn(nets, xs, targets, weights, rates, updates=updates, every=EVERY)
    return nets, np.array([loss for loss, _ in seen])


def tune(name, H):
    """For each wave the rate with the least error, mean of the logarithm over the
    tuning seeds, and all that was tried.
    """
    runs = [
        (wave, rate, seed) for wave in WAVES for rate in RATES for seed in TUNING_SEEDS
    ]
    _, errors = run(name, H, runs)
    tried = geometric_mean(
        errors[-1].reshape(len(WAVES), len(RATES), len(TUNING_SEEDS)), axis=2
    )
    return {
        wave: RATES[row.argmin()] for wave, row in zip(WAVES, tried, strict=True)
    }, tried


def main():
    """Tune, run, store."""
    began = time.process_time()
    results, kept = {}, {}
    for size in range(3):
        for name, sizes in SIZES.items():
            best, tried = tune(name, sizes[size])
            runs = [(wave, best[wave], seed) for wave in WAVES for seed in SEEDS]
            nets, errors = run(name, sizes[size], runs)
            for w, wave in enumerate(WAVES):
                part = slice(w * len(SEEDS), (w + 1) * len(SEEDS))
                last = errors[-1, part]
                results.setdefault(wave, {}).setdefault(name, []).append(
                    {
                        "H": sizes[size],
                        "parameters": int(start(name, sizes[size], 0)[1]),
                        "rate": best[wave],
                        "tried": [float(f"{error:.3g}") for error in tried[w]],
                        "errors": [float(f"{error:.4g}") for error in last],
                        "curve": [
                            float(f"{error:.3g}")
                            for error in np.median(errors[:, part], axis=1)
                        ],
                    }
                )
                if size == 1:
                    median = int(np.argsort(last)[(len(SEEDS) - 1) // 2])
                    net = alone(nets, part.start + median)
                    kept |= {
                        f"{wave}/{name}/{leaf}": array
                        for leaf, array in net.leaves().items()
                    }
                if size == 1 and wave == "sines":
                    each = [
                        alone(nets, part.start + s).leaves() for s in range(len(SEEDS))
                    ]
                    kept |= {
                        f"all/{name}/{leaf}": np.stack([net[leaf] for net in each])
                        for leaf in each[0]
                    }
                print(
                    size,
                    name,
                    wave,
                    results[wave][name][-1]["rate"],
                    np.sort(last).round(4),
                    flush=True,
                )
            print(round(time.process_time() - began), "s", flush=True)
    found = results["sines"]["RNN"][1]
    rates = [RATES[RATES.index(found["rate"]) - 1], found["rate"]]
    _, errors = run(
        "RNN",
        found["H"],
        [("sines", rate, seed) for rate in rates for seed in SEEDS],
        10 * UPDATES,
    )
    last = errors[-1].reshape(len(rates), len(SEEDS))
    patience = {
        rate: [float(f"{e:.4g}") for e in row]
        for rate, row in zip(rates, last, strict=True)
    }
    print("patience", patience, round(time.process_time() - began), flush=True)
    minutes = round((time.process_time() - began) / 60, 1)
    np.savez_compressed(Path(__file__).with_suffix(".npz"), **kept)
    about = {
        "seeds": SEEDS,
        "tuning_seeds": TUNING_SEEDS,
        "rates": RATES,
        "updates": UPDATES,
        "every": EVERY,
    }
    save(
        __file__,
        **about,
        periods=PERIODS,
        minutes=minutes,
        results=results,
        patience=patience,
    )


if __name__ == "__main__":
    main()
