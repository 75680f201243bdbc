"""The spherical p-spin glass: a homogeneous polynomial of degree p on the sphere of radius^2 = N.

Everything comes from one table. With s^A the monomial of a multiset A, the second derivatives of H = sum_B c_B s^B are

    d_i d_j H(s) = sum_A (A + i + j)! / A! c_(A + i + j) s^A,    |A| = p - 2,

a matrix product of the monomials of degree p - 2 with an integer multiple of the coefficients, stored for i <= j only;
gradient and energy follow from Euler's identities (p - 1) grad H = Hess H s and p H = <grad H, s>.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations_with_replacement
from math import comb, isqrt
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import FLOAT, RATIONAL, arithmetic_of, as_array, flint, is_zero
from theory.errors import TooLarge
from theory.landscape import Kind, Model, Point, Traits
from theory.manifolds.euclidean import dot
from theory.manifolds.sphere import Sphere

_WHERE = "SphericalSpinGlass"


@dataclass(frozen=True, eq=False)
class SphericalSpinGlass(Model):
    """H(s) = sum over i_1 <= ... <= i_p of coefficient * s_(i_1) ... s_(i_p), on |s|^2 = N.

    Parameters
    ----------
    N, p : number of spins and degree, both at least 1.
    coefficients : (C(N + p - 1, p),), in the order of ``itertools.combinations_with_replacement(range(N), p)``; scale
        and multiplicity are included, so that rational coefficients stay rational.
    max_bytes : bound of the temporaries of one evaluation; the table of the model may take eight times as much.

    Raises
    ------
    TooLarge
        Before any work, when the table of second derivatives would not fit.

    Source: auffinger2013, equation (2.2); the closed forms are our own derivation.

    >>> glass = SphericalSpinGlass(2, 3, [1, 0, 0, 1])
    >>> glass.loss([1, 1]), glass.riemannian_gradient([1, 1])
    (2, array([0, 0], dtype=object))
    """

    N: int
    p: int
    coefficients: Any
    max_bytes: int = arrays.MAX_BYTES
    loss_normalisation = "H(s) as given by the coefficients, no 1/N"

    def __post_init__(self) -> None:
        N, p = _sizes(self.N, self.p, self.max_bytes)
        c = arrays.vector(self.coefficients, _WHERE, "coefficients", comb(N + p - 1, p))
        for name, value in (("N", N), ("p", p), ("coefficients", c)):
            object.__setattr__(self, name, value)

    @classmethod
    def random(
        cls, N: int, p: int, *, max_bytes: int = arrays.MAX_BYTES, rng: np.random.Generator
    ) -> SphericalSpinGlass:
        """The Gaussian p-spin model: E H(s) H(s') = N R^p with R = <s, s'> / N.

        In law N^(-(p-1)/2) times the sum over ordered tuples of J_(i_1 ... i_p) s_(i_1) ... s_(i_p), J independent
        standard normal: independent centred coefficients of variance N^(1-p) times the number of orderings.
        """
        N, p = _sizes(N, p, max_bytes)
        variances = orderings(N, p) / N ** (p - 1)
        return cls(N, p, np.sqrt(variances.astype(float)) * rng.standard_normal(variances.size), max_bytes)

    @classmethod
    def from_tensor(cls, J: Any, *, max_bytes: int = arrays.MAX_BYTES) -> SphericalSpinGlass:
        """The sum over ordered tuples of J_(i_1 ... i_p) s_(i_1) ... s_(i_p), for J (N, ..., N), symmetric or not."""
        J = as_array(J, f"{_WHERE}.from_tensor: J")
        if J.ndim == 0 or len(set(J.shape)) != 1:
            raise ValueError(f"{_WHERE}.from_tensor: J needs p equal axes (N, ..., N), got shape {J.shape}")
        N, p = _sizes(J.shape[0], J.ndim, max_bytes)
        c = arithmetic_of(J).zeros(comb(N + p - 1, p))
        np.add.at(c, _rank(np.moveaxis(np.indices(J.shape), 0, -1).reshape(-1, p), N), J.ravel())
        return cls(N, p, c, max_bytes=max_bytes)

    @cached_property
    def layout(self) -> arrays.Layout:
        return (("s", (self.N,)),)

    @cached_property
    def manifold(self) -> Sphere:
        """The sphere |s|^2 = N."""
        return Sphere(self.N, self.N)

    @cached_property
    def traits(self) -> Traits:
        symmetry = "" if self.p % 2 else "s -> -s"
        return Traits(polynomial_degree=self.p, homogeneous_degree=self.p, has_samples=False, symmetry=symmetry)

    @cached_property
    def _second_derivatives(self) -> np.ndarray:
        """(A + i + j)!/A! c_(A + i + j): a row for each multiset A of size p - 2, a column for each pair i <= j."""
        c, ij = self.coefficients, _multisets(self.N, 2)
        if self.p == 1:
            return arrays.frozen(arithmetic_of(c).zeros((1, len(ij))))
        A = _multisets(self.N, self.p - 2)
        table = np.empty((len(A), len(ij)), c.dtype)
        i, j = ij.T[:, :, None]
        starts = arrays.chunks(len(A), 8 * (2 * self.p + 4) * len(ij), self.max_bytes)
        for rows in (slice(a, a + starts.step) for a in starts):
            a = A[rows, None]
            B = np.concatenate([np.broadcast_to(k, (len(a), len(ij), k.shape[-1])) for k in (a, ij)], -1)
            factor = (1 + (a == i).sum(-1)) * (1 + (a == j).sum(-1) + (i == j)[:, 0])
            table[rows] = factor.astype(c.dtype) * c[_rank(B, self.N)]
        return arrays.frozen(table)

    @cached_property
    def _column(self) -> np.ndarray:
        """(N, N): the column of the table that holds the pair {i, j}."""
        return _rank(np.moveaxis(np.indices((self.N, self.N)), 0, -1), self.N)

    @cached_property
    def _prefixes(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For the multisets of size 2, ..., p - 2: the position of what precedes the last index, and the last index."""
        A = (_multisets(self.N, size) for size in range(2, self.p - 1))
        return [(_rank(a[:, :-1], self.N), a[:, -1]) for a in A]

    def _constants(self) -> tuple[Any, ...]:
        return self.coefficients, self._second_derivatives

    def loss(self, theta: Any) -> np.ndarray:
        """H(s), shape (...)."""
        s = self._points(theta)
        return dot(self.gradient(s), s) * arithmetic_of(s).fraction(1, self.p)

    def gradient(self, theta: Any) -> np.ndarray:
        """The Euclidean gradient (..., N)."""
        s = self._points(theta)
        return self._euler(s, self.hvp(s, s))

    def hessian(self, theta: Any, out: np.ndarray | None = None) -> np.ndarray:
        """The Euclidean Hessian (..., N, N)."""
        return self._write(theta, out, riemannian=False)

    def hvp(self, theta: Any, v: Any) -> np.ndarray:
        """The Euclidean Hessian times v, shape (..., N); theta and v broadcast."""
        s = self._points(theta)
        v = self._directions(v, s)
        if s.size == self.N:
            return (self.hessian(s) @ v[..., None])[..., 0]
        s, v = np.broadcast_arrays(s, v)
        out = np.empty(s.shape, s.dtype)
        x, y, z = (a.reshape(-1, self.N) for a in (s, v, out))
        for block in self._blocks(s):
            z[block] = (self._hessians(x[block]) @ y[block][..., None])[..., 0]
        return out

    def riemannian_gradient(self, theta: Any) -> np.ndarray:
        """The gradient on the sphere (..., N), for theta on the sphere."""
        return self.manifold.riemannian_gradient(theta, self.gradient(theta))

    def riemannian_hessian(self, theta: Any, out: np.ndarray | None = None) -> np.ndarray:
        """The Hessian on the sphere as an ambient matrix (..., N, N), zero on the normal; for theta on the sphere."""
        return self._write(theta, out, riemannian=True)

    def _euler(self, s: np.ndarray, Hs: np.ndarray) -> np.ndarray:
        """grad H = Hess H s / (p - 1); constant for p = 1."""
        kind = arithmetic_of(s)
        return 0 * s + self._in(kind)[0] if self.p == 1 else Hs * kind.fraction(1, self.p - 1)

    def _hessians(self, s: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """The Euclidean Hessians of one block s (B, N)."""
        packed = self._monomials(s) @ self._in(arithmetic_of(s))[1]
        return np.take(packed, self._column, axis=-1, out=out, mode="clip")  # the mode that writes to out unbuffered

    def _monomials(self, s: np.ndarray) -> np.ndarray:
        """s^A for the multisets A of size p - 2, (B, C(N + p - 3, p - 2)); 1 for p = 1, whose table is zero."""
        m = s if self.p > 2 else arithmetic_of(s).zeros((len(s), 1)) + 1
        for prefix, last in self._prefixes:
            m = m[:, prefix] * s[:, last]
        return m

    def _write(self, theta: Any, out: np.ndarray | None, riemannian: bool) -> np.ndarray:
        s = self._points(theta)
        H = arrays.batch_matrix(out, (*s.shape, self.N), s.dtype, f"{_WHERE}.hessian")
        x, flat = s.reshape(-1, self.N), H.reshape(-1, self.N, self.N)
        for block in self._blocks(s):
            self._hessians(x[block], out=flat[block])
            if riemannian:
                g = self._euler(x[block], (flat[block] @ x[block][..., None])[..., 0])
                self.manifold.riemannian_hessian(x[block], g, flat[block], out=flat[block])
        return H

    def _blocks(self, s: np.ndarray) -> Iterator[slice]:
        """Slices of the flattened batch whose temporaries stay below ``max_bytes``."""
        entries = comb(self.N + self.p - 2, self.N) + comb(self.N + 1, 2) + 2 * self.N**2
        starts = arrays.chunks(s.size // self.N, s.itemsize * entries, self.max_bytes)
        return (slice(a, a + starts.step) for a in starts)

    def symmetry_images(self, theta: Any) -> np.ndarray:
        """-s for even p, shape (1, ..., N); none for odd p."""
        theta = self._points(theta)
        return super().symmetry_images(theta) if self.p % 2 else -theta[None]

    def minimum_value(self) -> Any:
        """The minimum on the sphere: -sqrt(N <c, c>) for p = 1, N lambda_min for p = 2, else None (no closed form).

        A float for float coefficients; for rational ones a rational or a ball.
        """
        from theory.calculus.exact_linalg import symmetric_eigenvalues

        c, kind = self.coefficients, arithmetic_of(self.coefficients)
        if self.p > 2 or kind.name not in (FLOAT, RATIONAL):
            return None
        if self.p == 1:
            square = self.N * dot(c, c)
            return -np.sqrt(square) if kind.name == FLOAT else -flint().arb(square).sqrt()
        A = self._second_derivatives[0][self._column] * kind.fraction(1, 2)
        return self.N * (np.linalg.eigvalsh(A)[0] if kind.name == FLOAT else symmetric_eigenvalues(A)[-1][0])

    def known_points(self) -> Iterable[Point]:
        """The axes sqrt(N) e_j of a diagonal form (p = 2) for integers sqrt(N); any point of the zero Hamiltonian."""
        c, kind = self.coefficients, arithmetic_of(self.coefficients)
        if kind.name not in (FLOAT, RATIONAL):
            return
        if is_zero(c).all():
            yield Point("any point", kind.zeros(self.N) + kind.fraction(1), Kind.GLOBAL_MINIMUM, kind.fraction(0))
        elif self.p == 2 and isqrt(self.N) ** 2 == self.N:
            i, j = _multisets(self.N, 2).T
            a = c[i == j]
            if not is_zero(c[i != j]).all():
                return
            for k, x in enumerate(kind.eye(self.N) * isqrt(self.N)):
                kinds = {max(a): Kind.LOCAL_MAXIMUM, min(a): Kind.GLOBAL_MINIMUM}  # a constant form is a minimum
                yield Point(f"axis {k}", x, kinds.get(a[k], Kind.STRICT_SADDLE), self.N * a[k])

    @classmethod
    def instances(cls) -> Iterable[tuple[str, SphericalSpinGlass]]:
        """Small models for the battery: degrees 1 to 4, one spin, zero, repeated eigenvalues, a Gaussian one."""
        yield "p=1", cls(3, 1, [1, -2, "1/3"])
        yield "p=2", cls(3, 2, [1, 2, 0, -1, "1/2", 3])
        yield "p=2, diagonal, N=4", cls(4, 2, [1, 0, 0, 0, 2, 0, 0, 3, 0, -1])
        yield "p=2, repeated eigenvalues", cls(4, 2, [1, 0, 0, 0, 1, 0, 0, 2, 0, 2])
        yield "p=2, constant on the sphere", cls(4, 2, [1, 0, 0, 0, 1, 0, 0, 1, 0, 1])
        yield "p=3", cls(3, 3, [1, 2, -1, 0, "1/2", 3, -2, 1, 0, 1])
        yield "p=3, Fermat cubic", cls(2, 3, [1, 0, 0, 1])
        yield "p=3, zero", cls(3, 3, [0] * 10)
        yield "p=4", cls(2, 4, [1, -1, "2/3", 0, 2])
        yield "N=1, p=3", cls(1, 3, [2])
        yield "N=1, p=1", cls(1, 1, [-1])
        yield "N=1, p=2", cls(1, 2, [3])
        yield "p=3, Gaussian", cls.random(5, 3, rng=np.random.default_rng(3))


def orderings(N: int, p: int) -> np.ndarray:
    """Numbers p!/(a_1! ... a_N!) of ordered tuples with the same entries, in the order of the coefficients."""
    B = _multisets(N, p)
    out = np.ones(len(B), np.int64 if p * N**p < 2**63 else object)
    for t in range(p):  # multinomials of the first t + 1 entries, each divisible by the run that entry t ends
        out = out * (t + 1) // (1 + (B[:, :t] == B[:, t, None]).sum(-1))
    return out


def _sizes(N: Any, p: Any, max_bytes: int) -> tuple[int, int]:
    """N and p as integers; refused before anything is allocated when the tables would not fit."""
    N, p = arrays.positive_int(N, _WHERE, "N"), arrays.positive_int(p, _WHERE, "p")
    size = 8 * max(comb(N + p - 1, p), comb(N + p - 3, N - 1) * comb(N + 1, 2) if p > 1 else 0)
    if size > 8 * max_bytes:
        raise TooLarge(
            f"{_WHERE}: the tables of a model may take 8 max_bytes = {8 * max_bytes / 2**30:.3g} GiB, "
            f"N = {N}, p = {p} need {size / 2**30:.3g} GiB; choose N or p smaller, or max_bytes larger"
        )
    return N, p


def _multisets(N: int, k: int) -> np.ndarray:
    """(C(N + k - 1, k), k): the rows i_1 <= ... <= i_k < N in lexicographic order."""
    size = comb(N + k - 1, k)
    entries = chain.from_iterable(combinations_with_replacement(range(N), k))
    return np.fromiter(entries, np.intp, size * k).reshape(size, k)


def _rank(index: np.ndarray, N: int) -> np.ndarray:
    """The position of the multisets index (..., p), in any order, among the rows of ``_multisets(N, p)``.

    i_t + t are the elements of a p-subset of N + p - 1 things; the ones that come after it in lexicographic order are
    counted by the first element in which they exceed it.
    """
    i, p = np.sort(index, -1), index.shape[-1]
    rank = np.full(i.shape[:-1], comb(N + p - 1, p) - 1)
    for t in range(p):
        rank -= np.array([comb(N + p - 2 - t - k, p - t) for k in range(N)])[i[..., t]]
    return rank
