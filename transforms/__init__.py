"""The built-in transforms: one folder each, with its logic, its templates and its page."""

from .add_checksum import AddChecksum
from .add_user import AddUser
from .chown_copies import ChownCopies
from .numeric_user import NumericUser
from .pin_digests import PinDigests
from .prefer_copy import PreferCopy
from .split_stages import SplitStages

BUILTIN = (PreferCopy, AddChecksum, SplitStages, ChownCopies, AddUser, NumericUser, PinDigests)
