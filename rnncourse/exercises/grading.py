"""Points for classes: `grade("lstm-backward", my_backward, points=4)`.

Full points are for an answer that `check` calls right. Else each part of what is
returned counts alike: in full where it is right on all inputs, by half where it is on
more than half of them. Where every part is right, and yet the check objects (an argument
was changed, too much memory was used), half is left.
"""

import warnings
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rnncourse.exercises import Exercise, find
from rnncourse.exercises.comparison import difference
from rnncourse.exercises.limit import within


@dataclass(frozen=True)
class Grade:
    """Points, and a comment: the verdict, and which parts are right."""

    points: float
    comment: str


def grade(
    name: str,
    answer: object,
    *,
    points: float,
    seed: Sequence[int] = (),
    inputs: Callable[[np.random.Generator], list[tuple]] | None = None,
) -> Grade:
    """The grade of an answer to the exercise `name`.

    Other numbers with a `seed`, other cases with `inputs`, than a reader sees. Raises
    ValueError for an unknown name.
    """
    exercise = find(name)
    exercise = replace(exercise, inputs=inputs or exercise.inputs)
    verdict = exercise.check(answer, seed)
    if verdict.ok or verdict.text.startswith("○") or np.isinf(exercise.tolerance):
        return Grade(points if verdict.ok else 0.0, verdict.text)
    names, shares = parts(name), _in_time(exercise, answer, seed)
    kept = [1.0 if share == 1 else 0.5 * (share > 0.5) for share in shares]
    worth = np.mean(kept) if min(kept, default=0.0) < 1 else 0.5
    earned = round(float(points * worth), 2)
    right = [part for part, share in zip(names, shares, strict=True) if share == 1]
    credit = f"{earned:g} of {points:g} points"
    credit += f", for {', '.join(right)}" if right else ""
    return Grade(earned, f"{verdict.text}\n  {credit}")


def parts(name: str) -> list[str]:
    """What the parts of an answer to the exercise `name` are called."""
    exercise = find(name)
    args = exercise.inputs(exercise.rng())[0] if exercise.inputs else ()
    many = len(_split(_given_by(exercise, exercise.reference, args)))
    named = len(exercise.outputs) == many
    return [*exercise.outputs] if named else [f"part {i + 1}" for i in range(many)]


def _in_time(exercise: Exercise, answer: object, seed: Sequence[int]) -> list[float]:
    """The shares; all 0 where they can not be had."""
    shares = [0.0] * len(parts(exercise.name))

    def fill() -> str:
        shares[:] = _shares(exercise, answer, seed)
        return ""

    try:
        with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
            within(exercise.seconds, fill)
    except KeyboardInterrupt:
        raise
    except BaseException:  # the time is up, or the answer ends the program
        return [0.0] * len(shares)
    return shares


def _shares(exercise: Exercise, answer: object, seed: Sequence[int]) -> list[float]:
    """On which share of the inputs each part is right."""
    rng = exercise.rng(seed)
    table = []
    for args in exercise.inputs(rng) if exercise.inputs else [()]:
        wants = _split(_given_by(exercise, exercise.reference, args))
        try:
            gots = _split(_given_by(exercise, answer, args), len(wants))
        except Exception:
            gots = []
        paired = zip(wants, gots, strict=True) if gots else [(w, None) for w in wants]
        table.append(
            [not difference(("",), w, g, exercise.tolerance) for w, g in paired]
        )
    return np.mean(table, axis=0).tolist()


def _given_by(exercise: Exercise, known: Any, args: tuple) -> object:
    """What a reference or an answer gives, in one form."""
    given = known(*deepcopy(args)) if exercise.inputs else known
    return exercise.one_form(given, args)


def _split(value: Any, many: int | None = None) -> list:
    """The parts of a tuple; a value that is no tuple is one part.

    With another number of parts than `many`: none.
    """
    stacked = isinstance(value, np.ndarray | list) and many not in (None, 1)
    parts = [*value] if stacked or isinstance(value, tuple) else [value]
    return parts if many in (None, len(parts)) else []
