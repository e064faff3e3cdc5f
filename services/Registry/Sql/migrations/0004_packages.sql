CREATE TABLE registry.packages (
    id              uuid             NOT NULL CONSTRAINT packages_pkey PRIMARY KEY,
    name            text COLLATE "C" NOT NULL CONSTRAINT packages_name_length CHECK (length(name) BETWEEN 1 AND 64),
    version         text COLLATE "C" NOT NULL CONSTRAINT packages_version_length CHECK (length(version) BETWEEN 1 AND 128),
    sha256          text             NOT NULL CONSTRAINT packages_sha256_form CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes      bigint           NOT NULL CONSTRAINT packages_size_positive CHECK (size_bytes > 0),
    url             text             NOT NULL CONSTRAINT packages_url_form CHECK (url ~ '^(https|vault)://' AND length(url) <= 2048),
    sbom            text             NOT NULL,
    sbom_sha256     text             NOT NULL CONSTRAINT packages_sbom_sha256_form CHECK (sbom_sha256 ~ '^[0-9a-f]{64}$'),
    component_count integer          NOT NULL CONSTRAINT packages_component_count_not_negative CHECK (component_count >= 0),
    status          text             NOT NULL CONSTRAINT packages_status_known CHECK (status IN ('draft', 'released', 'withdrawn')),
    created_by      text             NOT NULL,
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

CREATE INDEX packages_status ON registry.packages (status, id DESC);

CREATE TABLE registry.package_scans (
    package_id     uuid        NOT NULL CONSTRAINT package_scans_package REFERENCES registry.packages ON DELETE CASCADE,
    number         integer     NOT NULL CONSTRAINT package_scans_number_range CHECK (number BETWEEN 1 AND 1000),
    id             uuid        NOT NULL,
    scanner        text        NOT NULL CONSTRAINT package_scans_scanner_length CHECK (length(scanner) BETWEEN 1 AND 64),
    result         text        NOT NULL CONSTRAINT package_scans_result_known CHECK (result IN ('passed', 'failed')),
    findings_count integer     NOT NULL CONSTRAINT package_scans_findings_not_negative CHECK (findings_count >= 0),
    scanned_at     timestamptz NOT NULL,
    recorded_by    text        NOT NULL,
    CONSTRAINT package_scans_pkey PRIMARY KEY (package_id, number)
);
