"""Counting as a baseline: n-grams up to 8 from 34 plays, on text that was counted and
on four plays that were not.

Witten-Bell interpolation. `first` is the loss on the first 100,000 characters of the
four plays, where the chapter draws its curves; `plays` that of the 6-gram on each of
the four; `unseen` the share of groups of n characters in the four plays that do not
occur in the 34. Exact on every machine. About a minute on one core, 2 GB. Result:
ch02_counting.json.
"""

import numpy as np
from reading import texts
from stored import save

from rnncourse.text.ngram import NGram

N = 8


def unseen(ids, held_out, k):
    """The share of groups of k symbols in one text that do not occur in another."""
    powers = (1 + max(ids.max(), held_out.max())) ** np.arange(k, dtype=np.int64)
    numbers = [
        np.lib.stride_tricks.sliding_window_view(part, k) @ powers
        for part in (ids, held_out)
    ]
    return 1 - float(np.isin(numbers[1], numbers[0]).mean())


def main():
    """Count, test, store."""
    vocabulary, (ids, held_out, *tests) = texts(
        slice(34), slice(34, None), *(slice(k, k + 1) for k in range(34, 38))
    )
    V = len(vocabulary)
    model = NGram.fit(ids, N, V)
    models = {n: NGram(V, model.counts[:n]) for n in range(1, N + 1)}
    save(
        __file__,
        characters={"learned": len(ids), "held_out": len(held_out)},
        V=V,
        held_out={n: round(m.nats(held_out), 4) for n, m in models.items()},
        first={n: round(m.nats(held_out[:100_001]), 4) for n, m in models.items()},
        plays=[round(models[6].nats(play), 4) for play in tests],
        learned={n: round(m.nats(ids[: len(held_out)]), 4) for n, m in models.items()},
        unseen={n: round(unseen(ids, held_out, n), 4) for n in range(1, N + 1)},
    )


if __name__ == "__main__":
    main()
