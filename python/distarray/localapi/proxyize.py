"""Proxies: names, on the client, for objects that stay on the engines."""

from typing import Any

from distarray.localapi import engine

PREFIX = "__distarray__"


class Proxy:
    """The name of an object on an engine.

    Making one, on an engine, keeps the object there under the name. A proxy itself holds no
    object, and can be sent to the client and back.

    Parameters
    ----------
    name : str
        The name.
    obj : object
        What to keep.
    module_name : str
        The name of the module that the object is kept for.

    Attributes
    ----------
    name : str
    module_name : str
    type_str : str
        The type of the object.
    """

    def __init__(self, name: str, obj: Any, module_name: str) -> None:
        self.name = name
        self.module_name = module_name
        self.type_str = str(type(obj))
        engine.current().objects[name] = obj

    def dereference(self) -> Any:
        """Return the object; only on engines."""
        try:
            return engine.current().objects[self.name]
        except KeyError:
            raise AttributeError(
                f"{self.name} of {self.type_str} is not on this engine (any more)"
            ) from None

    def cleanup(self) -> None:
        """Let the engine forget the object; only on engines."""
        engine.current().objects.pop(self.name, None)

    def __repr__(self) -> str:
        return f"<Proxy {self.name} for {self.type_str}>"


class Proxyize:
    """Makes proxies with names that are the same on all engines.

    The i-th object that a function passes to it gets the same name on every engine, if each has
    set the same state before.

    Parameters
    ----------
    module_name : str, optional
        The name of the module that objects are kept for.

    Examples
    --------
    >>> proxyize = Proxyize()
    >>> proxyize.set_state("7")
    >>> proxy = proxyize([1, 2])
    >>> proxy.name, proxy.dereference()
    ('__distarray__7_1', [1, 2])
    """

    def __init__(self, module_name: str = "__main__") -> None:
        self.module_name = module_name
        self.state = ""
        self.count = 0

    def set_state(self, state: str) -> None:
        """Begin a new series of names."""
        self.state = str(state)
        self.count = 0

    def str_counter(self) -> str:
        """Return the number of the next object, as text."""
        self.count += 1
        return str(self.count)

    def next_name(self) -> str:
        """Return the name for the next object."""
        return f"{PREFIX}{self.state}_{self.str_counter()}"

    def __call__(self, obj: Any) -> Proxy:
        """Keep an object on this engine; return a proxy for it."""
        return Proxy(self.next_name(), obj, self.module_name)
