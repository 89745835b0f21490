-- The register has a database of its own beside Airflow's metadata.
CREATE DATABASE register OWNER airflow;
