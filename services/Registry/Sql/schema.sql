-- Schema "registry": what the service Registry owns beside the tables of the unit of work.

-- The fleet: one row an agent, whichever machine or process it runs in.
CREATE TABLE registry.agents (
    -- The id in the agent's token. Collation C, so that pages go on where they stopped whatever the database's own collation.
    id                text COLLATE "C" NOT NULL CONSTRAINT agents_pkey PRIMARY KEY CONSTRAINT agents_id_length CHECK (length(id) BETWEEN 1 AND 64),
    hostname          text             NOT NULL CONSTRAINT agents_hostname_length CHECK (length(hostname) <= 255),
    platform          text             NOT NULL CONSTRAINT agents_platform_known CHECK (platform IN ('linux', 'windows', 'macos', 'other')),
    version           text             NOT NULL CONSTRAINT agents_version_length CHECK (length(version) BETWEEN 1 AND 64), -- of the agent's program
    capabilities      text[]           NOT NULL CONSTRAINT agents_capabilities_count CHECK (cardinality(capabilities) <= 32),
    tags              text[]           NOT NULL CONSTRAINT agents_tags_count CHECK (cardinality(tags) <= 32),
    registered_at     timestamptz      NOT NULL, -- the first time
    epoch             bigint           NOT NULL CONSTRAINT agents_epoch_positive CHECK (epoch > 0), -- grows with each registration; fences older processes
    roles             text[]           NOT NULL CONSTRAINT agents_roles_count CHECK (cardinality(roles) <= 32),
    status            text             NOT NULL -- a deregistered row stays, so that its epoch goes on fencing
                      CONSTRAINT agents_status_known CHECK (status IN ('active', 'disabled', 'quarantined', 'deregistered')),
    status_reason     text             NOT NULL CONSTRAINT agents_status_reason_length CHECK (length(status_reason) <= 512), -- why a person has set it
    machine_key       text             CONSTRAINT agents_machine_key_length CHECK (length(machine_key) BETWEEN 1 AND 128), -- of the machine, by the agent's own measure
    instance_id       text             NOT NULL CONSTRAINT agents_instance_id_length CHECK (length(instance_id) <= 64), -- of the process that registered last
    past_instances    text[]           NOT NULL CONSTRAINT agents_past_instances_count CHECK (cardinality(past_instances) <= 8), -- of those before; whoever comes again is a duplicate
    link              bigint           NOT NULL -- grows with each stream; only the last one is handed tasks
);

-- Nothing removes an agent, and tasks rely on it: they name agents without a foreign key.
REVOKE DELETE ON registry.agents FROM registry;

-- Two agents cannot be one machine.
CREATE UNIQUE INDEX agents_machine_key ON registry.agents (machine_key) WHERE machine_key IS NOT NULL;
-- What lists are filtered by. Heartbeats do not touch this table, so its indexes cost little.
CREATE INDEX agents_tags ON registry.agents USING gin (tags);
CREATE INDEX agents_capabilities ON registry.agents USING gin (capabilities);
CREATE INDEX agents_roles ON registry.agents USING gin (roles);
CREATE INDEX agents_hostname ON registry.agents (hostname text_pattern_ops, id);
CREATE INDEX agents_version ON registry.agents (version, id);
CREATE INDEX agents_inactive ON registry.agents (status, id) WHERE status <> 'active';

-- Who lives: written by batches of heartbeats. No index on the time, so that a heartbeat touches none, and room in each page for new versions of its rows.
CREATE TABLE registry.presence (
    agent_id          text COLLATE "C" NOT NULL CONSTRAINT presence_pkey PRIMARY KEY CONSTRAINT presence_agent_id_fkey REFERENCES registry.agents (id),
    is_online         boolean          NOT NULL, -- set by a heartbeat, and taken by the sweeper after the silence allowed
    last_heartbeat_at timestamptz, -- NULL before the first one
    health            text             NOT NULL CONSTRAINT presence_health_known CHECK (health IN ('', 'healthy', 'degraded', 'unhealthy')),
    load_percent      double precision NOT NULL,
    running_tasks     integer          NOT NULL,
    CONSTRAINT presence_online_has_a_heartbeat CHECK (NOT is_online OR last_heartbeat_at IS NOT NULL)
) WITH (fillfactor = 60);

