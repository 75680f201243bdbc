"""The registry: claims by id, in the order of what they rest on."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from typing import Any

from theory.claims.claim import Claim
from theory.errors import UnknownName

FAMILIES = (
    "quadratic",
    "deep_linear",
    "deep_linear_saddles",
    "deep_linear_values",
    "deep_linear_pivots",
    "deep_linear_inertia",
    "deep_linear_minima",
    "deep_linear_tests",
    "deep_linear_two_layers",
    "deep_linear_shape",
    "deep_linear_product",
    "deep_linear_geometry",
    "deep_linear_spectrum",
    "linear_dynamics",
    "linear_dynamics_modes",
    "linear_dynamics_solutions",
    "linear_dynamics_decay",
    "linear_resnet",
    "resnet_gradient",
    "resnet_optimum",
    "resnet_lower_bounds",
    "regularised_counts",
    "regularised",
    "regularised_minima",
    "regularised_two_layers",
    "ed_degrees",
    "relu_neuron",
    "topology",
    "relu_line",
    "relu_constants",
    "relu_faces",
    "relu_valleys",
    "shallow_net",
    "hessian_scaling",
    "hessian_outputs",
    "hessian_index",
    "hessian_bound",
    "hessian_residual",
    "hessian_relu",
    "shallow_relu",
    "shallow_relu_xor",
    "shallow_relu_kinks",
    "xor_valleys",
    "chapter_12",
    "chapter_12_valleys",
    "chapter_12_minima",
    "chapter_12_split",
    "chapter_12_rescaling",
    "shallow_paths",
    "shallow_paths_errata",
    "shallow_thresholds",
    "shallow_paths_smooth",
    "gaussian_relu",
    "gaussian_relu_blocks",
    "gaussian_relu_filter",
    "gaussian_relu_minima",
    "many_minima",
    "many_minima_logistic",
    "many_minima_relu",
    "hardness",
    "hardness_quadratic",
    "spin_glass",
    "random_slices",
    "slice_curvature",
    "slice_signs",
    "slice_convexity",
    "slice_bowls",
    "slice_probability",
    "slice_frequencies",
    "slice_honesty",
    "slice_visibility",
    "slice_windows",
    "slice_arrows",
    "slice_planes",
    "slice_normalisation",
    "slice_batch_norm",
    "slice_sharpness",
    "slice_unit_rescaling",
    "trajectory_pca",
    "trajectory_noise",
    "trajectory_quadratic",
    "trajectory_stationary",
    "linear_interpolation",
    "linear_interpolation_chains",
    "linear_interpolation_bottleneck",
)


class Registry(Mapping[str, Claim]):
    """Claims by id, each after the claims that it uses.

    Raises
    ------
    ValueError
        For an id that occurs twice, a ``uses`` or ``corrected_by`` that does not resolve, or a cycle.
    """

    def __init__(self, claims: Iterable[Claim]) -> None:
        by_id: dict[str, Claim] = {}
        for claim in claims:
            if claim.id in by_id:
                raise ValueError(f"registry: the id {claim.id!r} occurs twice; ids are permanent and unique")
            by_id[claim.id] = claim
        for claim in by_id.values():
            missing = {*claim.uses, claim.corrected_by} - set(by_id) - {""}
            if missing:
                raise ValueError(f"registry: {claim.id} refers to {', '.join(sorted(missing))}, which is no claim")
        try:
            TopologicalSorter({c.id: c.uses for c in by_id.values()}).prepare()
        except CycleError as error:
            raise ValueError(f"registry: claims rest on each other in a circle: {' -> '.join(error.args[1])}") from None
        self._claims: dict[str, Claim] = {}
        for claim in by_id.values():
            self._place(claim, by_id)

    def _place(self, claim: Claim, by_id: Mapping[str, Claim]) -> None:
        """Depth first: families stay together as far as their uses allow."""
        for used in claim.uses:
            self._place(by_id[used], by_id)
        self._claims.setdefault(claim.id, claim)

    def __getitem__(self, claim_id: str) -> Claim:
        try:
            return self._claims[claim_id]
        except KeyError:
            near = get_close_matches(claim_id, self._claims, cutoff=0.6)
            hint = f"; did you mean {' or '.join(near)}?" if near else "; `landscapes list` shows them all"
            raise UnknownName(f"registry: no claim {claim_id!r}{hint}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._claims)

    def __len__(self) -> int:
        return len(self._claims)

    def with_claims(self, claims: Iterable[Claim]) -> Registry:
        """This registry and further claims, a user's say."""
        return Registry([*self.values(), *claims])

    def select(self, patterns: Iterable[str] = (), *, source: str = "", status: str = "") -> list[Claim]:
        """Claims whose id matches any of the shell patterns (all, if none is given) and the filters, in order.

        Raises
        ------
        UnknownName
            If a pattern matches nothing.
        """
        patterns = tuple(patterns)
        chosen: list[Claim] = []
        for pattern in patterns:
            if not fnmatch.filter(self._claims, pattern):
                self[pattern]
        for claim in self.values():
            if patterns and not any(fnmatch.fnmatchcase(claim.id, p) for p in patterns):
                continue
            if source.lower() in claim.source.lower() and status in ("", claim.status):
                chosen.append(claim)
        return chosen


_loaded: dict[str, Registry] = {}


def __getattr__(name: str) -> Any:
    """``registry``: the claims of the book, loaded at first use."""
    if name != "registry":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name not in _loaded:
        families = (import_module(f"theory.claims.{family}") for family in FAMILIES)
        _loaded[name] = Registry(claim for family in families for claim in family.CLAIMS)
    return _loaded[name]
