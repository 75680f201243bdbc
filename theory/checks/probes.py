"""Where models are probed, what they are asked there, and when two answers agree.

Probes are multiples of 1/4, so that one point is exactly the same in floats (single precision too), rationals and balls.
Rational answers must be equal, balls must overlap and be narrow, and floats may differ by the rounding of a sum of
``operations(model)`` products as large as the largest entry met.
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

_QUARTERS = 8  # probes have entries in [-2, 2]
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
    points = {FLOAT: theta, RATIONAL: _quarters(theta), BALL: ball(theta)}
    return {kind: t for kind, t in points.items() if has_values(model, t)}


def _draw(model: Any, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(-_QUARTERS, _QUARTERS, (*shape, model.dim), endpoint=True) / 4


def _quarters(theta: np.ndarray) -> np.ndarray:
    return rational((4 * theta).astype(int)) * flint().fmpq(1, 4)


def _smooth_at(model: Any, theta: np.ndarray) -> np.ndarray:
    if not hasattr(model, "smooth_at"):
        return np.ones(theta.shape[:-1], bool)
    try:
        return np.asarray(model.smooth_at(_quarters(theta)), bool)
    except TypeError:  # NotExact: a loss without rational values
        return np.asarray(model.smooth_at(theta), bool)


def has_values(model: Any, theta: np.ndarray) -> bool:
    """Whether the loss has values in the arithmetic of theta; only a model without traits may answer with a bare TypeError."""
    try:
        model.loss(theta)
    except NotExact:
        return False
    except (TypeError, AttributeError):
        if theta.dtype != object or hasattr(model, "traits"):
            raise
        return False
    return True


def exactest(points: dict[str, np.ndarray]) -> np.ndarray:
    """The points in the arithmetic that proves most: rational, else ball, else float."""
    return next(points[kind] for kind in (RATIONAL, BALL, FLOAT) if kind in points)


def random_floats(model: Any, rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Float points (*shape, n): on the manifold where the model has one, else standard normal."""
    if hasattr(model, "manifold"):
        return model.manifold.random_point(rng, shape)
    return rng.standard_normal((*shape, model.dim))


def questions(model: Any) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Every array that the model gives for theta, batch axes first: ``hvp`` along the reversed theta, images last but one."""
    names = ["loss", "gradient", "hessian", "symmetry_directions"]
    if getattr(getattr(model, "traits", None), "has_samples", True):
        names += ["sample_losses", "sample_gradients"]
    asked = {name: getattr(model, name) for name in names if hasattr(model, name)}
    if hasattr(model, "hvp"):
        asked["hvp"] = lambda theta: model.hvp(theta, np.flip(theta, -1))
    if hasattr(model, "symmetry_images"):
        asked["symmetry_images"] = lambda theta: np.moveaxis(model.symmetry_images(theta), 0, -2)
    return asked


def declared_arrays(value: Any) -> Iterator[np.ndarray]:
    """The arrays among the fields of a dataclass (or the attributes of another object), and in the dataclasses within."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from declared_arrays(item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from declared_arrays(getattr(value, field.name))


def data_of(model: Any) -> list[np.ndarray]:
    """The data arrays that a model declares."""
    return list(declared_arrays(model if dataclasses.is_dataclass(model) else list(vars(model).values())))


def operations(model: Any) -> int:
    """Products that may enter one entry of an answer: a few nested sums over all parameters and all data."""
    return _NESTING * (model.dim + sum(a.size for a in data_of(model)))


def agree(model: Any, got: Any, want: Any, what: str, scale: Any = None) -> float:
    """Raise ``Mismatch`` unless two answers in one arithmetic agree; return the part of the bound that was used.

    ``scale`` is the modulus of what was summed, the largest modulus in the answers if not given.
    """
    got, want = np.asarray(got), np.asarray(want)
    require(got.shape == want.shape, f"{what}: shapes {got.shape} and {want.shape} differ")
    if got.size == 0:
        return 0.0
    got, want = np.atleast_1d(got, want)  # numpy turns what it computes from arrays without axes into bare entries
    kind = arithmetic_of(want)
    if kind.name == BALL:
        got = kind.convert(got)
        meet = [x.overlaps(y) for x, y in zip(got.flat, want.flat, strict=True)]
        _all(np.reshape(meet, got.shape), got, want, f"{what}: balls must meet")
        return _width(got, want, what)
    if kind.is_exact:
        _all(is_zero(got - want), got, want, f"{what}: must be equal")
        return 0.0
    largest = max(abs(got).max(), abs(want).max()) if scale is None else scale
    bound = rounding(_coarser(got, want), operations(model), largest)
    error = abs(got - want)
    _all(error <= bound, got, want, f"{what}: must agree to {bound:.1e}")
    return float(error.max() / bound) if bound else 0.0


def _all(right: np.ndarray, got: np.ndarray, want: np.ndarray, what: str) -> None:
    if not right.all():
        where = tuple(int(i) for i in np.argwhere(~right)[0])
        raise Mismatch(f"{what}, but {(~right).sum()} of {right.size} entries do not, first {got[where]} and {want[where]} at {where}")


def _coarser(a: np.ndarray, b: np.ndarray) -> np.dtype:
    return max((a.dtype, b.dtype), key=lambda dtype: np.finfo(dtype).eps)


def _width(got: np.ndarray, want: np.ndarray, what: str) -> float:
    """Balls that overlap only prove something while their radii stay below the root of the unit of the precision."""
    widest = max(float(x.rad()) for x in (*got.flat, *want.flat))
    allowed = 2.0 ** (-flint().ctx.prec // 2) * (1 + modulus(want))
    require(widest <= allowed, f"{what}: balls are as wide as {widest:.1e}, too wide to tell anything")
    return widest / allowed


def vanish(model: Any, values: Any, scale: Any, what: str) -> float:
    """Raise ``Mismatch`` unless the values are zero: exactly, as narrow balls around 0, or up to rounding at this scale."""
    values = np.asarray(values)
    return agree(model, values, zeros_like(values), what, scale) if values.size else 0.0


def zeros_like(values: np.ndarray) -> np.ndarray:
    """Zeros of the same arithmetic."""
    return arithmetic_of(values).zeros(values.shape)


def modulus(values: Any) -> float:
    """The largest modulus among the entries, as a float; 0 for no entries."""
    values = np.asarray(values)
    return float(abs(to_float(values)).max()) if values.size else 0.0


def margin(used: float) -> str:
    """How much of a bound was used, in words."""
    return "exact" if used == 0 else f"{used:.0e} of the bound"
