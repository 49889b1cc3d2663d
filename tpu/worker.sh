#!/usr/bin/env bash
# What a machine of the TPU does itself: install, fetch, start, work, push, stop. Beside it in its kit is run.env.
set -euo pipefail
kit=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=/dev/null
source "$kit/run.env"
store=gs://$BUCKET/$RUN
work=$HOME/$RUN # the folder that all machines of the run share
[[ -z ${FILESTORE:-} ]] || work=/mnt/filestore/$RUN
venv=$HOME/venv log=$HOME/run.log pid=$HOME/run.pid name=$HOME/run.name
metadata=http://metadata.google.internal/computeMetadata/v1/instance/attributes/agent-worker-number
export PATH=$HOME/.local/bin:$PATH

number() { echo "${TPU_WORKER_ID:-$(curl -sf --max-time 5 -H 'Metadata-Flavor: Google' "$metadata" || echo 0)}"; }

running() { [[ -f $pid ]] && grep -qs worker.sh "/proc/$(< "$pid")/cmdline"; }

admit() { # the run of this name, unless another one is at work
  if ! running || [[ $(< "$name") == "$1" ]]; then return; fi
  echo "The run $(< "$name") is at work on this TPU: let it end, or give $1 another TPU." >&2
  exit 1
}

at_work() { if running && [[ $(< "$name") == "$1" ]]; then echo yes; else echo no; fi; }

install() {
  if [[ -n ${FILESTORE:-} ]] && ! mountpoint -q /mnt/filestore; then
    sudo apt-get install --yes --quiet nfs-common
    sudo mkdir -p /mnt/filestore
    sudo mount -t nfs "$FILESTORE" /mnt/filestore
    sudo chmod 777 /mnt/filestore
  fi
  if running; then echo "A run is at work: its packages stay as they are." && return; fi
  command -v uv > /dev/null || PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install --quiet --user uv
  uv venv --quiet --allow-existing --python 3.11 "$venv" # the images have 3.10
  uv pip install --quiet --python "$venv" --no-deps -r "$kit/requirements-$ENGINE.txt"
  uv pip install --quiet --python "$venv" --no-deps --reinstall "$kit"/*.whl
}

fetch() { # the shards, and the commits of a machine that was taken away
  if running; then return; fi
  if ! date | gcloud storage cp - "$store/writable"; then
    echo "The TPU's service account cannot write gs://$BUCKET: give it the role roles/storage.objectUser." >&2
    exit 1
  fi
  gcloud storage rm "$store/ended" > /dev/null 2>&1 || true
  mkdir -p "$work/shards"
  gcloud storage rsync --recursive "$store/shards" "$work/shards"
  if [[ -n ${START:-} ]]; then
    mkdir -p "$work/start"
    gcloud storage rsync --recursive "$store/start" "$work/start"
  fi
  if [[ ! -d $work/out ]] && gcloud storage ls "$store/out/" > /dev/null 2>&1; then
    mkdir -p "$work/coming"
    gcloud storage rsync --recursive "$store/out" "$work/coming"
    mv "$work/coming" "$work/out" # all of it, or none
  fi
}

push() { # of hard links: no commit is deleted while it is copied; what is old goes after what is new has come
  local copy=(gcloud storage rsync --recursive '--exclude=(.*/)?[.].*' "$work/snapshot" "$store/out")
  exec 9> "$HOME/push.lock"
  flock 9
  [[ ! -f $log ]] || gcloud storage cp "$log" "$store/logs/worker-$(number).txt"
  [[ $(number) == 0 && -d $work/out ]] || return 0
  rm -rf "$work/snapshot"
  cp --archive --link "$work/out" "$work/snapshot" # fails where the run deletes an old commit just now
  "${copy[@]}"
  "${copy[@]}" --delete-unmatched-destination-objects
}

start() {
  if running; then echo "The run is at work." && return; fi
  echo "$RUN" > "$name"
  setsid nohup bash "$kit/worker.sh" work > "$log" 2>&1 < /dev/null &
  echo "$!" > "$pid"
}

work() {
  local status=0 stopped="" training pushing outcome=finished
  echo "$RUN" > "$name"
  echo "$$" > "$pid"
  export KERAS_BACKEND=${ENGINE/tf/tensorflow}
  "$venv/bin/keras-bert-zoo" pretrain "$kit/recipe.toml" --data "$work/shards" --out "$work/out" \
    --distribution "$DISTRIBUTION" ${START:+--weights "$work/start"} &
  training=$!
  trap 'stopped=yes; kill -TERM "$training" 2> /dev/null || true' USR1 # the run commits, and leaves
  trap 'stopped=yes' TERM # a machine that goes down tells the run too; told twice, it would not commit
  while sleep "$SYNC_S"; do bash "$kit/worker.sh" push || true; done &
  pushing=$!
  while kill -0 "$training" 2> /dev/null; do
    status=0
    wait "$training" || status=$?
  done
  kill "$pushing" 2> /dev/null || true
  case $status in
    0) ;;
    75 | 130) outcome=stopped ;; # after a commit; the other machines of a run that one was told to leave end so too
    *) outcome=${stopped:+stopped} outcome=${outcome:-failed with status $status} ;;
  esac
  [[ $outcome != stopped ]] || status=75
  echo "The run's end: $outcome."
  bash "$kit/worker.sh" push || echo "The last commit could not be copied into the bucket."
  [[ $(number) != 0 ]] || leave_word "$outcome"
  exit "$status"
}

leave_word() { # without it the run would be started again
  local try
  for try in 1 2 3 4 5; do
    echo "$1" | gcloud storage cp - "$store/ended" && return
    sleep "$((try * 10))"
  done
}

stop() {
  if ! running; then return; fi
  kill -USR1 "$(< "$pid")"
  while running; do sleep 1; done
}

"$@"
