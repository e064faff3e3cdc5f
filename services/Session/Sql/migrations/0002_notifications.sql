CREATE TABLE session.notifications (
    id         uuid        NOT NULL CONSTRAINT notifications_pkey PRIMARY KEY,
    kind       text        NOT NULL,
    resource   text        NOT NULL,
    payload    jsonb       NOT NULL CONSTRAINT notifications_payload_is_object CHECK (jsonb_typeof(payload) = 'object'),
    created_at timestamptz NOT NULL
);
