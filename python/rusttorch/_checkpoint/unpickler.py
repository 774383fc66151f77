"""Reads pickles without running code: only known names, and only operations that build data from them.

A pickle is a program for a small stack machine that can call anything it can import. This machine has no way to
import: a name is looked up in a table, a call is made only to what the table calls a constructor, and attributes are
set only on new objects of types that the table, or the user by `add_safe_globals`, lets have some.
"""

from __future__ import annotations

import pickle
import struct
from collections import Counter, OrderedDict
from collections.abc import Callable
from pickle import UnpicklingError
from typing import IO, Any

# Raised by data that means nothing, at whatever depth; it becomes an UnpicklingError.
_BAD_DATA = (TypeError, ValueError, IndexError, KeyError, AttributeError, OverflowError, struct.error)

# Modules and names as Python 2, and with it protocol 2, writes them.
_MODULES_IN_PYTHON_3 = {"__builtin__": "builtins", "copy_reg": "copyreg"}


class Names:
    """The names that a pickle may use.

    Args:
        constructors: functions and classes that it may also call.
        values: objects that it may only refer to.
        classes: classes whose objects it may make and give a state.
    """

    def __init__(self, constructors: dict[str, Any], values: dict[str, Any], classes: Callable[[str], Any]) -> None:
        self._constructors = constructors
        self._values = values
        self._classes = classes
        self._callable = {id(value) for value in constructors.values()}
        self._found_classes: dict[int, Any] = {}

    def find(self, module: str, name: str) -> Any:
        """The object of that name.

        Raises:
            UnpicklingError: the name is not one of these.
        """
        module = _MODULES_IN_PYTHON_3.get(module, module)
        if module.partition(".")[0] == "rusttorch":
            module = "torch" + module[len("rusttorch") :]
        path = f"{module}.{name}"
        for table in (self._constructors, self._values):
            if path in table:
                return table[path]
        cls = self._classes(path)
        if cls is None:
            shown = name if module == "builtins" else path
            raise UnpicklingError(
                f"Unsupported global: GLOBAL {path} was not an allowed global by default. Please use "
                f"`torch.serialization.add_safe_globals([{shown}])` or the "
                f"`torch.serialization.safe_globals([{shown}])` context manager to allowlist this global if you "
                "trust this class/function."
            )
        self._found_classes[id(cls)] = cls
        return cls

    def may_call(self, function: Any) -> bool:
        """Whether a pickle may call this."""
        return id(function) in self._callable or id(function) in self._found_classes

    def may_have_objects(self, cls: Any) -> bool:
        """Whether a pickle may make objects of this class and give them a state."""
        return id(cls) in self._found_classes


