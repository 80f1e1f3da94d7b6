//! A plan as JSON, with a schema and without secrets, and its digest.