-- Those who do not, for lists.
CREATE INDEX presence_offline ON registry.presence (agent_id) WHERE NOT is_online;

-- That the platform itself lives, by any of its instances: after a silence of its own nobody is offline before a full silence since.
CREATE TABLE registry.platform_beat (
    is_it        boolean     NOT NULL CONSTRAINT platform_beat_pkey PRIMARY KEY CONSTRAINT platform_beat_one_row CHECK (is_it),
    last_beat_at timestamptz NOT NULL,
    up_since     timestamptz NOT NULL
);

-- What happened to agents, for watchers. Ordered by transaction and then by number: a watcher reads only what is older than every open transaction, and so
-- misses nothing.
CREATE TABLE registry.agent_events (
    tx          bigint           NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    id          bigint           GENERATED ALWAYS AS IDENTITY,
    agent_id    text COLLATE "C" NOT NULL,
    kind        text             NOT NULL CONSTRAINT agent_events_kind_known CHECK (kind IN ('registered', 'online', 'offline', 'disabled', 'enabled',
                                 'quarantined', 'released', 'deregistered', 'duplicate')),
    epoch       bigint           NOT NULL,
    detail      text             NOT NULL,
    occurred_at timestamptz      NOT NULL,
    CONSTRAINT agent_events_pkey PRIMARY KEY (tx, id)
);

CREATE INDEX agent_events_occurred_at ON registry.agent_events (occurred_at);

-- How agents shall work. A row may be there before its agent ever registers, so there is no foreign key.
CREATE TABLE registry.agent_config (
    agent_id   text        NOT NULL CONSTRAINT agent_config_pkey PRIMARY KEY
                           CONSTRAINT agent_config_agent_id_length CHECK (length(agent_id) BETWEEN 1 AND 64),
    enabled    boolean     NOT NULL, -- whether the agent shall work
    version    bigint      NOT NULL CONSTRAINT agent_config_version_positive CHECK (version > 0), -- grows with every change
    config     jsonb       NOT NULL CONSTRAINT agent_config_is_object CHECK (jsonb_typeof(config) = 'object'),
    updated_at timestamptz NOT NULL,
    schema     jsonb       CONSTRAINT agent_config_schema_is_object CHECK (jsonb_typeof(schema) = 'object') -- JSON Schema that this and later versions meet; NULL without
);

-- Selections that tasks were made for: "any agent with …". A task waits in the queue of its pool; agents that match draw from it.
CREATE TABLE registry.pools (
    key          text        NOT NULL CONSTRAINT pools_pkey PRIMARY KEY CONSTRAINT pools_key_length CHECK (length(key) <= 80),
    role         text        NOT NULL CONSTRAINT pools_role_length CHECK (length(role) <= 64),
    platform     text        NOT NULL CONSTRAINT pools_platform_known CHECK (platform IN ('', 'linux', 'windows', 'macos', 'other')),
    capabilities text[]      NOT NULL CONSTRAINT pools_capabilities_count CHECK (cardinality(capabilities) <= 32),
    tags         text[]      NOT NULL CONSTRAINT pools_tags_count CHECK (cardinality(tags) <= 32),
    created_at   timestamptz NOT NULL
);

