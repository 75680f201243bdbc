"""Lines and planes through a landscape: losses with their coordinates, by the fastest way that is exact for the model.

Index order: ``values[j, i]`` is the loss at center + x[i] d1 + y[j] d2; x runs along the last axis, as in
``matplotlib.pyplot.contour(x, y, values)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np

from theory import arrays, memory
from theory.arithmetic import RATIONAL, arithmetic_of, as_array, common_arithmetic, to_float
from theory.errors import TooLarge
from theory.landscape import Model, ReadOnly
from theory.slices import chebyshev, deep, direct, polynomial, relu_rows, separable
from theory.slices.frame import Frame
from theory.slices.spans import span

MAX_BYTES = 2**29
QUALITIES = ("exact", "plot")
# The first that applies to the model is taken; none of them approximates the loss.
WAYS = {
    "breakpoints": relu_rows,
    "polynomial": polynomial,
    "separable": separable,
    "layers": deep,
}
BOUNDED_WITH_VALUES = ("polynomial", "expanded")  # their bounds are finite only where the values are
NAMES = ("direct", *WAYS, "expanded", "chebyshev")


@dataclass(frozen=True, eq=False)
class Slice(ReadOnly):
    """A loss on a line or a plane.

    Attributes
    ----------
    axes : (x,) or (x, y), the coordinates (nx,) and (ny,).
    values : (nx,) or (ny, nx), in the arithmetic of the frame; read-only unless they were written to an ``out``.
    frame : center and directions; the point of ``values[j, i]`` is ``frame.points((x[i], y[j]))``.
    way : how the values were computed: "direct", "breakpoints", "polynomial", "expanded", "separable", "layers",
        "chebyshev".
    error : a bound of the absolute error of every value; 0 for rationals, None where nothing is known beyond the
        rounding of the model's own loss, or where the bound exceeds the largest value and so says nothing. For
        "chebyshev" an estimate that was checked at random points, all others are derived.
    """

    axes: tuple[np.ndarray, ...]
    values: np.ndarray
    frame: Frame
    way: str
    error: float | None

    @property
    def x(self) -> np.ndarray:
        """The first coordinate, (nx,)."""
        return self.axes[0]

    @property
    def y(self) -> np.ndarray:
        """The second coordinate of a plane, (ny,)."""
        if len(self.axes) == 1:
            raise AttributeError("Slice: a line has one coordinate, x")
        return self.axes[1]

    def points(self) -> np.ndarray:
        """The parameters at every value: (..., n); ``TooLarge`` where they cannot be held."""
        memory.refuse((*self.values.shape, self.frame.dim), self.frame.center.dtype, "Slice.points")
        grid = np.stack(np.meshgrid(*self.axes), axis=-1)
        return self.frame.points(grid)

    def lowest(self) -> tuple[tuple[Any, ...], Any]:
        """The coordinates of the smallest value, the first of several, and this value."""
        at = np.unravel_index(int(np.argmin(self.values)), self.values.shape)
        return tuple(axis[i] for axis, i in zip(self.axes, reversed(at), strict=True)), self.values[at]


def line(model: Any, a: Any, b: Any, num: Any = 51, *, tol: float | None = None, quality: str = "exact") -> Slice:
    """The loss along (1 - x) a + x b.

    Parameters
    ----------
    model : as in ``plane``.
    a, b : (n,), where x = 0 and x = 1.
    num : how many values of x from 0 to 1, at least 2; or the values, also as "-1:2:61".
    tol, quality : as in ``plane``.

    Returns
    -------
    Slice
        ``x`` (num,) and ``values`` (num,).

    >>> from theory.models import Quadratic
    >>> cut = line(Quadratic([[2]]), [-1], [1], 3)
    >>> cut.x, cut.values
    (array([0, 1/2, 1], dtype=object), array([1, 0, 1], dtype=object))
    """
    a, b = _alike(("a", a), ("b", b))
    if isinstance(num, float | np.floating):
        raise TypeError(f"slice: num needs an integer, or coordinates, got {num}; write [{num}] for one coordinate")
    if isinstance(num, int | np.integer) and not isinstance(num, bool):
        if num < 2:
            raise ValueError(f"slice: num needs at least 2 values, got {num}; 0 and 1 are both included")
        num = f"0:1:{num}"
    return cut(model, Frame(a, (b - a)[None], "through two points"), num, tol=tol, quality=quality)


def plane(
    model: Any,
    center: Any,
    d1: Any,
    d2: Any,
    x: Any = "-1:1:51",
    y: Any = "-1:1:51",
    *,
    tol: float | None = None,
    quality: str = "exact",
    out: np.ndarray | None = None,
) -> Slice:
    """The loss at center + x[i] d1 + y[j] d2 as ``values[j, i]``; with a ``Frame``: ``plane(model, *frame, x, y)``.

    Parameters
    ----------
    model : anything with a batched ``loss`` (..., n) -> (...), or such a callable. Models of the book with float data
        are sliced by breakpoints (ReLU neuron), as polynomials, or by their layers; all else point by point.
    center, d1, d2 : (n,); rationals give exact values, except that a callable which is no model's method gets floats.
    x, y : increasing numbers, or "low:high:count".
    tol : allows an interpolation of analytic losses with this error relative to the largest modulus, checked at random
        points, where that is faster.
    quality : "exact", or "plot": polynomials are expanded, with an error relative to the largest value only.
    out : (ny, nx) floats to write to, such as a ``numpy.memmap``.

    Raises
    ------
    ValueError
        For directions that are zero, dependent or NaN, and coordinates that do not increase.
    TooLarge
        For grids of more than 512 MiB without ``out``.

    >>> from theory.models import Quadratic
    >>> cut = plane(Quadratic([[2, 0], [0, 4]]), [0, 0], [1, 0], [0, 1], x="0:1:2", y="0:2:3")
    >>> cut.values
    array([[0, 1],
           [2, 3],
           [8, 9]], dtype=object)
    """
    frame = Frame(center, np.stack(_alike(("d1", d1), ("d2", d2))), "given")
    return cut(model, frame, x, y, tol=tol, quality=quality, out=out)


def cut(
    model: Any,
    frame: Frame,
    *spans: Any,
    tol: float | None = None,
    quality: str = "exact",
    out: np.ndarray | None = None,
) -> Slice:
    """``line`` or ``plane`` for a frame of one or two directions, and one range for each; the slice has this frame."""
    loss = _loss(model, frame)
    exact = arithmetic_of(frame.center).name == RATIONAL
    if exact and not hasattr(model, "loss") and not isinstance(getattr(model, "__self__", None), Model):
        exact = False
        frame = replace(frame, center=to_float(frame.center), directions=to_float(frame.directions))
    if len(spans) != frame.count or frame.count > 2:
        raise ValueError(f"slice: needs 1 or 2 directions, a range for each, got {frame.count} and {len(spans)} ranges")
    if quality not in QUALITIES:
        raise ValueError(f"slice: quality is one of {', '.join(QUALITIES)}, got {quality!r}")
    if tol is not None and not (isinstance(tol, Real) and 0 < tol < 1):
        raise ValueError(f"slice: tol needs a number between 0 and 1, relative to the largest modulus, got {tol!r}")
    axes = tuple(arrays.frozen(span(s, name, exact=exact)) for s, name in zip(spans, "xy", strict=False))
    x, y = (*axes, np.zeros_like(axes[0][:1]))[:2]
    rows = np.concatenate([frame.center[None], frame.directions, 0 * frame.directions])[:3]
    grid = _room(out, (len(y), len(x)), object if exact else float)
    way, error = "direct", 0.0 if exact else None
    if exact:
        direct.fill(loss, rows, x, y, grid)
    else:
        rows = rows.astype(float)
        with np.errstate(over="ignore", invalid="ignore"):
            ends = np.array([1, abs(x).max(), abs(y).max()])
            if not np.isfinite(4 * np.concatenate([ends, ends @ abs(rows)])).all():  # room for sums and differences
                raise ValueError("slice: the points of this window overflow; take a smaller one")
            way, error = _floats(model, loss, rows, x, y, grid, quality, tol)
        known = [] if error is None else [error]
        if way not in BOUNDED_WITH_VALUES:
            known += [grid.min(), grid.max()]
        if not np.isfinite(known).all():
            raise ValueError("slice: the losses overflow or are NaN on this window; take a smaller one")
    if out is None:
        grid.flags.writeable = False
    return Slice(axes, grid[0] if len(axes) == 1 else grid, frame, way, error)


def _alike(*vectors: tuple[str, Any]) -> tuple[np.ndarray, ...]:
    """Named vectors in their common arithmetic, of the same shape."""
    found = [as_array(value, f"slice: {name}") for name, value in vectors]
    if len({v.shape for v in found}) > 1:
        names, shapes = " and ".join(name for name, _ in vectors), " and ".join(str(v.shape) for v in found)
        raise ValueError(f"slice: {names} need the same shape (n,), got {shapes}")
    kind = common_arithmetic(*found)
    return tuple(kind.convert(v) for v in found)


def _floats(
    model: Any, loss: Any, rows: np.ndarray, x: np.ndarray, y: np.ndarray, grid: np.ndarray, quality: str,
    tol: float | None,
) -> tuple[str, float | None]:  # fmt: skip
    """The way that was taken, and the bound of its error."""
    error: float | None
    if quality == "plot" and polynomial.applies(model):
        error = polynomial.fill_expanded(model, rows, x, y, grid)
        if error is not None:
            return "expanded", error
    if tol is not None and chebyshev.applies(model) and not polynomial.applies(model):
        error = chebyshev.fill(model, rows, x, y, grid, tol)
        if error is not None:
            return "chebyshev", error
    for way, module in WAYS.items():
        if module.applies(model):
            error = module.fill(model, rows, x, y, grid)
            if error is not None or module is not polynomial:
                return way, error
    direct.fill(loss, rows, x, y, grid)
    return "direct", None


def _loss(model: Any, frame: Frame) -> Callable[[Any], Any]:
    """The batched loss of a model, or a callable itself."""
    if isinstance(model, type):
        raise TypeError(f"slice: needs a model, got the class {model.__name__}; build an instance of it")
    loss = getattr(model, "loss", model)
    if not callable(loss):
        raise TypeError(f"slice: needs a model with a loss, or a callable, got {type(model).__name__}")
    n = getattr(model, "dim", frame.dim)
    if n != frame.dim:
        raise ValueError(f"slice: center and directions need {n} parameters, as the model has, got {frame.dim}")
    return loss


def _room(out: np.ndarray | None, shape: tuple[int, int], dtype: Any) -> np.ndarray:
    if out is not None:
        if type(out) not in (np.ndarray, np.memmap):  # a mask or a matrix has an order and an arithmetic of its own
            raise TypeError(f"slice: out needs a numpy array or memmap, got {type(out).__name__}; make it by np.empty")
        if shape[0] == 1 and out.ndim == 1:
            out = out[None]
        return arrays.batch_matrix(out, shape, dtype, "slice")
    if (need := shape[0] * shape[1] * 8) > MAX_BYTES:
        remedy = "take a coarser grid, or give out=, for example a numpy.memmap"
        raise TooLarge(f"slice: a grid may take {MAX_BYTES >> 20} MiB, got {shape} with {need >> 20} MiB; {remedy}")
    return memory.new(shape, dtype, "slice")
