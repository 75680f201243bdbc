"""Polynomial systems with finitely many solutions: the algebra Q[x]/I, and the solutions counted in it exactly.

The residue classes of the standard monomials B (those that lead no polynomial of I) are a basis of Q[x]/I;
multiplication by x_i is a matrix M_i. The number of complex solutions with multiplicity is |B|; the rank of the trace
form (f, g) -> tr M_fg is the number of distinct ones, and its signature the number of distinct real ones (Hermite).
With a weight h in the form, tr M_hfg, only solutions with h != 0 count, and real ones with the sign of h.

Modulo a prime everything is the same over the algebraic closure of F_p, and faster. What a count modulo p proves of the
system over the rationals: if there are as many equations as unknowns and all solutions modulo p are simple, each lifts
to a simple p-adic solution (Hensel), so there are at least as many isolated complex solutions. There are more only if
some solutions are not p-adically bounded, which happens for finitely many primes.

Source: coxlittleoshea2005, chapter 2, sections 2 to 5, in the form of; mourrain1999, in the form of (matrices commute).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from theory.arithmetic import flint
from theory.calculus.macaulay import Macaulay, Monomial, Polynomial, matrix
from theory.errors import Degenerate, NotExact

PRIME = 2**31 - 1


@dataclass(frozen=True, eq=False)
class QuotientAlgebra:
    """Q[x]/I, or F_p[x]/I, of finite dimension N.

    Attributes
    ----------
    basis : exponents of the standard monomials, descending: 1 comes last.
    matrices : a flint matrix (N, N) for each variable; its columns are the products with the basis.
    prime : p, or None for the rationals.
    """

    basis: tuple[Monomial, ...]
    matrices: tuple[Any, ...]
    prime: int | None = None

    @property
    def dimension(self) -> int:
        """The number N of solutions over the algebraic closure, with multiplicity."""
        return len(self.basis)

    def distinct(self, weight: Any = None) -> int:
        """The number of distinct solutions at which the ring element ``weight`` (1 by default) does not vanish.

        Raises
        ------
        ValueError
            For a prime of at most N, which can divide multiplicities.
        """
        if self.prime is not None and self.prime <= self.dimension:
            raise ValueError(f"distinct: needs a prime above {self.dimension}, got {self.prime}; choose a larger one")
        return self.trace_form(weight).rank()

    @cached_property
    def is_reduced(self) -> bool:
        """Whether all solutions are simple: the Jacobian of the system is injective at each."""
        return self.distinct() == self.dimension

    def real(self, weight: Any = None) -> tuple[int, int]:
        """Numbers of distinct real solutions at which ``weight`` (1 by default) is positive, and negative.

        The form with weight h has signature #{h > 0} - #{h < 0}, that with weight h^2 has #{h != 0}.
        Source: coxlittleoshea2005, chapter 2, Theorem 5.2, in the form of.
        """
        from theory.calculus.inertia import inertia

        if self.prime is not None:
            raise NotExact(f"real: F_{self.prime} has no signs; build the algebra over the rationals, prime=None")
        if not self.basis:
            return 0, 0
        weights = (None,) if weight is None else (weight, weight * weight)
        signs = [inertia(self.trace_form(h)) for h in weights]
        difference, total = (signs[k].positive - signs[k].negative for k in (0, -1))
        return (total + difference) // 2, (total - difference) // 2

    def trace_form(self, weight: Any = None) -> Any:
        """The flint matrix (N, N) of (f, g) -> tr M_hfg in the basis, h the ring element ``weight`` or 1."""
        row = self._traces
        if weight is not None:
            M_h = matrix(self.dimension, self.dimension, [0] * self.dimension**2, self.prime)
            for M_b, c in zip(self._products, self.normal_form(weight), strict=True):
                M_h = M_h + M_b * c
            row = row * M_h
        entries = [x for M_b in self._products for x in (row * M_b).entries()]
        return matrix(self.dimension, self.dimension, entries, self.prime)

    def normal_form(self, element: Any) -> list[Any]:
        """The N coordinates of a ring element in the basis, each monomial from one of lower degree."""
        N = self.dimension
        total = matrix(N, 1, [0] * N, self.prime)
        columns = {(0,) * len(self.matrices): matrix(N, 1, [int(b == self.basis[-1]) for b in self.basis], self.prime)}
        for e, c in terms(element, self.prime).items():
            path = [e]
            while path[-1] not in columns:
                path.append(_lowered(path[-1])[1])
            for step in reversed(path[:-1]):
                i, lower = _lowered(step)
                columns[step] = self.matrices[i] * columns[lower]
            total = total + columns[e] * c
        return total.entries()

    @cached_property
    def _products(self) -> list[Any]:
        """The matrices M_b of the basis, in its order."""
        N = self.dimension
        found: dict[Monomial, Any] = {}
        for b in reversed(self.basis):
            if sum(b) == 0:
                found[b] = matrix(N, N, np.eye(N, dtype=int).ravel().tolist(), self.prime)
            else:
                i, lower = _lowered(b)
                found[b] = self.matrices[i] * found[lower]
        return [found[b] for b in self.basis]

    @cached_property
    def _traces(self) -> Any:
        """The row (1, N) of the traces of M_b."""
        N = self.dimension
        return matrix(1, N, [sum((M[i, i] for i in range(1, N)), start=M[0, 0]) for M in self._products], self.prime)


def _lowered(e: Monomial) -> tuple[int, Monomial]:
    """(i, e / x_i) for the first variable x_i of a monomial other than 1."""
    i = next(i for i, k in enumerate(e) if k)
    return i, (*e[:i], e[i] - 1, *e[i + 1 :])


def terms(element: Any, prime: int | None) -> Polynomial:
    """Exponents and coefficients of a ring element (``theory.symbols``), as ``fmpq`` or ints modulo p; zeros left out.

    Raises
    ------
    ZeroDivisionError
        If p divides a denominator.
    """
    domain, out = element.ring.domain, {}
    for e, c in element.terms():
        p, q = int(domain.numer(c)), int(domain.denom(c))
        x = flint().fmpq(p, q) if prime is None else p * int(1 / flint().nmod(q, prime)) % prime
        if x != 0:
            out[e] = x
    return out


def quotient_algebra(polynomials: Sequence[Any], prime: int | None = None) -> QuotientAlgebra:
    """The algebra of the ideal generated by ring elements over Q.

    Macaulay matrices of growing degree D, until all monomials of degrees D and D - 1 reduce to lower ones. Then the
    reductions define matrices M_i, which commute because the space is closed; so 1 generates a module on which the
    polynomials vanish, and the standard monomials are independent modulo I. They span by construction.

    Parameters
    ----------
    polynomials : elements of one ring of ``theory.symbols``, not all zero.
    prime : compute modulo this prime; None for the rationals.

    Raises
    ------
    Degenerate
        If there are infinitely many solutions over the algebraic closure.
    TooLarge
        If a matrix would not fit into the memory bound.

    >>> from theory import symbols
    >>> x, y = symbols(x=2)
    >>> algebra = quotient_algebra([x**2 + y**2 - 5, x * y - 2])
    >>> algebra.dimension, algebra.real()
    (4, (4, 0))
    """
    generators = [f for p in polynomials if (f := terms(p, prime))]
    if not generators:
        raise Degenerate("quotient_algebra: all polynomials are zero, so every point is a solution")
    n = polynomials[0].ring.ngens
    if any(f.keys() == {(0,) * n} for f in generators):
        return QuotientAlgebra((), (matrix(0, 0, [], prime),) * n, prime)
    space = Macaulay(generators, n, prime)
    while True:
        basis = space.standard()
        if all(sum(b) < space.degree - 1 for b in basis):
            return _algebra(space, basis)
        if space.is_groebner():
            pure = {e.index(sum(e)) for e in space.leading() if max(e) == sum(e) > 0}
            if len(pure) < n and basis:
                free = ", ".join(str(polynomials[0].ring.gens[i]) for i in range(n) if i not in pure)
                raise Degenerate(
                    f"quotient_algebra: infinitely many solutions, no power of {free} reduces; add equations, or break "
                    "the symmetry that moves them"
                )
        space.raise_degree()


def _algebra(space: Macaulay, basis: list[Monomial]) -> QuotientAlgebra:
    """The matrices M_i, column by column from the reductions of x_i b."""
    N, place = len(basis), {b: k for k, b in enumerate(basis)}
    matrices = []
    for i in range(space.n):
        M = matrix(N, N, [0] * N * N, space.prime)
        for k, b in enumerate(basis):
            product = (*b[:i], b[i] + 1, *b[i + 1 :])
            column = {product: 1} if product in place else space.reduced(product)
            for e, c in column.items():
                M[place[e], k] = c if space.prime is None else int(c)
        matrices.append(M)
    return QuotientAlgebra(tuple(basis), tuple(matrices), space.prime)
