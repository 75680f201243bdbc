"""Calculus that knows no model: differences, inertia, Krawczyk boxes, tolerances, exact linear algebra."""
