# One image for every Airflow service of docker-compose.yml. Built from the lock, runs as an ordinary user.
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PATH=/opt/qmsreports/.venv/bin:$PATH \
    AIRFLOW_HOME=/opt/airflow GX_ANALYTICS_ENABLED=false
WORKDIR /opt/qmsreports

# Modules are compiled here, once: nothing is written at run time, and a task that compiled Airflow anew would start late.
COPY pyproject.toml requirements.lock README.md ./
RUN python -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir uv \
    && .venv/bin/uv pip sync --no-cache --compile-bytecode --python .venv/bin/python --require-hashes requirements.lock

COPY src ./src
COPY catalog ./catalog
COPY expectations ./expectations
COPY report_templates ./report_templates
COPY dags ./dags
RUN .venv/bin/uv pip install --no-cache --compile-bytecode --python .venv/bin/python --no-deps --no-build-isolation .

RUN useradd --uid 50000 --create-home airflow \
    && mkdir -p /opt/airflow/logs /opt/qmsreports/var \
    && chown -R airflow /opt/airflow /opt/qmsreports/var
USER airflow
