#!/usr/bin/env bash
# Asks for the TPU and waits until it is there. One of this name that is there already is taken; no second one is made.
set -euo pipefail
source "$(dirname "$0")/settings.sh"
require TPU ZONE
choose_machine

order() {
  confirm "$ACCELERATOR ($TIER) in $ZONE"
  remind_on_failure
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

wait_out() { # a question that failed; what was asked for stays there meanwhile
  [[ -n $ordered$SEEN ]] || exit 1
  say "That is waited out: $TPU may be there."
}

ordered="" before=""
while true; do
  state=$(tpu_state) || state=unknown
  case $state in
    unknown) wait_out ;;
    ACTIVE)
      say "$TPU is there."
      exit
      ;;
    none)
      [[ -z $ordered$SEEN ]] || die "$TPU was deleted elsewhere, so it is not made again."
      order
      ordered=yes
      [[ -z ${DRY_RUN:-} ]] || exit 0
      ;;
    FAILED | SUSPENDED)
      [[ -z $ordered || $state == SUSPENDED ]] || die "$TPU was not to be had in $ZONE within $WAIT: try another ZONE."
      confirm "$ACCELERATOR ($TIER) in $ZONE"
      clear_away
      ordered="" SEEN=""
      ;;
    *)
      [[ $state == "$before" ]] || say "$TPU is $state."
      SEEN=yes
      ;;
  esac
  before=$state
  sleep "$POLL_S"
done
