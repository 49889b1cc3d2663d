#!/usr/bin/env bash
# Asks for the TPU and waits until it is there. One of this name that is there already is taken; no second one is made.
set -euo pipefail
source "$(dirname "$0")/settings.sh"
require TPU ZONE
choose_machine

order() {
  confirm "$ACCELERATOR ($TIER) in $ZONE"
  local said tier=()
  [[ $TIER == on-demand ]] || tier=(--spot)
  local ask=(gcloud compute tpus queued-resources create "$TPU" --node-id="$TPU" --zone="$ZONE"
    --accelerator-type="$ACCELERATOR" --runtime-version="$RUNTIME" "${tier[@]}" --valid-until-duration="$WAIT" --quiet)
  if [[ -n ${DRY_RUN:-} ]]; then
    show "${ask[@]}"
  else
    say "Asking for $TPU: $ACCELERATOR ($TIER) in $ZONE, for at most $WAIT."
    said=$(answer "${ask[@]}") || explain "Nothing was created. $said"
  fi
}

clear_away() {
  say "$TPU is $state: it is deleted, and asked for again."
  run gcloud compute tpus queued-resources delete "$TPU" --zone="$ZONE" --force --quiet
}

ordered="" before=""
while true; do
  state=$(tpu_state)
  case $state in
    ACTIVE)
      say "$TPU is there."
      exit
      ;;
    none)
      [[ -z $ordered ]] || die "$TPU has gone: was it deleted elsewhere?"
      order
      ordered=yes
      [[ -z ${DRY_RUN:-} ]] || exit 0
      ;;
    FAILED | SUSPENDED)
      [[ -z $ordered || $state == SUSPENDED ]] || die "$TPU was not to be had in $ZONE within $WAIT: try another ZONE."
      confirm "$ACCELERATOR ($TIER) in $ZONE"
      clear_away
      ordered=""
      ;;
    *) [[ $state == "$before" ]] || say "$TPU is $state." ;;
  esac
  before=$state
  sleep "$POLL_S"
done
