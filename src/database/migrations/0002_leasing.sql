-- The whole ForteLeasing API: sign-in, lists, 1C's side, decisions. The rules of 0001 hold here too:
-- TEXT and BIGINT only, no NULL, empty or zero is "none", UTC microseconds, flags 0 or 1.
-- What 1C sends has a `version` (an older one is ignored) and is never deleted but `gone`.

-- Numbers handed out one after another. Taking one locks its row until the commit, so numbers
-- become visible in their order. Whoever asks for a code takes one of challenges, so that requests
-- at the same time count one another.
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('companies', 0), ('people', 0), ('submissions', 0),
    ('challenges', 0);
-- How many times 1C has written. Its row is locked first, so that messages are taken one after another.
INSERT INTO counters (name, value) VALUES ('messages', 0);

-- kind: company (BIN) or person (IIN). Number 0 is the lessor itself: its reviewers see everybody's.
ALTER TABLE companies ADD COLUMN ref_key TEXT NOT NULL DEFAULT '';
ALTER TABLE companies ADD COLUMN kind TEXT NOT NULL DEFAULT 'company';
ALTER TABLE companies ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX companies_by_ref_key ON companies (ref_key) WHERE ref_key <> '';
INSERT INTO companies (id, biin, name, email, active) VALUES (0, '', 'ForteLeasing', '', 1);

-- mobile_digits: the telephone in one form (11 digits, beginning with 7), to compare; `mobile` is as
-- it was given.
ALTER TABLE people ADD COLUMN ref_key TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN mobile_digits TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN email TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX people_by_ref_key ON people (ref_key) WHERE ref_key <> '';
CREATE INDEX people_by_mobile ON people (company_id, mobile_digits);

-- instructions: a JSON array of texts, in their order. picture: PNG as base64, made by us;
-- picture_tag: the beginning of its hash, which is its version in addresses.
CREATE TABLE vehicle_types (
    code TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    instructions TEXT NOT NULL,
    picture TEXT NOT NULL,
    picture_tag TEXT NOT NULL,
    version BIGINT NOT NULL,
    gone BIGINT NOT NULL
);

CREATE TABLE contracts (
    ref_key TEXT NOT NULL PRIMARY KEY,
    company_id BIGINT NOT NULL,
    number TEXT NOT NULL,
    ends_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    gone BIGINT NOT NULL
);

ALTER TABLE vehicles ADD COLUMN contract_ref TEXT NOT NULL DEFAULT '';
ALTER TABLE vehicles ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE vehicles ADD COLUMN gone BIGINT NOT NULL DEFAULT 0;
-- The choice of vehicles in lists is by type.
DROP INDEX vehicles_by_company;
CREATE INDEX vehicles_by_company ON vehicles (company_id, type_code, guid);

-- Which driver films which vehicle (Q37): by the person's key in 1C, or by telephone, since drivers
-- sign themselves in.
CREATE TABLE assignments (
    ref_key TEXT NOT NULL PRIMARY KEY,
    company_id BIGINT NOT NULL,
    vehicle_guid TEXT NOT NULL,
    person_ref TEXT NOT NULL,
    mobile_digits TEXT NOT NULL,
    version BIGINT NOT NULL,
    gone BIGINT NOT NULL
);
CREATE INDEX assignments_by_person ON assignments (company_id, gone, person_ref, vehicle_guid);
CREATE INDEX assignments_by_mobile ON assignments (company_id, gone, mobile_digits, vehicle_guid);
CREATE INDEX assignments_by_vehicle ON assignments (vehicle_guid, gone);

-- due_at: when the report is overdue (Q12); the far future when it has no deadline. version is 1C's,
-- revision ours: it grows with every change of state, and a decision names the one it has seen.
-- told_status, told_reason: what 1C has said last of the state. 1C sends both with every edit of a
-- report, so only what differs from these is news; 0: it has said nothing.
ALTER TABLE reports ADD COLUMN told_status BIGINT NOT NULL DEFAULT 0;
ALTER TABLE reports ADD COLUMN told_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE reports ADD COLUMN contract_ref TEXT NOT NULL DEFAULT '';
ALTER TABLE reports ADD COLUMN due_at BIGINT NOT NULL DEFAULT 253370764800000000;
ALTER TABLE reports ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE reports ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
ALTER TABLE reports ADD COLUMN decided_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE reports ADD COLUMN decided_by TEXT NOT NULL DEFAULT '';
ALTER TABLE reports ADD COLUMN reminded_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE reports ADD COLUMN gone BIGINT NOT NULL DEFAULT 0;
UPDATE reports SET due_at = finishes_at WHERE finishes_at > 0;
-- The two blocks of every list, each in its order; what is filtered by stands behind it, so that rows
-- which are not wanted are passed over within the index. Companies' reports are only ever asked for by
-- block.
CREATE INDEX reports_important ON reports (company_id, due_at, ref_key, status_code)
    WHERE status_code IN (1, 4) AND gone = 0;
