"""As the errors at a critical point grow, negative eigenvalues appear one by one, long before the bound of the book.

The number of negative eigenvalues of H_0 + lambda H_1 at one critical point of a tanh net with three neurons, below
with its exact jumps; above the five least eigenvalues, whose signs it counts. The bound ||H_0|| / mu concerns the first
jump alone. At a critical point of a ReLU net, off the kinks and with all a_j != 0, the index stays 0.

Claims: hessian_index.example, hessian_index.jumps, hessian_index.relu_has_no_residual_part
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import ball, to_float
from theory.claims.hessian_bound import EXAMPLE
from theory.claims.hessian_relu import HIGH
from theory.critical.hessian_split import HessianSplit, hessian_split

CLAIMS = ("hessian_index.example", "hessian_index.jumps", "hessian_index.relu_has_no_residual_part")
SIZE = (6.4, 4.6)
SPAN = (-3.0, 4.6)


@dataclass(frozen=True)
class Data:
    """Both points with their parts, and the eigenvalues of the first one at 10^lambdas (k, n)."""

    tanh: HessianSplit
    relu: HessianSplit
    exponents: np.ndarray
    eigenvalues: np.ndarray


def data() -> Data:
    """Jumps and bound exactly; the eigenvalues between them in floats."""
    tanh, relu = hessian_split(*EXAMPLE.at()), hessian_split(*HIGH.point)
    exponents = np.linspace(*SPAN, 400)
    H0, H1 = (to_float(part) for part in (tanh.H0, tanh.H1))
    return Data(tanh, relu, exponents, np.linalg.eigvalsh(H0 + 10 ** exponents[:, None, None] * H1))


def plot(fig: Any, data: Data) -> None:
    """Below the staircase of the index, above the eigenvalues that build it."""
    upper, lower = fig.add_axes((0.11, 0.60, 0.86, 0.37)), fig.add_axes((0.11, 0.115, 0.86, 0.44))
    jumps = [float(to_float(ball([jump.value]))[0]) for jump in data.tanh.profile.jumps]
    bound = float(to_float(ball([data.tanh.bound]))[0])
    lambdas = 10**data.exponents
    for values, colour in zip(data.eigenvalues.T[:5], ("C0", "C1", "C2", "C3", "C4"), strict=True):
        upper.plot(lambdas, values, color=colour, linewidth=1.2)
    upper.axhline(0, color="#444444", linewidth=0.6)
    upper.set_yscale("symlog", linthresh=1e-7)
    upper.set(xscale="log", xlim=(lambdas[0], lambdas[-1]), xticklabels=[], ylabel="five least eigenvalues")
    upper.set_yticks([-100, -0.1, -1e-4, 0, 1e-4, 0.1])
    ends = [lambdas[0], *jumps, lambdas[-1]]
    for k, (left, right) in enumerate(pairwise(ends)):
        lower.plot([left, right], [k, k], color="C0", linewidth=2)
    lower.plot(jumps, range(len(jumps)), "o", color="C0", markersize=4)
    lower.plot([lambdas[0], lambdas[-1]], [0, 0], color="C3", linewidth=1.2, linestyle=(0, (4, 3)))
    lower.text(lambdas[-1], 0.12, "ReLU", color="C3", ha="right", va="bottom", fontsize=8)
    lower.text(lambdas[0] * 1.3, 4.85, "$\\mathrm{ind}(H_1)=5$", va="top", fontsize=8)
    lower.axhline(data.tanh.profile.limit, color="#444444", linewidth=0.6, linestyle=(0, (1, 2)))
    for ax in (upper, lower):
        ax.axvline(bound, color="C1", linewidth=1)
    lower.text(bound * 1.1, 2.5, "bound\n$\\|H_0\\|/\\mu$", color="C1", fontsize=8, va="center")
    for k, jump in enumerate(jumps):
        lower.annotate(f"{jump:.3g}", (jump, k), (5, 5), textcoords="offset points", fontsize=7)
    lower.set(xscale="log", xlim=(lambdas[0], lambdas[-1]), ylim=(-0.4, 5.4), yticks=range(6))
    lower.set_xlabel("factor $\\lambda$ of the errors")
    lower.set_ylabel("negative eigenvalues")
