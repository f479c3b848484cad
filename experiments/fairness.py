"""The one rule by which experiments compare: each contestant at its own best rate."""

import math
from typing import Any, NamedTuple

import numpy as np

from experiments.harness import watch


def geometric_mean(values, axis=None):
    """exp of the mean of ln: a run that fails counts, but does not hide how the others
    did.
    """
    return np.exp(np.mean(np.log(values), axis=axis))


class Found(NamedTuple):
    """What `tune` found for one contestant, and its runs at that rate in `compare`."""

    rate: Any  # the one with the least score; of equal ones the first that was tried
    scores: dict  # by rate
    outcomes: dict  # by rate, one for each tuning seed
    ties: list  # further rates that were not worse on every tuning seed: as good, then
    runs: tuple = ()  # one for each seed

    def told(self, digits=20):
        """Rate, ties and scores as they are stored."""
        tried = {rate: round(float(s), digits) for rate, s in self.scores.items()}
        return {"rate": self.rate, "ties": self.ties, "tried": tried}


def tune(
    contestants,
    learn,
    rates,
    seeds=(100, 101, 102),
    *,
    data=(),
    score=geometric_mean,
    factor=3,
    digits=3,
    most=math.inf,
    at_once=False,
):
    """A `Found` for each contestant: the rate with the least `score` of its outcomes.

    `learn(contestant, rate, seed, *data)` gives one outcome; with `at_once` it is given
    a list of (contestant, rate, seed) and gives as many. While the best rate stands at
    an edge of the grid, a further one is tried there, `factor` away and rounded to
    `digits` significant digits, until `most` were tried. The best is compared with the
    others seed by seed, too: `ties` are those that beat it or were equal on one seed at
    least.
    """
    tried = {contestant: {} for contestant in contestants}
    wanted = dict.fromkeys(contestants, rates)
    while wanted:
        runs = [(c, rate, seed) for c in wanted for rate in wanted[c] for seed in seeds]
        done = iter(outcomes(learn, runs, data, at_once, "tuning"))
        for c, further in wanted.items():
            tried[c] |= {rate: [next(done) for _ in seeds] for rate in further}
        scores = {c: {r: score(o) for r, o in tried[c].items()} for c in contestants}
        wanted = {}
        for c, scored in scores.items():
            best, low, high = min(scored, key=scored.get), min(scored), max(scored)
            if best in (low, high) and len(scored) < most:
                further = low / factor if best == low else high * factor
                wanted[c] = [float(f"{further:.{digits}g}")]
    return {c: found(scores[c], tried[c], score) for c in contestants}


def found(scores, tried, score):
    """One contestant's best rate, with its ties."""
    best = min(scores, key=scores.get)
    alone = {rate: [score([each]) for each in tried[rate]] for rate in tried}
    ties = [
        rate
        for rate in tried
        if rate != best
        and any(o <= b for o, b in zip(alone[rate], alone[best], strict=True))
    ]
    return Found(best, dict(sorted(scores.items())), tried, sorted(ties))


def compare(
    contestants,
    learn,
    rates,
    seeds,
    *,
    tuning_seeds=(100, 101, 102),
    data=((), ()),
    at_once=False,
    **rule,
):
    """Tune each contestant, then run it with every seed: a `Found` for each, with runs.

    `data` is what `learn` is given while tuning, and in the test; the last of each is
    what it is measured on. Without data a seed draws its own. `rule` as for `tune`.
    Raises ValueError where a tuning seed is a seed, or tuning sees the test's data.
    """
    if both := set(seeds) & set(tuning_seeds):
        raise ValueError(f"seeds {sorted(both)} are tuning seeds, too; expected others")
    trial, test = data
    if trial and trial[-1] is test[-1]:
        raise ValueError("tuning and test are measured on the same data")
    tuned = tune(
        contestants, learn, rates, tuning_seeds, data=trial, at_once=at_once, **rule
    )
    runs = [(c, tuned[c].rate, seed) for c in contestants for seed in seeds]
    done = iter(outcomes(learn, runs, test, at_once, "runs"))
    return {c: tuned[c]._replace(runs=[next(done) for _ in seeds]) for c in contestants}


def outcomes(learn, runs, data, at_once, what):
    """What `learn` gives for each (contestant, rate, seed)."""
    if at_once:
        return learn(runs, *data)
    return [learn(*run, *data) for run in watch(runs, what)]
