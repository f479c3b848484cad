"""The counting models against slow ones, and against pencil and paper."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncourse.text import KneserNey, NGram
from rnncourse.text.kneser_ney import discounts


def witten_bell(ids, n, V):
    """Witten-Bell interpolation with dictionaries: p(context), a list of V numbers."""
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


def kneser_ney(ids, n, V):
    """Modified Kneser-Ney interpolation, with what stands before each gram, or None."""
    before = defaultdict(list)
    for at in range(len(ids)):
        for k in range(min(n - 1, at) + 1):
            start = at - k
            gram = tuple(ids[start : at + 1])
            before[gram].append(ids[start - 1] if start else None)
    c = {g: len(s if len(g) == n else set(s)) for g, s in before.items()}

    def discount(size):
        """D(count) of grams of this size."""
        n_ = Counter(count for gram, count in c.items() if len(gram) == size)

        def D(count):
            i = min(count, 3)
            if n_[1] == 0 or n_[i] == 0:
                return i / 2
            Y = n_[1] / (n_[1] + 2 * n_[2])
            value = i - (i + 1) * Y * n_[i + 1] / n_[i]
            return value if 0 < value < i else i / 2

        return D

    D = {size: discount(size) for size in range(1, n + 1)}

    def p(context):
        lower = p(context[1:]) if context else [1 / V] * V
        counts = [c.get((*context, v), 0) for v in range(V)]
        if sum(counts) == 0:
            return lower
        take = [D[len(context) + 1](count) if count else 0 for count in counts]
        c_v, gamma = sum(counts), sum(take) / sum(counts)
        return [(counts[v] - take[v]) / c_v + gamma * lower[v] for v in range(V)]

    return lambda context: p(tuple(context[max(len(context) - n + 1, 0) :]))


MODELS = {NGram: witten_bell, KneserNey: kneser_ney}
every_model = pytest.mark.parametrize("model", MODELS)
texts = st.lists(st.integers(0, 3), min_size=4, max_size=40)


@every_model
@given(texts, st.lists(st.integers(0, 4), max_size=8), st.integers(1, 4))
def test_probabilities_are_those_of_the_slow_model(model, ids, context, n):
    p = model.fit(np.array(ids), n, 5).probabilities(np.array(context, np.int64))
    assert np.allclose(p, MODELS[model](ids, n, 5)(context), rtol=1e-12, atol=0)


@every_model
@given(texts, st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(1, 4))
def test_along_and_nats_are_those_of_the_slow_model(model, ids, held_out, n):
    p = MODELS[model](ids, n, 5)  # which begins with short contexts
    nats = [-np.log(p(held_out[:at])[symbol]) for at, symbol in enumerate(held_out)]
    counted = model.fit(np.array(ids), n, 5)
    assert counted.nats(np.array(held_out)) == pytest.approx(np.mean(nats), rel=1e-12)
    along = -np.log(counted.along(np.array(held_out)))
    assert np.allclose(along, nats, rtol=1e-12, atol=1e-12)


@every_model
@given(texts, st.lists(st.integers(0, 4), max_size=8), st.integers(1, 4))
def test_every_distribution_is_positive_and_sums_to_one(model, ids, context, n):
    p = model.fit(np.array(ids), n, 5).probabilities(np.array(context, np.int64))
    assert p.shape == (5,)
    assert p.min() > 0
    assert p.sum() == pytest.approx(1, abs=1e-12)


@every_model
@given(texts, st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(1, 4))
def test_a_shorter_model_is_the_one_that_the_text_itself_gives(model, ids, held_out, n):
    shorter, held_out = model.fit(np.array(ids), 4, 5).shorter(n), np.array(held_out)
    assert isinstance(shorter, model)
    assert shorter.nats(held_out) == model.fit(np.array(ids), n, 5).nats(held_out)
    again = shorter.shorter(1)
    assert again.nats(held_out) == model.fit(np.array(ids), 1, 5).nats(held_out)


@every_model
def test_a_model_has_no_longer_one(model):
    with pytest.raises(ValueError, match=r"^n is 3; a 2-gram model expects 1 to 2$"):
        model.fit(np.array([0, 1, 0]), 2, 2).shorter(3)


def test_the_first_tables_are_the_shorter_model_of_witten_bell_alone():
    ids = np.random.default_rng(0).integers(0, 3, 99)
    longer, short = NGram.fit(ids, 4, 3), NGram.fit(ids, 2, 3)
    assert NGram(3, longer.counts[:2]).nats(ids) == short.nats(ids)
    with pytest.raises(TypeError, match="longest"):
        KneserNey(3, KneserNey.fit(ids, 4, 3).counts[:2])


def test_pencil_and_paper_for_witten_bell():
    model = NGram.fit(np.array([0, 1, 0, 0]), 2, 2)
    for context, p in [
        # one symbol: c = (3, 1), d = 2, p = (3 + 2/2, 1 + 2/2) / (4 + 2)
        ([], [2 / 3, 1 / 3]),
        # after 0: c = (1, 1), d = 2
        ([0], [(1 + 2 * 2 / 3) / 4, (1 + 2 * 1 / 3) / 4]),
        # after 1: c = (1, 0), d = 1
        ([0, 1], [(1 + 2 / 3) / 2, (1 / 3) / 2]),
    ]:
        assert model.probabilities(np.array(context, int)) == pytest.approx(p)
    nats = -(np.log(1 / 3) + np.log(5 / 6)) / 2
    assert model.nats(np.array([1, 0])) == pytest.approx(nats)


def test_pencil_and_paper_for_kneser_ney():
    model = KneserNey.fit(np.array([0, 1, 0, 0, 1]), 2, 3)
    # before 0 stand the beginning, 1 and 0, before 1 stands 0: c = (3, 1, 0), n_1 = n_3 =
    # 1, n_2 = n_4 = 0, which gives D_1 = 1 and D_3 = 3, so they are 1/2 and 3/2
    p_0 = np.array([1.5 + 2 / 3, 0.5 + 2 / 3, 2 / 3]) / 4
    assert model.probabilities(np.array([], dtype=np.int64)) == pytest.approx(p_0)
    # 01 twice, 10 and 00 once: n_1 = 2, n_2 = 1, Y = 1/2, D_1 = 1/2, D_2 = 2, so it is 1
    p_1 = (np.array([0.5, 1, 0]) + 1.5 * p_0) / 3
    assert model.probabilities(np.array([0])) == pytest.approx(p_1)
    p_1 = np.array([0.5, 0, 0]) + 0.5 * p_0
    assert model.probabilities(np.array([1])) == pytest.approx(p_1)


def test_discounts_by_hand_and_where_there_is_nothing_to_estimate_them_from():
    counts = np.repeat([1, 2, 3, 4, 7], [6, 3, 2, 1, 5])  # Y = 1/2
    assert discounts(counts).tolist() == [1 - 1 * 3 / 6, 2 - 1.5 * 2 / 3, 3 - 2 / 2]
    # no n_1, none, no n_2, n_1 alone
    for few in ([2, 3, 4], [5], [1, 3, 5], [1, 1, 1]):
        assert discounts(np.array(few)).tolist() == [0.5, 1, 1.5]
    # 2 - 3 n_3 / 3 and 3 - 4 n_4 / 27 < 0
    many = np.repeat([1, 2, 3, 4], [1, 1, 9, 90])
    assert discounts(many).tolist() == [pytest.approx(1 / 3), 1, 1.5]


def test_kneser_ney_asks_a_shorter_context_for_what_stands_after_many():
    """ "Francisco" is frequent, but follows only "San": elsewhere it is improbable."""
    san, francisco, glasses, others = 0, 1, 2, range(3, 9)
    ids = np.array([*[san, francisco] * 20, *(x for o in others for x in (o, glasses))])
    p, q = (m.fit(ids, 2, 10).probabilities(np.array([9])) for m in (NGram, KneserNey))
    assert p[francisco] > 2 * p[glasses]
    assert q[glasses] > 2 * q[francisco]


@every_model
def test_a_text_that_repeats_itself_is_almost_known(model):
    ids = np.tile([0, 1, 2, 0, 2, 1], 200)
    nats = [model.fit(ids, n, 3).nats(ids) for n in (1, 2, 3)]
    assert nats[0] == pytest.approx(np.log(3), abs=1e-3)
    assert nats[1] == pytest.approx(np.log(2), abs=1e-2)
    assert nats[2] < 0.02


@every_model
def test_codes_do_not_overflow_for_every_symbol_of_unicode_and_long_contexts(model):
    ids = np.random.default_rng(0).integers(0, 1_114_112, 500)
    model = model.fit(ids, 12, 1_114_112)
    p = model.probabilities(ids[:11])
    assert p.argmax() == ids[11]
    assert p.sum() == pytest.approx(1)
    assert all(table.grams.min() >= 0 for table in model.counts)


@every_model
def test_narrow_integers_are_as_good(model):
    ids = np.random.default_rng(0).integers(0, 100, 500)
    narrow = ids.astype(np.int8)
    assert model.fit(narrow, 4, 100).nats(narrow) == model.fit(ids, 4, 100).nats(ids)


@every_model
def test_n_that_the_text_has_no_room_for_is_refused(model):
    said = {
        5: "a text of 4 symbols expects 1 to 4",
        0: "an n-gram model expects 1 or more",
    }
    for n, expects in said.items():
        with pytest.raises(ValueError, match=f"^n is {n}; {expects}$"):
            model.fit(np.array([0, 1, 0, 1]), n, 2)


@every_model
def test_an_unknown_symbol_is_refused(model):
    message = (
        "2 at position 1 is not the number of a symbol; expected 0 to V - 1, V = 2"
    )
    wrong, fitted = np.array([0, 2]), model.fit(np.array([0, 1, 0]), 2, 2)
    for use in (lambda ids: model.fit(ids, 1, 2), fitted.nats, fitted.probabilities):
        with pytest.raises(ValueError, match=f"^{message}$"):
            use(wrong)


@every_model
def test_nats_of_nothing_are_refused(model):
    message = r"^the text is empty; nats expects one symbol or more$"
    with pytest.raises(ValueError, match=message):
        model.fit(np.array([0, 1]), 1, 2).nats(np.array([], dtype=np.int64))
