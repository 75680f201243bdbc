"""Macaulay matrices: all polynomials of an ideal up to a degree, as an echelon form over Q or F_p.

The rows span a space V of polynomials of degree <= D that lie in the ideal; columns are monomials in descending graded
reverse lexicographic order. V is *closed* if x_i f is in V for each f in V of degree < D. Sign symmetries of the system
(gradings by Z/2) split V into classes of monomials of equal parity, each with a matrix of its own.

Source: own derivation, after mourrain1999 in the form of (normal forms from a closed space).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement
from typing import Any

import numpy as np

from theory.arithmetic import flint
from theory.arrays import MAX_BYTES
from theory.errors import TooLarge

Monomial = tuple[int, ...]
Polynomial = dict[Monomial, Any]
ENTRY_BYTES = 64  # of an exact entry, its object included


def matrix(rows: int, columns: int, entries: list[Any], prime: int | None) -> Any:
    """A flint matrix over F_p, or over Q for None."""
    if prime is None:
        return flint().fmpq_mat(rows, columns, entries)
    return flint().nmod_mat(rows, columns, entries, prime)


def descending(n: int, degree: int) -> list[Monomial]:
    """The monomials of this degree in n variables, the largest first in the graded reverse lexicographic order."""
    chosen = combinations_with_replacement(range(n), degree)
    exponents = [tuple(np.bincount(c, minlength=n).tolist()) if c else (0,) * n for c in chosen]
    return sorted(exponents, key=lambda e: tuple(reversed(e)))


def parities(polynomials: Sequence[Polynomial], n: int) -> np.ndarray:
    """Gradings (g, n) over Z/2: each polynomial has monomials e with g . e of one parity only."""
    differences = [np.subtract(e, next(iter(f))) % 2 for f in polynomials for e in f]
    m = flint().nmod_mat(len(differences), n, [int(x) for d in differences for x in d], 2)
    kernel, dimension = m.nullspace()
    return np.array([[int(x) for x in row] for row in kernel.transpose().tolist()[:dimension]], int).reshape(-1, n)


@dataclass
class Space:
    """The rows of one class.

    Attributes
    ----------
    monomials : the columns, descending.
    place : the column of each monomial.
    rows : (rank, columns) reduced row echelon form.
    pivots : the leading column of each row.
    multiplied : leading monomials of the rows whose multiples by all variables are in V.
    """

    monomials: list[Monomial]
    place: dict[Monomial, int]
    rows: np.ndarray
    pivots: np.ndarray
    multiplied: set[Monomial]


class Macaulay:
    """The closed space of an ideal at the degree ``degree``; ``raise_degree`` makes it larger.

    Parameters
    ----------
    polynomials : nonzero, as dictionaries from exponents to coefficients: ints mod p, or ``fmpq``.
    n : number of variables.
    prime : p, or None for the rationals.
    """

    def __init__(self, polynomials: Sequence[Polynomial], n: int, prime: int | None) -> None:
        self.n, self.prime = n, prime
        self.gradings = parities(polynomials, n)
        self.degree = max(sum(e) for f in polynomials for e in f)
        self.spaces: dict[Monomial, Space] = {}
        for d in range(self.degree, -1, -1):
            self._add_columns(d, first=False)
        pending: dict[Monomial, list[np.ndarray]] = {}
        for f in polynomials:
            c = self._class(next(iter(f)))
            space = self.spaces[c]
            row = self._zeros(1, len(space.monomials))[0]
            for e, x in f.items():
                row[space.place[e]] = x
            pending.setdefault(c, []).append(row[None])
        self._close(pending)

    def raise_degree(self) -> None:
        """One degree more, closed again."""
        self.degree += 1
        self._add_columns(self.degree, first=True)
        self._close({})

    def leading(self) -> Iterator[Monomial]:
        """The leading monomials of V."""
        for s in self.spaces.values():
            yield from (s.monomials[k] for k in s.pivots)

    def standard(self) -> list[Monomial]:
        """The monomials of degree <= D that lead nothing in V, descending."""
        lead = set(self.leading())
        return [e for d in range(self.degree, -1, -1) for e in descending(self.n, d) if e not in lead]

    def reduced(self, e: Monomial) -> Polynomial:
        """The combination of standard monomials that equals a leading monomial modulo V."""
        s = self.spaces[self._class(e)]
        row = s.rows[np.searchsorted(s.pivots, s.place[e])]
        return {s.monomials[k]: -row[k] for k in np.flatnonzero(row != 0) if s.monomials[k] != e}

    def is_groebner(self) -> bool:
        """Whether the minimal leading polynomials are a Groebner basis: all their S-pairs fit below the degree D.

        V is closed, so an S-polynomial of degree <= D lies in V and reduces to 0 in it (Buchberger's criterion; pairs
        with coprime leading monomials need no test).
        """
        lead = sorted(self.leading(), key=sum)
        minimal: list[Monomial] = []
        for e in lead:
            if not any(all(a <= b for a, b in zip(m, e, strict=True)) for m in minimal):
                minimal.append(e)
        pairs = combinations(minimal, 2)
        return all(
            sum(map(max, a, b)) <= self.degree for a, b in pairs if any(x and y for x, y in zip(a, b, strict=True))
        )

    def _class(self, e: Monomial) -> Monomial:
        return tuple((self.gradings @ np.array(e, int) % 2).tolist())

    def _add_columns(self, degree: int, first: bool) -> None:
        """The monomials of one degree, before or after the columns that are there."""
        new: dict[Monomial, list[Monomial]] = {}
        for e in descending(self.n, degree):
            new.setdefault(self._class(e), []).append(e)
        for c, monomials in new.items():
            s = self.spaces.get(c) or Space([], {}, self._zeros(0, 0), np.array([], int), set())
            s.monomials = [*monomials, *s.monomials] if first else [*s.monomials, *monomials]
            s.place = {e: k for k, e in enumerate(s.monomials)}
            if first:
                s.rows = np.concatenate([self._zeros(len(s.rows), len(monomials)), s.rows], axis=1)
                s.pivots = s.pivots + len(monomials)
            else:
                s.rows = self._zeros(0, len(s.monomials))
            self.spaces[c] = s

    def _zeros(self, rows: int, columns: int) -> np.ndarray:
        if rows * columns * ENTRY_BYTES > 4 * MAX_BYTES:
            raise TooLarge(
                f"quotient_algebra: a Macaulay matrix of degree {self.degree} has {rows} x {columns} entries, beyond "
                "the memory bound; eliminate variables, or count modulo a prime at a smaller size"
            )
        if self.prime is not None:
            return np.zeros((rows, columns), np.int64)
        out = np.empty((rows, columns), object)
        out.fill(flint().fmpq(0))
        return out

    def _close(self, pending: dict[Monomial, list[np.ndarray]]) -> None:
        """Add the pending rows and multiples of rows of degree < D until nothing new appears."""
        while pending or (pending := self._multiples()):
            for c, rows in pending.items():
                self._echelon(self.spaces[c], rows)
            pending = {}

    def _multiples(self) -> dict[Monomial, list[np.ndarray]]:
        """Products by all variables of the rows of degree < D that have not been multiplied yet, by class.

        Later rows with the same leading monomial differ from these by rows of other, new leading monomials.
        """
        found: dict[Monomial, list[np.ndarray]] = {}
        for s in self.spaces.values():
            degrees = [sum(e) for e in s.monomials]
            fresh = [
                r for r, k in enumerate(s.pivots) if degrees[k] < self.degree and s.monomials[k] not in s.multiplied
            ]
            if not fresh:
                continue
            s.multiplied |= {s.monomials[s.pivots[r]] for r in fresh}
            start = sum(d == self.degree for d in degrees)
            for i in range(self.n):
                moved = [(*e[:i], e[i] + 1, *e[i + 1 :]) for e in s.monomials[start:]]
                c = self._class(moved[0])
                target = self.spaces[c]
                product = self._zeros(len(fresh), len(target.monomials))
                product[:, [target.place[e] for e in moved]] = s.rows[fresh, start:]
                found.setdefault(c, []).append(product)
        return found

    def _echelon(self, s: Space, rows: list[np.ndarray]) -> None:
        """The reduced echelon form of the rows of a class and new ones."""
        stacked = np.concatenate([s.rows, *rows])
        r, c = stacked.shape
        reduced, rank = matrix(r, c, stacked.ravel().tolist(), self.prime).rref()
        entries = reduced.entries()[: rank * c]
        if self.prime is not None:
            entries = list(map(int, entries))
        s.rows = np.array(entries, stacked.dtype).reshape(rank, c)
        s.pivots = np.array([np.flatnonzero(row != 0)[0] for row in s.rows], int)
