-- What a digest stands for now includes days, discounts and tax. Whoever waits for a decision on an older one has to propose it anew, and no older one
-- can be invoiced: what was approved was another content.
UPDATE costing.booking_costing
   SET status = 'rejected', reviewed_by = 'migration', reviewed_at = now(), review_reason = 'Costings have days, discounts and tax by now; propose it anew.'
 WHERE status = 'pending_review';

ALTER TABLE costing.booking_costing
    ADD COLUMN net_total numeric(22,9) CONSTRAINT booking_costing_net_total_not_negative CHECK (net_total >= 0),
    ADD COLUMN tax_total numeric(22,9) NOT NULL DEFAULT 0 CONSTRAINT booking_costing_tax_total_not_negative CHECK (tax_total >= 0),
    ADD COLUMN tax_millipercent int NOT NULL DEFAULT 0 CONSTRAINT booking_costing_tax_range CHECK (tax_millipercent BETWEEN 0 AND 100000),
    ADD COLUMN invoice_year int CONSTRAINT booking_costing_invoice_year_range CHECK (invoice_year BETWEEN 1 AND 9999),
    ADD COLUMN invoice_sequence int CONSTRAINT booking_costing_invoice_sequence_positive CHECK (invoice_sequence > 0),
    ADD COLUMN invoiced_at timestamptz,
    ADD COLUMN invoiced_by text,
    ADD COLUMN version bigint NOT NULL DEFAULT 1 CONSTRAINT booking_costing_version_positive CHECK (version > 0),
    DROP CONSTRAINT booking_costing_status_known,
    ADD CONSTRAINT booking_costing_status_known CHECK (status IN ('pending_review', 'approved', 'rejected', 'invoiced')),
    ADD CONSTRAINT booking_costing_invoice_fits_status
        CHECK (num_nonnulls(invoice_year, invoice_sequence, invoiced_at, invoiced_by) = CASE status WHEN 'invoiced' THEN 4 ELSE 0 END),
    ADD CONSTRAINT booking_costing_invoice_number_once UNIQUE (invoice_year, invoice_sequence);
UPDATE costing.booking_costing SET net_total = total, version = 2;
ALTER TABLE costing.booking_costing
    ALTER COLUMN net_total SET NOT NULL,
    ALTER COLUMN tax_total DROP DEFAULT,
    ALTER COLUMN tax_millipercent DROP DEFAULT,
    ALTER COLUMN version DROP DEFAULT,
    ADD CONSTRAINT booking_costing_total_adds_up CHECK (total = net_total + tax_total);

ALTER TABLE costing.costing_lines
    ADD COLUMN day date,
    ADD COLUMN discount_basis_points int NOT NULL DEFAULT 0 CONSTRAINT costing_lines_discount_range CHECK (discount_basis_points BETWEEN 0 AND 10000),
    ADD COLUMN tax numeric(22,9) NOT NULL DEFAULT 0 CONSTRAINT costing_lines_tax_not_negative CHECK (tax >= 0);
UPDATE costing.costing_lines AS l SET day = (c.proposed_at AT TIME ZONE 'UTC')::date FROM costing.booking_costing AS c WHERE c.id = l.costing_id;
ALTER TABLE costing.costing_lines
    ALTER COLUMN day SET NOT NULL,
    ALTER COLUMN discount_basis_points DROP DEFAULT,
    ALTER COLUMN tax DROP DEFAULT;

CREATE TABLE costing.invoice_years (
    year          int NOT NULL CONSTRAINT invoice_years_pkey PRIMARY KEY,
    last_sequence int NOT NULL CONSTRAINT invoice_years_last_sequence_positive CHECK (last_sequence > 0)
);

REVOKE DELETE, TRUNCATE ON costing.invoice_years FROM costing;
GRANT UPDATE (status, reviewed_by, reviewed_at, review_reason, invoice_year, invoice_sequence, invoiced_at, invoiced_by, version) ON costing.booking_costing TO costing;
