"""Time constants read off the update gates of a GRU, against a signal whose two periods
are known.

The signal is a sine of period 5 and one of period 20, 50 or 100, with random phases,
both of amplitude 1, and noise of standard deviation 0.3. From it a GRU of 16 units
predicts the next value without the noise: squared error, Adam at 1e-2, clipping by norm
at 1, 600 updates of 16 sequences of 100 steps; update gates start at z = 1/2. Five
seeds for each period. On new sequences, after 100 steps of warming up, for each unit:
the time constant -1 / mean(ln z); how long its own state really lasts, the lag at which
the mean |dh_{t+k,i}/dh_{t,i}| first falls below 1/e (interpolated in the logarithm;
none within 60 steps: 60); and the share of the slow sine among what the two sines
explain of its state h and of its candidate n. About a minute on one core. Tolerance:
rank correlations within 0.15, median time constants within 30 %, since rounding grows
with training.
"""

from functools import partial

import numpy as np

from experiments.common import last, rounded
from experiments.harness import watch
from rnncourse import GRU, Adam, Batch, Network, forward
from rnncourse.functions import squared_error
from rnncourse.jacobians import products, step_jacobians
from rnncourse.network import objective
from rnncourse.training import train

FAST, SLOWS, NOISE, SEEDS = 5, (20, 50, 100), 0.3, (0, 1, 2, 3, 4)
H, T, B, UPDATES, RATE, WARM, LAGS = 16, 100, 16, 600, 1e-2, 100, 60
SMOKE = {"UPDATES": 2, "SLOWS": (20, 50), "SEEDS": (0,)}


def signal(slow, T, B, rng):
    """The noisy signal and the clean one, both (T + 1, B, 1), and the angles of the two
    sines, (2, T + 1, B).
    """
    phases, periods = rng.uniform(0, 2 * np.pi, (2, 1, B)), np.array([FAST, slow])
    angles = 2 * np.pi * np.arange(T + 1)[:, None] / periods[:, None, None] + phases
    clean = np.sin(angles).sum(axis=0)[..., None]
    return clean + NOISE * rng.normal(size=clean.shape), clean, angles


def batch(slow, rng):
    """Given the signal until t, the clean value at t + 1."""
    noisy, clean, _ = signal(slow, T, B, rng)
    return Batch(noisy[:-1].astype(np.float32), clean[1:].astype(np.float32))


def explained(values, angle):
    """The share of each unit's variance that a sine and a cosine of an angle explain."""
    V = values.reshape(-1, values.shape[-1]) - values.mean(axis=(0, 1))
    X = np.stack([np.sin(angle).ravel(), np.cos(angle).ravel()], axis=1)
    fitted = X @ np.linalg.lstsq(X, V, rcond=None)[0]
    return np.square(fitted).mean(axis=0) / np.square(V).mean(axis=0)


def slow_share(values, angles):
    """Of what both sines explain of each unit, the part of the slow one."""
    fast, slow = (explained(values, angle) for angle in angles)
    return slow / (fast + slow)


def lasts(cell, xs):
    """The lag at which the mean |dh_{t+k,i}/dh_{t,i}| of each unit first falls below
    1/e.
    """
    Js = step_jacobians(cell, forward(cell, xs))[-LAGS:]
    own = np.abs(np.einsum("kbii->kbi", products(Js))).mean(axis=1)  # (lags, H)
    found = []
    for curve in np.log(own.T):
        k = int(np.argmax(curve < -1)) or LAGS
        part = (curve[k - 1] + 1) / (curve[k - 1] - curve[k])  # of the last lag
        found.append(k - 1 + part if curve[k] < -1 else LAGS)
    return np.array(found)


def measure(slow, seed):
    """The numbers of one trained network."""
    rng = np.random.default_rng([seed, slow])
    net = Network.init(GRU.init(1, H, rng=rng, dtype=np.float32), 1, rng=rng)
    batches = (batch(slow, rng) for _ in range(UPDATES))
    loss = partial(objective, loss=squared_error)
    net = last(train(net, batches, loss, Adam(RATE), clip=1.0))
    noisy, clean, angles = signal(slow, WARM + 200, 64, rng)
    cell = net.cell.map(np.float64)
    run = forward(cell, noisy[:-1])
    zs = np.stack([tape.z for tape in run.tapes])[WARM:]
    ns = np.stack([tape.n for tape in run.tapes])[WARM:]
    found = {
        "time constant": -1 / np.log(zs).mean(axis=(0, 1)),
        "lasts": lasts(cell, noisy[:-1, :8]),
        "slow share of h": slow_share(run.hs[WARM:], angles[:, WARM + 1 :]),
        "slow share of n": slow_share(ns, angles[:, WARM + 1 :]),
    }
    error = np.square(net.outputs(run.hs[WARM:]) - clean[WARM + 1 :]).mean()
    return rounded(found, ".3f") | {"error": float(error)}


def run():
    """Measure five networks for each slow period."""
    results = {slow: [measure(slow, s) for s in SEEDS] for slow in watch(SLOWS, "slow")}
    about = {"fast": FAST, "noise": NOISE, "units": H, "updates": UPDATES}
    return about | {"results": results}
