#!/usr/bin/env bash
# Installs what the run needs on every machine of the TPU; a run that is at work there is left alone.
set -euo pipefail
source "$(dirname "$0")/settings.sh"
require TPU ZONE BUCKET
remote all "rm -rf kit && gcloud storage cp --recursive $STORE/kit . && bash kit/worker.sh install"