-- What a column of tasks may hold. Domains, since Postgres reads the CHECKs of a table anew from their text for each statement that writes to it, and those of a domain once a
-- connection: they were a sixth of what it took to add tasks.
CREATE DOMAIN registry.task_origin AS text CONSTRAINT tasks_origin_length CHECK (length(VALUE) BETWEEN 1 AND 128);
CREATE DOMAIN registry.task_type AS text CONSTRAINT tasks_type_length CHECK (length(VALUE) BETWEEN 1 AND 64);
CREATE DOMAIN registry.task_queue AS text COLLATE "C" CONSTRAINT tasks_queue_length CHECK (length(VALUE) <= 80);
CREATE DOMAIN registry.task_priority AS integer CONSTRAINT tasks_priority_range CHECK (VALUE BETWEEN 0 AND 9);
CREATE DOMAIN registry.task_status AS text CONSTRAINT tasks_status_known
    CHECK (VALUE IN ('pending', 'delayed', 'assigned', 'in_progress', 'completed', 'failed', 'timed_out', 'cancelled'));
CREATE DOMAIN registry.task_timeout AS integer CONSTRAINT tasks_timeout_seconds_range CHECK (VALUE BETWEEN 1 AND 604800);
CREATE DOMAIN registry.task_attempts AS integer CONSTRAINT tasks_max_attempts_range CHECK (VALUE BETWEEN 1 AND 100);
CREATE DOMAIN registry.task_backoff AS integer CONSTRAINT tasks_backoff_seconds_range CHECK (VALUE BETWEEN 0 AND 3600);
CREATE DOMAIN registry.task_attempt AS integer CONSTRAINT tasks_attempt_not_negative CHECK (VALUE >= 0);
CREATE DOMAIN registry.task_progress AS integer CONSTRAINT tasks_progress_percent_range CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN registry.task_progress_message AS text CONSTRAINT tasks_progress_message_length CHECK (length(VALUE) <= 1024);
CREATE DOMAIN registry.task_reason AS text CONSTRAINT tasks_reason_length CHECK (length(VALUE) <= 64);
CREATE DOMAIN registry.task_message AS text CONSTRAINT tasks_message_length CHECK (length(VALUE) <= 2048);
CREATE DOMAIN registry.task_correlation_id AS text CONSTRAINT tasks_correlation_id_length CHECK (length(VALUE) <= 128);
CREATE DOMAIN registry.task_json AS jsonb CONSTRAINT tasks_json_is_object CHECK (jsonb_typeof(VALUE) = 'object');

-- Tasks of agents. Waiting: pending, delayed. Held, under a lease: assigned, in_progress. The rest has ended and never moves again, unless replayed. Whoever writes agent_id takes it from
-- registry.agents, from which nothing is ever removed: there is no foreign key, whose look for each task cost as much as three of its indexes.
CREATE TABLE registry.tasks (
    id               uuid                           NOT NULL CONSTRAINT tasks_pkey PRIMARY KEY,
    parent_id        uuid, -- what all tasks of one selection share
    origin           registry.task_origin, -- what made it, by a global id: the same again makes nothing
    type             registry.task_type             NOT NULL,
    payload          registry.task_json             NOT NULL,
    agent_id         text COLLATE "C", -- for whom; of a pool's task, who holds it or did
    pool             text                           CONSTRAINT tasks_pool_fkey REFERENCES registry.pools (key), -- NULL when it is for one agent
    queue            registry.task_queue            NOT NULL, -- 'agent:' and the agent's id, or the pool's key
    priority         registry.task_priority         NOT NULL, -- the higher, the sooner
    status           registry.task_status           NOT NULL,
    available_at     timestamptz                    NOT NULL, -- a delayed one becomes pending at this time
    timeout_seconds  registry.task_timeout          NOT NULL, -- of one attempt, from its start
    max_attempts     registry.task_attempts         NOT NULL,
    backoff_seconds  registry.task_backoff          NOT NULL, -- after the first attempt; doubles with each
    attempt          registry.task_attempt          NOT NULL, -- with the epoch the fencing token: never used twice
    attempt_limit    integer                        NOT NULL, -- max_attempts more than attempt was when it was made or replayed
    holder_epoch     bigint                         NOT NULL, -- of the last holder; 0 before the first
    lease_until      timestamptz, -- when the holder loses it; set while somebody holds it
    cancel_requested boolean                        NOT NULL, -- the holder is told to stop
    progress_percent registry.task_progress         NOT NULL,
    progress_message registry.task_progress_message NOT NULL,
    result           registry.task_json,
    reason           registry.task_reason           NOT NULL, -- why it failed or went back the last time: UPPER_SNAKE_CASE
    message          registry.task_message          NOT NULL, -- the same for people
    correlation_id   registry.task_correlation_id   NOT NULL,
    created_by       text                           NOT NULL,
    created_at       timestamptz                    NOT NULL,
    updated_at       timestamptz                    NOT NULL,
    started_at       timestamptz,
    ended_at         timestamptz,
    version          bigint                         NOT NULL,
    CONSTRAINT tasks_has_a_queue CHECK (pool IS NOT NULL OR agent_id IS NOT NULL), -- what a task fails on whose agent never registered
    CONSTRAINT tasks_holder CHECK ((status IN ('assigned', 'in_progress')) = (lease_until IS NOT NULL) AND (lease_until IS NULL OR agent_id IS NOT NULL)),
    CONSTRAINT tasks_ended CHECK ((status IN ('completed', 'failed', 'timed_out', 'cancelled')) = (ended_at IS NOT NULL)),
    CONSTRAINT tasks_result_when_completed CHECK ((status = 'completed') = (result IS NOT NULL)),
    CONSTRAINT tasks_attempt_within_limit CHECK (attempt <= attempt_limit)
);

