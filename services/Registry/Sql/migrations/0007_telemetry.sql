CREATE TABLE registry.telemetry (
    agent_id     text COLLATE "C" NOT NULL,
    time         timestamptz      NOT NULL,
    sequence     bigint           NOT NULL CONSTRAINT telemetry_sequence_not_negative CHECK (sequence >= 0),
    cpu_percent  double precision CONSTRAINT telemetry_cpu_range CHECK (cpu_percent BETWEEN 0 AND 100),
    memory_bytes bigint           CONSTRAINT telemetry_memory_not_negative CHECK (memory_bytes >= 0),
    disk_bytes   bigint           CONSTRAINT telemetry_disk_not_negative CHECK (disk_bytes >= 0),
    numbers      jsonb            NOT NULL CONSTRAINT telemetry_numbers_is_object CHECK (jsonb_typeof(numbers) = 'object'),
    details      jsonb            NOT NULL CONSTRAINT telemetry_details_is_object CHECK (jsonb_typeof(details) = 'object'),
    received_at  timestamptz      NOT NULL,
    CONSTRAINT telemetry_pkey PRIMARY KEY (agent_id, time, sequence)
) PARTITION BY RANGE (time);

CREATE FUNCTION registry.telemetry_make_days(first date, last date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '2s' AS $$
DECLARE
    day  date;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('registry/telemetry/days', 0));
    IF last - first > 400 THEN
        RAISE EXCEPTION 'more than 400 days at once';
    END IF;
    FOR day IN SELECT generate_series(first, last, interval '1 day') LOOP
        IF to_regclass(format('registry.%I', 'telemetry_' || to_char(day, 'YYYYMMDD'))) IS NULL THEN
            EXECUTE format('CREATE TABLE registry.%I PARTITION OF registry.telemetry FOR VALUES FROM (%L) TO (%L)',
                'telemetry_' || to_char(day, 'YYYYMMDD'), to_char(day, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(day + 1, 'YYYY-MM-DD') || ' 00:00:00+00');
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;

CREATE FUNCTION registry.telemetry_drop_days(before date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '2s' AS $$
DECLARE
    partition text;
    dropped   integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('registry/telemetry/days', 0));
    FOR partition IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'registry.telemetry'::regclass AND c.relname < 'telemetry_' || to_char(before, 'YYYYMMDD')
         ORDER BY c.relname
    LOOP
        EXECUTE format('DROP TABLE registry.%I', partition);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;
