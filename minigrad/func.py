"""Functions that take a function and give its derivative, as `torch.func` has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minigrad.autograd import functional
from minigrad.autograd.gradients import grad as gradients
from minigrad.errors import GraphError
from minigrad.grad_mode import enable_grad, is_grad_enabled
from minigrad.ops.shape import stack
from minigrad.tensor import Tensor

__all__ = ["functional_call", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "vjp", "vmap"]


def _tree(f: Callable[[Any], Any], x: Any) -> Any:
    """f of every tensor in nested tuples, lists and dicts."""
    if isinstance(x, Mapping):
        return {key: _tree(f, value) for key, value in x.items()}
    if isinstance(x, tuple | list):
        parts = [_tree(f, part) for part in x]
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    return f(x) if isinstance(x, Tensor) else x


def _tensors(x: Any) -> list[Tensor]:
    found: list[Tensor] = []
    _tree(found.append, x)
    return found


def _leaf(x: Tensor) -> Tensor:
    """A tensor to differentiate by: one more node of the graph that it is in, if in one."""
    return x.view_as(x) if x.requires_grad else x.detach().requires_grad_()


def grad_and_value(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that gives the gradient of `func`, which gives one number, by its arguments `argnums`; and the value.

    An argument may be a tensor or nested dicts, lists and tuples of them; the gradient has the same form. With `has_aux` the
    function gives (number, anything), and the result is (gradient, (value, anything)). Derivatives can be taken again.

    >>> import minigrad
    >>> minigrad.func.grad_and_value(lambda x: x**3)(minigrad.tensor(2.0))
    (tensor(12.), tensor(8.))
    """

    def derivative(*args: Any, **kwargs: Any) -> Any:
        places = argnums if isinstance(argnums, tuple) else (argnums,)
        again = is_grad_enabled() and any(x.requires_grad for x in _tensors([args, kwargs]))
        with enable_grad():
            values = list(args)
            for i in places:
                values[i] = _tree(_leaf, values[i])
            out = func(*values, **kwargs)
            value, extra = out if has_aux else (out, None)
            if not isinstance(value, Tensor) or value.numel() != 1:
                raise GraphError("grad: the function must return one number, as a tensor of one element")
            leaves = _tensors([values[i] for i in places])
            found = iter(
                gradients(value, leaves, create_graph=again, materialize_grads=True)
                if value.requires_grad
                else [x.new_zeros(x.shape) for x in leaves]
            )
        parts = tuple(_tree(lambda _: next(found), values[i]) for i in places)
        result = parts if isinstance(argnums, tuple) else parts[0]
        if not again:
            value, extra = value.detach(), _tree(lambda x: x.detach(), extra)
        return (result, (value, extra)) if has_aux else (result, value)

    return derivative


def grad(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that gives the gradient of `func` by its arguments `argnums`: see `grad_and_value`.

    >>> import minigrad
    >>> minigrad.func.grad(minigrad.func.grad(minigrad.sin))(minigrad.tensor(0.5))
    tensor(-0.4794)
    """
    both = grad_and_value(func, argnums, has_aux)

    def derivative(*args: Any, **kwargs: Any) -> Any:
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return derivative


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The function's value at `primals`, and the function v ↦ vᵀJ there, a tuple of one gradient per argument.

    >>> import minigrad
    >>> value, pull = minigrad.func.vjp(lambda x: x**2, minigrad.tensor([1.0, 2.0]))
    >>> pull(minigrad.ones(2))
    (tensor([2., 4.]),)
    """
    with enable_grad():
        values = [_tree(_leaf, x) for x in primals]
        out = func(*values)
        result, extra = out if has_aux else (out, None)
    leaves, roots = _tensors(values), _tensors([result])

    def pull(*cotangents: Any) -> Any:
        starts = _tensors(list(cotangents))
        found = iter(
            gradients(roots, leaves, starts, retain_graph=True, create_graph=is_grad_enabled(), materialize_grads=True)
        )
        pulled = tuple(_tree(lambda _: next(found), x) for x in values)
        return (
            _tree(lambda g: g.detach(), pulled) if not any(x.requires_grad for x in _tensors(list(primals))) else pulled
        )

    shown = _tree(lambda x: x.detach(), result)
    return (shown, pull, extra) if has_aux else (shown, pull)


def jvp(func: Callable[..., Any], primals: Any, tangents: Any) -> tuple[Any, Any]:
    """The function's value, and Jv."""
    return functional.jvp(func, tuple(primals), tuple(tangents), create_graph=any(x.requires_grad for x in primals))


def jacrev(func: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """A function that gives the Jacobian of `func` by one argument, of shape (*output, *input).

    >>> import minigrad
    >>> minigrad.func.jacrev(lambda x: x**2)(minigrad.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    def derivative(*args: Any) -> Any:
        def of_one(x: Tensor) -> Any:
            return func(*args[:argnums], x, *args[argnums + 1 :])

        return functional.jacobian(of_one, args[argnums], create_graph=args[argnums].requires_grad)

    return derivative


def jacfwd(func: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """`jacrev`: the same matrix, by backward passes."""
    return jacrev(func, argnums)


def hessian(func: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """A function that gives the matrix of second derivatives of `func` by one argument.

    >>> import minigrad
    >>> minigrad.func.hessian(lambda x: (x**3).sum())(minigrad.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacrev(jacrev(func, argnums), argnums)


def vmap(func: Callable[..., Any], in_dims: Any = 0, out_dims: int = 0) -> Callable[..., Any]:
    """A function of batches: `func` called for each of the entries along `in_dims`, the results stacked along `out_dims`.

    It is a loop: as quick as calling `func` that often.
    """

    def mapped(*args: Any) -> Any:
        dims = in_dims if isinstance(in_dims, tuple | list) else [in_dims] * len(args)
        n = next(x.shape[d] for x, d in zip(args, dims) if d is not None)
        results = [func(*[x if d is None else x.select(d, i) for x, d in zip(args, dims)]) for i in range(n)]
        if isinstance(results[0], tuple):
            return tuple(stack(list(parts), out_dims) for parts in zip(*results))
        return stack(results, out_dims)

    return mapped


def functional_call(module: Any, parameters: Mapping[str, Tensor], args: Any = (), kwargs: Any = None) -> Any:
    """Call a module with other tensors in the place of its parameters and buffers, named as in `named_parameters`.

    They are where the gradients go; the module is left as it was, also after an error. KeyError for an unknown name.

    >>> import minigrad
    >>> layer = minigrad.nn.Linear(2, 1)
    >>> zeros = {name: p.detach() * 0 for name, p in layer.named_parameters()}
    >>> minigrad.func.functional_call(layer, zeros, minigrad.ones(1, 2))
    tensor([[0.]])
    """
    known = dict(module.named_modules())
    before = []
    try:
        for path, tensor in parameters.items():
            owner, _, name = path.rpartition(".")
            if owner not in known or name not in vars(known[owner]):
                raise KeyError(f"functional_call: the module has no {path!r}: see module.named_parameters()")
            before.append((known[owner], name, vars(known[owner])[name]))
            known[owner].__dict__[name] = tensor
        return module(*(args if isinstance(args, tuple) else (args,)), **(kwargs or {}))
    finally:
        for owner, name, value in reversed(before):
            owner.__dict__[name] = value
