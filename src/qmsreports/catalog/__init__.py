"""What people adjust: KPI definitions, targets, calendars, tables, sources, clause maps and reviews."""
