CREATE TABLE vault.forms (
    path        text        COLLATE "C" NOT NULL CONSTRAINT forms_pkey PRIMARY KEY CONSTRAINT forms_path_length CHECK (length(path) BETWEEN 1 AND 512),
    sha256      text        NOT NULL CONSTRAINT forms_sha256_form CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes  bigint      NOT NULL CONSTRAINT forms_size_not_negative CHECK (size_bytes >= 0),
    modified_at timestamptz NOT NULL,
    pages       integer     NOT NULL CONSTRAINT forms_pages_not_negative CHECK (pages >= 0),
    title       text        NOT NULL CONSTRAINT forms_title_length CHECK (length(title) <= 500),
    text_state  text        NOT NULL CONSTRAINT forms_text_state_known CHECK (text_state IN ('extracted', 'no_text', 'tool_missing', 'unreadable', 'given_up')),
    content     text        NOT NULL CONSTRAINT forms_content_length CHECK (length(content) <= 100000),
    indexed_at  timestamptz NOT NULL,
    indexed_by  text        NOT NULL,
    words       tsvector    NOT NULL GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, title || ' ' || content)) STORED,
    CONSTRAINT forms_text_when_extracted CHECK ((text_state = 'extracted') = (content <> ''))
);

CREATE INDEX forms_words ON vault.forms USING gin (words);
