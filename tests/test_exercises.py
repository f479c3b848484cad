"""exercises: the mechanism, on toys; then one suite that every exercise must pass."""

import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from rnncourse import GRU, LSTM, RNN, Clockwork, Network, State, exercises, stack
from rnncourse.arrays import input_gradient
from rnncourse.cells import ResetBeforeGRU, clockwork, lstm, reset_before, rnn
from rnncourse.cells.clockwork import ClockworkState, modules
from rnncourse.cells.lstm import LSTMState
from rnncourse.exercises import Exercise, Verdict, catalogue, check, edited, register
from rnncourse.functions import sigmoid
from rnncourse.jacobians import norm_kept, step_jacobians
from rnncourse.recurrence import Run, backward, forward
from rnncourse.text.sampling import tempered
from rnncourse.text.windows import windows
from rnncourse.training import clip_by_norm

# ---- Toy exercises


def linear_backward(x, dy):
    return x.T @ dy, dy.sum(axis=0)


def linear_inputs(rng):
    sizes, normal = [(5, 3, 4), (2, 6, 7)], rng.standard_normal
    return [(normal((B, D)), normal((B, H))) for B, D, H in sizes]


def unless(right, text):
    """What a judge says."""
    return None if right else Verdict(False, text)


LINEAR = Exercise(
    name="linear-backward",
    reference=linear_backward,
    inputs=linear_inputs,
    outputs=("dW", "db"),
    mistakes={
        "dW has the shape of W": edited(linear_backward, "x.T @ dy", "dy.T @ x"),
        "The loss is a sum over the batch": edited(linear_backward, "sum", "mean"),
        "Every row of b is used": edited(linear_backward, "dy.sum(axis=0)", "dy[0]"),
    },
)
PAPER = Exercise(name="paper", reference=7391, mistakes={"D and H are swapped": 1234})
COUNTER = Exercise(  # any two numbers in the second place will do
    name="counter",
    reference=(np.ones(2), 0.5),
    outputs=("w, u", "anything"),
    tolerance=np.inf,
    mistakes={"u = 0 forgets": (np.array([1.0, 0.0]), 0.0)},
    judge=lambda answer, rng: unless(
        np.allclose(answer[0], rng.choice([1.0], 2)), "✗ It counts wrong"
    ),
)
SIGMOID = Exercise(
    name="sigmoid",
    reference=lambda a: 0.5 * (1 + np.tanh(0.5 * a)),
    inputs=lambda rng: [(np.array([-1000.0, 0.0, 1000.0]),)],
    mistakes={"exp overflows": lambda a: np.exp(a) / (1 + np.exp(a))},
)


def refused(verdict, *, sign="✗"):
    """The verdict's text, if it is one that a notebook can show."""
    assert isinstance(verdict, Verdict)
    assert verdict.ok is False
    assert verdict.text.startswith(f"{sign} ")
    assert verdict.text.count("\n") <= 1
    assert len(verdict.text) < 500
    return verdict.text


def told(answer):
    return refused(LINEAR.check(answer))


CALLED = "\n  called with x (5, 3), dy (5, 4)"
VAST = np.broadcast_to(0.0, (10**9, 10**9))


def each(exercises):
    """A test for each of these exercises."""
    names = [exercise.name for exercise in exercises]
    return pytest.mark.parametrize("exercise", exercises, ids=names)


each_toy = each([LINEAR, PAPER, COUNTER, SIGMOID])


# ---- What a verdict says


def test_a_right_answer_and_the_text_of_a_verdict():
    verdict = LINEAR.check(linear_backward)
    assert verdict == Verdict(True, "✓ Right on all 2 inputs")
    assert repr(verdict) == str(verdict) == verdict.text
    with pytest.raises(AttributeError):
        verdict.ok = False
    assert LINEAR.check(lambda x, dy: list(linear_backward(x, dy))).ok
    assert LINEAR.check(lambda *args, **options: linear_backward(*args)).ok
    assert LINEAR.check(partial(linear_backward)).ok
    assert PAPER.check(7391) == Verdict(True, "✓ Right")
    assert PAPER.check(7391.0).ok and PAPER.check(np.int32(7391)).ok


def test_a_known_mistake_is_named_after_what_differs():
    text = told(lambda x, dy: (x.T @ dy, dy.mean(axis=0)))
    hint = "The loss is a sum over the batch"
    assert text.endswith(f"db differs: relative error 8e-01. {hint}")
    assert refused(PAPER.check(1234)) == "✗ the answer differs. D and H are swapped"


def test_a_mistake_must_fit_on_all_inputs():
    mistake = LINEAR.mistakes["The loss is a sum over the batch"]
    text = told(lambda x, dy: (mistake if len(x) == 5 else linear_backward)(x, dy))
    assert text == f"✗ db differs: relative error 8e-01{CALLED}"
    text = told(lambda x, dy: mistake(x, dy) if len(x) == 2 else (x.T @ dy, 0 * dy[0]))
    assert text == f"✗ db differs: relative error 1e+00{CALLED}"


def test_a_mistake_may_change_its_arguments():
    def hasty(x, dy):
        return linear_backward(x, np.multiply(dy, 2, out=dy))

    exercise = replace(LINEAR, mistakes={"dy is doubled": hasty, **LINEAR.mistakes})
    assert exercise.check(linear_backward).ok
    doubled = exercise.check(lambda x, dy: linear_backward(x, 2 * dy))
    assert refused(doubled).endswith(". dy is doubled")
    one_row = exercise.check(LINEAR.mistakes["Every row of b is used"])
    assert refused(one_row).endswith(". Every row of b is used")


