"""Curvature maps: the eigenvalues of the whole Hessian at every point of a plane, beside the curvature in the plane.

Index order as for slices: ``smallest[j, i]`` belongs to center + x[i] d1 + y[j] d2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory import arrays, memory
from theory.arithmetic import as_array, to_float
from theory.calculus.extreme_eigenvalues import (
    GROUP_BYTES,
    MATRIX_BYTES,
    count_below,
    error_bounds,
    groups,
    parts,
    tridiagonal,
    tridiagonal_extremes,
)
from theory.critical.tangent import is_flat
from theory.errors import TooLarge
from theory.landscape import ReadOnly
from theory.slices.frame import Frame
from theory.slices.spans import span

QUANTITIES = ("smallest", "largest", "ratio", "index", "trace", "projected")
_WHERE = "curvature_map"
_COPIES = 4  # of a chunk that live at the same time: the Hessians, what the model and the solver make of them


@dataclass(frozen=True, eq=False)
class CurvatureMap(ReadOnly):
    """Eigenvalues of the Hessian on a plane; what was not asked for is None.

    Attributes
    ----------
    x, y : (nx,), (ny,), the coordinates.
    frame : center and directions, in floats.
    error : (ny, nx), a bound of the error of the eigenvalues of the Hessian as the model computes it.
    smallest, largest : (ny, nx), the extreme eigenvalues.
    index : (ny, nx) integers, the eigenvalues below -``error``.
    undecided : (ny, nx) integers, the eigenvalues within +-``error``, whose sign is open: the true index lies between
        ``index`` and ``index + undecided``.
    trace : (ny, nx), the sum of the diagonal, within sqrt(n) ``error``.
    projected : (ny, nx, 2), the eigenvalues of D^T H D, ascending, for the orthonormal basis D of the plane; within 4
        ``error`` for the D that was computed, whose plane is off by rounding over the sine of the angle between d1 and
        d2. They lie between ``smallest`` and ``largest``.
    """

    x: np.ndarray
    y: np.ndarray
    frame: Frame
    error: np.ndarray
    smallest: np.ndarray | None = None
    largest: np.ndarray | None = None
    index: np.ndarray | None = None
    undecided: np.ndarray | None = None
    trace: np.ndarray | None = None
    projected: np.ndarray | None = None

    @property
    def ratio(self) -> np.ndarray | None:
        """|smallest / largest|, (ny, nx); NaN where both are within the error of 0, infinite where only the largest is.

        It is no measure of convexity: diag(1, -1/10, ..., -1/10) has 1/10 and is concave in nearly all directions.
        """
        if self.smallest is None or self.largest is None:
            return None
        vanishes = np.abs(self.largest) <= self.error
        out = np.abs(self.smallest) / np.where(vanishes, 1, np.abs(self.largest))
        out[vanishes] = np.where(np.abs(self.smallest[vanishes]) > self.error[vanishes], np.inf, np.nan)
        return out


def curvature_map(
    model: Any,
    center: Any,
    d1: Any,
    d2: Any,
    x: Any = "-1:1:51",
    y: Any = "-1:1:51",
    *,
    quantities: Iterable[str] = QUANTITIES,
    max_bytes: int = arrays.MAX_BYTES,
) -> CurvatureMap:
    """What the Hessian is at center + x[i] d1 + y[j] d2; with a ``Frame``: ``curvature_map(model, *frame, x, y)``.

    The Hessians are those of the whole parameter space, not of the plane. At a kink they are those of the active piece.

    Parameters
    ----------
    model : anything with ``hessian``: (..., n) -> (..., n, n), and with flat weights.
    center, d1, d2 : (n,); evaluated in floats.
    x, y : increasing numbers, or "low:high:count".
    quantities : which of "smallest", "largest", "ratio", "index", "trace", "projected"; only these are computed, and
        the last two without eigenvalues.
    max_bytes : of temporaries, whatever the grid.

    Raises
    ------
    ValueError
        For directions that are zero, dependent or NaN, coordinates that do not increase, Hessians that are not finite
        or not symmetric.
    TypeError
        For a model without a batched Hessian, or on a curved manifold.
    TooLarge
        When the temporaries of one point exceed ``max_bytes``, or the result exceeds the memory.

    >>> from theory.models import Quadratic
    >>> found = curvature_map(Quadratic([[2.0, 0.0], [0.0, -4.0]]), [0, 0], [1, 0], [0, 1], x="0:1:2", y="0:2:3")
    >>> found.smallest.shape, found.index[2, 1], found.ratio[2, 1]
    ((3, 2), np.int32(1), np.float64(2.0))
    """
    asked = _asked(quantities)
    frame, axes = _frame(model, center, d1, d2), (span(x, "x"), span(y, "y"))
    n, shape = frame.dim, (len(axes[1]), len(axes[0]))
    if (need := _COPIES * 8 * n * n) > arrays.positive_int(max_bytes, _WHERE, "max_bytes"):
        raise TooLarge(f"{_WHERE}: temporaries need at most max_bytes = {max_bytes}, got {need} for n = {n}; raise it")
    maps = {"error": memory.new(shape, float, _WHERE)}
    for name in _stored(asked):
        kind, last = (np.int32, ()) if name in ("index", "undecided") else (float, (2,) if name == "projected" else ())
        maps[name] = memory.new((*shape, *last), kind, _WHERE)
    basis, room = frame.orthonormalised().directions, max_bytes // _COPIES
    flat = {name: a.reshape(-1, *a.shape[2:]) for name, a in maps.items()}
    for group in groups(shape[0] * shape[1], n, min(GROUP_BYTES, room)):
        j, i = np.divmod(np.arange(group.start, group.stop), shape[1])
        points = np.stack([axes[0][i], axes[1][j]], axis=-1)
        here = {name: a[group] for name, a in flat.items()}
        _fill(model, frame, points, basis, here, min(MATRIX_BYTES, room))
    return CurvatureMap(arrays.frozen(axes[0]), arrays.frozen(axes[1]), frame, **maps)


def _asked(quantities: Iterable[str]) -> set[str]:
    names = [quantities] if isinstance(quantities, str) or not isinstance(quantities, Iterable) else list(quantities)
    if not names or any(name not in QUANTITIES for name in names):
        got = ", ".join(repr(name) for name in names if name not in QUANTITIES) or "none"
        raise ValueError(f"{_WHERE}: quantities are some of {', '.join(QUANTITIES)}, got {got}; leave out for all")
    asked = set(names)
    return asked | {"smallest", "largest"} if "ratio" in asked else asked


def _stored(asked: set[str]) -> list[str]:
    """The maps to fill."""
    names = [name for name in QUANTITIES if name in asked and name != "ratio"]
    return names + ["undecided"] * ("index" in asked)


def _frame(model: Any, center: Any, d1: Any, d2: Any) -> Frame:
    """The plane in float64, checked against the model."""
    if not callable(getattr(model, "hessian", None)) or isinstance(model, type):
        name = model.__name__ if isinstance(model, type) else type(model).__name__
        raise TypeError(f"{_WHERE}: needs a model with hessian: (..., n) -> (..., n, n), got {name}; give it one")
    if not is_flat(model):
        name = type(model.manifold).__name__
        raise TypeError(f"{_WHERE}: needs flat weights, got a {name}, which a plane leaves; see its riemannian_hessian")
    vectors = [as_array(v, f"{_WHERE}: {name}") for v, name in ((center, "center"), (d1, "d1"), (d2, "d2"))]
    n = getattr(model, "dim", vectors[0].size)
    if any(v.shape != (n,) for v in vectors):
        got = ", ".join(str(v.shape) for v in vectors)
        raise ValueError(f"{_WHERE}: center, d1 and d2 need shape ({n},), as the model has parameters, got {got}")
    if any(v.dtype.kind == "c" for v in vectors):
        raise TypeError(f"{_WHERE}: center, d1 and d2 must be real, got complex entries; give the real part")
    center, *directions = (to_float(v).astype(float) for v in vectors)
    return Frame(center, np.stack(directions), "plane")


def _hessians(model: Any, theta: np.ndarray) -> np.ndarray:
    """The Hessians (b, n, n) of the points (b, n)."""
    H, want = np.asarray(model.hessian(theta)), (*theta.shape, theta.shape[1])
    if H.shape != want:
        raise TypeError(
            f"{_WHERE}: hessian must take batches (..., n) -> (..., n, n), got {H.shape} for {theta.shape}; vectorise "
            "it over leading axes, or wrap it in numpy.vectorize(hessian, signature='(n)->(n,n)')"
        )
    if H.dtype.kind != "f":
        raise TypeError(f"{_WHERE}: hessian must answer floats with floats, got {H.dtype}; correct the model")
    return H.astype(float, copy=False)


def _fill(
    model: Any, frame: Frame, coordinates: np.ndarray, basis: np.ndarray, maps: dict[str, np.ndarray], max_bytes: int
) -> None:
    """Write the maps (G, ...) at the coordinates (G, 2); basis (2, n) is that of the plane."""
    n, count, spectral = frame.dim, len(coordinates), bool(maps.keys() & {"smallest", "largest", "index"})
    d, e = np.empty((count, n)), np.empty((count, n - 1))
    for part in parts(count, 8 * n * n, max_bytes):
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused in words
            H = _hessians(model, frame.points(coordinates[part]))
        maps["error"][part] = error_bounds(H, _WHERE)
        if "trace" in maps:
            maps["trace"][part] = np.einsum("bii->b", H)
        if "projected" in maps:
            maps["projected"][part] = _two_by_two(basis @ (H @ basis.T))
        if spectral:
            d[part], e[part] = tridiagonal(H)
    if maps.keys() & {"smallest", "largest"}:
        for name, values in zip(("smallest", "largest"), tridiagonal_extremes(d, e), strict=True):
            if name in maps:
                maps[name][...] = values
    if "index" in maps:
        maps["index"][...] = count_below(d, e, -maps["error"])
        maps["undecided"][...] = count_below(d, e, maps["error"]) - maps["index"]


def _two_by_two(A: np.ndarray) -> np.ndarray:
    """The eigenvalues (..., 2) of symmetric matrices (..., 2, 2), ascending."""
    a, b, c = A[..., 0, 0], (A[..., 0, 1] + A[..., 1, 0]) / 2, A[..., 1, 1]
    radius = np.hypot((a - c) / 2, b)
    return np.stack([(a + c) / 2 - radius, (a + c) / 2 + radius], axis=-1)
