CREATE TABLE registry.deployments (
    id                      uuid        NOT NULL CONSTRAINT deployments_pkey PRIMARY KEY,
    package_id              uuid        NOT NULL CONSTRAINT deployments_package REFERENCES registry.packages,
    selection               jsonb       NOT NULL CONSTRAINT deployments_selection_is_object CHECK (jsonb_typeof(selection) = 'object'),
    rings                   integer[]   NOT NULL CONSTRAINT deployments_rings_whole CHECK (cardinality(rings) BETWEEN 1 AND 20 AND rings[cardinality(rings)] = 100),
    ring_pause_seconds      integer     NOT NULL CONSTRAINT deployments_ring_pause_not_negative CHECK (ring_pause_seconds >= 0),
    max_failure_percent     integer     NOT NULL CONSTRAINT deployments_max_failure_range CHECK (max_failure_percent BETWEEN 0 AND 100),
    install_timeout_seconds integer     NOT NULL CONSTRAINT deployments_install_timeout_positive CHECK (install_timeout_seconds > 0),
    status                  text        NOT NULL CONSTRAINT deployments_status_known
                            CHECK (status IN ('pending', 'running', 'paused', 'completed', 'aborted', 'rolled_back')),
    current_ring            integer     NOT NULL CONSTRAINT deployments_current_ring_range CHECK (current_ring BETWEEN 0 AND cardinality(rings)),
    ring_opened_at          timestamptz,
    ring_done_at            timestamptz,
    agent_count             integer     NOT NULL CONSTRAINT deployments_agent_count_not_negative CHECK (agent_count >= 0),
    reason                  text        NOT NULL CONSTRAINT deployments_reason_length CHECK (length(reason) <= 1000),
    rollback_of             uuid        CONSTRAINT deployments_rollback_of REFERENCES registry.deployments,
    created_by              text        NOT NULL,
    created_at              timestamptz NOT NULL,
    started_at              timestamptz,
    ended_at                timestamptz,
    revision                bigint      NOT NULL CONSTRAINT deployments_revision_positive CHECK (revision > 0),
    CONSTRAINT deployments_start_whole CHECK ((started_at IS NOT NULL) = (current_ring > 0) AND (started_at IS NOT NULL) = (ring_opened_at IS NOT NULL)),
    CONSTRAINT deployments_start_fits_status CHECK (started_at IS NOT NULL OR status IN ('pending', 'aborted')),
    CONSTRAINT deployments_end_fits_status CHECK ((ended_at IS NOT NULL) = (status IN ('completed', 'aborted', 'rolled_back')))
);

CREATE INDEX deployments_open ON registry.deployments (status, id) WHERE status IN ('pending', 'running', 'paused');
CREATE INDEX deployments_package ON registry.deployments (package_id, id DESC);
CREATE UNIQUE INDEX deployments_one_rollback ON registry.deployments (rollback_of) WHERE rollback_of IS NOT NULL;

CREATE TABLE registry.installs (
    deployment_id    uuid             NOT NULL CONSTRAINT installs_deployment REFERENCES registry.deployments ON DELETE CASCADE,
    agent_id         text COLLATE "C" NOT NULL CONSTRAINT installs_agent REFERENCES registry.agents,
    ring             integer          NOT NULL CONSTRAINT installs_ring_positive CHECK (ring > 0),
    status           text             NOT NULL CONSTRAINT installs_status_known
                     CHECK (status IN ('pending', 'downloading', 'installing', 'installed', 'failed', 'rolled_back')),
    begun            boolean          NOT NULL,
    progress_percent integer          NOT NULL CONSTRAINT installs_progress_range CHECK (progress_percent BETWEEN 0 AND 100),
    message          text             NOT NULL CONSTRAINT installs_message_length CHECK (length(message) <= 1000),
    revision         bigint           NOT NULL CONSTRAINT installs_revision_positive CHECK (revision > 0),
    updated_at       timestamptz      NOT NULL,
    CONSTRAINT installs_pkey PRIMARY KEY (deployment_id, agent_id),
    CONSTRAINT installs_begun_fits_status CHECK (begun OR status IN ('pending', 'failed'))
);

CREATE INDEX installs_ring ON registry.installs (deployment_id, ring, status);
CREATE INDEX installs_agent ON registry.installs (agent_id, deployment_id);
