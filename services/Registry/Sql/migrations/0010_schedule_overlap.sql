-- What is there goes on as it did.
ALTER TABLE registry.schedules ADD COLUMN overlap text NOT NULL DEFAULT 'allow' CONSTRAINT schedules_overlap_known CHECK (overlap IN ('allow', 'skip'));
ALTER TABLE registry.schedules ALTER COLUMN overlap DROP DEFAULT;
