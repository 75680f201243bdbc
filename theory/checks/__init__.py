"""The common battery: what every landscape, ours or a user's, is checked for.

``check_model(model)`` runs all checks and reports; each ``check_*`` can be called alone with (model, *, seed=0). A
model needs ``dim`` and ``loss``; the report says what else it can be checked for. No trait and no known point is
trusted. No tolerance is a bare number: exact answers must be equal, balls must meet, floats may differ by rounding
(``probes.Comparison``) or by the error estimates of the differences they are compared with.
"""

from __future__ import annotations

from typing import Any

from theory.checks.contract import (
    check_bad_inputs,
    check_batch_equals_loop,
    check_entry_types,
    check_inputs_untouched,
    check_layout,
    check_out,
    check_read_only,
    check_shapes,
)
from theory.checks.derivatives import (
    check_analytic,
    check_arithmetics_agree,
    check_gradient,
    check_hessian,
    check_hvp,
    check_symmetric,
)
from theory.checks.geometry import check_kinks, check_manifold, check_one_sided
from theory.checks.points import check_known_points, check_minimum_value
from theory.checks.report import Check, Outcome, Report, Status
from theory.checks.traits import (
    check_homogeneous_degree,
    check_layer_groups,
    check_polynomial_degree,
    check_residuals,
    check_samples,
    check_smooth,
    check_stated_members,
    check_symmetry_directions,
    check_symmetry_images,
)

CHECKS: tuple[Check, ...] = (
    check_shapes,
    check_batch_equals_loop,
    check_inputs_untouched,
    check_entry_types,
    check_bad_inputs,
    check_read_only,
    check_layout,
    check_out,
    check_gradient,
    check_hessian,
    check_hvp,
    check_symmetric,
    check_analytic,
    check_arithmetics_agree,
    check_samples,
    check_residuals,
    check_stated_members,
    check_symmetry_directions,
    check_symmetry_images,
    check_smooth,
    check_polynomial_degree,
    check_homogeneous_degree,
    check_layer_groups,
    check_known_points,
    check_minimum_value,
    check_manifold,
    check_kinks,
    check_one_sided,
)

__all__ = ["CHECKS", "Outcome", "Report", "Status", "check_model", *(check.__name__ for check in CHECKS)]


def check_model(model: Any, *, seed: int = 0) -> Report:
    """Run every check that applies.

    Parameters
    ----------
    model : anything with ``dim`` and ``loss`` (``theory.landscape.Landscape``).
    seed : of the random points; the same seed gives the same report.

    Returns
    -------
    Report, with ``ok``, ``failed``, ``not_applicable``, and ``require()`` for tests.

    Raises
    ------
    TypeError
        For what is no landscape: a class instead of an instance, or an object without ``dim`` or ``loss``.
    """
    missing = [name for name in ("dim", "loss") if not hasattr(model, name)]
    if isinstance(model, type) or missing:
        what = "a class; build an instance of it" if isinstance(model, type) else f"no {' and no '.join(missing)}"
        raise TypeError(f"check_model: needs a landscape with dim and loss, got {what}")
    return Report(type(model).__name__, tuple(check(model, seed=seed) for check in CHECKS))
