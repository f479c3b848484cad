"""Text: characters and their numbers, corpora that need no network, batches, counting,
and sampling with a temperature.
"""

from rnncourse.text.corpora import (
    Utterances,
    plays,
    python_source,
    read,
    shakespeare,
    sunspots,
    vowels,
)
from rnncourse.text.ngram import NGram
from rnncourse.text.sampling import generate, sample_symbol, tempered
from rnncourse.text.vocabulary import Vocabulary, require_symbols
from rnncourse.text.windows import windows

__all__ = [
    "NGram",
    "Utterances",
    "Vocabulary",
    "generate",
    "plays",
    "python_source",
    "read",
    "require_symbols",
    "sample_symbol",
    "shakespeare",
    "sunspots",
    "tempered",
    "vowels",
    "windows",
]
