"""Calls that stay open while both sides speak, cut into requests that are answered one by one.

Each message of the client is a request of its own, whose reply brings messages and leaves the call
open as long as it has no status. Behind the first reply one more request is made that says nothing:
whoever serves the method blocks it until there is news, and the next one follows its reply.
"""

# Request headers: which call a message belongs to, and that the request is not the client's.
STREAM, POLL = "thrice-stream", "thrice-poll"

# The methods that are served like this; of every other one the whole request is read first.
OPEN_METHODS = frozenset({"/google.firestore.v1.Firestore/Listen"})
