-- What is there has no schema.
ALTER TABLE registry.agent_config ADD COLUMN schema jsonb CONSTRAINT agent_config_schema_is_object CHECK (jsonb_typeof(schema) = 'object');
ALTER TABLE registry.agent_config_versions ADD COLUMN schema jsonb CONSTRAINT agent_config_versions_schema_is_object CHECK (jsonb_typeof(schema) = 'object');
