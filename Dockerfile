# syntax=docker/dockerfile:1

FROM rust:1.95-bookworm AS builder
WORKDIR /src
COPY . .
# The two caches keep downloaded and compiled dependencies between builds, so that only the service is
# compiled again. They are not part of the image, so the binary is copied out of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --release --locked --bin forte-media \
 && cp target/release/forte-media /usr/local/bin/forte-media \
 && mkdir /data

# glibc and root certificates; no shell, no package manager, user 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=builder /usr/local/bin/forte-media /usr/local/bin/forte-media
# All writes go here: the root file system can be mounted read-only.
COPY --from=builder --chown=65532:65532 /data /data
VOLUME /data
# The folders of the default settings, `data/…`, are relative to this folder and so in the volume.
WORKDIR /
ENV FORTE_MEDIA__HTTP__LISTEN=0.0.0.0:8080 \
    FORTE_MEDIA__OPS__LISTEN=0.0.0.0:9464 \
    FORTE_MEDIA__LOG__FORMAT=json
# 8080 is for phones and reviewers, 9464 (/healthz, /readyz, /status, /metrics) for the operator only.
EXPOSE 8080 9464
# No HEALTHCHECK, because the image has no HTTP client. The platform can probe :9464/readyz.
ENTRYPOINT ["/usr/local/bin/forte-media"]
CMD ["serve"]
