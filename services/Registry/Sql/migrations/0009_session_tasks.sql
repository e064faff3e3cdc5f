-- What Session is yet to be told of the tasks that it has dispatched. The task's row says how it stands.
CREATE TABLE registry.task_reports (
    id      bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT task_reports_pkey PRIMARY KEY,
    task_id uuid   NOT NULL CONSTRAINT task_reports_task_fkey REFERENCES registry.tasks ON DELETE CASCADE
);

CREATE INDEX task_reports_task ON registry.task_reports (task_id);
