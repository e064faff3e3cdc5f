CREATE TABLE session.tasks (
    id               uuid        NOT NULL CONSTRAINT tasks_pkey PRIMARY KEY,
    type             text        NOT NULL CONSTRAINT tasks_type_length CHECK (length(type) BETWEEN 1 AND 64),
    from_role        text        NOT NULL CONSTRAINT tasks_from_role_length CHECK (length(from_role) BETWEEN 1 AND 64),
    to_role          text        NOT NULL CONSTRAINT tasks_to_role_length CHECK (length(to_role) BETWEEN 1 AND 64),
    payload          jsonb       NOT NULL CONSTRAINT tasks_payload_is_object CHECK (jsonb_typeof(payload) = 'object'),
    priority         integer     NOT NULL CONSTRAINT tasks_priority_range CHECK (priority BETWEEN 0 AND 9),
    timeout_seconds  integer     NOT NULL CONSTRAINT tasks_timeout_range CHECK (timeout_seconds BETWEEN 1 AND 2592000),
    trace_id         text        NOT NULL CONSTRAINT tasks_trace_id_form CHECK (trace_id ~ '^([0-9a-f]{32})?$'),
    idempotency_key  text        NOT NULL CONSTRAINT tasks_key_length CHECK (length(idempotency_key) <= 255),
    digest           text        NOT NULL CONSTRAINT tasks_digest_form CHECK (digest ~ '^[0-9a-f]{64}$'),
    session_id       uuid        CONSTRAINT tasks_session_fkey REFERENCES session.sessions ON DELETE CASCADE,
    status           text        NOT NULL CONSTRAINT tasks_status_known
                                 CHECK (status IN ('pending', 'assigned', 'in_progress', 'completed', 'failed', 'timeout', 'cancelled')),
    created_by       text        NOT NULL,
    agent_id         text        NOT NULL,
    assigned_to      text        NOT NULL,
    progress_percent integer     NOT NULL CONSTRAINT tasks_progress_range CHECK (progress_percent BETWEEN 0 AND 100),
    progress_message text        NOT NULL CONSTRAINT tasks_progress_message_length CHECK (length(progress_message) <= 1000),
    result           jsonb       CONSTRAINT tasks_result_is_object CHECK (jsonb_typeof(result) = 'object'),
    reason           text        NOT NULL CONSTRAINT tasks_reason_length CHECK (length(reason) <= 1000),
    version          bigint      NOT NULL CONSTRAINT tasks_version_positive CHECK (version > 0),
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    times_out_at     timestamptz NOT NULL,
    ended_at         timestamptz,
    CONSTRAINT tasks_end_fits_status CHECK ((ended_at IS NOT NULL) = (status IN ('completed', 'failed', 'timeout', 'cancelled'))),
    CONSTRAINT tasks_assigned_fits_status CHECK (assigned_to <> '' OR status IN ('pending', 'timeout', 'cancelled')),
    CONSTRAINT tasks_result_fits_status CHECK (result IS NULL OR status IN ('completed', 'failed'))
);

CREATE UNIQUE INDEX tasks_key ON session.tasks (created_by, idempotency_key) WHERE idempotency_key <> '';
CREATE INDEX tasks_agent ON session.tasks (agent_id, id DESC);
CREATE INDEX tasks_assigned ON session.tasks (assigned_to, id DESC) WHERE assigned_to <> '';
CREATE INDEX tasks_to_role ON session.tasks (to_role, status, id DESC);
CREATE INDEX tasks_status ON session.tasks (status, id DESC);
CREATE INDEX tasks_session ON session.tasks (session_id, id DESC) WHERE session_id IS NOT NULL;
CREATE INDEX tasks_open ON session.tasks (times_out_at) WHERE status IN ('pending', 'assigned', 'in_progress');
CREATE INDEX tasks_retention ON session.tasks (ended_at) WHERE ended_at IS NOT NULL AND session_id IS NULL;

ALTER TABLE session.approvals ADD COLUMN task_id uuid CONSTRAINT approvals_task_fkey REFERENCES session.tasks ON DELETE CASCADE;
CREATE INDEX approvals_task ON session.approvals (task_id, id DESC) WHERE task_id IS NOT NULL;
