-- Schema "vault": who may read what. The files themselves are on the disk. Besides these there are the tables of the unit of work (outbox, idempotency).

-- Who may (allow) or may not (deny) list and read which files. Agents may do nothing without a rule, people everything but what a rule denies them.
CREATE TABLE vault.rules (
    id       uuid        NOT NULL CONSTRAINT rules_pkey PRIMARY KEY,
    agent_id text        COLLATE "C" NOT NULL CONSTRAINT rules_agent_id_length CHECK (length(agent_id) <= 64), -- '' for a rule of a role
    role     text        NOT NULL CONSTRAINT rules_role_known CHECK (role IN ('', 'agent', 'operator', 'auditor')), -- '' for a rule of one agent
    pattern  text        COLLATE "C" NOT NULL CONSTRAINT rules_pattern_length CHECK (length(pattern) BETWEEN 1 AND 512), -- of paths; see PathPattern
    effect   text        NOT NULL CONSTRAINT rules_effect_known CHECK (effect IN ('allow', 'deny')),
    actions  text[]      NOT NULL CONSTRAINT rules_actions_known CHECK (cardinality(actions) > 0 AND actions <@ ARRAY['read', 'list']),
    reason   text        NOT NULL CONSTRAINT rules_reason_length CHECK (length(reason) BETWEEN 1 AND 1000),
    set_by   text        NOT NULL, -- the token's subject
    set_at   timestamptz NOT NULL,
    version  bigint      NOT NULL CONSTRAINT rules_version_positive CHECK (version > 0),
    CONSTRAINT rules_one_for_whom_pattern_and_effect UNIQUE (agent_id, role, pattern, effect),
    CONSTRAINT rules_for_agent_or_role CHECK ((agent_id = '') <> (role = '')),
    CONSTRAINT rules_allow_agents_only CHECK (effect = 'deny' OR role IN ('', 'agent'))
);

-- Files that need an approval of Session each time they are read, by anybody but a superuser.
CREATE TABLE vault.labels (
    id            uuid        NOT NULL CONSTRAINT labels_pkey PRIMARY KEY,
    name          text        COLLATE "C" NOT NULL CONSTRAINT labels_name_form CHECK (name ~ '^[a-z0-9_-]{1,64}$'),
    pattern       text        COLLATE "C" NOT NULL CONSTRAINT labels_pattern_length CHECK (length(pattern) BETWEEN 1 AND 512),
    approver_role text        NOT NULL CONSTRAINT labels_approver_role_known CHECK (approver_role IN ('operator', 'superuser')), -- who has to have approved
    reason        text        NOT NULL CONSTRAINT labels_reason_length CHECK (length(reason) BETWEEN 1 AND 1000),
    set_by        text        NOT NULL,
    set_at        timestamptz NOT NULL,
    version       bigint      NOT NULL CONSTRAINT labels_version_positive CHECK (version > 0),
    CONSTRAINT labels_one_of_name_and_pattern UNIQUE (name, pattern)
);
