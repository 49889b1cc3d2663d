#!/usr/bin/env bash
# Starts the run on every machine, or finds it at work, and waits for its end: 0 finished, 75 can go on, else failed.
set -euo pipefail
source "$(dirname "$0")/settings.sh"
require TPU ZONE BUCKET

remote 0 "bash kit/worker.sh fetch" # one machine brings what all of them read
remote all "bash kit/worker.sh start"
if [[ -n ${DRY_RUN:-} ]]; then
  show gcloud storage cat "$STORE/ended"
  exit
fi
say "The run is at work on $TPU; its log is $STORE/logs/worker-0.txt."

end=""
while [[ -z $end ]]; do
  sleep "$POLL_S"
  state=$(tpu_state) || state=unknown # no network here does not end the run there
  end=$(ended)
  if [[ -z $end && $state != ACTIVE && $state != unknown ]]; then
    say "$TPU is $state: the run goes on from its last commit when there is a TPU again."
    exit "$AGAIN"
  fi
done

gcloud storage cat "$STORE/logs/worker-0.txt" | tail -n 5 || true
case $end in
  finished) say "The run is finished." ;;
  stopped) say "The run was stopped after a commit." && exit "$AGAIN" ;;
  *) die "The run $end; $STORE/logs has the logs of all machines." ;;
esac
