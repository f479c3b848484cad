"""ngram: the counting model against one written with dictionaries, and against pencil
and paper.
"""

import re
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncourse.text.ngram import NGram

law = settings(derandomize=True, deadline=None)


def slow(ids, n, V):
    """Witten-Bell interpolation as its equation stands, with dictionaries: p(context)
    is a list of V numbers.
    """
    followers = defaultdict(Counter)
    for at, symbol in enumerate(ids):
        for k in range(min(n - 1, at) + 1):
            followers[tuple(ids[at - k : at])][symbol] += 1

    def p(context):
        lower = p(context[1:]) if context else [1 / V] * V
        seen = followers.get(tuple(context), Counter())
        c, d = seen.total(), len(seen)
        return [(seen[v] + d * lower[v]) / (c + d) for v in range(V)] if c else lower

    return lambda context: p(list(context[max(len(context) - n + 1, 0) :]))


texts = st.lists(st.integers(0, 3), min_size=4, max_size=40)


@law
@given(texts, st.lists(st.integers(0, 4), max_size=8), st.integers(1, 4))
def test_probabilities_are_those_of_the_slow_model(ids, context, n):
    context = np.array(context, dtype=np.int64)
    p = NGram.fit(np.array(ids), n, 5).probabilities(context)
    assert np.allclose(p, slow(ids, n, 5)(context.tolist()), rtol=1e-12, atol=0)


@law
@given(texts, st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(1, 4))
def test_nats_are_those_of_the_slow_model_which_begins_with_shorter_contexts(
    ids, held_out, n
):
    p = slow(ids, n, 5)
    mean = -np.mean(
        [np.log(p(held_out[:at])[symbol]) for at, symbol in enumerate(held_out)]
    )
    assert NGram.fit(np.array(ids), n, 5).nats(np.array(held_out)) == pytest.approx(
        mean, rel=1e-12
    )


@law
@given(texts, st.lists(st.integers(0, 4), max_size=8), st.integers(1, 4))
def test_every_distribution_is_positive_and_sums_to_one(ids, context, n):
    p = NGram.fit(np.array(ids), n, 5).probabilities(np.array(context, dtype=np.int64))
    assert p.shape == (5,)
    assert p.min() > 0
    assert p.sum() == pytest.approx(1, abs=1e-12)


@law
@given(texts, st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(1, 4))
def test_the_first_k_tables_are_the_k_gram_model(ids, held_out, k):
    longer, held_out = NGram.fit(np.array(ids), 4, 5), np.array(held_out)
    assert NGram(longer.V, longer.counts[:k]).nats(held_out) == NGram.fit(
        np.array(ids), k, 5
    ).nats(held_out)


def test_pencil_and_paper():
    model = NGram.fit(np.array([0, 1, 0, 0]), 2, 2)
    # one symbol: c = (3, 1), d = 2, p = (3 + 2/2, 1 + 2/2) / (4 + 2); after 0: c = (1,
    # 1), d = 2
    assert model.probabilities(np.array([], dtype=np.int64)) == pytest.approx(
        [2 / 3, 1 / 3]
    )
    assert model.probabilities(np.array([0])) == pytest.approx(
        [(1 + 2 * 2 / 3) / 4, (1 + 2 * 1 / 3) / 4]
    )
    # after 1: c = (1, 0), d = 1
    assert model.probabilities(np.array([0, 1])) == pytest.approx(
        [(1 + 2 / 3) / 2, (1 / 3) / 2]
    )
    assert model.nats(np.array([1, 0])) == pytest.approx(
        -(np.log(1 / 3) + np.log(5 / 6)) / 2
    )


def test_a_text_that_repeats_itself_is_almost_known():
    ids = np.tile([0, 1, 2, 0, 2, 1], 200)
    nats = [NGram.fit(ids, n, 3).nats(ids) for n in (1, 2, 3)]
    assert nats[0] == pytest.approx(np.log(3), abs=1e-3)
    assert nats[1] == pytest.approx(np.log(2), abs=1e-2)
    assert nats[2] < 0.02


def test_codes_do_not_overflow_for_every_symbol_of_unicode_and_long_contexts():
    ids = np.random.default_rng(0).integers(0, 1_114_112, 500)
    model = NGram.fit(ids, 12, 1_114_112)
    p = model.probabilities(ids[:11])
    assert p.argmax() == ids[11]
    assert p.sum() == pytest.approx(1)
    assert all(table.grams.min() >= 0 for table in model.counts)


def test_narrow_integers_are_as_good():
    ids = np.random.default_rng(0).integers(0, 100, 500)
    assert NGram.fit(ids.astype(np.int8), 4, 100).nats(
        ids.astype(np.int8)
    ) == NGram.fit(ids, 4, 100).nats(ids)


@pytest.mark.parametrize("n", [0, -1, 5])
def test_n_that_the_text_has_no_room_for_is_refused(n):
    message = (
        f"n is {n} and the text has 4 symbols; expected n from 1 to the text's length"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        NGram.fit(np.array([0, 1, 0, 1]), n, 2)


def test_an_unknown_symbol_is_refused():
    message = re.escape(
        "2 at position 1 is not the number of a symbol; expected 0 to V - 1, V = 2"
    )
    wrong, model = np.array([0, 2]), NGram.fit(np.array([0, 1, 0]), 2, 2)
    for use in (lambda ids: NGram.fit(ids, 1, 2), model.nats, model.probabilities):
        with pytest.raises(ValueError, match=f"^{message}$"):
            use(wrong)


def test_nats_of_nothing_are_refused():
    with pytest.raises(
        ValueError, match=r"^the text is empty; nats expects one symbol or more$"
    ):
        NGram.fit(np.array([0, 1]), 1, 2).nats(np.array([], dtype=np.int64))
