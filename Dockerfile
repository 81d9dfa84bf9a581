# The gateway, for production: only what is locked, nothing that builds, no GraphiQL page, nobody's root.
# Build:   docker build -t tenant-gateway .
# Any image with Python 3.11 or newer and its venv module can be the base: --build-arg PYTHON_IMAGE=…
ARG PYTHON_IMAGE=python:3.12-slim-trixie

FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
COPY requirements/build.txt requirements/run.txt requirements/
# Hashes make pip refuse anything but the locked files; the build backend is a locked one too, and stays behind.
RUN python3 -m venv /opt/build \
 && python3 -m venv --without-pip /opt/gateway \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt \
 && /opt/build/bin/pip --python /opt/gateway/bin/python install --no-cache-dir --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY gateway gateway
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir dist . \
 && /opt/build/bin/pip --python /opt/gateway/bin/python install --no-cache-dir --no-deps dist/*.whl

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="tenant-gateway" \
      org.opencontainers.image.description="One tenant graph over the two legacy systems of a social landlord" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 gateway \
 && useradd --uid 10001 --gid gateway --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin gateway
COPY --from=build /opt/gateway /opt/gateway
# Nothing is ever written: byte code is in the image, data is in PostgreSQL, logs go to standard output.
ENV PATH=/opt/gateway/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /srv
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
EXPOSE 8000
# SIGTERM ends it gracefully. No HEALTHCHECK: the compose file and the Kubernetes probes ask /healthz and /readyz.
ENTRYPOINT ["tenant-gateway"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
