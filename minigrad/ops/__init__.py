"""The calculus, a family of operations per file. One operation is one expression: a NumPy callable, its operands, and
one gradient rule each.

Each family is a mixin of `Tensor`; its methods annotate `self` as the Tensor they are part of. Forms that PyTorch also
offers in place (`exp_` beside `exp`) are made from the operation by `in_place`.
"""
