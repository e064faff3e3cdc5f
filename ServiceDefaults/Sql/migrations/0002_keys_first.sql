-- The key tells nearly any two calls apart. With the caller and the method before it, which many calls have in common, each step down the index compared all three.
ALTER TABLE idempotency
    DROP CONSTRAINT idempotency_pkey,
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (key, caller, method);
