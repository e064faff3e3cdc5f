-- Schema "audit": what the service Audit owns beside the tables of the unit of work.

-- What was done, by whom, to what, with which result. Entries are added and read, never changed or removed.
CREATE TABLE audit.audit_log (
    -- Order of recording, and the key of paging. Gaps mean nothing: a dropped repeat leaves one.
    position          bigint           GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_log_pkey PRIMARY KEY,
    event_id          uuid             NOT NULL CONSTRAINT audit_log_event_id_key UNIQUE, -- made by the recorder; drops repeats
    occurred_at       timestamptz      NOT NULL, -- by the recorder's clock
    recorded_at       timestamptz      NOT NULL, -- by ours
    agent_id          text             NOT NULL CONSTRAINT audit_log_agent_id_length CHECK (length(agent_id) <= 64), -- '' for people and services
    agent_version     text             NOT NULL CONSTRAINT audit_log_agent_version_length CHECK (length(agent_version) <= 64),
    principal         text             NOT NULL CONSTRAINT audit_log_principal_length CHECK (length(principal) <= 256), -- subject of the token
    roles             text[]           NOT NULL,
    service           text             NOT NULL CONSTRAINT audit_log_service_length CHECK (length(service) BETWEEN 1 AND 64), -- 'agent' when the agent recorded it
    -- Collation C compares bytes, so that an index finds prefixes whatever the database's own collation.
    operation         text COLLATE "C" NOT NULL CONSTRAINT audit_log_operation_length CHECK (length(operation) BETWEEN 1 AND 128),
    resource          text COLLATE "C" NOT NULL CONSTRAINT audit_log_resource_length CHECK (length(resource) BETWEEN 1 AND 512),
    outcome           text             NOT NULL CONSTRAINT audit_log_outcome_known CHECK (outcome IN ('ok', 'denied', 'failed')),
    -- The same for those who ask in SQL.
    error_occurred    boolean          NOT NULL GENERATED ALWAYS AS (outcome <> 'ok') STORED,
    error_message     text             NOT NULL CONSTRAINT audit_log_error_message_length CHECK (length(error_message) <= 2000),
    -- NaN sorts above infinity, so the upper bound refuses both.
    execution_time_ms double precision NOT NULL CONSTRAINT audit_log_execution_time_sane
                                       CHECK (execution_time_ms >= 0 AND execution_time_ms < 'Infinity'),
    authorized_by     text             NOT NULL CONSTRAINT audit_log_authorized_by_length CHECK (length(authorized_by) <= 256), -- the person who allowed it
    correlation_id    text             NOT NULL CONSTRAINT audit_log_correlation_id_length CHECK (length(correlation_id) <= 128),
    trace_id          text             NOT NULL CONSTRAINT audit_log_trace_id_form CHECK (trace_id ~ '^([0-9a-f]{32})?$'),
    metadata          jsonb            NOT NULL CONSTRAINT audit_log_metadata_is_object CHECK (jsonb_typeof(metadata) = 'object')
);

-- A time window out of years: entries lie nearly in the order of time, so a summary of each block range is enough and stays tiny.
CREATE INDEX audit_log_occurred_at ON audit.audit_log USING brin (occurred_at);
-- Details by containment (metadata @> …), asked in SQL by those who investigate.
CREATE INDEX audit_log_metadata ON audit.audit_log USING gin (metadata jsonb_path_ops);
-- An agent lists its own, a person one agent's, newest first.
CREATE INDEX audit_log_agent ON audit.audit_log (agent_id, position DESC) WHERE agent_id <> '';
-- One operation newest first, or all of a noun.
CREATE INDEX audit_log_operation ON audit.audit_log (operation, position DESC);
-- The history of one thing, or of all that start the same.
CREATE INDEX audit_log_resource ON audit.audit_log (resource, position DESC);
-- The entries of one call; there are few of each, so they are sorted afterwards.
CREATE INDEX audit_log_correlation ON audit.audit_log (correlation_id) WHERE correlation_id <> '';
CREATE INDEX audit_log_trace ON audit.audit_log (trace_id) WHERE trace_id <> '';
-- What was refused or went wrong, newest first: rare, and looked for often.
CREATE INDEX audit_log_trouble ON audit.audit_log (outcome, position DESC) WHERE outcome <> 'ok';

-- Append-only, first by privilege: the service's own role may add and read, no more.
REVOKE UPDATE, DELETE, TRUNCATE ON audit.audit_log FROM audit;

-- And for every other role, the owner and superusers among them: only who takes the trigger away first can change an entry.
CREATE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit.audit_log is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

-- By statement, because TRUNCATE has no rows, and a change that finds no row is an attempt as well.
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
-- ALWAYS: otherwise a session that calls itself a replica would not fire it.
ALTER TABLE audit.audit_log ENABLE ALWAYS TRIGGER audit_log_append_only;
