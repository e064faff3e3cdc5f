-- Schema "registry": what the service Registry owns beside the tables of the unit of work.

-- The fleet: one row an agent, whichever machine or process it runs in. Only is_online has an index: a heartbeat moves the
-- row and so writes to each of them, and a fleet is small enough to be walked by its key for the other filters.
CREATE TABLE registry.agents (
    -- The id in the agent's token. Collation C, so that pages go on where they stopped whatever the database's own collation.
    id                text COLLATE "C" NOT NULL CONSTRAINT agents_pkey PRIMARY KEY CONSTRAINT agents_id_length CHECK (length(id) BETWEEN 1 AND 64),
    hostname          text             NOT NULL CONSTRAINT agents_hostname_length CHECK (length(hostname) <= 255),
    platform          text             NOT NULL CONSTRAINT agents_platform_known CHECK (platform IN ('linux', 'windows', 'macos', 'other')),
    version           text             NOT NULL CONSTRAINT agents_version_length CHECK (length(version) BETWEEN 1 AND 64), -- of the agent's program
    capabilities      text[]           NOT NULL CONSTRAINT agents_capabilities_count CHECK (cardinality(capabilities) <= 32),
    tags              text[]           NOT NULL CONSTRAINT agents_tags_count CHECK (cardinality(tags) <= 32),
    registered_at     timestamptz      NOT NULL, -- the first time
    last_heartbeat_at timestamptz,               -- NULL before the first one
    epoch             bigint           NOT NULL CONSTRAINT agents_epoch_positive CHECK (epoch > 0), -- grows with each registration; fences older processes
    disabled          boolean          NOT NULL
);

-- Who is online, and who is not.
CREATE INDEX agents_last_heartbeat_at ON registry.agents (last_heartbeat_at);

-- How agents shall work. A row may be there before its agent ever registers, so there is no foreign key.
CREATE TABLE registry.agent_config (
    agent_id   text        NOT NULL CONSTRAINT agent_config_pkey PRIMARY KEY
                           CONSTRAINT agent_config_agent_id_length CHECK (length(agent_id) BETWEEN 1 AND 64),
    enabled    boolean     NOT NULL, -- whether the agent shall work
    version    bigint      NOT NULL CONSTRAINT agent_config_version_positive CHECK (version > 0), -- grows with every change
    config     jsonb       NOT NULL CONSTRAINT agent_config_is_object CHECK (jsonb_typeof(config) = 'object'),
    updated_at timestamptz NOT NULL
);
