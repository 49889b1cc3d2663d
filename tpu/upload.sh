#!/usr/bin/env bash
# Puts what the machines need into the bucket: the wheel, its requirements, the recipe, the shards, and the weights
# that the recipe goes on from.
set -euo pipefail
source "$(dirname "$0")/settings.sh"
require BUCKET
choose_machine
[[ -f $RECIPE ]] || die "There is no recipe $RECIPE: examples/recipes has some."
find_start
[[ -n ${DRY_RUN:-} || -f $SHARDS/manifest.json ]] || die "$SHARDS is no prepared corpus: give SHARDS."

settings() {
  local name
  for name in BUCKET RUN ENGINE DISTRIBUTION SYNC_S FILESTORE START; do printf '%s=%q\n' "$name" "${!name:-}"; done
}

if [[ -z ${DRY_RUN:-} ]]; then
  rm -rf "$KIT" && mkdir -p "$KIT"
  cp "$here/worker.sh" "$here/requirements-$ENGINE.txt" "$KIT"
  cp "$RECIPE" "$KIT/recipe.toml"
  settings > "$KIT/run.env"
fi
run python -m build --wheel --outdir "$KIT" .
run gcloud storage rsync --recursive --delete-unmatched-destination-objects "$KIT" "$STORE/kit" ||
  die "gs://$BUCKET cannot be written: see that it exists (gcloud storage buckets create gs://$BUCKET) and is yours."
run gcloud storage rsync --recursive "$SHARDS" "$STORE/shards"
[[ -z $START ]] || run gcloud storage rsync --recursive "$START" "$STORE/start"
