CREATE TABLE registry.agent_config_versions (
    agent_id       text        NOT NULL CONSTRAINT agent_config_versions_agent_id_length CHECK (length(agent_id) BETWEEN 1 AND 64),
    version        bigint      NOT NULL CONSTRAINT agent_config_versions_version_positive CHECK (version > 0),
    enabled        boolean     NOT NULL,
    config         jsonb       NOT NULL CONSTRAINT agent_config_versions_is_object CHECK (jsonb_typeof(config) = 'object'),
    changed_by     text        NOT NULL,
    reason         text        NOT NULL CONSTRAINT agent_config_versions_reason_length CHECK (length(reason) <= 1000),
    rolled_back_to bigint      NOT NULL CONSTRAINT agent_config_versions_rolled_back_to_earlier CHECK (rolled_back_to >= 0 AND rolled_back_to < version),
    created_at     timestamptz NOT NULL,
    CONSTRAINT agent_config_versions_pkey PRIMARY KEY (agent_id, version)
);

-- What is there becomes its own first version.
INSERT INTO registry.agent_config_versions (agent_id, version, enabled, config, changed_by, reason, rolled_back_to, created_at)
SELECT agent_id, version, enabled, config, 'system', '', 0, updated_at FROM registry.agent_config;
