-- Schema "session": what the service Session owns beside the tables of the unit of work.

-- One piece of work that an agent does for somebody; see SessionRules for its life.
CREATE TABLE session.sessions (
    id            uuid        NOT NULL CONSTRAINT sessions_pkey PRIMARY KEY, -- UUIDv7, so the order of ids is the order of creation
    role          text        NOT NULL CONSTRAINT sessions_role_length CHECK (length(role) BETWEEN 1 AND 64),
    task          text        NOT NULL CONSTRAINT sessions_task_length CHECK (length(task) <= 2000),
    agent_id      text        NOT NULL, -- '' when no agent is named; an id of Registry's, not checked here
    subject_type  text        NOT NULL, -- '' when it is about nothing in particular
    subject_id    text        NOT NULL,
    profile       text        NOT NULL, -- '' when none
    status        text        NOT NULL CONSTRAINT sessions_status_known
                              CHECK (status IN ('pending', 'active', 'completed', 'failed', 'cancelled', 'expired')),
    metadata      jsonb       NOT NULL CONSTRAINT sessions_metadata_is_object CHECK (jsonb_typeof(metadata) = 'object'),
    trace_id      text        NOT NULL CONSTRAINT sessions_trace_id_form CHECK (trace_id ~ '^([0-9a-f]{32})?$'), -- of the call that created it
    legal_hold    boolean     NOT NULL, -- retention passes it by
    ttl_seconds   integer     NOT NULL CONSTRAINT sessions_ttl_positive CHECK (ttl_seconds > 0), -- how long it may be left alone
    expires_at    timestamptz NOT NULL, -- means nothing once it has ended
    last_sequence bigint      NOT NULL CONSTRAINT sessions_last_sequence_not_negative CHECK (last_sequence >= 0), -- how many events it has
    version       bigint      NOT NULL CONSTRAINT sessions_version_positive CHECK (version > 0), -- guards concurrent changes; events do not count
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    ended_at      timestamptz,
    -- A session has an end exactly when its state is an end.
    CONSTRAINT sessions_end_fits_status
        CHECK ((ended_at IS NOT NULL) = (status IN ('completed', 'failed', 'cancelled', 'expired'))),
    CONSTRAINT sessions_subject_whole CHECK ((subject_type = '') = (subject_id = ''))
) WITH (fillfactor = 70); -- every append of events changes the row, in place while there is room in its page

-- An agent lists its own, newest first.
CREATE INDEX sessions_agent ON session.sessions (agent_id, id DESC);
-- A person lists those in one state, newest first.
CREATE INDEX sessions_status ON session.sessions (status, id DESC);
-- Somebody lists those about one subject, newest first.
CREATE INDEX sessions_subject ON session.sessions (subject_type, subject_id, id DESC) WHERE subject_type <> '';
-- Somebody looks for what they put into the metadata, with @>.
CREATE INDEX sessions_metadata ON session.sessions USING gin (metadata jsonb_path_ops);
-- The sweeper ends those that were left alone …
CREATE INDEX sessions_expiry ON session.sessions (expires_at) WHERE status IN ('pending', 'active');
-- … and removes those that ended long ago.
CREATE INDEX sessions_retention ON session.sessions (ended_at) WHERE ended_at IS NOT NULL AND NOT legal_hold;

-- What happened in a session; append-only. Who appends takes the next numbers from sessions.last_sequence in the same statement and so holds that row
-- until the commit: numbers have no gap, and whoever sees one event sees all before it. So there is no foreign key, which would look at that row once more
-- for each event and cost as much as the event; who removes a session removes its events.
CREATE TABLE session.events (
    session_id uuid             NOT NULL,
    sequence   bigint           NOT NULL CONSTRAINT events_sequence_positive CHECK (sequence > 0),
    type       text             NOT NULL CONSTRAINT events_type_length CHECK (length(type) BETWEEN 1 AND 64),
    source     text             NOT NULL,
    message    text             NOT NULL,
    payload    jsonb            NOT NULL CONSTRAINT events_payload_is_object CHECK (jsonb_typeof(payload) = 'object'),
    salience   double precision NOT NULL CONSTRAINT events_salience_range CHECK (salience BETWEEN 0 AND 1),
    size_bytes integer          NOT NULL CONSTRAINT events_size_positive CHECK (size_bytes > 0), -- as a message; bounds a page before it is read
    created_at timestamptz      NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (session_id, sequence)
);

