# The image for 64-bit Arm boards (Raspberry Pi 4 and 5, Jetson): one static binary with the students inside, no shell,
# no root. It is compiled on the machine that builds it, whatever that is, and needs no emulation:
#
#	docker buildx build --platform linux/arm64 -f arm64.Dockerfile -t depthwise:arm64 .
#	docker run --rm -v "$PWD/recording:/recording:ro" depthwise:arm64 run /recording --format ndjson
#
# `make image` builds it without an engine or a registry.
ARG GO_IMAGE=docker.io/library/golang:1.26

FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
ARG VERSION=unknown
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /out/edge ./cmd/edge

FROM --platform=$TARGETPLATFORM scratch
LABEL org.opencontainers.image.title="Depthwise" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.description="Segments RGB-D frames: masks on stdout."
COPY --from=build /out/edge /edge
COPY LICENSE /LICENSE
USER 65532:65532
ENTRYPOINT ["/edge"]
CMD ["--help"]
