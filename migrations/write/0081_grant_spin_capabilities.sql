-- What capabilities may do where each logs in as a role of its own, as on Spin; a MindFlow host works here as the
-- administrator. The migration runner makes the roles. That of the search index has its rights in the read database.

-- Records of the audit trail are added; changing or removing them is refused to their owner as well.
GRANT USAGE ON SCHEMA audit TO "mindflow_audit-log";
GRANT SELECT, INSERT ON audit.records TO "mindflow_audit-log";
GRANT SELECT, UPDATE (number, hash) ON audit.head TO "mindflow_audit-log";

-- A dead letter is shown with its event, becomes ready again, or is given up; what waits behind it becomes ready.
GRANT SELECT ON delivery.queue, delivery.archive TO "mindflow_dead-letters";
GRANT UPDATE (state, attempts, lost, dead_at, first_failed_at) ON delivery.queue TO "mindflow_dead-letters";
GRANT DELETE ON delivery.queue TO "mindflow_dead-letters";
