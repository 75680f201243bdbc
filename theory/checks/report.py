"""What a check answers, and the report that the battery hands back."""

from __future__ import annotations

import enum
import functools
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arithmetic import precision


class Status(enum.StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"


class Mismatch(AssertionError):
    """The model differs from what it promises."""


class NotApplicable(Exception):
    """There is nothing to check; the text says what is missing."""


@dataclass(frozen=True)
class Outcome:
    """The answer of one check: its name, how it ended, and one line of detail with the margin."""

    check: str
    status: Status
    detail: str

    def __str__(self) -> str:
        return f"{self.status:<14}  {self.check:<24}  {self.detail}"


@dataclass(frozen=True)
class Report:
    """The outcomes of the battery on one model.

    Attributes
    ----------
    model : the name of its class.
    outcomes : one ``Outcome`` a check, in the order of the battery.
    """

    model: str
    outcomes: tuple[Outcome, ...]

    def _with(self, status: Status) -> tuple[Outcome, ...]:
        return tuple(o for o in self.outcomes if o.status is status)

    @property
    def passed(self) -> tuple[Outcome, ...]:
        """The checks that passed."""
        return self._with(Status.PASSED)

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The checks that failed."""
        return self._with(Status.FAILED)

    @property
    def not_applicable(self) -> tuple[Outcome, ...]:
        """What else the model can be checked for; each detail says what it must offer."""
        return self._with(Status.NOT_APPLICABLE)

    @property
    def ok(self) -> bool:
        """Something was checked and nothing failed."""
        return bool(self.passed) and not self.failed

    def require(self) -> Report:
        """Itself if ``ok``, for use in a test.

        Raises
        ------
        AssertionError
            With the lines of the checks that failed.
        """
        if not self.ok:
            raise AssertionError("\n".join([self._summary, *map(str, self.failed)]))
        return self

    @property
    def _summary(self) -> str:
        counts = f"{len(self.passed)} passed, {len(self.failed)} failed, {len(self.not_applicable)} not applicable"
        return f"{self.model}: {counts}"

    def __str__(self) -> str:
        return "\n".join([self._summary, *map(str, (*self.failed, *self.passed, *self.not_applicable))])


Check = Callable[..., Outcome]


def check(*needs: str) -> Callable[[Callable[[Any, np.random.Generator], str]], Check]:
    """Make a check of a function (model, rng) -> detail that raises ``Mismatch`` or ``NotApplicable``.

    The check takes (model, *, seed=0) and returns an ``Outcome``. ``needs`` names the members without which it does not
    apply. Its random numbers depend on the seed and its own name only. Any other exception counts as a failure.
    """

    def decorate(body: Callable[[Any, np.random.Generator], str]) -> Check:
        name = body.__name__.removeprefix("check_")

        @functools.wraps(body)
        def run(model: Any, *, seed: int = 0) -> Outcome:
            rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
            try:
                missing = [member for member in needs if not hasattr(model, member)]
                if missing:
                    raise NotApplicable(f"needs {', '.join(missing)}")
                with precision():
                    return Outcome(name, Status.PASSED, body(model, rng))
            except NotApplicable as reason:
                return Outcome(name, Status.NOT_APPLICABLE, str(reason))
            except Mismatch as mismatch:
                return Outcome(name, Status.FAILED, str(mismatch))
            except Exception as error:  # a model that raises has failed, whatever it raises
                return Outcome(name, Status.FAILED, f"{type(error).__name__}: {error}")

        return run

    return decorate


def require(condition: Any, text: str) -> None:
    """Raise ``Mismatch`` with this text unless the condition holds."""
    if not condition:
        raise Mismatch(text)
