"""In high dimension nearly all random slices at a saddle of index one are bowls, and the curvature ratio does not tell.

Left: the probability that a two-dimensional slice along Gaussian directions has a positive definite Hessian, for n
eigenvalues of one modulus and one negative: 1 - 2^{-(n-2)/2}, with counts of 50,000 slices each; and the counts at 120
saddles of deep linear nets, against their number of eigenvalues that are not zero. Right: the exact density of the
curvature d^T H d / n along one Gaussian direction, by inversion of its characteristic function, for two Hessians with
|smallest / largest| = 1/2: 39 eigenvalues 1 and one -1/2; one 1 and 39 eigenvalues -1/2.

Claims: slice_probability.one_negative, slice_probability.two_levels, slice_probability.counted,
slice_probability.ratio, slice_curvature.one_direction, slice_curvature.negative_direction
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from theory.arithmetic import ball, to_float
from theory.io.files import read
from theory.slices.random_curvature import negative_curvature_probability, two_level_bowl

CLAIMS = (
    "slice_probability.one_negative", "slice_probability.two_levels", "slice_probability.counted",
    "slice_probability.ratio", "slice_curvature.one_direction", "slice_curvature.negative_direction",
)  # fmt: skip
SIZE = (7.0, 2.8)
RESULTS = Path(__file__).parent.parent / "experiments" / "results" / "bowl_probability.npz"
SPECTRA = ((39, 1), (1, 39))  # how many eigenvalues 1 and -1/2
COLOURS, NETS = ("#1b6ca8", "#d1495b"), "#8fa3ad"


@dataclass(frozen=True)
class Data:
    """How many slices were counted at each point; probabilities by n; counted shares; and for both Hessians the density
    and P(curvature < 0), a ball.

    ``equal``, ``nets`` : (n, share) of rows (2, ...), from the experiment.
    """

    slices: int
    dimensions: np.ndarray
    probability: np.ndarray
    equal: np.ndarray
    nets: np.ndarray
    curvature: np.ndarray
    densities: tuple[np.ndarray, np.ndarray]
    negative: tuple[Any, Any]


def density(x: np.ndarray, ones: int, halves: int) -> np.ndarray:
    """The density of (chi^2 with ``ones`` degrees - chi^2 with ``halves`` degrees / 2) / n at x (k,).

    The trapezoidal rule of the inversion integral gives the sum of the density at x + 20 j over all integers j, of
    which only j = 0 is not below the rounding error; it ends where the characteristic function is.
    """
    n = ones + halves
    t = np.arange(4000) * (2 * np.pi / 20)
    phi = (1 - 2j * t / n) ** (-ones / 2) * (1 + 1j * t / n) ** (-halves / 2)
    phi[0] = phi[0] / 2
    return (phi * np.exp(-1j * t * x[:, None])).real.sum(-1) / 10


def data() -> Data:
    """Closed forms, the densities on a grid, and the stored counts."""
    slices = read(RESULTS.with_suffix(".json"))["config"]["slices"]
    with np.load(RESULTS, allow_pickle=False) as stored:
        rows = np.stack([stored["eigenvalues"], stored["bowls"][:, 0] / slices])
        nets = stored["net"] >= 0
    n = np.arange(3, 17)
    x = np.linspace(-1, 2, 601)
    return Data(
        slices,
        n,
        to_float(ball([two_level_bowl(int(k) - 1, 1) for k in n])),
        rows[:, ~nets],
        rows[:, nets],
        x,
        tuple(density(x, *counts) for counts in SPECTRA),
        tuple(negative_curvature_probability(["1"] * p + ["-1/2"] * q) for p, q in SPECTRA),
    )


def scientific(x: float) -> str:
    """One digit and a power of ten."""
    digit, power = f"{x:.0e}".split("e")
    return f"${digit}\\cdot10^{{{int(power)}}}$"


def plot(fig: Any, data: Data) -> None:
    """Shares to the left, densities to the right."""
    ax = fig.add_axes((0.075, 0.17, 0.4, 0.74))
    ax.plot(
        *data.nets, "o", color=NETS, markersize=4, markeredgewidth=0, alpha=0.5, label="saddles of deep linear nets"
    )
    ax.plot(data.dimensions, data.probability, color=COLOURS[0], label="$1-2^{-(n-2)/2}$")
    ax.plot(*data.equal, "o", color=COLOURS[0], markersize=5, markeredgecolor="white", label="counted, one modulus")
    ax.set(xlabel="number $n$ of eigenvalues, one of them negative", ylabel="share of bowls", ylim=(0, 1.03))
    ax.set_title("slices at saddles of index one")
    ax.legend(loc="lower right")
    ax = fig.add_axes((0.57, 0.17, 0.415, 0.74))
    for f, colour, (p, q), chance in zip(data.densities, COLOURS, SPECTRA, data.negative, strict=True):
        seen = f > f.max() / 1000
        ax.fill_between(data.curvature[seen], f[seen], color=colour, alpha=0.25, linewidth=0)
        ax.plot(data.curvature[seen], f[seen], color=colour)
        share = f"{float(chance):.4f}" if float(chance) > 0.01 else scientific(float(chance))
        spectrum = f"1 ({p}x), $-$1/2 (once)" if q == 1 else f"1 (once), $-$1/2 ({q}x)"
        at = (1.06, 0.63) if q == 1 else (0.06, 0.93)
        text = f"eigenvalues {spectrum}\nP(curvature < 0) = {share}"
        ha = "center" if q == 1 else "left"
        ax.annotate(text, at, ha=ha, va="top", color=colour, fontsize=7.5, xycoords=("data", "axes fraction"))
    ax.axvline(0, color="#444444", linewidth=0.7)
    ax.set(xlabel="curvature along a random direction", ylabel="density", ylim=(0, 4.2), xlim=(-1, 2))
    ax.set_title("two Hessians of the same ratio 1/2")
