#!/usr/bin/env bash
# From a recipe to a model folder: checks here, then asks for a TPU, runs there, and brings the model home.
set -euo pipefail
source "$(dirname "$0")/settings.sh"
require TPU ZONE BUCKET
choose_machine
[[ -f $RECIPE ]] || die "There is no recipe $RECIPE: examples/recipes has some."
find_start

if [[ -f $SHARDS/manifest.json ]]; then
  [[ -z ${TEXTS:-} ]] || say "$SHARDS is prepared already and is taken; TEXTS=$TEXTS is not read: for it give SHARDS a new folder."
else
  [[ -n ${TEXTS:-} ]] || die "$SHARDS is no prepared corpus: give TEXTS, files or a folder of text, or SHARDS."
  read -ra texts <<< "$TEXTS"
  for text in "${texts[@]}"; do [[ -e $text ]] || die "There is no $text, which TEXTS names."; done
  run keras-bert-zoo prepare "${texts[@]}" --out "$SHARDS" ${TOKENIZER:+--tokenizer "$TOKENIZER"}
fi
case $TOPOLOGY in
  v5e:* | v6e:*)
    [[ $ENGINE == jax ]] || say "What is compiled here is the step on JAX: of ENGINE=tf it is a guide, not a proof."
    run keras-bert-zoo tpu-check "$RECIPE" --topology "$TOPOLOGY" --data "$SHARDS" ||
      die "The check says no (above), so no TPU was asked for: change the recipe, or ACCELERATOR=$ACCELERATOR."
    ;;
  *) say "tpu-check does not know ${TOPOLOGY%%:*}, so nobody has checked here that the recipe fits its chips." ;;
esac

confirm "$ACCELERATOR ($TIER) in $ZONE, and what is put into gs://$BUCKET,"
remind_on_failure
if [[ -z ${DRY_RUN:-} && $(ended) == finished ]]; then
  say "$RUN is finished already; for another run give another RUN, or delete $STORE."
else
  "$here/upload.sh"
  "$here/resume_loop.sh"
fi
"$here/fetch.sh"
if [[ ${DELETE:-} == 1 ]]; then
  "$here/delete.sh"
elif [[ -n ${DRY_RUN:-} || $(tpu_state) != none ]]; then
  reminder
fi
