"""Krawczyk's test: a computation in balls that proves existence and uniqueness of a zero in a box."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arithmetic import as_array, ball, flint, precision
from theory.calculus.exact_linalg import array_of, ball_matrix
from theory.errors import Undecided

Map = Callable[[np.ndarray], Any]

NEWTON_STEPS = 64
INFLATIONS = 24


@dataclass(frozen=True, eq=False)
class KrawczykBox:
    """What the test says about a box B around c.

    Attributes
    ----------
    box : (n,) balls, the box B.
    image : (n,) balls, the Krawczyk image K(B); every zero of f in B lies in it. None if J(c) could not be inverted.
    proved : B contains exactly one zero, and it lies in ``image``.
    excluded : B contains no zero.
    contraction : upper bound of the norm ||I - Y J(B)|| (maximal row sum); below 1 where ``proved``, if the radii of B
        are equal. In general it is the norm weighted by the radii that is below 1 then.
    """

    box: np.ndarray
    image: np.ndarray | None
    proved: bool
    excluded: bool
    contraction: float


def krawczyk(function: Map, jacobian: Map, center: Any, radius: Any) -> KrawczykBox:
    """Test the box B = center +- radius for a zero of f: R^n -> R^n, at the precision in force.

    K(B) = c - Y f(c) + (I - Y J(B)) (B - c),  Y an approximate inverse of J(c).

    If K(B) lies in the interior of B, then f has exactly one zero in B (and every matrix in J(B) is invertible); if
    K(B) and B are disjoint, or f(B) does not contain 0, it has none. Otherwise nothing is known.

    Parameters
    ----------
    function : (n,) balls -> (n,), enclosing f at every point of the balls.
    jacobian : (n,) balls -> (n, n), enclosing the derivative at every point of the box.
    center : (n,) numbers; of balls the midpoint is taken.
    radius : positive number, or one for each coordinate.

    Returns
    -------
    KrawczykBox

    Raises
    ------
    ValueError
        For a centre that is no vector, radii that are not positive, or maps of the wrong shape.

    Source: krawczyk1969; neumaier1990, section 5.1.
    """
    c = _midpoints(_as_balls(center, "krawczyk: center"))
    n = len(c)
    B = np.array([flint().arb(m, r) for m, r in zip(c, _radii(radius, n), strict=True)], object)
    J = _evaluate(jacobian, B, (n, n), "jacobian")
    excluded = not all(f.contains(0) for f in _evaluate(function, B, (n,), "function"))
    try:
        Y = _midpoints(array_of(ball_matrix(_midpoints(_evaluate(jacobian, c, (n, n), "jacobian"))).inv()))
    except ZeroDivisionError:
        return KrawczykBox(B, None, False, excluded, np.inf)
    defect = ball(np.eye(n, dtype=int)) - Y @ J
    K = c - Y @ _evaluate(function, c, (n,), "function") + defect @ (B - c)
    proved = all(b.contains_interior(k) for b, k in zip(B, K, strict=True))
    excluded = excluded or not all(b.overlaps(k) for b, k in zip(B, K, strict=True))
    return KrawczykBox(B, K, proved, excluded, max(_upper(sum(x.abs_upper() for x in row)) for row in defect))


def certify_zero(function: Map, jacobian: Map, guess: Any, *, bits: int = 128) -> KrawczykBox:
    """The proved box around the zero of f that Newton's method finds from ``guess``, tight to about ``bits`` bits.

    Newton steps on midpoints until they no longer shrink, then Krawczyk's test on boxes of growing radius
    (epsilon-inflation).

    Parameters
    ----------
    function, jacobian : as in ``krawczyk``; they must accept balls of any precision.
    guess : (n,) floats, rationals or balls.
    bits : working precision.

    Returns
    -------
    KrawczykBox with ``proved``; its ``image`` encloses the zero.

    Raises
    ------
    Undecided
        When no box could be proved: the Jacobian is singular or nearly so, or Newton's method leads nowhere.

    Source: rump1999 (epsilon-inflation); neumaier1990, section 5.1.
    """
    with precision(bits):
        c, step = _newton(function, jacobian, _midpoints(_as_balls(guess, "certify_zero: guess")))
        scale = flint().arb(1) / flint().arb(2) ** (bits - 8)
        radii = np.array([2 * s.abs_upper() + scale * (1 + abs(x)) for s, x in zip(step, c, strict=True)], object)
        for _ in range(INFLATIONS):
            result = krawczyk(function, jacobian, c, radii)
            if result.proved:
                return result
            radii = 4 * radii
    raise Undecided(
        f"certify_zero: no box around {[float(x) for x in c]} is proved, last contraction {result.contraction:.1e}; "
        "the Jacobian may be singular there, the guess too far, or bits too few"
    )


def _newton(function: Map, jacobian: Map, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(c, last step): Newton's method on midpoints while its steps shrink; their radii are those of the function."""
    n, last = len(c), np.inf
    step = ball(np.zeros(n))
    for _ in range(NEWTON_STEPS):
        f = _evaluate(function, c, (n,), "function")
        J = _midpoints(_evaluate(jacobian, c, (n, n), "jacobian"))
        try:
            step = array_of(ball_matrix(J).solve(ball_matrix(f[:, None])))[:, 0]
        except ZeroDivisionError:
            raise Undecided("certify_zero: a Jacobian on the way is singular; start elsewhere") from None
        size = _upper(max(s.abs_upper() for s in step))
        if not np.isfinite(size) or size == 0 or (size >= last and size < 1):
            break
        c, last = _midpoints(c - step), size
    return c, step


def _as_balls(x: Any, name: str) -> np.ndarray:
    out = as_array(x, name)
    if out.ndim != 1:
        raise ValueError(f"{name} must be a vector (n,), got shape {out.shape}")
    return ball(out)


def _radii(radius: Any, n: int) -> np.ndarray:
    out = np.broadcast_to(ball(as_array(radius, "krawczyk: radius")), (n,))
    if not all(r > 0 for r in out):
        raise ValueError("krawczyk: radii must be positive; a box of width zero proves nothing")
    return np.array([r.upper() for r in out], object)


def _evaluate(function: Map, x: np.ndarray, shape: tuple[int, ...], name: str) -> np.ndarray:
    out = np.asarray(function(x))
    if out.shape != shape:
        raise ValueError(f"krawczyk: {name} must return shape {shape} at a point of shape {x.shape}, got {out.shape}")
    if out.dtype.kind == "f":
        raise TypeError(f"krawczyk: {name} must return balls, got {out.dtype}; floats carry no enclosure")
    return ball(out)


def _midpoints(x: np.ndarray) -> np.ndarray:
    out = np.empty(x.shape, object)
    out.ravel()[:] = [entry.mid() for entry in x.flat]
    return out


def _upper(x: Any) -> float:
    """A float at least as large as the exact number or ball x."""
    return float(np.nextafter(float(x.upper()), np.inf))
