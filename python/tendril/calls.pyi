# SPDX-License-Identifier: MIT

from typing import Any, Callable, Iterable, Iterator, TypeVar

from tendril._tendril import Greenlet

_T = TypeVar("_T")

class Calls:
    def apply_async(
        self, function: Callable[..., _T], args: Any = None, kwds: Any = None,
        callback: Callable[[_T], object] | None = None,
    ) -> Greenlet[_T]: ...
    def map(self, function: Callable[[Any], _T], iterable: Iterable[Any]) -> list[_T]: ...
    def map_async(
        self, function: Callable[[Any], _T], iterable: Iterable[Any],
        callback: Callable[[list[_T]], object] | None = None,
    ) -> Greenlet[list[_T]]: ...
    def imap(self, function: Callable[..., _T], *iterables: Iterable[Any], maxsize: int | None = None) -> Iterator[_T]: ...
    def imap_unordered(
        self, function: Callable[..., _T], *iterables: Iterable[Any], maxsize: int | None = None
    ) -> Iterator[_T]: ...
