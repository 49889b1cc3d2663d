#!/usr/bin/env bash
# Installs what the run needs on every machine of the TPU; a run that is at work there is left alone.
set -euo pipefail
source "$(dirname "$0")/settings.sh"
require TPU ZONE BUCKET
remind_on_failure
admit="if [[ -f kit/worker.sh ]]; then bash kit/worker.sh admit $RUN; fi" # nothing is replaced under another run
fill="rm -rf kit.new && mkdir kit.new && gcloud storage cp --recursive $STORE/kit kit.new"
remote all "$admit && $fill && rm -rf kit && mv kit.new/kit kit && bash kit/worker.sh install"
