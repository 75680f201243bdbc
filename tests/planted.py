"""Wrong models, one fault each: ``PLANTED`` pairs the check that must reject a model with that model.

Each is a right model of the book with one member replaced, so that nothing else can be the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

import numpy as np

from theory.arithmetic import FLOAT, RATIONAL, arithmetic_of, to_float
from theory.landscape import Kind, Traits
from theory.manifolds.sphere import Sphere
from theory.models import DeepLinearNet, Quadratic, ReluNeuron, ShallowNet, SphericalSpinGlass

X, Y = [[1, 0, 1], [0, 2, 1]], [[1, 1, 0], [3, 0, "1/2"]]


class Net(DeepLinearNet):
    """The right net that most faults are planted in: widths (2, 2, 2)."""

    fault_in_traits: ClassVar = {}

    def __init__(self) -> None:
        super().__init__((2, 2, 2), X, Y)

    @cached_property
    def traits(self) -> Traits:
        return replace(DeepLinearNet.traits.func(self), **self.fault_in_traits)  # type: ignore[attr-defined]


def blocks(H: np.ndarray) -> tuple[np.ndarray, ...]:
    """Views of the four blocks of the Hessian of a net with two layers of four weights."""
    return H[..., :4, :4], H[..., :4, 4:], H[..., 4:, :4], H[..., 4:, 4:]


# Shapes, batches, ownership, entries


class UnbatchedLoss(Net):
    def loss(self, theta):
        return np.sum(super().loss(theta))


class KeptAxis(Net):
    def loss(self, theta):
        return np.asarray(super().loss(theta))[..., None]


class UnbatchedDirectionOfHvp(Net):
    def hvp(self, theta, v):
        return super().hvp(theta, np.broadcast_to(v, np.shape(theta)) if np.size(v) <= np.size(theta) else v[0])


class BatchLeak(Net):
    """Every gradient of a batch is centred by that of the first point."""

    def gradient(self, theta):
        g = super().gradient(theta)
        return g if g.ndim == 1 else g + (g - g.reshape(-1, self.dim)[0])


class LeakThroughTheLargest(Net):
    """A scale taken over the whole batch: invisible to loops, and only in floats."""

    def loss(self, theta):
        loss = super().loss(theta)
        return loss * (1 + 1e-6 * np.max(loss)) if np.asarray(theta).dtype != object else loss


class MutatesTheta(Net):
    def loss(self, theta):
        if isinstance(theta, np.ndarray) and theta.flags.writeable and theta.ndim == 2:
            theta[..., 0] = -theta[..., 0] + 1
        return super().loss(theta)


class MutatesDirection(Net):
    def hvp(self, theta, v):
        out = super().hvp(theta, v)
        if isinstance(v, np.ndarray) and v.base is None:
            v[..., 0] = v[..., 0] + 1
        return out


class ReturnsTheta(Quadratic):
    """For A = I, b = 0 the gradient is theta: equal, but it must not be the same memory."""

    def gradient(self, theta):
        return self._points(theta)


class ReturnsOwnMemory(Quadratic):
    """A cached Hessian is handed out, so the caller writes into the model."""

    def hessian(self, theta, out=None):
        H = super().hessian(theta, out)
        return self.__dict__.setdefault(f"_hessian{H.shape}{H.dtype}{arithmetic_of(H).name}", H) if out is None else H


class IntegerEntries(Net):
    """Zeros of the Hessian as Python ints, as dead units leave them."""

    def hessian(self, theta, out=None):
        H = super().hessian(theta, out)
        if arithmetic_of(H).name == RATIONAL:
            H[H == 0] = 0
            H[..., 0, 0] = 7
        return H


class FloatEntries(Net):
    def gradient(self, theta):
        g = super().gradient(theta)
        return to_float(g).astype(object) if arithmetic_of(g).name == RATIONAL else g


class BallsFromRationals(Net):
    def sample_losses(self, theta):
        from theory.arithmetic import ball

        losses = super().sample_losses(theta)
        return ball(losses) if arithmetic_of(np.atleast_1d(losses)).name == RATIONAL else losses


class UpcastsFloat32(Net):
    def hessian(self, theta, out=None):
        return super().hessian(np.asarray(theta, float) if np.asarray(theta).dtype.name == "float32" else theta, out)


class ComputesIntegersInFloats(Quadratic):
    """Float data and an int64 theta: there is no exact answer, and this one pretends that there is."""

    def loss(self, theta):
        return super().loss(np.asarray(theta, float) if np.asarray(theta).dtype.name == "int64" else theta)


class IgnoresOut(Net):
    def hessian(self, theta, out=None):
        return super().hessian(theta)


class LeavesOutUnwritten(Net):
    def hessian(self, theta, out=None):
        H = super().hessian(theta)
        if out is not None:
            np.copyto(out[..., :4, :], H[..., :4, :])
            np.copyto(out[..., 4:, :], 0 * H[..., 4:, :])
        return H if out is None else out


class AcceptsAnyOut(Net):
    def hessian(self, theta, out=None):
        H = super().hessian(theta)
        if out is not None and out.flags.writeable:
            out[...] = H
        return H if out is None else out


class SilentNaN(Net):
    """What contains NaN is answered by NaN instead of being refused."""

    def loss(self, theta):
        theta = np.asarray(theta) if not isinstance(theta, list) else theta
        if getattr(theta, "dtype", None) in (np.float64, np.float32) and np.isnan(theta).any():
            return np.full(theta.shape[:-1], np.nan)
        return super().loss(theta)


class WordlessRefusal(Net):
    def gradient(self, theta):
        if np.size(theta) == 0:
            raise ValueError("bad input")
        return super().gradient(theta)


class AcceptsAnyDirection(Net):
    def hvp(self, theta, v):
        return super().hvp(theta, np.nan_to_num(v) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v)


class OpenAfterPickling(Quadratic):
    """Plain pickling forgets that the arrays are read-only."""

    def __reduce__(self):
        return _restore, (type(self), {name: np.array(getattr(self, name)) for name in ("A", "b")}, self.c)


def _restore(cls, arrays, c):
    model = cls.__new__(cls)
    for name, value in {**arrays, "c": c}.items():
        object.__setattr__(model, name, value)
    return model


class OpenData(Quadratic):
    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "A", np.array(self.A))


class ForgetsWhenPickled(Quadratic):
    def __reduce__(self):
        return type(self), (np.array(self.A),)


class UnpacksCopies(Net):
    def unpack(self, theta):
        return tuple(w.copy() for w in super().unpack(theta))


class PacksTransposed(Net):
    def pack(self, *parts):
        return super().pack(*(np.swapaxes(p, -1, -2) for p in parts))


class PacksWithoutBroadcasting(Net):
    def pack(self, *parts):
        return np.concatenate([p.reshape(*np.shape(parts[-1])[:-2], -1) for p in parts], axis=-1)


# Derivatives


class WrongFactor(Net):
    def gradient(self, theta):
        return super().gradient(theta) * arithmetic_of(self._points(theta)).fraction(1, 2)


class WrongSignOfOneEntry(Net):
    def gradient(self, theta):
        g = super().gradient(theta)
        g[..., 3] = -g[..., 3]
        return g


class SlightlyWrongGradient(Net):
    """Off by one part in ten million: seen by differences, not by eye."""

    def gradient(self, theta):
        return super().gradient(theta) * (1 + arithmetic_of(self._points(theta)).fraction(1, 10**7))


class SwappedIndex(Net):
    """C[p, q'] in place of C[q', p] in the cross block, kept symmetric."""

    def hessian(self, theta, out=None):
        H = super().hessian(theta, out)
        _, upper, lower, _ = blocks(H)
        C = upper.copy().reshape(*upper.shape[:-2], 2, 2, 2, 2).swapaxes(-1, -2).reshape(upper.shape)
        upper[...], lower[...] = C, C.swapaxes(-1, -2)
        return H


class MissingCrossTerm(Net):
    """The layers are differentiated one at a time: no blocks off the diagonal."""

    def hessian(self, theta, out=None):
        H = super().hessian(theta, out)
        _, upper, lower, _ = blocks(H)
        upper[...], lower[...] = 0 * upper, 0 * lower
        return H


class WrongFactorOfTheDiagonal(Net):
    def hessian(self, theta, out=None):
        H = super().hessian(theta, out)
        H[..., :4, :4] = 2 * H[..., :4, :4]
        return H


class Asymmetric(Net):
    """The lower block is not mirrored; v^T H v and the differences, which see symmetric parts only, are left right."""

    def hessian(self, theta, out=None):
        H = super().hessian(theta, out)
        H[..., 0, 1] = H[..., 0, 1] + 1
        H[..., 1, 0] = H[..., 1, 0] - 1
        return H


class HvpWithoutCrossTerm(Net):
    def hvp(self, theta, v):
        H = super().hessian(theta)
        first, _, _, last = blocks(H)
        v = self._directions(v, self._points(theta))[..., None]
        return np.concatenate([first @ v[..., :4, :], last @ v[..., 4:, :]], -2)[..., 0]


class GaussNewtonProduct(Net):
    def hvp(self, theta, v):
        return super().hvp(theta, v) + super().gradient(theta)


class NotAnalytic(Net):
    """The modulus of the imaginary part is lost on the way."""

    def loss(self, theta):
        return super().loss(np.real(theta) if np.iscomplexobj(theta) else theta)


class NotAnalyticGradient(Net):
    def gradient(self, theta):
        return super().gradient(theta).real.astype(complex) if np.iscomplexobj(theta) else super().gradient(theta)


class FloatsDrift(Net):
    """Single precision inside: right to seven digits, which differences of a loss hardly see."""

    def sample_losses(self, theta):
        losses = super().sample_losses(theta)
        return losses.astype(np.float32).astype(losses.dtype) if losses.dtype == float else losses


class SinglePrecisionIsOff(Net):
    def hvp(self, theta, v):
        out = super().hvp(theta, v)
        return out + out.dtype.type(1 / 1024) * abs(out).max() if out.dtype == np.float32 else out


class RationalsAreOff(Net):
    def loss(self, theta):
        loss = np.asarray(super().loss(theta))
        return loss + 1 if arithmetic_of(np.atleast_1d(loss)).name == RATIONAL else loss


class RefusesRationals(Net):
    def loss(self, theta):
        from theory.errors import NotExact

        if arithmetic_of(self._points(theta)).name == RATIONAL:
            raise NotExact("Net: theta has no rational values here")
        return super().loss(theta)


# Traits, samples, symmetries


class WrongSampleWeight(Net):
    @property
    def sample_weight(self):
        return Fraction(1, 3)


class FloatSampleWeight(Net):
    @property
    def sample_weight(self):
        return 1.0


class WrongSampleGradients(Net):
    """The samples in another order would be right; the gradient of one of them twice is not."""

    def sample_gradients(self, theta):
        G = super().sample_gradients(theta)
        G[..., 1, :] = G[..., 0, :]
        return G


class WrongDirection(Net):
    """W_2 xi in place of -W_2 xi."""

    def symmetry_directions(self, theta):
        d = super().symmetry_directions(theta)
        d[..., 4:] = -d[..., 4:]
        return d


class WrongImage(Net):
    def symmetry_images(self, theta):
        images = super().symmetry_images(theta)
        images[1, ..., 4:] = self._points(theta)[..., 4:]
        return images


class UnnamedSymmetry(Net):
    fault_in_traits: ClassVar = {"symmetry": ""}


class InventedSymmetry(Quadratic):
    traits = Traits(polynomial_degree=2, has_samples=False, symmetry="O(2)")


class HiddenSamples(Net):
    fault_in_traits: ClassVar = {"has_samples": False}


class MissingSamples(Quadratic):
    traits = Traits(polynomial_degree=2, has_samples=True)


class NeverSaysWhere(Net):
    fault_in_traits: ClassVar = {"smooth": False, "analytic": False}


class ClaimsSmooth(ReluNeuron):
    traits = Traits(smooth=True, analytic=False, symmetry="1 rescaling")


class ClaimsSmoothLoss(ShallowNet):
    """Huber's loss is C^1 only: the Hessian jumps, the gradient does not."""

    traits = Traits(smooth=True, analytic=False)


