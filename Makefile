# The two commands of the README, and what developers need. Everything runs in .venv, made from requirements.lock.
.DEFAULT_GOAL := help
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
RUN := $(BIN)/python
STAMP := .venv/installed-from
TEST_WORKERS ?= 2
EVIDENCE_APPLICANTS ?= 100000
EVIDENCE_SEEDS ?= 1,2,3,4,5
CLAIMS_APPLICANTS ?= 100000
CLAIMS_SEEDS ?= 1,2,3,4,5
SCALE_APPLICANTS ?= 400000

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export OMP_WAIT_POLICY := passive
export DVC_NO_ANALYTICS := 1
export PYTHONHASHSEED := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Empty, so that Python keeps what it compiled wherever a machine says no: tests start hundreds of processes.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup demo pictures repro test lint check format consumer proof evidence claims bench scale

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: ## .venv from requirements.lock with this checkout in it; installed again only when lock, pyproject or place have changed
	@lock="$$(git hash-object --no-filters requirements.lock) $$(git hash-object --no-filters pyproject.toml) $(CURDIR)" && \
	if [ "$$(cat $(STAMP) 2>/dev/null)" != "$$lock" ]; then \
		[ -x $(RUN) ] || $(PYTHON) -m venv .venv || exit 1; \
		$(RUN) -m pip install --require-hashes -r requirements.lock || exit 1; \
		$(RUN) -m pip install --no-deps --no-build-isolation -q -e . || exit 1; \
		echo "$$lock" > $(STAMP); \
	fi

repro: setup ## raw events to the finished report and the registered model
	@$(BIN)/creditloom params
	$(RUN) -m dvc repro
	@$(BIN)/creditloom register --if-missing
	@echo "report: data/reports/index.html"

DEMO := data/demo
demo: setup ## two minutes: fit German credit, its report, decisions of all loans, one letter
	@"$(BIN)/creditloom" fit --data examples/german_credit/german_credit.csv --label bad --id loan \
		--protected personal_status_and_sex,age_in_years,foreign_worker --out $(DEMO)/fitted
	@"$(BIN)/creditloom" score --input examples/german_credit/german_credit.csv --bundle $(DEMO)/fitted/bundle --output $(DEMO)/batch
	@"$(BIN)/creditloom" letter --first decline --batch $(DEMO)/batch --bundle $(DEMO)/fitted/bundle
	@echo "next: source .venv/bin/activate; creditloom open $(DEMO)/fitted shows the report; creditloom explain --first decline --batch $(DEMO)/batch --bundle $(DEMO)/fitted/bundle"
	@echo "      says what the score weighed, letter --lang zh writes it in Chinese; docs/how_to/own_table.md for a table of yours"

PICTURES := docs/pictures
SHOT := chromium --headless --no-sandbox --disable-gpu --hide-scrollbars
pictures: setup ## the two pictures of README, out of the last run (needs chromium)
	@mkdir -p data/demo && $(BIN)/creditloom letter --first decline --format html --output data/demo/letter.html
	@$(SHOT) --window-size=1100,900 --screenshot=$(PICTURES)/report.png file://$(CURDIR)/data/reports/index.html
	@$(SHOT) --window-size=820,900 --screenshot=$(PICTURES)/letter.png file://$(CURDIR)/data/demo/letter.html

test: setup ## every test that takes seconds
	$(RUN) -m pytest -n $(TEST_WORKERS) --dist loadfile -m "not slow"

lint: setup ## lint, format, types
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

check: lint ## lint, format, types, house rules
	$(RUN) -m pytest -q tests/architecture

format: setup ## write the one format
	$(RUN) -m ruff check --fix-only -q .
	$(RUN) -m ruff format .

# Every change runs them, too (.ci/run): slow tests of what users meet first.
CONSUMER := tests/registry tests/package tests/score/test_events.py tests/score/test_spark.py \
	tests/features/test_spark.py tests/lake/test_spark.py tests/contributing tests/pipeline/test_chain.py tests/world/test_lender.py tests/examples \
	tests/formats/test_registered_v1.py tests/report/test_browser.py tests/pipeline/test_alternatives_command.py tests/pipeline/test_world_claims.py \
	tests/online/test_consents.py tests/online/test_seal_kills.py tests/online/test_same_as_batch.py tests/trace/test_wrong_readings.py \
	tests/scorer/test_estimator_checks.py tests/pipeline/test_retrain.py tests/pipeline/test_page.py tests/own_tables/test_doors.py tests/fit/test_plugins.py \
	tests/docs/test_tier_ci.py tests/docs/test_demo.py tests/pipeline/test_without_data.py \
	tests/fit/test_tables.py tests/fit/test_matrix_source.py
# But not these: `make proof` alone runs all quick tests once more beside the wheel, each way of writing a store,
# on Spark each type, each zone and raw tables, a kill at each operation, 2,000 people, and each rule read wrongly.
TOO_LONG := $(addprefix --deselect tests/, \
	package/test_wheel.py::test_all_tests_pass_without_the_repository \
	package/test_wheel.py::test_the_tests_that_may_read_the_repository_pass_without_it \
	registry/test_guard.py::test_a_spark_function_does_not_decide_by_what_was_changed \
	registry/test_store.py::test_any_way_of_writing_a_store_is_taken \
	registry/test_record.py::test_eight_processes_that_promote_at_once_lose_no_line \
	registry/test_spark_own.py::test_spark_gives_the_pds_of_the_decider_for_every_type \
	registry/test_online_doors.py::test_no_session_of_spark_shifts_a_moment \
	score/test_events.py::test_spark_makes_features_and_decisions_alike \
	online/test_seal_kills.py::test_every_answer_stands_in_one_batch[1] \
	online/test_same_as_batch.py::test_two_thousand_people_are_decided_as_a_batch_decides_them \
	trace/test_wrong_readings.py::test_no_rule_is_hollow)

consumer: setup ## registered model and wheel in clean environments, on Spark and over REST; recipes; same bytes (minutes)
	$(RUN) -m pytest -n $(TEST_WORKERS) --dist loadfile -m slow $(CONSUMER) $(TOO_LONG)

proof: setup ## every slow test: worlds at seeds 1-5, rules read wrongly, jobs killed at random, 10^6 pairs (an hour)
	$(RUN) -m pytest -m slow

evidence: setup ## the statistical bars at seeds 1-5, kept by seed and part, into docs/evidence.md: hours (EVIDENCE_APPLICANTS=, EVIDENCE_SEEDS=)
	$(BIN)/creditloom evidence --applicants $(EVIDENCE_APPLICANTS) --seeds $(EVIDENCE_SEEDS) --page docs/evidence.md

claims: setup ## every claim of world/claims.yaml by the run that it needs, kept by seed and part (CLAIMS_APPLICANTS=, CLAIMS_SEEDS=)
	$(BIN)/creditloom claims --applicants $(CLAIMS_APPLICANTS) --seeds $(CLAIMS_SEEDS)

bench: setup ## ratios side by side into data/reports/bench.json (BENCH="kernel latency", BENCH="--quick")
	$(BIN)/creditloom bench $(BENCH)

scale: setup ## 400,000 applicants from raw events to decisions: minutes, memory, seconds per event (SCALE_APPLICANTS=)
	$(BIN)/creditloom scale --applicants $(SCALE_APPLICANTS)
