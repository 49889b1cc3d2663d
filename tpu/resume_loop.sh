#!/usr/bin/env bash
# Creates, sets up and runs, again and again, until the run is finished: spot TPUs are taken away.
set -euo pipefail
source "$(dirname "$0")/settings.sh"
require TPU ZONE BUCKET

if [[ -n ${DRY_RUN:-} ]]; then
  "$here/create.sh"
  "$here/setup.sh"
  exec "$here/run.sh"
fi

set_up() { # a package index or a network may fail for a moment
  "$here/setup.sh" || { sleep "$POLL_S" && "$here/setup.sh"; } || { sleep "$POLL_S" && "$here/setup.sh"; }
}

remind_on_failure
for ((try = 1; try <= ${TRIES:-20}; try++)); do
  "$here/create.sh"
  export SEEN=yes # a TPU that was taken away leaves its request, SUSPENDED
  status=0
  { set_up && "$here/run.sh"; } || status=$?
  ((status)) || exit 0
  state=$(tpu_state) || state=unknown
  [[ $status == "$AGAIN" || $state != @(ACTIVE|unknown) ]] || exit "$status"
  sleep "$POLL_S"
done
die "$TPU was taken away, or its run ended early, ${TRIES:-20} times: run this again, or with TIER=on-demand."
