"""Cases: small frozen dataclasses of integers, fractions, strings and nested tuples, with a JSON round trip.

Strategies draw integers and map them to rationals, so that failures shrink to small numbers; rank-deficient data, ties
and zeros come from drawing few values.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

import numpy as np

Matrix = tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Case:
    """Base of all cases; subclasses add their fields and nothing else that is stored."""

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary: fractions as "p/q", tuples as lists."""
        return {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The case that ``to_json`` described."""
        names = [f.name for f in dataclasses.fields(cls)]
        if not isinstance(values, dict) or set(values) != set(names):
            got = ", ".join(values) if isinstance(values, dict) else type(values).__name__
            raise ValueError(f"{cls.__name__}: needs the keys {', '.join(names) or '(none)'}, got {got}")
        return cls(**{name: _frozen(value) for name, value in values.items()})

    def __str__(self) -> str:
        return json.dumps(self.to_json())


@dataclass(frozen=True)
class SampleCase(Case):
    """One statistical experiment: everything needed to run it again."""

    size: int
    seed: int
    alarm: float


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if isinstance(value, Fraction):
        return str(value) if value.denominator > 1 else int(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"case: fields hold ints, Fractions, floats, strings and tuples, got {type(value).__name__}")


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(v) for v in value)
    if isinstance(value, dict):
        raise ValueError(f"case: fields hold numbers, strings and lists of them, got {value}")
    if isinstance(value, str) and "/" in value:
        try:
            return Fraction(value)
        except ZeroDivisionError:
            raise ValueError(f"case: needs denominators other than 0, got {value}") from None
        except ValueError:
            return value
    return value


def exact_tuple(a: Any) -> Any:
    """A rational array as nested tuples of ints and Fractions: how cases store what was computed."""
    if isinstance(a, np.ndarray):
        return tuple(exact_tuple(x) for x in a)
    return _shortest(Fraction(int(a.p), int(a.q)))


def _shortest(f: Fraction) -> int | Fraction:
    return int(f) if f.denominator == 1 else f


# -- strategies ------------------------------------------------------------------------------------------------------


def rationals(bound: int = 3, denominators: tuple[int, ...] = (1, 1, 2, 3)) -> Any:
    """Small rationals p/q with |p| <= bound: ints where q = 1."""
    from hypothesis import strategies as st

    return st.builds(lambda p, q: _shortest(Fraction(p, q)), st.integers(-bound, bound), st.sampled_from(denominators))


def vectors(size: int, entries: Any = None) -> Any:
    """Tuples of a fixed size."""
    from hypothesis import strategies as st

    return st.tuples(*[rationals() if entries is None else entries] * size)


def matrices(rows: int, columns: int, entries: Any = None) -> Any:
    """Nested tuples of a fixed shape."""
    from hypothesis import strategies as st

    return st.tuples(*[vectors(columns, entries)] * rows)


def composed(build: Callable[[Any], Any]) -> Callable[[], Any]:
    """A strategy from a function of ``draw``, as Hypothesis' ``composite``, imported when it is called."""

    def strategy() -> Any:
        from hypothesis import strategies as st

        return st.composite(build)()

    strategy.__doc__ = build.__doc__
    return strategy
