# shellcheck shell=bash
# shellcheck disable=SC2034
# What a run needs to know: from the environment, else from tpu/env.sh, else chosen here.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/cloud.sh"
# shellcheck source=/dev/null
if [[ -f $here/env.sh ]]; then source "$here/env.sh"; fi

[[ ${DRY_RUN:-} != 0 ]] || DRY_RUN=
ENGINE=${ENGINE:-jax}
ACCELERATOR=${ACCELERATOR:-v5litepod-8}
TIER=${TIER:-spot}    # or on-demand
WAIT=${WAIT:-6h}      # how long a request may stay in the queue
RECIPE=${RECIPE:-examples/recipes/bert_tiny.toml}
RUN=${RUN:-$(basename "$RECIPE" .toml)}
SHARDS=${SHARDS:-runs/shards}
OUT=${OUT:-runs/$RUN} # where the model comes home
BUCKET=${BUCKET:-}
BUCKET=${BUCKET#gs://}
BUCKET=${BUCKET%/}
STORE=gs://$BUCKET/$RUN
KIT=build/tpu/kit     # what the machines get
POLL_S=${POLL_S:-30}  # between two questions to Google
SYNC_S=${SYNC_S:-120} # between two copies of the run into the bucket
ASK_S=${ASK_S:-300}   # between two looks at whether the run is still at work there
SEEN=${SEEN:-}        # given where the TPU has been there: one that has gone was deleted by somebody
AGAIN=75              # the status of a run that ended early and can go on

check_names() { # what is set must be a name, or a number: they go into commands that another machine reads
  local name pattern
  while read -r name pattern; do
    [[ -z ${!name:-} || ${!name} =~ ^$pattern$ ]] || die "$name=${!name} is no name for it: it must be as $pattern."
  done << 'END'
TPU [a-z]([a-z0-9-]{0,61}[a-z0-9])?
ZONE [a-z]+-[a-z]+[0-9]+-[a-z]
BUCKET [a-z0-9][a-z0-9._-]{1,220}[a-z0-9]
RUN [A-Za-z0-9][A-Za-z0-9._-]*
WAIT [0-9]+[smhd]
TRIES [0-9]+
POLL_S [0-9.]+
SYNC_S [0-9.]+
ASK_S [0-9]+
FILESTORE [A-Za-z0-9._-]+:/[A-Za-z0-9._/-]+
END
}
check_names

choose_machine() { # the image, what tpu-check calls the TPU, and how its chips are driven
  [[ $ENGINE == jax || $ENGINE == tf ]] || die "ENGINE=$ENGINE: it must be jax or tf."
  [[ $TIER == spot || $TIER == on-demand ]] || die "TIER=$TIER: it must be spot or on-demand."
  case $ACCELERATOR in
    v5litepod-*) RUNTIME=${RUNTIME:-v2-alpha-tpuv5-lite} ;;
    v5p-*) RUNTIME=${RUNTIME:-v2-alpha-tpuv5} ;;
    v6e-*) RUNTIME=${RUNTIME:-v2-alpha-tpuv6e} ;;
    v[234]-*) RUNTIME=${RUNTIME:-tpu-ubuntu2204-base} ;;
    *) die "ACCELERATOR=$ACCELERATOR: it must be such as v5litepod-8, v6e-8, v5p-8 or v4-8; TPU7x goes by tpu/gke." ;;
  esac
  case $ACCELERATOR in # those that are one machine; v5p and v4 count cores, the others chips
    v5litepod-4) TOPOLOGY=${TOPOLOGY:-v5e:2x2} ;;
    v5litepod-8) TOPOLOGY=${TOPOLOGY:-v5e:2x4} ;;
    v6e-4) TOPOLOGY=${TOPOLOGY:-v6e:2x2} ;;
    v6e-8) TOPOLOGY=${TOPOLOGY:-v6e:2x4} ;;
    v5p-8) TOPOLOGY=${TOPOLOGY:-v5p:2x2x1} ;;
    v4-8) TOPOLOGY=${TOPOLOGY:-v4:2x2x1} ;;
    *) check_several ;;
  esac
  check_topology
  DISTRIBUTION=${FILESTORE:+multi_worker}
  DISTRIBUTION=${DISTRIBUTION:-tpu}
}

find_start() { # the folder that the recipe goes on from, if it does; the name of a release is got over there
  START=$(sed -nE "s/^weights *= *[\"']([^\"']+)[\"'].*/\\1/p" "$RECIPE")
  [[ $START == */* || -e $START ]] || START=
  [[ -z $START || -d $START ]] || die "There is no folder $START, from whose weights $RECIPE goes on."
}

check_topology() { # as many chips as the accelerator has
  local sides chips
  [[ $TOPOLOGY =~ ^(v[0-9]+[ep]?):([0-9]+(x[0-9]+){1,2})$ ]] || die "TOPOLOGY=$TOPOLOGY: it must be such as v5e:4x4."
  sides=${BASH_REMATCH[2]}
  chips=$((${sides//x/*}))
  case $ACCELERATOR in
    v5litepod-* | v6e-*) [[ $chips == "${ACCELERATOR##*-}" ]] || die "TOPOLOGY=$TOPOLOGY has $chips chips, not $ACCELERATOR." ;;
  esac
  case $ACCELERATOR in
    v5litepod-*) [[ $TOPOLOGY == v5e:* ]] || die "TOPOLOGY=$TOPOLOGY is not of $ACCELERATOR: it must be such as v5e:4x4." ;;
    v6e-*) [[ $TOPOLOGY == v6e:* ]] || die "TOPOLOGY=$TOPOLOGY is not of $ACCELERATOR: it must be such as v6e:4x4." ;;
  esac
}

check_several() {
  [[ $ENGINE == jax ]] || die "ENGINE=tf runs on one machine, not on $ACCELERATOR: v5litepod-8, v6e-8, v5p-8 or v4-8."
  [[ -n ${TOPOLOGY:-} ]] || die "$ACCELERATOR is not in the table of tpu/settings.sh: give its TOPOLOGY, as v5e:4x4."
  [[ -n ${FILESTORE:-} ]] || die "$ACCELERATOR is several machines that share a folder: give FILESTORE=ADDRESS:/SHARE."
}

inner=${KBZ_OUTER:-} # a script that another one started leaves the last word to it
[[ -n $inner ]] || trap leave INT
export KBZ_OUTER=1
