-- Tasks that Registry hands to agents, and the outbox by which it learns of them.
ALTER TABLE session.tasks
    ADD COLUMN dispatch         boolean NOT NULL DEFAULT false,
    ADD COLUMN registry_version bigint  NOT NULL DEFAULT 0;
ALTER TABLE session.tasks ALTER COLUMN dispatch DROP DEFAULT, ALTER COLUMN registry_version DROP DEFAULT;

-- Registry may give a task up that no agent had.
ALTER TABLE session.tasks DROP CONSTRAINT tasks_assigned_fits_status;
ALTER TABLE session.tasks ADD CONSTRAINT tasks_assigned_fits_status CHECK (dispatch OR assigned_to <> '' OR status IN ('pending', 'timeout', 'cancelled'));

CREATE TABLE session.dispatches (
    id         uuid        NOT NULL CONSTRAINT dispatches_pkey PRIMARY KEY,
    task_id    uuid        NOT NULL CONSTRAINT dispatches_task_fkey REFERENCES session.tasks ON DELETE CASCADE,
    created_at timestamptz NOT NULL
);

CREATE INDEX dispatches_task ON session.dispatches (task_id);
