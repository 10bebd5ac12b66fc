"""A messenger that keeps what it is given, or fails as told. It fulfils `bot.services.ports.Messenger`."""

from __future__ import annotations

from bot.services.ports import Messenger, Parcel, SendFailed


class FakeMessenger:
    """`failures` are raised in turn, one a sending, before anything goes through."""

    def __init__(self, *failures: SendFailed) -> None:
        self.failures = list(failures)
        self.sent: list[Parcel] = []
        self.tried = 0

    async def send(self, parcel: Parcel) -> str | None:
        self.tried += 1
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(parcel)
        return str(len(self.sent))

    def texts_to(self, address: str) -> list[str]:
        return [parcel.payload["text"] for parcel in self.sent if parcel.address == address]


_: Messenger = FakeMessenger()
