"""The register: the records an auditor reads. Results and approvals are inserted, never updated."""
