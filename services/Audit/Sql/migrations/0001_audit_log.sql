CREATE TABLE audit.audit_log (
    position          bigint           GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_log_pkey PRIMARY KEY,
    event_id          uuid             NOT NULL CONSTRAINT audit_log_event_id_key UNIQUE,
    occurred_at       timestamptz      NOT NULL,
    recorded_at       timestamptz      NOT NULL,
    agent_id          text             NOT NULL CONSTRAINT audit_log_agent_id_length CHECK (length(agent_id) <= 64),
    agent_version     text             NOT NULL CONSTRAINT audit_log_agent_version_length CHECK (length(agent_version) <= 64),
    principal         text             NOT NULL CONSTRAINT audit_log_principal_length CHECK (length(principal) <= 256),
    roles             text[]           NOT NULL,
    service           text             NOT NULL CONSTRAINT audit_log_service_length CHECK (length(service) BETWEEN 1 AND 64),
    operation         text COLLATE "C" NOT NULL CONSTRAINT audit_log_operation_length CHECK (length(operation) BETWEEN 1 AND 128),
    resource          text COLLATE "C" NOT NULL CONSTRAINT audit_log_resource_length CHECK (length(resource) BETWEEN 1 AND 512),
    outcome           text             NOT NULL CONSTRAINT audit_log_outcome_known CHECK (outcome IN ('ok', 'denied', 'failed')),
    error_occurred    boolean          NOT NULL GENERATED ALWAYS AS (outcome <> 'ok') STORED,
    error_message     text             NOT NULL CONSTRAINT audit_log_error_message_length CHECK (length(error_message) <= 2000),
    execution_time_ms double precision NOT NULL CONSTRAINT audit_log_execution_time_sane
                                       CHECK (execution_time_ms >= 0 AND execution_time_ms < 'Infinity'),
    authorized_by     text             NOT NULL CONSTRAINT audit_log_authorized_by_length CHECK (length(authorized_by) <= 256),
    correlation_id    text             NOT NULL CONSTRAINT audit_log_correlation_id_length CHECK (length(correlation_id) <= 128),
    trace_id          text             NOT NULL CONSTRAINT audit_log_trace_id_form CHECK (trace_id ~ '^([0-9a-f]{32})?$'),
    metadata          jsonb            NOT NULL CONSTRAINT audit_log_metadata_is_object CHECK (jsonb_typeof(metadata) = 'object')
);

CREATE INDEX audit_log_occurred_at ON audit.audit_log USING brin (occurred_at);
CREATE INDEX audit_log_metadata ON audit.audit_log USING gin (metadata jsonb_path_ops);
CREATE INDEX audit_log_agent ON audit.audit_log (agent_id, position DESC) WHERE agent_id <> '';
CREATE INDEX audit_log_operation ON audit.audit_log (operation, position DESC);
CREATE INDEX audit_log_resource ON audit.audit_log (resource, position DESC);
CREATE INDEX audit_log_correlation ON audit.audit_log (correlation_id) WHERE correlation_id <> '';
CREATE INDEX audit_log_trace ON audit.audit_log (trace_id) WHERE trace_id <> '';
CREATE INDEX audit_log_trouble ON audit.audit_log (outcome, position DESC) WHERE outcome <> 'ok';

REVOKE UPDATE, DELETE, TRUNCATE ON audit.audit_log FROM audit;

CREATE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit.audit_log is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
ALTER TABLE audit.audit_log ENABLE ALWAYS TRIGGER audit_log_append_only;
