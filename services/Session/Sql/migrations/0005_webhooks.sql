CREATE TABLE session.webhooks (
    id                 uuid        NOT NULL CONSTRAINT webhooks_pkey PRIMARY KEY,
    url                text        NOT NULL CONSTRAINT webhooks_url_length CHECK (length(url) BETWEEN 1 AND 2048),
    event_types        text[]      NOT NULL CONSTRAINT webhooks_event_types_given CHECK (cardinality(event_types) BETWEEN 1 AND 16),
    role               text        NOT NULL CONSTRAINT webhooks_role_length CHECK (length(role) <= 64),
    description        text        NOT NULL CONSTRAINT webhooks_description_length CHECK (length(description) <= 500),
    enabled            boolean     NOT NULL,
    disabled_reason    text        NOT NULL CONSTRAINT webhooks_disabled_reason_known CHECK (disabled_reason IN ('', 'by_person', 'gone', 'removed')),
    secret_generation  integer     NOT NULL CONSTRAINT webhooks_secret_generation_positive CHECK (secret_generation > 0),
    secret_key_id      text        NOT NULL,
    previous_key_id    text        NOT NULL,
    previous_until     timestamptz,
    created_by         text        NOT NULL,
    version            bigint      NOT NULL CONSTRAINT webhooks_version_positive CHECK (version > 0),
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    CONSTRAINT webhooks_disabled_fits_reason CHECK (enabled = (disabled_reason = '')),
    CONSTRAINT webhooks_previous_whole CHECK ((previous_key_id = '') = (previous_until IS NULL))
);

CREATE TABLE session.notices (
    id         uuid NOT NULL CONSTRAINT notices_pkey PRIMARY KEY,
    type       text NOT NULL,
    role       text NOT NULL,
    session_id uuid,
    body       text NOT NULL
);

CREATE TABLE session.webhook_executions (
    id               uuid        NOT NULL CONSTRAINT webhook_executions_pkey PRIMARY KEY,
    webhook_id       uuid        NOT NULL CONSTRAINT webhook_executions_webhook_fkey REFERENCES session.webhooks ON DELETE CASCADE,
    event_id         uuid        NOT NULL,
    event_type       text        NOT NULL,
    body             text        NOT NULL,
    status           text        NOT NULL CONSTRAINT webhook_executions_status_known CHECK (status IN ('queued', 'delivered', 'dead')),
    attempts         integer     NOT NULL CONSTRAINT webhook_executions_attempts_not_negative CHECK (attempts >= 0),
    queued_at        timestamptz NOT NULL,
    due_at           timestamptz NOT NULL,
    last_status_code integer     NOT NULL,
    last_error       text        NOT NULL CONSTRAINT webhook_executions_last_error_length CHECK (length(last_error) <= 500),
    created_at       timestamptz NOT NULL,
    finished_at      timestamptz,
    CONSTRAINT webhook_executions_once UNIQUE (event_id, webhook_id),
    CONSTRAINT webhook_executions_finish_fits_status CHECK ((finished_at IS NOT NULL) = (status <> 'queued'))
);

CREATE INDEX webhook_executions_due ON session.webhook_executions (webhook_id, due_at) WHERE status = 'queued';
CREATE INDEX webhook_executions_webhook ON session.webhook_executions (webhook_id, id DESC);
CREATE INDEX webhook_executions_dead ON session.webhook_executions (webhook_id, id) WHERE status = 'dead';
CREATE INDEX webhook_executions_retention ON session.webhook_executions (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE session.webhook_attempts (
    execution_id uuid        NOT NULL CONSTRAINT webhook_attempts_execution_fkey REFERENCES session.webhook_executions ON DELETE CASCADE,
    number       integer     NOT NULL CONSTRAINT webhook_attempts_number_positive CHECK (number > 0),
    started_at   timestamptz NOT NULL,
    duration_ms  integer     NOT NULL CONSTRAINT webhook_attempts_duration_not_negative CHECK (duration_ms >= 0),
    status_code  integer     NOT NULL,
    error        text        NOT NULL CONSTRAINT webhook_attempts_error_length CHECK (length(error) <= 500),
    answer       text        NOT NULL CONSTRAINT webhook_attempts_answer_length CHECK (length(answer) <= 1000),
    CONSTRAINT webhook_attempts_pkey PRIMARY KEY (execution_id, number)
);
