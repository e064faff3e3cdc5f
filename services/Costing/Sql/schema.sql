-- Schema "costing": what the service Costing owns beside the tables of the unit of work.
-- Money is numeric(22,9): thirteen digits of whole units and billionths, as agentplatform.type.v1.Money.

-- Prices. A price is never changed: each new one is a version, and of those that cover a day the highest is in force on it.
CREATE TABLE costing.pricing_catalog (
    sku          text          COLLATE "C" NOT NULL -- "C": the same order of lists on every machine
                               CONSTRAINT pricing_catalog_sku_shape CHECK (sku ~ '^[A-Za-z0-9_.-]{1,64}$'),
    version      bigint        NOT NULL CONSTRAINT pricing_catalog_version_positive CHECK (version > 0), -- 1, 2, 3 … without a gap
    description  text          NOT NULL CONSTRAINT pricing_catalog_description_length CHECK (length(description) BETWEEN 1 AND 500),
    unit         text          NOT NULL CONSTRAINT pricing_catalog_unit_length CHECK (length(unit) BETWEEN 1 AND 32),
    currency     text          NOT NULL CONSTRAINT pricing_catalog_currency_shape CHECK (currency ~ '^[A-Z]{3}$'),
    unit_price   numeric(22,9) NOT NULL CONSTRAINT pricing_catalog_unit_price_not_negative CHECK (unit_price >= 0),
    category     text          NOT NULL CONSTRAINT pricing_catalog_category_length CHECK (length(category) <= 64), -- '' when nobody said
    valid_from   date          NOT NULL, -- a day of the organisation's time zone
    valid_to     date,                   -- the last day; NULL when there is none
    set_at       timestamptz   NOT NULL,
    set_by       text          NOT NULL, -- the token's subject
    withdrawn    boolean       NOT NULL DEFAULT false, -- from its first day on the SKU has no price, until a later version covers the day
    price_list_id uuid,                  -- the list that it came from; NULL when it was set by itself
    reason       text          NOT NULL CONSTRAINT pricing_catalog_reason_length CHECK (length(reason) BETWEEN 1 AND 1000),
    CONSTRAINT pricing_catalog_pkey PRIMARY KEY (sku, version),
    CONSTRAINT pricing_catalog_days_in_order CHECK (valid_to >= valid_from)
);

-- Lists walk the SKUs, one entry each, however many versions they have.
CREATE INDEX pricing_catalog_skus ON costing.pricing_catalog (sku) WHERE version = 1;

-- Prices that are proposed together, and what a person decided on all of them.
CREATE TABLE costing.price_lists (
    id            uuid        NOT NULL CONSTRAINT price_lists_pkey PRIMARY KEY, -- UUIDv7, so the order of ids is the order of proposal
    source        text        NOT NULL CONSTRAINT price_lists_source_length CHECK (length(source) BETWEEN 1 AND 500),
    reason        text        NOT NULL CONSTRAINT price_lists_reason_length CHECK (length(reason) BETWEEN 1 AND 1000),
    lines_count   int         NOT NULL CONSTRAINT price_lists_lines_count_range CHECK (lines_count BETWEEN 1 AND 5000),
    new_count     int         NOT NULL,
    changed_count int         NOT NULL,
    status        text        NOT NULL CONSTRAINT price_lists_status_known CHECK (status IN ('price_list_pending', 'price_list_approved', 'price_list_rejected')),
    digest        text        NOT NULL CONSTRAINT price_lists_digest_is_sha256 CHECK (digest ~ '^[0-9a-f]{64}$'),
    proposed_by   text        NOT NULL,
    agent_id      text        NOT NULL, -- '' when a person proposed it
    proposed_at   timestamptz NOT NULL,
    reviewed_by   text        NOT NULL CONSTRAINT price_lists_proposer_never_decides CHECK (reviewed_by <> proposed_by),
    reviewed_at   timestamptz,
    review_reason text        NOT NULL CONSTRAINT price_lists_review_reason_length CHECK (length(review_reason) <= 1000),
    CONSTRAINT price_lists_review_fits_status
        CHECK ((reviewed_by = '') = (status = 'price_list_pending') AND (reviewed_at IS NULL) = (status = 'price_list_pending')),
    CONSTRAINT price_lists_rejected_with_reason CHECK (status <> 'price_list_rejected' OR review_reason <> '')
);

CREATE INDEX price_lists_status ON costing.price_lists (status, id DESC);
CREATE INDEX price_lists_agent ON costing.price_lists (agent_id, id DESC) WHERE agent_id <> '';

