ALTER TABLE registry.agents
    ADD COLUMN machine_key text CONSTRAINT agents_machine_key_length CHECK (length(machine_key) BETWEEN 1 AND 128),
    ADD COLUMN instance_id text NOT NULL DEFAULT '' CONSTRAINT agents_instance_id_length CHECK (length(instance_id) <= 64),
    ADD COLUMN past_instances text[] NOT NULL DEFAULT '{}' CONSTRAINT agents_past_instances_count CHECK (cardinality(past_instances) <= 8),
    ADD COLUMN link bigint NOT NULL DEFAULT 0;
ALTER TABLE registry.agents ALTER COLUMN link DROP DEFAULT, ALTER COLUMN instance_id DROP DEFAULT, ALTER COLUMN past_instances DROP DEFAULT;

CREATE TABLE registry.presence (
    agent_id          text COLLATE "C" NOT NULL CONSTRAINT presence_pkey PRIMARY KEY CONSTRAINT presence_agent_id_fkey REFERENCES registry.agents (id),
    is_online         boolean          NOT NULL,
    last_heartbeat_at timestamptz,
    health            text             NOT NULL CONSTRAINT presence_health_known CHECK (health IN ('', 'healthy', 'degraded', 'unhealthy')),
    load_percent      double precision NOT NULL,
    running_tasks     integer          NOT NULL,
    CONSTRAINT presence_online_has_a_heartbeat CHECK (NOT is_online OR last_heartbeat_at IS NOT NULL)
) WITH (fillfactor = 60);
INSERT INTO registry.presence (agent_id, is_online, last_heartbeat_at, health, load_percent, running_tasks)
SELECT id, false, last_heartbeat_at, '', 0, 0 FROM registry.agents;
DROP INDEX registry.agents_last_heartbeat_at;
ALTER TABLE registry.agents DROP COLUMN last_heartbeat_at;

CREATE INDEX presence_offline ON registry.presence (agent_id) WHERE NOT is_online;
CREATE UNIQUE INDEX agents_machine_key ON registry.agents (machine_key) WHERE machine_key IS NOT NULL;
CREATE INDEX agents_tags ON registry.agents USING gin (tags);
CREATE INDEX agents_capabilities ON registry.agents USING gin (capabilities);
CREATE INDEX agents_roles ON registry.agents USING gin (roles);
CREATE INDEX agents_hostname ON registry.agents (hostname text_pattern_ops, id);
CREATE INDEX agents_version ON registry.agents (version, id);
CREATE INDEX agents_inactive ON registry.agents (status, id) WHERE status <> 'active';

CREATE TABLE registry.platform_beat (
    is_it        boolean     NOT NULL CONSTRAINT platform_beat_pkey PRIMARY KEY CONSTRAINT platform_beat_one_row CHECK (is_it),
    last_beat_at timestamptz NOT NULL,
    up_since     timestamptz NOT NULL
);

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
