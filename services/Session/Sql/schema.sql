-- Schema "session": what the service Session owns beside the tables of the unit of work.

-- One piece of work that an agent does for somebody; see SessionRules for its life.
CREATE TABLE session.sessions (
    id         uuid        NOT NULL CONSTRAINT sessions_pkey PRIMARY KEY, -- UUIDv7, so the order of ids is the order of creation
    role       text        NOT NULL CONSTRAINT sessions_role_length CHECK (length(role) BETWEEN 1 AND 64),
    task       text        NOT NULL CONSTRAINT sessions_task_length CHECK (length(task) <= 2000),
    agent_id   text        NOT NULL, -- '' when no agent is named; an id of Registry's, not checked here
    status     text        NOT NULL CONSTRAINT sessions_status_known
                           CHECK (status IN ('pending', 'active', 'completed', 'failed', 'cancelled', 'expired')),
    metadata   jsonb       NOT NULL CONSTRAINT sessions_metadata_is_object CHECK (jsonb_typeof(metadata) = 'object'),
    version    bigint      NOT NULL CONSTRAINT sessions_version_positive CHECK (version > 0), -- guards concurrent changes
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    ended_at   timestamptz,
    -- A session has an end exactly when its state is an end.
    CONSTRAINT sessions_end_fits_status
        CHECK ((ended_at IS NOT NULL) = (status IN ('completed', 'failed', 'cancelled', 'expired')))
);

-- An agent lists its own, newest first.
CREATE INDEX sessions_agent ON session.sessions (agent_id, id DESC);
-- A person lists those in one state, newest first.
CREATE INDEX sessions_status ON session.sessions (status, id DESC);

-- What happened and somebody may have asked to be told of. Written with the change itself; a row waits here until it is fanned out to
-- the subscriptions, in the transaction that removes it.
CREATE TABLE session.notifications (
    id         uuid        NOT NULL CONSTRAINT notifications_pkey PRIMARY KEY, -- UUIDv7: the order of what happened
    kind       text        NOT NULL, -- "session.ended", "task.ended", "approval.requested", …
    resource   text        NOT NULL, -- "session/0197…"
    payload    jsonb       NOT NULL CONSTRAINT notifications_payload_is_object CHECK (jsonb_typeof(payload) = 'object'),
    created_at timestamptz NOT NULL
);
