"""Encoder and decoder in torch: modules with the weights and the outputs of those in
`rnncourse.translation`. Needs torch.

For training on long sequences or on other hardware; at the sizes of chapter 8 the numpy
form is the faster one.
"""

from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy, one_hot
from torch.nn.utils import rnn

from rnncourse.arrays import Batch
from rnncourse.attention import Additive, DotProduct
from rnncourse.checks import shown
from rnncourse.translation import OneVector, WithAttention, before, counted
from rnncourse.twins.weights import from_torch, gradient_of, to_torch


class Translation(nn.Module):
    """The twin of a `OneVector` or of a `WithAttention`: nn.GRU (or nn.RNN, nn.LSTM) for
    the encoder, which reads packed sequences, and for the decoder's cell.

    With one vector the decoder is one fused call over all steps. With attention it is a
    loop over time: a query is the state that the step before left.
    """

    def __init__(self, net: OneVector) -> None:
        super().__init__()
        if not isinstance(net, OneVector):
            raise TypeError(f"net is {shown(net)}; Translation expects a OneVector")
        self.net = net
        self.encoder, self.cell = to_torch(net.encoder), to_torch(net.cell)
        self.W_y, self.b_y = _parameter(net.W_y), _parameter(net.b_y)
        if isinstance(net, WithAttention):
            if type(net.score) not in (Additive, DotProduct):
                raise TypeError(
                    f"score is {shown(net.score)}; Translation expects an Additive or a"
                    " DotProduct"
                )
            leaves = net.score.leaves().items()
            self.score = nn.ParameterDict({n: _parameter(leaf) for n, leaf in leaves})

    def forward(self, xs: Any, lengths: Any, symbols: Any) -> tuple[Any, Any]:
        """Logits (T, B, V) and weights (T, B, S), or None with one vector; xs (S, B) and
        the symbols written before each step, (T, B), are integers.
        """
        hot = one_hot(xs, self.net.encoder.D).to(self.W_y.dtype)
        packed = rnn.pack_padded_sequence(hot, lengths, enforce_sorted=False)
        packed, state = self.encoder(packed)
        hs, _ = rnn.pad_packed_sequence(packed, total_length=len(xs))
        written = one_hot(symbols, self.net.V).to(self.W_y.dtype)
        if isinstance(self.net, WithAttention):
            states, weights = self._attending(hs, lengths, written)
        else:
            last = state[0] if isinstance(state, tuple) else state
            vector = torch.cat(list(last), 1).expand(len(symbols), -1, -1)
            states, _ = self.cell(torch.cat([written, vector], 2))
            weights = None
        return states @ self.W_y + self.b_y, weights

    def _attending(self, hs: Any, lengths: Any, written: Any) -> tuple[Any, Any]:
        """The decoder's loop over time."""
        keys = hs @ self.score["W_k"]
        beyond = torch.arange(len(hs))[:, None] >= lengths
        h, state = hs.new_zeros(hs.shape[1], self.net.cell.H), None
        states, looks = [], []
        for x in written:
            q = h @ self.score["W_q"]
            if "v" in self.score:
                scores = torch.tanh(q + keys) @ self.score["v"]
            else:
                scores = (q * keys).sum(2) / keys.shape[2] ** 0.5
            weights = scores.masked_fill(beyond, -torch.inf).softmax(0)  # (S, B)
            context = (weights[..., None] * hs).sum(0)
            out, state = self.cell(torch.cat([x, context], 1)[None], state)
            h = out[0]
            states.append(h)
            looks.append(weights.T)
        return torch.stack(states), torch.stack(looks)

    def loss(self, batch: Batch) -> Any:
        """What `answering` gives, as a tensor: nats per symbol."""
        targets, V = batch.targets, self.net.V
        given = (batch.xs, batch.lengths, before(targets, V))
        logits, _ = self(*(torch.as_tensor(each) for each in given))
        mask = torch.as_tensor(counted(targets, V))
        return cross_entropy(logits[mask], torch.as_tensor(targets)[mask])

    def weights(self) -> OneVector:
        """The numpy form with the weights that this module has now."""
        return self._record(from_torch, lambda p: p.detach().numpy().copy())

    def gradient(self) -> OneVector:
        """What the backward pass left, in an object of the same class."""
        return self._record(gradient_of, lambda p: p.grad.numpy().copy())

    def _record(self, module: Any, leaf: Any) -> OneVector:
        changed: dict[str, Any] = {"W_y": leaf(self.W_y), "b_y": leaf(self.b_y)}
        changed |= {"encoder": module(self.encoder), "cell": module(self.cell)}
        if isinstance(self.net, WithAttention):
            score = {name: leaf(p) for name, p in self.score.items()}
            changed["score"] = replace(self.net.score, **score)
        return replace(self.net, **changed)


def _parameter(leaf: Any) -> nn.Parameter:
    return nn.Parameter(torch.tensor(leaf))
