-- The whole schema, for SQLite and PostgreSQL alike: TEXT and BIGINT columns only, no NULL. An empty
-- text or a zero means "none", times are UTC microseconds, flags are 0 or 1.
--
-- One release adds at most one migration, and a schema serves its own release and the one before it:
-- columns are added first and dropped one release later (`Database::migrate`).
--
-- Objects that 1C sends have a `version`; an older version is ignored. 1C's deletions set `deleted`,
-- and the row stays: reports refer to it, and videos are evidence.

-- Sequences without gaps. Taking a number locks its row until the commit, so that numbers become visible in
-- their order. `challenges` and `messages` are used only for that lock: requests for a one-time code count
-- each other, and messages from 1C are applied one at a time.
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('companies', 0), ('people', 0), ('challenges', 0),
    ('messages', 0), ('film_links', 0);

-- kind: `company` (with a BIN) or `person` (with an IIN).
-- mail_failure: the permanent error of the mail server for this address; empty: none.
CREATE TABLE companies (
    id BIGINT NOT NULL PRIMARY KEY,
    biin TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    ref_key TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL DEFAULT 'company',
    version BIGINT NOT NULL DEFAULT 0,
    active BIGINT NOT NULL,
    mail_failure TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX companies_by_ref_key ON companies (ref_key) WHERE ref_key <> '';
CREATE INDEX companies_by_email ON companies (email) WHERE email <> '';
CREATE INDEX companies_without_mail ON companies (id) WHERE mail_failure <> '';
-- The lessor, whose reviewers see the reports of every company.
INSERT INTO companies (id, biin, name, email, active) VALUES (0, '', 'ForteLeasing', '', 1);

-- mobile: the telephone number as entered; mobile_digits: its 11 digits, for comparison.
CREATE TABLE people (
    id BIGINT NOT NULL PRIMARY KEY,
    company_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    mobile TEXT NOT NULL,
    mobile_digits TEXT NOT NULL DEFAULT '',
    email TEXT NOT NULL DEFAULT '',
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    patronic_name TEXT NOT NULL,
    ref_key TEXT NOT NULL DEFAULT '',
    version BIGINT NOT NULL DEFAULT 0,
    active BIGINT NOT NULL
);
CREATE INDEX people_by_company ON people (company_id);
CREATE UNIQUE INDEX people_by_ref_key ON people (ref_key) WHERE ref_key <> '';
CREATE INDEX people_by_mobile ON people (company_id, mobile_digits);

-- instructions: a JSON array of objects (`model::Instruction`). picture: a PNG in base64; picture_tag: a prefix of
-- its hash, used as the version in URLs.
CREATE TABLE vehicle_types (
    code TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    instructions TEXT NOT NULL,
    picture TEXT NOT NULL,
    picture_tag TEXT NOT NULL,
    version BIGINT NOT NULL,
    deleted BIGINT NOT NULL
);

CREATE TABLE contracts (
    ref_key TEXT NOT NULL PRIMARY KEY,
    company_id BIGINT NOT NULL,
    number TEXT NOT NULL,
    ends_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    deleted BIGINT NOT NULL
);

-- plate_key, vin_key, vin_tail_key: normalised search keys (`model::search_key`); digits and Latin capitals
-- only, because the sort order of other characters differs between databases.
CREATE TABLE vehicles (
    guid TEXT NOT NULL PRIMARY KEY,
    company_id BIGINT NOT NULL,
    plate_number TEXT NOT NULL,
    vin_code TEXT NOT NULL,
    type_code TEXT NOT NULL,
    contract_ref TEXT NOT NULL DEFAULT '',
    plate_key TEXT NOT NULL DEFAULT '',
    vin_key TEXT NOT NULL DEFAULT '',
    vin_tail_key TEXT NOT NULL DEFAULT '',
    version BIGINT NOT NULL DEFAULT 0,
    deleted BIGINT NOT NULL DEFAULT 0
);
-- In the order of the vehicle lists.
CREATE INDEX vehicles_by_company ON vehicles (company_id, type_code, guid);
-- Search in the review console.
CREATE INDEX vehicles_by_plate ON vehicles (plate_key, company_id, guid);
CREATE INDEX vehicles_by_vin ON vehicles (vin_key, company_id, guid);
CREATE INDEX vehicles_by_vin_tail ON vehicles (vin_tail_key, company_id, guid);

-- Vehicles assigned to drivers. A driver is identified by the key in 1C or by telephone number, because drivers
-- can register themselves.
CREATE TABLE assignments (
    ref_key TEXT NOT NULL PRIMARY KEY,
    company_id BIGINT NOT NULL,
    vehicle_guid TEXT NOT NULL,
    person_ref TEXT NOT NULL,
    mobile_digits TEXT NOT NULL,
    version BIGINT NOT NULL,
    deleted BIGINT NOT NULL
);
CREATE INDEX assignments_by_person ON assignments (company_id, deleted, person_ref, vehicle_guid);
CREATE INDEX assignments_by_mobile ON assignments (company_id, deleted, mobile_digits, vehicle_guid);
CREATE INDEX assignments_by_vehicle ON assignments (vehicle_guid, deleted);

-- due_at: when the report becomes overdue; far in the future without a deadline.
-- version: 1C's version of the object. revision: grows with each change of the state; a decision
-- names the revision it was made on.
-- latest_submission: the submission with the report's current video; empty: none yet.
-- onec_status_code, onec_reject_reason: the last state received from 1C (0: none). 1C repeats the state
-- with every edit of a report, so only a value that differs from these is a change.
-- received_at, outcome, codec: of the latest submission, for the queue of the review console: when it was
-- received (0: none), its most severe verdict (0: none, 1 pass, 2 absent, 3 warn, 4 fail), and the family
-- of its codec. type_code: of the vehicle. number_key, contract_key: as the keys of `vehicles`.
-- rejection: a JSON object with the structured reasons, if the report was rejected in the console.
CREATE TABLE reports (
    ref_key TEXT NOT NULL PRIMARY KEY,
    company_id BIGINT NOT NULL,
    vehicle_guid TEXT NOT NULL,
    contract_ref TEXT NOT NULL DEFAULT '',
    report_number TEXT NOT NULL,
    contract_number TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    finishes_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL DEFAULT 253370764800000000,
    status_code BIGINT NOT NULL,
    reject_reason TEXT NOT NULL,
    onec_status_code BIGINT NOT NULL DEFAULT 0,
    onec_reject_reason TEXT NOT NULL DEFAULT '',
    latest_submission TEXT NOT NULL DEFAULT '',
    received_at BIGINT NOT NULL DEFAULT 0,
    outcome BIGINT NOT NULL DEFAULT 0,
    codec TEXT NOT NULL DEFAULT '',
    type_code TEXT NOT NULL DEFAULT '',
    number_key TEXT NOT NULL DEFAULT '',
    contract_key TEXT NOT NULL DEFAULT '',
    rejection TEXT NOT NULL DEFAULT '',
    revision BIGINT NOT NULL DEFAULT 0,
    decided_at BIGINT NOT NULL DEFAULT 0,
    decided_by TEXT NOT NULL DEFAULT '',
    reminded_at BIGINT NOT NULL DEFAULT 0,
    version BIGINT NOT NULL DEFAULT 0,
    deleted BIGINT NOT NULL DEFAULT 0
);
-- The two blocks of every list, each in its sort order, followed by the filter columns, so that rows that do
-- not match are skipped within the index. No index covers all reports of a company: queries name a block.
CREATE INDEX reports_important ON reports (company_id, due_at, ref_key, status_code)
    WHERE status_code IN (1, 4) AND deleted = 0;
CREATE INDEX reports_general ON reports (company_id, starts_at, ref_key, due_at, status_code)
    WHERE status_code IN (2, 3) AND deleted = 0;
-- The latest videos of a company, for the driver's page.
CREATE INDEX reports_sent ON reports (company_id, received_at, ref_key)
    WHERE status_code IN (2, 3) AND deleted = 0;
-- Reports whose reminder is still to be sent.
CREATE INDEX reports_to_remind ON reports (due_at)
    WHERE status_code IN (1, 4) AND deleted = 0 AND reminded_at = 0;
-- The list of vehicles reads the last entry per status from this index.
CREATE INDEX reports_by_vehicle ON reports (company_id, vehicle_guid, status_code, due_at, ref_key)
    WHERE deleted = 0;
-- The queue of the review console, ordered by deadline and age: all companies, one company, by verdict, by codec,
-- and by vehicle type. A query uses a partial index only if it repeats the index's WHERE condition literally.
CREATE INDEX reports_queue ON reports (status_code, due_at, received_at, ref_key) WHERE deleted = 0;
CREATE INDEX reports_queue_of_company ON reports (company_id, status_code, due_at, received_at, ref_key)
    WHERE deleted = 0;
CREATE INDEX reports_queue_by_outcome ON reports (status_code, outcome, due_at, received_at, ref_key)
    WHERE deleted = 0 AND outcome > 0;
CREATE INDEX reports_queue_by_codec ON reports (status_code, codec, due_at, received_at, ref_key)
    WHERE deleted = 0 AND codec <> '';
CREATE INDEX reports_queue_by_type ON reports (status_code, type_code, due_at, received_at, ref_key)
    WHERE deleted = 0 AND type_code <> '';
-- Search in the review console.
CREATE INDEX reports_by_number ON reports (number_key, company_id, status_code, ref_key)
    WHERE deleted = 0;
CREATE INDEX reports_by_contract ON reports (contract_key, company_id, status_code, ref_key)
    WHERE deleted = 0;

-- A reviewer's lease on a report, valid until `until`. name: the reviewer's name when the claim was made.
CREATE TABLE claims (
    ref_key TEXT NOT NULL PRIMARY KEY,
    person_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT NOT NULL
);
CREATE INDEX claims_by_end ON claims (until);

-- Decisions in the review console. A decision takes effect at effective_at unless it is undone.
-- id: an idempotency key chosen by the page. revision: the report's revision when the page was loaded.
-- rejection: a JSON object with the reasons; reason: the same reasons as the text for 1C.
-- state: pending, effective, undone, or void (the report changed before effective_at). settled_at: when the
-- decision left the state pending; for an effective decision also the time of its messages in `outbox`.
-- seen_at: when the reviewer dismissed the notice that the decision is void. If the undo request arrives before
-- the decision, a row with state undone is stored, so that the late decision has no effect.
CREATE TABLE console_decisions (
    id TEXT NOT NULL PRIMARY KEY,
    ref_key TEXT NOT NULL,
    company_id BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    decision TEXT NOT NULL,
    rejection TEXT NOT NULL,
    reason TEXT NOT NULL,
    person_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    effective_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    settled_at BIGINT NOT NULL DEFAULT 0,
    seen_at BIGINT NOT NULL DEFAULT 0
);
-- A report has at most one pending decision.
CREATE UNIQUE INDEX console_decisions_pending ON console_decisions (ref_key) WHERE state = 'pending';
CREATE INDEX console_decisions_due ON console_decisions (effective_at) WHERE state = 'pending';
CREATE INDEX console_decisions_void ON console_decisions (person_id, created_at) WHERE state = 'void' AND seen_at = 0;
CREATE INDEX console_decisions_by_time ON console_decisions (created_at, id);
CREATE INDEX console_decisions_by_person ON console_decisions (person_id, created_at, id);

-- A running process. data_folder: a process that holds the lock of the folder can declare the process that
-- was registered for it dead.
CREATE TABLE nodes (
    id TEXT NOT NULL PRIMARY KEY,
    data_folder TEXT NOT NULL,
    heartbeat BIGINT NOT NULL
);

-- holder, fence and release_requested are the write lease. They are columns of the upload, because
-- PostgreSQL checks offset and fence together atomically only within one row.
-- cleanup_at: when the next cleanup of leftovers in the stores is due (0: never); cleaned_once: the first cleanup
-- is done, but a late write may have added objects since. The columns with values sent by the phone are cleared
-- at the first cleanup; for stored uploads at the second, because HEAD returns them until then.
-- address_known: 0 until the response to the creating request, which carries the upload's URL, has been sent.
-- If the node dies before that, no client can resume the upload.
-- head_sha256: hash of the first 64 KiB of a refused upload, so that the same file is refused before it is
-- uploaded again. refusal_rules: fingerprint of the rules that refused it; empty: the refusal does not depend
-- on the content of the file.
CREATE TABLE uploads (
    id TEXT NOT NULL PRIMARY KEY,
    secret_hash TEXT NOT NULL,
    company_id BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    protocol TEXT NOT NULL,
    ref_key TEXT NOT NULL,
    state TEXT NOT NULL,
    committed BIGINT NOT NULL,
    total BIGINT NOT NULL,
    metadata TEXT NOT NULL,
    filename TEXT NOT NULL,
    declared_sha256 TEXT NOT NULL,
    time_sent_raw TEXT NOT NULL,
    time_sent_at BIGINT NOT NULL,
    recorded_raw TEXT NOT NULL DEFAULT '',
    recorded_at BIGINT NOT NULL DEFAULT 0,
    lat_e8 BIGINT NOT NULL,
    long_e8 BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    holder TEXT NOT NULL,
    fence BIGINT NOT NULL,
    release_requested BIGINT NOT NULL,
    spooled_by TEXT NOT NULL,
    refusal TEXT NOT NULL,
    head_sha256 TEXT NOT NULL DEFAULT '',
    refusal_rules TEXT NOT NULL DEFAULT '',
    video_id TEXT NOT NULL,
    submission_id TEXT NOT NULL,
    cleanup_at BIGINT NOT NULL,
    cleaned_once BIGINT NOT NULL,
    address_known BIGINT NOT NULL,
    device TEXT NOT NULL DEFAULT ''
);
CREATE INDEX uploads_by_expiry ON uploads (state, expires_at);
CREATE INDEX uploads_by_holder ON uploads (holder, release_requested);
CREATE INDEX uploads_by_cleanup ON uploads (cleanup_at);
CREATE INDEX uploads_by_person ON uploads (person_id, state, created_at);
-- Used only by queries that contain state = 'refused' literally.
CREATE INDEX uploads_refused ON uploads (ref_key, created_at) WHERE state = 'refused';

CREATE TABLE segments (
    upload_id TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (upload_id, starts_at)
);

-- media_sha256: hash of the media payload without the metadata tags; empty: unknown.
CREATE TABLE videos (
    id TEXT NOT NULL PRIMARY KEY,
    upload_id TEXT NOT NULL UNIQUE,
    company_id BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    media_sha256 TEXT NOT NULL DEFAULT '',
    length BIGINT NOT NULL,
    facts TEXT NOT NULL,
    notes TEXT NOT NULL,
    stored_at BIGINT NOT NULL
);
CREATE INDEX videos_by_hash ON videos (company_id, sha256, id);
CREATE INDEX videos_by_media ON videos (company_id, media_sha256, id) WHERE media_sha256 <> '';

-- Locks for the hashes of stored videos: with upload.reuse = 'refuse', a finish holds the rows of its
-- hashes until the commit, so that the second of two concurrent uploads of the same bytes sees the first.
CREATE TABLE fingerprints (
    company_id BIGINT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (company_id, hash)
);

-- turn: the position in 1C's queue, assigned shortly after the commit. 0: not yet assigned; negative: planned,
-- and possibly not in the journal yet.
-- verdicts: a JSON array, written with the submission and never changed.
-- vehicle_guid, duration_ms, lat_e8, long_e8: values for the comparison with later submissions. vehicle_guid is
-- the report's vehicle at that time; duration_ms is 0 if unknown; lat_e8 and long_e8 are 1000000000000, as in
-- uploads, if the driver did not share a position.
-- link_issuer, link_name, link_mobile: copied from the film link that the video was sent with; empty: no link.
CREATE TABLE submissions (
    id TEXT NOT NULL PRIMARY KEY,
    turn BIGINT NOT NULL DEFAULT 0,
    ref_key TEXT NOT NULL,
    company_id BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    device TEXT NOT NULL DEFAULT '',
    video_id TEXT NOT NULL UNIQUE,
    vehicle_guid TEXT NOT NULL DEFAULT '',
    filename TEXT NOT NULL,
    time_sent_raw TEXT NOT NULL,
    time_sent_at BIGINT NOT NULL,
    recorded_raw TEXT NOT NULL DEFAULT '',
    recorded_at BIGINT NOT NULL DEFAULT 0,
    lat_e8 BIGINT NOT NULL,
    long_e8 BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL DEFAULT 0,
    verdicts TEXT NOT NULL DEFAULT '',
    link_issuer TEXT NOT NULL DEFAULT '',
    link_name TEXT NOT NULL DEFAULT '',
    link_mobile TEXT NOT NULL DEFAULT '',
    received_at BIGINT NOT NULL
);
CREATE INDEX submissions_by_report ON submissions (ref_key);
CREATE INDEX submissions_by_turn ON submissions (turn) WHERE turn > 0;
CREATE INDEX submissions_without_turn ON submissions (received_at, id) WHERE turn = 0;
CREATE INDEX submissions_planned ON submissions (turn) WHERE turn < 0;
CREATE INDEX submissions_by_vehicle ON submissions (company_id, vehicle_guid, received_at);
CREATE INDEX submissions_by_company ON submissions (company_id, received_at);

-- One row. holder, fence: the lease of the node that assigns the turns. version: the `SEQUENCER_VERSION` of
-- that node. turn: the highest turn that is planned or published. problem: the
-- reason why numbering is stopped; empty: it is running.
CREATE TABLE sequencer (
    holder TEXT NOT NULL,
    fence BIGINT NOT NULL,
    version BIGINT NOT NULL,
    turn BIGINT NOT NULL,
    problem TEXT NOT NULL
);
INSERT INTO sequencer (holder, fence, version, turn, problem) VALUES ('', 0, 0, 0, '');

-- body: canonical JSON. signature: empty until receipts are signed.
CREATE TABLE receipts (
    id TEXT NOT NULL PRIMARY KEY,
    submission_id TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    signature TEXT NOT NULL DEFAULT ''
);

-- Leaves of the transparency log: each is SHA-256(salt, JSON of the subject). position: the index in
-- the log; -1: not appended yet.
CREATE TABLE leaves (
    subject TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    salt TEXT NOT NULL,
    position BIGINT NOT NULL DEFAULT -1
);

-- views: the number of views by the actor between `at` and `last_at`: repeated views within minutes share one
-- row. 0: not a view. Rows are deleted together with their video.
CREATE TABLE custody (
    id TEXT NOT NULL PRIMARY KEY,
    video_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL,
    views BIGINT NOT NULL DEFAULT 0,
    last_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX custody_by_video ON custody (video_id, at);

-- channel: webhook, mail or push. seq: the order of the messages about one subject; ids do not define it,
-- because they contain the clock of the node that created them. expires_at: the message is not delivered
-- afterwards (0: no limit). completed_at: when the message was delivered, dropped or abandoned.
CREATE TABLE outbox (
    id TEXT NOT NULL PRIMARY KEY,
    channel TEXT NOT NULL DEFAULT 'webhook',
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    seq BIGINT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL DEFAULT 0,
    leased_until BIGINT NOT NULL,
    last_status BIGINT NOT NULL,
    last_error TEXT NOT NULL,
    completed_at BIGINT NOT NULL
);
CREATE INDEX outbox_by_due ON outbox (channel, state, due_at);
CREATE INDEX outbox_by_subject ON outbox (subject, state);
-- For retention: mails with codes are deleted earlier than the others.
CREATE INDEX outbox_by_completion ON outbox (state, completed_at);
CREATE INDEX outbox_of_codes ON outbox (completed_at)
    WHERE kind IN ('mail.code', 'mail.none') AND state <> 'pending';

-- A request for a one-time code. The code is derived from the id and stored nowhere. company_id is 0
-- for an unknown BIN, which gets the same answer from the same statements but no mail.
-- used: 0 open, 1 used, 2 replaced or too many wrong codes.
-- address, network: rate limit keys for the requester's IP address and network; empty: not counted.
-- known: 1 if the device has had a session in the company or was confirmed.
-- guess_rule: which guesses are allowed after the daily limit of wrong guesses has been reached (`GuessRule`).
CREATE TABLE challenges (
    id TEXT NOT NULL PRIMARY KEY,
    biin TEXT NOT NULL,
    company_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    uuid TEXT NOT NULL,
    fcm TEXT NOT NULL,
    mobile TEXT NOT NULL,
    first_name TEXT NOT NULL,
    address TEXT NOT NULL,
    network TEXT NOT NULL DEFAULT '',
    known BIGINT NOT NULL DEFAULT 0,
    guess_rule TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    wrong_codes BIGINT NOT NULL,
    used BIGINT NOT NULL
);
CREATE INDEX challenges_by_biin ON challenges (biin, created_at);
CREATE INDEX challenges_by_address ON challenges (address, created_at) WHERE known = 0;
CREATE INDEX challenges_by_network ON challenges (network, created_at) WHERE known = 0;
CREATE INDEX challenges_by_company ON challenges (company_id, created_at);
CREATE INDEX challenges_by_time ON challenges (created_at);

-- Devices confirmed for some minutes, by a director or by the link in a mail.
CREATE TABLE confirmed_devices (
    biin TEXT NOT NULL,
    uuid TEXT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (biin, uuid)
);
CREATE INDEX confirmed_devices_by_end ON confirmed_devices (until);

-- A person signed in on a device (uuid). fcm: the push token of the device; empty: no pushes.
-- kind: empty for an app, which has tokens; `review`, `drive` or `film` for a browser, which has a cookie.
-- secret_hash: SHA-256 of the cookie's secret. browser, address: shown in the list of sessions.
-- person_id: for kind `film` the negated number of the film link. stated_name, stated_mobile: for kind `film`, as
-- stated by the driver in this browser.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    person_id BIGINT NOT NULL,
    uuid TEXT NOT NULL,
    fcm TEXT NOT NULL,
    kind TEXT NOT NULL DEFAULT '',
    secret_hash TEXT NOT NULL DEFAULT '',
    browser TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL DEFAULT '',
    stated_name TEXT NOT NULL DEFAULT '',
    stated_mobile TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    end_reason TEXT NOT NULL
);
CREATE UNIQUE INDEX sessions_by_secret ON sessions (secret_hash) WHERE secret_hash <> '';
CREATE INDEX sessions_by_person ON sessions (person_id, ended_at);
CREATE INDEX sessions_by_fcm ON sessions (fcm) WHERE fcm <> '';
CREATE INDEX sessions_by_device ON sessions (uuid);
CREATE INDEX sessions_by_end ON sessions (end_reason, ended_at) WHERE ended_at > 0;
CREATE INDEX sessions_with_push ON sessions (ended_at) WHERE fcm <> '' AND ended_at > 0;
CREATE INDEX sessions_by_use ON sessions (seen_at);

-- Links that open the driver's page for one report. secret_hash: SHA-256 of the secret, which is derived from
-- the id. number: negated, it is the person_id of the link's sessions, uploads and submissions.
-- issuer: such as `person:153` or `node:main`. name, mobile: as the last driver has stated them, not verified;
-- empty: not stated.
-- revoked_at: 0: not revoked.
CREATE TABLE film_links (
    number BIGINT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    secret_hash TEXT NOT NULL UNIQUE,
    ref_key TEXT NOT NULL,
    company_id BIGINT NOT NULL,
    issuer TEXT NOT NULL,
    name TEXT NOT NULL,
    mobile TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL
);
CREATE INDEX film_links_by_report ON film_links (ref_key, issuer);
CREATE INDEX film_links_by_end ON film_links (expires_at);

-- Refresh tokens by their number (rti), which is random, so that inserts do not wait for each other. Their
-- secrets are derived from it. successor: the token that replaced this one (0: unused). A used token is deleted
-- when its successor is used, so a session has at most two rows, and a valid token of an active session that
-- has no row was used before.
CREATE TABLE refresh_tokens (
    rti BIGINT NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    successor BIGINT NOT NULL
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id, successor);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);
CREATE INDEX refresh_tokens_by_use ON refresh_tokens (used_at) WHERE used_at > 0;

