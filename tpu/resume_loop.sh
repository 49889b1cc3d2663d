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

gcloud storage rm "$STORE/deleted" > /dev/null 2>&1 || true # of a machine of an earlier run
for ((try = 1; try <= ${TRIES:-20}; try++)); do
  "$here/create.sh"
  status=0
  { "$here/setup.sh" && "$here/run.sh"; } || status=$?
  ((status)) || exit 0
  if gcloud storage cat "$STORE/deleted" > /dev/null 2>&1; then
    say "$TPU was deleted with tpu/delete.sh: it is not made again."
    exit 1
  fi
  if [[ $status != "$AGAIN" && $(tpu_state) == ACTIVE ]]; then
    reminder
    exit "$status"
  fi
  sleep "$POLL_S"
done
die "$TPU was taken away ${TRIES:-20} times: run this again, or with TIER=on-demand."