class Unpickler:
    """Reads one pickle after the other from a file.

    Args:
        f: has ``read`` and ``readline``.
        names: what the pickle may refer to.
        persistent_load: gives the object of a persistent id; without it the pickle may have none.
        encoding: of the texts of Python 2.
    """

    def __init__(
        self,
        f: IO[bytes],
        names: Names,
        persistent_load: Callable[[Any], Any] | None = None,
        encoding: str = "utf-8",
    ) -> None:
        self._file = f
        self._names = names
        self._persistent_load = persistent_load
        self._encoding = encoding
        self._stack: list[Any] = []
        self._marks: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def load(self) -> Any:
        """The object that the next pickle describes.

        Raises:
            UnpicklingError: the pickle is damaged, or wants what it may not have.
            EOFError: there is nothing more in the file.
        """
        self._stack, self._marks, self._memo = [], [], {}
        first = True
        while True:
            code = self._file.read(1)
            if not code:
                if first:
                    raise EOFError("Ran out of input")
                raise UnpicklingError("pickle data was truncated")
            first = False
            operation = _OPERATIONS.get(code[0])
            if operation is None:
                raise UnpicklingError(f"Unsupported operand {code[0]}")
            try:
                operation(self)
                if code == pickle.STOP:
                    return self._stack.pop()
            except _BAD_DATA as error:
                name = _NAMES_OF_OPERATIONS[code[0]]
                raise UnpicklingError(f"invalid pickle data at {name}: {type(error).__name__}: {error}") from error

    def _bytes(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) != count:
            raise UnpicklingError("pickle data was truncated")
        return data

    def _number(self, form: str) -> int:
        number: int = struct.unpack(form, self._bytes(struct.calcsize(form)))[0]
        return number

    def _line(self) -> str:
        line = self._file.readline()
        if not line.endswith(b"\n"):
            raise UnpicklingError("pickle data was truncated")
        return line[:-1].decode("utf-8")

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _since_mark(self) -> list[Any]:
        items = self._stack
        self._stack = self._marks.pop()
        return items

    def _mark(self) -> None:
        self._marks.append(self._stack)
        self._stack = []

    def _text(self, length: int) -> None:
        self._push(self._bytes(length).decode("utf-8", "surrogatepass"))

    def _old_text(self, length: int) -> None:
        data = self._bytes(length)
        self._push(data if self._encoding == "bytes" else data.decode(self._encoding))

    def _tuple(self, count: int) -> None:
        if len(self._stack) < count:
            raise IndexError("the stack is too short")
        items = tuple(self._stack[-count:])
        del self._stack[-count:]
        self._push(items)

    def _append(self, items: list[Any]) -> None:
        if type(self._stack[-1]) is not list:
            raise UnpicklingError(f"Can only append to lists, but got {type(self._stack[-1])}")
        self._stack[-1].extend(items)

    def _set_items(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) not in (dict, OrderedDict, Counter):
            raise UnpicklingError(
                f"Can only SETITEMS for dict, collections.OrderedDict, collections.Counter, but got {type(target)}"
            )
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[key] = value

    def _add_items(self, items: list[Any]) -> None:
        if type(self._stack[-1]) is not set:
            raise UnpicklingError(f"Can only add to sets, but got {type(self._stack[-1])}")
        self._stack[-1].update(items)

    def _dict(self) -> None:
        items = self._since_mark()
        self._push({})
        self._set_items(items)

    def _global(self) -> None:
        module = self._line()
        self._push(self._names.find(module, self._line()))

    def _stack_global(self) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        if type(name) is not str or type(module) is not str:
            raise UnpicklingError("STACK_GLOBAL requires str")
        self._push(self._names.find(module, name))

    def _reduce(self) -> None:
        args, function = self._stack.pop(), self._stack.pop()
        if not self._names.may_call(function):
            raise UnpicklingError(f"Trying to call reduce for unrecognized function {function}")
        if type(args) is not tuple:
            raise UnpicklingError(f"the arguments of a call have to be a tuple, but got {type(args)}")
        self._push(function(*args))

    def _new_object(self, kwargs: dict[str, Any] | None = None) -> None:
        args, cls = self._stack.pop(), self._stack.pop()
        if not self._names.may_have_objects(cls) or not isinstance(cls, type):
            raise UnpicklingError(
                "Can only create new object for nn.Parameter or classes allowlisted via `add_safe_globals` but got "
                f"{cls}"
            )
        self._push(cls.__new__(cls, *args, **(kwargs or {})))

    def _new_object_with_keywords(self) -> None:
        self._new_object(self._stack.pop())

    def _build(self) -> None:
        state = self._stack.pop()
        target = self._stack[-1]
        if type(target) is OrderedDict:
            # A module's state dict carries the versions of its layers in an attribute.
            for key in state:
                if type(key) is not str or hasattr(OrderedDict, key):
                    raise UnpicklingError(f"an OrderedDict cannot have an attribute {key!r}")
            target.__dict__.update(state)
        elif self._names.may_have_objects(type(target)):
            set_state = getattr(target, "__setstate__", None)
            if set_state is not None:
                set_state(state)
                return
            slots = None
            if isinstance(state, tuple) and len(state) == 2:
                state, slots = state
            if state:
                target.__dict__.update(state)
            for key, value in (slots or {}).items():
                setattr(target, key, value)
        else:
            raise UnpicklingError(
                "Can only build Tensor, Parameter, OrderedDict or types allowlisted via `add_safe_globals`, but got "
                f"{type(target)}"
            )

    def _persistent(self) -> None:
        id = self._stack.pop()
        if self._persistent_load is None:
            raise UnpicklingError("unsupported persistent id encountered")
        self._push(self._persistent_load(id))

    def _pop(self) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._since_mark()

    def _protocol(self) -> None:
        protocol = self._number("B")
        if protocol > pickle.HIGHEST_PROTOCOL:
            raise UnpicklingError(f"unsupported pickle protocol: {protocol}")

    def _remember(self, place: int) -> None:
        self._memo[place] = self._stack[-1]


def _stop(u: Unpickler) -> None:
    if u._marks or len(u._stack) != 1:
        raise UnpicklingError("a pickle ends before its object is complete")


