"""What a run writes: tables, the review list, run.json, the report, and how they are published."""
