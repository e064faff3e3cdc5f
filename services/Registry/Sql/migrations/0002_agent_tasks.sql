ALTER TABLE registry.agents
    ADD COLUMN roles text[] NOT NULL DEFAULT '{}' CONSTRAINT agents_roles_count CHECK (cardinality(roles) <= 32),
    ADD COLUMN status text NOT NULL DEFAULT 'active'
        CONSTRAINT agents_status_known CHECK (status IN ('active', 'disabled', 'quarantined', 'deregistered')),
    ADD COLUMN status_reason text NOT NULL DEFAULT '' CONSTRAINT agents_status_reason_length CHECK (length(status_reason) <= 512);
UPDATE registry.agents SET status = 'disabled' WHERE disabled;
ALTER TABLE registry.agents DROP COLUMN disabled;
ALTER TABLE registry.agents ALTER COLUMN roles DROP DEFAULT, ALTER COLUMN status DROP DEFAULT, ALTER COLUMN status_reason DROP DEFAULT;

CREATE TABLE registry.pools (
    key          text        NOT NULL CONSTRAINT pools_pkey PRIMARY KEY CONSTRAINT pools_key_length CHECK (length(key) <= 80),
    role         text        NOT NULL CONSTRAINT pools_role_length CHECK (length(role) <= 64),
    platform     text        NOT NULL CONSTRAINT pools_platform_known CHECK (platform IN ('', 'linux', 'windows', 'macos', 'other')),
    capabilities text[]      NOT NULL CONSTRAINT pools_capabilities_count CHECK (cardinality(capabilities) <= 32),
    tags         text[]      NOT NULL CONSTRAINT pools_tags_count CHECK (cardinality(tags) <= 32),
    created_at   timestamptz NOT NULL
);

CREATE TABLE registry.tasks (
    id               uuid             NOT NULL CONSTRAINT tasks_pkey PRIMARY KEY,
    parent_id        uuid,
    origin           text             CONSTRAINT tasks_origin_length CHECK (length(origin) BETWEEN 1 AND 128),
    type             text             NOT NULL CONSTRAINT tasks_type_length CHECK (length(type) BETWEEN 1 AND 64),
    payload          jsonb            NOT NULL CONSTRAINT tasks_payload_is_object CHECK (jsonb_typeof(payload) = 'object'),
    agent_id         text COLLATE "C" CONSTRAINT tasks_agent_id_fkey REFERENCES registry.agents (id),
    pool             text             CONSTRAINT tasks_pool_fkey REFERENCES registry.pools (key),
    queue            text COLLATE "C" NOT NULL CONSTRAINT tasks_queue_length CHECK (length(queue) <= 80),
    priority         integer          NOT NULL CONSTRAINT tasks_priority_range CHECK (priority BETWEEN 0 AND 9),
    status           text             NOT NULL CONSTRAINT tasks_status_known
                     CHECK (status IN ('pending', 'delayed', 'assigned', 'in_progress', 'completed', 'failed', 'timed_out', 'cancelled')),
    available_at     timestamptz      NOT NULL,
    timeout_seconds  integer          NOT NULL CONSTRAINT tasks_timeout_seconds_range CHECK (timeout_seconds BETWEEN 1 AND 604800),
    max_attempts     integer          NOT NULL CONSTRAINT tasks_max_attempts_range CHECK (max_attempts BETWEEN 1 AND 100),
    backoff_seconds  integer          NOT NULL CONSTRAINT tasks_backoff_seconds_range CHECK (backoff_seconds BETWEEN 0 AND 3600),
    attempt          integer          NOT NULL CONSTRAINT tasks_attempt_not_negative CHECK (attempt >= 0),
    attempt_limit    integer          NOT NULL,
    holder_epoch     bigint           NOT NULL,
    lease_until      timestamptz,
    cancel_requested boolean          NOT NULL,
    progress_percent integer          NOT NULL CONSTRAINT tasks_progress_percent_range CHECK (progress_percent BETWEEN 0 AND 100),
    progress_message text             NOT NULL CONSTRAINT tasks_progress_message_length CHECK (length(progress_message) <= 1024),
    result           jsonb            CONSTRAINT tasks_result_is_object CHECK (jsonb_typeof(result) = 'object'),
    reason           text             NOT NULL CONSTRAINT tasks_reason_length CHECK (length(reason) <= 64),
    message          text             NOT NULL CONSTRAINT tasks_message_length CHECK (length(message) <= 2048),
    correlation_id   text             NOT NULL CONSTRAINT tasks_correlation_id_length CHECK (length(correlation_id) <= 128),
    created_by       text             NOT NULL,
    created_at       timestamptz      NOT NULL,
    updated_at       timestamptz      NOT NULL,
    started_at       timestamptz,
    ended_at         timestamptz,
    version          bigint           NOT NULL,
    CONSTRAINT tasks_has_a_queue CHECK (pool IS NOT NULL OR agent_id IS NOT NULL),
    CONSTRAINT tasks_holder CHECK ((status IN ('assigned', 'in_progress')) = (lease_until IS NOT NULL) AND (lease_until IS NULL OR agent_id IS NOT NULL)),
    CONSTRAINT tasks_ended CHECK ((status IN ('completed', 'failed', 'timed_out', 'cancelled')) = (ended_at IS NOT NULL)),
    CONSTRAINT tasks_result_when_completed CHECK ((status = 'completed') = (result IS NOT NULL)),
    CONSTRAINT tasks_attempt_within_limit CHECK (attempt <= attempt_limit)
);

CREATE UNIQUE INDEX tasks_origin ON registry.tasks (origin) WHERE origin IS NOT NULL;
CREATE INDEX tasks_pending ON registry.tasks (queue, priority DESC, id) WHERE status = 'pending';
CREATE INDEX tasks_delayed ON registry.tasks (available_at) WHERE status = 'delayed';
CREATE INDEX tasks_leases ON registry.tasks (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX tasks_held ON registry.tasks (agent_id) WHERE lease_until IS NOT NULL;
CREATE INDEX tasks_agent ON registry.tasks (agent_id, id);
CREATE INDEX tasks_parent ON registry.tasks (parent_id, id) WHERE parent_id IS NOT NULL;
CREATE INDEX tasks_pool ON registry.tasks (pool) WHERE pool IS NOT NULL;
CREATE INDEX tasks_dead ON registry.tasks (id) WHERE status IN ('failed', 'timed_out');
CREATE INDEX tasks_ended_at ON registry.tasks (ended_at) WHERE ended_at IS NOT NULL;