-- Accounts with a password. kind: reviewer (person_id is set) or exchange (a node of 1C).
-- previous_hash: the password before the last change, valid until previous_until. networks: a JSON
-- array; empty: any network. totp_id: the TOTP key is derived from it; empty: no second factor. totp_step:
-- the time step of the last accepted code. Preferences of the reviewer: language (empty: that of the browser),
-- single_keys, and undo_seconds (0: `leasing.review.undo_for`).
CREATE TABLE accounts (
    login TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    person_id BIGINT NOT NULL,
    password_hash TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    previous_until BIGINT NOT NULL,
    networks TEXT NOT NULL,
    totp_id TEXT NOT NULL DEFAULT '',
    totp_step BIGINT NOT NULL DEFAULT 0,
    language TEXT NOT NULL DEFAULT '',
    single_keys BIGINT NOT NULL DEFAULT 1,
    undo_seconds BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    active BIGINT NOT NULL
);
CREATE INDEX accounts_by_person ON accounts (person_id) WHERE person_id > 0;

-- Addresses (for IPv6, /64 networks) that an account has been used from.
CREATE TABLE account_addresses (
    login TEXT NOT NULL,
    address TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (login, address)
);
CREATE INDEX account_addresses_by_use ON account_addresses (seen_at);

-- received_no: the highest message number received from this node. acknowledged: the last turn whose submission
-- the node has acknowledged.
CREATE TABLE onec_nodes (
    node TEXT NOT NULL PRIMARY KEY,
    acknowledged BIGINT NOT NULL,
    received_no BIGINT NOT NULL
);
-- Messages from 1C with their replies: a repeated message gets the same reply.
CREATE TABLE onec_messages (
    node TEXT NOT NULL,
    message_no BIGINT NOT NULL,
    digest TEXT NOT NULL,
    reply TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (node, message_no)
);
CREATE INDEX onec_messages_by_time ON onec_messages (received_at);
