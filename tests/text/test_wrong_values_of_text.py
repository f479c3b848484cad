"""Whatever is thrown at text, probes and tasks, the answer is a result or one clear line."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wrong_values import VALUES, assert_clear

from rnncourse import GRU, Network, probes, tasks, text

pytestmark = pytest.mark.usefixtures("unchecked")
rng = np.random.default_rng(0)
ids, values = rng.integers(0, 3, 40), rng.standard_normal((6, 2))
inside, wanted = np.arange(6) % 2 == 0, np.arange(6.0)
net = Network.init(GRU.init(3, 4, rng=rng), 3, rng=rng)
abc, said = text.Vocabulary.of("abc"), (np.ones((2, 2)), np.ones((3, 2)))
pair = said, np.array([0, 1])


def first(net, prompt, **how):
    return next(text.generate(net, prompt, **how))


def of_model(model):
    yield model.fit, [ids, 2, 3], {}
    fitted = model.fit(ids, 2, 3)
    yield from [(fitted.nats, [ids], {}), (fitted.probabilities, [ids], {})]
    yield fitted.shorter, [1], {}


# a function, right arguments by position, right arguments by name
CALLS = [
    (text.Vocabulary, [("a", "b")], {}),
    (text.Vocabulary.of, ["abc"], {}),
    (abc.encode, ["abc"], {}),
    (abc.decode, [ids], {}),
    (text.require_symbols, [ids, 3], {}),
    (text.windows, [ids], {"T": 3, "B": 2}),
    (text.passes, [ids], {"T": 3, "B": 2}),
    (text.stretches, [ids], {"T": 3, "B": 2, "step": 1}),
    (text.loss_on, [net, ids], {"T": 3, "B": 2, "step": 1}),
    (text.loss_along, [net, ids], {"T": 7}),
    *of_model(text.NGram),
    *of_model(text.KneserNey),
    (text.tempered, [np.ones(3), 1.0], {}),
    (text.top_k, [np.ones(2) / 2, 1], {}),
    (text.nucleus, [np.ones(2) / 2, 0.9], {}),
    (text.sample_symbol, [np.ones(3)], {"temperature": 1.0, "rng": rng}),
    (first, [net, np.array([1, 2])], {"temperature": 1.0, "rng": rng}),
    (text.write, [net, abc, "a"], {"length": 2, "temperature": 1.0, "rng": rng}),
    (text.read, ["absent.txt"], {}),
    (text.python_source, [9], {}),
    (text.shakespeare, ["Hamlet"], {}),
    (text.vowels, ["test"], {}),
    (probes.auc, [values, inside], {}),
    (probes.ranks, [values], {}),
    (probes.correlation, [values, wanted], {}),
    (probes.follows, [values, {"a": inside, "b": wanted}], {}),
    (probes.best_units, [values, {"a": inside, "b": wanted}], {}),
    (tasks.adding, [4, 2], {"rng": rng, "dtype": np.float32}),
    (tasks.recall, [4, 2], {"rng": rng, "dtype": np.float32}),
    (tasks.temporal_order, [10, 2], {"rng": rng}),
    (tasks.copying, [4, 2], {"rng": rng, "K": 3, "S": 2}),
    (tasks.sines, [9], {"periods": (8, 3)}),
    (tasks.tone, [9], {}),
    (tasks.scaled, [wanted], {}),
    (tasks.without_input, [wanted], {"dtype": np.float32}),
    (tasks.ending_alike, [pair, values], {"T": 9, "lead": 1, "dtype": np.float32}),
]


def each_of(calls):
    names = [function.__qualname__ for function, *_ in calls]
    return pytest.mark.parametrize(("function", "args", "kwargs"), calls, ids=names)


def clear(function, args, kwargs):
    with np.errstate(all="ignore"):
        assert_clear(lambda: function(*args, **kwargs), also=(OSError,))


@each_of(CALLS)
def test_one_wrong_argument_is_a_clear_error_or_is_right(function, args, kwargs):
    for value in VALUES:
        for place in range(len(args)):
            clear(function, [*args[:place], value, *args[place + 1 :]], kwargs)
        for name in kwargs:
            clear(function, args, {**kwargs, name: value})


several = st.lists(st.sampled_from(VALUES), min_size=5, max_size=5)


@each_of(
    [(f, args, kwargs) for f, args, kwargs in CALLS if len(args) + len(kwargs) > 1]
)
@settings(max_examples=30)
@given(values=several, which=st.lists(st.booleans(), min_size=5, max_size=5))
def test_several_wrong_arguments_too(function, args, kwargs, values, which):
    wrong = [v if w else a for a, v, w in zip(args, values, which, strict=False)]
    named = zip(kwargs, values[::-1], which[::-1], strict=False)
    clear(function, wrong, {name: v if w else kwargs[name] for name, v, w in named})


def test_one_wrong_property_is_named():
    for value in VALUES:
        for score in (probes.follows, probes.best_units):
            assert_clear(lambda f=score, v=value: f(values, {"a": v}))
