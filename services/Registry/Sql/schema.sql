-- Schema "registry": what the service Registry owns beside the tables of the unit of work.

-- The fleet: one row an agent, whichever machine or process it runs in.
CREATE TABLE registry.agents (
    -- The id in the agent's token. Collation C, so that pages go on where they stopped whatever the database's own collation.
    id                text COLLATE "C" NOT NULL CONSTRAINT agents_pkey PRIMARY KEY CONSTRAINT agents_id_length CHECK (length(id) BETWEEN 1 AND 64),
    hostname          text             NOT NULL CONSTRAINT agents_hostname_length CHECK (length(hostname) <= 255),
    platform          text             NOT NULL CONSTRAINT agents_platform_known CHECK (platform IN ('linux', 'windows', 'macos', 'other')),
    version           text             NOT NULL CONSTRAINT agents_version_length CHECK (length(version) BETWEEN 1 AND 64), -- of the agent's program
    capabilities      text[]           NOT NULL CONSTRAINT agents_capabilities_count CHECK (cardinality(capabilities) <= 32),
    tags              text[]           NOT NULL CONSTRAINT agents_tags_count CHECK (cardinality(tags) <= 32),
    registered_at     timestamptz      NOT NULL, -- the first time
    epoch             bigint           NOT NULL CONSTRAINT agents_epoch_positive CHECK (epoch > 0), -- grows with each registration; fences older processes
    roles             text[]           NOT NULL CONSTRAINT agents_roles_count CHECK (cardinality(roles) <= 32),
    status            text             NOT NULL -- a deregistered row stays, so that its epoch goes on fencing
                      CONSTRAINT agents_status_known CHECK (status IN ('active', 'disabled', 'quarantined', 'deregistered')),
    status_reason     text             NOT NULL CONSTRAINT agents_status_reason_length CHECK (length(status_reason) <= 512), -- why a person has set it
    machine_key       text             CONSTRAINT agents_machine_key_length CHECK (length(machine_key) BETWEEN 1 AND 128), -- of the machine, by the agent's own measure
    instance_id       text             NOT NULL CONSTRAINT agents_instance_id_length CHECK (length(instance_id) <= 64), -- of the process that registered last
    past_instances    text[]           NOT NULL CONSTRAINT agents_past_instances_count CHECK (cardinality(past_instances) <= 8), -- of those before; whoever comes again is a duplicate
    link              bigint           NOT NULL -- grows with each stream; only the last one is handed tasks
);

-- Two agents cannot be one machine.
CREATE UNIQUE INDEX agents_machine_key ON registry.agents (machine_key) WHERE machine_key IS NOT NULL;
-- What lists are filtered by. Heartbeats do not touch this table, so its indexes cost little.
CREATE INDEX agents_tags ON registry.agents USING gin (tags);
CREATE INDEX agents_capabilities ON registry.agents USING gin (capabilities);
CREATE INDEX agents_roles ON registry.agents USING gin (roles);
CREATE INDEX agents_hostname ON registry.agents (hostname text_pattern_ops, id);
CREATE INDEX agents_version ON registry.agents (version, id);
CREATE INDEX agents_inactive ON registry.agents (status, id) WHERE status <> 'active';

-- Who lives: written by batches of heartbeats. No index on the time, so that a heartbeat touches none, and room in each page for new versions of its rows.
CREATE TABLE registry.presence (
    agent_id          text COLLATE "C" NOT NULL CONSTRAINT presence_pkey PRIMARY KEY CONSTRAINT presence_agent_id_fkey REFERENCES registry.agents (id),
    is_online         boolean          NOT NULL, -- set by a heartbeat, and taken by the sweeper after the silence allowed
    last_heartbeat_at timestamptz, -- NULL before the first one
    health            text             NOT NULL CONSTRAINT presence_health_known CHECK (health IN ('', 'healthy', 'degraded', 'unhealthy')),
    load_percent      double precision NOT NULL,
    running_tasks     integer          NOT NULL,
    CONSTRAINT presence_online_has_a_heartbeat CHECK (NOT is_online OR last_heartbeat_at IS NOT NULL)
) WITH (fillfactor = 60);

