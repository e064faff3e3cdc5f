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

-- The vault's .pdf files by what is written in them, as they were when they were indexed last.
CREATE TABLE vault.forms (
    path        text        COLLATE "C" NOT NULL CONSTRAINT forms_pkey PRIMARY KEY CONSTRAINT forms_path_length CHECK (length(path) BETWEEN 1 AND 512),
    -- Of the bytes that were indexed: the file may have changed since.
    sha256      text        NOT NULL CONSTRAINT forms_sha256_form CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes  bigint      NOT NULL CONSTRAINT forms_size_not_negative CHECK (size_bytes >= 0),
    modified_at timestamptz NOT NULL,
    pages       integer     NOT NULL CONSTRAINT forms_pages_not_negative CHECK (pages >= 0),
    title       text        NOT NULL CONSTRAINT forms_title_length CHECK (length(title) <= 500),
    text_state  text        NOT NULL CONSTRAINT forms_text_state_known CHECK (text_state IN ('extracted', 'no_text', 'tool_missing', 'unreadable', 'given_up')),
    -- At most so much that its words stay far below what Postgres takes for one row.
    content     text        NOT NULL CONSTRAINT forms_content_length CHECK (length(content) <= 100000),
    indexed_at  timestamptz NOT NULL,
    indexed_by  text        NOT NULL,
    -- Without stemming: forms come in several languages.
    words       tsvector    NOT NULL GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, title || ' ' || content)) STORED,
    CONSTRAINT forms_text_when_extracted CHECK ((text_state = 'extracted') = (content <> ''))
);

CREATE INDEX forms_words ON vault.forms USING gin (words);
