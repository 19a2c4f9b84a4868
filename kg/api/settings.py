"""What a server may be told when it starts, each setting with its default."""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Settings(BaseModel):
    """The settings of a server."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    public_read: bool = Field(False, description="Let everybody who reaches the address read what is public.")
    key_to_read: bool = Field(False, description="Ask for a key for reading on loopback, too.")
    hosts: tuple[str, ...] = Field(
        (), description="Names by which the server may be addressed, beside those of loopback."
    )
    readers: int = Field(
        default_factory=lambda: max(4, os.cpu_count() or 1),
        ge=2,
        description="Processes that answer; one is kept for pages while queries take the others.",
    )
    time_limit: float = Field(60.0, gt=0, description="Seconds after which a query is stopped.")
    patience: float = Field(20.0, gt=0, description="Seconds that a request waits for a free reader.")
    stall: float = Field(
        30.0, gt=0, description="Seconds that a client may take to read a part of an answer."
    )
    memory: int = Field(2048, ge=256, description="Megabytes that a reader may take.")
    body_limit: int = Field(1_000_000, gt=0, description="Bytes of a request, uploads excepted.")
    upload_limit: int = Field(200_000_000, gt=0, description="Bytes of an upload.")
    sign_key: Path | None = Field(None, description="File of the key that signs passports (JWS).")
    rate: int = Field(3000, ge=0, description="Requests a minute for a key or address; 0 sets no limit.")

    @property
    def on_loopback(self) -> bool:
        """Return whether only this machine reaches the server."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False
