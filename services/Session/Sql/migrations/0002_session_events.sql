-- Rows of before get what they would have had; from now on every value is given.
ALTER TABLE session.sessions
    ADD COLUMN subject_type  text        NOT NULL DEFAULT '',
    ADD COLUMN subject_id    text        NOT NULL DEFAULT '',
    ADD COLUMN profile       text        NOT NULL DEFAULT '',
    ADD COLUMN trace_id      text        NOT NULL DEFAULT '',
    ADD COLUMN legal_hold    boolean     NOT NULL DEFAULT false,
    ADD COLUMN ttl_seconds   integer     NOT NULL DEFAULT 604800 CONSTRAINT sessions_ttl_positive CHECK (ttl_seconds > 0),
    ADD COLUMN expires_at    timestamptz,
    ADD COLUMN last_sequence bigint      NOT NULL DEFAULT 0 CONSTRAINT sessions_last_sequence_not_negative CHECK (last_sequence >= 0),
    ADD CONSTRAINT sessions_subject_whole CHECK ((subject_type = '') = (subject_id = '')),
    ADD CONSTRAINT sessions_trace_id_form CHECK (trace_id ~ '^([0-9a-f]{32})?$');
UPDATE session.sessions SET expires_at = updated_at + interval '604800 seconds';
ALTER TABLE session.sessions
    ALTER COLUMN subject_type DROP DEFAULT,
    ALTER COLUMN subject_id DROP DEFAULT,
    ALTER COLUMN profile DROP DEFAULT,
    ALTER COLUMN trace_id DROP DEFAULT,
    ALTER COLUMN legal_hold DROP DEFAULT,
    ALTER COLUMN ttl_seconds DROP DEFAULT,
    ALTER COLUMN last_sequence DROP DEFAULT,
    ALTER COLUMN expires_at SET NOT NULL,
    SET (fillfactor = 70);

CREATE INDEX sessions_subject ON session.sessions (subject_type, subject_id, id DESC) WHERE subject_type <> '';
CREATE INDEX sessions_metadata ON session.sessions USING gin (metadata jsonb_path_ops);
CREATE INDEX sessions_expiry ON session.sessions (expires_at) WHERE status IN ('pending', 'active');
CREATE INDEX sessions_retention ON session.sessions (ended_at) WHERE ended_at IS NOT NULL AND NOT legal_hold;

CREATE TABLE session.events (
    session_id uuid             NOT NULL CONSTRAINT events_session REFERENCES session.sessions ON DELETE CASCADE,
    sequence   bigint           NOT NULL CONSTRAINT events_sequence_positive CHECK (sequence > 0),
    type       text             NOT NULL CONSTRAINT events_type_length CHECK (length(type) BETWEEN 1 AND 64),
    source     text             NOT NULL,
    message    text             NOT NULL,
    payload    jsonb            NOT NULL CONSTRAINT events_payload_is_object CHECK (jsonb_typeof(payload) = 'object'),
    salience   double precision NOT NULL CONSTRAINT events_salience_range CHECK (salience BETWEEN 0 AND 1),
    size_bytes integer          NOT NULL CONSTRAINT events_size_positive CHECK (size_bytes > 0),
    created_at timestamptz      NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (session_id, sequence)
);

CREATE TABLE session.contexts (
    session_id uuid        NOT NULL CONSTRAINT contexts_pkey PRIMARY KEY CONSTRAINT contexts_session REFERENCES session.sessions ON DELETE CASCADE,
    document   jsonb       NOT NULL CONSTRAINT contexts_document_is_object CHECK (jsonb_typeof(document) = 'object'),
    counters   jsonb       NOT NULL CONSTRAINT contexts_counters_is_object CHECK (jsonb_typeof(counters) = 'object'),
    version    bigint      NOT NULL CONSTRAINT contexts_version_positive CHECK (version > 0),
    updated_at timestamptz NOT NULL
) WITH (fillfactor = 70);
