"""An exercise of chapter 1: one unit that remembers that a one was read."""

from typing import Any

import numpy as np

from rnncourse.arrays import Array, Float
from rnncourse.exercises import Verdict, register


def latch_states(latch: Any, xs: Float[Array, " T"]) -> Float[Array, " T"]:
    """h_t = tanh(w_x x_t + w_h h_{t-1} + b) from h_0 = 0, for one unit."""
    w_x, w_h, b = latch
    hs, h = [], 0.0
    for x in xs:
        h = np.tanh(w_x * x + w_h * h + b)
        hs.append(h)
    return np.array(hs)


def judge_latch(latch: Any, rng: np.random.Generator) -> Verdict | None:
    """h_t < 0.5 before the first one, h_t > 0.5 from it on, whatever comes then.

    In sequences of up to 20,000 zeros and ones. A state that creeps past a resting
    place that is only just gone needs π / sqrt(distance) steps, so that a latch that
    fails by less than about 1e-7 in a number is not seen to fail.
    """
    cases = [(6, 2, 0.1), (40, 0, 0.1), (300, 20, 0.1), (300, 150, 0.5)]
    cases += [(20_000, 20_000, 0.0), (20_000, 1, 0.0), (300, 20, 1.0)]
    for length, first, share in cases:
        steps = np.arange(length)
        xs = np.where(steps < first, 0.0, rng.random(length) < share)
        xs[first : first + 1] = 1.0
        states = latch_states(latch, xs)
        early, late = states[:first], states[first:]
        if not (early < 0.5).all():
            zeros = np.argmin(early < 0.5) + 1
            return Verdict(
                False,
                f"✗ h is not below 0.5 after {zeros} zeros: nothing was to be"
                " remembered yet",
            )
        if not (late[:1] > 0.5).all():
            return Verdict(
                False,
                f"✗ a one after {first} zeros leaves h at 0.5 or below: the input must"
                " lift the state further",
            )
        if not (late > 0.5).all():
            later = int(np.argmin(late > 0.5))
            steps = "1 step" if later == 1 else f"{later} steps"
            return Verdict(
                False,
                f"✗ the one is forgotten {steps} later: where does tanh(w_h h + b) cross"
                " the diagonal?",
            )
    return None


register(
    "latch",
    (8.0, 3.0, -1.0),
    outputs=("w_x", "w_h", "b"),
    judge=judge_latch,
    tolerance=np.inf,
    mistakes={
        "Without w_h the unit answers to the present only": (8.0, 0.0, -1.0),
        "With w_h below 1 there is only one resting place": (8.0, 0.5, 0.0),
        "The bias is so low that the upper resting place is gone": (8.0, 3.0, -4.0),
    },
)
