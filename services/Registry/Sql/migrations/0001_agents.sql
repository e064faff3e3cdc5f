CREATE TABLE registry.agents (
    id                text COLLATE "C" NOT NULL CONSTRAINT agents_pkey PRIMARY KEY CONSTRAINT agents_id_length CHECK (length(id) BETWEEN 1 AND 64),
    hostname          text             NOT NULL CONSTRAINT agents_hostname_length CHECK (length(hostname) <= 255),
    platform          text             NOT NULL CONSTRAINT agents_platform_known CHECK (platform IN ('linux', 'windows', 'macos', 'other')),
    version           text             NOT NULL CONSTRAINT agents_version_length CHECK (length(version) BETWEEN 1 AND 64),
    capabilities      text[]           NOT NULL CONSTRAINT agents_capabilities_count CHECK (cardinality(capabilities) <= 32),
    tags              text[]           NOT NULL CONSTRAINT agents_tags_count CHECK (cardinality(tags) <= 32),
    registered_at     timestamptz      NOT NULL,
    last_heartbeat_at timestamptz,
    epoch             bigint           NOT NULL CONSTRAINT agents_epoch_positive CHECK (epoch > 0),
    disabled          boolean          NOT NULL
);

CREATE INDEX agents_last_heartbeat_at ON registry.agents (last_heartbeat_at);

CREATE TABLE registry.agent_config (
    agent_id   text        NOT NULL CONSTRAINT agent_config_pkey PRIMARY KEY
                           CONSTRAINT agent_config_agent_id_length CHECK (length(agent_id) BETWEEN 1 AND 64),
    enabled    boolean     NOT NULL,
    version    bigint      NOT NULL CONSTRAINT agent_config_version_positive CHECK (version > 0),
    config     jsonb       NOT NULL CONSTRAINT agent_config_is_object CHECK (jsonb_typeof(config) = 'object'),
    updated_at timestamptz NOT NULL
);

-- The auditor runs daily at 02:00 UTC and flags what differs by more than five percent.
INSERT INTO registry.agent_config (agent_id, enabled, version, config, updated_at)
VALUES ('auditor_v1', true, 1, '{"schedule": "0 2 * * *", "thresholds": {"max_discrepancy_percent": 5.0}}', now());
