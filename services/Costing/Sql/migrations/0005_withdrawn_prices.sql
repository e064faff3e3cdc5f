-- Without it a price that has no last day could only be replaced.
ALTER TABLE costing.pricing_catalog ADD COLUMN withdrawn boolean NOT NULL DEFAULT false;
