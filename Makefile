# What people type. Each target is a command of local/, where the work is done: `python3 -m local --help`.
PYTHON ?= python3
LOCAL := @$(PYTHON) -m local
STAGE ?= dev

.PHONY: dev demo test check build deploy destroy bench stop reset logs status reload

dev: ## start the whole platform on this machine
	$(LOCAL) dev

demo: ## the main journey on the running platform, told step by step
	$(LOCAL) demo

test: ## every test; the last line counts them
	$(LOCAL) test

check: ## formatting, lints, templates and the rules of the house
	$(LOCAL) check

build: ## the real small binaries, for AWS
	$(LOCAL) build

deploy: ## to AWS: make deploy STAGE=dev
	$(LOCAL) deploy $(STAGE) $(if $(filter no,$(BUILD)),--no-build)

destroy: ## takes it away from AWS again: make destroy STAGE=dev
	$(LOCAL) destroy $(STAGE) $(if $(filter yes,$(PROD)),--prod)

bench: ## measure what docs/performance.md tells
	$(LOCAL) bench

stop: ## stop the platform; its data stays
	$(LOCAL) stop

reset: ## stop it and throw its data away
	$(LOCAL) reset

logs: ## follow what everything writes
	$(LOCAL) logs

status: ## what runs, and where
	$(LOCAL) status

reload: ## compile, and let the new code serve
	$(LOCAL) reload
