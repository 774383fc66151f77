"""Transforms of functions: from a function, the function that computes its gradient, its Jacobian or its Hessian."""

from rusttorch._functorch.eager_transforms import grad as grad
from rusttorch._functorch.eager_transforms import grad_and_value as grad_and_value
from rusttorch._functorch.eager_transforms import hessian as hessian
from rusttorch._functorch.eager_transforms import jacrev as jacrev
from rusttorch._functorch.eager_transforms import vjp as vjp
from rusttorch._functorch.functional_call import functional_call as functional_call
from rusttorch._functorch.functional_call import stack_module_state as stack_module_state

__all__ = ["functional_call", "grad", "grad_and_value", "hessian", "jacrev", "stack_module_state", "vjp"]

for _name in __all__:
    globals()[_name].__module__ = __name__
