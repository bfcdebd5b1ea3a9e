"""signal(Payload): a Qt signal with one payload that the type checker knows; and calls in turns of their own."""

from __future__ import annotations

from types import UnionType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from PySide6.QtCore import QObject, Qt, QTimer, Signal

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
Payload = TypeVar("Payload")


class BoundSignal(Protocol[Payload]):
    """A signal of one object."""

    def connect(
        self,
        slot: Callable[[Payload], object],
        type: Qt.ConnectionType = ...,  # noqa: A002  (Qt's name)
    ) -> object:
        """Call `slot` with every payload from now on."""
        ...

    def disconnect(self, slot: Callable[[Payload], object] = ...) -> object:
        """Stop calling `slot`."""
        ...

    def emit(self, payload: Payload, /) -> None:
        """Hand `payload` to every slot."""
        ...


class TypedSignal(Protocol[Payload]):
    """A signal as a class attribute."""

    @overload
    def __get__(self, instance: None, owner: type[object]) -> TypedSignal[Payload]: ...
    @overload
    def __get__(self, instance: object, owner: type[object]) -> BoundSignal[Payload]: ...
    def __get__(
        self, instance: object | None, owner: type[object]
    ) -> TypedSignal[Payload] | BoundSignal[Payload]:
        """Return the signal of that object."""
        ...


@overload
def signal(payload: type[T]) -> TypedSignal[T]: ...
@overload
def signal(payload: UnionType) -> TypedSignal[Any]: ...
def signal(payload: object) -> object:
    """Declare a signal that carries a `payload`; objects cross threads unchanged and in order.

    For a union the class attribute is annotated: `happened: TypedSignal[JobEvent] = signal(JobEvent)`.
    """
    del payload
    return Signal(object)


def in_a_turn_of_its_own(owner: QObject, call: Callable[[], object]) -> None:
    """Make that call after what waits in the event loop already, a key press or a repaint; not when `owner` is gone.

    Work cut into turns keeps each short. A timer of 0 ms would not do: what it calls is strung onto the running turn.
    """
    QTimer.singleShot(1, owner, call)


class Paced(QObject):
    """Makes a call when it is asked to, but within `ms` milliseconds only once more, for all that were asked then."""

    def __init__(self, call: Callable[[], object], ms: int, parent: QObject) -> None:
        super().__init__(parent)
        self._call = call
        self._asked = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(ms)
        self._pause.timeout.connect(self._go_on)

    def ask(self) -> None:
        """Have the call made, now or when the pause after the last one is over."""
        if self._pause.isActive():
            self._asked = True
        else:
            self._pause.start()
            self._call()

    def _go_on(self) -> None:
        if self._asked:
            self._asked = False
            self.ask()
