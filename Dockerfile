# Two stages: the first installs from the lock and builds the console, the second only runs.
# The official Debian images build Python with profile-guided and link-time optimisation.
FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1

WORKDIR /opt/cadre/app
# The environment keeps no pip of its own, so the image that runs cannot install anything into it.
RUN python -m venv --without-pip /opt/cadre/venv
COPY requirements.lock ./
RUN pip --python /opt/cadre/venv/bin/python install --no-cache-dir --only-binary :all: --no-deps \
        --require-hashes -r requirements.lock

COPY pyproject.toml README.md LICENSE cadre.py ./
COPY matching ./matching
COPY service ./service
COPY seeds ./seeds
COPY schema ./schema
# The lock holds the build backend, so this step downloads nothing.
RUN PATH="/opt/cadre/venv/bin:$PATH" pip --python /opt/cadre/venv/bin/python install \
        --no-cache-dir --no-deps --no-build-isolation --no-index --editable . \
    && /opt/cadre/venv/bin/cadre console build \
    && rm -rf schema/console/node_modules \
    && /opt/cadre/venv/bin/python -m compileall -q cadre.py matching service seeds schema


FROM python:3.13-slim

LABEL org.opencontainers.image.title="Cadre" \
      org.opencontainers.image.description="The senior-leadership pipeline, merit assessment and mentor matching, as an async GraphQL API." \
      org.opencontainers.image.licenses="Apache-2.0"

# The name is for PostgreSQL, which does not run as a user without one.
RUN groupadd --system --gid 10001 cadre \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin cadre \
    && install -d -m 0700 -o 10001 -g 10001 /var/lib/cadre

# Root owns the code, so the process that serves it cannot change it.
COPY --from=build /opt/cadre /opt/cadre

ENV PATH="/opt/cadre/venv/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CADRE_ENVIRONMENT=production \
    CADRE_DATA_DIR=/var/lib/cadre \
    CADRE_HOST=0.0.0.0 \
    CADRE_PORT=8000

WORKDIR /opt/cadre/app
USER 10001:10001
VOLUME ["/var/lib/cadre"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['CADRE_PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["cadre"]
CMD ["serve"]
