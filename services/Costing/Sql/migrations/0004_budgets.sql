CREATE TABLE costing.spenders (
    agent_id text        COLLATE "C" NOT NULL CONSTRAINT spenders_pkey PRIMARY KEY,
    role     text        NOT NULL CONSTRAINT spenders_role_length CHECK (length(role) <= 64),
    tags     text[]      NOT NULL CONSTRAINT spenders_tags_range CHECK (cardinality(tags) <= 16),
    set_at   timestamptz NOT NULL,
    set_by   text        NOT NULL
);

CREATE INDEX spenders_role ON costing.spenders (role) WHERE role <> '';
CREATE INDEX spenders_tags ON costing.spenders USING gin (tags);

CREATE TABLE costing.budgets (
    id               uuid          NOT NULL CONSTRAINT budgets_pkey PRIMARY KEY,
    scope            text          NOT NULL CONSTRAINT budgets_scope_known CHECK (scope IN ('agent_scope', 'role_scope', 'tag_scope', 'all_scope')),
    scope_name       text          NOT NULL CONSTRAINT budgets_scope_name_length CHECK (length(scope_name) <= 64),
    period           text          NOT NULL CONSTRAINT budgets_period_known CHECK (period IN ('day', 'month')),
    currency         text          NOT NULL CONSTRAINT budgets_currency_shape CHECK (currency ~ '^[A-Z]{3}$'),
    soft_limit       numeric(22,9) NOT NULL,
    hard_limit       numeric(22,9) NOT NULL,
    period_starts_on date          NOT NULL,
    spent            numeric(28,9) NOT NULL CONSTRAINT budgets_spent_not_negative CHECK (spent >= 0),
    reserved         numeric(28,9) NOT NULL CONSTRAINT budgets_reserved_not_negative CHECK (reserved >= 0),
    revision         bigint        NOT NULL CONSTRAINT budgets_revision_positive CHECK (revision > 0),
    set_by           text          NOT NULL,
    reason           text          NOT NULL CONSTRAINT budgets_reason_length CHECK (length(reason) BETWEEN 1 AND 1000),
    CONSTRAINT budgets_one_for_a_scope_and_period UNIQUE (scope, scope_name, period),
    CONSTRAINT budgets_all_has_no_name CHECK ((scope = 'all_scope') = (scope_name = '')),
    CONSTRAINT budgets_limits_in_order CHECK (soft_limit BETWEEN 0 AND hard_limit)
) WITH (fillfactor = 50);

CREATE TABLE costing.reservations (
    id         uuid          NOT NULL CONSTRAINT reservations_pkey PRIMARY KEY,
    agent_id   text          NOT NULL,
    session_id uuid,
    currency   text          NOT NULL CONSTRAINT reservations_currency_shape CHECK (currency ~ '^[A-Z]{3}$'),
    amount     numeric(22,9) NOT NULL CONSTRAINT reservations_amount_positive CHECK (amount > 0),
    budget_ids uuid[]        NOT NULL,
    status     text          NOT NULL CONSTRAINT reservations_status_known CHECK (status IN ('open', 'settled', 'lapsed')),
    expires_at timestamptz   NOT NULL,
    ended_at   timestamptz,
    CONSTRAINT reservations_ended_fits_status CHECK ((ended_at IS NULL) = (status = 'open'))
) WITH (fillfactor = 70);

CREATE INDEX reservations_open ON costing.reservations (expires_at) WHERE status = 'open';
CREATE INDEX reservations_ended ON costing.reservations (ended_at) WHERE status <> 'open';

CREATE TABLE costing.usage (
    id             uuid          NOT NULL CONSTRAINT usage_pkey PRIMARY KEY,
    agent_id       text          COLLATE "C" NOT NULL CONSTRAINT usage_agent_id_given CHECK (agent_id <> ''),
    session_id     uuid,
    kind           text          COLLATE "C" NOT NULL CONSTRAINT usage_kind_known CHECK (kind IN ('model_tokens', 'tool_calls', 'minutes')),
    quantity_milli bigint        NOT NULL CONSTRAINT usage_quantity_not_negative CHECK (quantity_milli >= 0),
    resource       text          NOT NULL CONSTRAINT usage_resource_length CHECK (length(resource) <= 128),
    currency       text          NOT NULL CONSTRAINT usage_currency_shape CHECK (currency ~ '^[A-Z]{3}$'),
    cost           numeric(22,9) NOT NULL CONSTRAINT usage_cost_not_negative CHECK (cost >= 0),
    spent_on       date          NOT NULL,
    reservation_id uuid,
    recorded_at    timestamptz   NOT NULL
);

CREATE INDEX usage_agent ON costing.usage (agent_id, spent_on);
CREATE INDEX usage_session ON costing.usage (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX usage_days ON costing.usage USING brin (spent_on);

REVOKE UPDATE, DELETE, TRUNCATE ON costing.usage FROM costing;
