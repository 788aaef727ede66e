# SPDX-License-Identifier: MIT
"""gevent.resolver: names are resolved by the C library, as floor patch lets it wait."""


class AbstractResolver:
    """The interface."""

    def close(self):
        pass