-- At least once becomes once.
CREATE UNIQUE INDEX tasks_origin ON registry.tasks (origin) WHERE origin IS NOT NULL;
-- What to hand out next, of each queue; ended tasks are not in it, so it stays small.
CREATE INDEX tasks_pending ON registry.tasks (queue, priority DESC, id) WHERE status = 'pending';
-- Which become due.
CREATE INDEX tasks_delayed ON registry.tasks (available_at) WHERE status = 'delayed';
-- Which leases are over.
CREATE INDEX tasks_leases ON registry.tasks (lease_until) WHERE lease_until IS NOT NULL;
-- An agent's tasks, those of a selection, and those of a pool (for the foreign key).
CREATE INDEX tasks_agent ON registry.tasks (agent_id, id);
-- What an agent holds. In words of its own, so that the one before it can never stand in for it: that would walk through all that the agent has ever done.
CREATE INDEX tasks_held ON registry.tasks ((CASE WHEN lease_until IS NOT NULL THEN agent_id END)) WHERE CASE WHEN lease_until IS NOT NULL THEN agent_id END IS NOT NULL;
CREATE INDEX tasks_parent ON registry.tasks (parent_id, id) WHERE parent_id IS NOT NULL;
CREATE INDEX tasks_pool ON registry.tasks (pool) WHERE pool IS NOT NULL;
-- The dead letters.
CREATE INDEX tasks_dead ON registry.tasks (id) WHERE status IN ('failed', 'timed_out');
-- Retention.
CREATE INDEX tasks_ended_at ON registry.tasks (ended_at) WHERE ended_at IS NOT NULL;

-- What Session is yet to be told of the tasks that it has dispatched. The task's row says how it stands.
CREATE TABLE registry.task_reports (
    id      bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT task_reports_pkey PRIMARY KEY,
    task_id uuid   NOT NULL CONSTRAINT task_reports_task_fkey REFERENCES registry.tasks ON DELETE CASCADE
);

-- For the removing of tasks.
CREATE INDEX task_reports_task ON registry.task_reports (task_id);