def test_a_mistake_may_be_one_that_gives_nan():
    # overflows on the way, but arrives
    assert SIGMOID.check(lambda a: 1 / (1 + np.exp(-a))).ok
    text = refused(SIGMOID.check(lambda a: 1 - 1 / (1 + np.exp(a)) + 0 * np.exp(a)))
    what = "expected finite numbers, got NaN or infinity"
    assert text == f"✗ the answer: {what}. exp overflows"


DIFFERENT = {
    "dW, db: expected tuple, got an array": lambda W, b: W,
    "dW, db: expected 2 parts, got 1": lambda W, b: (W,),
    "dW, db: expected tuple, got generator": lambda W, b: (part for part in (W, b)),
    "dW: expected shape (3, 4), got (1000000000, 1000000000)": lambda W, b: (VAST, 0),
    "db: expected an array, got str": lambda W, b: (W, "db"),
    "db: expected an array, got NoneType": lambda W, b: (W, None),
    "db: expected an array, got a number": lambda W, b: (W, b.sum()),
    "db: expected an array, got list": lambda W, b: (W, b.tolist()),
    "db: expected shape (4,), got (5, 4)": lambda W, b: (W, np.zeros((5, 4))),
    "db: expected shape (4,), got (0, 4)": lambda W, b: (W, np.zeros((0, 4))),
    "db: expected dtype float64, got complex128": lambda W, b: (W, b + 0j),
    "db: expected dtype float64, got object": lambda W, b: (W, b.astype(object)),
    "db: expected finite numbers, got NaN or infinity": lambda W, b: (W, b / 0),
    "db differs: relative error 1e-02": lambda W, b: (W, 1.01 * b),
}


@pytest.mark.parametrize(("text", "change"), DIFFERENT.items())
def test_what_differs(text, change):
    assert told(lambda x, dy: change(*linear_backward(x, dy))) == f"✗ {text}{CALLED}"


def test_differences_below_the_tolerance_do_not_count():
    def off(by):
        return lambda x, dy: tuple(a * (1 + by) for a in linear_backward(x, dy))

    assert LINEAR.check(off(0.5e-6)).ok
    told(off(2e-6))


VALUES = [  # right, the same, wrong
    ("vanishing gradient", " Vanishing \n gradient ", "exploding gradient"),
    (True, np.bool_(True), False),
    (0.5, np.float32(0.5), 0.51),
    ((3, "T, B, H"), [3.0, "t, b, h"], (3, "B, T, H")),
    ((1, 3, 5), np.array([1, 3, 5]), np.array([1, 3, 4])),
    (np.array([1, 2]), np.array([1, 2], np.int32), np.array([1, 3])),
    (np.array([0.0, -np.inf]), np.array([0.0, -np.inf]), np.array([0.0, 1.0])),
    (np.zeros(2), np.zeros(2), np.full(2, 1e-3)),
    ((), (), (1,)),
]


@pytest.mark.parametrize(("right", "same", "wrong"), VALUES)
def test_values(right, same, wrong):
    exercise = Exercise(name="value", reference=right, mistakes={})
    assert exercise.check(same) == Verdict(True, "✓ Right")
    assert refused(exercise.check(wrong)).startswith("✗ the answer")


OTHER_KINDS = ["7391", True, 7391 + 1j, [7391], np.array([7391]), float("nan"), int]


@pytest.mark.parametrize("answer", [*OTHER_KINDS, check, 10**400])
def test_values_of_another_kind(answer):
    refused(PAPER.check(answer))


@given(st.integers(0, 10_000).filter(lambda n: n != 7391) | st.floats(0, 7390))
def test_a_number_is_not_given_away(number):
    differs = "✗ the answer differs"
    assert PAPER.check(number).text in {differs, f"{differs}. D and H are swapped"}


# ---- No answer yet


@each_toy
@pytest.mark.parametrize("answer", [..., None, (..., ...), (None, ...)], ids=str)
def test_a_blank_is_no_answer(exercise, answer):
    assert refused(exercise.check(answer), sign="○") == "○ No answer yet"


def to_do(*args):
    """To be written."""
    raise NotImplementedError("later")


def test_a_function_with_a_blank_is_no_answer():
    for blank in [..., None, (..., ...)]:
        refused(LINEAR.check(lambda x, dy, blank=blank: blank), sign="○")
    refused(LINEAR.check(to_do), sign="○")


def no_batches(x, dy):
    if x.ndim == 2:
        raise NotImplementedError
    return linear_backward(x, dy)


def raises(error):
    def answer(*args):
        raise error

    return answer


ATTEMPTS = {
    "TypeError: unsupported operand type(s) for +: 'ellipsis'": lambda x, dy: ... + 1,
    "NotImplementedError: later": lambda x, dy: (x.T @ dy, to_do(x, dy)),
    "NotImplementedError": no_batches,
    "ValueError: an ellipsis": raises(ValueError("an ellipsis")),
}


@pytest.mark.parametrize(("error", "answer"), ATTEMPTS.items())
def test_an_attempt_is_an_answer(error, answer):
    assert told(answer).startswith(f"✗ {error}")


def test_an_answer_that_is_blank_for_some_inputs_is_wrong():
    text = told(lambda x, dy: linear_backward(x, dy) if len(x) == 5 else None)
    what, called = "expected tuple, got NoneType", "called with x (2, 6), dy (2, 7)"
    assert text == f"✗ dW, db: {what}\n  {called}"
    part = told(lambda x, dy: (x.T @ dy, ...))
    assert part.startswith("✗ db: expected an array, got ellipsis")


# ---- Answers that misbehave


