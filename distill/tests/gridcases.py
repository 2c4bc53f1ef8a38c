"""Random one-operator models: attributes, shapes and element types, as exporters and quantisers write them.

Each family, in a module of grid/, is a function of a random generator that returns a Case. A family draws what ONNX allows;
what ONNX Runtime refuses is skipped by the test, what the engine refuses or answers otherwise is a fault.
"""

from distill.tests.grid import arithmetic, contrib, movement, qdq, qoperators, windows

FLOAT = [windows.conv, windows.conv_transpose, windows.pool, windows.resize, windows.pad, movement.slices, arithmetic.matmul, arithmetic.gemm,
         arithmetic.reduce, arithmetic.elementwise, arithmetic.unary, arithmetic.softmax, arithmetic.norm, movement.move, arithmetic.casts,
         arithmetic.einsum, windows.grid_sample]
FAMILIES = {f.__name__: f for f in FLOAT + [qdq.qdq, qoperators.qoperator, contrib.fused, movement.sequence, windows.volume]}
