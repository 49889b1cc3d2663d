#!/usr/bin/env bash
# Starts the run on every machine, or finds it at work, and waits for its end: 0 finished, 75 can go on, else failed.
set -euo pipefail
source "$(dirname "$0")/settings.sh"
require TPU ZONE BUCKET
remind_on_failure

look() { remote 0 "bash kit/worker.sh at_work $RUN" 120; }

lost() { # the machine answers that nothing is at work: killed, or its last word did not reach the bucket
  ((SECONDS >= next)) || return 1
  next=$((SECONDS + ASK_S))
  [[ $(look 2> /dev/null) == no ]]
}

remote 0 "bash kit/worker.sh fetch" # one machine brings what all of them read
remote all "bash kit/worker.sh start"
if [[ -n ${DRY_RUN:-} ]]; then
  show gcloud storage cat "$STORE/ended"
  look
  exit
fi
say "The run is at work on $TPU; its log is $STORE/logs/worker-0.txt."

end="" next=$((SECONDS + ASK_S))
while [[ -z $end ]]; do
  sleep "$POLL_S"
  state=$(tpu_state) || state=unknown # no network here does not end the run there
  end=$(ended)
  if [[ -z $end && $state == ACTIVE ]] && lost; then
    end=$(ended) # perhaps just now
    [[ -n $end ]] || { say "The run is not at work on $TPU, and left no word: it is started again." && exit "$AGAIN"; }
  fi
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
