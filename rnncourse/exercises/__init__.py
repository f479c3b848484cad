"""Verdicts on a reader's answers: `check("rnn-step", my_step)`, a cell's last line.

A verdict begins with ✓ (right), ✗ (not yet) or ○ (no answer yet). It names what differs
and, for a known mistake, where to look; it does not contain the right answer. Inputs
are random numbers seeded by the exercise's name: always the same.

Each module chNN beside this file holds the exercises of one chapter, written in one
way: a reference is the right answer and nothing else; a mistake is derived from it, as
`edited(reference, right, wrong)`, its text with a named piece replaced, or as a lambda
that wraps it or stands for it, where another formula is taken. A reference that repeats
what the package computes is tied to it by a test.
"""

import difflib
import inspect
import pkgutil
import traceback
import tracemalloc
import warnings
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from importlib import import_module
from numbers import Real
from typing import Any

import numpy as np

from rnncourse.exercises.comparison import difference, kind_of
from rnncourse.exercises.limit import TimeIsUp, within


@dataclass(frozen=True, repr=False)
class Verdict:
    """Whether an answer is right, and the one or two lines that a notebook shows."""

    ok: bool
    text: str

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True, eq=False)
class Exercise:
    """The right answer to a question, expected wrong ones, and how to tell them apart.

    With `inputs` an answer is a function, called with a copy of each tuple of
    arguments. Without, it is a value: a number, a string, an array, or a tuple of
    these. `mistakes` maps a hint to the wrong answer that earns it; `outputs` names
    what is returned (each part of a tuple); `tolerance` bounds max |difference| / max
    |right| of each part. Where several answers are right, `canonical(answer, *args)`
    makes one of them before anything is compared; what it can not read it leaves as it
    is, or raises. `judge(answer, rng)` decides last, on answers that have passed all of
    this: it returns a verdict, or None for right. With an infinite tolerance they have
    the reference's form only (type, shape, dtype, finite). `seconds` limits all calls
    together.
    """

    name: str
    reference: Any
    mistakes: Mapping[str, object]
    outputs: tuple[str, ...] = ("the answer",)
    inputs: Callable[[np.random.Generator], list[tuple]] | None = None
    judge: Callable[[Any, np.random.Generator], Verdict | None] | None = None
    canonical: Callable[..., object] | None = None
    tolerance: float = 1e-6
    seconds: float = 5.0

    def rng(self, seed: Sequence[int] = ()) -> np.random.Generator:
        """What the inputs are drawn from: seeded by the name, and by more for others."""
        return np.random.default_rng([*self.name.encode(), *seed])

    def check(self, answer: object, seed: Sequence[int] = ()) -> Verdict:
        """The verdict; of what the answer raises, only Ctrl-C is raised here."""
        rng = self.rng(seed)
        try:
            with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
                text = within(self.seconds, lambda: self._text(answer, rng))
        except TimeIsUp:
            late = f"✗ No result after {self.seconds:g} seconds"
            text = f"{late}: does every loop come to an end?"
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            text = f"✗ {_crash(error, answer)}"
        return Verdict(text.startswith("✓"), text)

    def _text(self, answer, rng: np.random.Generator) -> str:
        """What `check` says, if the answer lets it.

        The hints left at the end are those that fit on all inputs.
        """
        if _is_blank(answer):
            return "○ No answer yet"
        names = _parameters(self.reference) if self.inputs else []
        if self.inputs and kind_of(answer) != "a function":
            return (
                f"✗ Expected a function of ({', '.join(names)}), got {kind_of(answer)}"
            )
        own = _parameters(answer)[: len(names)] if self.inputs else []
        names = own if len(own) == len(names) else names
        cases = self.inputs(rng) if self.inputs else [()]
        complaint, called, hints = "", "", list(self.mistakes)
        for args in cases:
            given, crash = deepcopy(args), ""
            try:
                got = answer(*given) if self.inputs else answer
            except Exception as error:
                got, crash = error, _crash(error, answer)
                if _is_untouched(answer, error):
                    return f"○ No answer yet: {crash}"
            for name, before, after in zip(names, args, given, strict=True):
                if not crash and difference((name,), before, after, tolerance=0.0):
                    changed = f"✗ {name} was changed in place"
                    return f"{changed}: leave the arguments as they came"
            if args is cases[0] and _is_blank(got):
                return f"○ No answer yet: the function returns {got}"
            got = self.one_form(got, args)
            if not complaint:
                complaint = crash or self._differs(self.reference, args, got)
                called = "\n  called with " + _shown(names, args) if names else ""
            fits = {hint: self.mistakes[hint] for hint in hints}
            hints = [h for h, m in fits.items() if not self._differs(m, args, got)]
            if crash:  # in the first call, many things can fail with the same error
                hints = hints if args is not cases[0] else []
                break
        if not complaint and self.judge:
            judged = self.judge(answer if self.inputs else got, rng)
            if judged and judged.ok:
                return judged.text
            complaint, called = judged.text.removeprefix("✗ ") if judged else "", ""
        if complaint:
            stop = "" if complaint.endswith("?") else "."
            return f"✗ {complaint}" + (f"{stop} {hints[0]}" if hints else called)
        return f"✓ Right on all {len(cases)} inputs" if self.inputs else "✓ Right"

    def _differs(self, known, args: tuple, got: object) -> str:
        """How `got` differs from what a reference or a known mistake gives."""
        tolerance = self.tolerance if known is self.reference else 1e-6
        try:
            want = known(*deepcopy(args)) if self.inputs else known
        except Exception as error:  # a mistake may be one that fails
            want = error
        want = self.one_form(want, args)
        return difference(self.outputs, want, got, tolerance)

    def one_form(self, answer: object, args: tuple) -> object:
        """What is compared: the answer's canonical form, where there is one."""
        try:
            return self.canonical(answer, *args) if self.canonical else answer
        except Exception:
            return answer


