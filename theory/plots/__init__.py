"""One drawing function a result type, taking the axes: the only place that knows matplotlib."""