-- What the agents of a session share while they work; no row before the first update. Whoever changes it holds the session's row.
CREATE TABLE session.contexts (
    session_id uuid        NOT NULL CONSTRAINT contexts_pkey PRIMARY KEY CONSTRAINT contexts_session REFERENCES session.sessions ON DELETE CASCADE,
    document   jsonb       NOT NULL CONSTRAINT contexts_document_is_object CHECK (jsonb_typeof(document) = 'object'),
    counters   jsonb       NOT NULL CONSTRAINT contexts_counters_is_object CHECK (jsonb_typeof(counters) = 'object'), -- name → int64
    version    bigint      NOT NULL CONSTRAINT contexts_version_positive CHECK (version > 0),
    updated_at timestamptz NOT NULL
) WITH (fillfactor = 70); -- as above

-- What one role asks of another; see TaskRules for its life.
CREATE TABLE session.tasks (
    id               uuid        NOT NULL CONSTRAINT tasks_pkey PRIMARY KEY,
    type             text        NOT NULL CONSTRAINT tasks_type_length CHECK (length(type) BETWEEN 1 AND 64),
    from_role        text        NOT NULL CONSTRAINT tasks_from_role_length CHECK (length(from_role) BETWEEN 1 AND 64),
    to_role          text        NOT NULL CONSTRAINT tasks_to_role_length CHECK (length(to_role) BETWEEN 1 AND 64),
    payload          jsonb       NOT NULL CONSTRAINT tasks_payload_is_object CHECK (jsonb_typeof(payload) = 'object'),
    priority         integer     NOT NULL CONSTRAINT tasks_priority_range CHECK (priority BETWEEN 0 AND 9),
    timeout_seconds  integer     NOT NULL CONSTRAINT tasks_timeout_range CHECK (timeout_seconds BETWEEN 1 AND 2592000),
    trace_id         text        NOT NULL CONSTRAINT tasks_trace_id_form CHECK (trace_id ~ '^([0-9a-f]{32})?$'),
    idempotency_key  text        NOT NULL CONSTRAINT tasks_key_length CHECK (length(idempotency_key) <= 255), -- '' when the sender gave none
    digest           text        NOT NULL CONSTRAINT tasks_digest_form CHECK (digest ~ '^[0-9a-f]{64}$'), -- of the request, to tell a repeat from another task: TaskDigest
    session_id       uuid        CONSTRAINT tasks_session_fkey REFERENCES session.sessions ON DELETE CASCADE,
    status           text        NOT NULL CONSTRAINT tasks_status_known
                                 CHECK (status IN ('pending', 'assigned', 'in_progress', 'completed', 'failed', 'timeout', 'cancelled')),
    created_by       text        NOT NULL, -- subject of the token
    agent_id         text        NOT NULL, -- '' when a person sent it
    assigned_to      text        NOT NULL, -- '' before it is assigned; an agent's id of Registry's, not checked here
    progress_percent integer     NOT NULL CONSTRAINT tasks_progress_range CHECK (progress_percent BETWEEN 0 AND 100),
    progress_message text        NOT NULL CONSTRAINT tasks_progress_message_length CHECK (length(progress_message) <= 1000),
    result           jsonb       CONSTRAINT tasks_result_is_object CHECK (jsonb_typeof(result) = 'object'),
    reason           text        NOT NULL CONSTRAINT tasks_reason_length CHECK (length(reason) <= 1000),
    version          bigint      NOT NULL CONSTRAINT tasks_version_positive CHECK (version > 0),
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    times_out_at     timestamptz NOT NULL, -- by the clock, whatever the sweep has written
    ended_at         timestamptz,
    dispatch         boolean     NOT NULL, -- whether Registry hands it to an agent
    registry_version bigint      NOT NULL, -- of the last report that was taken over; 0 before the first
    CONSTRAINT tasks_end_fits_status CHECK ((ended_at IS NOT NULL) = (status IN ('completed', 'failed', 'timeout', 'cancelled'))),
    CONSTRAINT tasks_assigned_fits_status CHECK (dispatch OR assigned_to <> '' OR status IN ('pending', 'timeout', 'cancelled')), -- Registry may give one up that no agent had
    CONSTRAINT tasks_result_fits_status CHECK (result IS NULL OR status IN ('completed', 'failed'))
);

