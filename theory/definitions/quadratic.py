"""Quadratic landscapes, literally: the double sum over entries of A, the sum over entries of b, and c."""

from __future__ import annotations

from typing import Any

import sympy


def loss(A: Any, b: Any, c: Any, theta: Any) -> Any:
    """1/2 sum_ij A_ij theta_i theta_j + sum_i b_i theta_i + c as a SymPy expression or ring element."""
    n = range(len(theta))
    double_sum = sum(A[i][j] * theta[i] * theta[j] for i in n for j in n)
    return sympy.QQ(1, 2) * double_sum + sum(b[i] * theta[i] for i in n) + c
