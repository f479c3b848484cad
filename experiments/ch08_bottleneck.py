"""One vector between encoder and decoder: how many telephone numbers are right, by their
length, for vectors of 32, 64 and 128 numbers, and when the source is read from its end?

The task and the training of `ch08_compare`, without attention: encoders in both
directions of 16, 32 and 64 units; and of one direction with 48, the source as it is or
turned round (Sutskever et al. 2014). Each has the best of two rates or three, by the
loss on the tuning part, as a geometric mean over three seeds, and then five other seeds.
At last, 32 units with four times as many updates. About twenty minutes on one core.
Tolerance: shares within 0.2.
"""

from experiments.dictated import exact_by_length, learned, loss_on, numbers, outcome
from experiments.fairness import compare
from rnncourse.translation import OneVector

UPDATES, LONGER, LONGEST, LENGTHS, N, MOST = 1200, 4, 5, (1, 2, 3, 4, 5), 500, 3
SEEDS, TUNING_SEEDS, RATES = (0, 1, 2, 3, 4), (100, 101, 102), (1.5e-2, 3e-2)
NETS = {  # units, both directions, source turned round
    "16": (16, True, False),
    "32": (32, True, False),
    "64": (64, True, False),
    "as it is": (48, False, False),
    "turned": (48, False, True),
}
SMOKE = {"UPDATES": 2, "LONGER": 2, "LONGEST": 2, "N": 3, "RATES": (1e-2,)}
SMOKE |= {"SEEDS": (0, 1), "MOST": 1}


def learn(name, rate, seed, part, times=1):
    """The loss, and the share that is right by length."""
    H, both, turn = NETS[name]
    tests = numbers(LENGTHS, N, part, 7, turn)
    rule = {"updates": times * UPDATES, "longest": LONGEST}
    net = learned(OneVector, H, rate, seed, both=both, turn=turn, **rule)
    return loss_on(net, tests, LONGEST), exact_by_length(net, tests), net.size


def run():
    """Sweep."""
    rule = {"tuning_seeds": TUNING_SEEDS, "score": outcome, "most": MOST}
    found = compare(
        list(NETS), learn, RATES, SEEDS, data=(("tune",), ("test",)), **rule
    )
    result = {"lengths": LENGTHS}
    for name, of in found.items():
        losses, right, sizes = zip(*of.runs, strict=True)
        result[name] = of.told(5) | {"losses": losses, "exact": right}
        result[name]["parameters"] = sizes[0]
    more = learn("32", found["32"].rate, SEEDS[0], "test", times=LONGER)
    result["four times as long"] = {"loss": more[0], "exact": more[1]}
    return result
