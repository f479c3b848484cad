"""The cells: each file holds one cell's gates and their derivative, nothing else;
`ablated` the four with a part missing.
"""

from rnncourse.cells.ablated import NFG, NIG, NOAF, NOG
from rnncourse.cells.clockwork import Clockwork
from rnncourse.cells.coupled import CoupledLSTM
from rnncourse.cells.gru import GRU
from rnncourse.cells.lstm import LSTM
from rnncourse.cells.peephole import PeepholeLSTM
from rnncourse.cells.reset_before import ResetBeforeGRU
from rnncourse.cells.rnn import RNN

__all__ = [
    "GRU",
    "LSTM",
    "NFG",
    "NIG",
    "NOAF",
    "NOG",
    "RNN",
    "Clockwork",
    "CoupledLSTM",
    "PeepholeLSTM",
    "ResetBeforeGRU",
]
