"""Where a slice goes: random and normalised directions, coordinates, eigenvectors, principal axes, given points."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import FLOAT, RATIONAL, arithmetic_of, as_array, common_arithmetic, to_float
from theory.calculus.tolerance import eigenvalue_error, frobenius, rounding
from theory.critical.tangent import is_flat, refuse_off_manifold
from theory.errors import Degenerate
from theory.manifolds.euclidean import length
from theory.slices.frame import Frame, refuse_dependent
from theory.slices.normalisation import BIASES, BY, blocks, entry_names, normalised

__all__ = [
    "blocks", "coordinate_frame", "eigen_frame", "normalised", "principal_frame", "random_frame", "through",
]  # fmt: skip


_FEW = "; a normalised block is as long as that of theta, zero if that is zero: take no normalisation or another seed"


def random_frame(
    model: Any, theta: Any, count: int = 2, *, normalise: str | None = None, biases: str = "own", seed: int
) -> Frame:
    """Independent standard normal directions through theta, each scaled block by block like theta on request.

    Parameters
    ----------
    model : any model or callable; "layer" and "filter" need its ``layout``.
    theta : (n,), the center; exact entries are rounded to floats.
    count : number of directions; those of a smaller count are the first ones of a larger count.
    normalise : None, "model", "layer" or "filter"; see ``blocks``.
    biases : "own", "filter" or "zero", used where normalise is given; see ``blocks``.
    seed : of ``numpy.random.default_rng``.

    Returns
    -------
    Frame of kind "random", "model", "layer" or "filter". Directions are those of R^n also where the model lives on a
    sphere.

    Source: li2018, sections 3 and 4, in the form of.
    """
    center, where = _center(model, theta, "random_frame"), "random_frame"
    count = arrays.positive_int(count, where, "count")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"{where}: seed must be an integer of at least 0, got {seed!r}")
    if biases not in BIASES:
        raise ValueError(f"{where}: biases must be one of {', '.join(BIASES)}, got {biases!r}")
    directions = np.random.default_rng(int(seed)).standard_normal((count, len(center)))
    about: dict[str, Any] = {"seed": int(seed)}
    if normalise is None:
        return Frame(center, directions, "random", about)
    if normalise not in BY:
        raise ValueError(f"{where}: normalise must be None, {', '.join(BY)}, got {normalise!r}")
    layout = getattr(model, "layout", None)
    if layout is None and normalise in ("layer", "filter"):
        raise TypeError(f"{where}: normalise={normalise!r} needs a model with a layout; use 'model' or None")
    layout = (("theta", (len(center),)),) if layout is None else layout
    scaled = normalised(directions, center, layout, normalise, biases)
    refuse_dependent(scaled, where, hint=_FEW)
    return Frame(center, scaled, normalise, {**about, "biases": biases})


def coordinate_frame(model: Any, theta: Any, *which: int | str) -> Frame:
    """Unit vectors of parameters, by position or by name: 3, "W1[0,2]", "c". Exact for exact theta, (n,)."""
    center, where = _center(model, theta, "coordinate_frame", exact=True), "coordinate_frame"
    if not which:
        raise ValueError(f"{where}: needs at least one parameter, got none; give a position or a name like 'W1[0,2]'")
    layout = getattr(model, "layout", None)
    names = entry_names(layout) if layout is not None else [f"theta[{i}]" for i in range(len(center))]
    positions = [_position(w, names, where) for w in which]
    if len(set(positions)) < len(positions):
        raise ValueError(f"{where}: needs different parameters, got {', '.join(names[i] for i in positions)}")
    about = {"names": [names[i] for i in positions], "positions": positions}
    return Frame(center, arithmetic_of(center).eye(len(center))[positions], "coordinate", about)


def _position(which: int | str, names: list[str], where: str) -> int:
    if isinstance(which, str):
        name = re.sub(r"\s", "", which)
        if name in names:
            return names.index(name)
        some = ", ".join(names if len(names) < 9 else [*names[:4], "...", *names[-2:]])
        raise ValueError(f"{where}: needs a parameter of the model, got {which!r}; its names are {some}")
    if isinstance(which, bool) or not isinstance(which, int | np.integer) or not 0 <= which < len(names):
        raise ValueError(f"{where}: needs a position from 0 to {len(names) - 1}, got {which!r}")
    return int(which)


def eigen_frame(model: Any, theta: Any, which: Any = ("smallest", "largest")) -> Frame:
    """Orthonormal eigenvectors of the Hessian, on a sphere of the Riemannian one on the tangent space.

    Parameters
    ----------
    model : a model with ``hessian``; with ``gradient`` and ``manifold`` too where it lives on a sphere.
    theta : (n,), a point; exact entries are rounded to floats.
    which : "smallest", "largest", or positions in ascending order of the eigenvalues, negative ones from the end.

    Returns
    -------
    Frame of kind "eigenvector"; ``about`` has the eigenvalues of the directions, ``error``, a bound of the error of
    each, the numbers ``negative``, ``zero`` (within the error) and ``positive`` of all eigenvalues. Where eigenvalues
    coincide, the direction is one of many in their eigenspace. Signs: see ``principal_frame``.
    """
    center, where = _center(model, theta, "eigen_frame").astype(float), "eigen_frame"
    if not callable(getattr(model, "hessian", None)):
        raise TypeError(f"{where}: needs a model with a hessian, got {type(model).__name__}; use random_frame")
    H, basis = as_array(model.hessian(center), f"{where}: hessian"), None
    if not is_flat(model):
        refuse_off_manifold(model, center, where)
        basis = model.manifold.tangent_basis(center)
        H = basis.T @ model.manifold.riemannian_hessian(center, model.gradient(center), H) @ basis
    H = (H + H.T) / 2
    positions = _eigenvalue_positions(which, len(H), where)
    values, vectors = np.linalg.eigh(H)
    chosen = vectors[:, positions].T if basis is None else (basis @ vectors[:, positions]).T
    error = eigenvalue_error(H)
    about = {
        "eigenvalues": values[positions].tolist(),
        "error": error,
        "negative": int((values < -error).sum()),
        "zero": int((abs(values) <= error).sum()),
        "positive": int((values > error).sum()),
    }
    return Frame(center, _oriented(chosen), "eigenvector", about)


def _eigenvalue_positions(which: Any, count: int, where: str) -> list[int]:
    named = {"smallest": 0, "largest": count - 1}
    out = []
    for w in [which] if isinstance(which, str | int | np.integer) else which:
        i = named.get(w) if isinstance(w, str) else w
        if i is None or isinstance(i, bool) or not isinstance(i, int | np.integer) or not -count <= i < count:
            want = f"'smallest', 'largest' or positions from {-count} to {count - 1}"
            raise ValueError(f"{where}: which needs {want}, got {w!r}")
        out.append(int(i) % count)
    if len(set(out)) < len(out) or not out:
        raise ValueError(f"{where}: needs different eigenvectors, at least one, got positions {out} of {count}")
    return out


def principal_frame(trajectory: Any, count: int = 2, *, center: Any = "mean") -> Frame:
    """The first principal axes of a trajectory: orthonormal, in descending order of what they explain.

    Parameters
    ----------
    trajectory : (T, n) floats, T >= 2 points; exact entries are rounded.
    count : number of axes.
    center : "mean": the affine plane nearest to the points in the mean square. "last": axes of the differences
        theta_i - theta_T to the last point, uncentred. Or a point (n,).

    Returns
    -------
    Frame of kind "principal". ``about`` has ``explained variance ratio``, the sum of squares along each axis divided by
    all squares around the center (a variance only around the mean), and ``singular values``. The first entry of an axis
    whose modulus exceeds three quarters of the largest is positive, so that the answer is deterministic.

    Raises
    ------
    Degenerate
        When the points span fewer dimensions around the center, up to rounding of their entries.

    Notes
    -----
    Differences A (T, n). For n > T, A^T = Q R and R^T = u s v^T give the axes Q v: orthonormal also where singular
    values are small, in O(n T^2) operations, without the loss of half the digits in A A^T.

    Source: li2018, section 7.2 ("last"), in the form of.
    """
    where = "principal_frame"
    points = to_float(as_array(trajectory, f"{where}: trajectory"))
    if points.ndim != 2 or len(points) < 2 or points.dtype.kind == "c":
        got = f"{points.dtype} of shape {points.shape}"
        raise ValueError(f"{where}: needs a real trajectory (T, n) of at least two points, got {got}; take one start")
    count, (T, n) = arrays.positive_int(count, where, "count"), points.shape
    if isinstance(center, str):
        if center not in ("mean", "last"):
            raise ValueError(f"{where}: center must be 'mean', 'last' or a point ({n},), got {center!r}")
        middle = points.mean(0) if center == "mean" else points[-1]
    else:
        middle = to_float(arrays.vector(center, where, "center", n))
    A = points - middle
    Q, R = np.linalg.qr(A.T) if n > T else (None, A.T)
    _, s, vt = np.linalg.svd(R.T, full_matrices=False)
    # the entries of points and center are known up to u, and each axis adds the error of the factorisation
    lost = rounding(A.dtype, T + n, frobenius(A)) + rounding(A.dtype, 1, frobenius(points) + frobenius(middle) * T**0.5)
    found = int((s > lost).sum())
    if found < count:
        around = f"{center} point" if isinstance(center, str) else "center"
        raise Degenerate(
            f"{where}: needs {count} axes, got points that span {found} around the {around}; ask for fewer"
        )
    axes = vt[:count] if Q is None else vt[:count] @ Q.T
    about = {
        "center": center if isinstance(center, str) else "point",
        "explained variance ratio": ((s[:count] / s[0]) ** 2 / ((s / s[0]) ** 2).sum()).tolist(),
        "singular values": s[:count].tolist(),
    }
    return Frame(middle, _oriented(axes / length(axes)), "principal", about)


def _oriented(axes: np.ndarray) -> np.ndarray:
    """Rows (k, n) with signs fixed by their entries, not by a largest one, since symmetric vectors have ties there."""
    moduli = np.abs(axes)
    first = (moduli > 3 / 4 * moduli.max(-1, keepdims=True)).argmax(-1)
    return axes * np.sign(np.take_along_axis(axes, first[:, None], -1))


def through(*points: Any) -> Frame:
    """The plane through three points, or line through two: center p_0, directions p_i - p_0.

    Parameters
    ----------
    points : two or more points (n,), floats or rationals.

    Returns
    -------
    Frame of kind "through points". The coordinates (0, 0), (1, 0), (0, 1) are the points: exactly for rationals. Floats
    round twice: p_0 + (p_i - p_0) differs from p_i by at most u (|p_i - p_0| + 2 |p_i|) in each entry, u = eps/2.

    Raises
    ------
    Degenerate
        For collinear points. Floats are known up to u, and so are collinear points up to that error of theirs.

    Source: petersenzech2024, section 12.1.1.

    >>> through([0, 1], ["1/2", 3], [1, 1]).points([[0, 0], [1, 0], [0, 1]])
    array([[0, 1],
           [1/2, 3],
           [1, 1]], dtype=object)
    """
    where = "through"
    if len(points) < 2:
        raise ValueError(f"{where}: needs two points for a line or three for a plane, got {len(points)}")
    first = arrays.vector(points[0], where, "point 0")
    given = [first, *(arrays.vector(p, where, f"point {i}", len(first)) for i, p in enumerate(points[1:], 1))]
    kind = common_arithmetic(*given)
    if kind.name not in (FLOAT, RATIONAL):
        raise TypeError(f"{where}: needs floats or rationals, got {kind.name} points; convert them with to_float")
    P = np.stack([kind.convert(p) for p in given])
    directions, errors = P[1:] - P[0], 0.0
    if kind.name == FLOAT:
        lengths = length(P)[:, 0]
        errors = rounding(P.dtype, 1, lengths[1:] + lengths[0])
    refuse_dependent(directions, where, errors, hint="; the points must be distinct and not on one line")
    return Frame(P[0], directions, "through points", {"points": len(P)})


def _center(model: Any, theta: Any, where: str, exact: bool = False) -> np.ndarray:
    """theta (n,) of the model, real."""
    theta = arrays.vector(theta, where, "theta")
    dim = getattr(model, "dim", len(theta))
    if dim != len(theta):
        raise ValueError(f"{where}: theta needs the {dim} parameters of the model, got {len(theta)}")
    return theta if exact else to_float(theta)
