"""Collects ``Claim`` objects, and tuples of them, from test modules: each becomes a test that runs ``theory.verify``.

Nothing of ``theory`` is imported when the plugin loads; a claim is recognised by the name of its class.
"""

from __future__ import annotations

import json
from typing import Any

import pytest


def _is_claim(obj: Any) -> bool:
    return type(obj).__name__ == "Claim" and type(obj).__module__ == "theory.claims.claim"


class ClaimItem(pytest.Item):
    """One claim as a test."""

    claim: Any = None

    def runtest(self) -> None:
        from theory.claims.engine import verify

        result = verify(self.claim)
        if not result.passed:
            raise ClaimFailed(result)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        if not isinstance(excinfo.value, ClaimFailed):
            return super().repr_failure(excinfo, style)
        r = excinfo.value.args[0]
        lines = [f"{r.id}: {r.answer} ({r.evidence}): {r.detail}", *r.powers]
        return "\n".join([*lines, f"case: {json.dumps(r.case)}"] if r.case else lines)

    def reportinfo(self) -> tuple[Any, None, str]:
        return self.path, None, f"claim {self.claim.id}"


class ClaimFailed(Exception):
    """Carries the result of a claim that did not pass."""


def pytest_pycollect_makeitem(collector: Any, name: str, obj: Any) -> Any:
    """Turn module-level claims and tuples of claims into items."""
    claims = [obj] if _is_claim(obj) else obj if isinstance(obj, tuple) and obj and all(map(_is_claim, obj)) else []
    items = []
    for claim in claims:
        item = ClaimItem.from_parent(collector, name=claim.id)
        item.claim = claim
        items.append(item)
    return items or None