-- Files that can be installed on agents' machines. What a version is never changes; only where it stands does.
CREATE TABLE registry.packages (
    id              uuid             NOT NULL CONSTRAINT packages_pkey PRIMARY KEY,
    name            text COLLATE "C" NOT NULL CONSTRAINT packages_name_length CHECK (length(name) BETWEEN 1 AND 64),
    version         text COLLATE "C" NOT NULL CONSTRAINT packages_version_length CHECK (length(version) BETWEEN 1 AND 128),
    sha256          text             NOT NULL CONSTRAINT packages_sha256_form CHECK (sha256 ~ '^[0-9a-f]{64}$'), -- of the file
    size_bytes      bigint           NOT NULL CONSTRAINT packages_size_positive CHECK (size_bytes > 0),
    url             text             NOT NULL CONSTRAINT packages_url_form CHECK (url ~ '^(https|vault)://' AND length(url) <= 2048),
    sbom            text             NOT NULL, -- CycloneDX, to the letter as it was given
    sbom_sha256     text             NOT NULL CONSTRAINT packages_sbom_sha256_form CHECK (sbom_sha256 ~ '^[0-9a-f]{64}$'),
    component_count integer          NOT NULL CONSTRAINT packages_component_count_not_negative CHECK (component_count >= 0),
    status          text             NOT NULL CONSTRAINT packages_status_known CHECK (status IN ('draft', 'released', 'withdrawn')),
    created_by      text             NOT NULL, -- subject of the token; never releases
    created_at      timestamptz      NOT NULL,
    released_by     text             NOT NULL CONSTRAINT packages_released_by_another CHECK (released_by <> created_by),
    released_at     timestamptz,
    withdrawn_by    text             NOT NULL,
    withdrawn_at    timestamptz,
    withdraw_reason text             NOT NULL CONSTRAINT packages_withdraw_reason_length CHECK (length(withdraw_reason) <= 1000),
    CONSTRAINT packages_name_version UNIQUE (name, version),
    CONSTRAINT packages_release_whole CHECK ((released_at IS NOT NULL) = (released_by <> '') AND (status <> 'released' OR released_at IS NOT NULL)),
    CONSTRAINT packages_withdrawal_whole CHECK ((withdrawn_at IS NOT NULL) = (status = 'withdrawn') AND (withdrawn_at IS NOT NULL) = (withdrawn_by <> ''))
);

-- A person lists those in one state, newest first.
CREATE INDEX packages_status ON registry.packages (status, id DESC);

-- What scanners said of packages; append-only. The last one counts.
CREATE TABLE registry.package_scans (
    package_id     uuid        NOT NULL CONSTRAINT package_scans_package REFERENCES registry.packages ON DELETE CASCADE,
    number         integer     NOT NULL CONSTRAINT package_scans_number_range CHECK (number BETWEEN 1 AND 1000), -- in the order of recording, without gap: the package's row is locked
    id             uuid        NOT NULL, -- what a release is bound to, with the package
    scanner        text        NOT NULL CONSTRAINT package_scans_scanner_length CHECK (length(scanner) BETWEEN 1 AND 64),
    result         text        NOT NULL CONSTRAINT package_scans_result_known CHECK (result IN ('passed', 'failed')),
    findings_count integer     NOT NULL CONSTRAINT package_scans_findings_not_negative CHECK (findings_count >= 0),
    scanned_at     timestamptz NOT NULL,
    recorded_by    text        NOT NULL,
    CONSTRAINT package_scans_pkey PRIMARY KEY (package_id, number)
);

