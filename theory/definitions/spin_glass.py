"""The spherical p-spin glass, literally: sums over all ordered tuples of indices."""

from __future__ import annotations

from itertools import combinations_with_replacement, permutations, product
from math import prod
from typing import Any


def energy(J: Any, s: Any) -> Any:
    """sum_(i_1, ..., i_p = 1)^N J_(i_1 ... i_p) s_(i_1) ... s_(i_p) for J given as a dict from tuples of indices.

    Auffinger, Ben Arous and Cerny have this sum times N^(-(p-1)/2), with independent standard normal J, on |s|^2 = N.

    Source: auffinger2013, equation (2.2), without the scale.
    """
    return sum(entry * prod(s[i] for i in indices) for indices, entry in J.items())


def symmetric_tensor(N: int, p: int, coefficients: Any) -> dict[tuple[int, ...], Any]:
    """The symmetric J whose energy has these coefficients, each shared equally by the orderings of its indices."""
    from sympy import QQ

    J = {}
    for indices, coefficient in zip(combinations_with_replacement(range(N), p), coefficients, strict=True):
        orderings = set(permutations(indices))
        for ordering in orderings:
            J[ordering] = QQ(1, len(orderings)) * coefficient
    return J


def loss(N: int, p: int, coefficients: Any, s: Any) -> Any:
    """The energy of the symmetric tensor with the given coefficients, as a SymPy expression or ring element."""
    return energy(symmetric_tensor(N, p, coefficients), s)


def covariance(N: int, p: int, s: Any, t: Any) -> Any:
    """E H(s) H(t) = N^(-(p-1)) sum_(i_1, ..., i_p) s_(i_1) t_(i_1) ... s_(i_p) t_(i_p).

    The expectation of the double sum over tuples, as independent standard normal J keep only the equal pairs.

    Source: auffinger2013, after equation (2.2).
    """
    from sympy import QQ

    return QQ(1, N ** (p - 1)) * sum(prod(s[i] * t[i] for i in indices) for indices in product(range(N), repeat=p))
