-- Nothing removes an agent, and tasks rely on it: they name agents without a foreign key.
REVOKE DELETE ON registry.agents FROM registry;
