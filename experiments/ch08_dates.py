"""Dates as eight languages write them, read letter by letter and written as 1998-05-09:
how many are right, with attention and with one vector, and what is the most that can be?

Every day of a hundred years, by `babel` in four formats (9/5/98, 9 May 1998, ... with the
day of the week), each of 32 combinations as often as the others. Days are kept apart by
the last digit of their ordinal: 0 for tests, 1 for tuning. About 32,000 parameters
each, GRUs, in both directions in the encoder; Adam with a rate that falls to zero on a
straight line, clipping by norm at 1, 400 updates of 64 dates; each contestant with the
best of three rates or more, by the loss on 1,000 tuning dates, as a geometric mean over
three seeds; five other seeds. `exact`: 200 test dates of each language and format.
`unseen`: of three languages that were not learned. `most`: the share that a reader could
get right who knows how often each day has each text, over all test days. `table`: a table
that knows no letter, but that digits are digits: what stands for year, month and day in
each text whose digits are masked, counted over as many dates as a network saw.
`at_part`: how often the largest weight is at the part (year, month or day) that is being
written, in the format "long". The network with attention of seed 0 is stored, too
(float16). About a quarter of an hour on one core. Tolerance: shares within 0.05 with
attention, within 0.2 with one vector.
"""

import datetime
import itertools
import re
from collections import Counter, defaultdict
from functools import cache

import numpy as np
from babel.dates import format_date

from experiments.common import last
from experiments.dictated import loss_on, outcome
from experiments.fairness import compare
from rnncourse import Adam, Batch, forward, train
from rnncourse.training import linear
from rnncourse.translation import OneVector, WithAttention, answering, before, exact

LEARNED = ("en_US", "en_GB", "de", "fr", "es", "sv", "hu", "fi")
UNSEEN, FORMATS = ("nl", "it", "da"), ("short", "medium", "long", "full")
DAYS = range(
    datetime.date(1970, 1, 1).toordinal(), datetime.date(2070, 1, 1).toordinal()
)
ALPHABET, PARTS = "0123456789-.", {"learn": range(2, 10), "tune": (1,), "test": (0,)}
NETS = {"attention": (WithAttention, 32), "one vector": (OneVector, 34)}
B, UPDATES, N, MOST, STEP = 64, 400, 200, 4, 1
SEEDS, TUNING_SEEDS, RATES = (0, 1, 2, 3, 4), (100, 101, 102), (7e-3, 1.5e-2, 3e-2)
SMOKE = {"UPDATES": 2, "N": 2, "MOST": 1, "RATES": (1e-2,), "STEP": 491}
SMOKE |= {"SEEDS": (0, 1), "TUNING_SEEDS": (100,)}


@cache
def text(day, locale, form):
    """The day as a language writes it."""
    return format_date(datetime.date.fromordinal(day), form, locale)


@cache
def days_of(part):
    """The days of a part."""
    return [day for day in DAYS if day % 10 in PARTS[part]]


def iso(day):
    """The answer: 1998-05-09, and a full stop."""
    return datetime.date.fromordinal(day).isoformat() + "."


@cache
def letters():
    """All that can stand in a date."""
    some = range(DAYS[0], DAYS[0] + 400)
    kinds = list(itertools.product(LEARNED + UNSEEN, FORMATS))
    return "".join(sorted({c for d in some for kind in kinds for c in text(d, *kind)}))


def drawn(n, rng, part="learn", locale=None, form=None):
    """n days of a part, and how each is written: (day, text)."""
    days = rng.choice(days_of(part), n).tolist()
    where = rng.choice(LEARNED, n) if locale is None else [locale] * n
    forms = rng.choice(FORMATS, n) if form is None else [form] * n
    return [
        (d, text(d, str(w), str(f))) for d, w, f in zip(days, where, forms, strict=True)
    ]


def batch(rows):
    """xs (S, B) are letters, padded with the first one; targets (11, B)."""
    lengths = np.array([len(said) for _, said in rows])
    xs = np.zeros((lengths.max(), len(rows)), int)
    for b, (_, said) in enumerate(rows):
        xs[: len(said), b] = [letters().index(c) for c in said]
    ys = np.array([[ALPHABET.index(c) for c in iso(day)] for day, _ in rows]).T
    return Batch(xs, ys, lengths=lengths)


def learn(name, rate, seed, tests):
    """The loss on the first test, the share that is right in each, and the network."""
    kind, H = NETS[name]
    rng = np.random.default_rng(seed)
    size = len(letters()), len(ALPHABET), H
    net = last(
        train(
            kind.init(*size, rng=rng, dtype=np.float32),
            (batch(drawn(B, rng)) for _ in range(UPDATES)),
            answering,
            Adam(rate),
            clip=1.0,
            rate=linear(rate, UPDATES),
        )
    )
    first, *rest = [batch(rows) for rows in tests]
    loss = loss_on(net, {0: (first, None)}, 0)
    return (loss, [float(exact(net, each).mean()) for each in rest], net)