-- The lines of a price list, and what each was compared with.
CREATE TABLE costing.price_list_lines (
    price_list_id    uuid          NOT NULL CONSTRAINT price_list_lines_list REFERENCES costing.price_lists,
    number           int           NOT NULL CONSTRAINT price_list_lines_number_range CHECK (number BETWEEN 1 AND 5000),
    sku              text          COLLATE "C" NOT NULL,
    description      text          NOT NULL,
    unit             text          NOT NULL,
    currency         text          NOT NULL,
    unit_price       numeric(22,9) NOT NULL,
    category         text          NOT NULL,
    valid_from       date          NOT NULL,
    valid_to         date,
    change           text          NOT NULL CONSTRAINT price_list_lines_change_known CHECK (change IN ('new', 'changed', 'unchanged')),
    base_version     bigint        NOT NULL, -- the last version of the SKU then; another one now, and the list is stale
    compared_version bigint        NOT NULL, -- the version in force on the line's first day; 0 for none
    CONSTRAINT price_list_lines_pkey PRIMARY KEY (price_list_id, number),
    CONSTRAINT price_list_lines_sku_once UNIQUE (price_list_id, sku),
    CONSTRAINT price_list_lines_new_is_compared_with_nothing CHECK ((change = 'new') = (compared_version = 0)),
    CONSTRAINT price_list_lines_compared_is_there CHECK (compared_version BETWEEN 0 AND base_version)
);

-- Costs that agents propose for bookings, and what a person decided.
CREATE TABLE costing.booking_costing (
    id            uuid          NOT NULL CONSTRAINT booking_costing_pkey PRIMARY KEY, -- UUIDv7, so the order of ids is the order of proposal
    booking_ref   text          NOT NULL CONSTRAINT booking_costing_booking_ref_length CHECK (length(booking_ref) BETWEEN 1 AND 128),
    session_id    uuid,                  -- an id of Session's, which knew it when the costing was proposed
    agent_id      text          NOT NULL CONSTRAINT booking_costing_agent_id_given CHECK (agent_id <> ''),
    proposed_by   text          NOT NULL, -- the token's subject
    currency      text          NOT NULL CONSTRAINT booking_costing_currency_shape CHECK (currency ~ '^[A-Z]{3}$'), -- of the total and of every line
    total         numeric(22,9) NOT NULL CONSTRAINT booking_costing_total_not_negative CHECK (total >= 0), -- what is to be paid
    net_total     numeric(22,9) NOT NULL CONSTRAINT booking_costing_net_total_not_negative CHECK (net_total >= 0), -- the sum of the lines' amounts
    tax_total     numeric(22,9) NOT NULL CONSTRAINT booking_costing_tax_total_not_negative CHECK (tax_total >= 0), -- the sum of the lines' taxes
    tax_millipercent int        NOT NULL CONSTRAINT booking_costing_tax_range CHECK (tax_millipercent BETWEEN 0 AND 100000), -- thousandths of a percent
    status        text          NOT NULL CONSTRAINT booking_costing_status_known CHECK (status IN ('pending_review', 'approved', 'rejected', 'invoiced')),
    digest        text          NOT NULL CONSTRAINT booking_costing_digest_is_sha256 CHECK (digest ~ '^[0-9a-f]{64}$'), -- see the README
    proposed_at   timestamptz   NOT NULL,
    reviewed_by   text          CONSTRAINT booking_costing_proposer_never_decides CHECK (reviewed_by <> proposed_by),
    reviewed_at   timestamptz,
    invoice_year     int        CONSTRAINT booking_costing_invoice_year_range CHECK (invoice_year BETWEEN 1 AND 9999),
    invoice_sequence int        CONSTRAINT booking_costing_invoice_sequence_positive CHECK (invoice_sequence > 0),
    invoiced_at   timestamptz,
    invoiced_by   text,
    version       bigint        NOT NULL CONSTRAINT booking_costing_version_positive CHECK (version > 0), -- grows with every change
    review_reason text          NOT NULL DEFAULT '' CONSTRAINT booking_costing_review_reason_length CHECK (length(review_reason) <= 1000),
    -- Somebody has reviewed it, at some time, exactly when it is decided.
    CONSTRAINT booking_costing_review_fits_status
        CHECK ((reviewed_by IS NULL) = (status = 'pending_review') AND (reviewed_at IS NULL) = (status = 'pending_review')),
    CONSTRAINT booking_costing_rejected_with_reason CHECK (status <> 'rejected' OR review_reason <> ''),
    CONSTRAINT booking_costing_total_adds_up CHECK (total = net_total + tax_total),
    CONSTRAINT booking_costing_invoice_fits_status
        CHECK (num_nonnulls(invoice_year, invoice_sequence, invoiced_at, invoiced_by) = CASE status WHEN 'invoiced' THEN 4 ELSE 0 END),
    CONSTRAINT booking_costing_invoice_number_once UNIQUE (invoice_year, invoice_sequence)
);