class WrongResiduals(Net):
    def residuals(self, theta):
        return 2 * super().residuals(theta)


class NoResiduals(Quadratic):
    traits = Traits(polynomial_degree=2, has_samples=False, squares=True)


class TooLowDegree(Net):
    fault_in_traits: ClassVar = {"polynomial_degree": 3}


class NotHomogeneous(Quadratic):
    traits = Traits(polynomial_degree=2, homogeneous_degree=2, has_samples=False)


class WrongHomogeneousDegree(SphericalSpinGlass):
    traits = Traits(polynomial_degree=3, homogeneous_degree=2, has_samples=False)


class WrongGroups(ShallowNet):
    """tanh is not homogeneous: no layer may be scaled."""

    traits = Traits(symmetry="S_2, 2 sign flips", layer_groups=(("W", "b"), ("a",)))


class GroupsWithoutBias(ShallowNet):
    """ReLU: the bias has to be scaled with the weights."""

    traits = Traits(smooth=False, analytic=False, symmetry="S_2, 2 rescalings", layer_groups=(("W",), ("a",)))


# Points, manifolds, kinks


class NotCritical(Net):
    def known_points(self):
        for point in super().known_points():
            yield replace(point, theta=point.theta + 1, loss=None)


class WrongKind(Net):
    def known_points(self):
        for point in super().known_points():
            yield replace(point, kind=Kind.LOCAL_MINIMUM)