_BY_NAME: dict[str, Callable[[Unpickler], Any]] = {
    "PROTO": Unpickler._protocol,
    "FRAME": lambda u: u._bytes(8),
    "STOP": _stop,
    "MARK": Unpickler._mark,
    "POP": Unpickler._pop,
    "POP_MARK": Unpickler._since_mark,
    "DUP": lambda u: u._push(u._stack[-1]),
    "NONE": lambda u: u._push(None),
    "NEWTRUE": lambda u: u._push(True),
    "NEWFALSE": lambda u: u._push(False),
    "BININT": lambda u: u._push(u._number("<i")),
    "BININT1": lambda u: u._push(u._number("B")),
    "BININT2": lambda u: u._push(u._number("<H")),
    "LONG1": lambda u: u._push(pickle.decode_long(u._bytes(u._number("B")))),
    "LONG4": lambda u: u._push(pickle.decode_long(u._bytes(u._number("<I")))),
    "BINFLOAT": lambda u: u._push(u._number(">d")),
    "SHORT_BINUNICODE": lambda u: u._text(u._number("B")),
    "BINUNICODE": lambda u: u._text(u._number("<I")),
    "BINUNICODE8": lambda u: u._text(u._number("<Q")),
    "SHORT_BINSTRING": lambda u: u._old_text(u._number("B")),
    "BINSTRING": lambda u: u._old_text(u._number("<I")),
    "SHORT_BINBYTES": lambda u: u._push(u._bytes(u._number("B"))),
    "BINBYTES": lambda u: u._push(u._bytes(u._number("<I"))),
    "BINBYTES8": lambda u: u._push(u._bytes(u._number("<Q"))),
    "BYTEARRAY8": lambda u: u._push(bytearray(u._bytes(u._number("<Q")))),
    "EMPTY_TUPLE": lambda u: u._push(()),
    "EMPTY_LIST": lambda u: u._push([]),
    "EMPTY_DICT": lambda u: u._push({}),
    "EMPTY_SET": lambda u: u._push(set()),
    "TUPLE": lambda u: u._push(tuple(u._since_mark())),
    "TUPLE1": lambda u: u._tuple(1),
    "TUPLE2": lambda u: u._tuple(2),
    "TUPLE3": lambda u: u._tuple(3),
    "LIST": lambda u: u._push(u._since_mark()),
    "DICT": Unpickler._dict,
    "FROZENSET": lambda u: u._push(frozenset(u._since_mark())),
    "APPEND": lambda u: u._append([u._stack.pop()]),
    "APPENDS": lambda u: u._append(u._since_mark()),
    "SETITEM": lambda u: u._set_items([u._stack.pop(-2), u._stack.pop()]),
    "SETITEMS": lambda u: u._set_items(u._since_mark()),
    "ADDITEMS": lambda u: u._add_items(u._since_mark()),
    "GLOBAL": Unpickler._global,
    "STACK_GLOBAL": Unpickler._stack_global,
    "REDUCE": Unpickler._reduce,
    "NEWOBJ": Unpickler._new_object,
    "NEWOBJ_EX": Unpickler._new_object_with_keywords,
    "BUILD": Unpickler._build,
    "BINPERSID": Unpickler._persistent,
    "BINGET": lambda u: u._push(u._memo[u._number("B")]),
    "LONG_BINGET": lambda u: u._push(u._memo[u._number("<I")]),
    "BINPUT": lambda u: u._remember(u._number("B")),
    "LONG_BINPUT": lambda u: u._remember(u._number("<I")),
    "MEMOIZE": lambda u: u._remember(len(u._memo)),
}
_OPERATIONS = {getattr(pickle, name)[0]: operation for name, operation in _BY_NAME.items()}
_NAMES_OF_OPERATIONS = {getattr(pickle, name)[0]: name for name in _BY_NAME}


def globals_in(f: IO[bytes]) -> set[tuple[str, str]]:
    """The (module, name) pairs that a pickle refers to; nothing is looked up."""
    import pickletools

    found = set()
    texts: list[str] = []
    for opcode, arg, _ in pickletools.genops(f):
        if opcode.name == "GLOBAL":
            module, _, name = str(arg).partition(" ")
            found.add((_MODULES_IN_PYTHON_3.get(module, module), name))
        elif opcode.name == "STACK_GLOBAL" and len(texts) >= 2:
            found.add((texts[-2], texts[-1]))
        elif isinstance(arg, str):
            texts.append(arg)
    return found
