# SPDX-License-Identifier: MIT

from types import TracebackType
from typing import Any, Callable, Literal, TypeVar
from typing_extensions import Self

_T = TypeVar("_T")

class Timeout(BaseException):
    seconds: float | None
    exception: BaseException | type[BaseException] | str | Literal[False] | None
    def __init__(
        self, seconds: float | None = None,
        exception: BaseException | type[BaseException] | str | Literal[False] | None = None,
    ) -> None: ...
    def start(self) -> None: ...
    @classmethod
    def start_new(cls, timeout: float | Timeout | None = None, exception: Any = None) -> Timeout: ...
    @property
    def pending(self) -> bool: ...
    def cancel(self) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> bool: ...

def with_timeout(
    seconds: float | None, function: Callable[..., _T], *args: Any, timeout_value: Any = ..., **kwargs: Any
) -> _T: ...
