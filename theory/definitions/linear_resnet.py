"""Linear ResNets, literally: each layer adds W_k times the signal to the signal.

Source: hardtma2017, section 2.
"""

from __future__ import annotations

from typing import Any


def loss(depth: int, X: Any, Y: Any, theta: Any) -> Any:
    """sum over samples of ||y - h_H||^2 with h_0 = x, h_k = h_{k-1} + W_k h_{k-1}, as an expression or ring element."""
    d, total = len(X), 0
    for s in range(len(X[0])):
        h = [X[a][s] for a in range(d)]
        for k in range(depth):
            W = theta[k * d * d : (k + 1) * d * d]
            h = [h[a] + sum(W[a * d + b] * h[b] for b in range(d)) for a in range(d)]
        total = total + sum((Y[a][s] - h[a]) ** 2 for a in range(d))
    return total