CREATE INDEX reports_general ON reports (company_id, starts_at, ref_key, due_at, status_code)
    WHERE status_code IN (2, 3) AND gone = 0;
-- Those whose deadline is still to be called to mind.
CREATE INDEX reports_to_remind ON reports (due_at)
    WHERE status_code IN (1, 4) AND gone = 0 AND reminded_at = 0;
DROP INDEX reports_by_company;
-- The report a vehicle is judged by is the last entry of its state here (Q24).
CREATE INDEX reports_by_vehicle ON reports (company_id, vehicle_guid, status_code, due_at, ref_key)
    WHERE gone = 0;

-- turn: the order in which submissions were committed; 1C's queue goes by it, and the latest video of
-- a report is the one with the highest.
ALTER TABLE submissions ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;
UPDATE submissions SET turn = (SELECT COUNT(*) FROM submissions AS other
    WHERE other.received_at < submissions.received_at
       OR (other.received_at = submissions.received_at AND other.id <= submissions.id));
UPDATE counters SET value = (SELECT COUNT(*) FROM submissions) WHERE name = 'submissions';
DROP INDEX submissions_by_report;
CREATE INDEX submissions_by_report ON submissions (ref_key, turn);
CREATE INDEX submissions_by_turn ON submissions (turn);

-- channel: webhook, mail or push. expires_at: from when on telling is of no use (0: never).
ALTER TABLE outbox ADD COLUMN channel TEXT NOT NULL DEFAULT 'webhook';
ALTER TABLE outbox ADD COLUMN expires_at BIGINT NOT NULL DEFAULT 0;
DROP INDEX outbox_by_due;
CREATE INDEX outbox_by_due ON outbox (channel, state, due_at);
-- What is settled for long is forgotten; letters with codes before the others.
CREATE INDEX outbox_by_end ON outbox (state, settled_at);
CREATE INDEX outbox_of_codes ON outbox (settled_at)
    WHERE kind IN ('mail.code', 'mail.none') AND state <> 'pending';

-- A request for a one-time code (E1). The code itself is nowhere: it is made from the id. Number 0 as
-- company is a BIN nobody has: the same answer, the same work, no mail (S1). used: 0 open, 1 used,
-- 2 burned or replaced.
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
    made_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    wrong BIGINT NOT NULL,
    used BIGINT NOT NULL
);
CREATE INDEX challenges_by_biin ON challenges (biin, made_at);
CREATE INDEX challenges_by_address ON challenges (address, made_at);
CREATE INDEX challenges_by_time ON challenges (made_at);

-- A sign-in of a person on a device: all tokens that follow from it share it (sid). fcm: where the
-- device is told; empty: nowhere.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    person_id BIGINT NOT NULL,
    uuid TEXT NOT NULL,
    fcm TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    ended_why TEXT NOT NULL
);
CREATE INDEX sessions_by_person ON sessions (person_id, ended_at);
CREATE INDEX sessions_by_fcm ON sessions (fcm) WHERE fcm <> '';
CREATE INDEX sessions_by_device ON sessions (uuid);
CREATE INDEX sessions_by_end ON sessions (ended_at);
CREATE INDEX sessions_by_use ON sessions (seen_at);

-- Refresh tokens, without their secrets, which are made from the number (drawn by chance: no row is
-- waited for). successor: what this one was exchanged for (0: it is good). Used ones are purged: a
-- token of ours whose row is gone while its session lives was used long ago.
CREATE TABLE refreshes (
    rti BIGINT NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    successor BIGINT NOT NULL
);
CREATE INDEX refreshes_by_session ON refreshes (session_id);
CREATE INDEX refreshes_by_expiry ON refreshes (expires_at);
CREATE INDEX refreshes_by_use ON refreshes (used_at) WHERE used_at > 0;

-- Accounts with a password: kind is reviewer (person_id says who) or exchange (a node of 1C).
-- While a password changes, the previous one is good until previous_until. networks: a JSON array;
-- empty: from everywhere.
CREATE TABLE accounts (
    login TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    person_id BIGINT NOT NULL,
    password_hash TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    previous_until BIGINT NOT NULL,
    networks TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    active BIGINT NOT NULL
);

-- Messages from 1C by node and number, with the reply that a repetition gets. acked: up to which turn
-- the node has taken submissions over. received_no: the highest number of a message taken from it.
CREATE TABLE onec_nodes (
    node TEXT NOT NULL PRIMARY KEY,
    acked BIGINT NOT NULL,
    received_no BIGINT NOT NULL
);
CREATE TABLE onec_messages (
    node TEXT NOT NULL,
    message_no BIGINT NOT NULL,
    digest TEXT NOT NULL,
    reply TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (node, message_no)
);
CREATE INDEX onec_messages_by_time ON onec_messages (received_at);
