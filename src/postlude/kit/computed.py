"""An attribute that is computed when it is asked for first, for objects that one thread uses."""

from typing import Any, Generic, Protocol, Self, TypeVar, overload

_Value = TypeVar("_Value")
_Made_co = TypeVar("_Made_co", covariant=True)


class Computation(Protocol[_Made_co]):
    """The method that computes the value, from the object it belongs to."""

    @property
    def __name__(self) -> str:
        """The name of the attribute."""
        ...

    def __call__(self, instance: Any, /) -> _Made_co:  # noqa: ANN401 - each method names its own class
        """The value of one object."""
        ...


class computed_once(Generic[_Value]):  # noqa: N801 - it is written as a decorator, like property
    """Like `functools.cached_property`, which takes a lock for every object's first access up to Python 3.11."""

    def __init__(self, compute: Computation[_Value]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type | None = None) -> _Value: ...

    def __get__(self, instance: object | None, owner: type | None = None) -> "_Value | Self":
        """The value, which from then on is an ordinary attribute of the object."""
        if instance is None:
            return self
        value: _Value = self._compute(instance)
        instance.__dict__[self._name] = value
        return value
