#!/usr/bin/env bash
# Deletes the TPU, so that it costs nothing any more; a run that is at work commits first. The bucket stays.
set -euo pipefail
source "$(dirname "$0")/settings.sh"
require TPU ZONE

state=$(tpu_state) || state=unknown # then it is deleted all the same
if [[ $state == none && -z ${DRY_RUN:-} ]]; then
  say "There is no $TPU in $ZONE."
else
  if [[ $state == @(ACTIVE|unknown) || -n ${DRY_RUN:-} ]]; then
    remote all "bash kit/worker.sh stop" 600 || say "The run was not stopped first: its last commit counts."
  fi
  run gcloud compute tpus queued-resources delete "$TPU" --zone="$ZONE" --force --quiet ||
    die "$TPU is NOT deleted and STILL COSTS MONEY: try again, or delete it at console.cloud.google.com/compute/tpus."
  [[ -n ${DRY_RUN:-} ]] || say "$TPU is deleted."
fi
say "What is left in $ZONE, and costs money if anything is:"
run gcloud compute tpus queued-resources list --zone="$ZONE"
run gcloud compute tpus tpu-vm list --zone="$ZONE"
[[ -z $BUCKET ]] || say "The bucket keeps the run, which costs a little:  gcloud storage rm --recursive $STORE"