@pytest.mark.parametrize(
    "answer",
    [lambda: 0, lambda x: 0, lambda x, dy, more: 0, lambda x, dy, *, more: 0, abs],
)
def test_wrong_arguments(answer):
    text = told(answer)
    assert text.startswith("✗ TypeError: ") and text.endswith(CALLED)


def test_no_function_where_one_is_expected():
    values = {"a class": Verdict, "Verdict": Verdict(True, ""), "an array": np.zeros(3)}
    for kind, value in {**values, "generator": (i for i in range(3))}.items():
        assert told(value) == f"✗ Expected a function of (x, dy), got {kind}"


def test_an_exception_is_named_with_its_line_which_is_one_of_the_answer():
    def fails_here(x, dy):
        def helper():
            return x @ dy

        return helper()

    def fails_in_numpy(x, dy):
        return np.linalg.inv(x)

    text, line = told(fails_here), fails_here.__code__.co_firstlineno + 2
    assert text.startswith("✗ ValueError: matmul: ")
    assert text.endswith(f"(line {line}, in helper){CALLED}")
    line = fails_in_numpy.__code__.co_firstlineno + 1
    assert f"(line {line}, in fails_in_numpy)" in told(fails_in_numpy)


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    "error",
    [ValueError(), KeyError("W_x"), Unprintable(), SystemExit(1), GeneratorExit(),
     MemoryError(), BaseException("\n" * 9), ValueError("long " * 10**5)],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_any_exception(error):
    assert type(error).__name__ in told(raises(error))


def test_recursion_and_coroutines():
    def endless_recursion(x, dy):
        return endless_recursion(x, dy)

    async def asynchronous(x, dy):
        return linear_backward(x, dy)

    assert "RecursionError" in told(endless_recursion)
    assert "got coroutine" in told(asynchronous)


def test_ctrl_c_interrupts():
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(KeyboardInterrupt):
        LINEAR.check(raises(KeyboardInterrupt))
    assert signal.getsignal(signal.SIGALRM) is before


def test_a_changed_argument_is_named():
    def adds(x, dy):
        dy += 1
        return linear_backward(x, dy)

    def reshapes(x, dy):
        right = linear_backward(x, dy)
        x.resize((3, 5))
        return right

    for answer, name in [(adds, "dy"), (reshapes, "x")]:
        complaint = f"✗ {name} was changed in place: leave the arguments as they came"
        assert told(answer) == complaint
    assert LINEAR.check(linear_backward).ok  # the next answer gets inputs as they were


def asked(reference, inputs, mistakes=(), **fields):
    """An exercise whose answer is a function."""
    return Exercise("asked", reference, dict(mistakes), inputs=inputs, **fields)


def sizes(*shapes):
    """Inputs of one array each."""
    return lambda rng: [(rng.random(shape),) for shape in shapes]


class Box:
    def __init__(self):
        self.items = [np.zeros(2), {"a": 1}]


CHANGES = [  # and whether they are seen
    (lambda box, rng: box.items[0].fill(1), True),
    (lambda box, rng: box.items.append(0), True),
    (lambda box, rng: box.items[1].update(a=2), True),
    (lambda box, rng: setattr(box, "more", 0), True),
    (lambda box, rng: rng.random(), False),  # a generator is there to be used up
    (lambda box, rng: None, False),
]


@pytest.mark.parametrize(("change", "seen"), CHANGES)
def test_changes_inside_of_arguments(change, seen):
    exercise = asked(lambda box, rng: 0, lambda rng: [(Box(), rng), (Box(), rng)])
    verdict = exercise.check(lambda box, rng: [change(box, rng), 0][1])
    assert verdict.ok is not seen
    assert ("box was changed" in verdict.text) is seen


def test_arguments_are_shown_the_same_way_each_time():
    asks = asked(lambda box, f, n, word: 0, lambda rng: [(Box(), abs, 3, "word")])
    text = refused(asks.check(lambda *args: 1))
    assert text.endswith("\n  called with box Box, f a function, n 3, word word")


def test_complaints_have_the_names_of_the_reader():
    def mine(inputs, upstream):
        upstream -= 1
        return linear_backward(inputs, upstream)

    assert "✗ upstream was changed" in LINEAR.check(mine).text
    text = told(lambda rows, up, scale=2: (rows.T @ up, scale * up[0]))
    assert text.endswith("\n  called with rows (5, 3), up (5, 4)")
    for answer in [lambda *args: 0, lambda x=0, *more: 0, partial(lambda *_: 0)]:
        assert told(answer).endswith(CALLED)


def test_a_mistake_is_an_edited_reference():
    pieces = "x.T @ dy", "2 * x.T @ dy", "dy.sum", "3 * dy.sum"
    dW, db = edited(linear_backward, *pieces)(np.eye(2), np.ones((2, 3)))
    np.testing.assert_array_equal(dW, 2 * np.ones((2, 3)))
    np.testing.assert_array_equal(db, 6 * np.ones(3))
    for piece, times in [("dy", 3), ("dz", 0)]:
        said = f"'{piece}' occurs {times} times in linear_"
        with pytest.raises(ValueError, match=said):
            edited(linear_backward, piece, "x")


def test_a_mistake_may_be_one_that_fails():
    mistakes = {"Not only three": lambda x: x.reshape(3)}
    short = asked(lambda x: 1.0 * x, sizes(3, 4), mistakes)
    text = refused(short.check(lambda x: np.reshape(x, 3)))
    assert text.startswith("✗ ValueError: ")
    assert text.endswith(". Not only three")
    assert "Not only" not in refused(short.check(lambda x: x.reshape(7)))


