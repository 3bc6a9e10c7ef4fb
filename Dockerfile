# --- what is installed, with every hash checked
FROM python:3.11-slim AS builder

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/handoff
WORKDIR /src

# The dependencies change less often than the code: a layer of their own.
COPY requirements.lock ./
RUN /opt/handoff/bin/pip install --require-hashes -r requirements.lock

COPY LICENSE README.md pyproject.toml ./
COPY app ./app
COPY migrations ./migrations
RUN /opt/handoff/bin/pip install --no-deps --no-build-isolation . \
    && /opt/handoff/bin/pip uninstall --yes hatchling editables pip

# --- what runs
FROM python:3.11-slim

LABEL org.opencontainers.image.title="Handoff" \
      org.opencontainers.image.description="Turns the outcome of a voice call into a safe, reviewed and provable action on a commerce order." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"

# A user with a name, because initdb asks for it; with a fixed number, so that a volume's owner stays the same.
RUN useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin handoff \
    && install --directory --owner=handoff --group=handoff --mode=0700 /data

COPY --from=builder /opt/handoff /opt/handoff

ENV PATH=/opt/handoff/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HANDOFF_HOST=0.0.0.0 \
    HANDOFF_DATA_DIR=/data

USER 10001:10001
WORKDIR /data
# The embedded Postgres, where no HANDOFF_DATABASE_URL is set.
VOLUME /data
EXPOSE 8080

# Of `serve`; a container that runs another command switches it off.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ.get('HANDOFF_PORT', '8080')}/livez\", timeout=4)"]

# SIGTERM ends it in order: requests within 10 seconds, jobs under way within 25.
STOPSIGNAL SIGTERM
ENTRYPOINT ["handoff"]
CMD ["serve"]