def most():
    """The share of the days of the test, in each language and format, that a reader gets
    right who picks the day that has this text most often: (languages, formats).
    """
    counts = defaultdict(Counter)
    for day in DAYS[::STEP]:
        for where, form in itertools.product(LEARNED, FORMATS):
            counts[text(day, where, form)][day] += 1

    def chance(day, said):
        best = max(counts[said].values())
        equal = sum(n == best for n in counts[said].values())
        return (counts[said][day] == best) / equal

    days = [day for day in DAYS[::STEP] if day % 10 in PARTS["test"]]
    return [
        [
            float(np.mean([chance(day, text(day, w, f)) for day in days]))
            for f in FORMATS
        ]
        for w in LEARNED
    ]


def masked(said):
    """The text with # for each number, and its numbers."""
    return re.sub(r"\d+", "#", said), [int(n) for n in re.findall(r"\d+", said)]


def readings(day, numbers):
    """Which number is the year, the month (or which month it is), and the day."""
    date = datetime.date.fromordinal(day)
    years = [i for i, n in enumerate(numbers) if n in (date.year, date.year % 100)]
    months = [i for i, n in enumerate(numbers) if n == date.month]
    months = months if len(numbers) == 3 else [-date.month]
    days = [i for i, n in enumerate(numbers) if n == date.day]
    found = [(y, m, d) for y in years for m in months for d in days]
    return [each for each in found if len(set(each)) == 3]


def table(rng, tests):
    """What a table of masked texts gets right: the reading that was possible most often
    when it was learned.
    """
    seen = defaultdict(Counter)
    for day, said in drawn(B * UPDATES, rng):
        shape, numbers = masked(said)
        seen[shape].update(readings(day, numbers))

    def right(day, said):
        shape, numbers = masked(said)
        if not seen[shape]:
            return False
        y, m, d = seen[shape].most_common(1)[0][0]
        year, month = numbers[y], numbers[m] if m >= 0 else -m
        year += 0 if year > 99 else 1900 if year >= 70 else 2000
        return (year, month, numbers[d]) == tuple(map(int, iso(day)[:-1].split("-")))

    return [float(np.mean([right(*row) for row in rows])) for rows in tests]


def at_part(net, rows):
    """How often the largest weight is at the year, month and day while it is written."""
    given = batch(rows)
    encoded = forward(net.encoder, given.xs, lengths=given.lengths)
    decoded = net.decode(encoded, before(given.targets, net.V))
    peaks = decoded.cell.weights(decoded).argmax(axis=2)  # (T, B)
    hits = {"year": [], "month": [], "day": []}
    for b, (_, said) in enumerate(rows):
        year, number = re.search(r"\d{4}", said), re.search(r"\b\d{1,2}\b", said)
        word = max(re.finditer(r"[^\W\d_]+", said), key=lambda found: len(found[0]))
        for name, span, steps in (
            ("year", year, range(4)),
            ("month", word, (5, 6)),
            ("day", number, (8, 9)),
        ):
            low, high = span.span()
            hits[name] += [low <= peaks[t, b] < high for t in steps]
    return {name: round(float(np.mean(each)), 3) for name, each in hits.items()}


def run():
    """Compare."""
    rng = np.random.default_rng(7)
    kinds = list(itertools.product(LEARNED + UNSEEN, FORMATS))
    tests = [drawn(N, rng, "test", *kind) for kind in kinds]
    tune, loss_of = drawn(5 * N, rng, "tune"), drawn(5 * N, rng, "test")
    found = compare(
        list(NETS),
        learn,
        RATES,
        SEEDS,
        tuning_seeds=TUNING_SEEDS,
        data=(([tune],), ([loss_of, *tests],)),
        score=outcome,
        most=MOST,
    )
    result = {"learned": LEARNED, "unseen": UNSEEN, "formats": FORMATS}
    for name, of in found.items():
        losses, right, nets = zip(*of.runs, strict=True)
        by_kind = np.reshape(right, (len(SEEDS), -1, len(FORMATS))).round(3).tolist()
        result[name] = of.told(5) | {
            "parameters": nets[0].size,
            "losses": [round(loss, 5) for loss in losses],
            "exact": [each[: len(LEARNED)] for each in by_kind],
            "unseen": [each[len(LEARNED) :] for each in by_kind],
        }
    long = [
        t
        for (w, f), t in zip(kinds, tests, strict=True)
        if f == "long" and w in LEARNED
    ]
    rows = list(itertools.chain(*long))
    result["at_part"] = [at_part(net, rows) for *_, net in found["attention"].runs]
    result["table"] = (
        np.reshape(table(rng, tests), (-1, len(FORMATS))).round(3).tolist()
    )
    result["most"] = np.round(most(), 3).tolist()
    leaves = found["attention"].runs[0][-1].leaves()
    return result, {leaf: value.astype(np.float16) for leaf, value in leaves.items()}
