"""With attention and with one vector, about 28,000 parameters each: how many telephone
numbers are written without a mistake, by their length?

Numbers are read out in English, in pairs of digits, and written in German words. Training
has 1 to 5 pairs, one length in each batch of 32; tests have 1 to 8, 500 numbers each,
whose sums of digits occur neither in training nor in tuning. GRUs, in both directions in
the encoder. Adam with a rate that falls to zero on a straight line, clipping by norm at
1, 800 updates; each contestant with the best of three rates or more, by the loss on the
tuning part, as a geometric mean over three seeds; five other seeds. Of the networks with
attention, also how often the largest weight stands at the word that is being translated:
over all words that translate one, and over those of pairs in which units and tens swap. The
networks of seed 0 are stored, too (float16). About twelve minutes on one core. Tolerance:
shares within 0.03 where they are above 0.9, within 0.2 elsewhere.
"""

import numpy as np

from experiments.dictated import (
    at_its_word,
    exact_by_length,
    learned,
    loss_on,
    numbers,
    outcome,
)
from experiments.fairness import compare
from rnncourse.translation import OneVector, WithAttention

UPDATES, LONGEST, LENGTHS, N, MOST = 1200, 5, (1, 2, 3, 4, 5, 6, 7, 8), 500, 4
SEEDS, TUNING_SEEDS, RATES = (0, 1, 2, 3, 4), (100, 101, 102), (7e-3, 1.5e-2, 3e-2)
NETS = {"attention": (WithAttention, 32), "one vector": (OneVector, 34)}
SMOKE = {"UPDATES": 2, "LONGEST": 2, "N": 3, "MOST": 1, "RATES": (1e-2,)}
SMOKE |= {"SEEDS": (0, 1), "TUNING_SEEDS": (100,)}


def learn(name, rate, seed, tests):
    """The loss, the share that is right by length, where the weights are, the network."""
    kind, H = NETS[name]
    net = learned(kind, H, rate, seed, updates=UPDATES, longest=LONGEST)
    aligned = [at_its_word(net, *tests[LONGEST])] if kind is WithAttention else []
    return loss_on(net, tests, LONGEST), exact_by_length(net, tests), aligned, net


def run():
    """Compare."""
    data = [(numbers(LENGTHS, N, part, 7),) for part in ("tune", "test")]
    rule = {"tuning_seeds": TUNING_SEEDS, "data": data, "score": outcome}
    found = compare(list(NETS), learn, RATES, SEEDS, most=MOST, **rule)
    result, arrays = {"lengths": LENGTHS, "longest": LONGEST}, {}
    for name, of in found.items():
        losses, right, aligned, nets = zip(*of.runs, strict=True)
        result[name] = of.told(5) | {
            "parameters": nets[0].size,
            "losses": [round(loss, 5) for loss in losses],
            "exact": right,
            "aligned": [each for some in aligned for each in some],
        }
        for leaf, value in nets[0].leaves().items():
            arrays[f"{name}: {leaf}"] = value.astype(np.float16)
    return result, arrays
