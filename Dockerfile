# syntax=docker/dockerfile:1

FROM rust:1.95-bookworm AS builder
WORKDIR /src
COPY . .
# The two caches keep downloaded and compiled dependencies from one build to the next, so only our
# own code is compiled again. They are no part of the image, so the binary is copied out of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --release --locked --bin forte-media \
 && cp target/release/forte-media /usr/local/bin/forte-media \
 && mkdir /data

# glibc and root certificates; no shell, no package manager, user 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=builder /usr/local/bin/forte-media /usr/local/bin/forte-media
# Everything that is written is written here: the root file system may be mounted read-only.
COPY --from=builder --chown=65532:65532 /data /data
VOLUME /data
# The default settings name folders as `data/…`: from here they are in the volume.
WORKDIR /
ENV FORTE_MEDIA__HTTP__LISTEN=0.0.0.0:8080 \
    FORTE_MEDIA__OPS__LISTEN=0.0.0.0:9464 \
    FORTE_MEDIA__LOG__FORMAT=json
# 8080 is for phones and reviewers, 9464 (/healthz, /readyz, /metrics) for the operator only.
EXPOSE 8080 9464
# No HEALTHCHECK: there is nothing in the image to ask with. Let the platform ask :9464/readyz.
ENTRYPOINT ["/usr/local/bin/forte-media"]
CMD ["serve"]
