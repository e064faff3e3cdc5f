-- What every service's schema holds beside its own tables. Runs once in each schema, with search_path set to it.

-- Audit entries on their way: written in the transaction of what they tell of, gone once Audit has them.
CREATE TABLE outbox (
    id         uuid        NOT NULL CONSTRAINT outbox_pkey PRIMARY KEY, -- the entry's event id, UUIDv7, so in order of time
    entry      bytea       NOT NULL,                                    -- agentplatform.audit.v1.AuditEntry
    created_at timestamptz NOT NULL
);

-- Answers that were given, so that a repeat of the call gets the same one and has no second effect.
CREATE TABLE idempotency (
    caller      text        NOT NULL, -- the token's subject
    method      text        NOT NULL, -- "/package.Service/Method"
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL CONSTRAINT idempotency_fingerprint_is_sha256 CHECK (length(fingerprint) = 32),
    answer      bytea       NOT NULL, -- the response message
    created_at  timestamptz NOT NULL,
    CONSTRAINT idempotency_pkey PRIMARY KEY (caller, method, key)
);

-- For the sweeper.
CREATE INDEX idempotency_created_at ON idempotency (created_at);