class StrictThatIsNot(Net):
    """Depth 3: the Hessian at the origin is zero, the saddle is not strict."""

    def __init__(self):
        DeepLinearNet.__init__(self, (2, 2, 2, 2), X, Y)

    def known_points(self):
        for point in super().known_points():
            yield replace(point, kind=Kind.STRICT_SADDLE)


class WrongKnownLoss(Net):
    def known_points(self):
        for point in super().known_points():
            yield replace(point, loss=point.loss + 1)


class NotGlobal(Quadratic):
    def known_points(self):
        for point in super().known_points():
            yield replace(point, kind=Kind.GLOBAL_MINIMUM, loss=None)


class WrongOnTheSphere(SphericalSpinGlass):
    """Points that are critical in R^N, or on no sphere of this radius, are not critical on the sphere."""

    def known_points(self):
        for point in super().known_points():
            yield replace(point, theta=point.theta[::-1] + 1, loss=None)


class TooHighMinimum(Net):
    def minimum_value(self):
        return super().minimum_value() + 100


class AttainableMinimumTooHigh(Net):
    """Above the true minimum by little: only a descent comes below it."""

    def minimum_value(self):
        from theory.arithmetic import flint

        return super().minimum_value() + flint().fmpq(1, 1000)


class MissingCurvatureTerm(SphericalSpinGlass):
    """P H P without the term -(<g, x> / r^2) P."""

    def riemannian_hessian(self, theta, out=None):
        return self.manifold.riemannian_hessian(theta, 0 * self.gradient(theta), self.hessian(theta))