-- At most one costing of a booking waits; of two proposals at once the database lets one in.
CREATE UNIQUE INDEX booking_costing_one_pending ON costing.booking_costing (booking_ref) WHERE status = 'pending_review';
-- Lists by booking, by agent and by state, newest first.
CREATE INDEX booking_costing_booking ON costing.booking_costing (booking_ref, id DESC);
CREATE INDEX booking_costing_agent ON costing.booking_costing (agent_id, id DESC);
CREATE INDEX booking_costing_status ON costing.booking_costing (status, id DESC);

-- The lines of a costing. A table and not a document in the row above: the limits of each line are the database's to keep,
-- what was sold of a SKU is an ordinary query, and lists of costings need not read them. The price version is not a foreign
-- key: versions cannot go away (below), and key checks would mark the rows of busy SKUs at every proposal.
CREATE TABLE costing.costing_lines (
    costing_id     uuid          NOT NULL CONSTRAINT costing_lines_costing REFERENCES costing.booking_costing,
    number         smallint      NOT NULL CONSTRAINT costing_lines_number_range CHECK (number BETWEEN 1 AND 200), -- the order of the proposal, 1 first
    sku            text          NOT NULL,
    description    text          NOT NULL, -- the catalogue's words at the time
    quantity_milli bigint        NOT NULL CONSTRAINT costing_lines_quantity_range CHECK (quantity_milli BETWEEN 1 AND 1000000000), -- thousandths of a unit
    day            date          NOT NULL, -- whose price it is
    discount_basis_points int    NOT NULL CONSTRAINT costing_lines_discount_range CHECK (discount_basis_points BETWEEN 0 AND 10000), -- hundredths of a percent
    unit_price     numeric(22,9) NOT NULL CONSTRAINT costing_lines_unit_price_not_negative CHECK (unit_price >= 0),
    price_version  bigint        NOT NULL CONSTRAINT costing_lines_price_version_positive CHECK (price_version > 0),
    amount         numeric(22,9) NOT NULL CONSTRAINT costing_lines_amount_not_negative CHECK (amount >= 0), -- quantity × price × (1 − discount), rounded
    tax            numeric(22,9) NOT NULL CONSTRAINT costing_lines_tax_not_negative CHECK (tax >= 0), -- amount × rate, rounded
    CONSTRAINT costing_lines_pkey PRIMARY KEY (costing_id, number)
);

-- The last invoice number of each year. Who takes the next one holds the row until the commit, so a number that is not committed goes to the next.
CREATE TABLE costing.invoice_years (
    year          int NOT NULL CONSTRAINT invoice_years_pkey PRIMARY KEY, -- of the organisation's time zone
    last_sequence int NOT NULL CONSTRAINT invoice_years_last_sequence_positive CHECK (last_sequence > 0)
);

-- Under what agents spend, as a superuser has said: an agent cannot leave a budget by itself.
CREATE TABLE costing.spenders (
    agent_id text        COLLATE "C" NOT NULL CONSTRAINT spenders_pkey PRIMARY KEY,
    role     text        NOT NULL CONSTRAINT spenders_role_length CHECK (length(role) <= 64), -- '' for none
    tags     text[]      NOT NULL CONSTRAINT spenders_tags_range CHECK (cardinality(tags) <= 16),
    set_at   timestamptz NOT NULL,
    set_by   text        NOT NULL
);

CREATE INDEX spenders_role ON costing.spenders (role) WHERE role <> '';
CREATE INDEX spenders_tags ON costing.spenders USING gin (tags);

