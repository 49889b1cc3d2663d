#!/usr/bin/env bash
# Says what there is, what the run says, and so whether anything costs money.
set -euo pipefail
source "$(dirname "$0")/settings.sh"
require TPU ZONE
state=$(tpu_state)
say "$TPU: $state"
run gcloud compute tpus tpu-vm list --zone="$ZONE"
if [[ -n $BUCKET && -z ${DRY_RUN:-} ]]; then
  end=$(ended)
  say "$RUN: ${end:-not at its end}"
  gcloud storage cat "$STORE/logs/worker-0.txt" 2> /dev/null | tail -n 5 || say "It has no log yet."
elif [[ -n $BUCKET ]]; then
  show gcloud storage cat "$STORE/ended"
  show gcloud storage cat "$STORE/logs/worker-0.txt"
fi
[[ $state == none ]] || reminder
