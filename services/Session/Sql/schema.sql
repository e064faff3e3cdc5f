-- Schema "session": what the service Session owns beside the tables of the unit of work.

-- One piece of work that an agent does for somebody; see SessionRules for its life.
CREATE TABLE session.sessions (
    id         uuid        NOT NULL CONSTRAINT sessions_pkey PRIMARY KEY, -- UUIDv7, so the order of ids is the order of creation
    role       text        NOT NULL CONSTRAINT sessions_role_length CHECK (length(role) BETWEEN 1 AND 64),
    task       text        NOT NULL CONSTRAINT sessions_task_length CHECK (length(task) <= 2000),
    agent_id   text        NOT NULL, -- '' when no agent is named; an id of Registry's, not checked here
    status     text        NOT NULL CONSTRAINT sessions_status_known
                           CHECK (status IN ('pending', 'active', 'completed', 'failed', 'cancelled', 'expired')),
    metadata   jsonb       NOT NULL CONSTRAINT sessions_metadata_is_object CHECK (jsonb_typeof(metadata) = 'object'),
    version    bigint      NOT NULL CONSTRAINT sessions_version_positive CHECK (version > 0), -- guards concurrent changes
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    ended_at   timestamptz,
    event_count bigint     NOT NULL DEFAULT 0 CONSTRAINT sessions_event_count_not_negative CHECK (event_count >= 0), -- the last event's sequence
    legal_hold boolean     NOT NULL DEFAULT false, -- kept beyond its time while true
    -- A session has an end exactly when its state is an end.
    CONSTRAINT sessions_end_fits_status
        CHECK ((ended_at IS NOT NULL) = (status IN ('completed', 'failed', 'cancelled', 'expired')))
);

-- An agent lists its own, newest first.
CREATE INDEX sessions_agent ON session.sessions (agent_id, id DESC);
-- A person lists those in one state, newest first.
CREATE INDEX sessions_status ON session.sessions (status, id DESC);
-- Retention finds those that have ended long ago.
CREATE INDEX sessions_ended ON session.sessions (ended_at) WHERE ended_at IS NOT NULL AND NOT legal_hold;

-- What happened in a session: added, never changed, and gone with it.
CREATE TABLE session.events (
    session_id uuid             NOT NULL CONSTRAINT events_session_fkey REFERENCES session.sessions ON DELETE CASCADE,
    -- 1, 2, 3 … in its session without a gap: given out under the lock of the session's row, so that whoever has read up to one has missed none.
    sequence   bigint           NOT NULL CONSTRAINT events_sequence_positive CHECK (sequence > 0),
    type       text             NOT NULL CONSTRAINT events_type_length CHECK (length(type) BETWEEN 1 AND 64),
    source     text             NOT NULL CONSTRAINT events_source_length CHECK (length(source) BETWEEN 1 AND 256), -- who or what it comes from
    message    text             NOT NULL CONSTRAINT events_message_length CHECK (length(message) <= 8000),
    payload    jsonb            NOT NULL CONSTRAINT events_payload_is_object CHECK (jsonb_typeof(payload) = 'object'),
    salience   double precision NOT NULL CONSTRAINT events_salience_range CHECK (salience >= 0 AND salience <= 1), -- how much it matters
    created_at timestamptz      NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (session_id, sequence)
);

-- What somebody wants to do, exactly, and what a person said of it. Decided once, used once.
CREATE TABLE session.approvals (
    id            uuid        NOT NULL CONSTRAINT approvals_pkey PRIMARY KEY,
    session_id    uuid        CONSTRAINT approvals_session_fkey REFERENCES session.sessions ON DELETE CASCADE,
    agent_id      text        NOT NULL, -- '' when a person asks
    requested_by  text        NOT NULL, -- subject of the token; never decides
    approver_role text        NOT NULL CONSTRAINT approvals_approver_known CHECK (approver_role IN ('operator', 'superuser')),
    action        text        NOT NULL CONSTRAINT approvals_action_length CHECK (length(action) BETWEEN 1 AND 64),
    arguments     jsonb       NOT NULL CONSTRAINT approvals_arguments_is_object CHECK (jsonb_typeof(arguments) = 'object'),
    digest        text        NOT NULL CONSTRAINT approvals_digest_form CHECK (digest ~ '^[0-9a-f]{64}$'), -- of action and arguments: docs/approvals.md
    reason        text        NOT NULL CONSTRAINT approvals_reason_length CHECK (length(reason) BETWEEN 1 AND 2000),
    status        text        NOT NULL CONSTRAINT approvals_status_known
                              CHECK (status IN ('approval_pending', 'approval_approved', 'approval_rejected', 'approval_consumed', 'approval_expired')),
    expires_at    timestamptz NOT NULL, -- to decide, and to use
    on_expiry     text        NOT NULL CONSTRAINT approvals_on_expiry_known CHECK (on_expiry IN ('deny', 'escalate')),
    escalate_to   text        NOT NULL CONSTRAINT approvals_escalate_to_known CHECK (escalate_to IN ('', 'operator', 'superuser')),
    escalated     boolean     NOT NULL,
    decided_by    text        NOT NULL, -- '' before the decision
    decided_at    timestamptz,
    notes         text        NOT NULL CONSTRAINT approvals_notes_length CHECK (length(notes) <= 1000),
    consumed_at   timestamptz,
    version       bigint      NOT NULL CONSTRAINT approvals_version_positive CHECK (version > 0),
    created_at    timestamptz NOT NULL,
    CONSTRAINT approvals_decided_fits_status CHECK ((decided_at IS NOT NULL) = (decided_by <> '')),
    CONSTRAINT approvals_consumed_fits_status CHECK ((consumed_at IS NOT NULL) = (status = 'approval_consumed'))
);

-- An agent lists its own, newest first.
CREATE INDEX approvals_agent ON session.approvals (agent_id, id DESC);
-- A person lists what waits, newest first.
CREATE INDEX approvals_status ON session.approvals (status, id DESC);
-- What belongs to a session, and goes with it.
CREATE INDEX approvals_session ON session.approvals (session_id, id DESC) WHERE session_id IS NOT NULL;
-- What expires next.
CREATE INDEX approvals_open ON session.approvals (expires_at) WHERE status IN ('approval_pending', 'approval_approved');
