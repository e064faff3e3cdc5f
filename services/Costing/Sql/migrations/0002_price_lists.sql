-- Prices cover days; until now each was in force from the day on which it was set.
ALTER TABLE costing.pricing_catalog
    ADD COLUMN category text NOT NULL DEFAULT '' CONSTRAINT pricing_catalog_category_length CHECK (length(category) <= 64),
    ADD COLUMN valid_from date,
    ADD COLUMN valid_to date,
    ADD COLUMN set_at timestamptz,
    ADD COLUMN price_list_id uuid,
    ADD CONSTRAINT pricing_catalog_days_in_order CHECK (valid_to >= valid_from);
UPDATE costing.pricing_catalog SET set_at = effective_at, valid_from = (effective_at AT TIME ZONE 'UTC')::date;
ALTER TABLE costing.pricing_catalog
    ALTER COLUMN category DROP DEFAULT,
    ALTER COLUMN valid_from SET NOT NULL,
    ALTER COLUMN set_at SET NOT NULL,
    DROP COLUMN effective_at;

CREATE TABLE costing.price_lists (
    id            uuid        NOT NULL CONSTRAINT price_lists_pkey PRIMARY KEY,
    source        text        NOT NULL CONSTRAINT price_lists_source_length CHECK (length(source) BETWEEN 1 AND 500),
    reason        text        NOT NULL CONSTRAINT price_lists_reason_length CHECK (length(reason) BETWEEN 1 AND 1000),
    lines_count   int         NOT NULL CONSTRAINT price_lists_lines_count_range CHECK (lines_count BETWEEN 1 AND 5000),
    new_count     int         NOT NULL,
    changed_count int         NOT NULL,
    status        text        NOT NULL CONSTRAINT price_lists_status_known CHECK (status IN ('price_list_pending', 'price_list_approved', 'price_list_rejected')),
    digest        text        NOT NULL CONSTRAINT price_lists_digest_is_sha256 CHECK (digest ~ '^[0-9a-f]{64}$'),
    proposed_by   text        NOT NULL,
    agent_id      text        NOT NULL,
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
    base_version     bigint        NOT NULL,
    compared_version bigint        NOT NULL,
    CONSTRAINT price_list_lines_pkey PRIMARY KEY (price_list_id, number),
    CONSTRAINT price_list_lines_sku_once UNIQUE (price_list_id, sku),
    CONSTRAINT price_list_lines_new_is_compared_with_nothing CHECK ((change = 'new') = (compared_version = 0)),
    CONSTRAINT price_list_lines_compared_is_there CHECK (compared_version BETWEEN 0 AND base_version)
);

REVOKE UPDATE, DELETE, TRUNCATE ON costing.price_lists, costing.price_list_lines FROM costing;
GRANT UPDATE (status, reviewed_by, reviewed_at, review_reason) ON costing.price_lists TO costing;
