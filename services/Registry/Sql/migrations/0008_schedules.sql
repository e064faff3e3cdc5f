CREATE TABLE registry.schedules (
    id           uuid             NOT NULL CONSTRAINT schedules_pkey PRIMARY KEY,
    name         text COLLATE "C" NOT NULL CONSTRAINT schedules_name UNIQUE CONSTRAINT schedules_name_length CHECK (length(name) BETWEEN 1 AND 64),
    cron         text             NOT NULL CONSTRAINT schedules_cron_length CHECK (length(cron) BETWEEN 1 AND 256),
    time_zone    text             NOT NULL CONSTRAINT schedules_time_zone_length CHECK (length(time_zone) BETWEEN 1 AND 64),
    missed_runs  text             NOT NULL CONSTRAINT schedules_missed_runs_known CHECK (missed_runs IN ('skip', 'once', 'all')),
    start_at     timestamptz,
    end_at       timestamptz,
    description  text             NOT NULL CONSTRAINT schedules_description_length CHECK (length(description) <= 1000),
    template     jsonb            NOT NULL CONSTRAINT schedules_template_is_object CHECK (jsonb_typeof(template) = 'object'),
    enabled      boolean          NOT NULL,
    pause_reason text             NOT NULL CONSTRAINT schedules_pause_reason_length CHECK (length(pause_reason) <= 1000),
    next_at      timestamptz,
    last_at      timestamptz,
    created_by   text             NOT NULL,
    created_at   timestamptz      NOT NULL,
    updated_at   timestamptz      NOT NULL,
    version      bigint           NOT NULL CONSTRAINT schedules_version_positive CHECK (version > 0),
    CONSTRAINT schedules_end_after_start CHECK (start_at < end_at),
    CONSTRAINT schedules_paused_has_no_tick CHECK (enabled OR next_at IS NULL)
);

CREATE INDEX schedules_due ON registry.schedules (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE registry.schedule_runs (
    id            uuid        NOT NULL CONSTRAINT schedule_runs_pkey PRIMARY KEY,
    schedule_id   uuid        NOT NULL CONSTRAINT schedule_runs_schedule REFERENCES registry.schedules ON DELETE CASCADE,
    tick_at       timestamptz NOT NULL,
    triggered_by  text        NOT NULL,
    outcome       text        NOT NULL CONSTRAINT schedule_runs_outcome_known CHECK (outcome IN ('created', 'skipped', 'nobody_matched', 'failed')),
    skipped_until timestamptz CONSTRAINT schedule_runs_skipped_forward CHECK (skipped_until > tick_at),
    task_ids      uuid[]      NOT NULL CONSTRAINT schedule_runs_task_ids_count CHECK (cardinality(task_ids) <= 20),
    task_count    integer     NOT NULL CONSTRAINT schedule_runs_task_count_not_negative CHECK (task_count >= 0),
    parent_id     uuid,
    reason        text        NOT NULL CONSTRAINT schedule_runs_reason_length CHECK (length(reason) <= 64),
    message       text        NOT NULL CONSTRAINT schedule_runs_message_length CHECK (length(message) <= 2048),
    run_at        timestamptz NOT NULL,
    CONSTRAINT schedule_runs_tasks_when_created CHECK (outcome = 'created' OR task_count = 0 AND cardinality(task_ids) = 0 AND parent_id IS NULL),
    CONSTRAINT schedule_runs_skipped_by_the_clock CHECK (outcome = 'created' OR triggered_by = '')
);

CREATE UNIQUE INDEX schedule_runs_one_a_tick ON registry.schedule_runs (schedule_id, tick_at) WHERE triggered_by = '' AND outcome <> 'skipped';
CREATE INDEX schedule_runs_list ON registry.schedule_runs (schedule_id, tick_at DESC, id DESC);
CREATE INDEX schedule_runs_run_at ON registry.schedule_runs (run_at);
