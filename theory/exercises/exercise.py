"""What an exercise is: a question, a stub, hints, and a check that judges the answers by the theorem itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from theory.arithmetic import rational
from theory.errors import LandscapeError

LARGEST_NUMBER = 200


class BadAnswer(LandscapeError, ValueError):
    """An answer has not the form that was asked for."""


@dataclass(frozen=True)
class Call:
    """One call of a function of the student's: its name and JSON arguments, rationals as "p/q" strings."""

    function: str
    arguments: tuple = ()

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True)
class Item:
    """One thing that was checked; ``size`` orders the failing ones, smallest case first."""

    name: str
    passed: bool
    message: str
    size: int = 0


@dataclass(frozen=True)
class WrongAnswer:
    """A typical wrong submission, which the grader must reject with a message that contains ``says``."""

    mistake: str
    source: str
    says: str


def instead(source: str, old: str, new: str) -> str:
    """A source, such as the reference, with one mistake: ``new`` wherever ``old`` stands in it."""
    assert old in source
    return source.replace(old, new)


@dataclass(frozen=True)
class Exercise:
    """A question with everything needed to pose, hint at and grade it.

    Attributes
    ----------
    id, title, question, level : as shown to the student.
    hints : from vague to precise.
    stub : the file the student starts from; it must itself be a wrong answer.
    forbidden : modules and names that the answer may not use, because they answer the question.
    calls : what is called in the submission.
    check : from the answers (one JSON value a call) to graded items; raises ``BadAnswer`` for values of a wrong form.
    wrong_answers : the mistakes that the grader is tested on.
    reference : the source of a right answer, for tests only.
    claims : ids of the claims that the exercise leads to.
    """

    id: str
    title: str
    question: str
    level: str
    hints: tuple[str, ...]
    stub: str
    forbidden: tuple[str, ...]
    calls: tuple[Call, ...]
    check: Callable[[Mapping[Call, Any]], list[Item]]
    wrong_answers: tuple[WrongAnswer, ...]
    reference: str
    claims: tuple[str, ...] = ()


def rationals(value: Any, where: str, length: int | None = None) -> Any:
    """A list of exact numbers from an answer, as an array of rationals.

    Raises
    ------
    BadAnswer
        With the offending entry, when it is no list, has another length, or an entry is no exact number.
    """
    if not isinstance(value, list) or (length is not None and len(value) != length):
        want = "a list of" if length is None else f"a list of {length}"
        raise BadAnswer(f"{where}: needs {want} integers or Fractions, got {shown(value)}")
    return rational([exact(v, f"{where}[{i}]") for i, v in enumerate(value)]) if value else []


def exact(value: Any, where: str) -> Any:
    """One exact number from an answer, where it is a string "p" or "p/q"."""
    if not isinstance(value, str):
        raise BadAnswer(f"{where}: needs an integer or a Fraction, got {shown(value)}")
    if len(value) > LARGEST_NUMBER:
        raise BadAnswer(f"{where}: needs a number of at most {LARGEST_NUMBER} digits; smaller data will do")
    try:
        return rational([value])[0]
    except ValueError as error:
        raise BadAnswer(f"{where}: {error}") from None


def shown(value: Any) -> str:
    """A short form of an answer for a message."""
    match value:
        case None:
            return "None; is the function finished?"
        case {"float": number}:
            return f"the float {number}; write Fraction(p, q), because answers are judged exactly"
        case {"other": kind}:
            return f"an object of type {kind}"
        case list():
            text = f"a list of {len(value)}: [{', '.join(map(shown, value[:5]))}{', ...' if len(value) > 5 else ''}]"
        case _:
            text = str(value)
    return text if len(text) <= 160 else text[:157] + "..."
