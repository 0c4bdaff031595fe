# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""What several containers answered to one call."""
from typing import NamedTuple, Optional

from ._errors import Error
from ._records import Record


class Reply(NamedTuple):
    """One container's answer: a reply, or the error with which it failed."""
    container: int
    reply: Optional[Record]
    error: Optional[Error]

    @property
    def ok(self):
        return self.error is None


class Replies(list):
    """The Reply of each container, in their order. A failure is never swallowed: look at `failures`."""

    @property
    def failures(self):
        """Those that failed."""
        return [each for each in self if each.error is not None]

    @property
    def complete(self):
        return all(each.error is None for each in self)


def make(entries, merged):
    """`merged` is None, or (value,): the value made of the replies of all that succeeded.

    A merged reply must be whole. Where containers failed, the first one's error is raised; its `failures` has all of
    them, and its `value` what the others' replies make, None if all failed.
    """
    replies = Replies(Reply(*each) for each in entries)
    if merged is None:
        return replies
    failures = replies.failures
    if not failures:
        return merged[0]
    first = failures[0].error
    numbers = " ".join(str(each.container) for each in failures)
    error = type(first)(f"{first.text} (failed in containers {numbers}; `value` has the others' reply)", first.where,
                        first.code)
    error.failures = failures
    error.value = merged[0]
    raise error