-- Packages on their way to agents; see DeploymentRules for their life.
CREATE TABLE registry.deployments (
    id                      uuid        NOT NULL CONSTRAINT deployments_pkey PRIMARY KEY,
    package_id              uuid        NOT NULL CONSTRAINT deployments_package REFERENCES registry.packages,
    selection               jsonb       NOT NULL CONSTRAINT deployments_selection_is_object CHECK (jsonb_typeof(selection) = 'object'), -- as it was asked for; of a rollback, empty
    rings                   integer[]   NOT NULL CONSTRAINT deployments_rings_whole CHECK (cardinality(rings) BETWEEN 1 AND 20 AND rings[cardinality(rings)] = 100), -- per cent of the agents that are done after each
    ring_pause_seconds      integer     NOT NULL CONSTRAINT deployments_ring_pause_not_negative CHECK (ring_pause_seconds >= 0),
    max_failure_percent     integer     NOT NULL CONSTRAINT deployments_max_failure_range CHECK (max_failure_percent BETWEEN 0 AND 100),
    install_timeout_seconds integer     NOT NULL CONSTRAINT deployments_install_timeout_positive CHECK (install_timeout_seconds > 0),
    status                  text        NOT NULL CONSTRAINT deployments_status_known
                            CHECK (status IN ('pending', 'running', 'paused', 'completed', 'aborted', 'rolled_back')),
    current_ring            integer     NOT NULL CONSTRAINT deployments_current_ring_range CHECK (current_ring BETWEEN 0 AND cardinality(rings)), -- 0 before the start
    ring_opened_at          timestamptz, -- again after a pause
    ring_done_at            timestamptz, -- while it waits before the next one
    agent_count             integer     NOT NULL CONSTRAINT deployments_agent_count_not_negative CHECK (agent_count >= 0),
    reason                  text        NOT NULL CONSTRAINT deployments_reason_length CHECK (length(reason) <= 1000), -- of the last step that somebody, or a rule, has taken
    rollback_of             uuid        CONSTRAINT deployments_rollback_of REFERENCES registry.deployments,
    created_by              text        NOT NULL,
    created_at              timestamptz NOT NULL,
    started_at              timestamptz,
    ended_at                timestamptz,
    revision                bigint      NOT NULL CONSTRAINT deployments_revision_positive CHECK (revision > 0),
    CONSTRAINT deployments_start_whole CHECK ((started_at IS NOT NULL) = (current_ring > 0) AND (started_at IS NOT NULL) = (ring_opened_at IS NOT NULL)),
    CONSTRAINT deployments_start_fits_status CHECK (started_at IS NOT NULL OR status IN ('pending', 'aborted')),
    CONSTRAINT deployments_end_fits_status CHECK ((ended_at IS NOT NULL) = (status IN ('completed', 'aborted', 'rolled_back')))
);

-- What the sweeper moves on, and what stands in another's way.
CREATE INDEX deployments_open ON registry.deployments (status, id) WHERE status IN ('pending', 'running', 'paused');
-- What a withdrawal stops.
CREATE INDEX deployments_package ON registry.deployments (package_id, id DESC);
-- A deployment is undone once.
CREATE UNIQUE INDEX deployments_one_rollback ON registry.deployments (rollback_of) WHERE rollback_of IS NOT NULL;

-- The agents of a deployment, settled with their rings when it is made, and how far each is.
CREATE TABLE registry.installs (
    deployment_id    uuid             NOT NULL CONSTRAINT installs_deployment REFERENCES registry.deployments ON DELETE CASCADE,
    agent_id         text COLLATE "C" NOT NULL CONSTRAINT installs_agent REFERENCES registry.agents,
    ring             integer          NOT NULL CONSTRAINT installs_ring_positive CHECK (ring > 0),
    status           text             NOT NULL CONSTRAINT installs_status_known
                     CHECK (status IN ('pending', 'downloading', 'installing', 'installed', 'failed', 'rolled_back')),
    begun            boolean          NOT NULL, -- whether the agent has ever done anything: what a rollback is for
    progress_percent integer          NOT NULL CONSTRAINT installs_progress_range CHECK (progress_percent BETWEEN 0 AND 100),
    message          text             NOT NULL CONSTRAINT installs_message_length CHECK (length(message) <= 1000),
    revision         bigint           NOT NULL CONSTRAINT installs_revision_positive CHECK (revision > 0),
    updated_at       timestamptz      NOT NULL,
    CONSTRAINT installs_pkey PRIMARY KEY (deployment_id, agent_id),
    CONSTRAINT installs_begun_fits_status CHECK (begun OR status IN ('pending', 'failed'))
);

