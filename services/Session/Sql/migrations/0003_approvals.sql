CREATE TABLE session.approvals (
    id            uuid        NOT NULL CONSTRAINT approvals_pkey PRIMARY KEY,
    session_id    uuid        CONSTRAINT approvals_session_fkey REFERENCES session.sessions ON DELETE CASCADE,
    agent_id      text        NOT NULL,
    requested_by  text        NOT NULL,
    approver_role text        NOT NULL CONSTRAINT approvals_approver_known CHECK (approver_role IN ('operator', 'superuser')),
    action        text        NOT NULL CONSTRAINT approvals_action_length CHECK (length(action) BETWEEN 1 AND 64),
    arguments     jsonb       NOT NULL CONSTRAINT approvals_arguments_is_object CHECK (jsonb_typeof(arguments) = 'object'),
    digest        text        NOT NULL CONSTRAINT approvals_digest_form CHECK (digest ~ '^[0-9a-f]{64}$'),
    reason        text        NOT NULL CONSTRAINT approvals_reason_length CHECK (length(reason) BETWEEN 1 AND 2000),
    status        text        NOT NULL CONSTRAINT approvals_status_known
                              CHECK (status IN ('approval_pending', 'approval_approved', 'approval_rejected', 'approval_consumed', 'approval_expired')),
    expires_at    timestamptz NOT NULL,
    on_expiry     text        NOT NULL CONSTRAINT approvals_on_expiry_known CHECK (on_expiry IN ('deny', 'escalate')),
    escalate_to   text        NOT NULL CONSTRAINT approvals_escalate_to_known CHECK (escalate_to IN ('', 'operator', 'superuser')),
    escalated     boolean     NOT NULL,
    decided_by    text        NOT NULL,
    decided_at    timestamptz,
    notes         text        NOT NULL CONSTRAINT approvals_notes_length CHECK (length(notes) <= 1000),
    consumed_at   timestamptz,
    version       bigint      NOT NULL CONSTRAINT approvals_version_positive CHECK (version > 0),
    created_at    timestamptz NOT NULL,
    CONSTRAINT approvals_decided_fits_status CHECK ((decided_at IS NOT NULL) = (decided_by <> '')),
    CONSTRAINT approvals_consumed_fits_status CHECK ((consumed_at IS NOT NULL) = (status = 'approval_consumed'))
);

CREATE INDEX approvals_agent ON session.approvals (agent_id, id DESC);
CREATE INDEX approvals_status ON session.approvals (status, id DESC);
CREATE INDEX approvals_session ON session.approvals (session_id, id DESC) WHERE session_id IS NOT NULL;
CREATE INDEX approvals_open ON session.approvals (expires_at) WHERE status IN ('approval_pending', 'approval_approved');
