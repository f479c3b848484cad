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
with training. Result: ch06_time_constants.json.
"""

import time
from functools import partial

import numpy as np
from stored import save

from rnncourse import (
    GRU,
    Adam,
    Batch,
    Network,
    clip_by_norm,
    forward,
    objective,
    squared_error,
    train,
)
from rnncourse.jacobians import products, step_jacobians

FAST, SLOWS, NOISE, SEEDS = 5, (20, 50, 100), 0.3, (0, 1, 2, 3, 4)
H, T, B, UPDATES, RATE, WARM, LAGS = 16, 100, 16, 600, 1e-2, 100, 60


def signal(slow, T, B, rng):
    """The noisy signal and the clean one, both (T + 1, B, 1), and the angles of the two
    sines, (2, T + 1, B).
    """
    phases = rng.uniform(0, 2 * np.pi, (2, 1, B))
    angles = (
        2 * np.pi * np.arange(T + 1)[:, None] / np.array([FAST, slow])[:, None, None]
        + phases
    )
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
    return np.square(X @ np.linalg.lstsq(X, V, rcond=None)[0]).mean(axis=0) / np.square(
        V
    ).mean(axis=0)


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
        found.append(
            k - 1 + (curve[k - 1] + 1) / (curve[k - 1] - curve[k])
            if curve[k] < -1
            else LAGS
        )
    return np.array(found)


def measure(slow, seed):
    """The numbers of one trained network."""
    rng = np.random.default_rng([seed, slow])
    net = Network.init(GRU.init(1, H, rng=rng, dtype=np.float32), 1, rng=rng)
    batches = (batch(slow, rng) for _ in range(UPDATES))
    loss, clip = (
        partial(objective, loss=squared_error),
        partial(clip_by_norm, limit=1.0),
    )
    for progress in train(net, batches, loss, Adam(RATE), clip=clip):
        net = progress.params
    noisy, clean, angles = signal(slow, WARM + 200, 64, rng)
    cell = net.cell.map(np.float64)
    run = forward(cell, noisy[:-1])
    zs, ns = (
        np.stack([getattr(tape, name) for tape in run.tapes])[WARM:] for name in "zn"
    )
    after = angles[:, WARM + 1 :]
    found = {
        "time constant": -1 / np.log(zs).mean(axis=(0, 1)),
        "lasts": lasts(cell, noisy[:-1, :8]),
        "slow share of h": slow_share(run.hs[WARM:], after),
        "slow share of n": slow_share(ns, after),
    }
    error = np.square(run.hs[WARM:] @ net.W_y + net.b_y - clean[WARM + 1 :]).mean()
    return {
        name: [round(float(v), 3) for v in values] for name, values in found.items()
    } | {"error": float(error)}


def main():
    """Run, store."""
    began = time.process_time()
    results = {slow: [measure(slow, seed) for seed in SEEDS] for slow in SLOWS}
    minutes = round((time.process_time() - began) / 60, 1)
    save(
        __file__,
        seeds=SEEDS,
        fast=FAST,
        noise=NOISE,
        units=H,
        updates=UPDATES,
        minutes=minutes,
        results=results,
    )


if __name__ == "__main__":
    main()
