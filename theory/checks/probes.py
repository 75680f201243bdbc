"""Where models are probed, what they are asked there, and when two answers agree.

Probes are multiples of 2^-20, some of them 0, so that one point is exactly the same in floats (single precision too),
rationals and balls. Rational answers must be equal, balls must overlap and be narrow, and floats may differ by the
rounding of a sum of ``operations(model)`` products as large as the largest entry met.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from theory.arithmetic import BALL, FLOAT, RATIONAL, arithmetic_of, ball, flint, is_zero, rational, to_float
from theory.calculus.tolerance import rounding
from theory.checks.report import Mismatch, NotApplicable, require
from theory.errors import NotExact

_GRID = 2**20
_ZEROS = 1 / 8  # the part of the entries that is 0
_REDRAWS = 50
_NESTING = 16  # sums over all parameters and data that an entry may pass through, one after the other


def probes(model: Any, rng: np.random.Generator, *shape: int) -> dict[str, np.ndarray]:
    """The same random points (*shape, n) in every arithmetic in which the model has values; kinks are avoided."""
    theta = _draw(model, rng, shape)
    for _ in range(_REDRAWS):
        kinks = ~_smooth_at(model, theta)
        if not kinks.any():
            break
        theta = np.where(kinks[..., None], _draw(model, rng, shape), theta)
    else:
        raise NotApplicable(f"needs points at which the model is smooth, found none in {_REDRAWS} draws")
    points = {FLOAT: theta, RATIONAL: _exact(theta), BALL: ball(theta)}
    return {kind: t for kind, t in points.items() if has_values(model, t)}


def _draw(model: Any, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    theta = rng.integers(-2 * _GRID, 2 * _GRID, (*shape, model.dim)) / _GRID
    return np.where(rng.random(theta.shape) < _ZEROS, 0, theta)


def _exact(theta: np.ndarray) -> np.ndarray:
    return rational((_GRID * theta).astype(int)) * flint().fmpq(1, _GRID)


def _smooth_at(model: Any, theta: np.ndarray) -> np.ndarray:
    if not hasattr(model, "smooth_at"):
        return np.ones(theta.shape[:-1], bool)
    try:
        return np.asarray(model.smooth_at(_exact(theta)), bool)
    except NotExact:  # no rational values
        return np.asarray(model.smooth_at(theta), bool)


def has_values(model: Any, theta: np.ndarray) -> bool:
    """Whether the loss has values in the arithmetic of theta.

    The answer no is ``NotExact``; only a model that states no traits may fail in some other way on exact entries.
    """
    try:
        model.loss(theta)
    except NotExact:
        return False
    except (TypeError, AttributeError) as error:
        if theta.dtype == object and not hasattr(model, "traits"):
            return False
        rule = f"loss: theta of shape {theta.shape} must give {theta.shape[:-1]}"
        raise Mismatch(f"{rule}, got {type(error).__name__}: {error}") from error
    return True


def random_floats(model: Any, rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Float points (*shape, n): on the manifold where the model has one, else standard normal."""
    if hasattr(model, "manifold"):
        return model.manifold.random_point(rng, shape)
    return rng.standard_normal((*shape, model.dim))


