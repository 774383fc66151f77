"""Nested containers taken apart into leaves and put together again: dict, list, tuple, named tuple, deque.

Everything that is no registered container is a leaf, None and sets too.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from rusttorch.return_types import _NamedResult

__all__ = [
    "TreeSpec",
    "register_pytree_node",
    "tree_flatten",
    "tree_leaves",
    "tree_map",
    "tree_map_only",
    "tree_structure",
    "tree_unflatten",
    "treespec_pprint",
]


class _Container(NamedTuple):
    """How one kind of container is taken apart and put together."""

    flatten: Callable[[Any], tuple[Iterable[Any], Any]]
    unflatten: Callable[[Iterable[Any], Any], Any]


class TreeSpec:
    """The shape of a tree: the type of each container, what it needs to be put together, and its children.

    Two are equal where the same leaves would make equal trees; the order of a dict's keys counts.
    """

    __slots__ = ("_children", "_context", "num_leaves", "type")

    def __init__(self, type: Any, context: Any, children_specs: list[TreeSpec]) -> None:
        self.type = type
        self._context = context
        self._children = children_specs
        self.num_leaves: int = sum(child.num_leaves for child in children_specs) if type is not None else 1

    def is_leaf(self) -> bool:
        """Whether the tree is a single leaf."""
        return self.type is None

    def unflatten(self, leaves: Iterable[Any]) -> Any:
        """The tree with these leaves.

        Raises:
            ValueError: another number of leaves than the tree has.
        """
        leaves = list(leaves)
        if len(leaves) != self.num_leaves:
            raise ValueError(
                f"treespec.unflatten(leaves): `leaves` has length {len(leaves)} but the spec refers to a pytree that "
                f"holds {self.num_leaves} items ({self})."
            )
        return self._build(iter(leaves))

    def _build(self, leaves: Any) -> Any:
        if self.type is None:
            return next(leaves)
        children = [child._build(leaves) for child in self._children]
        container = _container(self.type)
        assert container is not None
        return container.unflatten(children, self._context)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TreeSpec):
            return NotImplemented
        return self.type is other.type and self._context == other._context and self._children == other._children

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self, indent: int = 0) -> str:
        if self.type is None:
            return "*"
        indent += 2
        children = [child.__repr__(indent) for child in self._children]
        listed = (",\n" + " " * indent).join(children)
        return f"TreeSpec({self.type.__name__}, {self._context}, [{listed}])"


_LEAF = TreeSpec(None, None, [])
_CONTAINERS: dict[type, _Container] = {}


def register_pytree_node(
    cls: type,
    flatten_fn: Callable[[Any], tuple[Iterable[Any], Any]],
    unflatten_fn: Callable[[Iterable[Any], Any], Any],
) -> None:
    """Make a class a container.

    Args:
        cls: the class; its subclasses stay leaves.
        flatten_fn: from an instance, its children and whatever else is needed to make it again.
        unflatten_fn: an instance from children and that.

    Raises:
        ValueError: the class is a container already.
    """
    if cls in _CONTAINERS:
        raise ValueError(f"{cls} is already registered as pytree node.")
    _CONTAINERS[cls] = _Container(flatten_fn, unflatten_fn)


def _flatten_dict(tree: dict[Any, Any]) -> tuple[list[Any], Any]:
    return list(tree.values()), list(tree)


def _flatten_sequence(tree: Iterable[Any]) -> tuple[list[Any], Any]:
    return list(tree), None


def _flatten_defaultdict(tree: defaultdict[Any, Any]) -> tuple[list[Any], Any]:
    return list(tree.values()), [tree.default_factory, list(tree)]


register_pytree_node(tuple, _flatten_sequence, lambda leaves, context: tuple(leaves))
register_pytree_node(list, _flatten_sequence, lambda leaves, context: list(leaves))
register_pytree_node(dict, _flatten_dict, lambda leaves, keys: dict(zip(keys, leaves, strict=True)))
register_pytree_node(OrderedDict, _flatten_dict, lambda leaves, keys: OrderedDict(zip(keys, leaves, strict=True)))
register_pytree_node(
    defaultdict,
    _flatten_defaultdict,
    lambda leaves, context: defaultdict(context[0], zip(context[1], leaves, strict=True)),
)
register_pytree_node(deque, lambda tree: (list(tree), tree.maxlen), lambda leaves, maxlen: deque(leaves, maxlen))


def _container(kind: type) -> _Container | None:
    """How instances of a class are taken apart; None where they are leaves."""
    known = _CONTAINERS.get(kind)
    if known is None and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        # a result such as that of `max` is made from a sequence of its items, a named tuple from the items
        if issubclass(kind, _NamedResult):
            return _Container(_flatten_sequence, lambda leaves, context: kind(leaves))
        return _Container(_flatten_sequence, lambda leaves, context: kind(*leaves))
    return known


def _take_apart(tree: Any, is_leaf: Callable[[Any], bool] | None, leaves: list[Any]) -> TreeSpec:
    kind = type(tree)
    container = None if is_leaf is not None and is_leaf(tree) else _container(kind)
    if container is None:
        leaves.append(tree)
        return _LEAF
    children, context = container.flatten(tree)
    return TreeSpec(kind, context, [_take_apart(child, is_leaf, leaves) for child in children])


def tree_flatten(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> tuple[list[Any], TreeSpec]:
    """The leaves of a tree, and its shape.

    Args:
        tree: nested containers, or a single leaf.
        is_leaf: says of a container that it counts as a leaf.
    """
    leaves: list[Any] = []
    spec = _take_apart(tree, is_leaf, leaves)
    return leaves, spec


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> Any:
    """The tree of a shape with these leaves; ValueError where their number is another."""
    return treespec.unflatten(leaves)


def tree_leaves(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> list[Any]:
    """The leaves of a tree, from left to right."""
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> TreeSpec:
    """The shape of a tree."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(func: Callable[..., Any], tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> Any:
    """The tree with `func(leaf)` in place of each leaf; the containers are new ones."""
    leaves, spec = tree_flatten(tree, is_leaf)
    return spec.unflatten([func(leaf) for leaf in leaves])


def tree_map_only(kind: type | tuple[type, ...], func: Callable[[Any], Any], tree: Any) -> Any:
    """`tree_map` for the leaves of one type, or of several; others stay."""
    return tree_map(lambda leaf: func(leaf) if isinstance(leaf, kind) else leaf, tree)


class _Asterisk:
    """Stands for a leaf in print."""

    def __repr__(self) -> str:
        return "*"


def treespec_pprint(treespec: TreeSpec) -> str:
    """The shape as the tree prints, with a star for each leaf: ``{'a': *, 'b': (*,)}``."""
    return repr(treespec.unflatten([_Asterisk() for _ in range(treespec.num_leaves)]))
