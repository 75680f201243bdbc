"""How long does the merge tree of a field of 2048 x 2048 values take? One core, medians of CPU time, one run.

    python -m experiments.benchmarks.merge_tree

Beside gudhi's CubicalComplex on the same values as vertices, which gives the diagram without the tree; the diagrams
are compared first. Expected: at least 50 times faster on fields like a landscape, with few minima, and at least 20
times on rough ones, with thousands of minima. White noise, where every fifth node is a minimum, is shown too, without
a promise: there the tree is as large as the field, and it is built one minimum after the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from experiments.benchmarks.timing import cpu_medians
from theory.models.relu_neuron import ReluNeuron
from theory.topology.merge_tree import merge_tree

N, ROUNDS = 2048, 3
GOALS = {"two wells": 50, "ReLU neuron": 50, "smooth noise": 50, "rough noise": 20, "rougher noise": 20}


def fields(n: int) -> dict[str, np.ndarray]:
    """Two wells, a plane in the landscape of a ReLU neuron on 20 samples, and noise smoothed over 40 nodes or less."""
    rng = np.random.default_rng(0)
    u = np.linspace(-2, 2, n)
    s, t = u[:, None], u
    X = rng.normal(size=(1, 20))
    neuron = ReluNeuron(X, np.sin(3 * X[0]), output_weight=True, bias=True, output_bias=True)
    plane = np.array([1.0, 0.0, 0.5, 0.1]) + s[..., None] * rng.normal(size=4) + t[:, None] * rng.normal(size=4)
    noise = rng.normal(size=(n, n))
    return {
        "two wells": (t**2 - 1) ** 2 + (s - 0.3 * t) ** 2 + 0.2 * t,
        "ReLU neuron": neuron.loss(plane),
        "smooth noise": gaussian_filter(noise, 40, mode="wrap"),
        "rough noise": gaussian_filter(noise, 10, mode="wrap"),
        "rougher noise": gaussian_filter(noise, 3, mode="wrap"),
        "white noise": noise,
    }


def gudhi_diagram(values: np.ndarray) -> Any:
    """The pairs (birth, death) of components, by gudhi."""
    import gudhi

    cells = gudhi.CubicalComplex(vertices=values)
    cells.compute_persistence()
    return cells.persistence_intervals_in_dimension(0)


def main() -> None:
    """Measure and print."""
    print(f"{N} x {N} values, ms of CPU time{'minima':>15}{'ours':>10}{'gudhi':>10}{'ratio':>8}  at least")
    for name, values in fields(N).items():
        ours, theirs = merge_tree(values), gudhi_diagram(values)
        if not np.array_equal(*(d[np.lexsort(d.T)] for d in (ours.diagram, theirs))):
            raise AssertionError(f"{name}: the diagrams differ")
        times = cpu_medians(
            {"ours": (lambda v=values: merge_tree(v), 1), "gudhi": (lambda v=values: gudhi_diagram(v), 1)}, ROUNDS
        )
        ratio, goal = times["gudhi"] / times["ours"], GOALS.get(name, "-")
        print(f"{name:34}{len(ours):14}{times['ours'] / 1000:10.1f}{times['gudhi'] / 1000:10.0f}{ratio:8.0f}  {goal}")


if __name__ == "__main__":
    main()
