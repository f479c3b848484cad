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
from rnncourse.text.kneser_ney import KneserNey
from rnncourse.text.ngram import NGram
from rnncourse.text.reading import loss_along, loss_on
from rnncourse.text.sampling import (
    generate,
    nucleus,
    sample_symbol,
    tempered,
    top_k,
    write,
)
from rnncourse.text.vocabulary import Vocabulary, require_symbols
from rnncourse.text.windows import passes, stretches, windows

__all__ = [
    "KneserNey",
    "NGram",
    "Utterances",
    "Vocabulary",
    "generate",
    "loss_along",
    "loss_on",
    "nucleus",
    "passes",
    "plays",
    "python_source",
    "read",
    "require_symbols",
    "sample_symbol",
    "shakespeare",
    "stretches",
    "sunspots",
    "tempered",
    "top_k",
    "vowels",
    "windows",
    "write",
]
