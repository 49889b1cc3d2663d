# shellcheck shell=bash
# How the scripts speak: to the user, to Google, to the machines of the TPU.

exec 3>&1 # what is shown reaches the user from within $(...) too

say() { printf '%s\n' "$*"; }

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

show() { # a command as it can be pasted
  local word line=""
  for word in "$@"; do
    if [[ $word =~ ^[A-Za-z0-9_./:=@,+-]+$ ]]; then line+=" $word"; else line+=" ${word@Q}"; fi
  done
  printf '%s\n' "${line:1}"
}

run() { if [[ -n ${DRY_RUN:-} ]]; then show "$@"; else "$@"; fi; }

require() { # names of settings that have no default
  local name
  for name in "$@"; do
    [[ -n ${!name:-} ]] || die "$name is not set: say TPU=bert ZONE=us-west4-a BUCKET=mine, or fill in tpu/env.sh."
  done
  [[ -n ${DRY_RUN:-} ]] || command -v gcloud > /dev/null || die "There is no gcloud here: install the Google Cloud CLI."
}

confirm() { # before anything that costs money
  [[ -n ${DRY_RUN:-} || ${CONFIRM:-} == 1 ]] && return
  die "Nothing was created: $1 costs money until you delete it. Say CONFIRM=1 to go on, DRY_RUN=1 to see the commands."
}

remote() { # on a worker, or on all; for at most so many seconds, where they are given
  local ssh=(gcloud compute tpus tpu-vm ssh "$TPU" --zone="$ZONE" --worker="$1" --quiet --command="$2")
  run ${3:+timeout --foreground --kill-after=30 "$3"} "${ssh[@]}"
}

tpu_state() { # ACTIVE, WAITING_FOR_RESOURCES, ...; none where nothing has this name
  local ask=(gcloud compute tpus queued-resources describe "$TPU" --zone="$ZONE" '--format=value(state.state)') said
  if [[ -n ${DRY_RUN:-} ]]; then
    show "${ask[@]}" >&3
    echo none
  elif said=$(answer "${ask[@]}"); then
    [[ $said != ACTIVE ]] || said=$(node_state)
    echo "$said"
  elif [[ $said == *NOT_FOUND* ]]; then
    echo none
  else
    explain "$said"
  fi
}

node_state() { # a request stays ACTIVE for a while after its machine was taken away
  local said
  said=$(answer gcloud compute tpus tpu-vm describe "$TPU" --zone="$ZONE" '--format=value(state)') || true
  case $said in
    PREEMPTED | TERMINATED | *NOT_FOUND*) echo SUSPENDED ;;
    *) echo ACTIVE ;;
  esac
}

answer() { # what a command prints, or what it complains of
  local complaints found status=0
  complaints=$(mktemp)
  found=$("$@" 2> "$complaints") || status=$?
  if ((status)); then cat "$complaints"; else echo "$found"; fi
  rm -f "$complaints"
  return "$status"
}

explain() { # Google's own words, and what to do
  case $1 in
    *RESOURCE_EXHAUSTED* | *[Qq]uota*)
      die "No quota for $ACCELERATOR in $ZONE: ask for it (IAM & Admin, Quotas, TPU API), or choose another ZONE. $1" ;;
    *"[project]"*) die "There is no project: gcloud config set project NAME. $1" ;;
    *"active account"*) die "Google does not know you: gcloud auth login. $1" ;;
    *locations/* | *[Zz]one*)
      die "ZONE=$ZONE does not have it: \`gcloud compute tpus locations list\` names the zones. $1" ;;
    *) die "$1" ;;
  esac
}

ended() { # what became of the run: finished, stopped, failed; nothing while it is at work
  gcloud storage cat "$STORE/ended" 2> /dev/null || true
}

reminder() {
  say "$TPU in $ZONE is still there and costs money. To delete it:  TPU=$TPU ZONE=$ZONE tpu/delete.sh"
}

remind_on_failure() { [[ -n $inner || -n ${DRY_RUN:-} ]] || trap last_word EXIT; }

last_word() { # of a script that fails where a TPU may be
  local status=$? state
  ((status && status != 130)) || return 0
  state=$(tpu_state 2> /dev/null) || state=unknown
  [[ $state != none ]] || return 0
  [[ ${DELETE:-} != 1 ]] || say "DELETE=1 deletes after a run that finished, and this one did not: $TPU is left."
  [[ $state != unknown ]] || say "Google did not say whether $TPU is there; if it is:"
  reminder
}

leave() { # Ctrl-C
  echo
  say "Stopped here, not there: what was asked for stays, and the same command takes it up again."
  [[ -z ${TPU:-} || -z ${ZONE:-} ]] || say "Whatever $TPU is, it costs money until:  TPU=$TPU ZONE=$ZONE tpu/delete.sh"
  exit 130
}