-- What Registry is yet to be told of dispatched tasks.
CREATE TABLE session.dispatches (
    id         uuid        NOT NULL CONSTRAINT dispatches_pkey PRIMARY KEY, -- UUIDv7
    task_id    uuid        NOT NULL CONSTRAINT dispatches_task_fkey REFERENCES session.tasks ON DELETE CASCADE,
    created_at timestamptz NOT NULL
);

-- For the removing of tasks.
CREATE INDEX dispatches_task ON session.dispatches (task_id);

-- A sender's key names one task.
CREATE UNIQUE INDEX tasks_key ON session.tasks (created_by, idempotency_key) WHERE idempotency_key <> '';
-- An agent lists what it has sent …
CREATE INDEX tasks_agent ON session.tasks (agent_id, id DESC);
-- … and what it is to do.
CREATE INDEX tasks_assigned ON session.tasks (assigned_to, id DESC) WHERE assigned_to <> '';
-- What a role is asked for.
CREATE INDEX tasks_to_role ON session.tasks (to_role, status, id DESC);
-- A person lists those in one state, newest first.
CREATE INDEX tasks_status ON session.tasks (status, id DESC);
-- What belongs to a session, and goes with it.
CREATE INDEX tasks_session ON session.tasks (session_id, id DESC) WHERE session_id IS NOT NULL;
-- What times out next.
CREATE INDEX tasks_open ON session.tasks (times_out_at) WHERE status IN ('pending', 'assigned', 'in_progress');
-- What ended long ago and goes with no session.
CREATE INDEX tasks_retention ON session.tasks (ended_at) WHERE ended_at IS NOT NULL AND session_id IS NULL;

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
    task_id       uuid        CONSTRAINT approvals_task_fkey REFERENCES session.tasks ON DELETE CASCADE, -- session_id is then the task's
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
-- What belongs to a task, and goes with it.
CREATE INDEX approvals_task ON session.approvals (task_id, id DESC) WHERE task_id IS NOT NULL;

-- Who is told by HTTP what happens; a hundred at most. No secret is here: it is derived from a key that the services are given, this id and the generation.
CREATE TABLE session.webhooks (
    id                 uuid        NOT NULL CONSTRAINT webhooks_pkey PRIMARY KEY,
    url                text        NOT NULL CONSTRAINT webhooks_url_length CHECK (length(url) BETWEEN 1 AND 2048), -- may hold a token of the receiver's: not for logs
    event_types        text[]      NOT NULL CONSTRAINT webhooks_event_types_given CHECK (cardinality(event_types) BETWEEN 1 AND 16),
    role               text        NOT NULL CONSTRAINT webhooks_role_length CHECK (length(role) <= 64), -- '' for all
    description        text        NOT NULL CONSTRAINT webhooks_description_length CHECK (length(description) <= 500),
    enabled            boolean     NOT NULL,
    disabled_reason    text        NOT NULL CONSTRAINT webhooks_disabled_reason_known
                                   CHECK (disabled_reason IN ('', 'by_person', 'gone', 'removed')), -- removed: as if it were not there, until the sweeper has done away with its executions
    secret_generation  integer     NOT NULL CONSTRAINT webhooks_secret_generation_positive CHECK (secret_generation > 0), -- grows by one with each rotation
    secret_key_id      text        NOT NULL, -- which of the services' keys it is derived from
    previous_key_id    text        NOT NULL, -- the same of the generation before; '' when there is none
    previous_until     timestamptz, -- until when that one signs as well
    created_by         text        NOT NULL,
    version            bigint      NOT NULL CONSTRAINT webhooks_version_positive CHECK (version > 0),
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    CONSTRAINT webhooks_disabled_fits_reason CHECK (enabled = (disabled_reason = '')),
    CONSTRAINT webhooks_previous_whole CHECK ((previous_key_id = '') = (previous_until IS NULL))
);

