-- One set of SQL for SQLite and PostgreSQL: TEXT and BIGINT only, no NULL.
-- An empty text or a zero means "none"; times are UTC microseconds; flags are 0 or 1.

CREATE TABLE companies (
    id BIGINT NOT NULL PRIMARY KEY,
    biin TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    active BIGINT NOT NULL
);

CREATE TABLE people (
    id BIGINT NOT NULL PRIMARY KEY,
    company_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    mobile TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    patronic_name TEXT NOT NULL,
    active BIGINT NOT NULL
);
CREATE INDEX people_by_company ON people (company_id);

CREATE TABLE vehicles (
    guid TEXT NOT NULL PRIMARY KEY,
    company_id BIGINT NOT NULL,
    plate_number TEXT NOT NULL,
    vin_code TEXT NOT NULL,
    type_code TEXT NOT NULL
);
CREATE INDEX vehicles_by_company ON vehicles (company_id);

CREATE TABLE reports (
    ref_key TEXT NOT NULL PRIMARY KEY,
    company_id BIGINT NOT NULL,
    vehicle_guid TEXT NOT NULL,
    report_number TEXT NOT NULL,
    contract_number TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    finishes_at BIGINT NOT NULL,
    status_code BIGINT NOT NULL,
    reject_reason TEXT NOT NULL
);
CREATE INDEX reports_by_company ON reports (company_id, status_code);

-- A node is a running process. `home` is its data folder: who locks the folder anew knows that the
-- process which had it before is dead.
CREATE TABLE nodes (
    id TEXT NOT NULL PRIMARY KEY,
    home TEXT NOT NULL,
    beat BIGINT NOT NULL
);

-- holder, fence and wanted are the gate. They stand in the upload's own row, because PostgreSQL
-- checks "offset and fence are still these" atomically only within one row.
CREATE TABLE uploads (
    id TEXT NOT NULL PRIMARY KEY,
    secret_hash TEXT NOT NULL,
    company_id BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    door TEXT NOT NULL,
    ref_key TEXT NOT NULL,
    state TEXT NOT NULL,
    committed BIGINT NOT NULL,
    total BIGINT NOT NULL,
    metadata TEXT NOT NULL,
    filename TEXT NOT NULL,
    declared_sha256 TEXT NOT NULL,
    time_sent_raw TEXT NOT NULL,
    time_sent_at BIGINT NOT NULL,
    lat_e8 BIGINT NOT NULL,
    long_e8 BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    holder TEXT NOT NULL,
    fence BIGINT NOT NULL,
    wanted BIGINT NOT NULL,
    spooled_by TEXT NOT NULL,
    refusal TEXT NOT NULL,
    video_id TEXT NOT NULL,
    submission_id TEXT NOT NULL,
    clear_at BIGINT NOT NULL,
    clear_again BIGINT NOT NULL
);
CREATE INDEX uploads_by_expiry ON uploads (state, expires_at);
CREATE INDEX uploads_by_holder ON uploads (holder, wanted);
CREATE INDEX uploads_by_clearing ON uploads (clear_at);
CREATE INDEX uploads_by_person ON uploads (person_id, state);

CREATE TABLE segments (
    upload_id TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (upload_id, starts_at)
);

CREATE TABLE videos (
    id TEXT NOT NULL PRIMARY KEY,
    upload_id TEXT NOT NULL UNIQUE,
    company_id BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    length BIGINT NOT NULL,
    facts TEXT NOT NULL,
    notes TEXT NOT NULL,
    stored_at BIGINT NOT NULL
);
CREATE INDEX videos_by_hash ON videos (company_id, sha256);

CREATE TABLE submissions (
    id TEXT NOT NULL PRIMARY KEY,
    ref_key TEXT NOT NULL,
    company_id BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    video_id TEXT NOT NULL UNIQUE,
    filename TEXT NOT NULL,
    time_sent_raw TEXT NOT NULL,
    time_sent_at BIGINT NOT NULL,
    lat_e8 BIGINT NOT NULL,
    long_e8 BIGINT NOT NULL,
    received_at BIGINT NOT NULL
);
CREATE INDEX submissions_by_report ON submissions (ref_key, received_at);

CREATE TABLE custody (
    id TEXT NOT NULL PRIMARY KEY,
    video_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX custody_by_video ON custody (video_id, at);

-- turn is the order among messages about one subject. Ids hold the time of the node that made them,
-- and clocks differ.
CREATE TABLE outbox (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    turn BIGINT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    last_status BIGINT NOT NULL,
    last_error TEXT NOT NULL,
    settled_at BIGINT NOT NULL
);
CREATE INDEX outbox_by_due ON outbox (state, due_at);
CREATE INDEX outbox_by_subject ON outbox (subject, state);