-- Budgets with what is spent and reserved of each. Everybody whom one covers changes its row; room on its page keeps that from touching the indexes.
CREATE TABLE costing.budgets (
    id               uuid          NOT NULL CONSTRAINT budgets_pkey PRIMARY KEY,
    scope            text          NOT NULL CONSTRAINT budgets_scope_known CHECK (scope IN ('agent_scope', 'role_scope', 'tag_scope', 'all_scope')),
    scope_name       text          NOT NULL CONSTRAINT budgets_scope_name_length CHECK (length(scope_name) <= 64), -- an agent's id, a role or a tag
    period           text          NOT NULL CONSTRAINT budgets_period_known CHECK (period IN ('day', 'month')),
    currency         text          NOT NULL CONSTRAINT budgets_currency_shape CHECK (currency ~ '^[A-Z]{3}$'),
    soft_limit       numeric(22,9) NOT NULL,
    hard_limit       numeric(22,9) NOT NULL,
    period_starts_on date          NOT NULL, -- of the period that `spent` is of; a later one begins with its first spending
    spent            numeric(28,9) NOT NULL CONSTRAINT budgets_spent_not_negative CHECK (spent >= 0),
    -- Not settled yet, whenever it was reserved: it will be spent in the period that runs then. numeric(28,9), since sums of many calls are larger.
    reserved         numeric(28,9) NOT NULL CONSTRAINT budgets_reserved_not_negative CHECK (reserved >= 0),
    revision         bigint        NOT NULL CONSTRAINT budgets_revision_positive CHECK (revision > 0),
    set_by           text          NOT NULL,
    reason           text          NOT NULL CONSTRAINT budgets_reason_length CHECK (length(reason) BETWEEN 1 AND 1000),
    CONSTRAINT budgets_one_for_a_scope_and_period UNIQUE (scope, scope_name, period),
    CONSTRAINT budgets_all_has_no_name CHECK ((scope = 'all_scope') = (scope_name = '')),
    CONSTRAINT budgets_limits_in_order CHECK (soft_limit BETWEEN 0 AND hard_limit)
) WITH (fillfactor = 50);

-- Money that agents have set aside before they spend it.
CREATE TABLE costing.reservations (
    id         uuid          NOT NULL CONSTRAINT reservations_pkey PRIMARY KEY,
    agent_id   text          NOT NULL,
    session_id uuid,
    currency   text          NOT NULL CONSTRAINT reservations_currency_shape CHECK (currency ~ '^[A-Z]{3}$'),
    amount     numeric(22,9) NOT NULL CONSTRAINT reservations_amount_positive CHECK (amount > 0),
    budget_ids uuid[]        NOT NULL, -- where it is set aside; budgets that came later do not have it
    status     text          NOT NULL CONSTRAINT reservations_status_known CHECK (status IN ('open', 'settled', 'lapsed')),
    expires_at timestamptz   NOT NULL,
    ended_at   timestamptz,
    CONSTRAINT reservations_ended_fits_status CHECK ((ended_at IS NULL) = (status = 'open'))
) WITH (fillfactor = 70);

CREATE INDEX reservations_open ON costing.reservations (expires_at) WHERE status = 'open';
CREATE INDEX reservations_ended ON costing.reservations (ended_at) WHERE status <> 'open';

-- What was used and what it cost; never changed. Days come in order, so their index is small.
CREATE TABLE costing.usage (
    id             uuid          NOT NULL CONSTRAINT usage_pkey PRIMARY KEY,
    agent_id       text          COLLATE "C" NOT NULL CONSTRAINT usage_agent_id_given CHECK (agent_id <> ''),
    session_id     uuid,
    kind           text          COLLATE "C" NOT NULL CONSTRAINT usage_kind_known CHECK (kind IN ('model_tokens', 'tool_calls', 'minutes')),
    quantity_milli bigint        NOT NULL CONSTRAINT usage_quantity_not_negative CHECK (quantity_milli >= 0),
    resource       text          NOT NULL CONSTRAINT usage_resource_length CHECK (length(resource) <= 128),
    currency       text          NOT NULL CONSTRAINT usage_currency_shape CHECK (currency ~ '^[A-Z]{3}$'),
    cost           numeric(22,9) NOT NULL CONSTRAINT usage_cost_not_negative CHECK (cost >= 0),
    spent_on       date          NOT NULL, -- a day of the organisation's time zone
    reservation_id uuid, -- NULL when it was counted without one
    recorded_at    timestamptz   NOT NULL
);

CREATE INDEX usage_agent ON costing.usage (agent_id, spent_on);
CREATE INDEX usage_session ON costing.usage (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX usage_days ON costing.usage USING brin (spent_on);

-- The service itself cannot change a price that was set, nor a list or a costing that was seen; nor what was used; it can only write down a decision and an invoice.
REVOKE UPDATE, DELETE, TRUNCATE ON costing.pricing_catalog, costing.booking_costing, costing.costing_lines, costing.price_lists, costing.price_list_lines FROM costing;
GRANT UPDATE (status, reviewed_by, reviewed_at, review_reason) ON costing.price_lists TO costing;
REVOKE DELETE, TRUNCATE ON costing.invoice_years FROM costing;
REVOKE UPDATE, DELETE, TRUNCATE ON costing.usage FROM costing;
GRANT UPDATE (status, reviewed_by, reviewed_at, review_reason, invoice_year, invoice_sequence, invoiced_at, invoiced_by, version) ON costing.booking_costing TO costing;
