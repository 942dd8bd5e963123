"""Asks registries what a tag stands for: the OCI distribution API, by the standard library alone.

This is the one part of hardenfile that touches the network, and only when a method of `Registry` is called.
"""

from .client import Registry, Resolved
from .credentials import Credentials
from .errors import NotFound, RegistryError, Unauthorized, Unavailable, Untrusted
from .image_config import ImageConfig
from .retry import Retry

__all__ = [
    "Credentials",
    "ImageConfig",
    "NotFound",
    "Registry",
    "RegistryError",
    "Resolved",
    "Retry",
    "Unauthorized",
    "Unavailable",
    "Untrusted",
]
