"""All critical points of deep linear nets with the squared loss: values, normal forms, kinds, inertia, certificates."""

from theory.critical.deep_linear.curves import ascent_curve as ascent_curve
from theory.critical.deep_linear.curves import descent_curve as descent_curve
from theory.critical.deep_linear.curves import escape_line as escape_line
from theory.critical.deep_linear.curves import fibre_certificate as fibre_certificate
from theory.critical.deep_linear.fibres import fibre_component as fibre_component
from theory.critical.deep_linear.fibres import fibre_components as fibre_components
from theory.critical.deep_linear.fibres import orbit_dimension as orbit_dimension
from theory.critical.deep_linear.fibres import rank_of_product_map as rank_of_product_map
from theory.critical.deep_linear.kinds import decide as decide
from theory.critical.deep_linear.nearby import near as near
from theory.critical.deep_linear.normal_form import normal_form as normal_form
from theory.critical.deep_linear.normal_form import random_critical_point as random_critical_point
from theory.critical.deep_linear.ranks import Ranks as Ranks
from theory.critical.deep_linear.ranks import ranks_at as ranks_at
from theory.critical.deep_linear.values import CriticalValue as CriticalValue
from theory.critical.deep_linear.values import atlas as atlas
from theory.critical.deep_linear.values import critical_values as critical_values
