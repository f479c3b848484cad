"""Recurrent networks in readable numpy: the package of the course."""

from rnncourse.arrays import Batch, Record
from rnncourse.cells import GRU, LSTM, RNN, Clockwork
from rnncourse.composition import bidirectional, stack
from rnncourse.functions import (
    cross_entropy,
    relu,
    sigmoid,
    softmax,
    squared_error,
    tanh,
)
from rnncourse.network import Network, at_the_end, objective
from rnncourse.recurrence import Cell, Gradients, Run, State, backward, forward
from rnncourse.text import Vocabulary, generate
from rnncourse.training import (
    SGD,
    Adagrad,
    Adam,
    RMSProp,
    clip_by_norm,
    clip_by_value,
    train,
)

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "SGD",
    "Adagrad",
    "Adam",
    "Batch",
    "Cell",
    "Clockwork",
    "Gradients",
    "Network",
    "RMSProp",
    "Record",
    "Run",
    "State",
    "Vocabulary",
    "at_the_end",
    "backward",
    "bidirectional",
    "clip_by_norm",
    "clip_by_value",
    "cross_entropy",
    "forward",
    "generate",
    "objective",
    "relu",
    "sigmoid",
    "softmax",
    "squared_error",
    "stack",
    "tanh",
    "train",
]
