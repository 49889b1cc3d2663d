#!/usr/bin/env bash
# Brings the model folder and the log of the run home.
set -euo pipefail
source "$(dirname "$0")/settings.sh"
require BUCKET
[[ -n ${DRY_RUN:-} ]] || mkdir -p "$OUT/model"
run gcloud storage rsync --recursive "$STORE/out/model" "$OUT/model" ||
  die "$STORE has no model yet: tpu/status.sh says how far the run is."
run gcloud storage cp "$STORE/out/log.jsonl" "$OUT/log.jsonl"
[[ -n ${DRY_RUN:-} ]] || say "The model is in $OUT/model."