-- How a ring stands.
CREATE INDEX installs_ring ON registry.installs (deployment_id, ring, status);
-- What an agent shall install.
CREATE INDEX installs_agent ON registry.installs (agent_id, deployment_id);

-- Every version of agents' configuration, the present one too; append-only but for the oldest of more than a thousand.
CREATE TABLE registry.agent_config_versions (
    agent_id       text        NOT NULL CONSTRAINT agent_config_versions_agent_id_length CHECK (length(agent_id) BETWEEN 1 AND 64),
    version        bigint      NOT NULL CONSTRAINT agent_config_versions_version_positive CHECK (version > 0),
    enabled        boolean     NOT NULL,
    config         jsonb       NOT NULL CONSTRAINT agent_config_versions_is_object CHECK (jsonb_typeof(config) = 'object'),
    changed_by     text        NOT NULL, -- subject of the token, or 'system'
    reason         text        NOT NULL CONSTRAINT agent_config_versions_reason_length CHECK (length(reason) <= 1000),
    rolled_back_to bigint      NOT NULL CONSTRAINT agent_config_versions_rolled_back_to_earlier CHECK (rolled_back_to >= 0 AND rolled_back_to < version), -- 0 when it has content of its own
    created_at     timestamptz NOT NULL,
    schema         jsonb       CONSTRAINT agent_config_versions_schema_is_object CHECK (jsonb_typeof(schema) = 'object'), -- NULL without
    CONSTRAINT agent_config_versions_pkey PRIMARY KEY (agent_id, version)
);

-- What agents measure: a partition a day of UTC, made and dropped by the functions below, so that retention costs nothing.
CREATE TABLE registry.telemetry (
    agent_id     text COLLATE "C" NOT NULL,
    time         timestamptz      NOT NULL,
    sequence     bigint           NOT NULL CONSTRAINT telemetry_sequence_not_negative CHECK (sequence >= 0), -- tells points of one time apart
    cpu_percent  double precision CONSTRAINT telemetry_cpu_range CHECK (cpu_percent BETWEEN 0 AND 100),
    memory_bytes bigint           CONSTRAINT telemetry_memory_not_negative CHECK (memory_bytes >= 0),
    disk_bytes   bigint           CONSTRAINT telemetry_disk_not_negative CHECK (disk_bytes >= 0),
    numbers      jsonb            NOT NULL CONSTRAINT telemetry_numbers_is_object CHECK (jsonb_typeof(numbers) = 'object'), -- name → number
    details      jsonb            NOT NULL CONSTRAINT telemetry_details_is_object CHECK (jsonb_typeof(details) = 'object'),
    received_at  timestamptz      NOT NULL,
    CONSTRAINT telemetry_pkey PRIMARY KEY (agent_id, time, sequence)
) PARTITION BY RANGE (time);

-- With the rights of their owner, since the service may make and drop no tables. Each waits its turn, so instances may call at once; and gives up soon
-- where somebody reads for long, rather than let all others queue up behind it.
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