_registered: dict[str, Exercise] = {}


def register(name: str, reference: object, **fields: Any) -> None:
    """Make an Exercise of these fields known to `check`.

    Raises ValueError for a name that is taken.
    """
    if name in _registered:
        taken = f"an exercise {name!r} is registered already"
        raise ValueError(f"{taken}; each expects a name of its own")
    _registered[name] = Exercise(name, reference, **fields)


def catalogue() -> dict[str, Exercise]:
    """All exercises by name; the first call imports the modules beside this file."""
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return dict(_registered)


def find(name: str) -> Exercise:
    """The exercise of this name. Raises ValueError where there is none."""
    if name not in (known := catalogue()):
        near = difflib.get_close_matches(str(name), known, cutoff=0.4) or sorted(known)
        names = ", ".join(near)
        raise ValueError(f"no exercise is called {name!r}; near names: {names}")
    return known[name]


def check(name: str, answer: object) -> Verdict:
    """The verdict on an answer to the exercise `name`.

    Raises ValueError for an unknown name, but for no answer.
    """
    return find(name).check(answer)


def edited(reference: Callable, *pieces: str) -> Callable:
    """A planted mistake: the reference's text with each `right, wrong` pair replaced.

    Raises ValueError where a right piece does not occur exactly once.
    """
    function = inspect.unwrap(reference)
    source = inspect.getsource(function)
    for right, wrong in zip(pieces[::2], pieces[1::2], strict=True):
        if (times := source.count(right)) != 1:
            where = f"{right!r} occurs {times} times in {function.__name__}"
            raise ValueError(f"{where}; edited expects it once")
        source = source.replace(right, wrong)
    namespace: dict[str, Any] = {}
    exec(source, function.__globals__, namespace)
    return namespace[function.__name__]


def peak_memory(call: Callable[[], object]) -> int:
    """How many bytes a call holds at most, beyond what was there before it."""
    tracing = tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        start, _ = tracemalloc.get_traced_memory()
        call()
        return tracemalloc.get_traced_memory()[1] - start
    finally:
        if not tracing:
            tracemalloc.stop()


def _is_blank(value: object) -> bool:
    return (
        value is None
        or value is ...
        or (isinstance(value, tuple) and value != () and all(map(_is_blank, value)))
    )


def _is_untouched(answer: object, error: Exception) -> bool:
    """Whether `raise NotImplementedError` is all that a function does."""
    code = getattr(answer, "__code__", None)
    only = getattr(code, "co_names", None) == ("NotImplementedError",)
    return only and type(error) is NotImplementedError


def _parameters(function: Any) -> list[str]:
    """The names that a function gives to its arguments by position."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a function of C may have none
        return []
    by_position = "POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD"
    return [p.name for p in parameters if p.kind.name in by_position]


def _shown(names: list[str], args: tuple) -> str:
    """Names and shapes, or the numbers themselves where they are few."""

    def short(arg: Any) -> object:
        few = isinstance(arg, tuple) and all(isinstance(part, Real) for part in arg)
        plain = few or isinstance(arg, Real | str)
        return getattr(arg, "shape", arg if plain else kind_of(arg))

    return ", ".join(
        f"{name} {short(arg)}" for name, arg in zip(names, args, strict=True)
    )


def _crash(error: BaseException, answer: object) -> str:
    """An exception, its message, and where in the reader's cell it was raised.

    In the words of Python's own reports.
    """
    message = traceback.format_exception_only(error)[-1].partition("\n")[0][:200]
    cell = getattr(getattr(answer, "__code__", None), "co_filename", None)
    steps = [
        step
        for step in traceback.extract_tb(error.__traceback__)
        if step.filename == cell
    ]
    return message + (
        f" (line {steps[-1].lineno}, in {steps[-1].name})" if steps else ""
    )
