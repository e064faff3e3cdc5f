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

-- The service itself cannot change a price that was set, nor a list or a costing that was seen; it can only write down a decision and an invoice.
REVOKE UPDATE, DELETE, TRUNCATE ON costing.pricing_catalog, costing.booking_costing, costing.costing_lines, costing.price_lists, costing.price_list_lines FROM costing;
GRANT UPDATE (status, reviewed_by, reviewed_at, review_reason) ON costing.price_lists TO costing;
REVOKE DELETE, TRUNCATE ON costing.invoice_years FROM costing;
GRANT UPDATE (status, reviewed_by, reviewed_at, review_reason, invoice_year, invoice_sequence, invoiced_at, invoiced_by, version) ON costing.booking_costing TO costing;
