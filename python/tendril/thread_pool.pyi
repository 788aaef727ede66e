# SPDX-License-Identifier: MIT

from typing import Any, Callable, Iterable, Iterator, ParamSpec, TypeVar

from tendril import _tendril
from tendril._tendril import Greenlet

_T = TypeVar("_T")
_P = ParamSpec("_P")

class ThreadPool(_tendril.ThreadPool):
    def spawn(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> Greenlet[_T]: ...
    def apply_async(
        self, function: Callable[..., _T], args: Any = None, kwds: Any = None,
        callback: Callable[[_T], object] | None = None,
    ) -> Greenlet[_T]: ...
    def map(self, function: Callable[[Any], _T], iterable: Iterable[Any]) -> list[_T]: ...
    def map_async(
        self, function: Callable[[Any], _T], iterable: Iterable[Any],
        callback: Callable[[list[_T]], object] | None = None,
    ) -> Greenlet[list[_T]]: ...
    def imap(
        self, function: Callable[..., _T], *iterables: Iterable[Any], maxsize: int | None = None
    ) -> Iterator[_T]: ...
    def imap_unordered(
        self, function: Callable[..., _T], *iterables: Iterable[Any], maxsize: int | None = None
    ) -> Iterator[_T]: ...

def offload(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T: ...
