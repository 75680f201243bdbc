"""Principal components of pure noise draw smooth curves and explain nearly as much as those of a run of SGD.

Left: a random walk of 400 steps in R^1000 without any landscape, from the dot on, in the planes of its components
(1, 2) and (1, 3), with the cosines (Lissajous curves) of the limit of high dimension. Middle: the same planes for 400
steps of SGD on a linear net with 192 weights. Right: what each component explains, and the law of long walks,
6/(pi k)^2.

Claims: trajectories.noise_components, trajectories.noise_draws_chebyshev, trajectories.noise_explained,
trajectories.noise_looks_structured
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from paper_figures.sgd_run import STEPS, run
from theory.slices.directions import principal_frame
from theory.slices.trajectories import noise_ratios, noise_spectrum, project, random_walk

CLAIMS = (
    "trajectories.noise_components", "trajectories.noise_draws_chebyshev", "trajectories.noise_explained",
    "trajectories.noise_looks_structured",
)  # fmt: skip
SIZE = (7.0, 3.4)
DIM, COMPONENTS = 1000, 12
WALK, SGD, LAW = "#1b6ca8", "#d1495b", "#222222"


@dataclass(frozen=True)
class Data:
    """Components (T, 3) and explained ratios (12,) of the walk and of SGD, and their laws for the walk."""

    walk: np.ndarray
    sgd: np.ndarray
    cosines: np.ndarray
    ratios_walk: np.ndarray
    ratios_sgd: np.ndarray
    law: np.ndarray


def components(path: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first three coordinates and the explained ratios, around the mean."""
    frame = principal_frame(path, COMPONENTS)
    return project(frame, path).coordinates[:, :3], np.array(frame.about["explained variance ratio"])


def data() -> Data:
    """The signs of the components, which are free, are those of the cosines."""
    n = STEPS + 1
    walk, ratios = components(random_walk(DIM, STEPS, seed=0))
    descent, ratios_sgd = components(run()[1])
    t, k = np.arange(n)[:, None] + 0.5, np.arange(1, 4)
    unit = np.cos(np.pi * k * t / n) * (2 / n) ** 0.5
    cosines = unit * (noise_spectrum(n)[:3] * DIM) ** 0.5
    walk, descent = (c * np.sign((c * unit).sum(0)) for c in (walk, descent))
    return Data(walk, descent, cosines, ratios, ratios_sgd, noise_ratios(n)[:COMPONENTS])


def plot(fig: Any, data: Data) -> None:
    """Two planes for the walk, the same for SGD, and the ratios."""
    for i, (path, colour, name) in enumerate(((data.walk, WALK, "random walk"), (data.sgd, SGD, "SGD"))):
        for j in (1, 2):
            ax = fig.add_axes((0.05 + 0.29 * i, 0.57 - 0.46 * (j - 1), 0.26, 0.35))
            if i == 0:
                ax.plot(
                    data.cosines[:, 0], data.cosines[:, j], color=LAW, linewidth=0.9, linestyle=(0, (4, 3)), zorder=3
                )
            ax.plot(path[:, 0], path[:, j], color=colour, linewidth=1.1)
            ax.plot(path[0, 0], path[0, j], "o", color=LAW, markersize=4, zorder=4)
            ax.set(xticks=[], yticks=[], xlabel="component 1", ylabel="" if i else f"component {j + 1}")
            ax.set_title(name if j == 1 else "")
    ax = fig.add_axes((0.69, 0.13, 0.3, 0.79))
    k = np.arange(1, COMPONENTS + 1)
    ax.plot(k, 6 / (np.pi * k) ** 2, color=LAW, linewidth=0.9, linestyle=(0, (4, 3)), label=r"$6/(\pi k)^2$")
    ax.plot(k, data.ratios_walk, "o", color=WALK, markersize=5, label="random walk")
    ax.plot(k, data.ratios_sgd, "s", color=SGD, markersize=5, label="SGD")
    ax.set(xscale="log", yscale="log", xlabel="component $k$", title="explained variance")
    ax.set_xticks([1, 2, 3, 5, 10], labels=["1", "2", "3", "5", "10"])
    ax.minorticks_off()
    ax.set_yticks([0.001, 0.01, 0.1, 1], labels=["0.1 %", "1 %", "10 %", "100 %"])
    ax.legend()