-- Those who do not, for lists.
CREATE INDEX presence_offline ON registry.presence (agent_id) WHERE NOT is_online;

-- That the platform itself lives, by any of its instances: after a silence of its own nobody is offline before a full silence since.
CREATE TABLE registry.platform_beat (
    is_it        boolean     NOT NULL CONSTRAINT platform_beat_pkey PRIMARY KEY CONSTRAINT platform_beat_one_row CHECK (is_it),
    last_beat_at timestamptz NOT NULL,
    up_since     timestamptz NOT NULL
);

-- What happened to agents, for watchers. Ordered by transaction and then by number: a watcher reads only what is older than every open transaction, and so
-- misses nothing.
CREATE TABLE registry.agent_events (
    tx          bigint           NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    id          bigint           GENERATED ALWAYS AS IDENTITY,
    agent_id    text COLLATE "C" NOT NULL,
    kind        text             NOT NULL CONSTRAINT agent_events_kind_known CHECK (kind IN ('registered', 'online', 'offline', 'disabled', 'enabled',
                                 'quarantined', 'released', 'deregistered', 'duplicate')),
    epoch       bigint           NOT NULL,
    detail      text             NOT NULL,
    occurred_at timestamptz      NOT NULL,
    CONSTRAINT agent_events_pkey PRIMARY KEY (tx, id)
);

CREATE INDEX agent_events_occurred_at ON registry.agent_events (occurred_at);

-- How agents shall work. A row may be there before its agent ever registers, so there is no foreign key.
CREATE TABLE registry.agent_config (
    agent_id   text        NOT NULL CONSTRAINT agent_config_pkey PRIMARY KEY
                           CONSTRAINT agent_config_agent_id_length CHECK (length(agent_id) BETWEEN 1 AND 64),
    enabled    boolean     NOT NULL, -- whether the agent shall work
    version    bigint      NOT NULL CONSTRAINT agent_config_version_positive CHECK (version > 0), -- grows with every change
    config     jsonb       NOT NULL CONSTRAINT agent_config_is_object CHECK (jsonb_typeof(config) = 'object'),
    updated_at timestamptz NOT NULL
);

-- Selections that tasks were made for: "any agent with …". A task waits in the queue of its pool; agents that match draw from it.
CREATE TABLE registry.pools (
    key          text        NOT NULL CONSTRAINT pools_pkey PRIMARY KEY CONSTRAINT pools_key_length CHECK (length(key) <= 80),
    role         text        NOT NULL CONSTRAINT pools_role_length CHECK (length(role) <= 64),
    platform     text        NOT NULL CONSTRAINT pools_platform_known CHECK (platform IN ('', 'linux', 'windows', 'macos', 'other')),
    capabilities text[]      NOT NULL CONSTRAINT pools_capabilities_count CHECK (cardinality(capabilities) <= 32),
    tags         text[]      NOT NULL CONSTRAINT pools_tags_count CHECK (cardinality(tags) <= 32),
    created_at   timestamptz NOT NULL
);