def test_views_buffers_and_subclasses_of_arrays():
    first_rows, buffer = asked(lambda x: x[0], sizes((3, 2), (4, 2))), np.empty(2)

    def answer(x):
        buffer[:] = x[0]
        return buffer[::1]  # each call overwrites what the last one returned

    assert first_rows.check(lambda x: x[0]).ok
    assert first_rows.check(answer).ok
    values = Exercise("values", np.ones((2, 2)), {})
    refused(values.check(np.ma.masked_all((2, 2)) * 0))
    assert values.check(np.ma.masked_array(np.ones((2, 2)), mask=False)).ok


def test_warnings_and_prints(capsys):
    def answer(x, dy):
        print("mine")
        warnings.warn("mine", stacklevel=1)
        np.exp(1e9 * abs(x))
        np.seterr(invalid="raise")
        return linear_backward(x, dy)

    before = np.geterr()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert LINEAR.check(answer).ok
    assert caught == [] and np.geterr() == before
    # what the answer prints, and nothing else
    assert capsys.readouterr() == ("mine\nmine\n", "")


dtypes = st.sampled_from(["f8", "f4", "i8", "?", "U3", "O", "M8[s]", "c16"])
odd = [int, len, object(), NotImplemented, np.float64(1), np.random, Box, Box()]
numbers = st.booleans() | st.integers() | st.floats() | st.complex_numbers()
anything = st.recursive(
    st.none() | st.just(...) | numbers | st.text() | st.binary() | st.sampled_from(odd)
    | arrays(dtypes, array_shapes(min_dims=0)),
    lambda inside: st.lists(inside) | st.tuples(inside, inside)
    | st.dictionaries(st.text(), inside) | st.sets(st.text()),
    max_leaves=4,
)  # fmt: skip


@each_toy
@given(answer=anything)
def test_no_answer_crashes_it(exercise, answer):
    verdict = exercise.check(answer)
    assert verdict.ok or verdict.text[0] in "✗○"
    if exercise.inputs:
        verdict = exercise.check(lambda *args: answer)
        assert refused(verdict, sign=verdict.text[0])


# ---- The time limit


def endless(x, dy):
    while True:
        pass


def stubborn(x, dy):
    while True:
        try:
            x.sum()
        except Exception:
            x.sum()


def more_stubborn(x, dy):
    try:
        endless(x, dy)
    except:  # noqa: E722
        endless(x, dy)


NO_TIMERS = not hasattr(signal, "setitimer")
needs_timers = pytest.mark.skipif(NO_TIMERS, reason="this system has no timers")


@needs_timers
@pytest.mark.parametrize("answer", [endless, stubborn, more_stubborn])
def test_an_endless_loop_is_stopped_and_the_earlier_timer_set_again(answer):
    ticks = []
    handler = signal.signal(signal.SIGALRM, lambda *_: ticks.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 100.0)
        ours = signal.getsignal(signal.SIGALRM)
        start = time.perf_counter()
        text = refused(replace(LINEAR, seconds=0.2).check(answer))
        assert text == "✗ No result after 0.2 seconds: does every loop come to an end?"
        assert time.perf_counter() - start < 5
        assert signal.getsignal(signal.SIGALRM) is ours
        assert 90 < signal.getitimer(signal.ITIMER_REAL)[0] <= 100
        assert ticks == []
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)


@needs_timers
def test_an_answer_in_time_leaves_no_timer_behind():
    before = signal.getsignal(signal.SIGALRM)
    assert replace(LINEAR, seconds=0.1).check(linear_backward).ok
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before
    time.sleep(0.15)


STRESS = """
import signal, time
from rnncourse.exercises import Exercise

limit, before = 0.003, signal.getsignal(signal.SIGALRM)


def deep(n):
    while n == 0:
        pass
    return deep(n - 1)


def just_in_time(share):
    end = time.perf_counter() + share * limit
    while time.perf_counter() < end:
        pass
    return 0


for i in range(300):
    share = 0.8 + 0.4 * (i % 50) / 50
    for answer in [lambda: deep(900), lambda: just_in_time(share)][i % 3 == 0 :]:
        exercise = Exercise("stress", lambda: 0, {}, inputs=lambda rng: [()], seconds=limit)
        exercise.check(answer)
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0), i
        assert signal.getsignal(signal.SIGALRM) is before, i
time.sleep(0.1)
"""


