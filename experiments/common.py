"""What several experiments share: plays as numbers, a training's end, rounding."""

from functools import cache

import numpy as np

from rnncourse.text import Vocabulary, plays


@cache
def every():
    """All 38 plays."""
    return list(plays().values())


def texts(*parts):
    """The vocabulary of all 38 plays, and for each slice of them their text as numbers."""
    vocabulary = Vocabulary.of("\n\n\n".join(every()))
    return vocabulary, [
        vocabulary.encode("\n\n\n".join(every()[part])) for part in parts
    ]


def last(steps):
    """The parameters after the last update of a training."""
    for progress in steps:
        params = progress.params
    return params


def rounded(value, form=".4f"):
    """A number as this format writes it; or all of a list, an array or a dict's values."""
    if isinstance(value, dict):
        return {name: rounded(each, form) for name, each in value.items()}
    if np.ndim(value) or isinstance(value, list | tuple):
        return [rounded(each, form) for each in value]
    return float(format(float(value), form))
