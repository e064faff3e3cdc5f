-- An index that nothing else can stand in for. Between one on agent_id and that of all tasks of an agent, Postgres chose by what it happened to know when it planned: each look at
-- what an agent holds could walk through all that it has ever done.
DROP INDEX registry.tasks_held;
CREATE INDEX tasks_held ON registry.tasks ((CASE WHEN lease_until IS NOT NULL THEN agent_id END)) WHERE CASE WHEN lease_until IS NOT NULL THEN agent_id END IS NOT NULL;