@dataclass(frozen=True)
class FlatHessianSphere(Sphere):
    def riemannian_hessian(self, x, g, H, out=None):
        return super().riemannian_hessian(x, 0 * g, H, out)


class ManifoldWithoutCurvatureTerm(SphericalSpinGlass):
    @cached_property
    def manifold(self):
        return FlatHessianSphere(self.N, self.N)

    def riemannian_hessian(self, theta, out=None):
        return self.manifold.riemannian_hessian(theta, self.gradient(theta), self.hessian(theta))


class WrongDimension(SphericalSpinGlass):
    @cached_property
    def manifold(self):
        return Sphere(self.N + 1, self.N)


class SmoothEverywhere(ReluNeuron):
    def smooth_at(self, theta):
        return np.ones(self._points(theta).shape[:-1], bool)


class SmoothNowhere(ReluNeuron):
    def smooth_at(self, theta):
        return np.zeros(self._points(theta).shape[:-1], bool)


class PatternOfFloats(ReluNeuron):
    """The pattern of floats is taken at >= 0 after a shift that exact arithmetic does not make."""

    def activation_pattern(self, theta):
        theta = self._points(theta)
        return super().activation_pattern(theta + 1 if arithmetic_of(theta).name == FLOAT else theta)


class TwoSided(ReluNeuron):
    """The slope of the active piece, wrong at kinks only."""

    def one_sided_derivative(self, theta, v):
        return (self.gradient(theta) * self._directions(v, self._points(theta))).sum(-1)


def _glass(cls: type) -> SphericalSpinGlass:
    return cls(3, 3, [1, 2, -1, 0, "1/2", 3, -2, 1, 0, 1])


def _neuron(cls: type) -> ReluNeuron:
    return cls([[1, -1, 0, 2], [0, 1, -2, "1/2"]], [1, 2, 0, "-1/3"], output_weight=True, bias=True)


_IDENTITY, _SADDLE, _FLOATS = [[1, 0], [0, 1]], [[1, 2], [2, 1]], np.array([[1.5, 0.25], [0.25, -1.0]])

RIGHT = (
    Net(),
    Quadratic(_IDENTITY),
    Quadratic(_SADDLE, [1, 2]),
    Quadratic(_FLOATS),
    _neuron(ReluNeuron),
    _glass(SphericalSpinGlass),
    ShallowNet(2, X, [1, -1, 2]),
    ShallowNet(2, X, [1, -1, 2], "relu"),
    ShallowNet(2, X, [1, -1, 2], "square", loss="huber"),
)

