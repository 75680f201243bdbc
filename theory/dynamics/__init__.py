"""Dynamics on landscapes: gradient flow and descent, what they conserve, and solutions in closed form."""
