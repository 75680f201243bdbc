"""The faces of a central hyperplane arrangement {d : v_i.d = 0}, exactly: covectors, rays, dimensions.

A face is the set of all d with given signs of the v_i.d (its covector). The minimal nonzero faces are rays, found from
the planes that meet in a line; every other covector is a composition of rays: (S o T)_i = S_i, or T_i where S_i = 0.
Faces of general arrangements are bounded by those of planes in general position.

Source: bjorner1999, Section 3.7 and Chapter 4 (covectors are compositions of cocircuits); zaslavsky1975 (counts).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb, gcd
from typing import Any

import numpy as np

from theory.arithmetic import flint
from theory.calculus.exact_linalg import array_of, column_space, pinv, rational_matrix
from theory.errors import TooLarge

MAX_FACES = 2**16
MAX_COMPARISONS = 2**32
ROWS_AT_ONCE = 2**20
TRITS = 40  # 3^40 < 2^64


@dataclass(frozen=True, eq=False)
class Arrangement:
    """The faces of the planes v_i.d = 0, i = 1..m, in R^d; v_i = 0, repeated and opposite v_i are allowed.

    Coordinates z in R^r, r = rank V, with v_i.d = (column i of ``reduced``).z: faces are those of the quotient of R^d
    by the directions that no v_i sees.

    Attributes
    ----------
    reduced : (r, m) rationals, of rank r.
    lift : (d, r) rationals: d = lift z has these v_i.d, and lies in the span of the v_i.
    plane : (m,) which of the k distinct planes belongs to v_i, -1 for v_i = 0.
    side : (m,) on which side of its plane v_i lies, 0 for v_i = 0.
    rays : (R, r) integers: a vector on every ray.
    covectors : (F, k) int8, sorted by dimension: the signs of every face on the distinct planes.
    dimensions : (F,).
    """

    reduced: np.ndarray
    lift: np.ndarray
    plane: np.ndarray
    side: np.ndarray
    rays: np.ndarray
    covectors: np.ndarray
    dimensions: np.ndarray

    @property
    def rank(self) -> int:
        return len(self.reduced)

    @cached_property
    def signs(self) -> np.ndarray:
        """(F, m) int8: the signs of v_i.d on every face."""
        padded = np.concatenate([self.covectors, np.zeros((len(self.covectors), 1), np.int8)], axis=1)
        return padded[:, self.plane] * self.side

    @cached_property
    def ray_products(self) -> Any:
        """(R, m) rationals v_i.d on the vectors of ``rays``, a flint matrix."""
        m = len(self.plane)
        return rational_matrix(self.rays) * rational_matrix(self.reduced) if self.rank else flint().fmpq_mat(0, m)

    @cached_property
    def ray_signs(self) -> np.ndarray:
        """(R, m) int8."""
        return signs_of(self.ray_products)

    def of_dimension(self, j: int) -> np.ndarray:
        """Indices of the faces of dimension j."""
        return np.flatnonzero(self.dimensions == j)

    @cached_property
    def sides(self) -> np.ndarray:
        """(number of facets, 2): the two cells beside each face of dimension r - 1, as positions among the cells."""
        facets = self.covectors[self.dimensions == self.rank - 1]
        index = {row.tobytes(): i for i, row in enumerate(self.covectors[self.dimensions == self.rank])}
        pairs = [np.where(facets == 0, np.int8(s), facets) for s in (1, -1)]
        cells = [[index[row.tobytes()] for row in rows] for rows in pairs]
        return np.array(cells, int).T.reshape(-1, 2)

    def flats(self) -> Iterator[tuple[np.ndarray, Any]]:
        """For each intersection of planes: the faces that span it, and a basis as the columns of a flint matrix."""
        flats, which = np.unique(self.signs == 0, axis=0, return_inverse=True)
        order = np.argsort(which.ravel(), kind="stable")
        parts = np.split(order, np.cumsum(np.bincount(which.ravel()))[:-1])
        for flat, faces in zip(flats, parts, strict=True):
            yield faces, _kernel(self.reduced[:, flat].T.ravel().tolist(), self.rank)


def arrangement(V: Any, max_faces: int = MAX_FACES) -> Arrangement:
    """All faces of {d : v_i.d = 0}.

    Parameters
    ----------
    V : (d, m) integers or rationals, the normals as columns.
    max_faces : bound on the number of faces, in general position.

    Raises
    ------
    NotExact
        For floats: faces are decided by equalities.
    TooLarge
        Before any work, when that bound or that of ``MAX_COMPARISONS`` on rays x faces x planes is exceeded; the text
        says how many faces there may be.

    >>> arrangement([[1, 0, 1], [0, 1, 1]]).dimensions.tolist()
    [0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2]
    """
    matrix = rational_matrix(V, "arrangement: V")
    V = array_of(matrix)
    C = column_space(V)
    r = C.shape[1]
    inverse = pinv(C) if r else array_of(flint().fmpq_mat(0, len(V)))
    reduced = inverse @ V if r else array_of(flint().fmpq_mat(0, V.shape[1]))
    normals, plane, side = _distinct(reduced)
    _refuse(len(normals), r, max_faces)
    rays, covectors = _rays(normals, r)
    faces = _compositions(covectors)
    dimensions = _dimensions(faces, normals, r)
    order = np.argsort(dimensions, kind="stable")
    return Arrangement(reduced, inverse.T, plane, side, rays, faces[order], dimensions[order])


def face_counts(k: int, r: int) -> tuple[int, ...]:
    """The numbers of faces of dimension 0, ..., r of k >= r planes in general position in R^r: the largest possible.

    f_j = C(k, r - j) 2 sum_{i < j} C(k - r + j - 1, i): the cells in each intersection of r - j planes.

    Source: zaslavsky1975, in the form of the formula for cells, applied to every intersection.
    """
    return (1, *(comb(k, r - j) * 2 * sum(comb(k - r + j - 1, i) for i in range(j)) for j in range(1, r + 1)))


def signs_of(matrix: Any) -> np.ndarray:
    """The signs (rows, columns), int8, of a flint matrix."""
    signs = [(x > 0) - (x < 0) for x in matrix.entries()]
    return np.array(signs, np.int8).reshape(matrix.nrows(), matrix.ncols())


def _distinct(reduced: np.ndarray) -> tuple[list[tuple[Any, ...]], np.ndarray, np.ndarray]:
    """Normals of the distinct planes with first nonzero entry 1, which plane each column has, and on which side."""
    found: dict[tuple[Any, ...], int] = {}
    plane, side = [], []
    for v in reduced.T:
        lead = next((x for x in v if x != 0), None)
        plane.append(-1 if lead is None else found.setdefault(tuple(v / lead), len(found)))
        side.append(0 if lead is None else 1 if lead > 0 else -1)
    return list(found), np.array(plane, int), np.array(side, np.int8)


def _refuse(k: int, r: int, max_faces: int) -> None:
    counts = face_counts(k, r)
    rays, faces = counts[1] if r else 0, sum(counts)
    if faces > max_faces or rays * faces * k > MAX_COMPARISONS:
        raise TooLarge(
            f"arrangement: at most {max_faces} faces and {MAX_COMPARISONS} comparisons (rays x faces x planes), got "
            f"up to {faces} faces with {rays} rays and {counts[-1]} cells ({k} planes in dimension {r}); "
            "use fewer samples"
        )


def _kernel(entries: list[Any], r: int) -> Any:
    """The kernel of the rows given by their entries, as the columns of a rational flint matrix (r, nullity)."""
    lib = flint()
    if not entries:
        return lib.fmpq_mat(r, r, [int(i == j) for i in range(r) for j in range(r)])
    rows, _ = lib.fmpq_mat(len(entries) // r, r, entries).numer_denom()
    basis, nullity = rows.nullspace()
    return lib.fmpq_mat(r, nullity, [basis[i, j] for i in range(r) for j in range(nullity)])


def _rays(normals: list[tuple[Any, ...]], r: int) -> tuple[np.ndarray, np.ndarray]:
    """Integer vectors (R, r) on all rays, and their signs (R, k) on the planes."""
    lib = flint()
    if r == 0:
        return np.empty((0, 0), object), np.empty((0, 0), np.int8)
    kernels = (_kernel([x for i in rows for x in normals[i]], r) for rows in combinations(range(len(normals)), r - 1))
    lines = [[x.p for x in K.entries()] for K in kernels if K.ncols() == 1]
    vectors = [[x // (sign * gcd(*map(int, line))) for x in line] for line in lines for sign in (1, -1)]
    V = lib.fmpq_mat(len(normals), r, [x for v in normals for x in v])
    signs = signs_of(lib.fmpq_mat(len(vectors), r, [x for v in vectors for x in v]) * V.transpose())
    signs, first = np.unique(signs, axis=0, return_index=True)
    rays = np.empty((len(first), r), object)
    rays[:] = [vectors[i] for i in first]
    return rays, signs


def _compositions(rays: np.ndarray) -> np.ndarray:
    """All covectors (F, k): 0, and what composing with a ray makes of those found before."""
    faces = np.zeros((1, rays.shape[1]), np.int8)
    newest = faces
    while len(newest := newest[(newest == 0).any(1)]):
        step = max(1, ROWS_AT_ONCE // max(1, len(rays)))
        parts = [_composed(newest[i : i + step], rays) for i in range(0, len(newest), step)]
        together = np.concatenate([faces, *parts])
        first = _first_of_each(_codes(together))
        newest = together[first[first >= len(faces)]]
        faces = np.concatenate([faces, newest])
    return faces


def _composed(faces: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """The distinct S o T of faces S (F, k) and rays T (R, k): codes add up, so that only distinct ones are written."""
    words = [(faces[:, b] == 0).astype(np.uint64) @ _weighted(rays[:, b]).T for b in _blocks(rays.shape[1])]
    codes = _codes(faces)[:, None, :] + np.stack(words, axis=-1)
    i, j = np.divmod(_first_of_each(codes.reshape(-1, codes.shape[-1])), len(rays))
    return np.where(faces[i] != 0, faces[i], rays[j])


def _blocks(k: int) -> list[slice]:
    return [slice(start, start + TRITS) for start in range(0, max(k, 1), TRITS)]


def _weighted(signs: np.ndarray) -> np.ndarray:
    """s_i 3^i modulo 2^64."""
    return signs.astype(np.int64).view(np.uint64) * np.array([3**i for i in range(signs.shape[1])], np.uint64)


def _codes(signs: np.ndarray) -> np.ndarray:
    """(F, words): sum_i s_i 3^i modulo 2^64 for each block of columns; different rows have different codes."""
    return np.stack([_weighted(signs[:, b]).sum(1, dtype=np.uint64) for b in _blocks(signs.shape[1])], axis=-1)


def _first_of_each(codes: np.ndarray) -> np.ndarray:
    """Where each distinct row of codes (n, words) stands first, increasing."""
    words = codes.shape[1]
    keys = codes if words == 1 else np.ascontiguousarray(codes).view(np.dtype((np.void, 8 * words)))
    return np.sort(np.unique(keys.ravel(), return_index=True)[1])


def _dimensions(faces: np.ndarray, normals: list[tuple[Any, ...]], r: int) -> np.ndarray:
    """r minus the rank of the planes that contain each face."""
    flats, which = np.unique(faces == 0, axis=0, return_inverse=True)
    ranks = [_rank([x for i in np.flatnonzero(flat) for x in normals[i]], r) for flat in flats]
    return r - np.array(ranks, int)[which.ravel()]


def _rank(entries: list[Any], r: int) -> int:
    return flint().fmpq_mat(len(entries) // r, r, entries).rank() if entries else 0
