"""A frame: a point and directions, the affine coordinates of a slice through a landscape."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import FLOAT, RATIONAL, arithmetic_of, as_array, common_arithmetic, is_zero, to_float
from theory.calculus.tolerance import rounding
from theory.errors import Degenerate, NotExact
from theory.landscape import ReadOnly
from theory.manifolds.euclidean import dot, length


@dataclass(frozen=True, eq=False)
class Frame(ReadOnly):
    """The affine space center + c_1 d_1 + ... + c_k d_k, with coordinates c.

    Iterating gives center, d_1, ..., d_k, so that a function of a center and directions takes ``*frame``.

    Parameters
    ----------
    center : (n,), floats or rationals.
    directions : (k, n), linearly independent; center and directions are brought into one arithmetic.
    kind : what the directions are, in one or two words.
    about : how they were made (seed, eigenvalues, explained variance ratio, ...), as JSON can hold it.

    Raises
    ------
    ValueError
        For a direction that is zero, NaN, wrong shapes.
    Degenerate
        For dependent directions; it is a ValueError. Rationals are decided exactly, floats up to their rounding.

    >>> frame = Frame([1, 2, 3], [[1, 0, 0], [1, 1, 0]])
    >>> frame.points([2, "1/2"]), frame.coordinates([1, 3, 9])
    (array([7/2, 5/2, 3], dtype=object), array([-1, 1], dtype=object))
    """

    center: np.ndarray
    directions: np.ndarray
    kind: str = "directions"
    about: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        center = as_array(self.center, "Frame: center")
        if center.ndim != 1:
            raise ValueError(f"Frame: center needs shape (n,), got {center.shape}; give one point")
        directions = as_array(self.directions, "Frame: directions")
        if directions.ndim != 2 or directions.shape[1] != len(center):
            want = f"(k, {len(center)})"
            raise ValueError(f"Frame: directions need shape {want}, as the center has, got {directions.shape}")
        kind = common_arithmetic(center, directions)
        if kind.name not in (FLOAT, RATIONAL):
            raise NotExact(f"Frame: needs floats or rationals, got {kind.name} entries; convert them with to_float")
        if kind.name == FLOAT and kind.parent.kind == "c":
            raise TypeError(f"Frame: needs real entries, got {kind.parent}; give the real part")
        center, directions = kind.convert(center), kind.convert(directions)
        refuse_dependent(directions, "Frame")
        if not isinstance(self.kind, str):
            raise TypeError(f"Frame: kind must be text, got {type(self.kind).__name__}; say what the directions are")
        about = _about(self.about)
        for name, value in (("center", arrays.frozen(center)), ("directions", arrays.frozen(directions))):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "about", about)

    def __iter__(self) -> Iterator[np.ndarray]:
        yield self.center
        yield from self.directions

    def __repr__(self) -> str:
        return f"Frame({self.kind}, {self.count} directions in R^{self.dim}, about={self.about})"

    @property
    def dim(self) -> int:
        """Number n of parameters."""
        return len(self.center)

    @property
    def count(self) -> int:
        """Number k of directions."""
        return len(self.directions)

    def points(self, coordinates: Any) -> np.ndarray:
        """center + coordinates @ directions: (..., k) -> (..., n); exact where both are rational."""
        c = as_array(coordinates, "Frame.points: coordinates")
        if c.ndim == 0 or c.shape[-1] != self.count:
            raise ValueError(f"Frame.points: needs {self.count} coordinates along the last axis, got shape {c.shape}")
        kind = common_arithmetic(self.center, c)
        return kind.convert(self.center) + kind.convert(c) @ kind.convert(self.directions)

    def coordinates(self, points: Any) -> np.ndarray:
        """The coordinates (..., k) of the nearest points of the affine space to the points (..., n): least squares.

        Rational points in a rational frame are answered exactly, from the normal equations; floats by a QR
        factorisation, whose error is that of the points times the condition number of the unit directions.
        """
        offsets = self._offsets(points, "coordinates")
        kind = arithmetic_of(offsets)
        D = kind.convert(self.directions)
        if kind.name == RATIONAL:
            from theory.calculus.exact_linalg import solve

            return (solve(D @ D.T, D @ offsets.reshape(-1, self.dim).T)).T.reshape(*offsets.shape[:-1], self.count)
        scale = length(D)
        Q, R = np.linalg.qr((D / scale).T)
        rows = (offsets @ Q).reshape(-1, self.count)
        return np.linalg.solve(R, rows.T).T.reshape(*offsets.shape[:-1], self.count) / scale[:, 0]

    def distance(self, points: Any) -> np.ndarray:
        """The distances (...) of the points (..., n) to the affine space, in floats.

        The square is exact for rationals. For floats the absolute error is of the order of rounding times the distance
        to the center.
        """
        offsets = self._offsets(points, "distance")
        kind = arithmetic_of(offsets)
        rest = offsets - self.coordinates(points) @ kind.convert(self.directions)
        if kind.name == RATIONAL:
            return np.sqrt(to_float(dot(rest, rest, keepdims=True))[..., 0])
        D = self.orthonormalised().directions
        return length(rest - rest @ D.T @ D)[..., 0]

    def orthonormalised(self) -> Frame:
        """The same affine space in floats, by Gram-Schmidt: orthonormal directions, the first one d_1/|d_1|."""
        D = to_float(self.directions)
        Q, R = np.linalg.qr((D / length(D)).T)
        return replace(self, center=to_float(self.center), directions=(Q * np.copysign(1, np.diag(R))).T)

    def _offsets(self, points: Any, name: str) -> np.ndarray:
        """points - center in their common arithmetic, real."""
        p = arrays.points(points, self.dim, f"Frame.{name}", "points")
        kind = common_arithmetic(self.center, p)
        if kind.name not in (FLOAT, RATIONAL) or p.dtype.kind == "c":
            raise TypeError(f"Frame.{name}: needs real floats or rationals, got {p.dtype} points; convert them first")
        return kind.convert(p) - kind.convert(self.center)


def _about(about: Any) -> dict[str, Any]:
    """A copy, as it would come back from a file: tuples are lists."""
    if not isinstance(about, Mapping) or not all(isinstance(key, str) for key in about):
        raise TypeError(f"Frame: about must be named values, got {about!r}; use a dict with texts as keys")
    try:
        return dict(json.loads(json.dumps(dict(about), allow_nan=False)))
    except (TypeError, ValueError) as error:
        text = str(error)
        raise type(error)(f"Frame: about must be what JSON can hold, got: {text}; use lists, finite numbers") from None


def refuse_dependent(directions: np.ndarray, where: str, errors: Any = 0.0, hint: str = "") -> None:
    """Raise unless the rows (k, n) are linearly independent.

    Rationals: by their rank. Floats: with unit rows u_i = d_i/|d_i| the least singular value must exceed
    the rounding of entries and solver, ``rounding(dtype, n + k, sqrt(k))``, and the Frobenius norm of the relative
    errors ``errors`` / |d_i| (Weyl), where errors (k,) bounds what is unknown of each row.
    """
    k, n = directions.shape
    zero = is_zero(directions).all(-1)
    if zero.any():
        raise ValueError(f"{where}: needs directions other than zero, got direction {zero.argmax() + 1} zero{hint}")
    if k > n:
        raise Degenerate(f"{where}: needs independent directions, got {k} in R^{n}; give at most {n}")
    if directions.dtype == object:
        from theory.calculus.exact_linalg import rank

        found = rank(directions)
        dependent = found < k
    else:
        lengths = length(directions)
        values = np.linalg.svd(directions / lengths, compute_uv=False)
        bound = rounding(directions.dtype, n + k, np.sqrt(k)) + np.linalg.norm(errors / lengths[:, 0])
        found = int((values > bound).sum())
        dependent = found < k
    if dependent:
        exactly = "" if directions.dtype == object else " up to rounding"
        raise Degenerate(f"{where}: needs independent directions, got {k} that span {found} dimensions{exactly}{hint}")