@pytest.mark.slow
@needs_timers
def test_the_limit_leaves_nothing_behind_under_stress():
    """The alarm lands in deep unwinding, and just where an answer ends."""
    command = [sys.executable, "-c", STRESS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


@needs_timers
def test_a_first_import_is_not_the_answers_time(tmp_path, monkeypatch):
    (tmp_path / "a_heavy_module.py").write_text("import time\ntime.sleep(0.4)\n")
    monkeypatch.syspath_prepend(tmp_path)

    def answer(x, dy):
        import a_heavy_module  # noqa: F401

        return linear_backward(x, dy) if x.shape == (5, 3) else endless(x, dy)

    start = time.perf_counter()
    text = refused(replace(LINEAR, seconds=0.3).check(answer))
    assert text.startswith("✗ No result after 0.3 seconds")
    assert 0.55 < time.perf_counter() - start < 5


def test_other_threads_and_systems_have_no_limit(monkeypatch):
    verdicts = []

    def ask():
        verdicts.append(LINEAR.check(linear_backward))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    monkeypatch.delattr(signal, "setitimer")
    ask()
    assert verdicts == [Verdict(True, "✓ Right on all 2 inputs")] * 2


# ---- Answers judged by a property


def test_a_judge_sees_answers_of_the_right_form_only():
    assert COUNTER.check((np.ones(2), 0.5)) == Verdict(True, "✓ Right")
    assert COUNTER.check((np.ones(2), -3)).ok  # not the reference, and right

    def counted(*answer):
        return refused(COUNTER.check(answer))

    assert counted(np.zeros(2), 0.5) == "✗ It counts wrong"
    assert counted(np.array([1.0, 0.0]), 0.0) == "✗ It counts wrong. u = 0 forgets"
    assert counted(np.ones(3), 0.5) == "✗ w, u: expected shape (2,), got (3,)"
    nan = counted(np.full(2, np.nan), 0.5)
    assert nan.startswith("✗ w, u: expected finite numbers")


def test_a_judge_may_praise_and_its_exceptions_are_caught():
    right, praise = (np.ones(2), 0.5), Verdict(True, "✓ Right, it counts to 12")
    assert replace(COUNTER, judge=lambda *_: praise).check(right) == praise
    refused(replace(COUNTER, judge=lambda *_: 1 / 0).check(right))


def test_a_judge_may_call_the_answer():
    def judge(sample, rng):
        inside = all(0 <= sample(5, rng) < 5 for _ in range(20))
        return unless(inside, "✗ Outside of the vocabulary")

    def reference(V, rng):
        return int(rng.integers(V))

    form = {"judge": judge, "tolerance": np.inf}
    exercise = asked(reference, lambda rng: [(9, rng)], **form)
    assert exercise.check(lambda V, rng: 0).ok
    assert refused(exercise.check(lambda V, rng: V)) == "✗ Outside of the vocabulary"
    assert "expected a number" in refused(exercise.check(lambda V, rng: rng))


def test_a_judge_may_look_at_a_function_or_a_string():
    power = lambda n: n**3  # noqa: E731
    mistakes = {"This is n + 1": lambda n: n + 1, "This is a power": power}
    form = {"tolerance": np.inf}
    form["judge"] = lambda answer, _: unless(answer(2) == 4, "✗ Not 4")
    functions = Exercise("function", lambda n: 2 * n, mistakes, **form)
    assert functions.check(lambda n: n + n).ok
    assert refused(functions.check(lambda n: n + 3)) == "✗ Not 4"
    assert refused(functions.check(power)) == "✗ Not 4. This is a power"
    form["judge"] = lambda answer, _: unless("h" in answer, "✗ Without h")
    words = Exercise("word", "tanh", {}, **form)
    assert words.check("hard tanh").ok
    assert refused(words.check("relu")) == "✗ Without h"


# ---- Determinism


def test_the_inputs_depend_on_the_name_only():
    seen = []

    def answer(x, dy):
        seen.append(x.copy())
        return linear_backward(x, dy)

    np.random.seed(0)  # noqa: NPY002
    LINEAR.check(answer)
    LINEAR.check(answer)
    replace(LINEAR, name="another").check(answer)
    np.testing.assert_array_equal(seen[0], seen[2])
    assert not np.allclose(seen[0], seen[4])
    # stored outputs in the chapters stay as they are only as long as this does
    first = [0.01339605917280006, -0.18798218983365517, -0.28725672440147776]
    np.testing.assert_allclose(seen[0][0], first, rtol=1e-12)


# ---- The register


def test_an_unknown_name_lists_near_ones():
    near = "no exercise is called 'rnn-stpe'; near names: rnn-step"
    with pytest.raises(ValueError, match=near):
        check("rnn-stpe", None)
    with pytest.raises(ValueError, match=r"near names: .*rnn-step"):
        check("zzz", None)


def test_a_name_is_registered_once(monkeypatch):
    monkeypatch.setattr(exercises, "_registered", dict(catalogue()))
    register("linear-backward", linear_backward, mistakes={}, inputs=linear_inputs)
    assert check("linear-backward", linear_backward).ok
    with pytest.raises(ValueError, match="'linear-backward' is registered already"):
        register("linear-backward", linear_backward, mistakes={})


# ---- The suite: every registered exercise of every chapter

EXERCISES = list(catalogue().values())
every_exercise = each(EXERCISES)
every_function = each([exercise for exercise in EXERCISES if exercise.inputs])


def test_there_are_exercises():
    assert len(EXERCISES) >= 4, "no exercise was found: every test below is empty"


def inputs_of(exercise):
    return exercise.inputs(np.random.default_rng(0))


def spoiled(exercise, change):
    """The right answer, each part of it changed."""

    def each(right):
        return tuple(map(change, right)) if isinstance(right, tuple) else change(right)

    right = exercise.reference
    return (lambda *args: each(right(*args))) if exercise.inputs else each(right)


def other_shape(part):
    return part[None] if isinstance(part, np.ndarray) else np.zeros((2, 3))


def other_kind(part):
    return 3 if isinstance(part, str) else "a string"


def not_a_number(part):
    return np.full(part.shape, np.nan) if isinstance(part, np.ndarray) else float("nan")


@every_exercise
def test_the_reference_is_accepted(exercise):
    verdict = check(exercise.name, exercise.reference)
    assert verdict.ok, verdict


@every_exercise
def test_each_known_mistake_is_refused_with_its_own_hint(exercise):
    assert len(exercise.mistakes) >= 3
    for hint, wrong in exercise.mistakes.items():
        text = refused(check(exercise.name, wrong))
        assert text.endswith((f". {hint}", f"? {hint}")), f"no {hint!r} in {text!r}"
        assert "\n" not in text


@every_exercise
def test_hints_are_short_sentences_and_hold_no_code(exercise):
    for hint in exercise.mistakes:
        assert len(hint) <= 120, hint
        assert not hint.endswith("."), hint
        code = ["np.", "@", "**", "axis=", "return ", "lambda"]
        assert not any(piece in hint for piece in code), hint


@pytest.mark.slow
@every_exercise
def test_verdicts_are_the_same_each_time(exercise):
    for wrong in [*exercise.mistakes.values(), spoiled(exercise, other_shape)]:
        assert check(exercise.name, wrong) == check(exercise.name, wrong)


@every_exercise
def test_blanks_are_no_answer(exercise):
    functions = [lambda *_: None, lambda *_: ..., to_do] if exercise.inputs else []
    for blank in [..., None, *functions]:
        refused(check(exercise.name, blank), sign="○")


OTHER_FORMS = [other_shape, other_kind, not_a_number]
OTHER_FORMS += [lambda part: iter([part]), lambda part: {part: 1}.keys]
ANYTHING = ["a string", [], (), {}, float("nan"), np.zeros((7, 7, 7, 7)), np.exp]


@every_exercise
@pytest.mark.parametrize("change", OTHER_FORMS)
def test_answers_of_another_form_are_refused(exercise, change):
    text = refused(check(exercise.name, spoiled(exercise, change)))
    assert not any(hint in text for hint in exercise.mistakes), "no known mistake"


@every_exercise
@pytest.mark.parametrize("answer", [*ANYTHING, Box, Box()])
def test_answers_of_any_kind_are_refused(exercise, answer):
    refused(check(exercise.name, answer))
    if exercise.inputs:
        refused(check(exercise.name, lambda *args: answer))


@every_function
def test_functions_that_misbehave_are_refused(exercise):
    errors = [ValueError("no"), KeyError(3), RecursionError(), MemoryError()]
    for error in [*errors, SystemExit(2), ZeroDivisionError()]:
        assert type(error).__name__ in refused(check(exercise.name, raises(error)))
    refused(check(exercise.name, lambda: None))
    refused(check(exercise.name, lambda *args, one_more: None))
    verdict = replace(exercise, seconds=0.1).check(lambda *args: endless(0, 0))
    assert "No result after 0.1 seconds" in refused(verdict)


@every_function
def test_a_changed_input_is_refused(exercise):
    def changes(place, *args):
        right = exercise.reference(*args)
        args[place][...] = args[place] + 1
        return right

    for place, arg in enumerate(inputs_of(exercise)[0]):
        if isinstance(arg, np.ndarray):
            verdict = check(exercise.name, partial(changes, place))
            assert "was changed in place" in refused(verdict)


@every_function
def test_the_inputs_tell_axes_apart(exercise):
    cases = inputs_of(exercise)
    assert len(cases) >= 2
    sizes = {str([np.shape(arg) or arg for arg in case]) for case in cases}
    assert len(sizes) == len(cases), "all cases have other sizes"
    for arg in cases[0]:
        if isinstance(arg, np.ndarray):
            assert min(arg.shape) > 1, "in the first case no axis has the length 1"
            square = arg.ndim > 1 and arg.shape[-1] == arg.shape[-2]
            assert square or len(set(arg.shape)) == arg.ndim, "only W_h may be square"


@every_exercise
def test_a_number_is_not_in_a_verdict(exercise):
    rights = [exercise.reference]
    if exercise.inputs:
        rights = [exercise.reference(*args) for args in inputs_of(exercise)]
    wrongs = [*exercise.mistakes.values(), spoiled(exercise, not_a_number)]
    texts = [check(exercise.name, wrong).text for wrong in wrongs]
    for right in rights:
        if isinstance(right, int | float | str) and len(str(right)) > 1:
            assert not any(str(right) in text for text in texts)


# ---- References that repeat the package, and answers at the edge


def one_layer(W_h, D=1):
    H = len(W_h)
    return RNN(np.zeros((D, H)), W_h, np.zeros(H))


def as_run(cell, hs, h_0, xs):
    hs_prev = np.concatenate([h_0[None], hs[:-1]])
    return Run(cell, xs, hs, hs_prev, State(hs[-1]), [rnn.Tape(h) for h in hs], None)


def rnn_gradients(dhs, hs, h_0, xs, W_h):
    cell = one_layer(W_h, xs.shape[2])
    gradients = backward(cell, dhs, as_run(cell, hs, h_0, xs))
    return *gradients.cell.leaves().values(), gradients.state.h


def clipped(dW, db, limit):
    record = clip_by_norm(RNN(dW, np.zeros((len(db), len(db))), db), limit)
    return record.W_x, record.b


def one_step(h, W_h):
    cell = one_layer(W_h)
    return cell, as_run(cell, h[None], h, np.zeros((1, len(h), 1)))


def omega(dh, h, W_h):
    cell, run = one_step(h, W_h)
    return norm_kept(cell, dh[None], run).value


def lstm_back(dh, dc, i, f, g, o, c_prev, c):
    H = dh.shape[1]
    cell = LSTM(np.zeros((1, 4 * H)), np.zeros((H, 4 * H)), np.zeros(4 * H))
    tape = lstm.Tape(i, f, g, o, c_prev, np.tanh(c))
    dstate, da, _ = cell.gates_backward(LSTMState(dh, dc), tape)
    return da, dstate.c


def gru_back(dh, h_prev, r, z, n, W_hn):
    H = len(W_hn)
    W_h = np.concatenate([np.zeros((H, 2 * H)), W_hn], axis=1)
    cell = ResetBeforeGRU(np.zeros((1, 3 * H)), W_h, np.zeros(3 * H))
    tape = reset_before.Tape(h_prev, r, z, n, r * h_prev)
    dstate, da, _ = cell.gates_backward(State(dh), tape)
    return *np.split(da, 3, axis=1), dstate.h


def clockwork_cost(H, periods):
    cell = Clockwork.init(1, H, periods=periods, rng=np.random.default_rng(0))
    sizes = [cell.W_h[part].size for part in modules(H, len(periods))]
    moving = map(cell.moving, range(np.lcm.reduce(periods)))
    return float(np.mean([sum(sizes[: k * len(periods) // H]) for k in moving]))


def clockwork_mask(H, g):
    mask = np.zeros((H, H), bool)
    for part in modules(H, g):
        mask[part] = True
    return mask


def clockwork_back(dh, h, t, W_h, periods):
    H = len(W_h)
    cell = Clockwork(np.zeros((1, H)), W_h, np.zeros(H), periods)
    tape = clockwork.Tape(h[:, : cell.moving(t)])
    dstate, da, _ = cell.gates_backward(ClockworkState(dh, t + 1), tape)
    return dstate.h + cell.recurrent_backward(da)


def network_size(D, H, V):
    rng = np.random.default_rng(0)
    layers = stack(RNN.init(D, H, rng=rng), RNN.init(H, H, rng=rng))
    return Network.init(layers, V, rng=rng).size


def all_windows(ids, T, B):
    batches = list(windows(ids, T=T, B=B))
    return np.stack([b.xs for b in batches]), np.stack([b.targets for b in batches])


PACKAGE = {
    "rnn-step": lambda x, h, *cell: RNN(*cell).step(State(h), x)[0].h,
    "count-parameters": network_size,
    "any-length": lambda xs, h, *cell: forward(RNN(*cell), xs, State(h)).hs,
    "row-gradient": input_gradient,
    "tracks": all_windows,
    "tempered": tempered,
    "bptt-backward": rnn_gradients,
    "bptt-recompute": lambda xs, dhs, h_0, W_x, W_h, b, k: rnn_gradients(
        dhs, forward(RNN(W_x, W_h, b), xs, State(h_0)).hs, h_0, xs, W_h
    )[1],
    "step-jacobian": lambda h, W_h: step_jacobians(*one_step(h, W_h))[0],
    "clip-together": clipped,
    "norm-kept": omega,
    "lstm-step": lambda x, h, c, *cell: tuple(
        LSTM(*cell).step(LSTMState(h, c), x)[0].leaves().values()
    ),
    "lstm-backward": lstm_back,
    "gru-step": lambda h, x, *cell: GRU(*cell).step(State(h), x)[0].h,
    "gru-backward": gru_back,
    "clockwork-mask": clockwork_mask,
    "clockwork-cost": clockwork_cost,
    "clockwork-back": clockwork_back,
}


@pytest.mark.parametrize("name", PACKAGE)
def test_a_reference_that_repeats_the_package_equals_it(name):
    exercise = catalogue()[name]
    for args in inputs_of(exercise):
        right, ours = exercise.reference(*args), PACKAGE[name](*args)
        if not isinstance(right, tuple):
            right, ours = (right,), (ours,)
        for one, other in zip(right, ours, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_the_sigmoid_that_keeps_its_digits_is_the_package_s():
    a = np.linspace(-20, 20, 81)
    exercise = catalogue()["stable-sigmoid"]
    np.testing.assert_allclose(exercise.reference(a), sigmoid(a), rtol=0, atol=1e-15)


@every_function
def test_rounding_is_right_and_a_small_error_is_not(exercise):
    def scaled(by):
        return lambda part: part * by if np.asarray(part).dtype.kind == "f" else part

    assert check(exercise.name, spoiled(exercise, scaled(1 + 1e-8))).ok
    right = exercise.reference(*inputs_of(exercise)[0])
    first = right[0] if isinstance(right, tuple) else right
    if np.asarray(first).dtype.kind == "f":
        text = refused(check(exercise.name, spoiled(exercise, scaled(1 + 1e-4))))
        assert "differs" in text


TRANSIENT = np.array([[0.9, 60.0], [0.0, 0.9]])


def turned(W, angle):
    c, s = np.cos(angle), np.sin(angle)
    R = np.array([[c, -s], [s, c]])
    return R @ W @ R.T


ANGLES = [*np.linspace(0, np.pi, 89), *10.0 ** -np.arange(1.0, 15.0)]
DECIMALS = [
    (round(0.9 + t, 6), b, -t * t / b, round(0.9 - t, 6))  # both eigenvalues: 0.9
    for t in [0, 0.1, 0.3, 0.7, 1, 1.5, 2, 4, 7, 10]
    for b in [50, 60, 64, 80, 100, 125, 200, 500, 1000]
]


def test_transient_takes_what_is_right_but_for_rounding():
    rights = [turned(TRANSIENT, angle) for angle in ANGLES]
    rights += [turned(-TRANSIENT.T, angle) for angle in ANGLES]
    rights += DECIMALS
    rights += [((0.9, 60), (0, 0.9)), [[0.9, 60], [0, 0.9]], (0.9, 1e300, 0, 0.9)]
    rights += [(0, 100.0001, 0, 0), (1e200, 1e200, -1e200, -1e200)]
    for right in [*rights, np.array([0.5, 200, 0, 0])]:
        assert check("transient", right).ok, (right, check("transient", right))


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ((0.900001, 60, 0, 0.9), "radius is above 0.9"),
        ((0.9, 60, 1e-9, 0.9), "radius is above 0.9"),
        (turned(TRANSIENT + 1e-5 * np.eye(2), 1), "radius is above 0.9"),
        ((1.5, 1e300, 0, 1.5), "radius is above 0.9"),
        ((0, 100, 0, 0), "no vector more than 100 times"),
        ((0.3, 0.2, 0.2, 0.3), "symmetric"),
        (np.ones((3, 3)), "expected tuple, got an array"),
        (((0.9, 60), (0, 0.9, 0)), "expected 4 parts, got 2"),
        ((0.9, np.inf, 0, 0.9), "expected finite numbers"),
        (((0.9, "60"), (0, "a")), "expected 4 parts"),
    ],
)
def test_transient_refuses_what_is_nearly_right(answer, complaint):
    assert complaint in refused(check("transient", answer))


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ((5, 1.5, 0), ""),
        (np.array([20.0, 9.0, -4.0]), ""),
        ((1e300, 1e300, 0.0), ""),
        ((8.0, 3.0, -1.8), "forgotten"),
        ((0.3, 3.0, -1.0), "leaves h at 0.5 or below"),
        ((8.0, 3.0, 1.0), "not below 0.5 after 1 zeros"),
        ((8.0, 1.5, 1e-7), "not below 0.5"),
        ((-8.0, 3.0, -1.0), "leaves h at 0.5 or below"),
    ],
)
def test_latch_at_its_edges(answer, complaint):
    verdict = check("latch", answer)
    assert (complaint in refused(verdict)) if complaint else verdict.ok, verdict


def test_latch_sees_a_resting_place_that_is_only_just_gone():
    w = 3.0  # tanh(w h + b) touches the diagonal where w (1 - h²) = 1
    h = np.sqrt(1 - 1 / w)
    b = np.arctanh(h) - w * h
    assert check("latch", (8.0, w, b + 1e-5)).ok
    assert "forgotten" in refused(check("latch", (8.0, w, b - 1e-5)))


def other_tracks(order, shift=0, gap=0):
    def answer(ids, T, B):
        n = (len(ids) - 1) // (T * B)
        slack = len(ids) - 1 - n * T * B
        starts = [b * n * T + min(shift + gap * b, slack) for b in range(B)][::order]
        return tuple(
            np.stack([ids[s + k : s + k + n * T].reshape(n, T) for s in starts], axis=2)
            for k in (0, 1)
        )

    return answer


def test_tracks_takes_any_running_text():
    for order, shift, gap in [(1, 0, 0), (-1, 0, 0), (1, 1, 0), (-1, 0, 1)]:
        assert check("tracks", other_tracks(order, shift, gap)).ok

    def same_track_twice(ids, T, B):
        xs, targets = other_tracks(1)(ids, T, B)
        return xs[:, :, [0] * B], targets[:, :, [0] * B]

    def orders_differ(ids, T, B):
        return other_tracks(1)(ids, T, B)[0], other_tracks(-1)(ids, T, B)[1]

    for wrong in [same_track_twice, orders_differ]:
        assert "differs" in refused(check("tracks", wrong))


def test_tempered_takes_either_of_two_largest_or_a_part_for_each():
    def last(logits, temperature):
        return tempered(logits[:, ::-1], temperature)[:, ::-1]

    def parts(logits, temperature):
        if temperature > 0:
            return tempered(logits, temperature)
        most = logits == logits.max(axis=1, keepdims=True)
        return most / most.sum(axis=1, keepdims=True)

    assert check("tempered", last).ok and check("tempered", parts).ok
    for change in [lambda p: p[::-1], lambda p: 0 * p, lambda p: 2 * p - p**2 / 2]:
        wrong = lambda a, T, change=change: parts(a, T) if T else change(parts(a, T))  # noqa: E731
        assert "differs" in refused(check("tempered", wrong))


def test_row_gradient_without_one_hot_vectors():
    reference, add = catalogue()["row-gradient"].reference, "np.add.at(dW_x, xs, das)"
    places = "for place in np.ndindex(xs.shape): dW_x[xs[place]] += das[place]"
    symbols = "for v in range(D): dW_x[v] = das[xs == v].sum(axis=0)"
    steps = "for x, da in zip(xs, das): dW_x += (x == np.arange(D)[:, None]) @ da"
    whole = "dW_x += np.einsum('vtb,tbh->vh', xs == np.arange(D)[:, None, None], das)"
    for right in [places, symbols]:
        assert check("row-gradient", edited(reference, add, right)).ok
    for wrong in [steps, whole]:
        text = refused(check("row-gradient", edited(reference, add, wrong)))
        assert "the memory of dW_x. These are one-hot vectors" in text


def test_recompute_keeps_some_states():
    exercise = replace(catalogue()["bptt-recompute"], seconds=60.0)  # it is quadratic
    again = "forward(xs[: part.stop], h_0, W_x, W_h, b)[-k:]"
    nothing = edited(
        exercise.reference, "forward(xs[part], starts[i], W_x, W_h, b)", again
    )
    text = refused(exercise.check(nothing))
    assert "200 inputs are read 5300 times" in text
    assert text.endswith("each state should be computed twice")


def test_four_results_may_be_stacked():
    reference = catalogue()["gru-backward"].reference
    assert check("gru-backward", lambda *args: np.stack(reference(*args))).ok
    assert not check("gru-backward", lambda *args: np.stack(reference(*args)[:3])).ok


@pytest.mark.parametrize("name", ["clockwork-cost", "clockwork-back"])
def test_periods_are_shown_as_numbers(name):
    text = refused(check(name, spoiled(catalogue()[name], other_shape)))
    assert re.search(r"periods \(1, 2, 4", text)
