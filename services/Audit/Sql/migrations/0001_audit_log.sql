CREATE TABLE audit.shards (
    shard               int         NOT NULL CONSTRAINT shards_pkey PRIMARY KEY CONSTRAINT shards_shard_range CHECK (shard BETWEEN 0 AND 63),
    epoch               bigint      NOT NULL,
    holder              text        NOT NULL,
    leased_until        timestamptz NOT NULL,
    head_position       bigint      NOT NULL,
    head_hash           bytea       NOT NULL CONSTRAINT shards_head_hash_is_sha256 CHECK (length(head_hash) = 32),
    head_recorded_at    timestamptz NOT NULL,
    checkpoint_number   bigint      NOT NULL,
    checkpoint_position bigint      NOT NULL CONSTRAINT shards_checkpoint_not_ahead CHECK (checkpoint_position <= head_position)
);

CREATE TABLE audit.audit_log (
    recorded_at       timestamptz      NOT NULL,
    shard             int              NOT NULL,
    position          bigint           NOT NULL CONSTRAINT audit_log_position_positive CHECK (position > 0),
    event_id          uuid             NOT NULL,
    occurred_at       timestamptz      NOT NULL,
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
    session_id        text             NOT NULL CONSTRAINT audit_log_session_id_length CHECK (length(session_id) <= 64),
    correlation_id    text             NOT NULL CONSTRAINT audit_log_correlation_id_length CHECK (length(correlation_id) <= 128),
    trace_id          text             NOT NULL CONSTRAINT audit_log_trace_id_form CHECK (trace_id ~ '^([0-9a-f]{32})?$'),
    source_address    text             NOT NULL CONSTRAINT audit_log_source_address_length CHECK (length(source_address) <= 64),
    metadata          jsonb            NOT NULL CONSTRAINT audit_log_metadata_is_object CHECK (jsonb_typeof(metadata) = 'object'),
    redactions        jsonb            NOT NULL CONSTRAINT audit_log_redactions_is_object CHECK (jsonb_typeof(redactions) = 'object'),
    pii_redacted      boolean          NOT NULL GENERATED ALWAYS AS (redactions <> '{}') STORED,
    previous_hash     bytea            NOT NULL CONSTRAINT audit_log_previous_hash_is_sha256 CHECK (length(previous_hash) = 32),
    hash              bytea            NOT NULL CONSTRAINT audit_log_hash_is_sha256 CHECK (length(hash) = 32),
    CONSTRAINT audit_log_pkey PRIMARY KEY (recorded_at, shard)
) PARTITION BY RANGE (recorded_at);

CREATE INDEX audit_log_chain ON audit.audit_log (shard, position);
CREATE INDEX audit_log_occurred_at ON audit.audit_log USING brin (occurred_at);
CREATE INDEX audit_log_metadata ON audit.audit_log USING gin (metadata jsonb_path_ops) WHERE metadata <> '{}';
CREATE INDEX audit_log_agent ON audit.audit_log (agent_id, recorded_at) WHERE agent_id <> '';
CREATE INDEX audit_log_operation ON audit.audit_log (operation, recorded_at);
CREATE INDEX audit_log_resource ON audit.audit_log (resource, recorded_at);
CREATE INDEX audit_log_session ON audit.audit_log (session_id) WHERE session_id <> '';
CREATE INDEX audit_log_correlation ON audit.audit_log (correlation_id) WHERE correlation_id <> '';
CREATE INDEX audit_log_trace ON audit.audit_log (trace_id) WHERE trace_id <> '';
CREATE INDEX audit_log_authorized_by ON audit.audit_log (authorized_by, recorded_at) WHERE authorized_by <> '';
CREATE INDEX audit_log_trouble ON audit.audit_log (outcome, recorded_at) WHERE outcome <> 'ok';

CREATE TABLE audit.event_ids (
    event_id    uuid        NOT NULL CONSTRAINT event_ids_pkey PRIMARY KEY,
    recorded_at timestamptz NOT NULL,
    shard       int         NOT NULL
);

CREATE TABLE audit.checkpoints (
    shard     int         NOT NULL,
    number    bigint      NOT NULL CONSTRAINT checkpoints_number_positive CHECK (number > 0),
    position  bigint      NOT NULL,
    hash      bytea       NOT NULL CONSTRAINT checkpoints_hash_is_sha256 CHECK (length(hash) = 32),
    signed_at timestamptz NOT NULL,
    key_id    text        NOT NULL,
    signature bytea       NOT NULL,
    CONSTRAINT checkpoints_pkey PRIMARY KEY (shard, number),
    CONSTRAINT checkpoints_position_key UNIQUE (shard, position)
);

CREATE TABLE audit.retention (
    shard      int         NOT NULL,
    position   bigint      NOT NULL,
    hash       bytea       NOT NULL CONSTRAINT retention_hash_is_sha256 CHECK (length(hash) = 32),
    partition  text        NOT NULL,
    dropped_at timestamptz NOT NULL,
    dropped_by text        NOT NULL,
    CONSTRAINT retention_pkey PRIMARY KEY (shard, position)
);

