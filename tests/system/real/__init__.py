"""What tests of real source systems need: their software, a PostgreSQL, a port, and an end for what was started."""
