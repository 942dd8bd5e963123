"""Questions that are asked once, by whichever thread comes first."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Once(Generic[K, V]):
    """Remembers answers. Safe to use from several threads."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._answers: dict[K, Future[V]] = {}
        self._lock = threading.Lock()

    def __call__(self, question: K, ask: Callable[[], V]) -> V:
        """The answer: what `ask` gives, or gave, or is giving in another thread. What it raises is not remembered."""
        with self._lock:
            future = self._answers.get(question)
            mine = future is None
            if future is None:
                future = self._answers[question] = Future()
        if mine:
            try:
                future.set_result(ask())
            except BaseException as error:
                with self._lock:
                    del self._answers[question]
                future.set_exception(error)
                raise
        return future.result()

    def known(self, question: K) -> V | None:
        """The answer, where there is one already."""
        future = self._answers.get(question)
        return future.result() if future is not None and future.done() and future.exception() is None else None
