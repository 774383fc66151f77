//! The binding to CPython: the module `rusttorch._C`. Its size does not grow with the number of ops.
