#!/bin/sh
# Ten rapid messages, three copies each, with nothing but curl (7.82 or later). The exit code is 1
# when one of them is not published and answered exactly once.
set -eu
ask() {
  curl --silent --show-error --json "${2:-{\}}" "$THRICE_CONTROL_URL$1"
}
ask /v1/reset >/dev/null
ask /v1/messages '{"texts": ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"], "copies": 3}' >/dev/null
ask /v1/wait >/dev/null
verdict=$(ask /v1/expect '{"publishes": 1, "replies": 1}')
echo "$verdict"
case "$verdict" in *'"passed": true'*) ;; *) exit 1 ;; esac
