"""What chapter 8's experiments share: training on telephone numbers, and what is measured
on others.
"""

import numpy as np

from experiments.common import last
from experiments.fairness import geometric_mean
from rnncourse import Adam, forward, train
from rnncourse.functions import cross_entropy
from rnncourse.text.telephone import ENGLISH, GERMAN, alignment, german, telephone
from rnncourse.training import linear
from rnncourse.translation import answering, before, counted, exact


def numbers(lengths, N, part, seed, turn=False):
    """For each length in pairs, N numbers of a part: a batch, and the pairs."""
    rng = np.random.default_rng(seed)
    drawn = {k: telephone(k, N, rng=rng, part=part) for k in lengths}
    return {k: (turned(b) if turn else b, pairs) for k, (b, pairs) in drawn.items()}


def turned(batch):
    """The same batch, each source read from its end."""
    t = np.arange(len(batch.xs))[:, None]
    order = np.where(t < batch.lengths, batch.lengths - 1 - t, t)
    return batch._replace(xs=np.take_along_axis(batch.xs, order, axis=0))


def learned(kind, H, rate, seed, *, updates, longest, B=32, turn=False, **rule):
    """A network after its training: each batch has numbers of one length."""
    rng = np.random.default_rng(seed)
    net = kind.init(len(ENGLISH), len(GERMAN), H, rng=rng, dtype=np.float32, **rule)

    def batches():
        for _ in range(updates):
            batch, _ = telephone(int(rng.integers(1, longest + 1)), B, rng=rng)
            yield turned(batch) if turn else batch

    steps = train(
        net, batches(), answering, Adam(rate), clip=1.0, rate=linear(rate, updates)
    )
    return last(steps)


def loss_on(net, tests, longest):
    """Nats per symbol, over the lengths that were trained on."""
    losses = []
    for batch, _ in (tests[k] for k in tests if k <= longest):
        encoded = forward(net.encoder, batch.xs, lengths=batch.lengths)
        decoded = net.decode(encoded, before(batch.targets, net.V))
        mask = counted(batch.targets, net.V)
        losses.append(cross_entropy(net.outputs(decoded.hs), batch.targets, mask)[0])
    return float(np.mean(losses))


def exact_by_length(net, tests):
    """The share of answers that are right in every word, for each length."""
    return [round(float(exact(net, batch).mean()), 4) for batch, _ in tests.values()]


def places(pairs):
    """For each word of the answer, the place of the English word that it stands for;
    None for "und" and the end.
    """
    found, start = [], 0
    for pair in pairs:
        found += [None if i is None else start + i for i in alignment(pair)]
        start += 1 + max(i for i in alignment(pair) if i is not None)
    return [*found, None]


def at_its_word(net, batch, pairs):
    """How often the largest weight is at the word that is being translated, while the
    right answer is written: over all words that have one, and over those in pairs that
    cross.
    """
    encoded = forward(net.encoder, batch.xs, lengths=batch.lengths)
    decoded = net.decode(encoded, before(batch.targets, net.V))
    peaks = decoded.cell.weights(decoded).argmax(axis=2)  # (T, B)
    hits, crossing = [], []
    for b, row in enumerate(pairs.tolist()):
        crosses = [len(german(pair)) == 3 for pair in row for _ in german(pair)]
        for t, place in enumerate(places(row)):
            if place is not None:
                hits.append(peaks[t, b] == place)
                if crosses[t]:
                    crossing.append(hits[-1])
    return [round(float(np.mean(each)), 4) for each in (hits, crossing)]


def outcome(losses):
    """The score of a rate in `tune`: of outcomes whose first part is the loss."""
    return geometric_mean([each[0] for each in losses])