-- What has happened and nobody was told of yet: written with the change itself, gone when there is an execution for every webhook that wants it.
CREATE TABLE session.notices (
    id         uuid NOT NULL CONSTRAINT notices_pkey PRIMARY KEY, -- UUIDv7, so in order of time; the webhook-id of the messages
    type       text NOT NULL,
    role       text NOT NULL, -- '' when the session knows it
    session_id uuid, -- no reference: it may be removed before anybody is told
    body       text NOT NULL -- the JSON that is posted
);

-- A message to one webhook.
CREATE TABLE session.webhook_executions (
    id               uuid        NOT NULL CONSTRAINT webhook_executions_pkey PRIMARY KEY,
    webhook_id       uuid        NOT NULL CONSTRAINT webhook_executions_webhook_fkey REFERENCES session.webhooks ON DELETE CASCADE,
    event_id         uuid        NOT NULL, -- the notice's
    event_type       text        NOT NULL,
    body             text        NOT NULL, -- text, since what is signed must not change by a byte
    status           text        NOT NULL CONSTRAINT webhook_executions_status_known CHECK (status IN ('queued', 'delivered', 'dead')),
    attempts         integer     NOT NULL CONSTRAINT webhook_executions_attempts_not_negative CHECK (attempts >= 0), -- begun; fences an attempt that was overtaken
    queued_at        timestamptz NOT NULL, -- by its event or by a replay: retries end so long after it
    due_at           timestamptz NOT NULL, -- when it is tried next; during an attempt, when its lease ends
    last_status_code integer     NOT NULL, -- 0 without an answer
    last_error       text        NOT NULL CONSTRAINT webhook_executions_last_error_length CHECK (length(last_error) <= 500),
    created_at       timestamptz NOT NULL,
    finished_at      timestamptz,
    CONSTRAINT webhook_executions_once UNIQUE (event_id, webhook_id),
    CONSTRAINT webhook_executions_finish_fits_status CHECK ((finished_at IS NOT NULL) = (status <> 'queued'))
);

-- The deliverer takes what is due, webhook by webhook, so that none waits for another's.
CREATE INDEX webhook_executions_due ON session.webhook_executions (webhook_id, due_at) WHERE status = 'queued';
-- A person lists a webhook's, newest first.
CREATE INDEX webhook_executions_webhook ON session.webhook_executions (webhook_id, id DESC);
-- … or its dead letters, or replays them, oldest first.
CREATE INDEX webhook_executions_dead ON session.webhook_executions (webhook_id, id) WHERE status = 'dead';
-- The sweeper removes what ended long ago.
CREATE INDEX webhook_executions_retention ON session.webhook_executions (finished_at) WHERE finished_at IS NOT NULL;

-- How each attempt went.
CREATE TABLE session.webhook_attempts (
    execution_id uuid        NOT NULL CONSTRAINT webhook_attempts_execution_fkey REFERENCES session.webhook_executions ON DELETE CASCADE,
    number       integer     NOT NULL CONSTRAINT webhook_attempts_number_positive CHECK (number > 0),
    started_at   timestamptz NOT NULL,
    duration_ms  integer     NOT NULL CONSTRAINT webhook_attempts_duration_not_negative CHECK (duration_ms >= 0),
    status_code  integer     NOT NULL, -- 0 without an answer
    error        text        NOT NULL CONSTRAINT webhook_attempts_error_length CHECK (length(error) <= 500),
    answer       text        NOT NULL CONSTRAINT webhook_attempts_answer_length CHECK (length(answer) <= 1000), -- the beginning of its body
    CONSTRAINT webhook_attempts_pkey PRIMARY KEY (execution_id, number)
);