CREATE TABLE audit.message_audit (
    id                uuid        NOT NULL CONSTRAINT message_audit_pkey PRIMARY KEY,
    session_id        text        NOT NULL CONSTRAINT message_audit_session_id_length CHECK (length(session_id) BETWEEN 1 AND 64),
    sequence          bigint      NOT NULL,
    recorded_at       timestamptz NOT NULL,
    agent_id          text        NOT NULL CONSTRAINT message_audit_agent_id_length CHECK (length(agent_id) <= 64),
    request_id        text        NOT NULL CONSTRAINT message_audit_request_id_length CHECK (length(request_id) <= 128),
    role              text        NOT NULL CONSTRAINT message_audit_role_length CHECK (length(role) BETWEEN 1 AND 64),
    text              text        NOT NULL CONSTRAINT message_audit_text_length CHECK (length(text) BETWEEN 1 AND 131072),
    tools_called      text[]      NOT NULL,
    sources_used      text[]      NOT NULL,
    escalation_ticket text        NOT NULL CONSTRAINT message_audit_escalation_ticket_length CHECK (length(escalation_ticket) <= 128),
    redactions        jsonb       NOT NULL,
    pii_redacted      boolean     NOT NULL GENERATED ALWAYS AS (redactions <> '{}') STORED,
    CONSTRAINT message_audit_session_key UNIQUE (session_id, sequence)
);

REVOKE UPDATE, DELETE, TRUNCATE ON audit.audit_log, audit.event_ids, audit.checkpoints, audit.message_audit FROM audit;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON audit.retention FROM audit;
REVOKE DELETE, TRUNCATE ON audit.shards FROM audit;

CREATE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only: % is refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
CREATE TRIGGER checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
CREATE TRIGGER retention_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.retention
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
CREATE TRIGGER message_audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.message_audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
ALTER TABLE audit.audit_log ENABLE ALWAYS TRIGGER audit_log_append_only;
ALTER TABLE audit.checkpoints ENABLE ALWAYS TRIGGER checkpoints_append_only;
ALTER TABLE audit.retention ENABLE ALWAYS TRIGGER retention_append_only;
ALTER TABLE audit.message_audit ENABLE ALWAYS TRIGGER message_audit_append_only;

CREATE FUNCTION audit.make_partitions(first_day date, last_day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    month date := date_trunc('month', first_day);
    name  text;
BEGIN
    IF last_day > first_day + interval '24 months' THEN
        RAISE EXCEPTION 'more than 24 months of partitions at once' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Several instances may come at the same time.
    PERFORM pg_advisory_xact_lock(hashtext('audit.make_partitions'));
    WHILE month <= last_day LOOP
        name := 'audit_log_' || to_char(month, 'YYYY_MM');
        IF to_regclass('audit.' || name) IS NULL THEN
            -- Attached afterwards, which lets others read and write the log meanwhile; PARTITION OF would lock them out.
            EXECUTE format('CREATE TABLE audit.%I (LIKE audit.audit_log INCLUDING GENERATED INCLUDING CONSTRAINTS INCLUDING STORAGE)', name);
            EXECUTE format('REVOKE ALL ON audit.%I FROM PUBLIC, audit', name);
            -- A statement that names the partition does not fire the triggers of the whole.
            EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.%I
                            FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change()', name);
            EXECUTE format('ALTER TABLE audit.%I ENABLE ALWAYS TRIGGER append_only', name);
            EXECUTE format('ALTER TABLE audit.audit_log ATTACH PARTITION audit.%I FOR VALUES FROM (%L) TO (%L)',
                           name, month::timestamptz, (month + interval '1 month')::timestamptz);
        END IF;
        month := month + interval '1 month';
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION audit.make_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.make_partitions TO audit;

CREATE FUNCTION audit.drop_months_before(day date) RETURNS int LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    name    text;
    month   date;
    dropped int := 0;
BEGIN
    FOR name IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                 WHERE i.inhparent = 'audit.audit_log'::regclass ORDER BY c.relname LOOP
        month := to_date(right(name, 7), 'YYYY_MM');
        CONTINUE WHEN month + interval '1 month' > day OR month + interval '1 month' > now();
        EXECUTE format('INSERT INTO audit.retention (shard, position, hash, partition, dropped_at, dropped_by)
                        SELECT DISTINCT ON (shard) shard, position, hash, %L, now(), session_user FROM audit.%I ORDER BY shard, position DESC',
                       name, name);
        IF EXISTS (SELECT FROM audit.retention r WHERE r.partition = name
                    AND r.position > (SELECT coalesce(max(c.position), 0) FROM audit.checkpoints c WHERE c.shard = r.shard)) THEN
            RAISE EXCEPTION '% has entries that no checkpoint covers yet', name USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        EXECUTE format('ALTER TABLE audit.audit_log DETACH PARTITION audit.%I', name);
        EXECUTE format('DROP TABLE audit.%I', name);
        DELETE FROM audit.event_ids WHERE recorded_at < (month + interval '1 month')::timestamptz;
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;
REVOKE ALL ON FUNCTION audit.drop_months_before FROM PUBLIC;