PLANTED = (
    ("shapes", UnbatchedLoss()),
    ("shapes", KeptAxis()),
    ("shapes", UnbatchedDirectionOfHvp()),
    ("batch_equals_loop", BatchLeak()),
    ("batch_equals_loop", LeakThroughTheLargest()),
    ("inputs_untouched", MutatesTheta()),
    ("inputs_untouched", MutatesDirection()),
    ("inputs_untouched", ReturnsTheta(_IDENTITY)),
    ("inputs_untouched", ReturnsOwnMemory(_SADDLE)),
    ("entry_types", IntegerEntries()),
    ("entry_types", FloatEntries()),
    ("entry_types", BallsFromRationals()),
    ("entry_types", UpcastsFloat32()),
    ("entry_types", ComputesIntegersInFloats(_FLOATS)),
    ("out", IgnoresOut()),
    ("out", LeavesOutUnwritten()),
    ("out", AcceptsAnyOut()),
    ("bad_inputs", SilentNaN()),
    ("bad_inputs", WordlessRefusal()),
    ("bad_inputs", AcceptsAnyDirection()),
    ("read_only", OpenAfterPickling(_SADDLE)),
    ("read_only", OpenData(_SADDLE)),
    ("read_only", ForgetsWhenPickled(_SADDLE, [1, 2])),
    ("layout", UnpacksCopies()),
    ("layout", PacksTransposed()),
    ("layout", PacksWithoutBroadcasting()),
    ("gradient", WrongFactor()),
    ("gradient", WrongSignOfOneEntry()),
    ("gradient", SlightlyWrongGradient()),
    ("hessian", SwappedIndex()),
    ("hessian", MissingCrossTerm()),
    ("hessian", WrongFactorOfTheDiagonal()),
    ("symmetric", Asymmetric()),
    ("hvp", HvpWithoutCrossTerm()),
    ("hvp", GaussNewtonProduct()),
    ("analytic", NotAnalytic()),
    ("analytic", NotAnalyticGradient()),
    ("arithmetics_agree", FloatsDrift()),
    ("arithmetics_agree", SinglePrecisionIsOff()),
    ("arithmetics_agree", RationalsAreOff()),
    ("arithmetics_agree", RefusesRationals()),
    ("samples", WrongSampleWeight()),
    ("samples", FloatSampleWeight()),
    ("samples", WrongSampleGradients()),
    ("symmetry_directions", WrongDirection()),
    ("symmetry_images", WrongImage()),
    ("stated_members", UnnamedSymmetry()),
    ("stated_members", InventedSymmetry(_IDENTITY)),
    ("stated_members", HiddenSamples()),
    ("stated_members", MissingSamples(_IDENTITY)),
    ("stated_members", NeverSaysWhere()),
    ("smooth", _neuron(ClaimsSmooth)),
    ("smooth", ClaimsSmoothLoss(2, X, [1, -1, 2], "square", loss="huber")),
    ("residuals", WrongResiduals()),
    ("residuals", NoResiduals(_SADDLE)),
    ("polynomial_degree", TooLowDegree()),
    ("homogeneous_degree", NotHomogeneous(_SADDLE, [1, 2])),
    ("homogeneous_degree", _glass(WrongHomogeneousDegree)),
    ("layer_groups", WrongGroups(2, X, [1, -1, 2])),
    ("layer_groups", GroupsWithoutBias(2, X, [1, -1, 2], "relu")),
    ("known_points", NotCritical()),
    ("known_points", WrongKind()),
    ("known_points", StrictThatIsNot()),
    ("known_points", WrongKnownLoss()),
    ("known_points", NotGlobal(_SADDLE)),
    ("known_points", WrongOnTheSphere(4, 2, [1, 0, 0, 0, 2, 0, 0, 3, 0, -1])),
    ("minimum_value", TooHighMinimum()),
    ("minimum_value", AttainableMinimumTooHigh()),
    ("manifold", _glass(MissingCurvatureTerm)),
    ("manifold", _glass(ManifoldWithoutCurvatureTerm)),
    ("manifold", _glass(WrongDimension)),
    ("kinks", _neuron(SmoothEverywhere)),
    ("kinks", _neuron(SmoothNowhere)),
    ("kinks", _neuron(PatternOfFloats)),
    ("one_sided", _neuron(TwoSided)),
)