-- What makes tasks by the clock; see ScheduleRules for which ticks are taken.
CREATE TABLE registry.schedules (
    id           uuid             NOT NULL CONSTRAINT schedules_pkey PRIMARY KEY,
    name         text COLLATE "C" NOT NULL CONSTRAINT schedules_name UNIQUE CONSTRAINT schedules_name_length CHECK (length(name) BETWEEN 1 AND 64),
    cron         text             NOT NULL CONSTRAINT schedules_cron_length CHECK (length(cron) BETWEEN 1 AND 256),
    time_zone    text             NOT NULL CONSTRAINT schedules_time_zone_length CHECK (length(time_zone) BETWEEN 1 AND 64), -- IANA name
    missed_runs  text             NOT NULL CONSTRAINT schedules_missed_runs_known CHECK (missed_runs IN ('skip', 'once', 'all')),
    start_at     timestamptz, -- no tick before
    end_at       timestamptz, -- no tick then or after
    description  text             NOT NULL CONSTRAINT schedules_description_length CHECK (length(description) <= 1000),
    template     jsonb            NOT NULL CONSTRAINT schedules_template_is_object CHECK (jsonb_typeof(template) = 'object'), -- TaskTemplate of schedule.proto
    enabled      boolean          NOT NULL,
    pause_reason text             NOT NULL CONSTRAINT schedules_pause_reason_length CHECK (length(pause_reason) <= 1000),
    next_at      timestamptz, -- the next tick; NULL while it is paused, and when there is none left
    last_at      timestamptz, -- the latest tick that was taken
    created_by   text             NOT NULL,
    created_at   timestamptz      NOT NULL,
    updated_at   timestamptz      NOT NULL,
    version      bigint           NOT NULL CONSTRAINT schedules_version_positive CHECK (version > 0), -- of changes that people make; ticks are none
    overlap      text             NOT NULL CONSTRAINT schedules_overlap_known CHECK (overlap IN ('allow', 'skip')), -- while a task of the run before has not ended
    CONSTRAINT schedules_end_after_start CHECK (start_at < end_at),
    CONSTRAINT schedules_paused_has_no_tick CHECK (enabled OR next_at IS NULL)
);

-- What the sweeper looks for.
CREATE INDEX schedules_due ON registry.schedules (next_at) WHERE next_at IS NOT NULL;

-- What came of ticks, and of triggers; append-only, kept for a while.
CREATE TABLE registry.schedule_runs (
    id            uuid        NOT NULL CONSTRAINT schedule_runs_pkey PRIMARY KEY,
    schedule_id   uuid        NOT NULL CONSTRAINT schedule_runs_schedule REFERENCES registry.schedules ON DELETE CASCADE,
    tick_at       timestamptz NOT NULL, -- of ticks that were left out the first
    triggered_by  text        NOT NULL, -- subject of the token; '' when it was the clock
    outcome       text        NOT NULL CONSTRAINT schedule_runs_outcome_known CHECK (outcome IN ('created', 'skipped', 'nobody_matched', 'failed')),
    skipped_until timestamptz CONSTRAINT schedule_runs_skipped_forward CHECK (skipped_until > tick_at), -- ticks before it were left out as well; NULL when none was left
    task_ids      uuid[]      NOT NULL CONSTRAINT schedule_runs_task_ids_count CHECK (cardinality(task_ids) <= 20), -- the first of them
    task_count    integer     NOT NULL CONSTRAINT schedule_runs_task_count_not_negative CHECK (task_count >= 0),
    parent_id     uuid, -- of tasks for all of a selection
    reason        text        NOT NULL CONSTRAINT schedule_runs_reason_length CHECK (length(reason) <= 64),
    message       text        NOT NULL CONSTRAINT schedule_runs_message_length CHECK (length(message) <= 2048),
    run_at        timestamptz NOT NULL,
    CONSTRAINT schedule_runs_tasks_when_created CHECK (outcome = 'created' OR task_count = 0 AND cardinality(task_ids) = 0 AND parent_id IS NULL),
    CONSTRAINT schedule_runs_skipped_by_the_clock CHECK (outcome = 'created' OR triggered_by = '')
);

-- A tick is taken once, whatever goes wrong.
CREATE UNIQUE INDEX schedule_runs_one_a_tick ON registry.schedule_runs (schedule_id, tick_at) WHERE triggered_by = '' AND outcome <> 'skipped';
CREATE INDEX schedule_runs_list ON registry.schedule_runs (schedule_id, tick_at DESC, id DESC);
-- Retention.
CREATE INDEX schedule_runs_run_at ON registry.schedule_runs (run_at);
