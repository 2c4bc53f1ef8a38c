# Depthwise. `make` lists what there is.

GO      ?= go
PYTHON  ?= python3
VENV    ?= .venv
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
FUZZ    ?= 60s
FAULTS  ?= 200
SOAK    ?= 30m

# One static binary without a C compiler. Only the race detector needs cgo, and says so itself.
export CGO_ENABLED ?= 0
export GO PYTHON VENV VERSION

.DEFAULT_GOAL := help
.PHONY: help build demo test gotest pytest check lint race realsense opencv tags arm64 cross generated image fuzz faults soak bench clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

build: ## Build bin/edge: static, stripped, students inside.
	$(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/ ./cmd/edge

demo: build ## Segment the built-in synthetic camera. Needs Go alone.
	@scripts/demo.sh

test: gotest pytest realsense ## Run the Go and the Python tests. Sets .venv up on the first run.

gotest: build
	$(GO) test ./...
	@$(GO) test -run '^TestHostileFiles$$' -v ./quant | grep -a '^hostile:'

pytest: build
	@scripts/venv.sh
	$(VENV)/bin/python -m pytest -q distill bench

realsense: ## Test RealSense cameras with the vendor's library, its present and an older version.
	@scripts/realsense.sh

opencv: ## Vet, build and test with the tag opencv, and build it for arm64. Needs C++ compilers and libopencv-dev.
	@scripts/opencv.sh
	@scripts/opencv_arm64.sh

tags: realsense opencv ## Test everything that is behind a build tag.

check: ## Everything that CI checks: test, lint, race, arm64, cross, generated, image, short fuzz.
	@scripts/check.sh

lint: ## gofmt, go vet, staticcheck, shellcheck where installed.
	@scripts/lint.sh

race: ## Run the Go tests under the race detector. Needs a C compiler.
	CGO_ENABLED=1 $(GO) test -race -short -timeout 30m ./...

arm64: ## Run the Go tests on arm64 under qemu-user, kernels on each CPU model.
	@scripts/arm64.sh

cross: ## Compile for the other systems; hold the stripped binary to its size.
	@scripts/cross.sh

generated: ## Generate assembly and protobuf code again and compare.
	@scripts/generated.sh

image: ## Build the arm64 image with buildah and run its binary under qemu-user.
	@scripts/image.sh

fuzz: ## Fuzz every target for FUZZ (60s) each.
	@scripts/fuzz.sh $(FUZZ)

faults: ## Inject FAULTS (200) of every kind and print the fault table.
	@scripts/faults.sh $(FAULTS)

soak: ## Run for SOAK (30m) at 30 frames a second with random faults; memory must stay flat.
	@scripts/soak.sh $(SOAK)

bench: build ## Measure edge beside other runtimes; writes docs/performance.md. Minutes; wants a quiet machine.
	@scripts/bench.sh $(BENCH)

clean: ## Remove what was built. Keeps .venv.
	rm -rf bin build dist
