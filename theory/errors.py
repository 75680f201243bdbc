"""Exceptions named after mathematical situations; their texts read "Where: required, got; next step"."""


class LandscapeError(Exception):
    """Base of every exception that names a mathematical situation."""


class NotExact(LandscapeError, TypeError):
    """An exact answer was asked of data that are only known approximately."""


class Undecided(LandscapeError, ArithmeticError):
    """A ball contains the point at which the answer changes: raise the precision or move away from the boundary."""


class NotCritical(LandscapeError, ValueError):
    """A critical point was required and the gradient is proved not to vanish."""


class Degenerate(LandscapeError, ValueError):
    """A matrix that must be invertible is singular, or a critical point is not isolated where it must be."""


class TooLarge(LandscapeError, MemoryError):
    """The result would not fit into the stated memory bound."""


class BadFile(LandscapeError, ValueError):
    """A file cannot be read as what it should be."""


class UnknownName(LandscapeError, LookupError):
    """No claim, model, exercise or figure has this name."""
