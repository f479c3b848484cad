"""The cells: each file holds one cell's gates and their derivative, nothing else."""

from rnncourse.cells.clockwork import Clockwork
from rnncourse.cells.gru import GRU
from rnncourse.cells.lstm import LSTM
from rnncourse.cells.reset_before import ResetBeforeGRU
from rnncourse.cells.rnn import RNN

__all__ = ["GRU", "LSTM", "RNN", "Clockwork", "ResetBeforeGRU"]
