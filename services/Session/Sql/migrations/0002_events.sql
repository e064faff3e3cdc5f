ALTER TABLE session.sessions
    ADD COLUMN event_count bigint NOT NULL DEFAULT 0 CONSTRAINT sessions_event_count_not_negative CHECK (event_count >= 0),
    ADD COLUMN legal_hold boolean NOT NULL DEFAULT false;

CREATE INDEX sessions_ended ON session.sessions (ended_at) WHERE ended_at IS NOT NULL AND NOT legal_hold;

CREATE TABLE session.events (
    session_id uuid             NOT NULL CONSTRAINT events_session_fkey REFERENCES session.sessions ON DELETE CASCADE,
    sequence   bigint           NOT NULL CONSTRAINT events_sequence_positive CHECK (sequence > 0),
    type       text             NOT NULL CONSTRAINT events_type_length CHECK (length(type) BETWEEN 1 AND 64),
    source     text             NOT NULL CONSTRAINT events_source_length CHECK (length(source) BETWEEN 1 AND 256),
    message    text             NOT NULL CONSTRAINT events_message_length CHECK (length(message) <= 8000),
    payload    jsonb            NOT NULL CONSTRAINT events_payload_is_object CHECK (jsonb_typeof(payload) = 'object'),
    salience   double precision NOT NULL CONSTRAINT events_salience_range CHECK (salience >= 0 AND salience <= 1),
    created_at timestamptz      NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (session_id, sequence)
);
