"""`utils._pytree`: containers taken apart and put together, their shapes compared, classes made containers."""

from collections import OrderedDict, defaultdict, deque, namedtuple

import pytest

import rusttorch as torch
from rusttorch.utils import _pytree as pytree

Pair = namedtuple("Pair", "a b")


def test_round_trip():
    tree = {
        "list": [1, (2, 3)],
        "named": Pair(4, None),
        "ordered": OrderedDict(x=5),
        "default": defaultdict(list, y=6),
        "deque": deque([7], 3),
        "leaf": {8},
        "empty": (),
    }
    leaves, spec = pytree.tree_flatten(tree)
    assert leaves == [1, 2, 3, 4, None, 5, 6, 7, {8}] == pytree.tree_leaves(tree)
    again = pytree.tree_unflatten(leaves, spec)
    assert again == tree and again is not tree and again["list"] is not tree["list"]
    assert [type(value) for value in again.values()] == [type(value) for value in tree.values()]
    assert again["deque"].maxlen == 3 and again["default"].default_factory is list
    assert pytree.tree_map(lambda leaf: 0, tree)["named"] == Pair(0, 0)
    assert pytree.tree_map_only(int, lambda leaf: leaf + 1, [1, "a"]) == [2, "a"]
    found = torch.max(torch.tensor([[1.0, 2.0]]), 1)
    doubled = pytree.tree_map(lambda leaf: leaf * 2, found)
    assert type(doubled) is type(found) and doubled.values.item() == 4 and doubled.indices.item() == 2
    with pytest.raises(ValueError, match="`leaves` has length 1 but the spec refers to a pytree that holds 9 items"):
        pytree.tree_unflatten([1], spec)


def test_shapes():
    shape = pytree.tree_structure
    assert shape([1, (2,)]) == shape(["a", (None,)]) and shape([1]) != shape((1,)) and shape([1]) != shape([1, 2])
    assert shape({"a": 1, "b": 2}) != shape({"b": 1, "a": 2}) and shape({"a": 1}) != shape(OrderedDict(a=1))
    assert shape(1).is_leaf() and not shape([]).is_leaf() and shape([]).num_leaves == 0
    assert pytree.treespec_pprint(shape({"a": 1, "b": (2,)})) == "{'a': *, 'b': (*,)}"
    assert repr(shape([1, (2,)])) == "TreeSpec(list, None, [*,\n  TreeSpec(tuple, None, [*])])"
    assert pytree.tree_leaves([(1, 2), 3], is_leaf=lambda node: isinstance(node, tuple)) == [(1, 2), 3]


def test_a_class_becomes_a_container():
    class Point:
        def __init__(self, x, y):
            self.x, self.y = x, y

    assert len(pytree.tree_leaves(Point(1, 2))) == 1
    pytree.register_pytree_node(Point, lambda p: ([p.x, p.y], None), lambda leaves, context: Point(*leaves))
    assert pytree.tree_leaves(Point(1, [2, 3])) == [1, 2, 3]
    gradient = torch.func.grad(lambda p: p.x * p.y)(Point(torch.tensor(2.0), torch.tensor(5.0)))
    assert (gradient.x, gradient.y) == (5, 2)
    with pytest.raises(ValueError, match="is already registered as pytree node"):
        pytree.register_pytree_node(list, list, list)