def questions(model: Any) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Every array that the model gives for theta, batch axes first.

    ``hvp`` is asked along the reversed theta, and the axis of the symmetry images is moved to the last but one.
    """
    names = ["loss", "gradient", "hessian", "symmetry_directions"]
    if getattr(getattr(model, "traits", None), "has_samples", True):
        names += ["sample_losses", "sample_gradients"]
    asked = {name: getattr(model, name) for name in names if hasattr(model, name)}
    if hasattr(model, "hvp"):
        asked["hvp"] = lambda theta: model.hvp(theta, np.flip(theta, -1))
    if hasattr(model, "symmetry_images"):
        asked["symmetry_images"] = lambda theta: np.moveaxis(model.symmetry_images(theta), 0, -2)
    return asked


def data_of(model: Any) -> list[np.ndarray]:
    """The data arrays that a model declares: its fields (or attributes) and those of the dataclasses within."""
    attributes = list(getattr(model, "__dict__", {}).values())
    return list(_arrays_in(model if dataclasses.is_dataclass(model) else attributes))


def _arrays_in(value: Any) -> Iterator[np.ndarray]:
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _arrays_in(item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _arrays_in(getattr(value, field.name))


def operations(model: Any) -> int:
    """Products that may enter one entry of an answer: a few nested sums over all parameters and all data."""
    return _NESTING * (model.dim + sum(a.size for a in data_of(model)))


def modulus(values: Any) -> float:
    """The largest modulus among the entries, as a float; 0 for no entries."""
    values = np.atleast_1d(np.asarray(values))
    return float(abs(to_float(values)).max()) if values.size else 0.0


class Comparison:
    """Compares answers of one model, and remembers the largest part of a bound that was used."""

    def __init__(self, model: Any) -> None:
        self.terms = operations(model)
        self.used = 0.0

    def __str__(self) -> str:
        return "exact" if self.used == 0 else f"{self.used:.0e} of the bound"

    def agree(self, got: Any, want: Any, what: str, scale: Any = None) -> None:
        """Raise ``Mismatch`` unless two answers agree.

        ``want`` decides how: rationals must be equal, balls must overlap, floats may differ by rounding. ``scale`` is
        the modulus of what was summed, the largest modulus in the answers if not given.
        """
        got, want = np.asarray(got), np.asarray(want)
        require(got.shape == want.shape, f"{what}: shapes {got.shape} and {want.shape} differ")
        if got.size == 0:
            return
        got, want = np.atleast_1d(got, want)  # numpy turns what it computes from arrays without axes into bare entries
        kind = arithmetic_of(want)
        if kind.name == BALL:
            self._balls_meet(kind.convert(got), want, what)
        elif kind.is_exact:
            _all(is_zero(got - want), got, want, f"{what}: must be equal")
        else:
            self._floats_near(got, want, what, max(modulus(got), modulus(want)) if scale is None else scale)

    def vanish(self, values: Any, what: str, scale: Any = None) -> None:
        """Raise ``Mismatch`` unless the values are zero: exactly, as narrow balls around 0, or up to rounding."""
        values = np.atleast_1d(np.asarray(values))
        if values.size:
            self.agree(values, arithmetic_of(values).zeros(values.shape), what, scale)

    def _floats_near(self, got: np.ndarray, want: np.ndarray, what: str, scale: float) -> None:
        coarser = max((got.dtype, want.dtype), key=lambda dtype: np.finfo(dtype).eps)
        bound = rounding(coarser, self.terms, scale)
        error = abs(got - want)
        _all(error <= bound, got, want, f"{what}: must agree to {bound:.1e}")
        self.used = max(self.used, float(error.max() / bound) if bound else 0.0)

    def _balls_meet(self, got: np.ndarray, want: np.ndarray, what: str) -> None:
        """Overlap only proves something while the radii stay below the root of the unit of the precision."""
        meet = [x.overlaps(y) for x, y in zip(got.flat, want.flat, strict=True)]
        _all(np.reshape(meet, got.shape), got, want, f"{what}: balls must meet")
        widest = max(float(x.rad()) for x in (*got.flat, *want.flat))
        allowed = 2.0 ** (-flint().ctx.prec // 2) * (1 + modulus(want))
        require(widest <= allowed, f"{what}: balls are as wide as {widest:.1e}, too wide to tell anything")
        self.used = max(self.used, widest / allowed)


def _all(right: np.ndarray, got: np.ndarray, want: np.ndarray, what: str) -> None:
    if not right.all():
        at = tuple(int(i) for i in np.argwhere(~right)[0])
        count = f"{(~right).sum()} of {right.size} entries do not"
        raise Mismatch(f"{what}, but {count}, first {got[at]} and {want[at]} at {at}")