-- Tasks of agents. Waiting: pending, delayed. Held, under a lease: assigned, in_progress. The rest has ended and never moves again, unless replayed.
CREATE TABLE registry.tasks (
    id               uuid             NOT NULL CONSTRAINT tasks_pkey PRIMARY KEY,
    parent_id        uuid, -- what all tasks of one selection share
    origin           text             CONSTRAINT tasks_origin_length CHECK (length(origin) BETWEEN 1 AND 128), -- what made it, by a global id: the same again makes nothing
    type             text             NOT NULL CONSTRAINT tasks_type_length CHECK (length(type) BETWEEN 1 AND 64),
    payload          jsonb            NOT NULL CONSTRAINT tasks_payload_is_object CHECK (jsonb_typeof(payload) = 'object'),
    agent_id         text COLLATE "C" CONSTRAINT tasks_agent_id_fkey REFERENCES registry.agents (id), -- for whom; of a pool's task, who holds it or did
    pool             text             CONSTRAINT tasks_pool_fkey REFERENCES registry.pools (key), -- NULL when it is for one agent
    queue            text COLLATE "C" NOT NULL CONSTRAINT tasks_queue_length CHECK (length(queue) <= 80), -- 'agent:' and the agent's id, or the pool's key
    priority         integer          NOT NULL CONSTRAINT tasks_priority_range CHECK (priority BETWEEN 0 AND 9), -- the higher, the sooner
    status           text             NOT NULL CONSTRAINT tasks_status_known
                     CHECK (status IN ('pending', 'delayed', 'assigned', 'in_progress', 'completed', 'failed', 'timed_out', 'cancelled')),
    available_at     timestamptz      NOT NULL, -- a delayed one becomes pending at this time
    timeout_seconds  integer          NOT NULL CONSTRAINT tasks_timeout_seconds_range CHECK (timeout_seconds BETWEEN 1 AND 604800), -- of one attempt, from its start
    max_attempts     integer          NOT NULL CONSTRAINT tasks_max_attempts_range CHECK (max_attempts BETWEEN 1 AND 100),
    backoff_seconds  integer          NOT NULL CONSTRAINT tasks_backoff_seconds_range CHECK (backoff_seconds BETWEEN 0 AND 3600), -- after the first attempt; doubles with each
    attempt          integer          NOT NULL CONSTRAINT tasks_attempt_not_negative CHECK (attempt >= 0), -- with the epoch the fencing token: never used twice
    attempt_limit    integer          NOT NULL, -- max_attempts more than attempt was when it was made or replayed
    holder_epoch     bigint           NOT NULL, -- of the last holder; 0 before the first
    lease_until      timestamptz, -- when the holder loses it; set while somebody holds it
    cancel_requested boolean          NOT NULL, -- the holder is told to stop
    progress_percent integer          NOT NULL CONSTRAINT tasks_progress_percent_range CHECK (progress_percent BETWEEN 0 AND 100),
    progress_message text             NOT NULL CONSTRAINT tasks_progress_message_length CHECK (length(progress_message) <= 1024),
    result           jsonb            CONSTRAINT tasks_result_is_object CHECK (jsonb_typeof(result) = 'object'),
    reason           text             NOT NULL CONSTRAINT tasks_reason_length CHECK (length(reason) <= 64), -- why it failed or went back the last time: UPPER_SNAKE_CASE
    message          text             NOT NULL CONSTRAINT tasks_message_length CHECK (length(message) <= 2048), -- the same for people
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

-- At least once becomes once.
CREATE UNIQUE INDEX tasks_origin ON registry.tasks (origin) WHERE origin IS NOT NULL;
-- What to hand out next, of each queue; ended tasks are not in it, so it stays small.
CREATE INDEX tasks_pending ON registry.tasks (queue, priority DESC, id) WHERE status = 'pending';
-- Which become due.
CREATE INDEX tasks_delayed ON registry.tasks (available_at) WHERE status = 'delayed';
-- Which leases are over.
CREATE INDEX tasks_leases ON registry.tasks (lease_until) WHERE lease_until IS NOT NULL;
-- How much an agent holds.
CREATE INDEX tasks_held ON registry.tasks (agent_id) WHERE lease_until IS NOT NULL;
-- An agent's tasks, those of a selection, and those of a pool (for the foreign key).
CREATE INDEX tasks_agent ON registry.tasks (agent_id, id);
CREATE INDEX tasks_parent ON registry.tasks (parent_id, id) WHERE parent_id IS NOT NULL;
CREATE INDEX tasks_pool ON registry.tasks (pool) WHERE pool IS NOT NULL;
-- The dead letters.
CREATE INDEX tasks_dead ON registry.tasks (id) WHERE status IN ('failed', 'timed_out');
-- Retention.
CREATE INDEX tasks_ended_at ON registry.tasks (ended_at) WHERE ended_at IS NOT NULL;
